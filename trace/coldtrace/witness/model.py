"""Nouns of a witness."""

from dataclasses import dataclass

from coldtrace.seal.checkpoint import Checkpoint
from coldtrace.seal.note import NoteSignature


@dataclass(frozen=True, kw_only=True)
class Head:
    """The largest tree of one log that this witness has cosigned; `note` carries the log's line and ours."""

    origin: str
    size: int
    root: bytes
    note: str
    signed_at_s: int


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A checkpoint that a known log has really signed, with nothing of strangers: `text` and the log's own line."""

    checkpoint: Checkpoint
    text: str
    line: NoteSignature


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A request that the log had signed and the witness did not cosign, and the head it held then."""

    origin: str
    reason: str
    seen_at_s: int
    request: str
    head_note: str | None
