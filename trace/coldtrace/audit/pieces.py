"""The pieces of a statement against the hashes in its signed header."""

from collections.abc import Mapping
from typing import NamedTuple

from coldtrace.audit import piece_text
from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.leaf_text import HeaderText
from coldtrace.audit.piece_text import Rooted
from coldtrace.errors import Refusal
from coldtrace.events.private_piece import read_erased, read_private
from coldtrace.events.public_piece import read_public
from coldtrace.events.salted_tree import SaltedTree
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import read_units
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256

NAMES = ("public", "private", "units")


class Piece(NamedTuple):
    """A stored piece; `data` is None when it was erased whole."""

    data: bytes | None
    is_erased: bool


class Read(NamedTuple):
    """What the pieces of one statement tell: the device's number, and whether something of them was erased."""

    seq: int | None = None
    is_erased: bool = False


def check_pieces(header: HeaderText, pieces: Mapping[str, Piece], where: str, report: Report) -> Read:
    """Compare the pieces of one statement with its header."""
    for name in NAMES:
        if name not in pieces:
            report.find(FindingCode.PIECE_MISSING, f"{where} {name}")
    is_erased = any(piece.is_erased or piece.data is None for piece in pieces.values())
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
    return Read(seq, is_erased)


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
