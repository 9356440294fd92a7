"""Gateway statements: plain facts in, signed statements out, each once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from coldtrace.clock import format_utc
from coldtrace.custody.chain import describe
from coldtrace.custody.erasure import erase
from coldtrace.db.engine import make_sessions
from coldtrace.events.certificate import read_certificate, verify_certificate
from coldtrace.events.receipt import verify_receipt
from coldtrace.events.statement import read_statement
from coldtrace.parties.model import SiteRole
from coldtrace.people import tokens
from coldtrace.rights.model import EVERYTHING, Member, Role
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.keys import load_public_key
from support.house import GLNS, pack_lines
from support.web_house import PAGE, WebHouse

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()
SAID = "/api/v1/gateway/statements"
UNIT = "(01)19521234543210(21)7QK4M2ZX9R{:02}"


def token(web: WebHouse, role: SiteRole, *, manages: bool = False, **limits: Any) -> dict[str, str]:
    """Return the header of a system of one of the firm's roles, for all of its sites or for some."""
    member = Member(role=Role(role.value), operator_id=web.sites[role].operator_id, manages=manages, **limits)
    with web.sessions.begin() as session:
        made = tokens.make_token(session, web.env, name="wms", life=None, members=[member])
    return {"Authorization": f"Bearer {made}"}


def open_gateway(web: WebHouse, gln: str = STORE) -> httpx.Response:
    return web.client.put(f"/api/v1/sites/{gln}/gateway", headers=web.bearer)


@pytest.fixture(scope="module")
def store(shared: WebHouse) -> WebHouse:
    assert open_gateway(shared).status_code == 200
    return shared


def plain(web: WebHouse, ref: str, number: int = 1, **change: Any) -> dict[str, Any]:
    said = {
        "ref": ref,
        "type": "receive",
        "at": format_utc(web.env.clock()).replace("Z", "+00:00"),
        "lines": [{"unit": UNIT.format(number)}],
    }
    return said | change


def say(web: WebHouse, *statements: Any, site: str = STORE, headers: dict[str, str] | None = None) -> httpx.Response:
    return web.post_json(SAID, {"site": site, "statements": list(statements)}, headers or web.bearer)


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 202, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def pieces(web: WebHouse, id: str) -> dict[str, Any]:
    answer = web.client.get(f"/api/v1/statements/{id}/pieces", headers=web.bearer)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_plain_facts_become_a_signed_statement_that_says_who_spoke(store: WebHouse) -> None:
    sent = plain(
        store,
        "WMS-1",
        at="2026-11-23T12:03:00+08:00",
        cold="ok",
        fields={"voucher": "DN-7", "temperature_mdegc": -18500, "papers": ["a", "b"]},
    )
    (result,) = results(say(store, sent))
    assert (result["ref"], result["status"], result["code"], result["detail"]) == ("WMS-1", "accepted", None, None)
    kept = pieces(store, result["id"])
    wire = {"header": kept["header"], "sig": kept["sig"], **kept["pieces"]}
    checked = read_statement(wire)
    assert (checked.public.by, checked.public.cold, str(checked.public.date)) == ("gateway", "ok", "2026-11-23")
    fields = {field.name: field.value for field in checked.private.fields}
    assert fields | {"seq": 0} == {
        "at": "2026-11-23T04:03:00.000Z",
        "offset": "+08:00",
        "seq": 0,
        "site": STORE,
        "ref": "WMS-1",
        "voucher": "DN-7",
        "temperature_mdegc": -18500,
        "papers": ["a", "b"],
    }
    assert [(line.role, line.unit, line.quantity) for line in checked.units.lines] == [("unit", UNIT.format(1), 1)]
    with store.sessions() as session:
        row = session.execute(
            text("SELECT certificate, certificate_sig, spki, operations FROM device WHERE key_id = :key"),
            {"key": checked.header.key},
        ).one()
    assert checked.verify(load_public_key(bytes(row.spki)))
    certificate = read_certificate(row.certificate)
    assert (certificate.use, certificate.place.role) == ("gateway", "cold_store")
    enrolment = load_public_key(store.env.keyring.signer("enrolment").spki)
    verify_certificate(row.certificate, row.certificate_sig, [enrolment])
    verify_receipt(
        result["receipt"],
        public_key=load_public_key(store.env.keyring.signer("receipt").spki),
        net=store.env.net,
        id=checked.header.id,
        header=kept["header"],
    )


