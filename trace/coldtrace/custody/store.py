"""SQL about statements, their lines and stays: set-based, without the ORM, because every scan passes here.

Units are in `unit_store.py`.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.details import Details
from coldtrace.custody.model import Deed, Level, Mark
from coldtrace.custody.overlays import STOPPING
from coldtrace.custody.picture import Leaving, Stay
from coldtrace.db.plain_sql import text


@dataclass(frozen=True, kw_only=True)
class StatementRecord:
    """One accepted statement as custody keeps it."""

    entry_id: UUID
    header_hash: bytes
    key_id: bytes
    seq: int
    prev: bytes | None
    type: str
    claimed_at: datetime
    event_at: datetime
    recorded_at: datetime
    gln: str
    to_gln: str | None
    to_name: str | None
    status: str
    marks: tuple[Mark, ...]
    details: Mapping[str, bool | str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LineRecord:
    """One line of an accepted statement; `from_gln` is whence a receiver took the unit, `details` see `details.py`."""

    entry_id: UUID
    line_no: int
    unit_pk: int
    role: str
    parent_pk: int | None
    quantity: int
    event_at: datetime
    marks: tuple[Mark, ...]
    from_gln: str | None = None
    details: Details = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PastLine:
    """A stored line, with what the rules need of its statement.

    `whole`: the statement empties its pallets.  `annulled`: a correction says that it was an error.
    """

    entry_id: UUID
    line_no: int
    unit_pk: int
    role: str
    parent_pk: int | None
    quantity: int
    deed: Deed
    marks: tuple[str, ...]
    from_gln: str | None
    details: Details
    whole: bool
    annulled: bool

    @property
    def type(self) -> str:
        """The type of its statement."""
        return self.deed.type


def insert_told(session: Session, statements: Sequence[StatementRecord], lines: Sequence[LineRecord]) -> None:
    """Keep accepted statements and their lines, in one round trip."""
    said, told = [vars(record) for record in statements], [vars(record) for record in lines]
    session.execute(
        text(f"WITH said AS ({_INSERT_SAID}) {_INSERT_LINES}"),
        _columns("s_", _STATEMENT, said) | _columns("l_", _LINE, told),
    )


def insert_lines(session: Session, records: Sequence[LineRecord]) -> None:
    """Keep lines of statements that are kept already."""
    if records:
        session.execute(text(_INSERT_LINES), _columns("l_", _LINE, [vars(record) for record in records]))


_STATEMENT = {
    "entry_id": "uuid",
    "header_hash": "bytea",
    "key_id": "bytea",
    "seq": "bigint",
    "prev": "bytea",
    "type": "text",
    "claimed_at": "timestamptz",
    "event_at": "timestamptz",
    "recorded_at": "timestamptz",
    "gln": "text",
    "to_gln": "text",
    "to_name": "text",
    "status": "text",
    "marks": "text",
    "details": "jsonb",
}
_LINE = {
    "entry_id": "uuid",
    "line_no": "int",
    "unit_pk": "bigint",
    "role": "text",
    "parent_pk": "bigint",
    "quantity": "bigint",
    "event_at": "timestamptz",
    "marks": "text",
    "from_gln": "text",
    "details": "jsonb",
}


def _insert(table: str, prefix: str, columns: Mapping[str, str]) -> str:
    """Return the SQL that inserts rows.  Arrays do not nest in `unnest`, so marks travel as one text each."""
    arrays = ", ".join(f"CAST(:{prefix}{name} AS {kind}[])" for name, kind in columns.items())
    values = ", ".join("string_to_array(marks, ' ')" if name == "marks" else name for name in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM unnest({arrays}) AS v({', '.join(columns)})"
    )


_INSERT_SAID = _insert("statement", "s_", _STATEMENT)
_INSERT_LINES = _insert("statement_line", "l_", _LINE)


def _columns(prefix: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {prefix + name: _sent(name, [row[name] for row in rows]) for name in columns}


def _sent(name: str, values: list[Any]) -> list[Any]:
    if name == "marks":
        return [" ".join(value) for value in values]
    if name == "details":
        return [json.dumps(dict(value)) if value else None for value in values]
    return values


def insert_stays(session: Session, stays: Sequence[Stay]) -> None:
    """Note that children went into parents, and when they left again if they did."""
    if stays:
        session.execute(
            text(
                "INSERT INTO containment (child_pk, parent_pk, from_at, to_at, packed_by, unpacked_by)"
                " SELECT child, parent, since, COALESCE(till, 'infinity'), packed, unpacked"
                " FROM unnest(CAST(:children AS bigint[]), CAST(:parents AS bigint[]), CAST(:since AS timestamptz[]),"
                " CAST(:till AS timestamptz[]), CAST(:packed AS uuid[]), CAST(:unpacked AS uuid[]))"
                " AS v(child, parent, since, till, packed, unpacked)"
            ),
            {
                "children": [stay.child_pk for stay in stays],
                "parents": [stay.parent_pk for stay in stays],
                "since": [stay.from_at for stay in stays],
                "till": [stay.to_at for stay in stays],
                "packed": [stay.packed_by for stay in stays],
                "unpacked": [stay.unpacked_by for stay in stays],
            },
        )


def close_stays(session: Session, leavings: Sequence[Leaving]) -> None:
    """Note that children left the parent they were in."""
    if leavings:
        session.execute(
            text(
                "UPDATE containment c SET to_at = v.at, unpacked_by = v.by"
                " FROM unnest(CAST(:children AS bigint[]), CAST(:times AS timestamptz[]), CAST(:by AS uuid[]))"
                " AS v(child, at, by) WHERE c.child_pk = v.child AND c.to_at = 'infinity'"
            ),
            {
                "children": [leaving.child_pk for leaving in leavings],
                "times": [leaving.at for leaving in leavings],
                "by": [leaving.by for leaving in leavings],
            },
        )


def stays_of(session: Session, pks: Collection[int]) -> list[Stay]:
    """Return all stays of these units in a parent."""
    rows = session.execute(
        text(
            "SELECT child_pk, parent_pk, from_at, NULLIF(to_at, 'infinity') AS to_at, packed_by, unpacked_by"
            " FROM containment WHERE child_pk = ANY(CAST(:pks AS bigint[]))"
        ),
        {"pks": sorted(pks)},
    )
    return [Stay(**row._mapping) for row in rows]


def forget_stays(session: Session, pks: Collection[int]) -> None:
    """Drop these units' stays before they are told again (a projection, not history)."""
    session.execute(text("DELETE FROM containment WHERE child_pk = ANY(CAST(:pks AS bigint[]))"), {"pks": sorted(pks)})


