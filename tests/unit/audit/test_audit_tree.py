"""The auditor's own tree against the log's, and against the recursive definition."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.audit.prefix import HashesMissing, roots_at
from coldtrace.audit.tree import Node, Tree
from coldtrace.seal.hashing import EMPTY_ROOT, leaf_hash
from coldtrace.seal.merkle import Frontier, tree_root
from support.spec_verifier import mth

HASHES = [leaf_hash(b"%d" % at) for at in range(1400)]


def stored(level: int, first: int, count: int) -> Sequence[bytes]:
    """What a log of all hashes has stored."""
    if level == 0:
        return HASHES[first : first + count]
    span = 256**level
    last = min(first + count, len(HASHES) // span)
    return [tree_root(HASHES[at * span : (at + 1) * span]) for at in range(first, last)]


def test_the_root_at_every_size() -> None:
    tree, frontier = Tree(), Frontier()
    assert tree.root() == EMPTY_ROOT
    for size, each in enumerate(HASHES, 1):
        tree.extend([each])
        frontier.append(each)
        assert tree.root() == frontier.root()
        assert tree.size.to_bytes(8, "big") + b"".join(tree.edge) == frontier.to_bytes()
        if size % 97 == 0:
            assert tree.root() == mth(HASHES[:size])


@given(st.lists(st.integers(0, 600), max_size=8))
def test_however_the_leaves_come(parts: list[int]) -> None:
    tree, nodes, at = Tree(), [], 0
    for part in parts:
        nodes += tree.extend(HASHES[at : min(at + part, len(HASHES))])
        at = min(at + part, len(HASHES))
        tree = Tree(tree.size, tree.edge)
    assert (tree.size, tree.root()) == (at, tree_root(HASHES[:at]))
    assert nodes == [Node(1, number, root) for number, root in enumerate(stored(1, 0, at // 256))]


def test_nodes_of_the_second_level() -> None:
    tree = Tree()
    block = [bytes([at % 256]) * 32 for at in range(256)]
    done = [node for _ in range(256 * 2 + 1) for node in tree.extend(block)]
    upper = [node for node in done if node.level == 2]
    assert [node.at for node in upper] == [0, 1]
    assert upper[0].hash == upper[1].hash == tree_root([tree_root(block)] * 256)
    assert tree.root() == tree_root(block * 513)


@pytest.mark.parametrize(("size", "edge"), [(1, []), (2, [b"x"]), (3, [bytes(32)]), (0, [bytes(32)])])
def test_a_frontier_that_does_not_fit(size: int, edge: list[bytes]) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Tree(size, edge)


def test_roots_before_the_start_from_stored_hashes() -> None:
    chance = random.Random(1)
    for _ in range(200):
        new = chance.randrange(len(HASHES) + 1)
        old = chance.randrange(new + 1)
        assert roots_at(stored, old=old, new=new) == (tree_root(HASHES[:old]), tree_root(HASHES[:new]))


def test_roots_from_a_log_that_lacks_hashes() -> None:
    with pytest.raises(HashesMissing):
        roots_at(stored, old=300, new=len(HASHES) + 1)
