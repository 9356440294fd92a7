"""SQL about corrections: which statement annuls which."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody.model import Mark
from coldtrace.db.plain_sql import text

ANNULLED = "EXISTS (SELECT 1 FROM correction an WHERE an.corrected = {statement}.entry_id AND an.in_force)"
"""The condition that a row of a statement is annulled; `statement` is an alias with its `entry_id`."""


@dataclass(frozen=True, kw_only=True)
class CorrectionRecord:
    """One correction; `corrected` and `permitted` are None until the statement that it names is here."""

    entry_id: UUID
    header: bytes
    mode: str
    may: bool
    by_regulator: bool
    reasoned: bool
    gln: str
    recorded_at: datetime
    corrected: UUID | None
    permitted: bool | None


@dataclass(frozen=True, kw_only=True)
class Known:
    """A statement that may be corrected."""

    entry_id: UUID
    header_hash: bytes
    gln: str
    recorded_at: datetime


def known_by_header(session: Session, headers: Collection[bytes]) -> list[Known]:
    """Return the stored statements with these headers."""
    rows = session.execute(
        text(
            "SELECT entry_id, header_hash, gln, recorded_at FROM statement"
            " WHERE header_hash = ANY(CAST(:headers AS bytea[]))"
        ),
        {"headers": sorted(headers)},
    )
    return [
        Known(entry_id=row.entry_id, header_hash=bytes(row.header_hash), gln=row.gln, recorded_at=row.recorded_at)
        for row in rows
    ]


def waiting(session: Session, headers: Collection[bytes]) -> list[CorrectionRecord]:
    """Return the corrections that wait for statements with these headers."""
    return ask_waiting(session, headers)()


def ask_waiting(session: Session, headers: Collection[bytes]) -> Callable[[], list[CorrectionRecord]]:
    """Do the same without waiting for the database; what is returned gives the answer."""
    return _ask(session, "c.header = ANY(CAST(:headers AS bytea[]))", {"headers": sorted(headers)})


def missed(session: Session) -> list[CorrectionRecord]:
    """Return the corrections that wait although what they name is here: both arrived at the very same moment."""
    return _ask(session, "EXISTS (SELECT 1 FROM statement s WHERE s.header_hash = c.header)", {})()


def _ask(session: Session, which: str, values: Mapping[str, object]) -> Callable[[], list[CorrectionRecord]]:
    rows = session.execute(
        text(
            "SELECT c.entry_id, c.header, c.mode, c.may, c.by_regulator, c.reasoned, c.gln, c.recorded_at, c.corrected,"
            f" c.permitted FROM correction c WHERE c.corrected IS NULL AND {which}"
        ),
        values,
    )
    return lambda: [CorrectionRecord(**(dict(row._mapping) | {"header": bytes(row.header)})) for row in rows]


def keep(session: Session, records: Sequence[CorrectionRecord]) -> None:
    """Keep corrections, or what became known of them since."""
    session.execute(
        text(
            "INSERT INTO correction (entry_id, header, mode, may, by_regulator, reasoned, gln, recorded_at, corrected,"
            " permitted) SELECT * FROM unnest(CAST(:entries AS uuid[]), CAST(:headers AS bytea[]),"
            " CAST(:modes AS text[]), CAST(:may AS boolean[]), CAST(:by AS boolean[]), CAST(:reasoned AS boolean[]),"
            " CAST(:glns AS text[]), CAST(:times AS timestamptz[]), CAST(:corrected AS uuid[]),"
            " CAST(:permitted AS boolean[])) ON CONFLICT (entry_id) DO UPDATE"
            " SET corrected = excluded.corrected, permitted = excluded.permitted"
        ),
        {
            "entries": [record.entry_id for record in records],
            "headers": [record.header for record in records],
            "modes": [record.mode for record in records],
            "may": [record.may for record in records],
            "by": [record.by_regulator for record in records],
            "reasoned": [record.reasoned for record in records],
            "glns": [record.gln for record in records],
            "times": [record.recorded_at for record in records],
            "corrected": [record.corrected for record in records],
            "permitted": [record.permitted for record in records],
        },
    )


def bar(session: Session, entries: Collection[UUID]) -> None:
    """Let nothing be so that these corrections say: what they name has come, and they are not permitted."""
    if entries:
        session.execute(
            text(
                "UPDATE statement_line SET marks = ARRAY[CAST(:barred AS text)]"
                " WHERE entry_id = ANY(CAST(:ids AS uuid[])) AND role <> 'implied'"
            ),
            {"ids": sorted(entries), "barred": Mark.CORRECTION_NOT_PERMITTED.value},
        )


def settle(session: Session, entries: Collection[UUID]) -> set[UUID]:
    """Work out which of these corrections are in force, and of those that they correct; return what they name.

    A correction that is corrected itself is not in force.  It names by hash what was there before it, so there is no
    ring, and each round looks at what is one step further back.
    """
    touched: set[UUID] = set()
    todo = set(entries)
    while todo:
        rows = session.execute(
            text(
                "UPDATE correction c SET in_force = n.is_so FROM (SELECT o.entry_id, o.permitted IS TRUE AND NOT EXISTS"
                " (SELECT 1 FROM correction a WHERE a.corrected = o.entry_id AND a.in_force) AS is_so"
                " FROM correction o WHERE o.entry_id = ANY(CAST(:todo AS uuid[]))) n"
                " WHERE c.entry_id = n.entry_id AND c.in_force <> n.is_so RETURNING c.corrected"
            ),
            {"todo": sorted(todo)},
        )
        todo = {row.corrected for row in rows if row.corrected is not None}
        touched |= todo
    return touched


def annulled(session: Session, entries: Collection[UUID]) -> set[UUID]:
    """Return those of the statements that are annulled now."""
    rows = session.execute(
        text("SELECT DISTINCT corrected FROM correction WHERE in_force AND corrected = ANY(CAST(:entries AS uuid[]))"),
        {"entries": sorted(entries)},
    )
    return {row.corrected for row in rows}


def spoken_of(session: Session, entries: Collection[UUID]) -> tuple[set[int], datetime | None]:
    """Return the keys of all units in these statements' lines, and when the first of the statements happened."""
    rows = session.execute(
        text(
            "SELECT l.unit_pk, l.parent_pk, s.event_at FROM statement s LEFT JOIN statement_line l USING (entry_id)"
            " WHERE s.entry_id = ANY(CAST(:entries AS uuid[]))"
        ),
        {"entries": sorted(entries)},
    ).all()
    pks = {pk for row in rows for pk in (row.unit_pk, row.parent_pk) if pk is not None}
    return pks, min((row.event_at for row in rows), default=None)


