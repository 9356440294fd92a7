"""Reading pieces fast and strictly: what nearly every statement looks like is judged by patterns over its bytes.

A canonical text has one spelling, so a leaf of a salted tree (`docs/formats/events.md`) stands in the text of its piece
byte for byte: a private field is its triple, a line's name and quantity are cut out of the line.  Nothing is parsed
and printed again; the tree is hashed straight from the slices.

Every pattern takes less than the format allows.  A text that a function here does not know is not wrong: None comes
back, and the general readers judge it.  What is taken here they take too, with the same content, root and width;
property tests compare the two.  The auditor asks for roots alone, the way of a scan for the content too.
"""

import json
import re
from binascii import a2b_base64
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from coldtrace.codes.check_digit import has_valid_check_digit
from coldtrace.events.private_piece import PrivateField, PrivatePiece
from coldtrace.events.public_piece import Cold, Place, PublicPiece, Speaker
from coldtrace.events.salted_tree import WIDTH_MIN, pads
from coldtrace.events.statement_type import CHAIN_ONLY, WITH_FACTS, StatementType, roles_of
from coldtrace.events.units_piece import LINES_MAX, UNITS_MAX, Line, UnitsPiece
from coldtrace.seal.b64 import b64

if TYPE_CHECKING:
    from _hashlib import HASH

# Base64url of 16 and of 32 bytes, the spare bits of the last sign zero.
_SALT: Final = r"[A-Za-z0-9_-]{21}[AQgw]"
HASH_TEXT: Final = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
_NAME: Final = r"[a-z][a-z0-9_]{0,39}"
_INTEGER: Final = r"(?:0|-?[1-9]\d{0,14})"
# Lengths are counted in bytes here and in characters there, so what is counted here is never too long there.
_TEXT: Final = r'"[^"\\\x00-\x1f]{0,%d}"'
_PRIVATE_VALUE: Final = rf"(?:{_TEXT % 2000}|{_INTEGER}|true|false|null)"
_ATTRIBUTE_VALUE: Final = rf"(?:{_TEXT % 300}|{_INTEGER}|true|false|null)"
_TIME: Final = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z"
_UNIT: Final = (
    r"\(00\)\d{18}|\(01\)\d{14}\((?:21|10)\)[A-Za-z0-9._~-]{1,20}"
    r"|U:[0-9A-Z]{13,26}|[a-z][a-z0-9]{1,15}:[A-Za-z0-9._~-]{1,90}"
)
_FIELDS_MAX: Final = 64
_ATTRIBUTES_MAX: Final = 16
_TEXT_MAX: Final = 8 * 1024
"""Bytes of a private or public text that is tried here at all; the formats allow as much or more."""


def _pattern(text: str) -> re.Pattern[bytes]:
    return re.compile(text.encode("ascii"))


def _choice(words: type[StatementType] | type[Speaker] | type[Cold]) -> str:
    return "|".join(each.value for each in words)


_PUBLIC: Final = _pattern(
    rf'\{{"by":"({_choice(Speaker)})","cold":"({_choice(Cold)})","corrects":null,"date":"(\d{{4}}-\d\d-\d\d)",'
    rf'"evidence":\[((?:"{HASH_TEXT}"(?:,"{HASH_TEXT}"){{0,63}})?)\],"facts":(null|"{HASH_TEXT}"),'
    rf'"place":\{{"district":"(\d{{6}})","role":"({_NAME})"\}},"salt":"({_SALT})","type":"({_choice(StatementType)})"\}}'
)
_PRIVATE: Final = _pattern(
    rf'\{{"fields":\[(\["({_SALT})","at","((\d{{4}}-\d\d-\d\d)T{_TIME})"\]),'
    rf'(\["({_SALT})","offset","(\+(?:0\d|1[0-4]):[0-5]\d|-(?!00:00)(?:0\d|1[0-4]):[0-5]\d)"\]),'
    rf'(\["({_SALT})","seq",([1-9]\d{{0,14}})\]),(\["({_SALT})","site","(\d{{13}})"\])'
    rf'((?:,\["{_SALT}","{_NAME}",{_PRIVATE_VALUE}\])*)\],"salt":"({_SALT})"\}}'
)
_FIELD: Final = _pattern(rf',(\["({_SALT})","({_NAME})",({_PRIVATE_VALUE})\])')
_LINE_TEXT: Final = (
    rf'\["(?:unit|parent|child|input|output)","(?:{_UNIT})",(?:null|"(?:{_UNIT})"),(?:0|[1-9]\d{{0,14}}),'
    rf'\{{(?:"{_NAME}":{_ATTRIBUTE_VALUE}(?:,"{_NAME}":{_ATTRIBUTE_VALUE})*)?\}}\]'
)
_UNITS: Final = _pattern(rf'\{{"lines":\[((?:{_LINE_TEXT}(?:,{_LINE_TEXT})*)?)\],"salt":"({_SALT})"\}}')
_LINE: Final = _pattern(
    rf'\[("(unit|parent|child|input|output)","({_UNIT})",(null|"(?:{_UNIT})")),'
    rf'((0|[1-9]\d{{0,14}}),\{{((?:"{_NAME}":{_ATTRIBUTE_VALUE}(?:,"{_NAME}":{_ATTRIBUTE_VALUE})*)?)\}}\])'
)
_ATTRIBUTE: Final = _pattern(rf'"({_NAME})":({_ATTRIBUTE_VALUE})')
_CODE: Final = _pattern(rf'"{HASH_TEXT}"')
_KINDS: Final = {kind.value.encode(): kind for kind in StatementType}
_ROLES: Final = {kind: frozenset(role.value.encode() for role in roles_of(kind)) for kind in StatementType}
_NO_NAMES: Final = frozenset({b"at", b"offset", b"seq", b"site"})
_INNER, _OUTER = (bytes(each ^ pad for each in range(256)) for pad in (0x36, 0x5C))
_ZEROS: Final = bytes(48)
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")
_SPEAKERS: Final = {each.value.encode(): each for each in Speaker}
_COLD: Final = {each.value.encode(): each for each in Cold}


