"""The journal in the database: recorded with the act, chained afterwards, anchored once a day."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.db.roles import APP
from coldtrace.env import Env
from coldtrace.journal import service as journal
from coldtrace.journal import store
from coldtrace.journal.model import COMMAND_LINE, Act
from coldtrace.journal.rules import anchor_body, next_hash, record_text
from coldtrace.journal.store import Asked
from coldtrace.rights.model import Scope
from support.house import install, make_env
from support.ticking import TickingClock

FIRM, SHOP = UUID(int=0xF1), UUID(int=0xF2)


def act(**differs: object) -> Act:
    usual: dict[str, object] = {"actor": COMMAND_LINE, "act": "read", "kind": "unit", "object": "(00)1"}
    return Act(**(usual | differs))  # type: ignore[arg-type]


@pytest.fixture
def env(sessions: sessionmaker[Session], tmp_path: Path, clock: TickingClock, new_id: Callable[[], UUID]) -> Env:
    made = replace(make_env(tmp_path / "keys"), clock=clock, new_id=new_id)
    with sessions.begin() as session:
        install(session, made)
    return made


@pytest.fixture
def app(database_url: str) -> Iterator[sessionmaker[Session]]:
    """Sessions in the role of the service."""
    engine: Engine = make_engine(database_url, role=APP, pool_size=4)
    yield make_sessions(engine)
    engine.dispose()


def test_a_record_is_kept_as_it_was_told(app: sessionmaker[Session], env: Env) -> None:
    with app.begin() as session:
        record_id = journal.record(
            session,
            env,
            act(
                actor="person:1",
                operators=frozenset({SHOP, FIRM}),
                roles=frozenset({"importer", "cold_store"}),
                purpose="抽查",
                subjects=frozenset({SHOP}),
                sites=frozenset({"9521234000051", "9521234000044"}),
                detail={"count": 3},
            ),
        )
    with app.begin() as session:
        assert journal.chain(session, env) == 1
        (link,) = store.links(session, after=0)
    record = link.record
    assert (record.record_id, record.actor, record.purpose) == (record_id, "person:1", "抽查")
    assert (record.operators, record.roles, record.subjects) == ((FIRM, SHOP), ("cold_store", "importer"), (SHOP,))
    assert (record.detail, record.sites) == ('{"count":3}', ("9521234000044", "9521234000051"))
    assert link.hash == next_hash(env.net, record_text(1, record))


def test_an_act_that_is_undone_leaves_no_record(app: sessionmaker[Session], env: Env) -> None:
    with app() as session:
        journal.record(session, env, act())
        session.rollback()
        assert store.pending_count(session) == 0
        assert journal.chain(session, env) == 0


def test_nobody_waits_for_another_to_record(app: sessionmaker[Session], env: Env) -> None:
    with app() as slow, app() as quick:
        slow.execute(text("SET LOCAL lock_timeout = '1s'"))
        quick.execute(text("SET LOCAL lock_timeout = '1s'"))
        first = journal.record(slow, env, act(object="slow"))
        second = journal.record(quick, env, act(object="quick"))
        quick.commit()
        with app.begin() as session:
            session.execute(text("SET LOCAL lock_timeout = '1s'"))
            assert journal.chain(session, env) == 1
        slow.commit()
    with app.begin() as session:
        assert journal.chain(session, env) == 1
        assert [link.record.record_id for link in store.links(session, after=0)] == [second, first]


def test_the_chain_goes_on_where_it_ended(app: sessionmaker[Session], env: Env) -> None:
    with app.begin() as session:
        ids = [journal.record(session, env, act(object=str(number))) for number in range(7)]
    lengths = []
    for _ in range(4):
        with app.begin() as session:
            lengths.append(journal.chain(session, env, count=3))
    assert lengths == [3, 3, 1, 0]
    with app() as session:
        links = list(store.links(session, after=0, batch=2))
        assert [(link.seq, link.record.record_id) for link in links] == list(enumerate(ids, start=1))
        before = env.net
        for link in links:
            before = next_hash(before, record_text(link.seq, link.record))
            assert link.hash == before
        assert store.unlinked(session, limit=5) == []


def test_many_processes_make_one_chain(app: sessionmaker[Session], env: Env) -> None:
    def work(number: int) -> int:
        done = 0
        for _ in range(10):
            with app.begin() as session:
                journal.record(session, env, act(object=str(number)))
            with app.begin() as session:
                done += journal.chain(session, env, count=4)
        return done

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(work, range(4)))
    with app.begin() as session:
        done += journal.chain(session, env)
        assert done == 40
        assert [link.seq for link in store.links(session, after=0)] == list(range(1, 41))


def anchored(app: sessionmaker[Session], env: Env) -> bool:
    with app.begin() as session:
        return journal.anchor(session, env) is not None


def recorded(app: sessionmaker[Session], env: Env) -> None:
    with app.begin() as session:
        journal.record(session, env, act())
    with app.begin() as session:
        assert journal.chain(session, env) == 1


def test_a_day_has_one_anchor_and_none_when_nothing_is_new(
    app: sessionmaker[Session], env: Env, clock: TickingClock
) -> None:
    assert not anchored(app, env)
    recorded(app, env)
    assert [anchored(app, env) for _ in range(2)] == [True, False]
    recorded(app, env)
    assert not anchored(app, env)
    clock.forward(timedelta(days=1))
    assert [anchored(app, env) for _ in range(2)] == [True, False]
    clock.forward(timedelta(days=1))
    assert not anchored(app, env)
    recorded(app, env)
    assert anchored(app, env)
    with app() as session:
        anchors = store.anchors(session)
        assert [(each.day.day, each.head.seq) for each in anchors] == [(23, 1), (24, 2), (25, 3)]
        leaves = session.execute(
            text("SELECT convert_from(leaf, 'UTF8') FROM ledger_entry WHERE entry_id = ANY(:ids) ORDER BY entry_id"),
            {"ids": [each.entry_id for each in anchors]},
        ).scalars()
        assert [json.loads(leaf)["body"] for leaf in leaves] == [anchor_body(each) for each in anchors]


def test_processes_at_the_same_moment_make_one_anchor(app: sessionmaker[Session], env: Env) -> None:
    recorded(app, env)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: anchored(app, env), range(8)))
    assert sum(made) == 1
    with app() as session:
        assert len(store.anchors(session)) == 1


def reached(scope: Scope, told: Act) -> bool:
    """Tell by the rule alone whether a record is in a scope."""
    named = told.operators | told.subjects
    return scope.everything or bool(named & scope.operators) or bool(told.sites & scope.sites)


def test_a_scope_of_organisations_or_sites_sees_what_names_them(app: sessionmaker[Session], env: Env) -> None:
    """Every combination of who acted, whose data it was and at which sites, for every kind of scope, page by page."""
    firms, glns = (FIRM, SHOP), ("9521234000044", "9521234000051")
    some = [frozenset[UUID](), *(frozenset({each}) for each in firms), frozenset(firms)]
    sites = [frozenset[str](), *(frozenset({each}) for each in glns), frozenset(glns)]
    told = [act(operators=a, subjects=b, sites=c) for a in some for b in some for c in sites]
    with app.begin() as session:
        kept = {journal.record(session, env, each): each for each in told}
    scopes = [Scope(operators=a, sites=c) for a in some for c in sites]
    for scope in [*scopes, Scope(everything=True), Scope(areas=frozenset({""}))]:
        found, after = [], None
        while True:
            with app() as session:
                page = store.list_records(session, scope, Asked(after=after, limit=7))
            found += [each.record_id for each in page]
            if len(page) < 7:
                break
            after = page[-1].record_id
        assert found == [id for id in reversed(kept) if reached(scope, kept[id])], scope