def stopped(session: Session, entries: Collection[UUID]) -> set[UUID]:
    """Return those of the statements of which a unit is stopped, or what was inside it since then, or what it is in."""
    if not entries:
        return set()
    rows = session.execute(
        text(
            "WITH RECURSIVE spoken (entry_id, unit_pk, since) AS ("
            " SELECT s.entry_id, l.unit_pk, s.event_at FROM statement s JOIN statement_line l USING (entry_id)"
            " WHERE s.entry_id = ANY(CAST(:entries AS uuid[]))"
            " UNION SELECT b.entry_id, c.child_pk, b.since FROM spoken b"
            " JOIN containment c ON c.parent_pk = b.unit_pk AND c.to_at >= b.since)"
            " SELECT DISTINCT b.entry_id FROM spoken b JOIN unit u USING (unit_pk)"
            " LEFT JOIN lot o ON o.lot_id = u.lot_id LEFT JOIN lot_stop st ON st.gtin = o.gtin AND st.lot = o.lot"
            " LEFT JOIN unit lu ON lu.unit_pk = st.unit_pk LEFT JOIN unit pu ON pu.unit_pk = u.parent_pk"
            " LEFT JOIN unit ru ON ru.unit_pk = u.root_pk WHERE ("
            " EXISTS (SELECT 1 FROM unnest(u.overlays || lu.overlays || pu.overlays || ru.overlays) v"
            " WHERE v LIKE 'hold:%' OR v LIKE 'recall%') OR"
            " EXISTS (SELECT 1 FROM revoked_unit v WHERE v.unit_id = u.unit_id) OR EXISTS"
            " (SELECT 1 FROM recalled_lot y WHERE y.gtin = o.gtin AND y.lot = o.lot AND y.lifted_at IS NULL))"
        ),
        {"entries": sorted(entries)},
    )
    return {row.entry_id for row in rows}


def districts(session: Session, glns: Collection[str]) -> dict[str, str]:
    """Return the districts of these sites."""
    rows = session.execute(
        text("SELECT gln, district FROM site WHERE gln = ANY(CAST(:glns AS text[]))"), {"glns": sorted(glns)}
    )
    return {row.gln: row.district for row in rows}


def by_regulators(session: Session, glns: Collection[str]) -> set[str]:
    """Return those of the sites that are a regulator's."""
    rows = session.execute(
        text("SELECT gln FROM site WHERE role = 'regulator' AND gln = ANY(CAST(:glns AS text[]))"),
        {"glns": sorted(glns)},
    )
    return {row.gln for row in rows}
