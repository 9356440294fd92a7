"""The private piece: named fields, each with its own salt, for the parties and field by field.

    {"fields":[[b64(16),"at","2026-11-23T04:00:00.000Z"],[b64(16),"offset","+08:00"],...],"salt":b64(16)}

The header holds the root of the salted tree (K = salt) whose leaves are the triples themselves.  Erasing a field
deletes its value and salt and keeps its leaf hash under `erased`; the root still checks:

    {"erased":[b64(32)...],"fields":[...],"salt":b64(16)}

Four fields are in every statement: `at` (the device's own time, UTC), `offset` (of the local clock), `seq` (place
in the device's chain, from 1) and `site` (GLN).  The others are free names; those in use are listed in
docs/formats/events.md.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from typing import Final, TypeAlias

from coldtrace.codes.check_digit import has_valid_check_digit
from coldtrace.errors import Refusal
from coldtrace.events.canonical import JsonValue, decode, encode, encode_checked
from coldtrace.events.refusals import MalformedStatement, StatementTooLarge
from coldtrace.events.salted_tree import SaltedTree, leaf_hash, salted_tree
from coldtrace.events.shape import NAME, TEXT_MAX, Shape, read_moment, read_octets
from coldtrace.seal.b64 import b64

PRIVATE_MAX: Final = 128 * 1024
FIELDS_MAX: Final = 256
REQUIRED: Final = ("at", "offset", "seq", "site")

Scalar: TypeAlias = bool | int | str | None

_OFFSET: Final = re.compile(r"([+-])(0\d|1[0-4]):([0-5]\d)", re.ASCII)
_GLN: Final = re.compile(r"\d{13}", re.ASCII)


@dataclass(frozen=True)
class PrivateField:
    """One field with the salt that hides it."""

    salt: bytes
    name: str
    value: JsonValue


@dataclass(frozen=True)
class PrivatePiece:
    """The parsed private piece; `erased` are the leaf hashes of fields that are gone."""

    salt: bytes
    fields: tuple[PrivateField, ...]
    erased: tuple[bytes, ...] = ()

    def value(self, name: str) -> JsonValue:
        """Return the value of a field, None if the statement has no such field."""
        return self.named.get(name)

    @cached_property
    def named(self) -> Mapping[str, JsonValue]:
        """The values by name, which a statement is asked for a dozen times; of two of a name the first."""
        return {field.name: field.value for field in reversed(self.fields)}

    @cached_property
    def at(self) -> datetime:
        """When it happened, by the device's own clock."""
        return read_moment(self.value("at"), _wrong)

    @cached_property
    def offset(self) -> timedelta:
        """How far the local clock is ahead of UTC."""
        return _read_offset(self.value("offset"))

    @cached_property
    def local_date(self) -> date:
        """The local day of `at`."""
        try:
            return self.at.astimezone(timezone(self.offset)).date()
        except OverflowError:
            raise _wrong("at") from None

    @cached_property
    def seq(self) -> int:
        """The place in the device's chain, from 1."""
        value = self.value("seq")
        if type(value) is not int or value < 1:
            raise _wrong("seq")
        return value

    @cached_property
    def site(self) -> str:
        """The GLN of the place."""
        value = self.value("site")
        if not isinstance(value, str) or not _GLN.fullmatch(value) or not has_valid_check_digit(value):
            raise _wrong("site")
        return value

    def tree(self) -> SaltedTree:
        """Return the salted tree over the fields, those erased included."""
        leaves = [_leaf(field) for field in self.fields]
        return salted_tree([*leaves, *self.erased], key=self.salt)


def write_private(*, salt: bytes, fields: Sequence[PrivateField]) -> str:
    """Return the exact text of a private piece."""
    return encode({"salt": b64(salt), "fields": [_triple(field) for field in fields]})


def read_private(text: str) -> PrivatePiece:
    """Return the parsed private piece; raise StatementTooLarge, NotCanonical or MalformedStatement."""
    shape = Shape(_decode(text), frozenset({"salt", "fields"}), _wrong)
    piece = PrivatePiece(salt=shape.octets("salt", 16), fields=_read_fields(shape))
    for required in (piece.at, piece.offset, piece.seq, piece.site):
        del required  # Reading it is the check.
    return piece


def read_erased(text: str) -> PrivatePiece:
    """Return a private piece some of whose fields were erased; raises as `read_private`."""
    shape = Shape(_decode(text), frozenset({"salt", "fields", "erased"}), _wrong)
    erased = [
        read_octets(item, 32, lambda _: shape.wrong("erased")) for item in shape.items("erased", limit=FIELDS_MAX)
    ]
    return PrivatePiece(salt=shape.octets("salt", 16), fields=_read_fields(shape), erased=tuple(erased))


def erase_fields(piece: PrivatePiece, names: Collection[str]) -> str:
    """Return the text of the piece with these fields gone: their leaf hashes stay, so the root still checks."""
    gone = [field for field in piece.fields if field.name in names]
    hashes = [_leaf(field) for field in gone]
    return encode(
        {
            "salt": b64(piece.salt),
            "fields": [_triple(field) for field in piece.fields if field.name not in names],
            "erased": sorted(b64(digest) for digest in [*hashes, *piece.erased]),
        }
    )


def _decode(text: str) -> JsonValue:
    if len(text) > PRIVATE_MAX:
        raise StatementTooLarge(piece="private", limit=PRIVATE_MAX)
    return decode(text)


def _read_fields(shape: Shape) -> tuple[PrivateField, ...]:
    fields = tuple(_read_field(item) for item in shape.items("fields", limit=FIELDS_MAX))
    if len({field.name for field in fields}) != len(fields):
        raise _wrong("fields: repeated name")
    return fields


def _read_field(item: JsonValue) -> PrivateField:
    if not isinstance(item, list) or len(item) != 3:
        raise _wrong("fields")
    salt, name, value = item
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise _wrong("fields: name")
    if not _is_value(value):
        raise _wrong(name)
    return PrivateField(read_octets(salt, 16, _wrong), name, value)


def _is_value(value: JsonValue) -> bool:
    if isinstance(value, list):
        return len(value) <= FIELDS_MAX and all(_is_scalar(item) for item in value)
    return _is_scalar(value)


def _is_scalar(value: JsonValue) -> bool:
    return (isinstance(value, str) and len(value) <= TEXT_MAX) or value is None or isinstance(value, int)


def _read_offset(value: JsonValue) -> timedelta:
    found = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if found is None or value == "-00:00":
        raise _wrong("offset")
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return ahead if found[1] == "+" else -ahead


def _leaf(field: PrivateField) -> bytes:
    return leaf_hash(encode_checked(_triple(field)).encode("utf-8"))


def _triple(field: PrivateField) -> list[JsonValue]:
    return [b64(field.salt), field.name, field.value]


def _wrong(where: str) -> Refusal:
    return MalformedStatement(piece="private", where=where)
