"""Closing beside what goes on at the same moment: nobody is invited to a site that is being closed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.parties import closing
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from coldtrace.parties.refusals import SiteClosed, SiteUnknown
from support.house import GLNS, install, make_env

MARKET = GLNS[SiteRole.MARKET]
URL = "http://127.0.0.1:8000"


@pytest.fixture
def env(sessions: sessionmaker[Session], tmp_path: Path) -> Env:
    made = make_env(tmp_path / "keys")
    with sessions.begin() as session:
        install(session, made)
    return made


def firm_of(session: Session) -> UUID:
    found: UUID = session.execute(text("SELECT operator_id FROM site WHERE gln = :gln"), {"gln": MARKET}).scalar_one()
    return found


@contextmanager
def impatient(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """Give a session that waits for nobody longer than a moment."""
    with sessions() as session:
        session.execute(text("SET LOCAL lock_timeout = '100ms'"))
        yield session


CLOSERS: dict[str, Callable[[Session, Env], object]] = {
    "a site": lambda session, env: closing.close_site(session, env, MARKET),
    "an organisation": lambda session, env: closing.close_organisation(session, env, firm_of(session)),
}


@pytest.mark.parametrize("what", CLOSERS)
def test_an_invitation_waits_for_a_closing_and_then_is_refused(
    sessions: sessionmaker[Session], env: Env, what: str
) -> None:
    with sessions.begin() as closer:
        CLOSERS[what](closer, env)
        with impatient(sessions) as inviter, pytest.raises(OperationalError, match="lock timeout"):
            parties.invite_device(inviter, env, gln=MARKET, url=URL)
    with pytest.raises(SiteClosed), sessions.begin() as inviter:
        parties.invite_device(inviter, env, gln=MARKET, url=URL)


@pytest.mark.parametrize("what", CLOSERS)
def test_a_closing_waits_for_an_invitation_and_then_withdraws_it(
    sessions: sessionmaker[Session], env: Env, what: str
) -> None:
    with sessions.begin() as inviter:
        parties.invite_device(inviter, env, gln=MARKET, url=URL)
        with impatient(sessions) as closer, pytest.raises(OperationalError, match="lock timeout"):
            CLOSERS[what](closer, env)
    with sessions.begin() as closer:
        CLOSERS[what](closer, env)
    with sessions() as session:
        assert session.execute(text("SELECT count(*) FROM invite WHERE withdrawn_at IS NULL")).scalar_one() == 0


def test_closing_again_keeps_the_moment_and_reopening_again_changes_nothing(
    sessions: sessionmaker[Session], env: Env
) -> None:
    def closed_at() -> object:
        with sessions() as session:
            return session.execute(text("SELECT closed_at FROM site WHERE gln = :gln"), {"gln": MARKET}).scalar_one()

    found = []
    for act in (
        lambda session: closing.close_site(session, env, MARKET),
        lambda session: closing.close_site(session, env, MARKET),
        lambda session: closing.reopen_site(session, MARKET),
        lambda session: closing.reopen_site(session, MARKET),
    ):
        with sessions.begin() as session:
            act(session)
        found.append(closed_at())
    assert found[0] is not None
    assert found == [found[0], found[0], None, None]
    with pytest.raises(SiteUnknown), sessions.begin() as session:
        closing.close_site(session, env, "9521239000018")
