"""Every way to change a journal is found: by its own chain, by the log's anchors, and in an export by a stranger."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.journal import service as journal
from coldtrace.journal import store
from coldtrace.journal.check_export import check_export
from coldtrace.journal.export import export_lines
from coldtrace.journal.finding import WORDS, Finding, JournalFault, JournalReport
from coldtrace.journal.model import COMMAND_LINE, Act
from coldtrace.journal.rules import next_hash, record_text
from coldtrace.journal.verify import verify
from coldtrace.ledger import service as ledger
from coldtrace.seal.b64 import b64
from coldtrace.seal.vkey import Vkey, parse_vkey
from support.house import install, make_env
from support.log_entries import grow
from support.ticking import TickingClock, counting_ids

A_DAY, DAYS = 4, 3
F = JournalFault


@pytest.fixture
def env(sessions: sessionmaker[Session], engine: Engine, tmp_path: Path) -> Env:
    """Three days of four records, each anchored in the log; then one more record that is not."""
    clock = TickingClock()
    made = replace(make_env(tmp_path / "keys"), clock=clock, new_id=counting_ids())
    with sessions.begin() as session:
        install(session, made)
    for day in range(DAYS):
        record(sessions, made, *(f"{day}-{number}" for number in range(A_DAY)))
        with sessions.begin() as session:
            assert journal.anchor(session, made) is not None
        clock.forward(timedelta(days=1))
    record(sessions, made, "last")
    with engine.begin() as connection:
        grow(connection, made)
    return made


def record(sessions: sessionmaker[Session], env: Env, *objects: str) -> None:
    with sessions.begin() as session:
        for each in objects:
            journal.record(session, env, Act(actor=COMMAND_LINE, act="read", kind="unit", object=each))
    with sessions.begin() as session:
        assert journal.chain(session, env) == len(objects)


@pytest.fixture
def intruder(env: Env, sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session of somebody who owns the database and has taken the triggers off."""
    with sessions() as session:
        session.execute(text("SET session_replication_role = replica"))
        yield session
        session.rollback()


def chain_anew(session: Session, env: Env) -> None:
    """Chain all records that are left as if nothing had happened."""
    records = session.execute(text("SELECT record_id FROM journal_record ORDER BY record_id")).scalars().all()
    session.execute(text("DELETE FROM journal_link"))
    session.execute(text("DELETE FROM journal_pending"))
    session.execute(text("INSERT INTO journal_pending SELECT unnest(CAST(:ids AS uuid[]))"), {"ids": list(records)})
    assert journal.chain(session, env) == len(records)


def found(report: JournalReport) -> set[tuple[JournalFault, str]]:
    return {(each.code, each.where) for each in report.findings}


def test_an_honest_journal_is_clean(env: Env, session: Session) -> None:
    report = verify(session, env)
    assert report.ok, report.findings
    assert (report.records, report.seq, report.anchors, report.unanchored, report.waiting) == (13, 13, 3, 1, 0)
    journal.record(session, env, Act(actor=COMMAND_LINE, act="read", kind="unit", object="new"))
    assert verify(session, env).waiting == 1


@pytest.mark.parametrize(
    "change",
    [
        "at = at + interval '1 microsecond'", "actor = 'x'", "actor_operators = ARRAY[gen_random_uuid()]",
        "actor_roles = ARRAY['market']", "act = 'list'", "kind = 'case'", "object = 'other'", "purpose = 'x'",
        "subjects = ARRAY[gen_random_uuid()]", "detail = '{\"count\"\\:1}'", "detail = '{ }'",
    ],
)  # fmt: skip
def test_an_edited_record(env: Env, intruder: Session, change: str) -> None:
    intruder.execute(text(f"UPDATE journal_record SET {change} WHERE object = '1-1'"))
    assert found(verify(intruder, env)) == {(F.RECORD_CHANGED, "6")}


def test_an_edited_hash(env: Env, intruder: Session) -> None:
    intruder.execute(text("UPDATE journal_link SET hash = sha256('x') WHERE seq = 6"))
    assert found(verify(intruder, env)) == {(F.RECORD_CHANGED, "6"), (F.RECORD_CHANGED, "7")}


@pytest.mark.parametrize("with_link", [True, False])
def test_a_dropped_record(env: Env, intruder: Session, with_link: bool) -> None:
    ids = list(intruder.execute(text("SELECT record_id FROM journal_link WHERE seq = 6")).scalars())
    intruder.execute(text("DELETE FROM journal_record WHERE record_id = ANY(:ids)"), {"ids": ids})
    if with_link:
        intruder.execute(text("DELETE FROM journal_link WHERE seq = 6"))
    assert (F.RECORD_MISSING, "6") in found(verify(intruder, env))


