"""Fixtures of all tests: databases made by the migrations, a ticking clock, counting ids."""

import math
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Browser, Page
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.seal import sm2
from support.browser import open_browser
from support.databases import Databases, test_server
from support.published import vectors_dir
from support.ticking import TickingClock, counting_bytes, counting_ids

# A slow machine is no failure, and the same commit gives the same result: chance belongs to `make soak`.
hypothesis_settings.register_profile(
    "test", deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile(
    "soak", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--scale full` runs the long counts (make soak)."""
    parser.addoption("--scale", choices=["small", "full"], default="small", help="small: make test; full: make soak")
    parser.addoption("--minutes", type=float, default=math.inf, help="kill no more after so many minutes, and say so")


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples properties get."""
    hypothesis_settings.load_profile("soak" if config.getoption("--scale") == "full" else "test")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which vectors were tested, so that nothing is left out in silence.  (A header would not show with `-q`.)"""
    folder = vectors_dir()
    found = str(folder) if folder else "not on this machine, only our own were tested"
    terminalreporter.write_line(f"published vectors: {found}")
    terminalreporter.write_line(f"scale: {config.getoption('--scale')}")


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> str:
    """Return `small` (make test) or `full` (make soak)."""
    return str(request.config.getoption("--scale"))


@pytest.fixture(scope="session")
def minutes(request: pytest.FixtureRequest) -> float:
    """Return for how many minutes tests that kill go on, if their kills are not done before."""
    return float(request.config.getoption("--minutes"))


@pytest.fixture
def without_sm2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installation without the `[sm2]` extra: its library cannot be imported."""
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    sm2.library.cache_clear()
    yield
    sm2.library.cache_clear()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless chromium; fails when there is none.  One at a time: Playwright allows a thread no second one."""
    with open_browser(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page as wide as a phone, 390 px, with nothing remembered."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True
    )
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A server with a template database built by the migrations; started when the first test asks for it."""
    with test_server() as url:
        made = Databases(url)
        made.build_template()
        yield made
        made.drop_template()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The URL of a database of one's own with our schema and nothing in it."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """The URL of a database without any schema."""
    url = databases.create(empty=True)
    yield url
    databases.drop(url)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on `database_url`."""
    made = make_engine(database_url, pool_size=4)
    yield made
    made.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """The factory of sessions on `database_url`: `with sessions.begin() as session:`."""
    return make_sessions(engine)


@pytest.fixture
def session(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """One session on `database_url`, rolled back at the end unless the test commits."""
    with sessions() as made:
        yield made


@pytest.fixture
def clock() -> TickingClock:
    """A clock that starts at 2026-11-23 04:00 UTC and moves one second with every look."""
    return TickingClock()


@pytest.fixture
def new_id() -> Callable[[], UUID]:
    """UUIDv7 that count up and are the same in every run."""
    return counting_ids()


@pytest.fixture
def random_bytes() -> Callable[[int], bytes]:
    """Bytes that look random and are the same in every run."""
    return counting_bytes()


@pytest.fixture
def at() -> datetime:
    """The moment at which `clock` starts."""
    return TickingClock().next
