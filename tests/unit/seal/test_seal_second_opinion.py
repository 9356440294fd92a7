"""A verifier that was written from the specifications alone agrees with ours: proofs, notes, cosignatures."""

from hypothesis import given
from hypothesis import strategies as st

from coldtrace.seal.cosignature import cosign, witness_vkey
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.merkle import consistency_path, inclusion_path, tree_root
from coldtrace.seal.note import add_signatures, split_note
from coldtrace.seal.tile_path import entries_path, hash_tile_path, tile_of
from support import spec_verifier as spec
from support.sample_log import SampleLog
from support.tlog_vectors import signer

LARGEST = 300
HASHES = [leaf_hash(b"leaf %d" % at) for at in range(LARGEST)]


def test_every_root_up_to_300() -> None:
    for size in range(LARGEST + 1):
        assert tree_root(HASHES[:size]) == spec.mth(HASHES[:size])


@given(st.integers(1, LARGEST), st.data())
def test_proofs_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(HASHES, index, size)
    assert path == spec.path(index, HASHES[:size])
    assert spec.root_of_path(HASHES[index], index, size, path) == spec.mth(HASHES[:size])
    growth = consistency_path(HASHES, index, size)
    assert growth == spec.proof(index, HASHES[:size])
    if index:
        roots = spec.roots_of_proof(index, size, spec.mth(HASHES[:index]), growth)
        assert roots == (spec.mth(HASHES[:index]), spec.mth(HASHES[:size]))


def test_a_cosigned_checkpoint() -> None:
    log = SampleLog()
    note = log.note(5)
    line = cosign(split_note(note)[0], name="witness.example/one", signer=signer("one"), at_s=1_795_406_400)
    witness = witness_vkey(name="witness.example/one", spki=signer("one").spki)
    keys = [spec.read_vkey(log.vkey.text()), spec.read_vkey(witness.text())]
    assert spec.verify_note(add_signatures(note, [line]), keys) == {keys[0]: None, keys[1]: 1_795_406_400}
    assert spec.read_checkpoint(note) == (log.origin, 5, log.root(5))


@given(st.integers(1, 2**22))
def test_the_paths_of_the_right_edge(size: int) -> None:
    last = size - 1
    assert entries_path(last, size=size).text() == spec.bundle_paths(size)[-1]
    level = 0
    while size >> 8 * level:
        full, partial = tile_of(level, size=size)
        count = full * 256 + partial
        assert count == size // 256**level
        path = hash_tile_path(level, count - 1, size=size).text()
        assert path.startswith(f"tile/{level}/")
        level += 1
