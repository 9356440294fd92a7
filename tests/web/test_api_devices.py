"""Invitations, enrolment, work and chains over HTTP."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.clock import parse_utc
from coldtrace.custody import chain as custody_chain
from coldtrace.events.certificate import read_certificate, verify_certificate
from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.people import tokens
from coldtrace.rights.model import Member, Role
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import Ed25519Signer, key_id, load_public_key
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import open_trust_list
from support.call_scene import enrol_request, fresh_declaration
from support.house import GLNS, Handheld, unit_line
from support.web_house import WebHouse

ENROL = "/api/v1/devices/enrol"
INVITES = "/api/v1/devices/invites"
MARKET = GLNS[SiteRole.MARKET]


def enrolment(web: WebHouse, **change: Any) -> dict[str, Any]:
    """Return the body of a good enrolment, with something changed."""
    found: dict[str, Any] = json.loads(enrol_request(web).body)
    return found | change


# Invitations


def test_an_invitation_leads_back_to_where_it_was_made(shared: WebHouse) -> None:
    answer = shared.client.post(INVITES, json={"site": MARKET}, headers=shared.bearer)
    assert answer.status_code == 201
    invite = read_invite(answer.json()["invite"])
    assert invite.url == str(shared.client.base_url).rstrip("/")
    assert (invite.site, invite.net) == (MARKET, shared.env.net)
    assert parse_utc(answer.json()["expires_at"]) == invite.expires


def test_an_invitation_may_name_another_address_and_fewer_operations(shared: WebHouse) -> None:
    body = {"site": MARKET, "url": "https://trace.example.cn:8443/api", "operations": ["receive"]}
    answer = shared.client.post(INVITES, json=body, headers=shared.bearer)
    invite = read_invite(answer.json()["invite"])
    assert invite.url == body["url"]
    signer = Ed25519Signer.generate()
    request, sig = make_request(net=shared.env.net, token=invite.token, signer=signer)
    made = shared.client.post(ENROL, json={"request": request, "request_sig": sig, "token": invite.token})
    assert made.json()["operations"] == ["receive"]


def test_an_invitation_may_end_sooner_and_says_who_made_it(shared: WebHouse) -> None:
    made = shared.client.post(INVITES, json={"site": MARKET, "hours": 2}, headers=shared.bearer)
    ends = parse_utc(made.json()["expires_at"])
    assert ends - shared.env.clock() <= timedelta(hours=2)
    listed = shared.client.get(INVITES, params={"limit": 200}, headers=shared.bearer).json()["invites"]
    (found,) = [each for each in listed if each["expires_at"] == made.json()["expires_at"]]
    assert found["made_by"].startswith("token:")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"site": "9521234000068"}, 404, "site_unknown"),
        ({"site": "9521234000069"}, 400, "malformed_number"),
        ({"site": ""}, 400, "malformed_number"),
        ({"site": "9521234000044\x00"}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
        ([], 422, "invalid_request"),
        ("site", 422, "invalid_request"),
        ({"site": MARKET, "operations": ["fly"]}, 422, "invalid_request"),
        ({"site": MARKET, "operations": ["receive", "commission"]}, 422, "operation_not_for_site"),
        ({"site": MARKET, "operations": []}, 422, "invalid_request"),
        ({"site": MARKET, "url": "javascript:alert(1)"}, 422, "invalid_request"),
        ({"site": MARKET, "url": "http://x y"}, 422, "invalid_request"),
        ({"site": MARKET, "hours": 0}, 422, "invalid_request"),
        ({"site": MARKET, "hours": 721}, 422, "invalid_request"),
    ],
)
def test_invitations_refused(shared: WebHouse, body: Any, status: int, code: str) -> None:
    answer = shared.client.post(INVITES, json=body, headers=shared.bearer)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


# Enrolment


def test_a_device_gets_all_that_it_needs(shared: WebHouse) -> None:
    signer = Ed25519Signer.generate()
    request = enrol_request(shared, name="手持机 7", signer=signer)
    answer = shared.client.post(request.path, content=request.body, headers=request.headers)
    assert answer.status_code == 201
    found = answer.json()
    enrolment_key = load_public_key(shared.env.keyring.signer("enrolment").spki)
    verify_certificate(found["certificate"], found["certificate_sig"], [enrolment_key])
    certificate = read_certificate(found["certificate"])
    assert certificate.spki == signer.spki
    assert certificate.place.role == "market"
    root = parse_root(found["root"])
    assert root.net == shared.env.net
    assert open_trust_list(json.dumps(found["trust_list"]), root=root).net == shared.env.net
    assert found["origin"] == shared.env.origin
    assert (found["site"]["gln"], found["site"]["district"]) == (MARKET, "120103")
    assert "sell" in found["operations"]
    with shared.sessions() as session:
        name = session.execute(
            text("SELECT name FROM device WHERE key_id = :key"), {"key": key_id(signer.spki)}
        ).scalar_one()
    assert name == "手持机 7"


def test_an_invitation_works_once(shared: WebHouse) -> None:
    body = enrolment(shared)
    first = shared.client.post(ENROL, json=body)
    assert first.status_code == 201
    request, sig = make_request(net=shared.env.net, token=body["token"], signer=Ed25519Signer.generate())
    again = shared.client.post(ENROL, json=body | {"request": request, "request_sig": sig})
    assert (again.status_code, again.json()["code"]) == (403, "invite_refused")


def test_the_same_key_asking_again_gets_the_first_answer(shared: WebHouse) -> None:
    body = enrolment(shared)
    first, again = (shared.client.post(ENROL, json=body) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["certificate"] == again.json()["certificate"]


def test_an_invitation_runs_out(web: WebHouse) -> None:
    body = enrolment(web)
    web.clock.forward(timedelta(hours=25))
    answer = web.client.post(ENROL, json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "invite_refused")


def test_a_key_is_enrolled_once(shared: WebHouse) -> None:
    signer = Ed25519Signer.generate()
    for status in (201, 409):
        request = enrol_request(shared, signer=signer)
        answer = shared.client.post(request.path, content=request.body, headers=request.headers)
        assert answer.status_code == status
    assert answer.json()["code"] == "device_enrolled"


def test_one_invitation_used_many_times_at_once_admits_one_device(shared: WebHouse) -> None:
    with shared.sessions() as session:
        before = session.execute(text("SELECT count(*) FROM device")).scalar_one()
    body = enrolment(shared)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: shared.client.post(ENROL, json=body), range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["certificate"] for answer in answers}) == 1
    with shared.sessions() as session:
        assert session.execute(text("SELECT count(*) FROM device")).scalar_one() == before + 1


def test_one_key_with_many_invitations_at_once_is_admitted_once(shared: WebHouse) -> None:
    signer = Ed25519Signer.generate()
    requests = [enrol_request(shared, signer=signer) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda each: shared.client.post(each.path, content=each.body, headers=each.headers), requests)
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers} <= {None, "device_enrolled", "concurrent_change"}


def other_net(web: WebHouse) -> dict[str, Any]:
    body = enrolment(web)
    request, sig = make_request(net=bytes(32), token=body["token"], signer=Ed25519Signer.generate())
    return body | {"request": request, "request_sig": sig}


REFUSED: dict[str, tuple[Any, int, str]] = {
    "another token": (lambda web: enrolment(web, token="A" * 32), 403, "invite_refused"),
    "another installation": (other_net, 403, "invite_refused"),
    "another signature": (
        lambda web: enrolment(web, request_sig=enrolment(web)["request_sig"]),
        403,
        "bad_request_signature",
    ),
    "no signature": (lambda web: enrolment(web, request_sig=""), 400, "malformed_enrolment_request"),
    "no request": (lambda web: enrolment(web, request="{}"), 400, "malformed_enrolment_request"),
    "not canonical": (lambda web: enrolment(web, request='{"v": 1}'), 400, "not_canonical"),
    "too long": (lambda web: enrolment(web, request="x" * 5000), 422, "invalid_request"),
    "a zero byte in the name": (lambda web: enrolment(web, name="H\x009"), 422, "invalid_request"),
    "half a character in the name": (lambda web: enrolment(web, name="H\ud8009"), 422, "invalid_request"),
    "a number for a name": (lambda web: enrolment(web, name=7), 422, "invalid_request"),
    "half a character in the token": (lambda web: enrolment(web, token="\ud800"), 422, "invalid_request"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_enrolments_refused(shared: WebHouse, case: str) -> None:
    make, status, code = REFUSED[case]
    answer = shared.client.post(ENROL, content=json.dumps(make(shared)), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


# Work


def test_a_port_gets_its_open_lots_and_every_place(web: WebHouse) -> None:
    path = "/api/v1/devices/work"

    def work(role: SiteRole) -> dict[str, Any]:
        answer = web.client.get(path, headers=web.signed_by(web.device(role), "GET", path))
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    box = web.consignment(cartons=1)
    found = work(SiteRole.FIRST_STATION)
    assert found["next"] is None
    assert found["site"]["gln"] == GLNS[SiteRole.FIRST_STATION]
    assert [(lot["gtin"], lot["lot"]) for lot in found["lots"]] == [("19521234543210", "L2409A17")]
    assert found["lots"][0]["facts"] == box.carton.facts
    assert {door["gln"] for door in found["doors"]} == set(GLNS.values())
    assert work(SiteRole.MARKET)["lots"] == []
    web.commission(box.pallets[0])
    assert work(SiteRole.FIRST_STATION)["lots"] == [], "every code of the lot is bound"


def test_places_come_page_by_page(web: WebHouse) -> None:
    device, found, after = web.device(SiteRole.MARKET), [], ""
    for _ in range(9):
        path = f"/api/v1/devices/work?limit=2{after}"
        page = web.client.get(path, headers=web.signed_by(device, "GET", path)).json()
        found += [door["gln"] for door in page["doors"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == sorted(GLNS.values())


def test_work_that_did_not_change_is_304_with_the_time(web: WebHouse) -> None:
    device, path = web.device(SiteRole.MARKET), "/api/v1/devices/work"
    first = web.client.get(path, headers=web.signed_by(device, "GET", path))
    web.clock.forward(timedelta(minutes=3))
    known = {"If-None-Match": first.headers["etag"]}
    again = web.client.get(path, headers=web.signed_by(device, "GET", path) | known)
    assert (again.status_code, again.content) == (304, b"")
    times = [parse_utc(answer.headers["coldtrace-time"]) for answer in (first, again)]
    assert timedelta(minutes=3) <= times[1] - times[0] < timedelta(minutes=4)


# Chains


@pytest.fixture
def port(shared: WebHouse) -> Handheld:
    with shared.sessions.begin() as session:
        return Handheld.enrol(session, shared.env, shared.sites[SiteRole.FIRST_STATION])


def chain(web: WebHouse, device: Handheld) -> dict[str, Any]:
    answer = web.client.get(f"/api/v1/devices/{b64(key_id(device.signer.spki))}/chain", headers=web.bearer)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_a_chain_says_what_is_missing_and_where_it_forks(shared: WebHouse, port: Handheld) -> None:
    key = b64(key_id(port.signer.spki))
    assert chain(shared, port) == {
        "key": key, "last_seq": 0, "last_header": None, "missing": [], "holes": [], "forks": [], "next": None,
    }  # fmt: skip
    line = [unit_line("(01)19521234543210(21)7QK4M2ZX9RTB")]
    said = [port.say(T.RECEIVE, line) for _ in range(5)]
    shared.send(port, [said[0], said[4]])
    found = chain(shared, port)
    assert (found["last_seq"], found["missing"]) == (5, [[2, 4]])
    (hole,) = found["holes"]
    assert (hole["from"], hole["to"]) == (2, 4)
    shared.send(port, said[1:2])
    # The rest of the hole is as old as the hole.
    assert chain(shared, port)["holes"] == [hole | {"from": 3}]
    shared.send(port, said[2:4])
    assert chain(shared, port)["missing"] == []
    shared.send(port, [port.say(T.RECEIVE, line, seq=3)])
    assert chain(shared, port)["forks"] == [3]


def test_holes_go_on_where_an_answer_ended(shared: WebHouse, port: Handheld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custody_chain, "LISTED_MAX", 2)
    line = [unit_line("(01)19521234543210(21)7QK4M2ZX9RTB")]
    said = [port.say(T.RECEIVE, line) for _ in range(9)]
    shared.send(port, said[::2])
    path = f"/api/v1/devices/{b64(key_id(port.signer.spki))}/chain"
    seen, after = [], "0"
    while after is not None:
        page = shared.client.get(f"{path}?after={after}", headers=shared.bearer).json()
        seen += page["missing"]
        after = page["next"]
    assert seen == [[2, 2], [4, 4], [6, 6], [8, 8]]


def test_the_statements_of_a_chain_come_in_its_order_with_their_holes(shared: WebHouse, port: Handheld) -> None:
    line = [unit_line("(01)19521234543210(21)7QK4M2ZX9RTB")]
    said = [port.say(T.RECEIVE, line) for _ in range(6)]
    shared.send(port, [said[5], said[1], said[2]])
    shared.send(port, [port.say(T.RECEIVE, line, seq=3)])
    path = f"/api/v1/devices/{b64(key_id(port.signer.spki))}/statements"
    seen: list[dict[str, Any]] = []
    after = ""
    while True:
        page = shared.client.get(f"{path}?limit=1{after}", headers=shared.bearer).json()
        seen += page["statements"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [(each["seq"], each["missing_before"]) for each in seen] == [(2, 1), (3, 0), (3, 0), (6, 2)]
    assert {each["id"] for each in seen} == {
        json.loads(each.header)["id"] for each in (*said[1:3], said[5], port.sent[-1])
    }
    assert seen[-1]["header"] == b64(sha256(said[5].header.encode()).digest())
    assert shared.client.get(path, headers=shared.bearer).json() == {
        "key": b64(key_id(port.signer.spki)), "statements": seen, "next": None,
    }  # fmt: skip
    other = f"{path}?after=0199f3c1-0000-7000-8000-00000000dead"
    assert shared.client.get(other, headers=shared.bearer).json()["statements"] == []


@pytest.mark.parametrize("key", ["A" * 43, "not*base64", "AA", "%00", "%E4%B8%AD", "x" * 3000])
def test_the_chain_of_nobody(shared: WebHouse, key: str) -> None:
    for what in ("chain", "statements"):
        answer = shared.client.get(f"/api/v1/devices/{key}/{what}", headers=shared.bearer)
        assert (answer.status_code, answer.json()["code"]) == (403, "unknown_device")


def test_what_a_device_says_shows_in_units_and_cases(web: WebHouse) -> None:
    box = web.consignment(cartons=2, declaration=fresh_declaration())
    web.walk(box.pallets[0])
    unit = box.carton.unit_id
    answer = web.client.get(f"/api/v1/units/{unit}", headers=web.bearer)
    found = answer.json()
    assert (found["id"], found["state"], found["site"]) == (unit, "active", GLNS[SiteRole.RETAILER])
    assert [line["type"] for line in found["history"]] == [
        "commission", "pack", *["ship", "receive"] * 4, "unpack",
    ]  # fmt: skip
    pallet = web.client.get(f"/api/v1/units/{box.pallets[0].label.unit_id}", headers=web.bearer).json()
    assert pallet["children"] == []
    assert web.client.get("/api/v1/cases", headers=web.bearer).json() == {"cases": [], "next": None}


def test_a_story_comes_page_by_page(web: WebHouse) -> None:
    pallet = web.consignment(cartons=1, declaration=fresh_declaration()).pallets[0]
    web.walk(pallet)
    unit = f"/api/v1/units/{pallet.cartons[0].unit_id}"
    whole = web.client.get(unit, headers=web.bearer).json()
    assert whole["next"] is None
    pages, after = [], ""
    while True:
        page = web.client.get(f"{unit}?limit=4{after}", headers=web.bearer).json()
        assert {**page, "history": 0, "next": 0} == {**whole, "history": 0, "next": 0}, "the unit is the same on each"
        pages.append(page["history"])
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [line for page in pages for line in page] == whole["history"]
    assert {len(page) for page in pages[:-1]} == {4}
    beyond = web.client.get(f"{unit}?after={UUID(int=0)}", headers=web.bearer).json()
    assert (beyond["history"], beyond["next"]) == ([], None)


@pytest.mark.parametrize(
    ("unit", "status", "code"),
    [
        ("(01)19521234543210(21)0000000000AB", 404, "unit_unknown"),
        ("(00)395212340000000014", 404, "unit_unknown"),
        ("(00)395212340000000015", 400, "malformed_unit_id"),
        ("nothing", 400, "malformed_unit_id"),
        ("%00", 400, "malformed_unit_id"),
        ("a/b/c", 400, "malformed_unit_id"),
    ],
)
def test_units_that_are_not_there(shared: WebHouse, unit: str, status: int, code: str) -> None:
    answer = shared.client.get(f"/api/v1/units/{unit}", headers=shared.bearer)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_cases_come_newest_first_and_page_by_page(web: WebHouse) -> None:
    market = web.device(SiteRole.MARKET)
    said = [market.say(T.RECEIVE, [unit_line(f"(01)19521234543210(21)7QK4M2ZX9R{n:02}")]) for n in range(7)]
    for each in said:
        web.send(market, [each])
    ids = [json.loads(each.header)["id"] for each in reversed(said)]
    seen: list[str] = []
    after, pages = "", 0
    while True:
        answer = web.client.get(f"/api/v1/cases?limit=3{after}", headers=web.bearer).json()
        seen += [case["statement"] for case in answer["cases"]]
        pages += 1
        if answer["next"] is None:
            break
        after = f"&after={answer['next']}"
    assert (seen, pages) == (ids, 3)
    (case,) = web.client.get("/api/v1/cases?limit=1", headers=web.bearer).json()["cases"]
    assert (case["type"], case["site"], case["status"]) == ("receive", MARKET, "accepted")
    assert "not_issued" in [mark["code"] for mark in case["marks"]]
    assert all(mark["zh"] and mark["en"] for mark in case["marks"])
    assert case["units"] == ["(01)19521234543210(21)7QK4M2ZX9R06"]
    nobody = web.client.get("/api/v1/cases?after=00000000-0000-7000-8000-000000000000", headers=web.bearer)
    assert nobody.status_code == 200
    assert nobody.json()["cases"] == []


def test_who_manages_shops_invites_no_device_of_the_firms_port(web: WebHouse) -> None:
    """A device may do what its site's role may: inviting one gives that role, which a manager of shops has not."""
    firm = web.sites[SiteRole.FIRST_STATION].operator_id
    shops = Member(role=Role.RETAILER, operator_id=firm, manages=True)
    with web.sessions.begin() as session:
        token = tokens.make_token(session, web.env, name="shops", life=None, members=[shops])
    headers = {"Authorization": f"Bearer {token}"}
    asked = {
        role: web.client.post(INVITES, json={"site": web.sites[role].gln}, headers=headers)
        for role in (SiteRole.RETAILER, SiteRole.FIRST_STATION, SiteRole.COLD_STORE)
    }
    assert {role: answer.status_code for role, answer in asked.items()} == {
        SiteRole.RETAILER: 201,
        SiteRole.FIRST_STATION: 404,
        SiteRole.COLD_STORE: 404,
    }
    port = b64(key_id(web.device(SiteRole.FIRST_STATION).signer.spki))
    for act in ("roll", "revoke"):
        answer = web.client.post(f"/api/v1/devices/{port}/{act}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "device_not_found")
    web.client.post(INVITES, json={"site": web.station}, headers=web.bearer)
    listed = web.client.get(INVITES, headers=headers).json()["invites"]
    assert {each["site"] for each in listed} == {web.sites[SiteRole.RETAILER].gln}
