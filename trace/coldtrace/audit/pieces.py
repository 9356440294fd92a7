"""The pieces of a statement against the hashes in its signed header."""

from collections.abc import Mapping
from typing import NamedTuple

from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.leaf_text import HeaderText
from coldtrace.errors import Refusal
from coldtrace.events import piece_text
from coldtrace.events.piece_text import Rooted
from coldtrace.events.private_piece import REQUIRED, read_erased, read_private
from coldtrace.events.public_piece import read_public
from coldtrace.events.salted_tree import SaltedTree
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import read_units
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256

NAMES = ("public", "private", "units")
_REQUIRED = frozenset(REQUIRED)
_ERASED = b'{"erased":'


class Piece(NamedTuple):
    """A stored piece; `data` is None when it was erased whole."""

    data: bytes | None
    is_erased: bool


class Gone(NamedTuple):
    """What was erased of a private piece: so many fields, and of all that must be there these are `kept`.

    `erased` is None when the whole piece is gone, which no erasure does.
    """

    erased: int | None
    kept: frozenset[str] = frozenset()

    def is_covered_by(self, fields: frozenset[str]) -> bool:
        """Tell whether the erasure of these fields explains it: hashes have no names, but there must not be more."""
        if self.erased is None or not fields:
            return False
        return self.erased <= len(fields - self.kept) and fields.issuperset(_REQUIRED - self.kept)


class Read(NamedTuple):
    """What the pieces of one statement tell: the device's number, and what of them was erased."""

    seq: int | None = None
    gone: Gone | None = None


def check_pieces(header: HeaderText, pieces: Mapping[str, Piece], where: str, report: Report) -> Read:
    """Compare the pieces of one statement with its header."""
    for name in NAMES:
        if name not in pieces:
            report.find(FindingCode.PIECE_MISSING, f"{where} {name}")
    for name in ("public", "units"):
        piece = pieces.get(name)
        if piece is not None and (piece.is_erased or piece.data is None):
            report.find(FindingCode.ERASED_UNRECORDED, f"{where} {name}")  # only private pieces are ever erased
    seq = None
    for name, piece in pieces.items():
        if piece.data is None:
            continue
        try:
            fits, number = _fits(name, piece.data, header, pieces)
        except (Refusal, UnicodeDecodeError):
            fits, number = False, None
        if not fits:
            report.find(FindingCode.PIECE_WRONG, f"{where} {name}")
        elif name == "private":
            seq = number
    private = pieces.get("private")
    return Read(seq, None if private is None else _gone(private))


def _gone(private: Piece) -> Gone | None:
    """Return what was erased of a private piece, None if nothing was and nobody says so."""
    if private.data is None:
        return Gone(None)
    if not private.data.startswith(_ERASED):
        return Gone(0, _REQUIRED) if private.is_erased else None
    try:
        piece = read_erased(private.data.decode("utf-8"))
    except (Refusal, UnicodeDecodeError):
        return None  # found to be wrong already
    return Gone(len(piece.erased), frozenset(field.name for field in piece.fields))


def _fits(name: str, data: bytes, header: HeaderText, pieces: Mapping[str, Piece]) -> tuple[bool, int | None]:
    """Tell whether a piece is what its header says, and the number in a private one."""
    if name == "public":
        return b64(sha256(data)) == header.public, None
    if name == "private":
        found = piece_text.private_root(data) or private_root(data.decode("utf-8"))
        return (found.root, found.width) == (header.private, header.private_width), found.seq
    public = pieces.get("public")
    if name != "units" or public is None or public.data is None:
        return name == "units", None
    kind = piece_text.type_of(public.data) or read_public(public.data.decode("utf-8")).type
    found = piece_text.units_root(data, kind) or units_root(data.decode("utf-8"), kind)
    return (found.root, found.width) == (header.units, header.units_width), None


def private_root(text: str) -> Rooted:
    """Return what any private piece commits to, by the general readers; raises as they do."""
    piece = read_erased(text) if text.startswith('{"erased":') else read_private(text)
    seq = piece.value("seq")
    return _rooted(piece.tree(), seq if isinstance(seq, int) else None)


def units_root(text: str, kind: StatementType) -> Rooted:
    """Return what any units piece commits to, by the general reader; raises as it does."""
    return _rooted(read_units(text, kind).tree())


def _rooted(tree: SaltedTree, seq: int | None = None) -> Rooted:
    return Rooted(b64(tree.root), str(tree.width), seq)
