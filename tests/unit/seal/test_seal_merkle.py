"""The tree: proofs hold for every size, and nothing else is a proof."""

from base64 import b64decode
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.hashing import EMPTY_ROOT, leaf_hash, node_hash
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.merkle import (
    Frontier,
    MalformedFrontier,
    OutsideTree,
    consistency_path,
    consistency_path_from,
    inclusion_path,
    inclusion_path_from,
    root_from,
    tree_root,
)
from support.tlog_vectors import frozen, leaves

VECTORS = frozen("merkle.json")
LARGEST = 300
HASHES = [leaf_hash(each) for each in leaves(LARGEST)]


@cache
def subtree(level: int, index: int) -> bytes:
    """What a log would have stored."""
    if level == 0:
        return HASHES[index]
    return node_hash(subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1))


@cache
def root_of(size: int) -> bytes:
    return tree_root(HASHES[:size])


def test_frozen_roots() -> None:
    for size, root in VECTORS["roots"].items():
        assert root_of(int(size)).hex() == root
    assert root_of(0) == EMPTY_ROOT


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda case: case["desc"])
def test_frozen_inclusion_proofs(case: dict[str, object]) -> None:
    assert inclusion_verdict(case) is not case["wantErr"]


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda case: case["desc"])
def test_frozen_consistency_proofs(case: dict[str, object]) -> None:
    assert consistency_verdict(case) is not case["wantErr"]


def inclusion_verdict(case: dict[str, object]) -> bool:
    """Run one case of the published shape."""
    return verify_inclusion(
        leaf_hash=_data(case["leafHash"]),
        index=_number(case["leafIdx"]),
        size=_number(case["treeSize"]),
        path=_path(case["proof"]),
        root=_data(case["root"]),
    )


def consistency_verdict(case: dict[str, object]) -> bool:
    """Run one case of the published shape."""
    return verify_consistency(
        old_size=_number(case["size1"]),
        new_size=_number(case["size2"]),
        old_root=_data(case["root1"]),
        new_root=_data(case["root2"]),
        path=_path(case["proof"]),
    )


def test_frontier_grows_like_the_tree() -> None:
    frontier = Frontier()
    for size in range(LARGEST):
        assert (frontier.size, frontier.root()) == (size, root_of(size))
        assert root_from(subtree, size=size) == root_of(size)
        frontier = Frontier.from_bytes(frontier.to_bytes())
        frontier.append(HASHES[size])
    assert frontier.root() == root_of(LARGEST)


def test_frozen_frontier() -> None:
    frontier = Frontier.from_bytes(bytes.fromhex(VECTORS["frontier_13"]))
    assert (frontier.size, frontier.root()) == (13, root_of(13))
    frontier.extend(HASHES[13:LARGEST])
    assert frontier.root() == root_of(LARGEST)


@given(st.binary(max_size=140))
def test_frontier_bytes_are_read_strictly(data: bytes) -> None:
    try:
        frontier = Frontier.from_bytes(data)
    except MalformedFrontier:
        return
    assert frontier.to_bytes() == data


def test_every_inclusion_proof_up_to_300() -> None:
    for size in range(1, LARGEST + 1):
        for index in range(size):
            path = inclusion_path_from(subtree, index=index, size=size)
            assert verify_inclusion(leaf_hash=HASHES[index], index=index, size=size, path=path, root=root_of(size))


def test_every_consistency_proof_up_to_300() -> None:
    for new in range(LARGEST + 1):
        for old in range(new + 1):
            path = consistency_path_from(subtree, old_size=old, new_size=new)
            assert verify_consistency(
                old_size=old, new_size=new, old_root=root_of(old), new_root=root_of(new), path=path
            )


@given(st.integers(1, LARGEST), st.data())
def test_proofs_from_leaves_equal_proofs_from_subtrees(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    assert inclusion_path(HASHES, index, size) == inclusion_path_from(subtree, index=index, size=size)
    assert consistency_path(HASHES, index, size) == consistency_path_from(subtree, old_size=index, new_size=size)


@given(st.integers(2, LARGEST), st.data())
def test_one_flipped_bit_in_an_inclusion_proof(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path_from(subtree, index=index, size=size)
    parts = [HASHES[index], root_of(size), *path]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[which] = _flipped(parts[which], bit)
    assert not verify_inclusion(leaf_hash=parts[0], index=index, size=size, path=parts[2:], root=parts[1])


@given(st.integers(2, LARGEST), st.data())
def test_a_leaf_has_no_second_place(size: int, data: st.DataObject) -> None:
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    path = inclusion_path_from(subtree, index=index, size=size)
    assert not verify_inclusion(leaf_hash=HASHES[index], index=other, size=size, path=path, root=root_of(size))


@given(st.integers(2, LARGEST), st.data())
def test_one_flipped_bit_in_a_consistency_proof(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    path = consistency_path_from(subtree, old_size=old, new_size=new)
    parts = [root_of(old), root_of(new), *path]
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    parts[which] = _flipped(parts[which], bit)
    assert not verify_consistency(old_size=old, new_size=new, old_root=parts[0], new_root=parts[1], path=parts[2:])


@given(
    st.integers(-5, 2**70),
    st.integers(-5, 2**70),
    st.lists(st.binary(min_size=31, max_size=33), max_size=70),
    st.binary(max_size=33),
)
def test_verifiers_never_raise_and_never_believe_noise(one: int, two: int, path: list[bytes], root: bytes) -> None:
    assert not verify_inclusion(leaf_hash=HASHES[0], index=one, size=two, path=path, root=root)
    assert not verify_consistency(old_size=one, new_size=two, old_root=HASHES[0], new_root=root, path=path)


def test_a_node_cannot_pass_as_a_leaf() -> None:
    """The prefix bytes: the two halves of a node, taken as the bytes of a leaf, hash to something else."""
    assert leaf_hash(HASHES[0] + HASHES[1]) != node_hash(HASHES[0], HASHES[1])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (0, LARGEST + 1)])
def test_no_proof_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(OutsideTree):
        inclusion_path(HASHES, index, size)


@pytest.mark.parametrize(("old", "new"), [(4, 3), (-1, 3), (1, LARGEST + 1)])
def test_no_consistency_outside_the_tree(old: int, new: int) -> None:
    with pytest.raises(OutsideTree):
        consistency_path(HASHES, old, new)


def test_the_empty_tree_is_the_beginning_of_every_tree() -> None:
    assert verify_consistency(old_size=0, new_size=5, old_root=EMPTY_ROOT, new_root=root_of(5), path=[])
    assert not verify_consistency(old_size=0, new_size=5, old_root=HASHES[0], new_root=root_of(5), path=[])
    assert not verify_consistency(old_size=0, new_size=0, old_root=HASHES[0], new_root=HASHES[0], path=[])


def _data(value: object) -> bytes:
    assert isinstance(value, str)
    return b64decode(value)


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value


def _path(value: object) -> list[bytes]:
    return [_data(each) for each in value] if isinstance(value, list) else []


def _flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "big") ^ (1 << bit)).to_bytes(len(data), "big")
