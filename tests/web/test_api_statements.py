"""POST /api/v1/statements: each way in, each answer, and nothing said before it is kept."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from coldtrace.events.receipt import verify_receipt
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.parties.store import lock_devices
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import Ed25519Signer, key_id, load_public_key
from coldtrace.seal.tlog_proof import verify_tlog_proof
from coldtrace.seal.vkey import vkey_of
from support.house import GLNS, Handheld, unit_line
from support.web_house import STATEMENTS, WebHouse

CHECK = f"{STATEMENTS}/check"
NDJSON = {"Content-Type": "application/x-ndjson"}


def unit(number: int) -> str:
    return f"(01)19521234543210(21)7QK4M2ZX9R{number:02}"


@pytest.fixture
def port(shared: WebHouse) -> Handheld:
    """A device of the port with a chain of its own."""
    with shared.sessions.begin() as session:
        return Handheld.enrol(session, shared.env, shared.sites[SiteRole.FIRST_STATION])


def say(device: Handheld, number: int = 1, **more: Any) -> Statement:
    return device.say(T.RECEIVE, [unit_line(unit(number))], **more)


def post(web: WebHouse, statement: object, **headers: str) -> httpx.Response:
    wire = statement.to_json() if isinstance(statement, Statement) else statement
    return web.client.post(STATEMENTS, json=wire, headers=web.bearer | headers)


def kept(web: WebHouse, statement: Statement) -> int:
    """Tell how often a statement is kept, by its bytes."""
    with web.sessions() as session:
        return int(
            session.execute(
                text("SELECT count(*) FROM ledger_entry WHERE entry_id = :id"), {"id": id_of(statement)}
            ).scalar_one()
        )


def id_of(statement: Statement) -> UUID:
    return UUID(json.loads(statement.header)["id"])


def require_receipt(web: WebHouse, statement: Statement, result: dict[str, Any]) -> None:
    verify_receipt(
        result["receipt"],
        public_key=load_public_key(web.env.keyring.signer("receipt").spki),
        net=web.env.net,
        id=id_of(statement),
        header=statement.header,
    )


# Accepted, repeated


def test_one_alone_is_202_with_a_receipt_and_200_when_repeated(shared: WebHouse, port: Handheld) -> None:
    said = say(port)
    first = post(shared, said)
    assert first.status_code == 202
    (result,) = first.json()["results"]
    assert (result["id"], result["status"], result["code"], result["detail"]) == (
        str(id_of(said)),
        "accepted",
        None,
        None,
    )
    require_receipt(shared, said, result)
    again = post(shared, said)
    assert again.status_code == 200
    (repeat,) = again.json()["results"]
    assert (repeat["status"], repeat["receipt"]) == ("repeat", result["receipt"])
    assert kept(shared, said) == 1


@pytest.mark.parametrize("form", ["array", "ndjson"])
def test_a_batch_answers_for_each_in_order(shared: WebHouse, port: Handheld, form: str) -> None:
    good, other = say(port, 1), say(port, 2)
    bad = {**good.to_json(), "sig": other.to_json()["sig"]}
    wires = [good.to_json(), bad, {"header": "{}"}, other.to_json(), good.to_json()]
    if form == "array":
        answer = shared.client.post(STATEMENTS, json=wires, headers=shared.bearer)
    else:
        body = "\n\n".join(json.dumps(wire) for wire in wires) + "\n"
        answer = shared.client.post(STATEMENTS, content=body.encode(), headers=shared.bearer | NDJSON)
    assert answer.status_code == 202
    results = answer.json()["results"]
    assert [result["status"] for result in results] == ["accepted", "refused", "refused", "accepted", "repeat"]
    assert [result["code"] for result in results] == [
        None,
        "bad_statement_signature",
        "malformed_statement",
        None,
        None,
    ]
    assert results[2]["id"] is None
    assert results[1]["receipt"] is results[2]["receipt"] is None
    for statement, result in ((good, results[0]), (other, results[3]), (good, results[4])):
        require_receipt(shared, statement, result)


def test_an_array_of_one_is_a_batch(shared: WebHouse, port: Handheld) -> None:
    answer = shared.client.post(STATEMENTS, json=[{"header": "no"}], headers=shared.bearer)
    assert (answer.status_code, answer.json()["results"][0]["status"]) == (202, "refused")
    answer = shared.client.post(STATEMENTS, json=[], headers=shared.bearer)
    assert (answer.status_code, answer.json()) == (202, {"results": []})


def test_details_are_in_the_callers_language(shared: WebHouse) -> None:
    for lang, words in (("en", "signature"), ("zh", "签名")):
        port = shared.device(SiteRole.FIRST_STATION)
        wire = {**say(port).to_json(), "sig": say(port).to_json()["sig"]}
        batch = shared.client.post(STATEMENTS, json=[wire], headers=shared.bearer | {"Accept-Language": lang})
        alone = shared.client.post(STATEMENTS, json=wire, headers=shared.bearer | {"Accept-Language": lang})
        assert words in batch.json()["results"][0]["detail"]
        assert words in alone.json()["detail"]


def test_more_than_a_thousand_are_413_and_none_is_kept(shared: WebHouse, port: Handheld) -> None:
    said = say(port)
    many = [said.to_json(), *({} for _ in range(1000))]
    answer = shared.client.post(STATEMENTS, json=many, headers=shared.bearer)
    assert (answer.status_code, answer.json()["code"], answer.json()["got"]) == (413, "too_many_items", 1001)
    # A device's signature covers the whole body, so nothing of it is taken before all is read.
    body = b"\n".join([json.dumps(said.to_json()).encode(), *[b"{}"] * 1000])
    headers = shared.signed_by(port, "POST", STATEMENTS, body)
    answer = shared.client.post(STATEMENTS, content=body, headers=headers | NDJSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_items")
    assert kept(shared, said) == 0


# Without a token: the statements vouch for themselves


def test_signed_statements_need_no_other_credentials(shared: WebHouse, port: Handheld) -> None:
    said = [say(port, number) for number in range(3)]
    answer = shared.client.post(STATEMENTS, json=[each.to_json() for each in said])
    assert [result["status"] for result in answer.json()["results"]] == ["accepted"] * 3


@pytest.mark.parametrize("what", ["unreadable", "signed by a stranger", "signature of another"])
def test_one_that_is_not_vouched_for_closes_the_door_for_all(shared: WebHouse, port: Handheld, what: str) -> None:
    good = say(port)
    stranger = Handheld(env=shared.env, site=port.site, signer=Ed25519Signer.generate())
    bad: dict[str, object] = {
        "unreadable": {"header": "{}"},
        "signed by a stranger": say(stranger).to_json(),
        "signature of another": {**say(port).to_json(), "sig": good.to_json()["sig"]},
    }
    answer = shared.client.post(STATEMENTS, json=[good.to_json(), bad[what]])
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")
    assert kept(shared, good) == 0


# Refused


def test_other_bytes_under_a_known_id_are_a_conflict(
    shared: WebHouse, port: Handheld, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = say(port)
    post(shared, said)
    monkeypatch.setattr("support.house.statement_id", lambda moment: id_of(said))
    other = say(port, 2)
    assert id_of(other) == id_of(said)
    answer = post(shared, other)
    assert (answer.status_code, answer.json()["code"]) == (409, "id_conflict")
    batch = shared.client.post(STATEMENTS, json=[other.to_json()], headers=shared.bearer)
    assert batch.json()["results"][0]["code"] == "id_conflict"


def unknown(web: WebHouse, port: Handheld) -> Statement:
    return say(Handheld(env=web.env, site=port.site, signer=Ed25519Signer.generate()))


def revoked(web: WebHouse, port: Handheld) -> Statement:
    said = say(port)
    with web.sessions.begin() as session:
        session.execute(text("UPDATE device SET state = 'revoked' WHERE spki = :spki"), {"spki": port.signer.spki})
    return said


REFUSED: dict[str, tuple[Callable[[WebHouse, Handheld], Statement], int, str]] = {
    "unknown device": (unknown, 403, "unknown_device"),
    "revoked device": (revoked, 403, "device_revoked"),
    "other network": (lambda web, port: say(port, net=bytes(32)), 403, "other_network"),
    "another site": (lambda web, port: say(port, site=GLNS[SiteRole.MARKET]), 403, "certificate_mismatch"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_honest_device_sends_is_refused(shared: WebHouse, port: Handheld, case: str) -> None:
    make, status, code = REFUSED[case]
    said = make(shared, port)
    answer = post(shared, said, **{"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert kept(shared, said) == 0


def spoilt(name: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda wire: {**wire, name: change(wire[name])}


SPOILT: dict[str, tuple[Callable[[dict[str, Any]], Any], int, str]] = {
    "a number": (lambda wire: 7, 400, "malformed_statement"),
    "null": (lambda wire: None, 400, "malformed_statement"),
    "a text": (lambda wire: "header", 400, "malformed_statement"),
    "one piece less": (lambda wire: {k: v for k, v in wire.items() if k != "units"}, 400, "malformed_statement"),
    "one piece more": (lambda wire: {**wire, "extra": ""}, 400, "malformed_statement"),
    "a piece that is no text": (spoilt("header", lambda _: 7), 400, "malformed_statement"),
    "a blank in the header": (spoilt("header", lambda text: text.replace(",", ", ", 1)), 400, "not_canonical"),
    "half a character": (spoilt("private", lambda text: text + "\ud800"), 400, "not_canonical"),
    "a zero byte": (spoilt("private", lambda text: text + "\x00"), 400, "not_canonical"),
    "cut off": (spoilt("units", lambda text: text[:-5]), 400, "not_canonical"),
    "a changed piece": (
        spoilt("public", lambda text: text.replace('"cold":"unknown"', '"cold":"ok"')),
        400,
        "hash_mismatch",
    ),
    "too large": (spoilt("private", lambda text: text + " " * 200_000), 413, "statement_too_large"),
    "no signature": (spoilt("sig", lambda _: ""), 400, "malformed_statement"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_cannot_be_read_is_a_problem_and_never_a_crash(shared: WebHouse, port: Handheld, case: str) -> None:
    change, status, code = SPOILT[case]
    wire = change(dict(say(port).to_json()))
    body = json.dumps(wire).encode()
    headers = shared.bearer | {"Content-Type": "application/json"}
    answer = shared.client.post(STATEMENTS, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    checked = shared.client.post(CHECK, content=body, headers=headers)
    assert checked.json()["results"][0]["code"] == code


@pytest.mark.parametrize("field", ["to", "to_name"])
def test_signs_that_the_database_cannot_keep_are_kept_in_the_signed_bytes(
    shared: WebHouse, port: Handheld, field: str
) -> None:
    """A zero byte in a free field is legal in a statement; a column of text has no such sign."""
    draft = port.say(T.SHIP, [unit_line(unit(1))], more=[(field, "a\x00b\U0001f9ca")])
    answer = post(shared, draft)
    assert answer.status_code == 202, answer.text
    with shared.sessions() as session:
        row = session.execute(
            text("SELECT to_gln, to_name FROM statement WHERE entry_id = :id"), {"id": id_of(draft)}
        ).one()
        bytes_kept = session.execute(
            text("SELECT bytes FROM statement_piece WHERE entry_id = :id AND piece = 'private'"), {"id": id_of(draft)}
        ).scalar_one()
    assert bytes(bytes_kept) == draft.private.encode()
    assert {"to": row.to_gln, "to_name": row.to_name}[field] == {"to": None, "to_name": "ab\U0001f9ca"}[field]


@pytest.mark.parametrize("days", [-700_000, -9000, -400, 400, 9000, 2_900_000])
def test_a_clock_years_off_is_accepted_and_marked(shared: WebHouse, port: Handheld, days: int) -> None:
    said = say(port, at=shared.clock.next + timedelta(days=days))
    answer = post(shared, said)
    assert answer.status_code == 202, answer.text
    assert "clock_skew" in answer.json()["results"][0]["marks"]
    require_receipt(shared, said, answer.json()["results"][0])


def test_what_a_device_may_not_say_is_blocked_with_a_receipt(shared: WebHouse) -> None:
    shop = shared.device(SiteRole.RETAILER)
    said = shop.say(T.COMMISSION, [unit_line(unit(1), code=b64(bytes(32)))])
    answer = post(shared, said)
    assert answer.status_code == 202
    (result,) = answer.json()["results"]
    assert (result["status"], result["code"]) == ("blocked", "not_permitted")
    require_receipt(shared, said, result)


# Waiting for the proof


def test_prefer_wait_answers_201_with_a_proof_that_verifies(shared: WebHouse, port: Handheld) -> None:
    said = say(port)
    answer = post(shared, said, Prefer="respond-async, wait=10")
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "wait=10"
    assert answer.json()["results"][0]["status"] == "accepted"
    vkey = vkey_of(name=shared.env.origin, spki=shared.env.keyring.signer("log").spki)
    with shared.sessions() as session:
        leaf = session.execute(
            text("SELECT leaf_hash FROM ledger_entry WHERE entry_id = :id"), {"id": id_of(said)}
        ).scalar_one()
    verify_tlog_proof(answer.json()["proof"], leaf_hash=bytes(leaf), log=vkey)


@pytest.mark.parametrize(
    "lines",
    [
        ["respond-async", "wait=10"],
        ["return=minimal; wait=0", 'Wait = "10"; strictly'],
        ['note="a, wait=0"', "wait=10, wait=0"],
    ],
)
def test_every_line_of_prefer_is_read(shared: WebHouse, port: Handheld, lines: list[str]) -> None:
    fields = [*shared.bearer.items(), ("Content-Type", "application/json"), *(("Prefer", line) for line in lines)]
    answer = shared.client.post(STATEMENTS, content=json.dumps(say(port).to_json()).encode(), headers=fields)
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "wait=10"


@pytest.mark.parametrize(
    "prefer",
    [
        "wait=0",
        "wait=-1",
        "wait=",
        "wait=soon",
        "wait=\u00b2",
        "return=minimal",
        "wait=1e3",
        "return=minimal; wait=10",
        "wait=0, wait=10",
        'respond-async; note=", wait=10"',
    ],
)
def test_other_preferences_are_passed_over(shared: WebHouse, port: Handheld, prefer: str) -> None:
    body = json.dumps(say(port).to_json()).encode()
    headers = {**shared.bearer, "Content-Type": "application/json", "Prefer": prefer}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = shared.client.post(STATEMENTS, content=body, headers=raw)
    assert answer.status_code == 202
    assert "proof" not in answer.json()


# The dry run


def rows(web: WebHouse) -> tuple[int, ...]:
    with web.sessions() as session:
        return tuple(
            int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in ("ledger_entry", "statement", "statement_line", "unit", "statement_piece")
        )


def test_a_check_says_what_would_happen_and_keeps_nothing(web: WebHouse) -> None:
    port = web.device(SiteRole.FIRST_STATION)
    good, bad = say(port, 1), say(port, 2, net=bytes(32))
    before = rows(web)
    answer = web.client.post(CHECK, json=[good.to_json(), bad.to_json()], headers=web.bearer)
    assert answer.status_code == 200
    first, second = answer.json()["results"]
    assert (first["status"], first["receipt"]) == ("accepted", None)
    assert "not_issued" in first["marks"]
    assert (second["status"], second["code"], second["receipt"]) == ("refused", "other_network", None)
    assert rows(web) == before
    alone = web.client.post(CHECK, json=bad.to_json(), headers=web.bearer)
    assert (alone.status_code, alone.json()["results"][0]["code"]) == (200, "other_network")
    assert post(web, good).status_code == 202
    assert web.client.post(CHECK, json=good.to_json(), headers=web.bearer).json()["results"][0]["status"] == "repeat"


def test_a_check_needs_credentials_even_for_signed_statements(shared: WebHouse, port: Handheld) -> None:
    answer = shared.client.post(CHECK, json=say(port).to_json())
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")


# Commit before the answer


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (psycopg.OperationalError("disk full"), 503, "not_ready"),
        (RuntimeError("power cut"), 500, "internal_error"),
    ],
    ids=["the database", "we"],
)
@pytest.mark.parametrize("form", ["alone", "batch"])
def test_a_commit_that_fails_never_answers_202(
    web: WebHouse, fault: Exception, status: int, code: str, form: str
) -> None:
    port = web.device(SiteRole.FIRST_STATION)
    said = say(port)
    body = said.to_json() if form == "alone" else [said.to_json()]
    failed = []

    def fail(session: Session) -> None:
        failed.append(session)
        raise fault

    event.listen(web.app.state.captures.sessions, "before_commit", fail)
    try:
        answer = web.client.post(STATEMENTS, json=body, headers=web.bearer)
    finally:
        event.remove(web.app.state.captures.sessions, "before_commit", fail)
    assert failed
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert kept(web, said) == 0
    assert post(web, said).status_code == 202


def test_the_same_statement_many_times_at_once_is_kept_once(web: WebHouse) -> None:
    port = web.device(SiteRole.FIRST_STATION)
    for _ in range(5):
        said = say(port)
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _, said=said: post(web, said), range(6)))
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [202]
        assert len({json.dumps(answer.json()["results"][0]["receipt"]) for answer in answers}) == 1
        assert kept(web, said) == 1


def test_single_statements_of_one_moment_share_a_commit_and_each_gets_its_own_answer(web: WebHouse) -> None:
    port, store = web.device(SiteRole.FIRST_STATION), web.device(SiteRole.COLD_STORE)
    first, good, same, other, late = say(port, 1), say(port, 2), say(store, 3), say(store, 4), say(port, 5)
    assert post(web, same).status_code == 202
    stranger = Handheld(env=web.env, site=port.site, signer=Ed25519Signer.generate())
    conflict = say(store, 6, id=id_of(same))
    sent: list[tuple[object, dict[str, str]]] = [
        (good, web.bearer),
        (say(stranger, 7), web.bearer),
        (say(stranger, 8), {}),
        (say(port, 9), {"Authorization": "Bearer nonsense"}),
        ({"header": 1}, web.bearer),
        (conflict, web.bearer),
        (same, web.bearer),
        (other, {}),
        (late, web.bearer),
    ]
    answers = share_a_commit(web, held=port, first=first, sent=sent)
    codes = [(answer.status_code, answer.json().get("code")) for answer in answers]
    assert codes == [
        (202, None),
        (202, None),
        (403, "unknown_device"),
        (401, "authentication_required"),
        (401, "token_refused"),
        (400, "malformed_statement"),
        (409, "id_conflict"),
        (200, None),
        (202, None),
        (202, None),
    ]
    assert kept(web, first) == kept(web, good) == kept(web, other) == kept(web, late) == 1
    for statement, answer in [(first, answers[0]), (good, answers[1]), (other, answers[8]), (late, answers[9])]:
        require_receipt(web, statement, answer.json()["results"][0])
    with web.sessions() as session:
        rows = session.execute(text("SELECT entry_id, xmin::text AS transaction FROM ledger_entry")).all()
    transactions = {row.entry_id: row.transaction for row in rows}
    assert transactions[id_of(good)] == transactions[id_of(other)] == transactions[id_of(late)]
    assert transactions[id_of(first)] != transactions[id_of(good)]


def test_a_shared_commit_that_fails_is_told_again_one_by_one(web: WebHouse) -> None:
    """The database ends the joined transaction; every statement of it is kept all the same, once."""
    port, store = web.device(SiteRole.FIRST_STATION), web.device(SiteRole.COLD_STORE)
    first, others = say(port, 1), [say(store, 2), say(store, 3), say(port, 4)]
    failed: list[Session] = []

    def fail(session: Session) -> None:
        if not failed and session.execute(text("SELECT count(*) FROM ledger_entry")).scalar_one() > before + 1:
            failed.append(session)
            raise psycopg.errors.DeadlockDetected("stopped")

    with web.sessions() as session:
        before = int(session.execute(text("SELECT count(*) FROM ledger_entry")).scalar_one())
    event.listen(web.app.state.captures.sessions, "before_commit", fail)
    try:
        answers = share_a_commit(web, held=port, first=first, sent=[(each, web.bearer) for each in others])
    finally:
        event.remove(web.app.state.captures.sessions, "before_commit", fail)
    assert failed
    assert [answer.status_code for answer in answers] == [202] * 4
    assert [kept(web, each) for each in [first, *others]] == [1] * 4


def share_a_commit(
    web: WebHouse, *, held: Handheld, first: Statement, sent: list[tuple[object, dict[str, str]]]
) -> list[httpx.Response]:
    """Hold back the statement that comes first until all others wait behind it; return the answers in order."""
    captures = web.app.state.captures
    with ThreadPoolExecutor(len(sent) + 1) as pool:
        with web.sessions.begin() as session:
            assert lock_devices(session, [key_id(held.signer.spki)])
            answers = [pool.submit(post, web, first)]
            wait_until(lambda: captures.is_writing)
            for number, (statement, headers) in enumerate(sent, 1):
                wire = statement.to_json() if isinstance(statement, Statement) else statement
                answers.append(pool.submit(web.client.post, STATEMENTS, json=wire, headers=headers))
                wait_until(lambda number=number: captures.waiting == number + 1)
        return [answer.result(20) for answer in answers]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def test_a_race_that_never_ends_is_503_and_not_a_conflict(web: WebHouse) -> None:
    """A handheld takes 409 for the end of a statement, so a race must not look like one."""
    port = web.device(SiteRole.FIRST_STATION)
    tries = []

    def fail(session: Session) -> None:
        tries.append(session)
        raise psycopg.errors.UniqueViolation("again")

    event.listen(web.app.state.captures.sessions, "before_commit", fail)
    try:
        answer = post(web, say(port))
    finally:
        event.remove(web.app.state.captures.sessions, "before_commit", fail)
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert len(tries) == 4


def test_many_devices_at_once_about_the_same_units(web: WebHouse) -> None:
    devices = [web.device(role) for role in GLNS]
    batches = [
        [say(device, number) for number in (range(8) if at % 2 else reversed(range(8)))]
        for at, device in enumerate(devices)
    ]
    with ThreadPoolExecutor(5) as pool:
        answers = list(
            pool.map(
                lambda batch: web.client.post(STATEMENTS, json=[s.to_json() for s in batch], headers=web.bearer),
                batches,
            )
        )
    assert [answer.status_code for answer in answers] == [202] * 5
    assert {result["status"] for answer in answers for result in answer.json()["results"]} == {"accepted"}