def test_a_dropped_record_whose_place_is_closed(env: Env, intruder: Session) -> None:
    ids = list(intruder.execute(text("DELETE FROM journal_link WHERE seq = 6 RETURNING record_id")).scalars())
    intruder.execute(text("DELETE FROM journal_record WHERE record_id = ANY(:ids)"), {"ids": ids})
    for seq in range(7, 14):
        intruder.execute(text("UPDATE journal_link SET seq = seq - 1 WHERE seq = :seq"), {"seq": seq})
    assert {(F.RECORD_CHANGED, "6"), (F.ANCHOR_DIFFERS, "2026-11-24")} <= found(verify(intruder, env))


def test_an_inserted_record(env: Env, intruder: Session) -> None:
    journal.record(intruder, env, Act(actor=COMMAND_LINE, act="read", kind="unit", object="planted"))
    (planted,) = intruder.execute(text("DELETE FROM journal_pending RETURNING record_id")).scalars().all()
    assert found(verify(intruder, env)) == {(F.RECORD_UNCHAINED, str(planted))}
    intruder.execute(text("UPDATE journal_link SET seq = seq + 1000 WHERE seq > 5"))
    intruder.execute(text("UPDATE journal_link SET seq = seq - 999 WHERE seq > 5"))
    intruder.execute(text("INSERT INTO journal_link VALUES (6, :id, sha256('x'))"), {"id": planted})
    assert (F.RECORD_CHANGED, "6") in found(verify(intruder, env))


def test_reordered_records(env: Env, intruder: Session) -> None:
    for old, new in ((6, 100), (7, 6), (100, 7)):
        intruder.execute(text("UPDATE journal_link SET seq = :new WHERE seq = :old"), {"old": old, "new": new})
    assert {(F.RECORD_CHANGED, "6"), (F.RECORD_CHANGED, "7")} <= found(verify(intruder, env))


def test_a_cut_tail(env: Env, intruder: Session) -> None:
    ids = list(intruder.execute(text("DELETE FROM journal_link WHERE seq > 10 RETURNING record_id")).scalars())
    assert {code for code, _ in found(verify(intruder, env))} == {F.CHAIN_CUT, F.RECORD_UNCHAINED}
    intruder.execute(text("DELETE FROM journal_record WHERE record_id = ANY(:ids)"), {"ids": ids})
    assert found(verify(intruder, env)) == {(F.CHAIN_CUT, "12")}
    # Without the anchor in the journal's own table the log still knows.
    intruder.execute(text("DELETE FROM journal_anchor WHERE seq > 10"))
    assert found(verify(intruder, env)) == {(F.CHAIN_CUT, "12"), (F.ANCHOR_UNKNOWN, "2026-11-25")}


@pytest.mark.parametrize("anchors", ["kept", "dropped", "forged"])
def test_a_chain_written_anew_is_found_by_the_anchors_in_the_log(env: Env, intruder: Session, anchors: str) -> None:
    intruder.execute(text("UPDATE journal_record SET object = 'nothing' WHERE object = '1-1'"))
    chain_anew(intruder, env)
    if anchors == "dropped":
        intruder.execute(text("DELETE FROM journal_anchor"))
    if anchors == "forged":
        intruder.execute(text("UPDATE journal_anchor a SET hash = l.hash FROM journal_link l WHERE l.seq = a.seq"))
    known = found(verify(intruder, env))
    assert {where for code, where in known if code is F.ANCHOR_DIFFERS} == {"2026-11-24", "2026-11-25"}
    assert (F.ANCHOR_UNKNOWN, "2026-11-24") in known or anchors == "kept"


def test_an_anchor_that_is_not_in_the_log(env: Env, intruder: Session) -> None:
    intruder.execute(text("UPDATE journal_anchor SET entry_id = gen_random_uuid() WHERE day = '2026-11-24'"))
    day = "2026-11-24"
    assert found(verify(intruder, env)) == {(F.ANCHOR_MISSING, day), (F.ANCHOR_UNKNOWN, day)}


def test_two_anchors_of_a_day(env: Env, intruder: Session) -> None:
    intruder.execute(
        text(
            "INSERT INTO ledger_entry (log_id, entry_id, leaf, leaf_hash, received_at)"
            " SELECT log_id, gen_random_uuid(), leaf, leaf_hash, received_at FROM ledger_entry WHERE entry_id ="
            " (SELECT entry_id FROM journal_anchor WHERE day = '2026-11-24')"
        )
    )
    assert (F.ANCHOR_TWICE, "2026-11-24") in found(verify(intruder, env))


# An export in a stranger's hands


@pytest.fixture
def vkey(env: Env, session: Session) -> Vkey:
    return parse_vkey(dict(ledger.logs(session))[env.log])


def exported(session: Session, env: Env, **span: object) -> list[str]:
    return [line + "\n" for line in export_lines(session, env, **span)]  # type: ignore[arg-type]


