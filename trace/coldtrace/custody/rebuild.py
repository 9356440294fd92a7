"""Everything that custody made of the statements, made again from what is logged, and compared with what is stored.

Statements and their lines are compared with what the logged leaf and pieces say of them (`logged.py`).  What was known
only when a statement arrived is taken as it stands.  The rest (units, stays, what lines contradict,
whom statements concern) is told again from nothing, in the order of events, into empty tables that only this
transaction sees (`scratch.py`).  Units are compared by their ids.

Memory is bounded: statements come from a cursor and are told in batches, and PostgreSQL compares the tables.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.custody import case_store, lot_checkpoints, party_store, store
from coldtrace.custody.logged import logged_of, stored_of
from coldtrace.custody.lot_checkpoints import Noting
from coldtrace.custody.party_store import PartyRecord
from coldtrace.custody.replay import copy_lines, copy_units, tell
from coldtrace.custody.rules import IMPLIED
from coldtrace.custody.scratch import LOT_TABLES, PARTY_TABLES, UNIT_TABLES, analyze_scratch, open_scratch
from coldtrace.errors import Words
from coldtrace.ledger import service as ledger
from coldtrace.seal.b64 import b64

STATEMENTS_AT_ONCE = 500
LINES_AT_ONCE = 5_000
EXAMPLES = 20
ANALYZED_AFTER = 2_000
TABLES = (*UNIT_TABLES, *LOT_TABLES, *PARTY_TABLES)

Progress = Callable[[int, int], None]
"""Told now and then how many statements were told, and of how many."""

TABLE_WORDS: Mapping[str, Words] = {
    "statement": Words("记录与已登记的原文不符", "a statement's record is not what was logged"),
    "unit": Words("货物所在", "where a unit is"),
    "statement_line": Words("记录行及其标记", "what a line says and contradicts"),
    "containment": Words("包装关系", "what was inside what"),
    "lot_stock": Words("批次数量", "how much of a lot is where"),
    "lot_stop": Words("整批封存或召回", "which lots were stopped as a whole"),
    "lot_checkpoint": Words("批次在某一时刻的数量", "how a lot stood at moments of its story"),
    "statement_party": Words("记录涉及的各方", "whom a statement concerns"),
    "case_file": Words("记录引起的异常", "which cases statements opened"),
    "correction": Words("更正的效力", "which corrections are in force"),
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
    live = open_scratch(session, (*TABLES, "case_party"))
    copy_units(session, live)
    analyze_scratch(session, TABLES)
    record = _Record(session, live)
    statements = lines = 0
    analyze_at = ANALYZED_AFTER
    for batch in record.batches():
        entries = [row.entry_id for row in batch]
        copy_lines(session, live, entries)
        copied = store.lines_of(session, entries)
        noting = Noting(lot_checkpoints.kept_between(session, live, copied))
        lines += tell(session, copied, noting=noting)
        lot_checkpoints.write(session, noting.noted)
        _write_parties(session, live, batch)
        statements += len(batch)
        if statements >= analyze_at:
            analyze_scratch(session, TABLES)
            analyze_at = 2 * statements
        if progress is not None:
            progress(statements, total)
    lot_checkpoints.note_last(session, live)
    analyze_scratch(session, TABLES)
    units = int(session.execute(text("SELECT count(*) FROM unit")).scalar_one())
    counts, examples = {"statement": record.odd_count}, record.odd
    asked = {
        table: _COMPARED.format(*(_ROWS[table].format(schema=schema, live=live) for schema in (live, "pg_temp")))
        for table in TABLES
    }
    for table, query in (asked | {"correction": _CORRECTIONS}).items():
        counts[table], first = _differences(session, table, query)
        examples += first
    return RebuildReport(statements=statements, lines=lines, units=units, counts=counts, examples=examples[:EXAMPLES])


class _Record:
    """The statements as they are stored, each compared with its logged pieces on the way."""

    def __init__(self, session: Session, live: str) -> None:
        self._session = session
        self._live = live
        self._logs = [log for log, _ in ledger.logs(session)]
        self.odd_count = 0
        self.odd: list[Difference] = []

    def batches(self) -> Iterator[list[Row[Any]]]:
        """Give all statements in the order of events, as many at once as fit into memory."""
        rows = self._session.connection().execute(
            text(
                "SELECT s.*, d.enrolled_at, st.role AS site_role,"
                f" (SELECT count(*) FROM {self._live}.statement_line l WHERE l.entry_id = s.entry_id) AS lines"
                f" FROM {self._live}.statement s JOIN device d USING (key_id) JOIN site st ON st.gln = s.gln"
                " ORDER BY s.event_at, s.recorded_at, s.seq, s.entry_id"
            ),
            execution_options={"stream_results": True, "yield_per": STATEMENTS_AT_ONCE},
        )
        batch: list[Row[Any]] = []
        lines = 0
        for row in rows:
            if batch and (lines + row.lines > LINES_AT_ONCE or len(batch) == STATEMENTS_AT_ONCE):
                self._compare(batch)
                yield batch
                batch, lines = [], 0
            batch.append(row)
            lines += row.lines
        if batch:
            self._compare(batch)
            yield batch

    def _compare(self, rows: Sequence[Row[Any]]) -> None:
        entries = [row.entry_id for row in rows]
        pieces = ledger.pieces(self._session, self._logs, entries)
        logged = ledger.known_entries(self._session, entries)
        lines, corrects = self._lines(entries), self._corrects(entries)
        for row in rows:
            said = lines.get(row.entry_id, [])
            stored = stored_of(row, said, corrects=corrects.get(row.entry_id))
            self._note(row.entry_id, stored, logged_of(pieces, logged.get(row.entry_id), row, said))

    def _lines(self, entries: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
        rows = self._session.execute(
            text(
                "SELECT l.entry_id, l.role, u.unit_id, p.unit_id AS parent, l.quantity, l.details, l.marks"
                f" FROM {self._live}.statement_line l JOIN {self._live}.unit u USING (unit_pk)"
                f" LEFT JOIN {self._live}.unit p ON p.unit_pk = l.parent_pk"
                " WHERE l.entry_id = ANY(CAST(:entries AS uuid[])) AND l.role <> :implied ORDER BY l.line_no"
            ),
            {"entries": list(entries), "implied": IMPLIED},
        )
        found: dict[UUID, list[Row[Any]]] = {}
        for row in rows:
            found.setdefault(row.entry_id, []).append(row)
        return found

    def _corrects(self, entries: Sequence[UUID]) -> dict[UUID, list[str]]:
        rows = self._session.execute(
            text("SELECT entry_id, header, mode FROM correction WHERE entry_id = ANY(CAST(:entries AS uuid[]))"),
            {"entries": list(entries)},
        )
        return {row.entry_id: [b64(bytes(row.header)), row.mode] for row in rows}

    def _note(self, entry_id: UUID, stored: dict[str, object], logged: dict[str, object] | None) -> None:
        if stored == logged:
            return
        self.odd_count += 1
        if len(self.odd) < EXAMPLES:
            names = [name for name in stored if logged is None or stored[name] != logged[name]]
            self.odd.append(
                Difference(
                    table="statement",
                    key=str(entry_id),
                    stored={name: stored[name] for name in names},
                    rebuilt=None if logged is None else {name: logged[name] for name in names},
                )
            )


def _write_parties(session: Session, live: str, rows: Sequence[Row[Any]]) -> None:
    entries = [row.entry_id for row in rows]
    found = session.execute(
        text(
            f"SELECT entry_id, array_agg(operator_id) AS importers FROM {live}.statement_party"
            " WHERE entry_id = ANY(CAST(:entries AS uuid[])) AND relation = 'importer' GROUP BY entry_id"
        ),
        {"entries": entries},
    )
    importers = {row.entry_id: frozenset(row.importers) for row in found}
    records = [
        PartyRecord(
            entry_id=row.entry_id,
            recorded_at=row.recorded_at,
            gln=row.gln,
            to_gln=row.to_gln,
            sources=frozenset(),
            importers=importers.get(row.entry_id, frozenset()),
        )
        for row in rows
    ]
    party_store.insert_parties(session, records)
    party_store.tell_again(session, entries)
    case_store.tell_again(session, entries)


def _differences(session: Session, table: str, differing: str) -> tuple[int, list[Difference]]:
    """Return how many rows of a table differ, and the first of them in the order of their keys."""
    count, first = session.execute(
        text(
            f"WITH d AS MATERIALIZED ({differing}) SELECT (SELECT count(*) FROM d), (SELECT jsonb_agg(f)"
            " FROM (SELECT * FROM d ORDER BY key LIMIT :most) f)"
        ),
        {"most": EXAMPLES},
    ).one()
    return count, [Difference(table=table, **each) for each in first or ()]


_COMPARED: Final = (
    "SELECT key, a.facts AS stored, b.facts AS rebuilt FROM ({}) a FULL JOIN ({}) b USING (key)"
    " WHERE a.facts IS DISTINCT FROM b.facts"
)
# Whether a correction was permitted was judged once; which statement it names, and whether it stands, follows.
_CORRECTIONS: Final = (
    "SELECT CAST(entry_id AS text) AS key, jsonb_build_object('corrected', corrected, 'in_force', in_force) AS stored,"
    " jsonb_build_object('corrected', named, 'in_force', stands) AS rebuilt FROM (SELECT c.*, s.entry_id AS named,"
    " c.permitted IS TRUE AND NOT EXISTS (SELECT 1 FROM correction a WHERE a.corrected = c.entry_id AND a.in_force)"
    " AS stands FROM correction c LEFT JOIN statement s ON s.header_hash = c.header) c"
    " WHERE corrected IS DISTINCT FROM named OR in_force <> stands"
)
_ROWS: Final = {
    "unit": "SELECT u.unit_id AS key, jsonb_build_object('lot', u.lot_id, 'state', u.state, 'gln', u.gln,"
    " 'to_gln', u.to_gln, 'parent', p.unit_id, 'root', r.unit_id,"
    " 'overlays', u.overlays, 'counter', u.counter, 'expires_on', u.expires_on, 'left_g', u.left_g,"
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
    "lot_stock": "SELECT concat_ws(' ', u.unit_id, s.kind, s.gln, s.to_gln, s.owner) AS key, jsonb_build_object("
    "'quantity', s.quantity) AS facts FROM {schema}.lot_stock s JOIN {schema}.unit u USING (unit_pk)",
    "lot_stop": "SELECT concat_ws(' ', s.gtin, s.lot) AS key, jsonb_build_object('unit', u.unit_id,"
    " 'last_at', s.last_at) AS facts FROM {schema}.lot_stop s JOIN {schema}.unit u USING (unit_pk)",
    # Compared is what stands in them, not when they were made: that depends on the order of arrival.
    "lot_checkpoint": "SELECT concat_ws(' ', u.unit_id, k.at) AS key, jsonb_build_object('state', k.state,"
    " 'overlays', k.overlays, 'expires_on', k.expires_on, 'stock', (SELECT jsonb_agg(p ORDER BY p)"
    " FROM jsonb_array_elements(k.stock) p)) AS facts FROM {schema}.lot_checkpoint k JOIN {schema}.unit u"
    " USING (unit_pk)",
    "statement_party": "SELECT concat_ws(' ', entry_id, relation, COALESCE(CAST(operator_id AS text), '-'),"
    " COALESCE(gln, '-')) AS key, jsonb_build_object('district', district, 'recorded_at', recorded_at)"
    " AS facts FROM {schema}.statement_party",
    # What a person closed is that person's: it stays closed whatever the story becomes.
    "case_file": "SELECT concat_ws(' ', c.kind, c.about) AS key, jsonb_build_object('gln', c.gln) AS facts"
    " FROM {schema}.case_file c WHERE c.live AND c.about = 'statement:' || c.entry_id AND NOT EXISTS (SELECT 1"
    " FROM {live}.case_file p WHERE (p.kind, p.about) = (c.kind, c.about) AND p.closed_by IS NOT NULL)",
}
"""Each table as rows of a key and what stands there, without numbers that only this database gives."""
