"""The published transparency-log vectors, read where they lie.  Without them our own cover the same ground."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from coldtrace.seal.canonical_text import NotInProfile, print_canonical, read_json
from coldtrace.seal.checkpoint import open_checkpoint, parse_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.cosignature import open_cosignatures
from coldtrace.seal.entry_bundle import read_bundle
from coldtrace.seal.hashing import leaf_hash, sha256
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.merkle import Frontier, tree_root
from coldtrace.seal.note import MalformedNote, MalformedVkey, UntrustedNote, open_note, parse_vkey, split_note
from coldtrace.seal.tile_path import TilePath, entries_path, hash_tile_path, parse_tile_path, tile_of
from support.published import own_vectors_dir, vectors_dir


@pytest.fixture(scope="module")
def published() -> Path | None:
    """The folder of the published vectors; where there is none, one line says what is tested instead."""
    folder = vectors_dir()
    if folder is None or not (folder / "tlog").is_dir():
        print("published tlog vectors: not on this machine; tests/vectors/tlog covers the same ground")
        assert (own_vectors_dir() / "tlog" / "merkle.json").is_file()
        return None
    return folder / "tlog"


def test_inclusion_proofs(published: Path | None) -> None:
    for case in _cases(published, "rfc6962/inclusion", at_least=53):
        verdict = verify_inclusion(
            leaf_hash=b64decode(case["leafHash"]),
            index=case["leafIdx"],
            size=case["treeSize"],
            path=[b64decode(each) for each in case["proof"] or []],
            root=b64decode(case["root"]),
        )
        assert verdict is not case["wantErr"], case["desc"]


def test_consistency_proofs(published: Path | None) -> None:
    for case in _cases(published, "rfc6962/consistency", at_least=43):
        verdict = verify_consistency(
            old_size=case["size1"],
            new_size=case["size2"],
            old_root=b64decode(case["root1"]),
            new_root=b64decode(case["root2"]),
            path=[b64decode(each) for each in case["proof"] or []],
        )
        assert verdict is not case["wantErr"], case["desc"]


def test_roots(published: Path | None) -> None:
    if published is None:
        return
    vectors = _json(published / "rfc6962/roots.json")
    hashes = [leaf_hash(bytes.fromhex(each)) for each in vectors["leaf_inputs_hex"]]
    frontier = Frontier()
    for size, root in enumerate(vectors["root_hex_by_size"]):
        assert tree_root(hashes[:size]).hex() == frontier.root().hex() == root
        frontier.extend(hashes[size : size + 1])


def test_notes(published: Path | None) -> None:
    if published is None:
        return
    vectors = _json(published / "notes/notes.json")
    for case in vectors["valid"]:
        opened = open_note(case["note"], [case["vkey"]])
        assert opened.text == split_note(case["note"])[0]
        assert parse_vkey(case["vkey"]).text() == case["vkey"]
    for case in vectors["malformed"]:
        with pytest.raises(MalformedNote):
            open_note(case["note"], [case["vkey"]])
    for case in vectors["invalid_signature"]:
        with pytest.raises(UntrustedNote):
            open_note(case["note"], [case["vkey"]])
    for vkey in vectors["bad_vkeys"]:
        with pytest.raises(MalformedVkey):
            parse_vkey(vkey)


def test_checkpoint_of_the_specification(published: Path | None) -> None:
    if published is None:
        return
    vector = _json(published / "notes/checkpoint-spec-example.json")
    head = parse_checkpoint(split_note(vector["checkpoint"])[0])
    assert (head.origin, head.size) == (vector["origin"], vector["size"])
    assert head.root == b64decode(vector["root_b64"])


def test_cosignature_of_a_witness(published: Path | None) -> None:
    if published is None:
        return
    vector = _json(published / "cosignature/witness2.json")
    head, (cosignature,) = open_cosignatures(vector["cosigned_checkpoint"], [vector["witness_vkey"]])
    assert head.origin == vector["origin"]
    assert sha256(head.origin.encode()).hex() == vector["origin_sha256"]
    assert cosignature.witness.text() == vector["witness_vkey"]
    with pytest.raises(UntrustedNote):
        open_cosignatures(vector["cosigned_checkpoint"].replace("\n300\n", "\n301\n"), [vector["witness_vkey"]])


def test_a_real_tiled_log(published: Path | None) -> None:
    if published is None:
        return
    log = published / "tiles-log"
    vkey = (log / "vkey.txt").read_text().strip()
    for size in range(8):
        head = open_checkpoint((log / f"checkpoint.{size}").read_bytes(), log=vkey).checkpoint
        assert head.size == size
        hashes: list[bytes] = []
        if size:
            tile = (log / hash_tile_path(0, size - 1, size=size).text()).read_bytes()
            hashes = [tile[at : at + 32] for at in range(0, len(tile), 32)]
            bundle = (log / entries_path(size - 1, size=size).text()).read_bytes()
            assert [leaf_hash(each) for each in read_bundle(bundle, count=size)] == hashes
        assert tree_root(hashes) == head.root
    for file in (log / "tile").rglob("*"):
        if file.is_file():
            path = file.relative_to(log).as_posix()
            assert parse_tile_path(path).text() == path


def test_paths(published: Path | None) -> None:
    if published is None:
        return
    vectors = _json(published / "paths/entries_paths.json")
    for case in vectors["for_log_index"]:
        assert entries_path(case["seq"], size=case["log_size"]).text() == case["path"]
    for case in vectors["entries_path"]:
        tile = TilePath(level=None, number=case["n"], width=case["p"] or 256)
        assert tile.text() == case["path"]
        assert parse_tile_path(case["path"]) == tile
    spec = _json(published / "paths/spec_examples.json")
    for number, path in spec["index_path"].items():
        assert TilePath(level=0, number=int(number)).text() == f"tile/0/{path}"
    for size in (70_000, 256):
        sizes = spec[f"tree_size_{size}"]
        for level in range(3):
            full, partial = tile_of(level, size=size)
            assert sizes.get(f"level{level}_full", 0) == full
            assert sizes.get(f"level{level}_partial_width", 0) == partial


def test_canonical_texts(published: Path | None) -> None:
    """RFC 8785 pairs: inside our profile we print the same bytes, outside it we refuse."""
    if published is None:
        return
    inside = 0
    for file in sorted((published / "jcs/input").iterdir()):
        expected = (published / "jcs/output" / file.name).read_text(encoding="utf-8")
        try:
            printed = print_canonical(read_json(file.read_text(encoding="utf-8")))
        except NotInProfile:
            continue
        assert printed == expected
        inside += 1
    # The other two have keys beyond ASCII and a float.
    assert inside == 1


def _cases(published: Path | None, folder: str, *, at_least: int) -> list[dict[str, Any]]:
    if published is None:
        return []
    cases = [_json(file) for file in sorted((published / folder).rglob("*.json"))]
    assert len(cases) >= at_least
    return cases


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