def test_the_same_words_are_a_repeat_with_the_first_receipt_and_others_a_conflict(store: WebHouse) -> None:
    sent = plain(store, "WMS-2", 2)
    (first,) = results(say(store, sent))
    (again,) = results(say(store, dict(reversed(sent.items()))))
    assert (again["status"], again["id"], again["receipt"]) == ("repeat", first["id"], first["receipt"])
    for other in (
        {"lines": [{"unit": UNIT.format(3)}]},
        {"lines": [{"unit": UNIT.format(2), "quantity": 2}]},
        {"lines": [{"unit": UNIT.format(2), "attributes": {"lot": "x"}}]},
        {"at": "2026-11-23T12:03:00+08:00"},
        {"type": "observe"},
        {"cold": "ok"},
        {"fields": {"note": "x"}},
        {"facts": b64(bytes(32)), "type": "commission"},
    ):
        (refused,) = results(say(store, sent | other))
        assert (refused["status"], refused["code"], refused["receipt"]) == ("refused", "ref_conflict", None)
    with store.sessions() as session:
        count = session.execute(text("SELECT count(*) FROM gateway_statement WHERE ref = 'WMS-2'")).scalar_one()
    assert count == 1


def test_one_number_twice_in_a_call(store: WebHouse) -> None:
    sent = plain(store, "WMS-3", 4)
    first, same, other = results(say(store, sent, sent, sent | {"cold": "breach"}))
    assert [each["status"] for each in (first, same, other)] == ["accepted", "repeat", "refused"]
    assert (same["id"], same["receipt"], other["code"]) == (first["id"], first["receipt"], "ref_conflict")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no such unit id": ({"lines": [{"unit": "carton 7"}]}, "fact_malformed"),
    "no lines": ({"lines": []}, "fact_malformed"),
    "a child without its parent": (
        {"type": "pack", "lines": [{"role": "child", "unit": UNIT.format(9)}]},
        "fact_malformed",
    ),
    "a role that the type has not": ({"lines": [{"role": "output", "unit": UNIT.format(9)}]}, "fact_malformed"),
    "a time without an offset": ({"at": "2026-11-23T12:03:00"}, "fact_malformed"),
    "no time": ({"at": "yesterday"}, "fact_malformed"),
    "a time in no year": ({"at": "9999-12-31T23:59:59-14:00"}, "fact_malformed"),
    "a time before all": ({"at": "0001-01-01T00:00:00+14:00"}, "fact_malformed"),
    "a receiver with a wrong digit": ({"type": "ship", "fields": {"to": "9521234000045"}}, "fact_malformed"),
    "a receiver that is none": ({"type": "ship", "fields": {"to": 12}}, "fact_malformed"),
    "an odd offset": ({"at": "2026-11-23T12:03:00+08:00:30"}, "fact_malformed"),
    "a type that there is not": ({"type": "teleport"}, "invalid_request"),
    "the end of the chain": ({"type": "close", "lines": []}, "gateway_type_refused"),
    "a field of the gateway's own": ({"fields": {"seq": 7}}, "gateway_field_reserved"),
    "a fraction": ({"lines": [{"unit": UNIT.format(9), "quantity": 1.5}]}, "invalid_request"),
    "true is no number": ({"lines": [{"unit": UNIT.format(9), "quantity": True}]}, "invalid_request"),
    "a name that is none": ({"fields": {"Großes Feld": 7}}, "invalid_request"),
    "half a character": ({"fields": {"note": "\ud800"}}, "not_canonical"),
    "a word too many": ({"more": 1}, "invalid_request"),
    "facts that are none": ({"type": "commission", "facts": "§"}, "fact_malformed"),
}  # fmt: skip


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_one_stops_no_other_and_takes_no_place_in_the_chain(store: WebHouse, how: str) -> None:
    change, code = WRONG[how]
    name = how.replace(" ", "-")
    body = json.dumps(
        {
            "site": STORE,
            "statements": [
                plain(store, f"a-{name}", 5),
                plain(store, f"b-{name}", 9, **change),
                plain(store, f"c-{name}", 6),
            ],
        }
    )
    answer = store.client.post(SAID, content=body, headers=store.bearer | {"Content-Type": "application/json"})
    good, bad, also = results(answer)
    assert [good["status"], bad["status"], also["status"]] == ["accepted", "refused", "accepted"], bad
    assert (bad["ref"], bad["code"], bad["receipt"], bool(bad["detail"])) == (f"b-{name}", code, None, True)
    headers = [json.loads(pieces(store, each["id"])["header"]) for each in (good, also)]
    with store.sessions() as session:
        chain = describe(session, EVERYTHING, unb64(headers[0]["key"]))
    assert chain is not None
    assert (chain["missing"], chain["forks"]) == ([], [])


