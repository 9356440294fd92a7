"""Role x object x verb, for every second asker: the other half of `test_rights_matrix.py`."""

from collections.abc import Iterator

import pytest

from support.databases import Databases
from support.rights_walk import matrix_world, walk
from support.rights_world import ASKERS, World


@pytest.fixture(scope="module")
def world(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with matrix_world(databases, tmp_path_factory.mktemp("web")) as made:
        yield made


@pytest.mark.parametrize("name", ASKERS[1::2])
def test_the_rest_of_the_matrix(world: World, name: str) -> None:
    assert walk(world, name) == []
