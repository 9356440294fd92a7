"""A person's data: all of it in the export and none after the erasure; what is over is purged."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.db.roles import APP
from coldtrace.env import Env
from coldtrace.events.enrolment import token_hash
from coldtrace.journal import service as journal
from coldtrace.journal import store as journal_store
from coldtrace.journal.model import COMMAND_LINE, Act
from coldtrace.parties import service as parties
from coldtrace.parties.refusals import TokenRefused
from coldtrace.people import personal_data, tokens
from coldtrace.people.members import keep_members, reader_of_person
from coldtrace.people.model import PersonState
from coldtrace.people.refusals import LastAdministrator, PersonUnknown
from coldtrace.people.retention import Retention, purge
from coldtrace.people.tables import PersonLinkRow, PersonRow, PersonSessionRow
from coldtrace.rights.model import EVERYTHING, Member, Role, Scope
from support.house import install, make_env
from support.ticking import START, TickingClock, counting_ids
from support.whole_database import everything

EMAIL, NAME, AGENT = "li.lei@example.cn", "李雷", "Firefox of Li Lei"
SECRETS = ("argon2id$secret", "TOTPSECRET", "recovery-hash")


@pytest.fixture
def env(sessions: sessionmaker[Session], tmp_path: Path) -> Env:
    made = replace(make_env(tmp_path / "keys"), clock=TickingClock(), new_id=counting_ids())
    with sessions.begin() as session:
        install(session, made)
    return made


@pytest.fixture
def app(database_url: str) -> Iterator[sessionmaker[Session]]:
    """Sessions in the role of the service: erasing and purging must be possible in it."""
    engine: Engine = make_engine(database_url, role=APP, pool_size=4)
    yield make_sessions(engine)
    engine.dispose()


@pytest.fixture
def firm(app: sessionmaker[Session], env: Env) -> UUID:
    with app() as session:
        return UUID(str(session.execute(text("SELECT operator_id FROM operator")).scalar_one()))


def person(session: Session, env: Env, firm: UUID, *, email: str = EMAIL, role: Role = Role.IMPORTER) -> UUID:
    """Keep an active person with a membership, a session, a link, a token and secrets."""
    person_id = env.new_id()
    now = env.clock()
    session.add(
        PersonRow(
            person_id=person_id, email=email, name=NAME, password_hash=SECRETS[0], password_at=now,
            totp_secret=SECRETS[1], totp_confirmed_at=now, totp_last_step=7, recovery_hashes=[SECRETS[2]],
            state=PersonState.ACTIVE.value, created_at=now, last_sign_in_at=now,
        )
    )  # fmt: skip
    session.flush()
    keep_members(session, env, [Member(role=role, operator_id=firm)], made_by="command line", person_id=person_id)
    later = now + timedelta(days=1)
    session.add(
        PersonSessionRow(
            session_hash=token_hash(email),
            person_id=person_id,
            created_at=now,
            seen_at=now,
            expires_at=later,
            agent=AGENT,
        )
    )
    session.add(
        PersonLinkRow(
            token_hash=token_hash(email), person_id=person_id, purpose="reset", created_at=now, expires_at=later
        )
    )
    session.flush()
    return person_id


def exported(session: Session, person_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("".join(personal_data.export_person(session, person_id, scope=EVERYTHING)))
    return found


def test_the_export_has_everything_but_secrets(app: sessionmaker[Session], env: Env, firm: UUID) -> None:
    with app.begin() as session:
        person_id = person(session, env, firm)
        other = person(session, env, firm, email="other@example.cn")
        token = tokens.make_token(session, env, name="laptop of Li Lei", life=None, person_id=person_id)
        for actor, kind, object in (
            (f"person:{person_id}", "unit", "(00)1"),
            (f"person:{other}", "person", str(person_id)),
            (f"person:{other}", "unit", "(00)2"),
        ):
            journal.record(session, env, Act(actor=actor, act="read", kind=kind, object=object))
    with app() as session:
        found = exported(session, person_id)
        raw = "".join(personal_data.export_person(session, person_id, scope=EVERYTHING))
    assert (found["person"]["email"], found["person"]["name"]) == (EMAIL, NAME)
    assert (found["person"]["has_password"], found["person"]["has_second_factor"]) == (True, True)
    assert [each["role"] for each in found["memberships"]] == ["importer"]
    assert [each["agent"] for each in found["sessions"]] == [AGENT]
    assert [each["purpose"] for each in found["links"]] == ["reset"]
    assert [each["name"] for each in found["tokens"]] == ["laptop of Li Lei"]
    assert [each["object"] for each in found["journal"]] == ["(00)1", str(person_id)]
    for secret in (*SECRETS, token, token_hash(token).hex(), token_hash(EMAIL).hex()):
        assert secret not in raw


def test_a_long_journal_is_read_in_batches(app: sessionmaker[Session], env: Env, firm: UUID) -> None:
    with app.begin() as session:
        person_id = person(session, env, firm)
        for number in range(7):
            act = Act(actor=f"person:{person_id}", act="read", kind="unit", object=str(number))
            journal.record(session, env, act)
    with app() as session:
        found = journal_store.records_of_person(session, person_id, batch=3)
        assert [each.object for each in found] == [str(number) for number in range(7)]


def test_nothing_of_an_erased_person_is_left_but_the_id(app: sessionmaker[Session], env: Env, firm: UUID) -> None:
    with app.begin() as session:
        person_id = person(session, env, firm)
        token = tokens.make_token(session, env, name="laptop of Li Lei", life=None, person_id=person_id)
        journal.record(session, env, Act(actor=f"person:{person_id}", act="read", kind="unit", object="(00)1"))
    with app() as session:
        assert all(each in everything(session) for each in (EMAIL, NAME, AGENT, *SECRETS, "laptop of Li Lei"))
    for _ in range(2):
        with app.begin() as session:
            personal_data.erase_person(session, env, person_id, scope=EVERYTHING, by=None)
    with app() as session:
        left = everything(session)
        for each in (EMAIL, NAME, AGENT, *SECRETS, "laptop of Li Lei", token_hash(EMAIL).hex()):
            assert each not in left
        found = exported(session, person_id)
        assert (found["person"]["state"], found["person"]["email"], found["person"]["name"]) == ("erased", None, "")
        assert (found["sessions"], found["links"], found["tokens"], len(found["journal"])) == ([], [], [], 1)
        assert found["memberships"][0]["ended_at"] is not None
        assert reader_of_person(session, person_id).members == ()
        with pytest.raises(TokenRefused):
            tokens.recognise_token(session, env, token, production=False)


def test_the_last_active_administrator_stays(app: sessionmaker[Session], env: Env, firm: UUID) -> None:
    with app.begin() as session:
        last = person(session, env, firm, role=Role.ADMINISTRATOR)
        gone = person(session, env, firm, email="gone@example.cn", role=Role.ADMINISTRATOR)
        other = person(session, env, firm, email="other@example.cn")
        session.execute(text("UPDATE person SET state = 'closed' WHERE person_id = :id"), {"id": gone})
    with app.begin() as session, pytest.raises(LastAdministrator):
        personal_data.erase_person(session, env, last, scope=EVERYTHING, by=None)
    with app.begin() as session:
        personal_data.erase_person(session, env, other, scope=EVERYTHING, by=None)
        personal_data.erase_person(session, env, gone, scope=EVERYTHING, by=None)
        with pytest.raises(PersonUnknown):
            personal_data.erase_person(session, env, UUID(int=1), scope=EVERYTHING, by=None)


def test_two_administrators_do_not_remove_each_other(app: sessionmaker[Session], env: Env, firm: UUID) -> None:
    with app.begin() as session:
        both = [person(session, env, firm, email=f"{n}@example.cn", role=Role.ADMINISTRATOR) for n in range(2)]

    def erase(person_id: UUID) -> bool:
        try:
            with app.begin() as session:
                personal_data.erase_person(session, env, person_id, scope=EVERYTHING, by=None)
        except LastAdministrator:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(erase, both)) == [False, True]


def test_a_person_is_handled_only_by_whoever_reaches_all_of_it(
    app: sessionmaker[Session], env: Env, firm: UUID
) -> None:
    with app.begin() as session:
        person_id = person(session, env, firm)
        assert personal_data.may_handle(session, person_id, Scope(operators=frozenset({firm})))
        assert personal_data.may_handle(session, person_id, EVERYTHING)
        assert not personal_data.may_handle(session, person_id, Scope(operators=frozenset({UUID(int=7)})))
        assert not personal_data.may_handle(session, UUID(int=1), Scope(operators=frozenset({firm})))


def test_a_manager_handles_no_administrator_and_nobody_who_was_elsewhere_before(
    app: sessionmaker[Session], env: Env, firm: UUID
) -> None:
    """Their records tell what they saw there, and erasing the keeper of the platform is no firm's business."""
    scope = Scope(operators=frozenset({firm}))
    with app.begin() as session:
        other = parties.register_operator(
            session, env, uscc="91310000MA1FL0X00B", name_zh="乙", name_en="B", city_zh="上海", city_en="Shanghai"
        ).operator_id
        keeper = person(session, env, firm, role=Role.ADMINISTRATOR)
        mover = person(session, env, other, email="mover@example.cn")
        session.execute(text("UPDATE membership SET ended_at = now() WHERE person_id = :id"), {"id": mover})
        keep_members(
            session,
            env,
            [Member(role=Role.IMPORTER, operator_id=firm)],
            made_by="command line",
            person_id=mover,
        )
        for person_id in (keeper, mover):
            assert not personal_data.may_handle(session, person_id, scope)
            with pytest.raises(PersonUnknown):
                next(personal_data.export_person(session, person_id, scope=scope))
            with pytest.raises(PersonUnknown):
                personal_data.erase_person(session, env, person_id, scope=scope, by=None)
        assert personal_data.may_handle(session, mover, Scope(operators=frozenset({firm, other})))