def test_what_is_wrong_is_named_with_its_place(store: WebHouse) -> None:
    lines = [{"unit": UNIT.format(5)}, {"unit": UNIT.format(6)}, {"unit": "carton 7"}]
    (refused,) = results(say(store, plain(store, "which", 5, lines=lines)))
    assert 'lines 3, unit: "carton 7"' in refused["detail"]


def test_a_trial_keeps_nothing(store: WebHouse) -> None:
    sent = plain(store, "trial-1", 5)
    body = {"site": STORE, "statements": [sent, plain(store, "trial-2", 5, lines=[])]}
    answer = store.client.post(SAID, params={"dry_run": True}, json=body, headers=store.bearer)
    good, bad = results(answer)
    assert (good["status"], good["id"], good["receipt"]) == ("accepted", None, None)
    assert (bad["status"], bad["code"]) == ("refused", "fact_malformed")
    with store.sessions() as session:
        kept = session.execute(text("SELECT count(*) FROM gateway_statement WHERE ref LIKE 'trial-%'")).scalar_one()
    assert kept == 0
    (said,) = results(say(store, sent))
    assert (said["status"], said["receipt"] is None) == ("accepted", False)


def test_a_trial_says_nothing_of_goods_of_others(store: WebHouse) -> None:
    """Nor by way of one's own: what was packed in a trial into somebody's pallet is where that pallet is."""
    theirs = "(00)395212340000000991"
    pack = plain(
        store,
        "into-theirs",
        5,
        type="pack",
        lines=[{"role": "parent", "unit": theirs}, {"role": "child", "unit": UNIT.format(5), "parent": theirs}],
    )
    sent = [pack, plain(store, "then", 5, type="observe")]
    body = {"site": STORE, "statements": sent}
    with store.sessions.begin() as session:
        session.execute(
            text("INSERT INTO unit (unit_id, state, gln, last_at) VALUES (:unit, 'active', '9521234000013', now())"),
            {"unit": theirs},
        )
    found = results(store.client.post(SAID, params={"dry_run": True}, json=body, headers=store.bearer))
    assert [(each["status"], each["marks"]) for each in found] == [("accepted", [])] * 2
    too_many = {"site": STORE, "statements": [plain(store, f"n{n}", 5) for n in range(101)]}
    assert store.client.post(SAID, params={"dry_run": True}, json=too_many, headers=store.bearer).status_code == 413


def test_what_is_no_object_is_refused_alone(store: WebHouse) -> None:
    found = results(say(store, 7, plain(store, "among-others"), None, "x", []))
    assert [each["status"] for each in found] == ["refused", "accepted", "refused", "refused", "refused"]
    assert {each["code"] for each in found[2:]} == {"invalid_request"}