def past_lines(
    session: Session,
    pks: Collection[int],
    *,
    stops_of: Collection[int] = (),
    starts: Mapping[int, datetime] = MappingProxyType({}),
) -> list[PastLine]:
    """Return every stored line of these units in the order of events; of the lots `stops_of` only what stops them.

    Of those in `starts` only what is later than that is returned.
    """
    which = [ITS_LINES if starts else "l.unit_pk = ANY(CAST(:keys AS bigint[]))"]
    more: dict[str, Any] = its_lines(starts) if starts else {}
    if stops_of:
        which.append(
            "l.unit_pk = ANY(CAST(:lots AS bigint[]))"
            " AND (s.type = ANY(CAST(:stopping AS text[])) OR l.details @> '{\"hold\": true}')"
        )
        more |= {"lots": sorted(stops_of), "stopping": sorted(STOPPING)}
    return _past_lines(session, f"({' OR '.join(which)})", sorted(set(pks).difference(starts)), **more)


ITS_LINES = (
    "l.unit_pk = ANY(CAST(:keys AS bigint[])) OR (l.unit_pk = ANY(CAST(:started AS bigint[]))"
    " AND l.event_at > CAST(:first AS timestamptz)"
    " AND l.event_at > (CAST(:starts AS timestamptz[]))[array_position(CAST(:started AS bigint[]), l.unit_pk)])"
)
"""The condition that a line `l` is one of the units `keys`, or one of the lots `started` after their moments."""


def its_lines(starts: Mapping[int, datetime]) -> dict[str, Any]:
    """Return the values for `ITS_LINES`, beside `keys`."""
    return {
        "started": list(starts),
        "starts": list(starts.values()),
        "first": min(starts.values(), default=None),
    }


def lines_of(session: Session, entries: Collection[UUID]) -> list[PastLine]:
    """Return every stored line of these statements in the order of events."""
    return _past_lines(session, "l.entry_id = ANY(CAST(:keys AS uuid[]))", sorted(entries))


def _past_lines(session: Session, which: str, keys: Sequence[int] | Sequence[UUID], **more: Any) -> list[PastLine]:
    rows = session.execute(
        text(
            "SELECT l.entry_id, l.line_no, l.unit_pk, l.role, l.parent_pk, l.quantity, s.type, s.gln, s.to_gln,"
            " s.event_at, l.marks, l.from_gln, l.details, s.details AS said, st.role AS site_role, o.uscc,"
            " s.type = 'unpack' AND NOT EXISTS"
            " (SELECT 1 FROM statement_line c WHERE c.entry_id = l.entry_id AND c.role = 'child') AS whole,"
            f" {ANNULLED.format(statement='s')} AS annulled"
            " FROM statement_line l JOIN statement s USING (entry_id) JOIN site st ON st.gln = s.gln"
            f" JOIN operator o USING (operator_id) WHERE {which}"
            " ORDER BY s.event_at, s.recorded_at, s.seq, s.entry_id, l.line_no"
        ),
        {"keys": keys, **more},
    )
    return [
        PastLine(
            entry_id=row.entry_id,
            line_no=row.line_no,
            unit_pk=row.unit_pk,
            role=row.role,
            parent_pk=row.parent_pk,
            quantity=row.quantity,
            deed=Deed(
                type=row.type,
                gln=row.gln,
                to_gln=row.to_gln,
                event_at=row.event_at,
                level=level_of(row.site_role),
                firm=row.uscc,
                **(row.said or {}),
            ),
            marks=tuple(row.marks),
            from_gln=row.from_gln,
            details=row.details or {},
            whole=row.whole,
            annulled=row.annulled,
        )
        for row in rows
    ]


