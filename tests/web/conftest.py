"""An application for the tests of this folder: one for a file, or one for a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.databases import Databases
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
