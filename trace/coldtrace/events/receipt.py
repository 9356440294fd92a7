"""Receipts: the platform's signed promise that a statement was received and will be in the log.

    text       {"header_hash":b64(32),"id":"<uuidv7>","include_by":"<utc ms>","leaf_hash":b64(32),"net":b64(32),
                "origin":"<log>","received_at":"<utc ms>","v":1}
    signature  over "CTE1-receipt" 00 | text, by a key with use "receipt", never the checkpoint key
    wire       {"text":"...","key":b64 key id,"sig":b64}

A group may share one signature, over `"CTE1-group" 00 | root` of an RFC 6962 tree whose leaves are the receipt texts;
the wire object then also has `"group":{"index":int,"path":[b64(32)...],"root":b64(32),"size":int}`.

`received_at` is exact here; the leaf has only its day.  A device deletes a statement only on a valid receipt, and
keeps header and receipt until inclusion is proved.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from coldtrace.clock import format_utc
from coldtrace.errors import Refusal, Words
from coldtrace.events.canonical import JsonValue, decode, encode
from coldtrace.events.leaf import LeafKind, leaf_bytes
from coldtrace.events.shape import Shape, read_octets
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import leaf_hash, sha256
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.public_key import PublicKey, key_id
from coldtrace.seal.signer import Signer

RECEIPT_PREFIX: Final = b"CTE1-receipt\x00"
GROUP_PREFIX: Final = b"CTE1-group\x00"
RECEIPT_MAX: Final = 2048
GROUP_MAX: Final = 65536

_KEYS: Final = frozenset({"v", "net", "origin", "id", "header_hash", "leaf_hash", "received_at", "include_by"})
_WIRE_KEYS: Final = frozenset({"text", "key", "sig"})
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class MalformedReceipt(Refusal):
    """The text or wire object is not a receipt of version 1."""

    code = "malformed_receipt"
    title = Words("回执格式有误", "Malformed receipt")
    detail = Words(
        "回执格式有误（{where}）；请保留该记录并重新上传。",
        "The receipt is malformed ({where}); keep the statement and send it again.",
    )


class ReceiptMismatch(Refusal):
    """The receipt is not for this statement, or its signature does not verify."""

    code = "receipt_mismatch"
    title = Words("回执不符", "Receipt does not match")
    detail = Words(
        "回执与该记录不符（{what}）；请保留该记录并重新上传。",
        "The receipt is not for this statement ({what}); keep the statement and send it again.",
    )


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The parsed receipt text."""

    net: bytes
    origin: str
    id: UUID
    header_hash: bytes
    leaf_hash: bytes
    received_at: datetime
    include_by: datetime


def write_receipt(receipt: Receipt) -> str:
    """Return the exact text of a receipt."""
    # Put together by hand: the origin alone may hold any sign.
    return (
        f'{{"header_hash":"{b64(receipt.header_hash)}","id":"{receipt.id}",'
        f'"include_by":"{format_utc(receipt.include_by)}","leaf_hash":"{b64(receipt.leaf_hash)}",'
        f'"net":"{b64(receipt.net)}","origin":{encode(receipt.origin)},'
        f'"received_at":"{format_utc(receipt.received_at)}","v":1}}'
    )


def read_receipt(text: str) -> Receipt:
    """Return the parsed receipt text; raise MalformedReceipt or NotCanonical."""
    if len(text) > RECEIPT_MAX:
        raise _wrong("length")
    shape = Shape(decode(text), _KEYS, _wrong)
    shape.version()
    return Receipt(
        net=shape.octets("net", 32),
        origin=shape.text("origin", limit=300),
        id=UUID(shape.text("id", pattern=_UUID)),
        header_hash=shape.octets("header_hash", 32),
        leaf_hash=shape.octets("leaf_hash", 32),
        received_at=shape.moment("received_at"),
        include_by=shape.moment("include_by"),
    )


def issue_receipt(
    *,
    net: bytes,
    origin: str,
    id: UUID,
    header_hash: bytes,
    leaf_hash: bytes,
    received_at: datetime,
    include_by: datetime,
    signer: Signer,
) -> dict[str, JsonValue]:
    """Return the wire object of one signed receipt."""
    text = write_receipt(
        Receipt(
            net=net,
            origin=origin,
            id=id,
            header_hash=header_hash,
            leaf_hash=leaf_hash,
            received_at=received_at,
            include_by=include_by,
        )
    )
    signature = signer.sign(RECEIPT_PREFIX + text.encode("utf-8"))
    return {"text": text, "key": _key_text(signer.spki), "sig": b64(signature)}


@lru_cache(maxsize=16)
def _key_text(spki: bytes) -> str:
    return b64(key_id(spki))


def receipt_key(wire: object) -> bytes:
    """Return the id of the key that a wire object names as its signer; raise MalformedReceipt."""
    return _read_wire(wire).octets("key", 32)


def verify_receipt(
    wire: object,
    *,
    public_key: PublicKey,
    net: bytes,
    id: UUID,
    header: str,
    sig: bytes | None = None,
    origin: str | None = None,
) -> Receipt:
    """Return the receipt if it is this key's, for this statement.

    `header` is the statement's header text.  With `sig`, the leaf is rebuilt and compared too; without it (a
    retry may have been stored under an earlier, equally valid signature) the leaf hash is taken as promised.
    Raises MalformedReceipt, NotCanonical or ReceiptMismatch.
    """
    shape = _read_wire(wire)
    text = shape.text("text", limit=RECEIPT_MAX)
    receipt = read_receipt(text)
    if shape.octets("key", 32) != key_id(public_key.spki):
        raise ReceiptMismatch(what="key")
    if not public_key.verify(shape.octets("sig", 64), _signed_bytes(wire, text)):
        raise ReceiptMismatch(what="signature")
    if receipt.net != net or (origin is not None and receipt.origin != origin):
        raise ReceiptMismatch(what="network")
    if receipt.id != id or receipt.header_hash != sha256(header.encode("utf-8")):
        raise ReceiptMismatch(what="statement")
    if sig is not None:
        leaf = leaf_bytes(LeafKind.CTE1, header, sig, receipt.received_at)
        if leaf_hash(leaf) != receipt.leaf_hash:
            raise ReceiptMismatch(what="leaf")
    return receipt


def _read_wire(wire: object) -> Shape:
    if not isinstance(wire, Mapping):
        raise _wrong("keys")
    return Shape({name: wire[name] for name in wire if name != "group"}, _WIRE_KEYS, _wrong)


def _signed_bytes(wire: object, text: str) -> bytes:
    """Return what the signature is over: the text, or the root of the group that the path leads to."""
    group = wire.get("group") if isinstance(wire, Mapping) else None
    if group is None:
        return RECEIPT_PREFIX + text.encode("utf-8")
    shape = Shape(group, frozenset({"index", "size", "path", "root"}), _wrong, "group")
    size = shape.integer("size", low=1, high=GROUP_MAX)
    index = shape.integer("index", high=size - 1)
    path = [read_octets(step, 32, lambda _: _wrong("group.path")) for step in shape.items("path", limit=17)]
    root = shape.octets("root", 32)
    leaf = leaf_hash(text.encode("utf-8"))
    if not verify_inclusion(leaf_hash=leaf, index=index, size=size, path=path, root=root):
        raise ReceiptMismatch(what="group")
    return GROUP_PREFIX + root


def _wrong(where: str) -> Refusal:
    return MalformedReceipt(where=where)
