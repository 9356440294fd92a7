"""The chain over the journal's records, byte for byte (docs/formats/journal.md).

    hash(0) = net
    hash(n) = SHA-256("coldtrace-journal-v1" 0A | hash(n-1) | text(n))

`net` are the 32 bytes that name the installation; text(n) is the canonical text of record n, which has the number n in
it.  So no record can be changed, left out, put in or moved without changing every hash after it.
"""

from datetime import UTC, date, datetime
from uuid import UUID

from coldtrace.events.canonical import NotCanonical, decode, encode
from coldtrace.journal.model import Anchor, Head, Record
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.seal.hashing import sha256

NO_ENTRY = UUID(int=0)
PREFIX = b"coldtrace-journal-v1\n"


def record_text(seq: int, record: Record) -> str:
    """Return the canonical text of a record in its place; raise NotCanonical for what cannot stand there."""
    return encode(
        {
            "v": 1,
            "seq": seq,
            # Without sites the text is that of the time before there were any.
            **({"sites": list(record.sites)} if record.sites else {}),
            "id": str(record.record_id),
            "at": journal_time(record.at),
            "actor": record.actor,
            "for": [str(each) for each in record.operators],
            "as": list(record.roles),
            "act": record.act,
            "kind": record.kind,
            "object": record.object,
            "purpose": record.purpose,
            "subjects": [str(each) for each in record.subjects],
            "detail": decode(record.detail),
        }
    )


def next_hash(before: bytes, text: str) -> bytes:
    """Return the hash of the chain after one more record."""
    return sha256(PREFIX + before + text.encode("utf-8"))


def journal_time(moment: datetime) -> str:
    """Return a moment with all the digits that the database keeps: none may be changed unseen."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def anchor_body(anchor: Anchor) -> str:
    """Return the body of the `anchor` leaf for a head of the journal."""
    return encode(
        {
            "v": 1,
            "what": "journal",
            "day": anchor.day.isoformat(),
            "seq": anchor.head.seq,
            "head": b64(anchor.head.hash),
        }
    )


def read_anchor_body(body: str, entry_id: UUID = NO_ENTRY) -> Anchor | None:
    """Return the anchor of a leaf's body; None for the body of another kind of anchor, or for none at all."""
    try:
        told = decode(body)
        if not isinstance(told, dict) or told.get("what") != "journal" or not isinstance(told["seq"], int):
            return None
        head = Head(seq=told["seq"], hash=unb64(str(told["head"])))
        anchor = Anchor(day=date.fromisoformat(str(told["day"])), head=head, entry_id=entry_id)
    except (NotCanonical, MalformedBase64, KeyError, ValueError):
        return None
    return anchor if anchor_body(anchor) == body else None
