"""Everything that custody made of the statements, made again from what is logged, and compared with what is stored.

Read are the logged pieces, and what was judged once when each statement arrived: the time by which it is ordered, its
own marks, the lasting marks of its lines, and who imported what it coded.  The rest (units, stays, what lines
contradict, whom statements concern) is told again from nothing, in the order of events, into empty tables that only
this transaction sees (`scratch.py`).  Units are compared by what they are called, never by their keys.

Memory is bounded: statements come from a cursor and are told in batches, and PostgreSQL compares the tables.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.custody import party_store, unit_store
from coldtrace.custody.model import Mark
from coldtrace.custody.party_store import PartyRecord
from coldtrace.custody.replay import Said, in_batches, replay
from coldtrace.custody.rules import IMPLIED, only_lasting
from coldtrace.custody.scratch import PARTY_TABLES, UNIT_TABLES, analyze_scratch, open_scratch
from coldtrace.custody.service import receiver_of
from coldtrace.custody.store import LineRecord
from coldtrace.errors import Words
from coldtrace.events.private_piece import read_erased, read_private
from coldtrace.events.public_piece import read_public
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import read_units
from coldtrace.ledger import service as ledger

READ_AT_ONCE = 100
UNITS_AT_ONCE = 5_000
EXAMPLES = 20
ANALYZED_AFTER = 2_000
TABLES = (*UNIT_TABLES, *PARTY_TABLES)

_Judged = Mapping[int, tuple[str, ...]]
"""What each line of a statement contradicts, by number."""

Progress = Callable[[int, int], None]
"""Told now and then how many statements were told, and of how many."""

TABLE_WORDS: Mapping[str, Words] = {
    "statement": Words("记录与已登记的原文不符", "a statement's record is not what was logged"),
    "unit": Words("货物所在", "where a unit is"),
    "statement_line": Words("记录行及其标记", "what a line says and contradicts"),
    "containment": Words("包装关系", "what was inside what"),
    "statement_party": Words("记录涉及的各方", "whom a statement concerns"),
    "marked_statement": Words("有疑问的记录", "which statements contradict something"),
}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One row that is not the same: as it is stored, and as the statements say; None where there is no such row."""

    table: str
    key: str
    stored: Mapping[str, object] | None
    rebuilt: Mapping[str, object] | None


@dataclass(frozen=True, kw_only=True)
class RebuildReport:
    """How many statements and lines were told, how many rows differ in each table, and the first of these rows."""

    statements: int
    lines: int
    units: int
    counts: Mapping[str, int]
    examples: Sequence[Difference]

    @property
    def ok(self) -> bool:
        """Tell whether all is stored as the statements say."""
        return not any(self.counts.values())

    def to_json(self) -> dict[str, object]:
        """Return the report as JSON has it."""
        return {
            "ok": self.ok,
            "statements": self.statements,
            "lines": self.lines,
            "units": self.units,
            "differences": dict(self.counts),
            "examples": [
                {"table": each.table, "key": each.key, "stored": each.stored, "rebuilt": each.rebuilt}
                for each in self.examples
            ],
        }


def check(session: Session, *, progress: Progress | None = None) -> RebuildReport:
    """Tell all statements again and compare; nothing is changed.

    The transaction must be rolled back afterwards.  Where others write it must be REPEATABLE READ, which sees one
    moment of the database however long this takes; nobody has to wait for it.
    """
    total = int(session.execute(text("SELECT count(*) FROM statement")).scalar_one())
    live = open_scratch(session, TABLES)
    reader = _Reader(session, live)
    statements = lines = 0
    analyze_at = ANALYZED_AFTER
    for batch in in_batches(reader.statements()):
        records = replay(session, batch)
        party_store.insert_parties(session, [_party(one, records[one.entry_id]) for one in batch])
        statements += len(batch)
        lines += sum(len(found) for found in records.values())
        if statements >= analyze_at:
            analyze_scratch(session, TABLES)
            analyze_at = 2 * statements
        if progress is not None:
            progress(statements, total)
    _make_other_units(session, live)
    analyze_scratch(session, TABLES)
    units = int(session.execute(text("SELECT count(*) FROM unit")).scalar_one())
    examples = list(reader.odd)
    counts = {"statement": reader.odd_count}
    for table in TABLES:
        counts[table], first = _differences(session, live, table)
        examples += first
    return RebuildReport(statements=statements, lines=lines, units=units, counts=counts, examples=examples[:EXAMPLES])


