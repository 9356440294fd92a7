"""An application for the tests of this folder, one for a file or one for a test; and the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coldtrace.cli.installation import open_installation
from coldtrace.cli.main import main
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from coldtrace.settings import load_settings
from support.command_line import Ran, Run
from support.databases import Databases
from support.house import DISTRICTS, GLNS
from support.web_house import WebHouse, web_house


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    """An application of this test alone."""
    with web_house(databases, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """An application that all tests of a file share: each leaves it as good as it was."""
    with web_house(databases, tmp_path_factory.mktemp("web")) as made:
        yield made


@pytest.fixture
def first_run(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command in this process where there is no installation yet."""
    monkeypatch.setenv("COLDTRACE_DATABASE_URL", database_url)
    monkeypatch.setenv("COLDTRACE_DATA_DIR", str(tmp_path / "my data"))

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        try:
            status = main([str(each) for each in arguments])
        except SystemExit as error:  # argparse
            status = int(str(error.code))
        told = capsys.readouterr()
        return Ran(status=status, out=told.out, err=told.err)

    return run


@pytest.fixture
def run(first_run: Run) -> Run:
    """Run a command in this process against an installation of this test."""
    with open_installation(load_settings(), create=True):
        pass
    return first_run


@pytest.fixture
def port(run: Run) -> Run:
    """The same, with a first station registered."""
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        operator = parties.register_operator(
            session,
            installation.env,
            uscc="91120116MA05TE5T1N",
            name_zh="滨海远洋",
            name_en="Binhai",
            city_zh="天津",
            city_en="Tianjin",
        )
        parties.register_site(
            session,
            installation.env,
            parties.RegisterSite(
                gln=GLNS[SiteRole.FIRST_STATION],
                operator=operator,
                name_zh="口岸",
                name_en="Port",
                role=SiteRole.FIRST_STATION,
                district=DISTRICTS[SiteRole.FIRST_STATION],
            ),
        )
    return run