def replace_findings(session: Session, rows: Sequence[tuple[UUID, int, Sequence[str], str | None]]) -> None:
    """Set what lines contradict and whence their units came, after a late statement changed what came before them."""
    if rows:
        session.execute(
            text(
                "UPDATE statement_line l SET marks = string_to_array(v.marks, ' '), from_gln = v.from_gln"
                " FROM unnest(CAST(:entries AS uuid[]), CAST(:numbers AS int[]), CAST(:marks AS text[]),"
                " CAST(:sources AS text[])) AS v(entry_id, line_no, marks, from_gln)"
                " WHERE l.entry_id = v.entry_id AND l.line_no = v.line_no"
            ),
            {
                "entries": [entry for entry, _, _, _ in rows],
                "numbers": [number for _, number, _, _ in rows],
                "marks": [" ".join(marks) for _, _, marks, _ in rows],
                "sources": [source for _, _, _, source in rows],
            },
        )


def forget_lines(session: Session, rows: Sequence[tuple[UUID, int]]) -> None:
    """Drop lines that a statement no longer implies (a projection, not what was said)."""
    if rows:
        session.execute(
            text(
                "DELETE FROM statement_line l USING unnest(CAST(:entries AS uuid[]), CAST(:numbers AS int[]))"
                " AS v(entry_id, line_no)"
                " WHERE l.entry_id = v.entry_id AND l.line_no = v.line_no AND l.role = 'implied'"
            ),
            {"entries": [entry for entry, _ in rows], "numbers": [number for _, number in rows]},
        )


def line_counts(session: Session, entries: Collection[UUID]) -> dict[UUID, int]:
    """Return for each statement the number that its next implied line gets."""
    rows = session.execute(
        text(
            "SELECT entry_id, max(line_no) + 1 AS next FROM statement_line"
            " WHERE entry_id = ANY(CAST(:entries AS uuid[])) GROUP BY entry_id"
        ),
        {"entries": sorted(entries)},
    )
    return {row.entry_id: row.next for row in rows}


Places = dict[tuple[bytes, int], list[tuple[bytes, bytes | None]]]
"""(Header hash, prev) of the statements in each place (device key, seq)."""


def ask_places(session: Session, claims: Sequence[tuple[bytes, int]]) -> Callable[[], Places]:
    """Ask for the stored statements in these places and next to them; what is returned gives them."""
    near = {(key, seq + step) for key, seq in claims for step in (-1, 0, 1)}
    rows = session.execute(
        text(
            "SELECT s.key_id, s.seq, s.header_hash, s.prev FROM statement s JOIN"
            " unnest(CAST(:keys AS bytea[]), CAST(:seqs AS bigint[])) AS c(key_id, seq)"
            " ON s.key_id = c.key_id AND s.seq = c.seq"
        ),
        {"keys": [key for key, _ in near], "seqs": [seq for _, seq in near]},
    )

    def answer() -> Places:
        found: Places = {}
        for row in rows:
            prev = None if row.prev is None else bytes(row.prev)
            found.setdefault((bytes(row.key_id), row.seq), []).append((bytes(row.header_hash), prev))
        return found

    return answer


def closed_at(session: Session, keys: Collection[bytes]) -> dict[bytes, int]:
    """Return the number of the `close` of each of these device keys that has one."""
    rows = session.execute(
        text(
            "SELECT key_id, min(seq) AS seq FROM statement WHERE key_id = ANY(CAST(:keys AS bytea[]))"
            " AND type = 'close' AND status = 'accepted' GROUP BY key_id"
        ),
        {"keys": sorted(keys)},
    )
    return {bytes(row.key_id): row.seq for row in rows}


def registered_glns(session: Session, glns: Iterable[str]) -> set[str]:
    """Return those GLNs that are registered sites."""
    asked = sorted(set(glns))
    if not asked:
        return set()
    rows = session.execute(text("SELECT gln FROM site WHERE gln = ANY(CAST(:glns AS text[]))"), {"glns": asked})
    return {row[0] for row in rows}


def districts(session: Session) -> dict[str, str]:
    """Return the district of every site: there are thousands, and few statements ask for them."""
    return {row.gln: row.district for row in session.execute(text("SELECT gln, district FROM site"))}


def level_of(role: str) -> Level:
    """Return the level on which a site of a role speaks."""
    return _LEVELS.get(role, Level.FIRM)


_LEVELS = {"regulator": Level.REGULATOR, "laboratory": Level.VISITOR, "customs": Level.VISITOR}


def header_hash_of(session: Session, entry_id: UUID) -> bytes | None:
    """Return the header hash of a statement, None if there is no such statement."""
    found = session.execute(
        text("SELECT header_hash FROM statement WHERE entry_id = :id"), {"id": entry_id}
    ).scalar_one_or_none()
    return None if found is None else bytes(found)


def forget_name(session: Session, entry_id: UUID) -> None:
    """Delete the name of a receiver that a statement had in free text: the one thing of its record that may go."""
    session.execute(text("UPDATE statement SET to_name = NULL WHERE entry_id = :id"), {"id": entry_id})
