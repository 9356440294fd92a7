"""CTE1 statements: draft, sign, read.  The byte-exact format is docs/formats/events.md.

A statement travels as five strings, `{"header","public","private","units","sig"}`.  Only the bytes received are
hashed; nothing is printed again on the way.

The order that makes it safe: draw salts, write the pieces, hash them into the header, sign the header.  The reader
goes the other way: shape of the header, shape of each piece, hash of each piece against the header, then (by the
caller, who knows the key) the signature.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from coldtrace.errors import Refusal
from coldtrace.events.canonical import JsonValue
from coldtrace.events.header import Header, header_hash, read_header, signed_bytes, write_header
from coldtrace.events.private_piece import PrivateField, PrivatePiece, read_private, write_private
from coldtrace.events.public_piece import Corrects, Place, PublicPiece, read_public, write_public
from coldtrace.events.refusals import HashMismatch, MalformedStatement
from coldtrace.events.salted_tree import SaltedTree
from coldtrace.events.shape import Shape
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import Line, UnitsPiece, read_units, write_units
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from coldtrace.seal.public_key import PublicKey, key_id
from coldtrace.seal.signer import Signer

SIGNATURE_BYTES = 64
_WIRE_KEYS = frozenset({"header", "public", "private", "units", "sig"})


@dataclass(frozen=True)
class Draft:
    """An unsigned statement: the exact texts, ready to be signed by the key that the header names."""

    header: str
    public: str
    private: str
    units: str
    key: bytes

    @property
    def header_hash(self) -> bytes:
        """The SHA-256 of the header's bytes: `prev` of the next statement."""
        return header_hash(self.header)


@dataclass(frozen=True)
class Statement:
    """A signed statement as it travels; `sig` is base64url."""

    header: str
    public: str
    private: str
    units: str
    sig: str

    def to_json(self) -> dict[str, str]:
        """Return the wire object."""
        return {
            "header": self.header,
            "public": self.public,
            "private": self.private,
            "units": self.units,
            "sig": self.sig,
        }

    @classmethod
    def from_json(cls, value: object) -> "Statement":
        """Return the statement of a wire object; raise MalformedStatement."""
        if not isinstance(value, Mapping) or value.keys() != _WIRE_KEYS:
            raise _wrong("keys")
        for name in _WIRE_KEYS:
            if not isinstance(value[name], str):
                raise _wrong(name)
        return cls(**value)


@dataclass(frozen=True, kw_only=True)
class CheckedStatement:
    """A statement whose texts have the right form and match the signed header.  The signature is still open."""

    wire: Statement
    header: Header
    header_hash: bytes
    public: PublicPiece
    private: PrivatePiece
    units: UnitsPiece
    signature: bytes

    def verify(self, public_key: PublicKey) -> bool:
        """Tell whether this key is the one that the header names, and signed the header."""
        if key_id(public_key.spki) != self.header.key:
            return False
        return public_key.verify(self.signature, signed_bytes(self.wire.header))


def draft_statement(
    *,
    id: UUID,
    net: bytes,
    key: bytes,
    prev: bytes | None,
    seen: bytes | None,
    type: StatementType,
    date: str,
    place: Place,
    by: str,
    cold: str,
    facts: bytes | None,
    corrects: Corrects | None,
    fields: Sequence[tuple[str, JsonValue]],
    lines: Sequence[Line],
    random: Callable[[int], bytes],
    evidence: Sequence[bytes] = (),
    read_back: bool = True,
) -> Draft:
    """Return an unsigned statement.

    `id` comes from `header.statement_id`; `key` is the key id of the device, `prev` the header hash of its last
    statement (None at `seq` 1), `seen` the SHA-256 of the newest checkpoint note it has verified, `facts` the
    SHA-256 of the facts text.  Salts are drawn from `random`.  Raises MalformedStatement, NotCanonical or
    StatementTooLarge where a reader would.  Reading it all back takes a third of the time; `read_back` is False only
    where the same was read back before but for its time, its number and its goods.
    """
    public = write_public(
        salt=random(16),
        type=type,
        date=date,
        place=place,
        by=by,
        cold=cold,
        evidence=evidence,
        facts=facts,
        corrects=corrects,
    )
    private_piece = PrivatePiece(random(16), tuple(PrivateField(random(16), name, value) for name, value in fields))
    private = write_private(salt=private_piece.salt, fields=private_piece.fields)
    units_piece = UnitsPiece(random(16), tuple(lines))
    units = write_units(salt=units_piece.salt, lines=lines)
    if read_back:
        private_piece, units_piece = _read_pieces(public, private, units, prev)[1:]
    private_tree, units_tree = private_piece.tree(), units_piece.tree()
    header = write_header(
        Header(
            net=net,
            id=id,
            key=key,
            prev=prev,
            seen=seen,
            public=sha256(public.encode("utf-8")),
            private=private_tree.root,
            private_width=private_tree.width,
            units=units_tree.root,
            units_width=units_tree.width,
        )
    )
    if read_back:
        read_header(header)
    return Draft(header, public, private, units, key)


def sign_statement(draft: Draft, signer: Signer) -> Statement:
    """Return the statement signed by the device key.  The header must name that key: ValueError if not (a bug)."""
    if draft.key != key_id(signer.spki):
        raise ValueError("the header names another key")
    signature = signer.sign(signed_bytes(draft.header))
    return Statement(draft.header, draft.public, draft.private, draft.units, b64(signature))


def read_statement(wire: object) -> CheckedStatement:
    """Return a statement with all its texts checked against each other.

    `wire` is a Statement or a wire object.  Raises MalformedStatement, StatementTooLarge, NotCanonical or
    HashMismatch.  The signature is not judged: the caller finds the key and asks `verify`.
    """
    statement = wire if isinstance(wire, Statement) else Statement.from_json(wire)
    signature = Shape({"sig": statement.sig}, frozenset({"sig"}), _wrong).octets("sig", SIGNATURE_BYTES)
    header = read_header(statement.header)
    public, private, units = _read_pieces(statement.public, statement.private, statement.units, header.prev)
    _require_match(header, statement.public, private.tree(), units.tree())
    return CheckedStatement(
        wire=statement,
        header=header,
        header_hash=header_hash(statement.header),
        public=public,
        private=private,
        units=units,
        signature=signature,
    )


def _read_pieces(
    public_text: str, private_text: str, units_text: str, prev: bytes | None
) -> tuple[PublicPiece, PrivatePiece, UnitsPiece]:
    public = read_public(public_text)
    private = read_private(private_text)
    units = read_units(units_text, public.type)
    if (private.seq == 1) != (prev is None):
        raise MalformedStatement(piece="header", where="prev")
    # What the consumer sees must be the day on which the parties say it happened.
    if private.local_date != public.date:
        raise MalformedStatement(piece="public", where="date")
    return public, private, units


def _require_match(header: Header, public_text: str, private_tree: SaltedTree, units_tree: SaltedTree) -> None:
    if sha256(public_text.encode("utf-8")) != header.public:
        raise HashMismatch(piece="public")
    if (private_tree.root, private_tree.width) != (header.private, header.private_width):
        raise HashMismatch(piece="private")
    if (units_tree.root, units_tree.width) != (header.units, header.units_width):
        raise HashMismatch(piece="units")


def _wrong(where: str) -> Refusal:
    return MalformedStatement(piece="wire", where=where)