def test_a_person_is_found_by_id_or_address(app: sessionmaker[Session], env: Env, firm: UUID) -> None:
    with app.begin() as session:
        person_id = person(session, env, firm)
        for given in (str(person_id), EMAIL, f" {EMAIL.upper()} "):
            assert personal_data.find_person(session, given) == person_id
        for given in ("nobody@example.cn", str(UUID(int=1)), ""):
            with pytest.raises(PersonUnknown):
                personal_data.find_person(session, given)


# Retention

KEEP = Retention(sessions_days=90, links_days=30, sign_in_failures_days=30, invites_days=90, quarantine_days=90)


def counts(session: Session) -> list[int]:
    tables = ("person_session", "person_link", "sign_in_failure", "invite")
    return [int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()) for table in tables]


def left_at(app: sessionmaker[Session], now: datetime) -> list[int]:
    with app.begin() as session:
        while purge(session, KEEP, now=now, batch=2):
            pass
        return counts(session)


def test_what_is_over_goes_when_its_days_are_over(app: sessionmaker[Session], env: Env, firm: UUID) -> None:
    with app.begin() as session:
        for number in range(5):
            person(session, env, firm, email=f"{number}@example.cn")
        session.execute(
            text(
                "INSERT INTO sign_in_failure SELECT sha256(n::text::bytea), 1, :at, NULL FROM generate_series(1, 5) n"
            ),
            {"at": START},
        )
        session.execute(
            text(
                "INSERT INTO invite (token_hash, gln, operations, created_at, expires_at)"
                " SELECT sha256(n::text::bytea), (SELECT gln FROM site LIMIT 1), '{}', :at, :at"
                " FROM generate_series(1, 5) n"
            ),
            {"at": START},
        )
    assert left_at(app, START) == [5, 5, 5, 5]
    assert left_at(app, START + timedelta(days=29)) == [5, 5, 5, 5]
    assert left_at(app, START + timedelta(days=30, hours=1)) == [5, 5, 0, 5]
    assert left_at(app, START + timedelta(days=32)) == [5, 0, 0, 5]
    assert left_at(app, START + timedelta(days=92)) == [0, 0, 0, 0]


def test_what_still_counts_is_kept(app: sessionmaker[Session], env: Env, firm: UUID) -> None:
    """A session that was ended long ago goes though it would not have run out; a lock that is on stays."""
    with app.begin() as session:
        person(session, env, firm)
        session.execute(text("UPDATE person_session SET expires_at = :far"), {"far": START + timedelta(days=999)})
        session.execute(
            text("INSERT INTO sign_in_failure VALUES (sha256('x'), 9, :at, :far)"),
            {"at": START, "far": START + timedelta(days=200)},
        )
    assert left_at(app, START + timedelta(days=120))[0] == 1
    assert left_at(app, START + timedelta(days=120))[2] == 1
    with app.begin() as session:
        session.execute(text("UPDATE person_session SET ended_at = :at"), {"at": START})
    assert left_at(app, START + timedelta(days=120))[0] == 0


def test_the_journal_is_never_purged(app: sessionmaker[Session], env: Env) -> None:
    with app.begin() as session:
        journal.record(session, env, Act(actor=COMMAND_LINE, act="read", kind="unit", object="(00)1"))
    with app.begin() as session:
        assert purge(session, KEEP, now=START + timedelta(days=9999)) == 0
        assert journal_store.pending_count(session) == 1
