"""Proofs in a tree of a million leaves, made from tiles in memory and checked by both verifiers."""

import random
from hashlib import sha256
from itertools import pairwise

import pytest

from coldtrace.audit.tree import Tree
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.merkle import consistency_path_from, inclusion_path_from, root_from
from support.spec_verifier import root_of_path, roots_of_proof

LARGEST = 1_000_000
EDGES = (1, 2, 255, 256, 257, 65_535, 65_536, 65_537, 131_072, 524_288, 524_289, 999_999, LARGEST)


class MemoryTiles:
    """The full tiles of a log, level by level, as a log stores them: a reader of subtrees."""

    def __init__(self, hashes: list[bytes]) -> None:
        self._levels = [hashes]
        while len(self._levels[-1]) >= 256:
            below = self._levels[-1]
            self._levels.append([_root(below[at : at + 256]) for at in range(0, len(below) - 255, 256)])

    def __call__(self, level: int, index: int) -> bytes:
        """Return the root of a complete subtree of 2^level leaves."""
        tile_level, height = divmod(level, 8)
        return _root(self._levels[tile_level][index << height : (index + 1) << height])


def _root(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [
            sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=True)
        ]
    return hashes[0]


@pytest.fixture(scope="module")
def hashes() -> list[bytes]:
    return [leaf_hash(b"leaf %d" % at) for at in range(LARGEST)]


@pytest.fixture(scope="module")
def tiles(hashes: list[bytes]) -> MemoryTiles:
    return MemoryTiles(hashes)


@pytest.fixture(scope="module")
def roots(hashes: list[bytes]) -> dict[int, bytes]:
    """The roots of sampled sizes, by the auditor's tree, which shares nothing with what makes proofs."""
    chance = random.Random(6962)
    sizes = sorted({*EDGES, *(chance.randrange(1, LARGEST) for _ in range(60))})
    tree, found = Tree(), {}
    for size in sizes:
        tree.extend(hashes[tree.size : size])
        found[size] = tree.root()
    return found


def test_roots_from_tiles(tiles: MemoryTiles, roots: dict[int, bytes]) -> None:
    for size, root in roots.items():
        assert root_from(tiles, size=size) == root


def test_inclusion_at_sampled_sizes(tiles: MemoryTiles, roots: dict[int, bytes], hashes: list[bytes]) -> None:
    chance = random.Random(9162)
    for size, root in roots.items():
        for index in {0, size - 1, size // 2, *(chance.randrange(size) for _ in range(8))}:
            path = inclusion_path_from(tiles, index=index, size=size)
            assert verify_inclusion(leaf_hash=hashes[index], index=index, size=size, path=path, root=root)
            assert root_of_path(hashes[index], index, size, path) == root
            assert len(path) <= 20
            if size > 1:
                other = (index + 1) % size
                assert not verify_inclusion(leaf_hash=hashes[index], index=other, size=size, path=path, root=root)


def test_consistency_between_sampled_sizes(tiles: MemoryTiles, roots: dict[int, bytes]) -> None:
    sizes = sorted(roots)
    chance = random.Random(4)
    pairs = [*pairwise(sizes), *(sorted(chance.sample(sizes, 2)) for _ in range(200))]
    for old, new in pairs:
        path = consistency_path_from(tiles, old_size=old, new_size=new)
        assert verify_consistency(old_size=old, new_size=new, old_root=roots[old], new_root=roots[new], path=path)
        assert roots_of_proof(old, new, roots[old], path) == (roots[old], roots[new])
        assert not verify_consistency(old_size=old, new_size=new, old_root=roots[new], new_root=roots[new], path=path)