def test_one_that_is_refused_after_it_was_made_leaves_no_hole(store: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be made to happen from outside; the chain must be whole all the same."""
    from coldtrace.custody import service
    from coldtrace.custody.refusals import OtherInstallation

    real = service._require_certified

    def require(env: Any, one: Any, speaker: Any, **more: Any) -> None:
        real(env, one, speaker, **more)
        if any(line.unit == UNIT.format(66) for line in one.units.lines):
            raise OtherInstallation()

    monkeypatch.setattr(service, "_require_certified", require)
    sent = [plain(store, f"hole-{number}", number) for number in (61, 66, 62)]
    found = results(say(store, *sent))
    assert [each["status"] for each in found] == ["accepted", "refused", "accepted"]
    key = unb64(json.loads(pieces(store, found[0]["id"])["header"])["key"])
    with store.sessions() as session:
        chain = describe(session, EVERYTHING, key)
    assert chain is not None
    assert (chain["missing"], chain["forks"]) == ([], [])
    assert [each["status"] for each in results(say(store, *sent))] == ["repeat", "refused", "repeat"]


def test_what_its_site_may_not_say_is_blocked_like_from_a_device(store: WebHouse) -> None:
    lines = [{"unit": UNIT.format(7), "attributes": {"code": b64(bytes(32))}}]
    (result,) = results(say(store, plain(store, "WMS-4", type="commission", lines=lines)))
    assert (result["status"], result["code"]) == ("blocked", "not_permitted")
    assert result["receipt"] is not None


def test_only_the_organisation_of_a_site_speaks_for_it(store: WebHouse) -> None:
    assert say(store, plain(store, "t-1"), headers=token(store, SiteRole.COLD_STORE)).status_code == 202
    here = token(store, SiteRole.COLD_STORE, sites=frozenset({STORE}))
    assert say(store, plain(store, "t-2"), headers=here).status_code == 202
    elsewhere = token(store, SiteRole.COLD_STORE, sites=frozenset({TRADER}))
    answer = say(store, plain(store, "t-3"), headers=elsewhere)
    assert (answer.status_code, answer.json()["code"]) == (404, "site_unknown")
    none = store.client.post(SAID, json={"site": STORE, "statements": [plain(store, "t-4")]})
    assert (none.status_code, none.json()["code"]) == (401, "authentication_required")
    unmanaged = store.client.put(f"/api/v1/sites/{STORE}/gateway", headers=token(store, SiteRole.COLD_STORE))
    assert (unmanaged.status_code, unmanaged.json()["code"]) == (403, "right_missing")


def test_of_erased_words_nothing_is_left_to_guess_from(store: WebHouse) -> None:
    sent = plain(store, "WMS-ERASED") | {"fields": {"note": "李"}}
    (kept,) = results(say(store, sent))
    told = text("SELECT salt, said FROM gateway_statement WHERE entry_id = :id")
    with make_sessions(store.engine).begin() as session:
        salt, said = session.execute(told, {"id": kept["id"]}).one()
        assert (len(salt), len(said)) == (16, 32)
        erase(session, store.env, UUID(kept["id"]), fields=["note"], ground="PIPL 47")
        assert tuple(session.execute(told, {"id": kept["id"]}).one()) == (None, None)
    (again,) = results(say(store, sent))
    assert (again["status"], again["code"]) == ("refused", "ref_conflict"), "its number stays taken"


def test_a_gateway_is_opened_once_closed_by_revoking_and_opened_anew(web: WebHouse) -> None:
    closed = say(web, plain(web, "x"))
    assert (closed.status_code, closed.json()["code"]) == (409, "gateway_closed")
    first, again = open_gateway(web), open_gateway(web)
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    key = first.json()["key"]
    listed = web.client.get("/api/v1/devices", headers=web.bearer).json()["devices"]
    assert [(each["key"], each["site"], each["name"]) for each in listed] == [(key, STORE, "gateway")]
    said = plain(web, "x")
    (kept,) = results(say(web, said))
    assert kept["status"] == "accepted"
    assert web.client.post(f"/api/v1/devices/{key}/revoke", headers=web.bearer).status_code == 200
    assert say(web, plain(web, "y")).json()["code"] == "gateway_closed"
    repeat, new = results(say(web, said, plain(web, "y")))
    assert (repeat["status"], repeat["receipt"]) == ("repeat", kept["receipt"]), "what was acknowledged stays so"
    assert (new["status"], new["code"]) == ("refused", "gateway_closed")
    second = open_gateway(web).json()
    assert second["key"] != key
    assert results(say(web, plain(web, "y")))[0]["status"] == "accepted"
    assert results(say(web, plain(web, "x")))[0]["code"] == "ref_conflict", "another moment is another thing"
    others = open_gateway(web, "9521239000018")
    assert (others.status_code, others.json()["code"]) == (404, "site_unknown")


def test_a_closed_site_gets_no_gateway_and_one_that_it_has_goes_on(web: WebHouse) -> None:
    """Goods that lie there must still be shipped out, as with a handheld."""
    open_gateway(web)
    for gln in (STORE, TRADER):
        with web.engine.begin() as connection:
            connection.execute(text("UPDATE site SET closed_at = now() WHERE gln = :gln"), {"gln": gln})
    answer = open_gateway(web, TRADER)
    assert (answer.status_code, answer.json()["code"]) == (409, "site_closed")
    assert results(say(web, plain(web, "last")))[0]["status"] == "accepted"


def test_a_key_that_a_rolled_back_opening_left_is_taken_up_and_a_certificate_is_renewed_in_time(web: WebHouse) -> None:
    from coldtrace.parties import gateways

    with web.sessions() as session:
        left = gateways.open_gateway(session, web.env, web.sites[SiteRole.COLD_STORE], made_by="test")
        session.rollback()
    assert open_gateway(web).json()["key"] == b64(left.key_id)
    web.clock.next += timedelta(days=710)
    assert open_gateway(web).json()["key"] != b64(left.key_id)


def test_openings_at_once_make_one_gateway(web: WebHouse) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: open_gateway(web), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["key"] for answer in answers}) == 1


def test_the_same_call_many_times_at_once_is_kept_once_in_one_chain(web: WebHouse) -> None:
    open_gateway(web)
    sent = [plain(web, f"n-{number}", number) for number in range(5)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: results(say(web, *sent)), range(6)))
    for number in range(5):
        of_one = [answer[number] for answer in answers]
        assert sorted(each["status"] for each in of_one) == ["accepted", *["repeat"] * 5]
        assert len({json.dumps(each["receipt"]) for each in of_one}) == 1
    with web.sessions() as session:
        key = session.execute(text("SELECT key_id FROM gateway")).scalar_one()
        chain = describe(session, EVERYTHING, bytes(key))
    assert chain is not None
    assert (chain["last_seq"], chain["missing"], chain["forks"]) == (5, [], [])


def test_each_call_is_in_the_journal_with_its_token_and_a_rolled_back_try_leaves_one(web: WebHouse) -> None:
    open_gateway(web)
    results(say(web, plain(web, "j-1"), plain(web, "j-2", 2)))
    with web.sessions() as session:
        rows = session.execute(text("SELECT act, object, detail FROM journal_record WHERE kind = 'gateway'")).all()
    assert [(row.act, row.object, json.loads(row.detail)) for row in rows] == [("say", STORE, {"statements": 2})]


def test_a_consumer_is_told_that_the_platform_said_it(web: WebHouse) -> None:
    box = web.consignment(cartons=1)
    pallet = box.pallets[0]
    web.commission(pallet)
    assert open_gateway(web, PORT).status_code == 200
    unpack = [
        {"role": line.role, "unit": line.unit, "parent": line.parent}
        for line in pack_lines(pallet.label.unit_id, [box.carton.unit_id])[1:]
    ]
    (result,) = results(say(web, plain(web, "u-1", type="unpack", lines=unpack), site=PORT))
    assert (result["status"], result["marks"]) == ("accepted", [])
    web.settle()
    page = web.client.get(web.path(box.carton.uri), headers=PAGE).text
    assert "platform" in page
    proof = web.client.get(web.path(box.carton.uri), headers={"Accept": "application/vnd.coldtrace.proof+json"})
    assert '"by\\":\\"gateway' in proof.text
    assert 'data-result="failed"' not in page


def test_too_many_are_413_and_none_is_kept(store: WebHouse) -> None:
    answer = say(store, *[plain(store, f"many-{number}") for number in range(1001)])
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_items")
    with store.sessions() as session:
        count = session.execute(text("SELECT count(*) FROM gateway_statement WHERE ref LIKE 'many-%'")).scalar_one()
    assert count == 0