class _Reader:
    """Gives the stored statements in the order of events, as their logged pieces have them."""

    def __init__(self, session: Session, live: str) -> None:
        self._session = session
        self._live = live
        self._logs = [log for log, _ in ledger.logs(session)]
        self.odd_count = 0
        self.odd: list[Difference] = []

    def statements(self) -> Iterator[Said]:
        """Give every statement; one whose record is not what was logged is noted in `odd`."""
        rows = self._session.connection().execute(
            text(
                "SELECT entry_id, type, gln, to_gln, event_at, claimed_at, recorded_at, seq, marks"
                f" FROM {self._live}.statement ORDER BY event_at, recorded_at, seq, entry_id"
            ),
            execution_options={"stream_results": True, "yield_per": READ_AT_ONCE},
        )
        for some in rows.partitions(READ_AT_ONCE):
            yield from self._read(some)

    def _read(self, rows: Sequence[Row[Any]]) -> Iterator[Said]:
        entries = [row.entry_id for row in rows]
        pieces: dict[UUID, dict[str, bytes]] = {}
        for log in self._logs:
            pieces |= ledger.pieces(self._session, log, entries)
        judged, importers = self._judged(entries), self._importers(entries)
        for row in rows:
            yield self._said(row, pieces.get(row.entry_id, {}), judged.get(row.entry_id, {}), importers)

    def _said(
        self, row: Row[Any], pieces: Mapping[str, bytes], judged: _Judged, importers: Mapping[UUID, frozenset[UUID]]
    ) -> Said:
        kept = {name: str(getattr(row, name)) for name in ("type", "claimed_at", "seq", "gln", "to_gln")}
        logged = _logged(pieces)
        if kept != logged:
            self.odd_count += 1
            if len(self.odd) < EXAMPLES:
                self.odd.append(Difference(table="statement", key=str(row.entry_id), stored=kept, rebuilt=logged))
        units = pieces.get("units")
        lines = () if units is None else read_units(units.decode(), StatementType(row.type)).lines
        return Said(
            entry_id=row.entry_id,
            type=row.type,
            gln=row.gln,
            to_gln=row.to_gln,
            event_at=row.event_at,
            recorded_at=row.recorded_at,
            marks=tuple(Mark(mark) for mark in row.marks),
            lines=lines,
            lasting=tuple(only_lasting(row.type, judged.get(number, ())) for number in range(len(lines))),
            importers=importers.get(row.entry_id, frozenset()),
        )

    def _judged(self, entries: Sequence[UUID]) -> Mapping[UUID, _Judged]:
        rows = self._session.execute(
            text(
                f"SELECT entry_id, line_no, marks FROM {self._live}.statement_line"
                " WHERE entry_id = ANY(CAST(:entries AS uuid[])) AND role <> :implied"
            ),
            {"entries": list(entries), "implied": IMPLIED},
        )
        found: dict[UUID, dict[int, tuple[str, ...]]] = {}
        for row in rows:
            found.setdefault(row.entry_id, {})[row.line_no] = tuple(row.marks)
        return found

    def _importers(self, entries: Sequence[UUID]) -> dict[UUID, frozenset[UUID]]:
        rows = self._session.execute(
            text(
                f"SELECT entry_id, array_agg(operator_id) AS importers FROM {self._live}.statement_party"
                " WHERE entry_id = ANY(CAST(:entries AS uuid[])) AND relation = 'importer' GROUP BY entry_id"
            ),
            {"entries": list(entries)},
        )
        return {row.entry_id: frozenset(row.importers) for row in rows}


def _logged(pieces: Mapping[str, bytes]) -> dict[str, str] | None:
    """Return what the pieces say of a statement's record, None where one of them is gone."""
    if not {"public", "private"} <= pieces.keys():
        return None
    public, text_of_private = read_public(pieces["public"].decode()), pieces["private"].decode()
    read = read_erased if text_of_private.startswith('{"erased":') else read_private
    private = read(text_of_private)
    return {
        "type": public.type.value,
        "claimed_at": str(private.at),
        "seq": str(private.seq),
        "gln": private.site,
        "to_gln": str(receiver_of(private)),
    }


