"""Reading leaves fast and strictly.

A leaf has one spelling (`docs/formats/events.md`, section 6).  That of a statement holds nothing but fixed names,
hashes, an id and two widths, so one pattern over its bytes judges it, in a tenth of the time of a parse, a print and
a comparison.  The other kinds are rare and are parsed, printed and compared.
"""

import json
import re
from typing import Final, NamedTuple

from coldtrace.events.header import SIGNATURE_PREFIX
from coldtrace.events.leaf import LeafKind
from coldtrace.seal.b64 import unb64

_KINDS: Final = frozenset(kind.value for kind in LeafKind)
_ANCHOR_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_HASH_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII)
_DAY: Final = r"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))T00:00:00\.000Z"
_DAY_TEXT: Final = re.compile(_DAY, re.ASCII)

# Base64url of 32 and of 64 bytes, the spare bits of the last sign zero.
_HASH: Final = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
_SIG: Final = r"[A-Za-z0-9_-]{85}[AQgw]"
_ID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_WIDTH: Final = r"16|32|64|128|256|512|1024|2048|4096|8192"


def _statement_pattern() -> re.Pattern[bytes]:
    members = (
        ("id", rf'\\"({_ID})\\"'),
        ("key", rf'\\"({_HASH})\\"'),
        ("net", rf'\\"({_HASH})\\"'),
        ("prev", rf'(?:null|\\"({_HASH})\\")'),
        ("private", rf'\\"({_HASH})\\"'),
        ("public", rf'\\"({_HASH})\\"'),
        ("pw", f"({_WIDTH})"),
        ("seen", rf'(?:null|\\"{_HASH}\\")'),
        ("units", rf'\\"({_HASH})\\"'),
        ("uw", f"({_WIDTH})"),
        ("v", "1"),
    )
    header = ",".join(rf'\\"{name}\\":{value}' for name, value in members)
    text = rf'\{{"body":"(\{{{header}\}})","kind":"cte1","received_at":"{_DAY}","sig":"({_SIG})","v":1\}}'
    return re.compile(text.encode("ascii"))


_STATEMENT: Final = _statement_pattern()


class NotALeaf(ValueError):
    """The bytes are not a leaf in its one spelling."""


class HeaderText(NamedTuple):
    """What the auditor needs of a statement's header, all of it as text."""

    id: str
    key: str
    net: str
    prev: str | None
    private: str
    public: str
    private_width: str
    units: str
    units_width: str


class Leaf(NamedTuple):
    """A leaf whose text is canonical.  `header` is set for statements; `day` is that of its receipt."""

    kind: str
    body: bytes
    sig: str | None
    header: HeaderText | None
    day: str


def read_leaf(data: bytes) -> Leaf:
    """Return the leaf of its bytes; raise NotALeaf."""
    found = _STATEMENT.fullmatch(data)
    if found is None:
        return _read_other(data)
    body, id, key, net, prev, private, public, pw, units, uw, day, sig = found.groups()
    header = HeaderText(
        id.decode(),
        key.decode(),
        net.decode(),
        None if prev is None else prev.decode(),
        private.decode(),
        public.decode(),
        pw.decode(),
        units.decode(),
        uw.decode(),
    )
    return Leaf("cte1", body.replace(b'\\"', b'"'), sig.decode(), header, day.decode())


def read_body(leaf: Leaf, *names: str) -> dict[str, object]:
    """Return the object of a body that has exactly these keys, in canonical form; raise NotALeaf."""
    value = _canonical(leaf.body)
    if value.keys() != set(names):
        raise NotALeaf
    return value


class Erasure(NamedTuple):
    """What an erasure's leaf says: of which header, and which fields of its private piece."""

    header: str
    fields: frozenset[str]


def read_erasure(leaf: Leaf) -> Erasure:
    """Return what an `erase` leaf says; raise NotALeaf."""
    body = read_body(leaf, "fields", "ground", "header", "v")
    fields, ground = body["fields"], body["ground"]
    if not isinstance(fields, list) or not all(isinstance(each, str) for each in fields) or not fields:
        raise NotALeaf
    if sorted(set(fields)) != fields or not isinstance(ground, str) or not _is_number(body["v"], 1):
        raise NotALeaf
    return Erasure(_hash(body["header"]), frozenset(fields))


def read_trust(leaf: Leaf) -> tuple[int, str]:
    """Return number and hash of the trust list of a `trust` leaf; raise NotALeaf."""
    body = read_body(leaf, "list", "seq", "v")
    seq = body["seq"]
    if type(seq) is not int or seq < 1 or not _is_number(body["v"], 1):
        raise NotALeaf
    return seq, _hash(body["list"])


def read_enrolment(leaf: Leaf) -> tuple[str, str, str, str]:
    """Return certificate, its signature, request and its signature of an `enrol` leaf; raise NotALeaf."""
    body = read_body(leaf, "certificate", "certificate_sig", "request", "request_sig")
    certificate, certificate_sig, request, request_sig = body.values()  # canonical: in the order of their names
    if not isinstance(certificate, str) or not isinstance(certificate_sig, str):
        raise NotALeaf
    if not isinstance(request, str) or not isinstance(request_sig, str):
        raise NotALeaf
    return certificate, certificate_sig, request, request_sig


def read_anchor(leaf: Leaf) -> tuple[str, int]:
    """Return the day and the length of the journal of an `anchor` leaf that is about it; raise NotALeaf."""
    body = read_body(leaf, "day", "head", "seq", "v", "what")
    day, seq = body["day"], body["seq"]
    if body["what"] != "journal" or not isinstance(day, str) or not _ANCHOR_DAY.fullmatch(day):
        raise NotALeaf
    if type(seq) is not int or not _is_number(body["v"], 1):
        raise NotALeaf
    _hash(body["head"])
    return day, seq


def signed_parts(sig: str, body: bytes) -> tuple[bytes, bytes]:
    """Return signature and signed bytes of a statement's leaf."""
    return unb64(sig), SIGNATURE_PREFIX + body


def _read_other(data: bytes) -> Leaf:
    value = _canonical(data)
    body, kind, at = value.get("body"), value.get("kind"), value.get("received_at")
    if value.keys() != {"body", "kind", "received_at", "sig", "v"}:
        raise NotALeaf
    if not _is_number(value["v"], 1) or value["sig"] is not None:
        raise NotALeaf
    day = _DAY_TEXT.fullmatch(at) if isinstance(at, str) else None
    if not isinstance(body, str) or day is None:
        raise NotALeaf
    if not isinstance(kind, str) or kind not in _KINDS or kind == LeafKind.CTE1:
        raise NotALeaf
    return Leaf(kind, body.encode("utf-8"), None, None, day[1])


def _is_number(value: object, wanted: int) -> bool:
    """Tell whether a value is this whole number: neither `true` nor `1.0`, which Python holds to be equal."""
    return type(value) is int and value == wanted


def _hash(value: object) -> str:
    if not isinstance(value, str) or not _HASH_TEXT.fullmatch(value):
        raise NotALeaf
    return value


def _canonical(data: bytes) -> dict[str, object]:
    try:
        value = json.loads(data.decode("utf-8"))
        printed = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
    except (ValueError, RecursionError):
        raise NotALeaf from None
    if not isinstance(value, dict) or printed != data:
        raise NotALeaf
    return value
