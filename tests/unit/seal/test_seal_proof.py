"""The offline proof file of C2SP tlog-proof."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.errors import Refusal
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.note import UntrustedNote
from coldtrace.seal.tlog_proof import (
    MalformedProof,
    ProofRefused,
    QuorumMissed,
    TlogProof,
    parse_tlog_proof,
    verify_tlog_proof,
)
from support.tlog_vectors import frozen

VECTORS = frozen("proof.json")
PROOF, VKEY, WITNESS = VECTORS["proof"], VECTORS["vkey"], VECTORS["witness"]
LEAF = leaf_hash(VECTORS["leaf"].encode())


def test_frozen_proof_verifies() -> None:
    opened = verify_tlog_proof(PROOF, leaf_hash=LEAF, log=VKEY, witnesses=[WITNESS], quorum=1)
    assert opened.checkpoint.size == 13
    assert parse_tlog_proof(PROOF).text() == PROOF


def test_extra_data_is_carried_and_not_believed() -> None:
    proof = parse_tlog_proof(VECTORS["with_extra"])
    assert proof.extra == b"hi"
    assert proof.text() == VECTORS["with_extra"]
    verify_tlog_proof(proof, leaf_hash=LEAF, log=VKEY)


@pytest.mark.parametrize("case", VECTORS["malformed"], ids=lambda case: case["why"])
def test_malformed_proofs(case: dict[str, str]) -> None:
    with pytest.raises(MalformedProof):
        parse_tlog_proof(case["proof"])


def test_another_leaf_another_index_another_log() -> None:
    with pytest.raises(ProofRefused):
        verify_tlog_proof(PROOF, leaf_hash=leaf_hash(b"leaf 8"), log=VKEY)
    with pytest.raises(ProofRefused) as refusal:
        verify_tlog_proof(PROOF.replace("index 9", "index 8", 1), leaf_hash=LEAF, log=VKEY)
    assert refusal.value.facts == {"index": 8, "size": 13}
    with pytest.raises(UntrustedNote):
        verify_tlog_proof(PROOF, leaf_hash=LEAF, log=frozen("notes.json")["witnesses"][1])


def test_the_policy_asks_for_witnesses() -> None:
    with pytest.raises(QuorumMissed):
        verify_tlog_proof(PROOF, leaf_hash=LEAF, log=VKEY, witnesses=[], quorum=1)
    with pytest.raises(QuorumMissed):
        verify_tlog_proof(PROOF, leaf_hash=LEAF, log=VKEY, witnesses=[WITNESS], quorum=2)


@given(st.integers(0, len(PROOF.encode()) * 8 - 1))
def test_one_flipped_bit_never_verifies(bit: int) -> None:
    data = PROOF.encode()
    flipped = (int.from_bytes(data, "big") ^ (1 << bit)).to_bytes(len(data), "big")
    # A flip that leaves no UTF-8 is kept as a lone surrogate, which is no text either.
    text = flipped.decode("utf-8", "surrogateescape")
    with pytest.raises(Refusal):
        verify_tlog_proof(text, leaf_hash=LEAF, log=VKEY, witnesses=[WITNESS], quorum=1)


@given(
    st.integers(0, 2**63 - 2),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.none() | st.binary(max_size=20),
    st.text(min_size=1, max_size=20),
)
def test_proof_files_round_trip(index: int, path: list[bytes], extra: bytes | None, note: str) -> None:
    proof = TlogProof(index=index, path=tuple(path), checkpoint=note, extra=extra)
    assert parse_tlog_proof(proof.text()) == proof


@given(st.text(max_size=60) | st.text("index 09\nAB=", max_size=40).map(lambda t: f"c2sp.org/tlog-proof@v1\n{t}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        proof = parse_tlog_proof(text)
    except MalformedProof:
        return
    assert proof.text() == text
