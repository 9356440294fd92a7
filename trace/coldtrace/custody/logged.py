"""What stands in the record of a statement, beside what its logged leaf and pieces say.

Compared is all that follows from them.  What was known when it arrived is in no piece, and is taken as it stands: marks
of its device, its key and its chain, whose goods its lines spoke of and what imports said of their codes, whether a
receiver was registered, what weighed how much (docs/guides/corrections.md).
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from coldtrace.custody.details import KNOWN_ON_ARRIVAL, Details, details_of, makes_lot
from coldtrace.custody.model import Fact, Mark
from coldtrace.custody.rules import (
    BARRED,
    SAID_OF_ALL,
    SAID_ON_LINES,
    only_lasting,
    order_time,
    said_marks,
    statement_marks,
)
from coldtrace.custody.service import details_said, name_of_receiver, receiver_of, status_of
from coldtrace.custody.store import level_of
from coldtrace.events.header import header_hash, read_header
from coldtrace.events.private_piece import PrivatePiece, read_erased, read_private
from coldtrace.events.public_piece import PublicPiece, read_public
from coldtrace.events.units_piece import Line, read_units
from coldtrace.ledger.model import StoredEntry
from coldtrace.seal.b64 import b64


def stored_of(row: Row[Any], lines: Sequence[Row[Any]], *, corrects: list[str] | None) -> dict[str, object]:
    """Return what stands in a statement's row and in those of its lines, as far as the statement itself says it."""
    return {name: str(getattr(row, name)) for name in _TEXTS} | {
        "header_hash": b64(bytes(row.header_hash)),
        "key_id": b64(bytes(row.key_id)),
        "prev": None if row.prev is None else b64(bytes(row.prev)),
        "details": row.details or {},
        "time_marks": sorted(_OF_TIME.intersection(row.marks)),
        "said_marks": sorted(SAID_OF_ALL.intersection(row.marks)),
        "lines": [
            [each.role, each.unit_id, each.parent, each.quantity, _said(each.details or {}), _said_on(each.marks)]
            for each in lines
        ],
        "corrects": corrects,
    }


def _said(details: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in details.items() if name not in KNOWN_ON_ARRIVAL}


def _said_on(marks: Collection[str]) -> list[str]:
    return sorted(SAID_ON_LINES.intersection(marks))


_TEXTS = ("type", "claimed_at", "event_at", "recorded_at", "seq", "gln", "to_gln", "to_name", "status")
_OF_TIME = frozenset({Mark.CLOCK_SKEW, Mark.LATE})
BATCH_TAKES: Final = timedelta(seconds=1)
"""Statements of one batch are recorded a microsecond apart, from the moment on at which the batch was received."""


def logged_of(
    pieces: Mapping[UUID, Mapping[str, bytes]],
    entry: StoredEntry | None,
    row: Row[Any],
    stored: Sequence[Row[Any]],
) -> dict[str, object] | None:
    """Return what leaf and pieces of a statement say, None where one of them is gone.

    What was erased of the private piece says nothing any more: it is taken as it stands.  So is a correction's status,
    which is judged once both are there.
    """
    kept = {name: data.decode() for name, data in pieces.get(row.entry_id, {}).items()}
    if entry is None or not {"public", "private", "units"} <= kept.keys():
        return None
    body = json.loads(entry.leaf)["body"]
    header, public = read_header(body), read_public(kept["public"])
    is_whole = not kept["private"].startswith('{"erased":')
    private = (read_private if is_whole else read_erased)(kept["private"])
    event_at, marks = order_time(
        claimed_at=private.at,
        recorded_at=row.recorded_at,
        enrolled_at=row.enrolled_at,
        stated_skew=private.value("clock_skew"),
    )
    units = read_units(kept["units"], public.type).lines
    lasting = [only_lasting(row.type, each.marks, each.details or {}) for each in stored]
    early = row.recorded_at < entry.received_at or row.recorded_at > entry.received_at + BATCH_TAKES
    said = {
        "type": public.type.value,
        "claimed_at": str(private.at),
        "event_at": str(event_at),
        "recorded_at": str(entry.received_at if early else row.recorded_at),
        "seq": str(private.seq),
        "gln": private.site,
        "to_gln": str(receiver_of(private)),
        "to_name": str(name_of_receiver(private)),
        "status": row.status if public.corrects is not None else status_of(row.marks, lasting),
        "header_hash": b64(header_hash(body)),
        "key_id": b64(header.key),
        "prev": None if header.prev is None else b64(header.prev),
        "details": details_said(public, private, event_at),
        "time_marks": sorted(marks),
        "said_marks": sorted(_marks_of_all(public, private, units, row)),
        "corrects": None if public.corrects is None else [b64(public.corrects.header), public.corrects.mode.value],
        "lines": _lines(public, private, units, row, stored),
    }
    stands = stored_of(row, stored, corrects=None)
    return said if is_whole else said | {name: stands[name] for name in _FROM_PRIVATE}


_FROM_PRIVATE = ("event_at", "to_gln", "to_name", "details", "time_marks", "said_marks")


def _marks_of_all(public: PublicPiece, private: PrivatePiece, units: Sequence[Line], row: Row[Any]) -> Collection[str]:
    """Return the marks that a statement as a whole earns by itself."""
    if Mark.NOT_PERMITTED in row.marks:
        return ()
    fields = {field.name: field.value for field in private.fields}
    found = statement_marks(public.type.value, level=level_of(row.site_role), fields=fields, lines=units)
    return {mark for mark in found if (row.type, mark) not in _ASKED_LATER or mark in row.marks}


_ASKED_LATER: Final = frozenset(
    {("lose", Mark.REASON_MISSING), *((type, Mark.REFERENCE_MISSING) for type in ("sample", "return", "destroy"))}
)
"""Nobody asked this of statements that came before: where such a mark is missing, that is no difference."""


def _lines(
    public: PublicPiece,
    private: PrivatePiece,
    units: Sequence[Line],
    row: Row[Any],
    stored: Sequence[Row[Any]],
) -> list[list[object]]:
    type = public.type.value
    barred = bool(BARRED.intersection(row.marks))
    fact = Fact(
        type=type,
        gln=private.site,
        to_gln=None,
        event_at=private.at,
        local_date=private.at.date(),
        permitted=not barred,
    )
    found: list[list[object]] = []
    for number, line in enumerate(units):
        details = _said(details_of(fact, line, issued=None, into_lot=makes_lot(type, units)))
        marks: Collection[str] = said_marks(type, line, barred=barred)
        before = stored[number] if number < len(stored) else None
        if before is not None and public.corrects is not None:
            # Whether it was permitted may be judged later than its lines are.
            marks = SAID_ON_LINES.intersection(before.marks)
        if before is not None and _kept_no_reason(before.details or {}):
            # Reasons were not kept, nor asked for, at first.
            details["refused"] = True
            marks = {mark for mark in marks if mark != Mark.REASON_MISSING or mark in before.marks}
        found.append([line.role, line.unit, line.parent, line.quantity, details, sorted(marks)])
    return found


def _kept_no_reason(details: Details) -> bool:
    return details.get("refused") is True
