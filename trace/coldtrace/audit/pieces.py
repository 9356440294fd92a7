"""The pieces of a statement against the hashes in its signed header."""

from collections.abc import Mapping
from dataclasses import dataclass

from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.leaf_text import HeaderText
from coldtrace.errors import Refusal
from coldtrace.events.private_piece import PrivatePiece, read_erased, read_private
from coldtrace.events.public_piece import read_public
from coldtrace.events.salted_tree import SaltedTree
from coldtrace.events.units_piece import read_units
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256

NAMES = ("public", "private", "units")


@dataclass(frozen=True)
class Piece:
    """A stored piece; `data` is None when it was erased whole."""

    data: bytes | None
    is_erased: bool


@dataclass(frozen=True)
class Read:
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
            if not _fits(name, piece.data.decode("utf-8"), header, pieces):
                report.find(FindingCode.PIECE_WRONG, f"{where} {name}")
            elif name == "private":
                seq = _seq(piece.data.decode("utf-8"))
        except (Refusal, UnicodeDecodeError):
            report.find(FindingCode.PIECE_WRONG, f"{where} {name}")
    return Read(seq, is_erased)


def _fits(name: str, text: str, header: HeaderText, pieces: Mapping[str, Piece]) -> bool:
    if name == "public":
        return b64(sha256(text.encode("utf-8"))) == header.public
    if name == "private":
        return _same(_read_private(text).tree(), header.private, header.private_width)
    public = pieces.get("public")
    if name != "units" or public is None or public.data is None:
        return name == "units"
    kind = read_public(public.data.decode("utf-8")).type
    return _same(read_units(text, kind).tree(), header.units, header.units_width)


def _read_private(text: str) -> PrivatePiece:
    return read_erased(text) if text.startswith('{"erased":') else read_private(text)


def _seq(text: str) -> int | None:
    for field in _read_private(text).fields:
        if field.name == "seq" and isinstance(field.value, int):
            return int(field.value)
    return None


def _same(tree: SaltedTree, root: str, width: str) -> bool:
    return (b64(tree.root), str(tree.width)) == (root, width)
