"""What is no JSON: it fails nothing beside it, and its bytes are kept with their reason."""

import json
from collections.abc import Mapping

import pytest
from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.seal.hashing import sha256
from coldtrace.web import statement_stream
from support.house import unit_line
from support.web_house import STATEMENTS, WebHouse

NDJSON = {"Content-Type": "application/x-ndjson"}
JSON = {"Content-Type": "application/json"}


def kept(web: WebHouse, sent: bytes) -> tuple[bytes, str, bool] | None:
    """Return what quarantine has of these bytes: themselves, the reason, and whether somebody signed them."""
    with web.sessions() as session:
        row = session.execute(
            text("SELECT bytes, reason, proven FROM quarantine WHERE sha256 = :hash"), {"hash": sha256(sent)}
        ).one_or_none()
    return None if row is None else (bytes(row.bytes), row.reason, row.proven)


def headers_of(web: WebHouse, who: str, body: bytes) -> Mapping[str, str]:
    if who == "device":
        return web.signed_by(web.device(SiteRole.COLD_STORE), "POST", STATEMENTS, body)
    return web.bearer if who == "token" else {}


@pytest.mark.parametrize("way", ["device", "token", "stream"])
@pytest.mark.parametrize("bad", [b'{"header":"cut o', b"\xff\xfe\x00", b"[" * 3000], ids=["cut off", "bytes", "deep"])
def test_a_line_that_is_no_json_fails_no_other_and_is_kept(
    shared: WebHouse, way: str, bad: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "stream":
        monkeypatch.setattr(statement_stream, "LINES_MAX", 1)
    bad = bad + way.encode()
    device = shared.device(SiteRole.COLD_STORE)
    said = [device.say(T.OBSERVE, [unit_line(f"(01)19521234543210(21)7QK4M2ZX{n:04}")]) for n in range(2)]
    first, second = (json.dumps(each.to_json()).encode() for each in said)
    body = b"\n".join([first, bad, second, b""])
    answer = shared.client.post(STATEMENTS, content=body, headers=NDJSON | headers_of(shared, way, body) | (
        shared.bearer if way == "stream" else {}
    ))  # fmt: skip
    assert answer.status_code == 202, answer.text
    results = answer.json()["results"]
    assert [each["status"] for each in results] == ["accepted", "refused", "accepted"]
    assert (results[1]["code"], results[1]["receipt"]) == ("malformed_json", None)
    assert "2" in results[1]["detail"]
    assert kept(shared, bad) == (bad, "malformed_json", False)


@pytest.mark.parametrize("who", ["device", "token", "nobody"])
def test_a_body_that_was_cut_off_is_refused_and_kept(shared: WebHouse, who: str) -> None:
    body = b'{"header":"cut off, sent by ' + who.encode()
    answer = shared.client.post(STATEMENTS, content=body, headers=JSON | headers_of(shared, who, body))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
    assert kept(shared, body) == (body, "malformed_json", False)


def test_a_trial_keeps_nothing(shared: WebHouse) -> None:
    body = b'{"header":"cut off, to be checked'
    answer = shared.client.post(f"{STATEMENTS}/check", content=body, headers=JSON | shared.bearer)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
    answer = shared.client.post(f"{STATEMENTS}/check", content=body + b"\n{}\n", headers=NDJSON | shared.bearer)
    assert [each["code"] for each in answer.json()["results"]] == ["malformed_json", "malformed_statement"]
    assert kept(shared, body) is None
