"""Tile paths and entry bundles of C2SP tlog-tiles: one spelling, read strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.seal.entry_bundle import LeafTooLong, MalformedBundle, read_bundle, write_bundle
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.merkle import tree_root
from coldtrace.seal.tile_path import (
    MalformedTilePath,
    TilePath,
    entries_path,
    hash_tile_path,
    parse_tile_path,
    tile_of,
)
from support.tlog_vectors import frozen, leaves

VECTORS = frozen("tiles.json")


@pytest.mark.parametrize("case", VECTORS["paths"], ids=lambda case: case["path"])
def test_frozen_paths(case: dict[str, object]) -> None:
    tile = TilePath(level=case["level"], number=case["number"], width=case["width"])  # type: ignore[arg-type]
    assert tile.text() == case["path"]
    assert parse_tile_path(tile.text()) == tile


@pytest.mark.parametrize("text", VECTORS["malformed_paths"], ids=repr)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(MalformedTilePath):
        parse_tile_path(text)


@pytest.mark.parametrize("case", VECTORS["widths"], ids=str)
def test_frozen_widths(case: dict[str, int]) -> None:
    assert tile_of(case["level"], size=case["size"]) == (case["full"], case["partial"])


@given(st.none() | st.integers(0, 63), st.integers(0, 2**62), st.integers(1, 256))
def test_paths_round_trip(level: int | None, number: int, width: int) -> None:
    tile = TilePath(level=level, number=number, width=width)
    assert parse_tile_path(tile.text()) == tile


@given(st.text(max_size=30) | st.text("tile/0123xp.", max_size=30).map(lambda text: f"tile/0/{text}"))
def test_whatever_path_is_read_is_the_only_spelling(text: str) -> None:
    try:
        tile = parse_tile_path(text)
    except MalformedTilePath:
        return
    assert tile.text() == text


@given(st.integers(1, 2**40), st.data())
def test_each_leaf_is_in_the_tile_that_is_named(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    tile = entries_path(index, size=size)
    assert tile.number * 256 <= index < tile.number * 256 + tile.width <= size
    assert hash_tile_path(0, index, size=size) == TilePath(level=0, number=tile.number, width=tile.width)


@pytest.mark.parametrize(("level", "index", "size"), [(0, 0, 0), (0, 5, 5), (0, -1, 5), (1, 0, 255), (1, 1, 300)])
def test_no_tile_outside_the_tree(level: int, index: int, size: int) -> None:
    with pytest.raises(MalformedTilePath):
        hash_tile_path(level, index, size=size)


def test_frozen_bundle_hashes_to_the_frozen_tile() -> None:
    read = read_bundle(bytes.fromhex(VECTORS["bundle_hex"]), count=VECTORS["bundle_count"])
    assert read == leaves(5)
    assert b"".join(map(leaf_hash, read)).hex() == VECTORS["level_0_tile_hex"]
    assert tree_root([leaf_hash(each) for each in leaves(256)]).hex() == VECTORS["level_1_tile_of_256_hex"]


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_bundles_round_trip(some: list[bytes]) -> None:
    data = write_bundle(some)
    assert read_bundle(data, count=len(some)) == some
    for wrong in (len(some) + 1, len(some) - 1):
        with pytest.raises(MalformedBundle):
            read_bundle(data, count=wrong)


@given(st.binary(max_size=60), st.integers(0, 5))
def test_any_bundle_bytes_are_read_exactly_or_refused(data: bytes, count: int) -> None:
    try:
        some = read_bundle(data, count=count)
    except MalformedBundle:
        return
    assert write_bundle(some) == data


def test_the_largest_leaf() -> None:
    assert read_bundle(write_bundle([bytes(65_535)]), count=1) == [bytes(65_535)]
    with pytest.raises(LeafTooLong):
        write_bundle([bytes(65_536)])
