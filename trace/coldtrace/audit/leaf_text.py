"""Reading leaves fast and strictly: the text of each kind of leaf is rebuilt from its parse and compared.

A canonical text of a fixed set of keys has one spelling, so a formatted string is enough to judge it: five times as
fast as the general reader, which the auditor cannot afford for every leaf (`docs/formats/events.md`, section 6).
"""

import json
import re
from dataclasses import dataclass
from json.encoder import encode_basestring as quoted
from typing import Final

from coldtrace.events.header import SIGNATURE_PREFIX
from coldtrace.events.leaf import LeafKind
from coldtrace.seal.b64 import MalformedBase64, unb64

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\dT00:00:00\.000Z", re.ASCII)
_KINDS: Final = frozenset(kind.value for kind in LeafKind)


class NotALeaf(ValueError):
    """The bytes are not a leaf in its one spelling."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf whose text is canonical.  `header` is set for statements."""

    kind: str
    body: str
    sig: str | None
    header: "HeaderText | None"


@dataclass(frozen=True, slots=True)
class HeaderText:
    """What the auditor needs of a statement's header."""

    id: str
    key: str
    prev: str | None
    public: str
    private: str
    private_width: int
    units: str
    units_width: int


def read_leaf(data: bytes) -> Leaf:
    """Return the leaf of its bytes; raise NotALeaf."""
    try:
        text = data.decode("utf-8")
        value = json.loads(text)
        body, kind, at, sig = value["body"], value["kind"], value["received_at"], value["sig"]
        printed = (
            f'{{"body":{quoted(body)},"kind":{quoted(kind)},"received_at":{quoted(at)},'
            f'"sig":{"null" if sig is None else quoted(sig)},"v":1}}'
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotALeaf from None
    if printed != text or kind not in _KINDS or not _DAY.fullmatch(at) or (sig is None) != (kind != LeafKind.CTE1):
        raise NotALeaf
    return Leaf(kind, body, sig, _read_header(body) if kind == LeafKind.CTE1 else None)


def read_body(leaf: Leaf, *names: str) -> dict[str, object]:
    """Return the object of a body that has exactly these keys, in canonical form; raise NotALeaf."""
    try:
        value = json.loads(leaf.body)
        printed = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        raise NotALeaf from None
    if not isinstance(value, dict) or value.keys() != set(names) or printed != leaf.body:
        raise NotALeaf
    return value


def signed_parts(leaf: Leaf) -> tuple[bytes, bytes]:
    """Return signature and signed bytes of a statement's leaf; raise NotALeaf."""
    try:
        return unb64(leaf.sig or ""), SIGNATURE_PREFIX + leaf.body.encode("utf-8")
    except MalformedBase64:
        raise NotALeaf from None


def _read_header(text: str) -> HeaderText:
    try:
        value = json.loads(text)
        prev, seen = value["prev"], value["seen"]
        header = HeaderText(
            value["id"],
            value["key"],
            prev,
            value["public"],
            value["private"],
            value["pw"],
            value["units"],
            value["uw"],
        )
        printed = (
            f'{{"id":{quoted(header.id)},"key":{quoted(header.key)},"net":{quoted(value["net"])},'
            f'"prev":{"null" if prev is None else quoted(prev)},"private":{quoted(header.private)},'
            f'"public":{quoted(header.public)},"pw":{header.private_width:d},'
            f'"seen":{"null" if seen is None else quoted(seen)},"units":{quoted(header.units)},'
            f'"uw":{header.units_width:d},"v":1}}'
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotALeaf from None
    if printed != text:
        raise NotALeaf
    return header
