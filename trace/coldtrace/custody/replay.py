"""Telling stored statements in the order of events from nothing, into whatever tables the session writes to.

What a line does to its unit follows from what came before it, so the order of events alone is enough: nothing here is
ever late, and nothing of `retelling.py` but the telling itself is used.  Three things are taken as they were judged
when a statement arrived: when it is ordered, its own marks, and the lasting marks of its lines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody import store, unit_store
from coldtrace.custody.model import Mark
from coldtrace.custody.picture import Picture
from coldtrace.custody.projection import unpacks_whole, write_picture
from coldtrace.custody.retelling import tell_lines
from coldtrace.custody.store import LineRecord, PastLine
from coldtrace.events.units_piece import Line

LINES_MAX = 5_000
STATEMENTS_MAX = 500


@dataclass(frozen=True, kw_only=True)
class Said:
    """One stored statement.

    Judged when it arrived: `event_at`, its own `marks`, the `lasting` marks of each line, and the `importers` of what
    it coded.
    """

    entry_id: UUID
    type: str
    gln: str
    to_gln: str | None
    event_at: datetime
    recorded_at: datetime
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    lasting: tuple[tuple[Mark, ...], ...]
    importers: frozenset[UUID] = frozenset()

    @property
    def whole(self) -> bool:
        """Tell whether it takes everything off its pallets."""
        return unpacks_whole(self.type, [line.role for line in self.lines])


def in_batches(said: Iterator[Said]) -> Iterator[list[Said]]:
    """Give statements in batches that fit into memory, whatever their size."""
    batch: list[Said] = []
    lines = 0
    for one in said:
        if batch and (lines + len(one.lines) > LINES_MAX or len(batch) == STATEMENTS_MAX):
            yield batch
            batch, lines = [], 0
        batch.append(one)
        lines += len(one.lines)
    if batch:
        yield batch


def replay(session: Session, batch: Sequence[Said]) -> dict[UUID, list[LineRecord]]:
    """Tell one batch; write its units, stays and lines, and return the lines of each statement.

    Batches follow each other in the order of events, and so do the statements of one.
    """
    names = {name for one in batch for line in one.lines for name in (line.unit, line.parent) if name}
    emptied = {line.unit for one in batch if one.whole for line in one.lines}
    picture = Picture(unit_store.lock_units(session, names, emptied=emptied))
    pks = {unit.unit_id: unit.pk for unit in picture.units.values()}
    told, implied = tell_lines(picture, [line for one in batch for line in _past_lines(one, pks)])
    records: dict[UUID, list[LineRecord]] = {}
    for one in batch:
        records[one.entry_id] = [
            LineRecord(
                entry_id=one.entry_id,
                line_no=number,
                unit_pk=pks[line.unit],
                role=line.role,
                parent_pk=pks[line.parent] if line.parent else None,
                quantity=line.quantity,
                event_at=one.event_at,
                marks=told[one.entry_id, number].marks,
                from_gln=told[one.entry_id, number].from_gln,
            )
            for number, line in enumerate(one.lines)
        ]
    for record in implied.values():
        of_one = records[record.entry_id]
        of_one.append(LineRecord(**(vars(record) | {"line_no": len(of_one)})))
    write_picture(session, picture)
    store.insert_lines(session, [record for found in records.values() for record in found])
    return records


def _past_lines(one: Said, pks: dict[str, int]) -> list[PastLine]:
    return [
        PastLine(
            entry_id=one.entry_id,
            line_no=number,
            unit_pk=pks[line.unit],
            role=line.role,
            parent_pk=pks[line.parent] if line.parent else None,
            type=one.type,
            gln=one.gln,
            to_gln=one.to_gln,
            event_at=one.event_at,
            marks=one.lasting[number],
            from_gln=None,
            whole=one.whole,
        )
        for number, line in enumerate(one.lines)
    ]
