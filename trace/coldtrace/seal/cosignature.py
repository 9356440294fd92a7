"""What a witness adds to a checkpoint (C2SP tlog-cosignature, Ed25519, `cosignature/v1`), and when it is enough.

A witness signs that at a time this was the largest tree it had seen of the log, and that everything before was
consistent with it.  It must have checked and stored that *before* it signs; nothing here can check that for it.

    line       — <witness name> base64(key id | 8 bytes POSIX seconds, big-endian | 64-byte Ed25519)
    signed     "cosignature/v1" 0A "time " seconds 0A | checkpoint text
"""

from collections.abc import Iterable

from coldtrace.seal.checkpoint import Checkpoint, Cosignature, cosignatures_of, parse_checkpoint
from coldtrace.seal.note import NoteSignature, open_note
from coldtrace.seal.public_key import UnsupportedAlgorithm
from coldtrace.seal.signer import Signer
from coldtrace.seal.vkey import WITNESS_KIND, Vkey, cosigned_bytes, vkey_of

__all__ = ["Cosignature", "cosign", "has_quorum", "open_cosignatures", "witness_vkey"]


def cosign(text: str, *, name: str, signer: Signer, at_s: int) -> NoteSignature:
    """Return the cosignature of a checkpoint text by witness `name`; raise MalformedCheckpoint.

    `at_s` must never be lower than in an earlier cosignature of this witness.
    """
    parse_checkpoint(text)
    if signer.alg != "Ed25519":
        raise UnsupportedAlgorithm(alg=signer.alg)
    signature = signer.sign(cosigned_bytes(text, at_s=at_s))
    vkey = witness_vkey(name=name, spki=signer.spki)
    return NoteSignature(name=name, key_id=vkey.key_id, signature=at_s.to_bytes(8, "big") + signature)


def witness_vkey(*, name: str, spki: bytes) -> Vkey:
    """Return the verifier key of a witness."""
    return vkey_of(name=name, spki=spki, kind=WITNESS_KIND)


def open_cosignatures(note: str | bytes, witnesses: Iterable[Vkey | str]) -> tuple[Checkpoint, tuple[Cosignature, ...]]:
    """Return the checkpoint and cosignatures of a note on which only witnesses vouch for the log.

    Raises MalformedNote, UntrustedNote (no known witness, or a bad line of one) and MalformedCheckpoint.
    """
    opened = open_note(note, witnesses)
    return parse_checkpoint(opened.text), cosignatures_of(opened)


def has_quorum(cosignatures: Iterable[Cosignature], *, quorum: int) -> bool:
    """Tell whether at least `quorum` different witnesses have cosigned; one key under two names is one witness."""
    return len({each.witness.spki for each in cosignatures}) >= quorum