def _party(one: Said, records: Sequence[LineRecord]) -> PartyRecord:
    return PartyRecord(
        entry_id=one.entry_id,
        recorded_at=one.recorded_at,
        gln=one.gln,
        to_gln=one.to_gln,
        marked=bool(one.marks) or any(record.marks for record in records),
        sources=frozenset(record.from_gln for record in records if record.from_gln is not None),
        importers=one.importers,
    )


def _make_other_units(session: Session, live: str) -> None:
    """Make the units that no statement names as they are on first sight: a void label is one."""
    rows = session.connection().execute(
        text(f"SELECT unit_id FROM {live}.unit l WHERE NOT EXISTS (SELECT 1 FROM unit u WHERE u.unit_id = l.unit_id)"),
        execution_options={"stream_results": True, "yield_per": UNITS_AT_ONCE},
    )
    for some in rows.partitions(UNITS_AT_ONCE):
        unit_store.make_units(session, [row.unit_id for row in some])


def _differences(session: Session, live: str, table: str) -> tuple[int, list[Difference]]:
    """Return how many rows of a table differ, and the first of them in the order of their keys."""
    asked = _ROWS[table]
    differing = (
        f"SELECT key, a.facts AS stored, b.facts AS rebuilt FROM ({asked.format(schema=live)}) a"
        f" FULL JOIN ({asked.format(schema='pg_temp')}) b USING (key) WHERE a.facts IS DISTINCT FROM b.facts"
    )
    count, first = session.execute(
        text(
            f"WITH d AS MATERIALIZED ({differing}) SELECT (SELECT count(*) FROM d), (SELECT jsonb_agg(f)"
            " FROM (SELECT * FROM d ORDER BY key LIMIT :most) f)"
        ),
        {"most": EXAMPLES},
    ).one()
    return count, [Difference(table=table, **each) for each in first or ()]


_ROWS: Final = {
    "unit": "SELECT u.unit_id AS key, jsonb_build_object('lot', u.lot_id, 'state', u.state, 'gln', u.gln,"
    " 'to_gln', u.to_gln, 'parent', p.unit_id, 'root', r.unit_id,"
    # A unit of which nothing was said yet has either of two beginnings of time.
    " 'last_at', GREATEST(u.last_at, '0001-01-01T00:00:00Z')) AS facts FROM {schema}.unit u"
    " LEFT JOIN {schema}.unit p ON p.unit_pk = u.parent_pk LEFT JOIN {schema}.unit r ON r.unit_pk = u.root_pk",
    # Implied lines are numbered as they came to be known.
    "statement_line": "SELECT concat_ws(' ', l.entry_id, l.role, u.unit_id, p.unit_id) AS key, jsonb_build_object("
    "'line', CASE WHEN l.role <> 'implied' THEN l.line_no END, 'quantity', l.quantity, 'event_at', l.event_at,"
    " 'marks', l.marks, 'from_gln', l.from_gln) AS facts FROM {schema}.statement_line l"
    " JOIN {schema}.unit u USING (unit_pk) LEFT JOIN {schema}.unit p ON p.unit_pk = l.parent_pk",
    "containment": "SELECT concat_ws(' ', c.unit_id, s.from_at, s.packed_by) AS key, jsonb_build_object("
    "'parent', p.unit_id, 'to_at', s.to_at, 'unpacked_by', s.unpacked_by) AS facts FROM {schema}.containment s"
    " JOIN {schema}.unit c ON c.unit_pk = s.child_pk JOIN {schema}.unit p ON p.unit_pk = s.parent_pk",
    "statement_party": "SELECT concat_ws(' ', entry_id, relation, COALESCE(CAST(operator_id AS text), '-'),"
    " COALESCE(gln, '-')) AS key, jsonb_build_object('district', district, 'recorded_at', recorded_at,"
    " 'marked', marked) AS facts FROM {schema}.statement_party",
    "marked_statement": "SELECT CAST(entry_id AS text) AS key, jsonb_build_object('recorded_at', recorded_at) AS facts"
    " FROM {schema}.marked_statement",
}
"""Each table as rows of a key and what stands there, without numbers that only this database gives."""
