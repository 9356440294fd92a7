"""Show one line of a statement, and nothing about the others.

    {"index":int,"open":{"attributes":{...},"quantity":int,"salt":b64(16)}|null,"parent":"..."|null,
     "path":[b64(32)...],"q":b64(32),"role":"...","s":b64(16),"unit":"..."}

`index` and `path` lead from the line's leaf to the root in the header.  `open` shows quantity and attributes to those
whom they concern; null keeps them hidden behind `q`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coldtrace.errors import Refusal
from coldtrace.events.canonical import JsonValue
from coldtrace.events.refusals import MalformedStatement
from coldtrace.events.salted_tree import SaltedTree, leaf_hash
from coldtrace.events.shape import Shape, read_octets
from coldtrace.events.statement_type import Role, StatementType
from coldtrace.events.units_piece import (
    Attributes,
    Line,
    UnitsPiece,
    line_leaf_text,
    line_secrets,
    quantity_hash,
    read_attributes,
    read_units,
)
from coldtrace.seal.b64 import b64
from coldtrace.seal.inclusion import verify_inclusion

_KEYS: Final = frozenset({"role", "unit", "parent", "s", "q", "open", "index", "path"})
_OPEN_KEYS: Final = frozenset({"salt", "quantity", "attributes"})
_PATH_MAX: Final = 13
# Which units there are is for the reader of the statement to say; here the id only has to be the one in the leaf.
_UNIT: Final = re.compile(r"[!-~]{1,300}", re.ASCII)


@dataclass(frozen=True)
class Opening:
    """Quantity and attributes of a line, with the salt that hid them."""

    salt: bytes
    quantity: int
    attributes: Attributes


@dataclass(frozen=True, kw_only=True)
class DisclosedLine:
    """One line as a stranger gets it."""

    role: str
    unit: str
    parent: str | None
    s: bytes
    q: bytes
    opening: Opening | None
    index: int
    path: tuple[bytes, ...]

    def opens(self) -> bool:
        """Tell whether the opening is the one that `q` was made from; a line without opening opens."""
        if self.opening is None:
            return True
        opened = self.opening
        return quantity_hash(opened.salt, opened.quantity, opened.attributes) == self.q

    def is_under(self, *, root: bytes, width: int) -> bool:
        """Tell whether the line is one of those under the header's root."""
        text = line_leaf_text(s=self.s, role=self.role, unit=self.unit, parent=self.parent, q=self.q)
        return verify_inclusion(
            leaf_hash=leaf_hash(text.encode("utf-8")),
            index=self.index,
            size=width,
            path=self.path,
            root=root,
        )


def disclose_lines(
    piece: UnitsPiece, indexes: Sequence[int], *, tree: SaltedTree | None = None, opened: bool = True
) -> list[dict[str, JsonValue]]:
    """Return these lines of a statement, each with its path.  Pass `tree` if it is at hand; it is costly."""
    over = piece.tree() if tree is None else tree
    return [_disclose(piece.lines[index], piece.salt, over, opened) for index in indexes]


def disclose_line(units_text: str, index: int, kind: StatementType, *, opened: bool = True) -> dict[str, JsonValue]:
    """Return one line of a statement of this type, with its path; raises as `read_units`."""
    return disclose_lines(read_units(units_text, kind), [index], opened=opened)[0]


def read_disclosed_line(value: JsonValue) -> DisclosedLine:
    """Return a parsed disclosed line; raise MalformedStatement.  Nothing is verified yet."""
    shape = Shape(value, _KEYS, _wrong)
    return DisclosedLine(
        role=shape.choice("role", frozenset(Role)),
        unit=shape.text("unit", pattern=_UNIT),
        parent=None if shape.is_null("parent") else shape.text("parent", pattern=_UNIT),
        s=shape.octets("s", 16),
        q=shape.octets("q", 32),
        opening=None if shape.is_null("open") else _read_opening(shape.inner("open", _OPEN_KEYS)),
        index=shape.integer("index"),
        path=tuple(
            read_octets(step, 32, lambda _: shape.wrong("path")) for step in shape.items("path", limit=_PATH_MAX)
        ),
    )


def _disclose(line: Line, salt: bytes, tree: SaltedTree, opened: bool) -> dict[str, JsonValue]:
    secrets = line_secrets(line, salt)
    q = quantity_hash(secrets.quantity_salt, line.quantity, line.attributes)
    leaf = line_leaf_text(s=secrets.s, role=line.role, unit=line.unit, parent=line.parent, q=q)
    place = tree.path_of(leaf_hash(leaf.encode("utf-8")))
    opening: dict[str, JsonValue] = {
        "salt": b64(secrets.quantity_salt),
        "quantity": line.quantity,
        "attributes": dict(line.attributes),
    }
    return {
        "role": line.role,
        "unit": line.unit,
        "parent": line.parent,
        "s": b64(secrets.s),
        "q": b64(q),
        "open": opening if opened else None,
        "index": place.index,
        "path": [b64(step) for step in place.path],
    }


def _read_opening(shape: Shape) -> Opening:
    return Opening(
        salt=shape.octets("salt", 16),
        quantity=shape.integer("quantity"),
        attributes=read_attributes(shape.raw("attributes")),
    )


def _wrong(where: str) -> Refusal:
    return MalformedStatement(piece="line", where=where)
