"""The files of tests/vectors/tlog are what our code makes today: a format never changes by accident."""

import json

import pytest

from support.tlog_vectors import build, frozen


@pytest.mark.parametrize("name", sorted(build()))
def test_frozen_file_is_what_we_would_write(name: str) -> None:
    assert frozen(name) == json.loads(json.dumps(build()[name]))