def test_a_stranger_checks_an_export(env: Env, session: Session, vkey: Vkey) -> None:
    report = check_export(exported(session, env), logs=[vkey], net=env.net)
    assert report.ok, report.findings
    assert (report.records, report.anchors, report.unproved, report.unanchored) == (13, 3, 0, 1)
    assert (report.seq, report.hash) == (verify(session, env).seq, verify(session, env).hash)
    assert check_export(exported(session, env), logs=[]).unproved == 3
    assert not check_export(exported(session, env), logs=[vkey], net=bytes(32)).ok


def test_an_export_of_some_days_goes_on_to_the_next_anchor(env: Env, session: Session, vkey: Vkey) -> None:
    links = list(store.links(session, after=0))
    lines = exported(session, env, since=links[5].record.at, until=links[6].record.at)
    report = check_export(lines, logs=[vkey])
    assert report.ok, report.findings
    assert (report.records, report.seq, report.anchors, report.unanchored) == (3, 8, 1, 0)
    nothing = exported(session, env, since=links[-1].record.at + timedelta(seconds=1))
    assert (check_export(nothing, logs=[vkey]).ok, len(nothing)) == (True, 2)


def test_an_anchor_that_is_not_published_yet_is_said(env: Env, sessions: sessionmaker[Session], vkey: Vkey) -> None:
    with sessions.begin() as session:
        assert journal.anchor(session, env) is not None
    with sessions() as session:
        report = check_export(exported(session, env), logs=[vkey])
    assert (report.ok, report.anchors, report.unproved, report.unanchored) == (True, 4, 1, 1)


def forged(lines: list[str], env: Env) -> list[str]:
    """Return an export with one record changed and everything that the forger can reckon reckoned anew."""
    records = [json.loads(line) for line in lines if '"seq"' in line and '"act"' in line]
    records[5]["object"] = "nothing"
    texts = [json.dumps(each, ensure_ascii=False, sort_keys=True, separators=(",", ":")) for each in records]
    head = env.net
    for each in texts:
        head = next_hash(head, each)
    rest = [line for line in lines if '"act"' not in line]
    end = json.loads(rest[-1])
    end["end"]["hash"] = b64(head)
    return [*rest[:-1], *(each + "\n" for each in texts), json.dumps(end, separators=(",", ":"), sort_keys=True) + "\n"]


TAMPER: dict[str, tuple[Callable[[list[str], Env], list[str]], JournalFault]] = {
    "edited": (lambda lines, env: [line.replace('"1-1"', '"1-9"') for line in lines], F.ANCHOR_DIFFERS),
    "dropped": (lambda lines, env: [line for line in lines if '"1-1"' not in line], F.RECORD_MISSING),
    "doubled": (lambda lines, env: [*lines[:6], lines[5], *lines[6:]], F.RECORD_MISSING),
    "reordered": (lambda lines, env: [*lines[:6], lines[7], lines[6], *lines[8:]], F.RECORD_MISSING),
    "cut": (lambda lines, env: lines[:-3], F.EXPORT_END),
    "cut before an anchor": (lambda lines, env: lines[:-4], F.ANCHOR_DIFFERS),
    "goes on behind its end": (lambda lines, env: [*lines, lines[-2]], F.EXPORT_TEXT),
    "blanks": (lambda lines, env: [line.replace('"act":', '"act": ') for line in lines], F.EXPORT_TEXT),
    "no head": (lambda lines, env: lines[1:], F.EXPORT_TEXT),
    "nothing": (lambda lines, env: [], F.EXPORT_END),
    "another anchor": (lambda lines, env: [line.replace("2026-11-24", "2026-11-26") for line in lines], F.PROOF_BAD),
    "written anew": (forged, F.ANCHOR_DIFFERS),
    "chain begins elsewhere": (
        lambda lines, env: [lines[0].replace('"hash":"', '"hash":"A')[:-5] + '"}}\n', *lines[1:]],
        F.EXPORT_TEXT,
    ),
}


@pytest.mark.parametrize("name", TAMPER)
def test_a_changed_export_is_found_without_us(name: str, env: Env, session: Session, vkey: Vkey) -> None:
    change, code = TAMPER[name]
    report = check_export(change(exported(session, env), env), logs=[vkey])
    assert code in report.counts, report.findings


def test_a_proof_of_another_place_proves_nothing(env: Env, session: Session, vkey: Vkey) -> None:
    changed = [line.replace("\\nindex ", "\\nindex 1") for line in exported(session, env)]
    assert check_export(changed, logs=[vkey]).counts == {F.PROOF_BAD: 3}


def test_the_longest_chain_is_read_in_pieces(env: Env, session: Session) -> None:
    texts = [record_text(link.seq, link.record) for link in store.links(session, after=0, batch=2)]
    assert [json.loads(each)["seq"] for each in texts] == list(range(1, 14))


def test_every_fault_has_words() -> None:
    assert set(WORDS) == set(JournalFault)
    for code in JournalFault:
        assert "7" in Finding(code, "7").say("zh")
        assert "7" in Finding(code, "7").say("en")
