"""The evidence of a unit as CSV: whole, as it was signed, within rights, and harmless in a spreadsheet."""

import csv
import io
import json
from hashlib import sha256

import httpx
import pytest
from sqlalchemy import text

from coldtrace.custody import evidence as rows_of
from coldtrace.events.header import signed_bytes
from coldtrace.events.statement_type import StatementType as T
from coldtrace.labels.csv_rows import safe_cell
from coldtrace.parties.model import SiteRole
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.keys import load_public_key
from support.consignments import Consignment
from support.house import GLNS, unit_line
from support.web_house import WebHouse

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()
WHY = {"Coldtrace-Purpose": "%E6%8A%BD%E6%9F%A5"}


def path(unit: str) -> str:
    return f"/api/v1/units/{unit}/evidence.csv"


def ask(web: WebHouse, role: SiteRole, unit: str) -> httpx.Response:
    return web.client.get(path(unit), headers=web.signed_by(web.device(role), "GET", path(unit)) | WHY)


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    found = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert answer.content.count(b"\r\n") == len(found) + 1
    return found


@pytest.fixture(scope="module")
def walked(shared: WebHouse) -> tuple[WebHouse, Consignment]:
    consignment = shared.consignment(cartons=2)
    shared.walk(consignment.pallets[0])
    shared.settle()
    return shared, consignment


def test_every_row_can_be_checked_by_whoever_gets_it(
    walked: tuple[WebHouse, Consignment], monkeypatch: pytest.MonkeyPatch
) -> None:
    web, consignment = walked
    monkeypatch.setattr(rows_of, "PAGE", 4)
    unit = consignment.carton.unit_id
    answer = web.client.get(path(unit), headers=web.bearer | WHY)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    found = rows(answer)
    assert [row["type"] for row in found] == ["commission", "pack", *["ship", "receive"] * 4, "unpack"]
    assert [row["no"] for row in found] == [str(number) for number in range(1, 12)]
    with web.sessions() as session:
        keys = {
            b64(bytes(row.key_id)): load_public_key(bytes(row.spki))
            for row in session.execute(text("SELECT key_id, spki FROM device"))
        }
    for row in found:
        header = json.loads(row["header"])
        assert (header["id"], f"b64:{header['key']}") == (row["statement"], row["device_key"])
        signature = unb64(row["signature"].removeprefix("b64:"))
        assert keys[header["key"]].verify(signature, signed_bytes(row["header"]))
        assert "b64:" + b64(sha256(row["header"].encode()).digest()) == row["header_sha256"]
        assert header["public"] == b64(sha256(row["public"].encode()).digest())
        assert json.loads(row["private"])["fields"]
        assert json.loads(row["line"])[1] == row["unit"]
        assert web.client.get(row["proof"]).status_code == 200
    assert {row["unit"] for row in found[2:10]} == {consignment.pallets[0].label.unit_id}


def test_a_reader_gets_its_own_steps_and_no_private_piece_of_others(walked: tuple[WebHouse, Consignment]) -> None:
    web, consignment = walked
    found = rows(ask(web, SiteRole.COLD_STORE, consignment.carton.unit_id))
    assert [(row["site"], row["type"], bool(row["private"])) for row in found] == [
        (PORT, "ship", True),
        (STORE, "receive", True),
        (STORE, "ship", True),
        (TRADER, "receive", False),
    ]
    assert all(row["public"] and row["header"] and row["line"] for row in found)


@pytest.mark.parametrize("base64", ["-u7VMeIA", "+ab", "=ab", "12345e67"])
def test_no_key_hash_or_signature_is_a_formula_or_a_number(base64: str) -> None:
    assert rows_of._written(base64) == safe_cell(f"b64:{base64}") == f"b64:{base64}"
    assert rows_of._written("") == ""


def test_what_was_said_by_others_goods_is_not_in_it(walked: tuple[WebHouse, Consignment]) -> None:
    web, consignment = walked
    first, second = consignment.pallets[0].cartons
    assert second.unit_id not in ask(web, SiteRole.FIRST_STATION, first.unit_id).text


def test_what_a_gateway_corrected_is_said_by_the_gateway(web: WebHouse) -> None:
    assert web.client.put(f"/api/v1/sites/{PORT}/gateway", headers=web.bearer).status_code == 200
    unit, gateway = "(01)19521234543210(21)7QK4M2ZX9R99", "/api/v1/gateway/statements"

    def say(ref: str, **said: object) -> None:
        one = {"ref": ref, "at": web.env.clock().isoformat(timespec="milliseconds"), **said}
        (result,) = web.post_json(gateway, {"site": PORT, "statements": [one]}, web.bearer).json()["results"]
        assert result["status"] == "accepted", result

    say("a", type="receive", lines=[{"unit": unit}])
    everything = f"{path(unit)}?view=all"
    web.settle()
    (received,) = rows(web.client.get(everything, headers=web.bearer | WHY))
    header = received["header_sha256"].removeprefix("b64:")
    say("b", type="correct", corrects={"header": header, "mode": "did_not_occur"})
    found = rows(web.client.get(everything, headers=web.bearer | WHY))
    assert [(row["type"], row["said_by"]) for row in found] == [("receive", "gateway"), ("correct", "gateway")]


def test_an_export_says_what_for_and_is_in_the_journal(walked: tuple[WebHouse, Consignment]) -> None:
    web, consignment = walked
    unit = consignment.pallets[0].label.unit_id
    refused = web.client.get(path(unit), headers=web.bearer)
    assert (refused.status_code, refused.json()["code"]) == (400, "purpose_required")
    rows(web.client.get(path(unit), headers=web.bearer | WHY))
    with web.sessions() as session:
        row = session.execute(
            text("SELECT act, kind, purpose FROM journal_record WHERE object = :unit ORDER BY at DESC LIMIT 1"),
            {"unit": unit},
        ).one()
    assert tuple(row) == ("export", "unit", "抽查")


def test_what_a_spreadsheet_would_run_is_text(web: WebHouse) -> None:
    """A foreign unit id may begin with anything that its scheme allows; what begins like a formula is defused."""
    consignment = web.consignment(cartons=1)
    web.commission(consignment.pallets[0])
    port = web.device(SiteRole.FIRST_STATION)
    said = port.say(
        T.SHIP, [unit_line(consignment.pallets[0].label.unit_id)], to=STORE, more=[("note", "=HYPERLINK(1)")]
    )
    web.send(port, [said])
    answer = web.client.get(path(consignment.carton.unit_id), headers=web.bearer | WHY)
    for row in rows(answer):
        for cell in row.values():
            assert not cell.startswith(("=", "+", "@", "\t", "\r")), cell
            assert not cell.startswith("-") or cell[1:].isdigit(), cell
    assert "=HYPERLINK(1)" in rows(answer)[-1]["private"]


@pytest.mark.parametrize(
    ("unit", "status", "code"),
    [("(01)19521234543210(21)0000000000AB", 404, "unit_unknown"), ("nothing", 400, "malformed_unit_id")],
)
def test_evidence_of_nothing(shared: WebHouse, unit: str, status: int, code: str) -> None:
    answer = shared.client.get(path(unit), headers=shared.bearer | WHY)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
