"""Rolls over HTTP: draw, bind, list, void, and what a visitor sees of a label before and after its lot."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.codes.short_code import format_short_code
from coldtrace.events.facts import facts_hash
from coldtrace.events.roll_certificate import open_roll_certificate
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import store
from coldtrace.goods.store import IssuedCode
from coldtrace.parties.model import SiteRole
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.verify.bundle import verify_bundle
from support.call_scene import fresh_declaration
from support.consignments import GTIN, LOT, Consignment, commission_line
from support.html_tree import read_page
from support.web_house import PAGE, PROOF, WebHouse


def posted(web: WebHouse, path: str, value: object, status: int = 200) -> dict[str, Any]:
    answer = web.post_json(path, value, web.bearer | {"Accept-Language": "en"})
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def got(web: WebHouse, path: str) -> dict[str, Any]:
    answer = web.client.get(path, headers=web.bearer)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def drawn(web: WebHouse, **more: object) -> tuple[str, list[IssuedCode]]:
    """Draw a roll; return its id and its labels."""
    roll = posted(web, "/api/v1/rolls", {"count": 5} | more, 201)
    with web.sessions() as session:
        return roll["roll"], list(store.codes_of_run(session, UUID(roll["roll"])))


def bind(web: WebHouse, consignment: Consignment, *codes: str) -> list[str]:
    body = {"codes": list(codes), "lot": LOT, "consignment": str(consignment.consignment_id)}
    return [each["code"] or each["status"] for each in posted(web, "/api/v1/rolls/bind", body)["results"]]


def opened(web: WebHouse) -> Consignment:
    return web.consignment(declaration=fresh_declaration())


def seen(web: WebHouse, code: IssuedCode) -> tuple[int, str | None]:
    """Return what the page behind a code answers, and its status."""
    answer = web.client.get(web.path(code.uri), headers=PAGE)
    return answer.status_code, read_page(answer.text).all("body")[0].attributes["data-status"]


def test_a_roll_from_the_draw_to_the_consumer(shared: WebHouse) -> None:
    consignment = opened(shared)
    roll, (one, two, *_) = drawn(shared, gtin=GTIN)
    trust = open_trust_list(shared.client.get("/api/v1/trust-list").text, root=None)
    envelope = got(shared, f"/api/v1/rolls/{roll}/certificate")["envelope"]
    assert open_roll_certificate(envelope, trust=trust, now=shared.clock()).unit_id(1) == one.unit_id

    assert seen(shared, one) == (404, "not_registered")
    assert bind(shared, consignment, one.uri, format_short_code(two.serial or "")) == ["bound", "bound"]
    assert bind(shared, consignment, one.uri) == ["repeat"]
    facts = facts_hash(consignment.carton.facts or "")
    shared.tell(SiteRole.FIRST_STATION, T.COMMISSION, [commission_line(one)], facts=facts)
    shared.hand_over(one.unit_id, SiteRole.FIRST_STATION, SiteRole.RETAILER)
    shared.settle()
    assert seen(shared, one) == (200, "normal")
    assert LOT in shared.client.get(shared.path(one.uri), headers=PAGE).text

    proof = shared.client.get(shared.path(one.uri), headers={"Accept": PROOF})
    root = parse_root(shared.client.get("/api/v1/root").text)
    report = verify_bundle(proof.text, root=root, now=shared.clock())
    assert report.ok, json.dumps(report.to_json(), ensure_ascii=False)

    counts = got(shared, f"/api/v1/rolls/{roll}")
    assert (counts["used"], counts["unused"], counts["voided"]) == (2, 3, 0)


def test_numbers_come_as_ranges_page_by_page(shared: WebHouse) -> None:
    consignment = opened(shared)
    roll, labels = drawn(shared, count=9)
    bind(shared, consignment, labels[2].uri, labels[5].uri)
    whole = got(shared, f"/api/v1/rolls/{roll}/numbers?list=unused")
    assert (whole["count"], whole["text"], whole["next"]) == (7, "1-2, 4-5, 7-9", None)
    found, after = [], 0
    while after is not None:
        page = got(shared, f"/api/v1/rolls/{roll}/numbers?list=unused&limit=1&after={after}")
        found += page["ranges"]
        after = page["next"]
    assert found == whole["ranges"]
    assert got(shared, f"/api/v1/rolls/{roll}/numbers?list=skipped")["text"] == "1-2, 4-5"
    assert got(shared, f"/api/v1/rolls/{roll}/numbers?list=voided")["ranges"] == []


def test_a_void_label_is_red_everywhere(shared: WebHouse) -> None:
    consignment = opened(shared)
    roll, (one, two, *_) = drawn(shared)
    done = posted(shared, "/api/v1/codes/void", {"roll": roll, "numbers": "1, 4-5", "reason": "wet"})
    assert (done["voided"], done["already"]) == (3, 0)
    again = posted(shared, "/api/v1/codes/void", {"text": one.uri, "reason": "wet"})
    assert (again["voided"], again["already"]) == (0, 1)
    assert bind(shared, consignment, one.uri) == ["revoked_unit"]
    answer = shared.client.get(shared.path(one.uri), headers=PAGE)
    assert answer.status_code == 403
    assert posted(shared, "/api/v1/codes/resolve", {"text": one.uri})["verdict"] == "revoked_unit"
    facts = facts_hash(consignment.carton.facts or "")
    shared.tell(SiteRole.FIRST_STATION, T.COMMISSION, [commission_line(two)], facts=facts)
    refused = posted(shared, "/api/v1/codes/void", {"roll": roll, "numbers": "2-3", "reason": "wet"}, 409)
    assert (refused["code"], refused["number"], refused["state"]) == ("in_circulation", 2, "active")
    assert got(shared, f"/api/v1/rolls/{roll}/numbers?list=voided")["text"] == "1, 4-5"


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "x"},
        {"text": "x", "roll": "00000000-0000-7000-8000-000000000000", "numbers": "1", "reason": "x"},
        {"roll": "00000000-0000-7000-8000-000000000000", "reason": "x"},
        {"text": "x"},
        {"text": "x", "reason": "a\nb"},
    ],
)
def test_voiding_names_one_thing_and_says_why(shared: WebHouse, body: dict[str, str]) -> None:
    assert posted(shared, "/api/v1/codes/void", body, 422)["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/api/v1/rolls", {"count": 0}, 422, "invalid_request"),
        ("/api/v1/rolls", {"count": 20_001}, 422, "invalid_request"),
        ("/api/v1/rolls", {"count": 1, "gtin": "09506000134353"}, 400, "malformed_number"),
        ("/api/v1/rolls", {"count": 1, "gtin": "2000000000015"}, 400, "restricted_number"),
        ("/api/v1/rolls", {"count": 1, "site": "6901234567892"}, 422, "station_unknown"),
        ("/api/v1/rolls/bind", {"codes": [], "lot": "L"}, 422, "invalid_request"),
        ("/api/v1/rolls/bind", {"codes": ["x"] * 1001, "lot": "L"}, 413, "too_many_items"),
        ("/api/v1/rolls/bind", {"codes": ["x"], "lot": "no such lot"}, 404, "lot_unknown"),
        ("/api/v1/codes/resolve", {"text": "7QK4-M2ZX-9RTB-6"}, 400, "malformed_short_code"),
        ("/api/v1/codes/void", {"text": "hello", "reason": "x"}, 400, "unknown_code"),
        ("/api/v1/codes/void", {"text": "7QK4-M2ZX-9RTB-5", "reason": "x"}, 404, "code_not_issued"),
    ],
)
def test_what_is_refused(shared: WebHouse, path: str, body: dict[str, object], status: int, code: str) -> None:
    assert posted(shared, path, body, status)["code"] == code


def test_rolls_that_are_not_there(shared: WebHouse) -> None:
    nobody = "/api/v1/rolls/00000000-0000-7000-8000-000000000000"
    for path in (nobody, f"{nobody}/certificate", f"{nobody}/numbers"):
        answer = shared.client.get(path, headers=shared.bearer)
        assert (answer.status_code, answer.json()["code"]) == (404, "roll_unknown")
    assert shared.client.get("/api/v1/rolls/x", headers=shared.bearer).status_code == 404


def test_a_device_binds_for_its_own_station(shared: WebHouse) -> None:
    consignment = opened(shared)
    _, (one, *_) = drawn(shared)
    body = json.dumps({"codes": [one.uri], "lot": LOT, "consignment": str(consignment.consignment_id)}).encode()
    for role, code in ((SiteRole.MARKET, "right_missing"), (SiteRole.FIRST_STATION, None)):
        headers = shared.signed_by(shared.device(role), "POST", "/api/v1/rolls/bind", body)
        answer = shared.client.post(
            "/api/v1/rolls/bind", content=body, headers=headers | {"Content-Type": "application/json"}
        )
        if code is None:
            assert answer.json()["results"][0]["status"] == "bound", answer.text
        else:
            assert answer.json()["code"] == code, answer.text


def test_a_device_that_may_not_commission_binds_nothing(shared: WebHouse) -> None:
    consignment = opened(shared)
    roll, (one, *_) = drawn(shared)
    body = json.dumps({"codes": [one.uri], "lot": LOT, "consignment": str(consignment.consignment_id)}).encode()
    with shared.sessions.begin() as session:
        session.execute(text("UPDATE device SET operations = '{pack,ship}'"))
    try:
        headers = shared.signed_by(shared.device(SiteRole.FIRST_STATION), "POST", "/api/v1/rolls/bind", body)
        answer = shared.client.post(
            "/api/v1/rolls/bind", content=body, headers=headers | {"Content-Type": "application/json"}
        )
    finally:
        with shared.sessions.begin() as session:
            session.execute(text("UPDATE device SET operations = :all"), {"all": [each.value for each in T]})
    assert (answer.status_code, answer.json()["results"][0]["code"]) == (200, "bind_not_permitted")
    assert got(shared, f"/api/v1/rolls/{roll}")["used"] == 0


def test_two_desks_bind_the_same_labels_to_two_lots_at_once(shared: WebHouse) -> None:
    lots = [opened(shared), opened(shared)]
    roll, labels = drawn(shared, count=20)
    codes = [label.uri for label in labels]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda lot: bind(shared, lot, *codes), lots))
    for one, other in zip(*answers, strict=True):
        assert {one, other} == {"bound", "double_bound"}
    counts = got(shared, f"/api/v1/rolls/{roll}")
    assert (counts["used"], counts["double_bound"]) == (20, 20)
    kinds = [case["kind"] for case in got(shared, "/api/v1/cases?limit=200")["cases"] if case["lots"]]
    assert kinds.count("double_bound") >= 20


def test_what_nothing_reads_is_a_case(shared: WebHouse) -> None:
    found = posted(shared, "/api/v1/codes/resolve", {"text": "https://qr.pay.example/fkx"})
    assert (found["resolver"], found["code"], found["name"]) == ("unknown", "malformed_uri", None)
    assert "address in the code is wrong" in found["detail"]
    case = next(each for each in got(shared, "/api/v1/cases")["cases"] if each["id"] == found["case"])
    assert (case["kind"], case["text"], case["by"][:6]) == ("unknown_code", "https://qr.pay.example/fkx", "token:")
    assert [mark["code"] for mark in case["marks"]] == ["unknown_code"]


def test_what_a_code_is(shared: WebHouse) -> None:
    carton = opened(shared).carton
    found = posted(shared, "/api/v1/codes/resolve", {"text": f"]Q1{carton.uri}\r"})
    assert found == {
        "resolver": "signed",
        "kind": "unit",
        "name": carton.unit_id,
        "unit_id": carton.unit_id,
        "gtin": GTIN,
        "lot": LOT,
        "command": None,
        "registered": True,
        "verdict": "valid",
        "state": "blank",
        "site": None,
        "also": [],
        "code": None,
        "detail": None,
        "case": None,
    }
