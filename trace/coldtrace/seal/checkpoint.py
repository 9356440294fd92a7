"""Checkpoints (C2SP tlog-checkpoint): a log says in a signed note how large it is and what its root is.

    origin           a schemeless URL; also the name of the log's key
    size             decimal, no leading zero
    root             padded base64 of 32 bytes
    (extension lines of other people's logs are kept; we write none)

>>> from coldtrace.seal.hashing import EMPTY_ROOT
>>> Checkpoint("example.com/log", 0, EMPTY_ROOT).text()
'example.com/log\\n0\\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\\n'
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from coldtrace.errors import Refusal, Words
from coldtrace.seal.b64 import MalformedBase64, std_b64, un_std_b64
from coldtrace.seal.hashing import EMPTY_ROOT, HASH_BYTES
from coldtrace.seal.inclusion import MAX_SIZE
from coldtrace.seal.note import OpenedNote, UntrustedNote, open_note, sign_note
from coldtrace.seal.signer import Signer
from coldtrace.seal.vkey import WITNESS_KIND, Vkey, parse_vkey

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class MalformedCheckpoint(Refusal):
    """The text of the note is no checkpoint."""

    code = "malformed_checkpoint"
    title = Words("日志检查点有误", "Malformed checkpoint")
    detail = Words(
        "文本不是 C2SP 检查点（来源、大小、根哈希三行）；请从日志重新取得。",
        "The text is not a C2SP checkpoint (origin, size, root hash); fetch it from the log again.",
    )


@dataclass(frozen=True)
class Checkpoint:
    """The tree head of a log."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text to sign, ending in a newline."""
        lines = (self.origin, str(self.size), std_b64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class Cosignature:
    """A witness's word that at `at_s` (POSIX seconds) this was the largest tree it had seen of the log."""

    witness: Vkey
    at_s: int


@dataclass(frozen=True)
class OpenedCheckpoint:
    """A checkpoint with the log's own valid signature, and the valid cosignatures of known witnesses."""

    checkpoint: Checkpoint
    text: str
    cosignatures: tuple[Cosignature, ...]


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint of a note's text; raise MalformedCheckpoint.  No signature is looked at."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines) or not _SIZE.fullmatch(lines[1]):
        raise MalformedCheckpoint()
    try:
        root = un_std_b64(lines[2])
    except MalformedBase64:
        raise MalformedCheckpoint() from None
    size = int(lines[1])
    if size > MAX_SIZE or len(root) != HASH_BYTES or (size == 0 and root != EMPTY_ROOT):
        raise MalformedCheckpoint()
    return Checkpoint(origin=lines[0], size=size, root=root, extensions=tuple(lines[3:]))


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> str:
    """Return the note of a checkpoint, signed under its origin.

    Never call it for a tree that is not an extension of the last one signed: that cannot be taken back.
    """
    if parse_checkpoint(checkpoint.text()) != checkpoint:
        raise MalformedCheckpoint()
    return sign_note(checkpoint.text(), checkpoint.origin, signer)


def open_checkpoint(note: str | bytes, *, log: Vkey | str, witnesses: Iterable[Vkey | str] = ()) -> OpenedCheckpoint:
    """Return the checkpoint of a note that the log has signed, with the cosignatures of these witnesses.

    Raises MalformedNote, UntrustedNote, MalformedCheckpoint.  The origin must be the name of the log's key.
    Whether the cosignatures are enough is the caller's question: see `cosignature.has_quorum`.
    """
    return _open(note, parse_vkey(log) if isinstance(log, str) else log, tuple(witnesses))


@lru_cache(maxsize=64)  # the newest one is opened again and again, for every proof under it
def _open(note: str | bytes, log: Vkey, witnesses: tuple[Vkey | str, ...]) -> OpenedCheckpoint:
    opened = open_note(note, [log, *witnesses])
    checkpoint = parse_checkpoint(opened.text)
    if checkpoint.origin != log.name or all(key != log for key, _ in opened.verified):
        raise UntrustedNote(key=log.name)
    return OpenedCheckpoint(checkpoint=checkpoint, text=opened.text, cosignatures=cosignatures_of(opened))


def cosignatures_of(opened: OpenedNote) -> tuple[Cosignature, ...]:
    """Return the verified witness signatures of a note, each witness once."""
    return tuple(
        Cosignature(witness=key, at_s=int.from_bytes(line.signature[:8], "big"))
        for key, line in opened.verified
        if key.kind == WITNESS_KIND
    )
