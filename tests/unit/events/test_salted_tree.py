"""The salted tree: any number of leaves, any order, every path; and what it hides."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.events.salted_tree import is_width, leaf_hash, salted_tree
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.merkle import tree_root

KEY = bytes(range(16))


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(b"leaf %d" % number) for number in range(count)]


@pytest.mark.parametrize(("count", "width"), [(0, 16), (1, 16), (15, 16), (16, 16), (17, 32), (300, 512), (5000, 8192)])
def test_width_is_a_power_of_two(count: int, width: int) -> None:
    tree = salted_tree(leaves(count), key=KEY)
    assert tree.width == width
    assert is_width(width)
    assert tree.root == tree_root(tree.levels[0])
    assert list(tree.levels[0]) == sorted(tree.levels[0])


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 60, 300])
def test_every_path_leads_to_the_root(count: int) -> None:
    tree = salted_tree(leaves(count), key=KEY)
    for leaf in leaves(count):
        place = tree.path_of(leaf)
        assert verify_inclusion(leaf_hash=leaf, index=place.index, size=tree.width, path=place.path, root=tree.root)


@given(st.permutations(range(20)))
def test_order_does_not_show(order: list[int]) -> None:
    hashes = leaves(20)
    assert salted_tree([hashes[at] for at in order], key=KEY) == salted_tree(hashes, key=KEY)


def test_another_salt_is_another_root() -> None:
    roots = {salted_tree(leaves(3), key=bytes([number]) * 16).root for number in range(10)}
    assert len(roots) == 10


def test_a_pad_is_not_a_leaf() -> None:
    tree = salted_tree(leaves(3), key=KEY)
    real = set(leaves(3))
    assert len([each for each in tree.levels[0] if each not in real]) == 13
    assert len(set(tree.levels[0])) == 16


@pytest.mark.parametrize("width", [0, 1, 8, 15, 17, 24, 16384, -16])
def test_widths_that_no_header_may_name(width: int) -> None:
    assert not is_width(width)


def test_distinct_counts_have_distinct_roots() -> None:
    roots = [salted_tree(leaves(count), key=KEY).root for count in range(40)]
    assert all(a != b for a, b in itertools.combinations(roots, 2))
