"""What was refused is read by the platform's administrator: a list without bytes, files that run nowhere, records."""

from collections.abc import Mapping
from typing import Any

import pytest

from coldtrace.custody import quarantine
from coldtrace.custody.quarantine import BYTES_MAX, Refused
from coldtrace.people.tokens import make_token
from coldtrace.rights.model import Member, Role
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from support.journal import records
from support.web_house import PAGE, WebHouse

LIST, DESK = "/api/v1/quarantine", "/desk/quarantine"
PURPOSE = {"Coldtrace-Purpose": "incident 7"}
SCRIPT = b"<html><script>alert(1)</script>"


def keep(web: WebHouse, *wires: bytes, reason: str = "malformed_json", proven: bool = False) -> list[str]:
    """Refuse these, a second apart; return their hashes."""
    for wire in wires:
        with web.sessions.begin() as session:
            refused = Refused(wire=wire, reason=reason, proven=proven, key_id=b"k" * 32)
            quarantine.keep(session, [refused], at=web.env.clock())
    return [sha256(wire).hex() for wire in wires]


def rows(web: WebHouse, query: str = "?limit=200") -> list[dict[str, Any]]:
    answer = web.client.get(LIST + query, headers=web.bearer)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["kept"]
    return found


def test_the_list_says_when_why_how_large_and_never_what(shared: WebHouse) -> None:
    (stranger,) = keep(shared, SCRIPT)
    keep(shared, SCRIPT)
    (signed,) = keep(shared, b"signed, and wrong", reason="entry_id_taken", proven=True)
    found = {each["id"]: each for each in rows(shared)}
    told = found[stranger]
    assert (told["reason"], told["proven"], told["key"], told["size"], told["times"]) == (
        "malformed_json",
        False,
        None,
        len(SCRIPT),
        2,
    )
    assert told["received_at"] < told["last_at"]
    assert (found[signed]["proven"], found[signed]["key"]) == (True, b64(b"k" * 32))
    assert set(told) == {
        "id", "reason", "proven", "key", "statement", "size", "received_at", "last_at", "times",
    }  # fmt: skip
    for path in (f"{LIST}?limit=200", DESK):
        headers = shared.bearer if path.startswith("/api") else shared.desk | PAGE
        assert "alert(1)" not in shared.client.get(path, headers=headers).text


def test_pages_join_to_the_whole_newest_first(shared: WebHouse) -> None:
    mine = keep(shared, *(f"page {number}".encode() for number in range(5)))
    found: list[str] = []
    query = "?limit=2"
    while True:
        page = shared.client.get(LIST + query, headers=shared.bearer).json()
        found += [each["id"] for each in page["kept"]]
        if page["next"] is None:
            break
        query = f"?limit=2&after={page['next']}"
    assert found == [each["id"] for each in rows(shared)]
    assert [each for each in found if each in mine] == mine[::-1]
    assert rows(shared, f"?after={'0' * 64}") == []


@pytest.mark.parametrize("way", ["api", "desk"])
def test_bytes_are_a_file_that_no_browser_runs_and_stand_in_the_journal(shared: WebHouse, way: str) -> None:
    (id,) = keep(shared, SCRIPT + way.encode())
    path = f"{LIST}/{id}/bytes" if way == "api" else f"{DESK}/{id}/bytes"
    headers: Mapping[str, str] = shared.bearer | PURPOSE if way == "api" else with_purpose(shared)
    answer = shared.client.get(path, headers=headers)
    assert (answer.status_code, answer.content) == (200, SCRIPT + way.encode())
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="quarantine-{id[:16]}.bin"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "no-store"
    record = records(shared)[-1]
    assert (record.act, record.object, record.purpose) == ("export", id, "incident 7")


def with_purpose(web: WebHouse) -> dict[str, str]:
    """Sign in at the desk and say what for."""
    desk = dict(web.desk | PAGE)
    page = web.client.get("/desk/purpose", headers=desk).text
    token = page.split('name="csrf" value="')[1].split('"')[0]
    said = web.client.post("/desk/purpose", data={"csrf": token, "reason": "incident 7"}, headers=desk)
    assert said.status_code == 303, said.text
    return desk


def test_an_export_says_what_for_and_what_is_not_kept_is_unknown(shared: WebHouse) -> None:
    (id,) = keep(shared, b"without a purpose")
    answer = shared.client.get(f"{LIST}/{id}/bytes", headers=shared.bearer)
    assert (answer.status_code, answer.json()["code"]) == (400, "purpose_required")
    answer = shared.client.get(f"{LIST}/{'0' * 64}/bytes", headers=shared.bearer | PURPOSE)
    assert (answer.status_code, answer.json()["code"]) == (404, "quarantine_unknown")
    answer = shared.client.get(f"{LIST}/1/bytes", headers=shared.bearer | PURPOSE)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


def test_no_more_than_was_kept_is_handed_out(shared: WebHouse) -> None:
    (id,) = keep(shared, b"x" * (BYTES_MAX + 9))
    assert next(each["size"] for each in rows(shared) if each["id"] == id) == BYTES_MAX + 9
    answer = shared.client.get(f"{LIST}/{id}/bytes", headers=shared.bearer | PURPOSE)
    assert len(answer.content) == BYTES_MAX


def test_only_the_administrator_reads_it(shared: WebHouse) -> None:
    (id,) = keep(shared, b"not for everybody")
    with shared.sessions.begin() as session:
        operator = next(iter(shared.sites.values())).operator_id
        every = [Member(role=role, operator_id=operator, area="", manages=True) for role in Role]
        others = [each for each in every if each.role is not Role.ADMINISTRATOR]
        token = make_token(session, shared.env, name="others", life=None, members=others)
    for path in (LIST, f"{LIST}/{id}/bytes"):
        answer = shared.client.get(path, headers={"Authorization": f"Bearer {token}"} | PURPOSE)
        assert answer.status_code == 403, path


def test_the_page_shows_the_same_and_health_leads_there(shared: WebHouse) -> None:
    (id,) = keep(shared, b"for the page")
    desk = shared.desk | PAGE
    page = shared.client.get(DESK, headers=desk | {"Accept-Language": "en"}).text
    assert f'href="/desk/quarantine/{id}/bytes' in page
    assert "malformed_json" in page
    assert 'href="/desk/quarantine' in shared.client.get("/desk/health", headers=desk).text
