"""The rules of a witness, pure: whose checkpoint it is, and whether the log only grew (C2SP tlog-witness)."""

from collections.abc import Sequence

from coldtrace.seal.add_checkpoint import AddCheckpoint
from coldtrace.seal.checkpoint import parse_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.hashing import EMPTY_ROOT
from coldtrace.seal.note import UntrustedNote, open_note, split_note
from coldtrace.seal.vkey import Vkey
from coldtrace.witness.model import Head, Signed
from coldtrace.witness.refusals import GrowthNotProved, NotSignedByLog, OldAboveSize, RootConflict, SizeConflict


def open_signed(note: str, logs: Sequence[Vkey]) -> Signed:
    """Return the checkpoint if one of the registered keys of its origin has signed it.

    `logs` are the keys of that origin.  Lines of strangers are ignored; a wrong line of a registered key is not.
    Raises MalformedNote, MalformedCheckpoint or NotSignedByLog.
    """
    checkpoint = parse_checkpoint(split_note(note)[0])
    try:
        opened = open_note(note, [key for key in logs if key.name == checkpoint.origin])
    except UntrustedNote:
        raise NotSignedByLog(origin=checkpoint.origin) from None
    return Signed(checkpoint=checkpoint, text=opened.text, line=opened.verified[0][1])


def check_growth(request: AddCheckpoint, signed: Signed, head: Head | None) -> None:
    """Return if the witness may cosign: what it cosigned last is the beginning of this tree.

    Raises OldAboveSize, SizeConflict, RootConflict or GrowthNotProved, in the order of the specification.
    """
    checkpoint = signed.checkpoint
    size, root = (0, EMPTY_ROOT) if head is None else (head.size, head.root)
    if request.old > checkpoint.size:
        raise OldAboveSize(old=request.old, size=checkpoint.size)
    if head is not None and checkpoint.size == size and checkpoint.root != root:
        # Told first, whatever `old` says: nothing is worse, and nothing proves it better.
        raise RootConflict(origin=checkpoint.origin, size=size)
    if request.old != size:
        raise SizeConflict(size=size, old=request.old)
    if not verify_consistency(
        old_size=size, new_size=checkpoint.size, old_root=root, new_root=checkpoint.root, path=request.proof
    ):
        raise GrowthNotProved(old=size, size=checkpoint.size)