def octets(text: bytes) -> bytes:
    """Return the bytes of base64url that a pattern here has judged: nothing but its letters, no spare bits."""
    return a2b_base64(text.translate(_FROM_URL) + b"==")


class Rooted(NamedTuple):
    """What a piece commits to: root and width as the header spells them; `seq` of a private piece."""

    root: str
    width: str
    seq: int | None = None


class Root(NamedTuple):
    """Root and width of a salted tree."""

    root: bytes
    width: int


def type_of(public: bytes) -> StatementType | None:
    """Return the type of a public piece, None if it is none that is known here."""
    found = _match_public(public)
    return None if found is None else _KINDS[found[9]]


def private_root(private: bytes) -> Rooted | None:
    """Return what a private piece commits to, None if it is none that is known here (one with erased fields)."""
    found = _match_private(private)
    if found is None:
        return None
    root, width = _private_root(*found)
    return Rooted(b64(root), str(width), int(found[0][10]))


def units_root(units: bytes, kind: StatementType) -> Rooted | None:
    """Return what the units piece of a statement of a type commits to, None if it is none that is known here."""
    found = _match_units(units, kind)
    if found is None:
        return None
    root, width = _units_root(*found)
    return Rooted(b64(root), str(width))


def public_piece(public: bytes) -> PublicPiece | None:
    """Return a public piece, None if it is none that is known here."""
    found = _match_public(public)
    if found is None:
        return None
    by, cold, day, evidence, facts, district, role, salt, kind = found.groups()
    return PublicPiece(
        salt=octets(salt),
        type=_KINDS[kind],
        date=date.fromisoformat(day.decode()),
        place=Place(role=role.decode(), district=district.decode()),
        by=_SPEAKERS[by],
        cold=_COLD[cold],
        evidence=tuple(octets(each) for each in evidence[1:-1].split(b'","')) if evidence else (),
        facts=None if facts == b"null" else octets(facts[1:-1]),
        corrects=None,
    )


def private_piece(private: bytes) -> tuple[PrivatePiece, Root] | None:
    """Return a private piece and what it commits to, None if it is none that is known here."""
    found = _match_private(private)
    if found is None:
        return None
    match, more = found
    moment, offset, seq, site = match[3].decode(), match[7].decode(), int(match[10]), match[13].decode()
    fields = [
        PrivateField(octets(match[2]), "at", moment),
        PrivateField(octets(match[6]), "offset", offset),
        PrivateField(octets(match[9]), "seq", seq),
        PrivateField(octets(match[12]), "site", site),
        *(PrivateField(octets(salt), name.decode(), json.loads(value)) for _, salt, name, value in more),
    ]
    piece = PrivatePiece(salt=octets(match[15]), fields=tuple(fields))
    # What the pattern has judged is not judged again: this is where the piece keeps what it was once asked for.
    at, ahead = datetime.fromisoformat(moment).replace(tzinfo=UTC), _ahead(offset)
    vars(piece).update(at=at, offset=ahead, seq=seq, site=site)
    return piece, _private_root(match, more)


def units_piece(units: bytes, kind: StatementType) -> tuple[UnitsPiece, Root] | None:
    """Return the units piece of a statement of a type and what it commits to, None if it is none that is known here."""
    found = _match_units(units, kind)
    if found is None:
        return None
    match, lines = found
    piece = UnitsPiece(
        salt=octets(match[2]),
        lines=tuple(
            Line(
                role.decode(),
                unit.decode(),
                None if parent == b"null" else parent[1:-1].decode(),
                int(quantity),
                json.loads(b"{%b}" % attributes) if attributes else {},
            )
            for _, role, unit, parent, _, quantity, attributes in lines
        ),
    )
    return piece, _units_root(match, lines)


def _match_public(public: bytes) -> re.Match[bytes] | None:
    found = _PUBLIC.fullmatch(public) if len(public) <= _TEXT_MAX else None
    if found is None or not _is_day(found[3]):
        return None
    kind = _KINDS[found[9]]
    if kind is StatementType.CORRECT or (found[5] != b"null" and kind not in WITH_FACTS):
        return None
    return found


