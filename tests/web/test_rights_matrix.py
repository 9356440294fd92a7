"""Role x object x verb: every asker at every guarded route and page, about things of its own firm and of another.

Both firms have the same names.  What is expected is derived from the table of rules alone (`support/rights_world.py`).
"""

import threading
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import event, text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import print_store
from coldtrace.goods.print_store import PrintJob
from coldtrace.goods.refusals import DeclarationImported
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING, Extent, Kind, Member, Reader, Role, Verb
from coldtrace.rights.rules import RULES, permits, scope_of
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import key_id
from coldtrace.settings import Printer
from coldtrace.web.app import ROUTERS
from coldtrace.web.openapi import api_routes, right_of, takes_devices
from support.call_scene import Request, Scene, as_json
from support.consignments import open_consignment
from support.databases import Databases
from support.house import unit_line
from support.page_calls import OWN, PAGES
from support.rights_lists import LISTS
from support.rights_walk import EVERY, GUARDED, code_of, ids, matrix_world, send, walk
from support.rights_world import ASKERS, NEVER, Asker, World
from support.web_calls import CALLS, Call

NO_GTIN = "09506000134352"
"""A good one of which nothing was ever imported."""
UNGUARDED = {
    # It answers whoever signed the statements; a token is no other right.
    "POST /api/v1/statements",
    *OWN,
}
FRAMEWORK = {"GET /api/openapi.json", "GET /static"}
ROUTES = {f"{method} {route.path}": route for route in api_routes(ROUTERS) for method in route.methods or ()}


OF_THE_INSTALLATION = {(Kind.METRICS, Verb.READ)}
"""Rights that reach the whole installation or nothing of it."""


@pytest.fixture(scope="module")
def world(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with matrix_world(databases, tmp_path_factory.mktemp("web")) as made:
        yield made


def test_every_route_is_in_the_matrix_and_names_the_right_that_it_needs() -> None:
    assert set(ROUTES) == {call.name for call in EVERY} - FRAMEWORK | OWN
    assert {right_of(ROUTES[name]) for name in OWN} == {None}
    for call in EVERY:
        if call.name in FRAMEWORK:
            continue
        right = right_of(ROUTES[call.name])
        assert right == call.right, call.name
        assert (right is None) == (call.public or call.name in UNGUARDED), call.name
        if right is not None:
            assert takes_devices(ROUTES[call.name]) == (not call.token_only), call.name


def test_the_api_names_the_right_of_each_call(world: World) -> None:
    paths = world.web.client.get("/api/openapi.json").json()["paths"]
    for call in CALLS:
        if call.name in FRAMEWORK:
            continue
        described = paths.get(ROUTES[call.name].path_format, {}).get(call.method.lower())
        if described is None:
            assert call.public, call.name
        elif call.right is None:
            assert "x-right" not in described, call.name
        else:
            assert described["x-right"] == "{}:{}".format(*call.right), call.name
            assert "403" in described["responses"], call.name
            takes = {name for choice in described["security"] for name in choice}
            assert takes == ({"token"} if call.token_only else {"token", "device"}), call.name


def test_whoever_names_a_thing_says_how_it_is_hidden() -> None:
    named = [call for call in EVERY if "{" in call.route and call.right is not None]
    for call in named:
        if call.right is None or call.route.startswith("/logs/") or call.status >= 400:
            continue
        if call.right in OF_THE_INSTALLATION:
            # Nothing of it is anybody's: whoever has the right reaches all of it.
            assert (call.about, call.hidden) == ("", (0, "")), call.name
            assert set(RULES[call.right].values()) == {Extent.ALL}, call.name
            continue
        assert call.about, call.name
        assert call.hidden[0] >= 400, call.name


@pytest.mark.parametrize("name", ASKERS[::2])
def test_the_matrix(world: World, name: str) -> None:
    """Of every second asker; `test_rights_matrix_rest.py` has the others, so that two workers share the road."""
    assert walk(world, name) == []


def test_the_askers_are_those_of_the_world(world: World) -> None:
    assert set(world.askers) == set(ASKERS)


def test_both_firms_have_the_same_names(world: World) -> None:
    with world.web.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name_zh, count(*) FROM operator GROUP BY 1 HAVING count(*) > 1").all()
    assert [row[1] for row in rows if row[1] >= 3] != []


PAGED = [call for call in CALLS if call.lists in ("runs.run", "rolls.roll")]
HIDING = [call for call in GUARDED if call.about and call.hidden[1] != "not_your_import"]


@pytest.fixture(scope="module")
def insider(world: World) -> Asker:
    """Everything that one may be in one firm."""
    ours = world.web.sites[SiteRole.FIRST_STATION].operator_id
    roles = [role for role in Role if role is not Role.ADMINISTRATOR]
    # An area in which there is nothing: without one a regulator has no right to complaints at all.
    areas = {Role.REGULATOR: "44"}
    members = [Member(role=role, operator_id=ours, manages=True, area=areas.get(role)) for role in roles]
    made = world.asker("everything in one firm", *members)
    # Its first call notes that the token is in use; all others then take the same queries.
    world.web.client.get("/api/v1/sites", headers={"Authorization": f"Bearer {made.token}"})
    return made


def told(answer: httpx.Response, scene: Scene, request: Request) -> tuple[int, dict[str, str], str]:
    """Return all that an answer tells, with the ids of the scene that was asked about blotted out."""
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("date", "content-length", "x-request-id", "coldtrace-request-id", "server-timing")
    }
    body = answer.text
    carton = scene.consignment.carton
    marks = [
        carton.uri,
        carton.unit_id,
        str(scene.consignment.consignment_id),
        str(scene.consignment.run_id),
        str(scene.undoable),
        str(scene.entry_id),
        str(scene.roll_id),
        scene.web.station,
        scene.web.sites[SiteRole.MARKET].gln,
        b64(key_id(scene.web.device(SiteRole.MARKET).signer.spki)),
    ]
    marks += [part for part in request.path.split("?")[0].split("/") if len(part) >= 16]
    for mark in marks:
        # A refusal may cut what it repeats.
        for shown in (mark, mark[:60]):
            body = body.replace(shown, "*")
    return answer.status_code, headers, body


