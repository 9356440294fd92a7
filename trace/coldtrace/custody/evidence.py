"""A unit's whole evidence as rows: every statement of its story that a reader may see, with the exact signed texts.

Header, signature and public piece of each; the private piece where its exact texts are the reader's (`Kind.PIECES`); of
the units piece the unit's own line alone, because other lines are other people's goods.  Whoever gets the rows can
check hashes and signatures, and fetch each place in the log under `proof`.  Made page by page: stories may be long.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody.history import HistoryLine
from coldtrace.events.canonical import encode
from coldtrace.events.header import header_hash
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import read_units
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import StoredEntry
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within
from coldtrace.seal.b64 import b64

PAGE = 50

COLUMNS = (
    "no",
    "statement",
    "type",
    "unit",
    "role",
    "parent",
    "site",
    "to",
    "at",
    "event_at",
    "recorded_at",
    "status",
    "marks",
    "annulled",
    "corrects",
    "said_by",
    "device_key",
    "header_sha256",
    "header",
    "signature",
    "public",
    "private",
    "line",
    "proof",
)


def evidence(session: Session, scope: Scope, lines: Iterable[HistoryLine]) -> Iterator[tuple[str, ...]]:
    """Give a row of `COLUMNS` for each line of a story, in its order; the lines are those that the reader may see."""
    story, told = iter(lines), 0
    while page := list(islice(story, PAGE)):
        ids = [line.entry_id for line in page]
        entries = ledger.known_entries(session, ids)
        pieces = ledger.pieces(session, {entry.log for entry in entries.values()}, ids)
        whole = _whole(session, scope, ids)
        for number, line in enumerate(page, told + 1):
            entry = entries.get(line.entry_id)
            own = pieces.get(line.entry_id, {})
            yield _row(number, line, entry, own, is_whole=line.entry_id in whole)
        told += len(page)


def _row(
    number: int,
    line: HistoryLine,
    entry: StoredEntry | None,
    pieces: Mapping[str, bytes],
    *,
    is_whole: bool,
) -> tuple[str, ...]:
    leaf = {} if entry is None else json.loads(entry.leaf)
    header = leaf.get("body", "")
    return (
        str(number),
        str(line.entry_id),
        line.type,
        line.unit,
        line.role,
        line.parent or "",
        line.gln,
        line.to_gln or "",
        format_utc(line.claimed_at),
        format_utc(line.event_at),
        format_utc(line.recorded_at),
        line.status,
        " ".join(line.marks),
        "yes" if line.annulled else "no",
        "" if line.corrects is None else str(line.corrects),
        "gateway" if line.by_platform else "device",
        _written(json.loads(header)["key"] if header else ""),
        _written(b64(header_hash(header)) if header else ""),
        header,
        _written(leaf.get("sig", "")),
        pieces.get("public", b"").decode(),
        pieces.get("private", b"").decode() if is_whole else "",
        _own_line(line, pieces.get("units")),
        "" if entry is None else f"/logs/{entry.log.name}/statements/{line.entry_id}/proof",
    )


def _written(base64: str) -> str:
    """Return a key, hash or signature so that no spreadsheet takes it for a number or, after a dash, for a formula."""
    return f"b64:{base64}" if base64 else ""


def _own_line(line: HistoryLine, units: bytes | None) -> str:
    """Return the line of the unit, or of the parent that it was in, as it stands in the units piece."""
    if units is None or not line.shown:
        return ""
    said = read_units(units.decode(), StatementType(line.type)).lines
    if line.shown[0] >= len(said):
        return ""
    own = said[line.shown[0]]
    return encode([own.role, own.unit, own.parent, own.quantity, dict(own.attributes)])


def _whole(session: Session, scope: Scope, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the statements whose exact texts are the reader's."""
    within = Within(scope=scope, few_rows=True)
    rows = session.execute(
        text(
            "SELECT s.entry_id FROM statement s WHERE s.entry_id = ANY(CAST(:ids AS uuid[]))"
            f" AND {within.statement(Kind.PIECES, 's')}"
        ),
        {"ids": list(ids), **within.values},
    )
    return {row.entry_id for row in rows}
