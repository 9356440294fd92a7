"""The units piece: one line for each unit that the statement is about.

    {"lines":[[role,unit,parent|null,quantity,attributes],...],"salt":b64(16)}

What the header holds is the root of a salted tree (K = the piece's salt) whose leaves hide quantity and attributes
once more, so that a line can be shown without them:

    T     = JCS [role, unit, parent]                       unique in a statement
    s     = HMAC(K, "line" 00 | T)[:16]
    t     = HMAC(K, "qty" 00 | T)[:16]
    q     = b64 SHA-256("CTE1-qty" 00 | t | JCS [quantity, attributes])
    leaf  = JCS [b64(s), role, unit, parent, q]

`Line.s` keeps a stranger who knows a unit's number from testing whether it was in a statement; `t` keeps them
from guessing the quantity.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from coldtrace.errors import Refusal
from coldtrace.events.canonical import JsonValue, decode, encode, encode_checked, quote
from coldtrace.events.refusals import MalformedStatement, StatementTooLarge
from coldtrace.events.salted_tree import SaltedTree, leaf_hash, salted_tree
from coldtrace.events.shape import NAME, Shape, read_octets
from coldtrace.events.statement_type import CHAIN_ONLY, MAY_BE_WITHOUT_LINES, Role, StatementType, roles_of
from coldtrace.events.unit_id import MalformedUnitId, parse_unit_id
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256

LINES_MAX: Final = 5000
UNITS_MAX: Final = 4 * 1024 * 1024
ATTRIBUTES_MAX: Final = 16
ATTRIBUTE_TEXT_MAX: Final = 300
QUANTITY_MAX: Final = 1_000_000_000
"""More packages than there are; so no sum of them leaves 63 bits."""

Attributes = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Line:
    """One unit, its role, and how many.  `parent` is set on child lines only."""

    role: str
    unit: str
    parent: str | None
    quantity: int
    attributes: Attributes = field(default_factory=dict)

    @property
    def key(self) -> bytes:
        """T: what names the line in its statement."""
        return f"[{name_text(self.role, self.unit, self.parent)}]".encode()


@dataclass(frozen=True)
class LineSecrets:
    """What is derived from the piece's salt for one line."""

    s: bytes
    quantity_salt: bytes


@dataclass(frozen=True)
class UnitsPiece:
    """The parsed units piece."""

    salt: bytes
    lines: tuple[Line, ...]

    def tree(self) -> SaltedTree:
        """Return the salted tree over the lines."""
        return salted_tree([line_leaf(line, self.salt) for line in self.lines], key=self.salt)


def write_units(*, salt: bytes, lines: Sequence[Line]) -> str:
    """Return the exact text of a units piece."""
    return encode(
        {
            "salt": b64(salt),
            "lines": [[line.role, line.unit, line.parent, line.quantity, dict(line.attributes)] for line in lines],
        }
    )


def read_units(text: str, kind: StatementType) -> UnitsPiece:
    """Return the parsed units piece of a statement of this type.

    Raises StatementTooLarge, NotCanonical or MalformedStatement.
    """
    if len(text) > UNITS_MAX:
        raise StatementTooLarge(piece="units", limit=UNITS_MAX)
    shape = Shape(decode(text), frozenset({"salt", "lines"}), _wrong)
    items = shape.raw("lines")
    if not isinstance(items, list):
        raise _wrong("lines")
    if len(items) > LINES_MAX:
        raise StatementTooLarge(piece="units", limit=LINES_MAX)
    lines = tuple(_read_line(item, kind) for item in items)
    if len({(line.role, line.unit, line.parent) for line in lines}) != len(lines):
        raise _wrong("lines: repeated line")
    if not lines and kind not in MAY_BE_WITHOUT_LINES:
        raise _wrong("lines: none")
    if lines and kind in CHAIN_ONLY:
        raise _wrong("lines: not with this type")
    return UnitsPiece(salt=shape.octets("salt", 16), lines=lines)


def line_secrets(line: Line, key: bytes) -> LineSecrets:
    """Return s and t of a line under the piece's salt."""
    name = line.key
    return LineSecrets(
        s=hmac.digest(key, b"line\x00" + name, "sha256")[:16],
        quantity_salt=hmac.digest(key, b"qty\x00" + name, "sha256")[:16],
    )


def quantity_hash(quantity_salt: bytes, quantity: int, attributes: Attributes) -> bytes:
    """Return what q spells in base64url."""
    opened = encode_checked([quantity, dict(attributes)]).encode("utf-8")
    return sha256(b"CTE1-qty\x00" + quantity_salt + opened)


def line_leaf_text(*, s: bytes, role: str, unit: str, parent: str | None, q: bytes) -> str:
    """Return the text of a line's leaf."""
    return f'["{b64(s)}",{name_text(role, unit, parent)},"{b64(q)}"]'


def name_text(role: str, unit: str, parent: str | None) -> str:
    """Return role, unit and parent as they stand in T and in the leaf.

    Put together by hand: a general encoder took half of the time of a container's statement.
    """
    return f"{quote(role)},{quote(unit)},{'null' if parent is None else quote(parent)}"


def line_leaf(line: Line, key: bytes) -> bytes:
    """Return the leaf hash of a line under the piece's salt."""
    secrets = line_secrets(line, key)
    q = quantity_hash(secrets.quantity_salt, line.quantity, line.attributes)
    text = line_leaf_text(s=secrets.s, role=line.role, unit=line.unit, parent=line.parent, q=q)
    return leaf_hash(text.encode("utf-8"))


def read_attributes(value: JsonValue) -> dict[str, JsonValue]:
    """Return the attributes of a line: few, named, and flat; raise MalformedStatement."""
    if not isinstance(value, dict) or len(value) > ATTRIBUTES_MAX:
        raise _wrong("attributes")
    for name, inner in value.items():
        if not NAME.fullmatch(name):
            raise _wrong("attributes: name")
        if isinstance(inner, list | dict) or (isinstance(inner, str) and len(inner) > ATTRIBUTE_TEXT_MAX):
            raise _wrong(f"attributes.{name}")
    return value


def _read_line(item: JsonValue, kind: StatementType) -> Line:
    if not isinstance(item, list) or len(item) != 5:
        raise _wrong("lines")
    role, unit, parent, quantity, attributes = item
    if not isinstance(role, str) or role not in roles_of(kind):
        raise _wrong("lines: role")
    if type(quantity) is not int or not 0 <= quantity <= QUANTITY_MAX:
        raise _wrong("lines: quantity")
    line = Line(role, _read_unit(unit), _read_parent(role, parent), quantity, read_attributes(attributes))
    if line.unit == line.parent:
        raise _wrong("lines: parent")
    if kind is StatementType.COMMISSION:
        read_octets(line.attributes.get("code"), 32, lambda _: _wrong("attributes.code"))
    return line


def _read_unit(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise _wrong("lines: unit")
    try:
        return parse_unit_id(value)
    except MalformedUnitId:
        raise _wrong("lines: unit") from None


def _read_parent(role: str, value: JsonValue) -> str | None:
    """A child always names its parent, and nobody else has one."""
    if role != Role.CHILD:
        if value is not None:
            raise _wrong("lines: parent")
        return None
    return _read_unit(value)


def _wrong(where: str) -> Refusal:
    return MalformedStatement(piece="units", where=where)