def statements_of(world: World, asker: Asker, call: Call, request: Request) -> tuple[httpx.Response, list[str]]:
    """Return the answer and the texts of all queries that it took, in order."""
    engine = world.web.app.state.engine
    found: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        # Keepers of the service look into the same database meanwhile, in threads of their own.
        if threading.current_thread().name.startswith("AnyIO"):
            found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = send(world, asker, call, request)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return answer, found


@pytest.mark.parametrize("call", HIDING, ids=lambda call: call.name)
def test_what_is_anothers_is_answered_exactly_as_what_does_not_exist(world: World, insider: Asker, call: Call) -> None:
    """Status, headers, words, and the queries that it took: so also the time."""
    hidden, absent = world.theirs, world.unknown(world.theirs)
    asked = call.make(hidden), call.make(absent)
    (first, did), (second, does) = (statements_of(world, insider, call, request) for request in asked)
    assert (first.status_code, code_of(first)) == call.hidden
    assert told(first, hidden, asked[0]) == told(second, absent, asked[1])
    assert did == does
    assert did != []


BARRED = [call for call in GUARDED if "{" in call.route and call.status >= 400 and not call.route.startswith("/logs/")]
"""Calls that the table has with something wrong for everybody (a role in no organisation): what they name hides too."""


def test_calls_that_are_wrong_for_everybody_hide_what_they_name(world: World, insider: Asker) -> None:
    assert BARRED != []
    for call in BARRED:
        hidden, absent = world.theirs, world.unknown(world.theirs)
        asked = call.make(hidden), call.make(absent)
        (first, did), (second, does) = (statements_of(world, insider, call, request) for request in asked)
        assert told(first, hidden, asked[0]) == told(second, absent, asked[1]), call.name
        assert did == does, call.name


@pytest.mark.parametrize("call", [call for call in HIDING if call.method == "GET"], ids=lambda call: call.name)
def test_head_and_options_tell_no_more(world: World, insider: Asker, call: Call) -> None:
    for method in ("HEAD", "OPTIONS"):
        hidden, absent = world.theirs, world.unknown(world.theirs)
        answers = [
            told(send(world, insider, call, request, method), scene, request)
            for scene, request in ((each, call.make(each)) for each in (hidden, absent))
        ]
        assert answers[0] == answers[1], method
        assert answers[0][0] in (call.hidden[0], 405)