_Fields = list[tuple[bytes, bytes, bytes, bytes]]
"""Text, salt, name and value of each field beyond those that every private piece has."""


def _match_private(private: bytes) -> tuple[re.Match[bytes], _Fields] | None:
    found = _PRIVATE.fullmatch(private) if len(private) <= _TEXT_MAX and _is_text(private) else None
    if found is None or not _is_day(found[4]) or not _is_number(found[13]):
        return None
    more: _Fields = _FIELD.findall(found[14]) if found[14] else []
    if more:
        names = {name for _, _, name, _ in more}
        if len(names) != len(more) or names & _NO_NAMES or len(more) > _FIELDS_MAX:
            return None
    return found, more


def _private_root(found: re.Match[bytes], more: _Fields) -> Root:
    triples = (found[1], found[5], found[8], found[11], *(text for text, *_ in more))
    return _rooted([sha256(b"\x00" + triple).digest() for triple in triples], octets(found[15]))


_Lines = list[tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes]]
"""Of each line: role, unit and parent as they stand there, each of the three, quantity and attributes as they stand
there, each of the two."""


def _match_units(units: bytes, kind: StatementType) -> tuple[re.Match[bytes], _Lines] | None:
    found = _UNITS.fullmatch(units) if len(units) <= UNITS_MAX and _is_text(units) else None
    if found is None:
        return None
    lines: _Lines = _LINE.findall(found[1])
    for _, role, unit, parent, _, _, attributes in lines:
        if role not in _ROLES[kind] or not _is_unit(unit) or not _has_right_parent(role, unit, parent):
            return None
        if (attributes or kind is StatementType.COMMISSION) and not _are_attributes(attributes, kind):
            return None
    if len({name for name, *_ in lines}) != len(lines) or len(lines) > LINES_MAX:
        return None
    if bool(lines) == (kind in CHAIN_ONLY):  # the few others that may have none are for the general reader
        return None
    return found, lines


def _units_root(found: re.Match[bytes], lines: _Lines) -> Root:
    salt = octets(found[2])
    inner, outer = _hmac_keys(salt)
    leaves = []
    for name, _, _, _, counted, _, _ in lines:
        line, quantity = inner.copy(), inner.copy()
        line.update(b"line\x00[" + name + b"]")
        quantity.update(b"qty\x00[" + name + b"]")
        s, t = outer.copy(), outer.copy()
        s.update(line.digest())
        t.update(quantity.digest())
        q = sha256(b"CTE1-qty\x00" + t.digest()[:16] + b"[" + counted).digest()
        text = f'["{b64(s.digest()[:16])}",'.encode() + name + f',"{b64(q)}"]'.encode()
        leaves.append(sha256(b"\x00" + text).digest())
    return _rooted(leaves, salt)


def _rooted(leaves: list[bytes], salt: bytes) -> Root:
    """Pad, sort and hash up; the width is a power of two and at least 16."""
    width = max(WIDTH_MIN, 1 << (len(leaves) - 1).bit_length()) if leaves else WIDTH_MIN
    leaves += pads(salt, width - len(leaves))
    leaves.sort()
    while len(leaves) > 1:
        level = b"".join(leaves)
        leaves = [sha256(b"\x01" + level[at : at + 64]).digest() for at in range(0, len(level), 64)]
    return Root(leaves[0], width)


def _hmac_keys(salt: bytes) -> "tuple[HASH, HASH]":
    """Return the two halves of HMAC-SHA256 under a salt (RFC 2104): to be copied for each text."""
    key = salt + _ZEROS
    return sha256(key.translate(_INNER)), sha256(key.translate(_OUTER))


@lru_cache(maxsize=256)
def _ahead(offset: str) -> timedelta:
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
    return ahead if offset[0] == "+" else -ahead


def _is_text(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _has_right_parent(role: bytes, unit: bytes, parent: bytes) -> bool:
    """A child names its parent, which is another unit, and nobody else has one."""
    if role != b"child":
        return parent == b"null"
    return parent != b"null" and parent[1:-1] != unit and _is_unit(parent[1:-1])


def _are_attributes(text: bytes, kind: StatementType) -> bool:
    found = _ATTRIBUTE.findall(text)
    names = [name for name, _ in found]
    if len(names) > _ATTRIBUTES_MAX or any(one >= two for one, two in pairwise(names)):
        return False
    return kind is not StatementType.COMMISSION or any(
        name == b"code" and _CODE.fullmatch(value) for name, value in found
    )


def _is_unit(unit: bytes) -> bool:
    """Judge the check digit of what has one."""
    if unit.startswith(b"(01)"):
        return _is_number(unit[4:18])
    return not unit.startswith(b"(00)") or _is_number(unit[4:])


@lru_cache(maxsize=4096)
def _is_number(digits: bytes) -> bool:
    return has_valid_check_digit(digits.decode())


@lru_cache(maxsize=4096)
def _is_day(text: bytes) -> bool:
    try:
        date.fromisoformat(text.decode())
    except ValueError:
        return False
    return True
