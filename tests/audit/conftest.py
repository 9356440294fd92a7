"""A log that is built once, and a copy of it for each test to ruin."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from support.audited_log import AuditedLog, build
from support.databases import Databases


@pytest.fixture(scope="package")
def original(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AuditedLog]:
    """The log as it should be; nobody changes it."""
    made = build(databases, tmp_path_factory.mktemp("audited") / "keys")
    yield made
    databases.drop(made.url)


@pytest.fixture
def log(original: AuditedLog, databases: Databases) -> Iterator[AuditedLog]:
    """A copy of it."""
    url = databases.copy(original.url)
    yield replace(original, url=url)
    databases.drop(url)