def test_every_list_is_compared_row_by_row(world: World, insider: Asker) -> None:
    """A GET that answers a page of rows says which, or here why not."""
    for call in GUARDED:
        if call.method != "GET" or "{" in call.route or call.device_only or call.name in NO_LISTS:
            continue
        assert call.lists in LISTS, call.name
    assert {call.lists for call in GUARDED if call.lists} | {"#invites"} == set(LISTS)


NO_LISTS = {
    "GET /desk": "it leads on to the first page that one may open",
    "GET /api/v1/today": "counts of one's own places, compared in test_desk_home.py",
    "GET /api/v1/oversight/operators.csv": "its rows are those of the list, compared in test_desk_overview.py",
    "GET /desk/overview/quality.csv": "the same file",
    "GET /api/v1/oversight": "figures of an area, compared in tests/store/test_oversight.py",
    "GET /desk/stock": "it leads on to one's own place; the rows are those of the API of that place",
    "GET /desk/expected": "likewise",
    "GET /desk/in-transit": "likewise",
    "GET /desk/near-expiry": "likewise",
    "GET /desk/discrepancies": "likewise; the rows are cases, which are compared",
    "GET /desk/stall": "likewise",
    "GET /desk/history": "a form, and the unit that it is asked for",
    "GET /desk/history/evidence.csv": "one unit's evidence",
    **{
        f"GET {path}{name}": "facts of the whole installation, for its administrator"
        for path in ("/api/v1/", "/desk/")
        for name in ("keys", "health", "backup", "retention", "quarantine")
    },
    "GET /metrics": "counts of the whole service, for its administrator",
    "GET /api/v1/imports/template": "the same empty workbook for everybody",
    "GET /desk/consignments/import": "a form",
    "GET /desk/consignments/import/template": "the same empty workbook for everybody",
    "GET /desk/consignments/import/annotated": "one workbook, of whoever tried it",
    "GET /api/v1/imports/columns": "what one organisation taught",
    "GET /api/v1/printers": "printers are set by whoever runs the service and belong to nobody",
}


def test_open_invitations_on_the_page_are_those_that_one_may_withdraw(world: World) -> None:
    (page,) = [call for call in PAGES if call.name == "GET /desk/devices"]
    invites = replace(page, lists="#invites", right=(Kind.DEVICE, Verb.WRITE))
    seen = set()
    for asker in world.askers.values():
        if asker.secret and all(permits(asker.reader, Kind.DEVICE, verb) for verb in Verb):
            answer = send(world, asker, page, page.make(world.ours))
            found = ids(answer, invites)
            assert found == world.visible(asker, invites), asker.name
            seen.add(len(found))
    assert len(seen) > 1


@pytest.mark.parametrize("call", PAGED, ids=lambda call: call.name)
def test_pages_of_a_list_go_through_ones_own_things_only(world: World, insider: Asker, call: Call) -> None:
    """A short page ends the list: what lies between one's own rows is not counted, skipped over or told by `next`."""
    many, one = call.lists.split(".")
    path, seen, after = call.route, [], ""
    while True:
        page = send(world, insider, call, Request(path=f"{path}?limit=1{after}")).json()
        seen += [row[one] for row in page[many]]
        if page["next"] is None:
            break
        assert page["next"] == seen[-1]
        after = f"&after={page['next']}"
    assert seen == world.visible(insider, call)
    # A cursor that is another's thing is as good as any id.
    for cursor in world.runs():
        page = send(world, insider, call, Request(path=f"{path}?limit=200&after={cursor}")).json()
        assert [row[one] for row in page[many]] == [each for each in seen if each < cursor]


