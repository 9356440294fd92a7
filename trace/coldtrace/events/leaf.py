"""Leaves of the log: what the tree is built over.

    {"body":"<text>","kind":"cte1|enrol|trust|erase|anchor","received_at":"2026-11-23T00:00:00.000Z",
     "sig":b64(64)|null,"v":1}

    kind     body                                                                          sig
    cte1     the header's exact text                                                       the device's
    enrol    JCS {"certificate":text,"certificate_sig":b64,"request":text,"request_sig":b64}   null
    trust    JCS {"list":b64 SHA-256(list text),"seq":int,"v":1}                            null
    erase    JCS {"fields":[...],"ground":text,"header":b64(32),"v":1}                      null
    anchor   JCS {"day":text,"head":b64(32),"seq":int,"v":1,"what":"journal"}, the journal's   null
             head; or the final checkpoint note of the log before this one

`received_at` is cut to the UTC day: the proof of every carton discloses its leaves, and a stranger must not learn
the hour from them (docs/decisions/0004-received-at-by-day.md).  The exact time is in the receipt.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from coldtrace.clock import format_utc
from coldtrace.errors import Refusal, Words
from coldtrace.events.canonical import encode
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256

LEAF_BYTES_MAX: Final = 65535
"""An entry bundle writes the length of a leaf in two bytes (C2SP tlog-tiles)."""


class LeafTooLarge(Refusal):
    """The body does not fit into a leaf."""

    code = "leaf_too_large"
    title = Words("日志条目过大", "Leaf too large")
    detail = Words(
        "日志条目有 {size} 字节，上限为 {limit}；请缩短内容。",
        "The leaf has {size} bytes and the limit is {limit}; shorten its body.",
    )


class LeafKind(StrEnum):
    """What a leaf records."""

    CTE1 = "cte1"
    ENROL = "enrol"
    TRUST = "trust"
    ERASE = "erase"
    ANCHOR = "anchor"


def leaf_bytes(kind: LeafKind, body: str, sig: bytes | None, received_at: datetime) -> bytes:
    """Return the exact bytes of a leaf; raise LeafTooLarge.  `received_at` is cut to its UTC day here."""
    # Put together by hand: the body alone may hold any sign.
    sig_text = "null" if sig is None else f'"{b64(sig)}"'
    leaf = (
        f'{{"body":{encode(body)},"kind":"{kind.value}","received_at":"{format_utc(received_day(received_at))}",'
        f'"sig":{sig_text},"v":1}}'
    ).encode()
    if len(leaf) > LEAF_BYTES_MAX:
        raise LeafTooLarge(size=len(leaf), limit=LEAF_BYTES_MAX)
    return leaf


def received_day(moment: datetime) -> datetime:
    """Return the start of the UTC day of `moment`."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def enrol_body(*, certificate: str, certificate_sig: str, request: str, request_sig: str) -> str:
    """Return the body of an `enrol` leaf: the certificate, and the new key's own request for it."""
    return encode(
        {
            "certificate": certificate,
            "certificate_sig": certificate_sig,
            "request": request,
            "request_sig": request_sig,
        }
    )


def trust_body(*, list_text: str, seq: int) -> str:
    """Return the body of a `trust` leaf.  A long list would not fit, so the leaf holds its hash."""
    return encode({"v": 1, "seq": seq, "list": b64(sha256(list_text.encode("utf-8")))})


def erase_body(*, header: bytes, fields: list[str], ground: str) -> str:
    """Return the body of an `erase` leaf: whose fields went, and on which legal ground.  No identity."""
    return encode({"v": 1, "header": b64(header), "fields": sorted(fields), "ground": ground})
