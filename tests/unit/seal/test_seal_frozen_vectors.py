"""The files of tests/vectors/tlog are what our code makes today: a format never changes by accident."""

import json

import pytest

from support import tlog_vectors, witness_vectors
from support.tlog_vectors import frozen

BUILT = {**tlog_vectors.build(), **witness_vectors.build()}


@pytest.mark.parametrize("name", sorted(BUILT))
def test_frozen_file_is_what_we_would_write(name: str) -> None:
    assert frozen(name) == json.loads(json.dumps(BUILT[name]))