def test_another_printers_past_is_not_told(world: World, insider: Asker) -> None:
    """Whether a run went to a printer is asked only of runs that one may see."""
    with world.web.sessions.begin() as session:
        job = PrintJob(
            job_id=world.web.env.new_id(),
            run_id=world.theirs.consignment.run_id,
            layout="100x100",
            format="zpl",
            dpi=203,
            target="printer:dock",
            state="done",
            total=4,
            done=4,
            requested_by="somebody",
            started_at=world.web.env.clock(),
            updated_at=world.web.env.clock(),
            trouble=None,
        )
        print_store.insert_job(session, job)
    state = world.web.app.state
    state.settings = world.web.settings.model_copy(
        update={"printers": (Printer(name="dock", host="127.0.0.1", port=9),)}
    )
    try:
        told_of = []
        for run in (world.theirs.consignment.run_id, NEVER):
            call = next(each for each in CALLS if each.route.endswith("/print"))
            request = as_json(f"/api/v1/runs/{run}/print", {"printer": "dock"})
            answer = send(world, insider, call, request)
            told_of.append((answer.status_code, answer.text.replace(str(run), "*")))
    finally:
        state.settings = world.web.settings
    assert told_of[0] == told_of[1]
    assert told_of[0][0] == 404


def test_a_declaration_that_another_firm_imported_says_no_more_than_that(world: World) -> None:
    """A declaration is imported once, whoever does it; the clash names no consignment of others."""
    ours = world.web.sites[SiteRole.FIRST_STATION].operator_id
    scope = scope_of(Reader(members=(Member(role=Role.FIRST_STATION, operator_id=ours),)), Kind.CONSIGNMENT, Verb.WRITE)
    with world.web.engine.connect() as connection:
        declaration = connection.execute(
            text("SELECT declaration_no FROM consignment WHERE consignment_id = :id"),
            {"id": world.theirs.consignment.consignment_id},
        ).scalar_one()
    for scope_of_caller, told_id in ((scope, "-"), (EVERYTHING, str(world.theirs.consignment.consignment_id))):
        with world.web.sessions() as session, pytest.raises(DeclarationImported) as caught:
            open_consignment(
                session, world.web.env, declaration=declaration, station=world.web.station, scope=scope_of_caller
            )
        assert caught.value.facts["consignment"] == told_id


@pytest.mark.parametrize("form", ["(01){gtin}", "(01){gtin}(10){lot}", "https://maker.example/01/{gtin}/21/S1"])
def test_a_stranger_is_not_told_whose_goods_are_imported(world: World, form: str) -> None:
    """A GTIN or a lot that others imported is answered as one that nobody did: words, status and queries."""
    call = next(each for each in CALLS if each.name == "POST /api/v1/codes/resolve")
    carton = world.ours.consignment.carton
    asked = [(carton.unit_id[4:18], carton.lot), (NO_GTIN, "NEVER")]
    asker, told_of = world.askers["the market"], []
    # Its first call notes that the token is in use.
    world.web.client.get("/api/v1/sites", headers={"Authorization": f"Bearer {asker.token}"})
    for gtin, lot in asked:
        text_ = form.format(gtin=gtin, lot=lot)
        answer, ran = statements_of(world, asker, call, as_json("/api/v1/codes/resolve", {"text": text_}))
        body = answer.json() | {"gtin": None, "lot": None, "unit_id": None}
        told_of.append((answer.status_code, body, ran))
    assert told_of[0] == told_of[1]
    assert (told_of[0][0], told_of[0][1]["name"]) == (200, None)
    ours = world.askers["first_station"]
    known = as_json("/api/v1/codes/resolve", {"text": form.format(gtin=asked[0][0], lot=asked[0][1])})
    assert send(world, ours, call, known).json()["name"] is not None


@pytest.mark.parametrize("said", [T.RECEIVE, T.SHIP, T.SELL])
def test_a_trial_tells_nothing_of_anothers_goods(world: World, said: T) -> None:
    """What a statement would contradict is told of goods that one may see; all others are alike, known or not."""
    device, path = world.theirs.web.device(SiteRole.RETAILER), "/api/v1/statements/check"
    told_of = []
    for scene in (world.ours, world.unknown(world.ours)):
        request = as_json(path, device.say(said, [unit_line(scene.consignment.carton.unit_id)]).to_json())
        headers = request.headers | world.web.signed_by(device, "POST", path, request.body)
        (result,) = world.web.client.post(path, content=request.body, headers=headers).json()["results"]
        told_of.append({name: value for name, value in result.items() if name != "id"})
    assert told_of[0] == told_of[1]
    assert told_of[0]["hidden"]
