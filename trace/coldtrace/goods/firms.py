"""Whose goods these are: the organisations of the first station and of the importer, for the journal."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

_OF_RUNS = (
    "SELECT s.operator_id FROM code_run r JOIN site s ON s.gln = r.station_gln WHERE r.run_id = ANY({runs})"
    " UNION SELECT c.importer_id FROM code_run r JOIN consignment c USING (consignment_id) WHERE r.run_id = ANY({runs})"
)


def firms_of_runs(session: Session, runs: Collection[UUID]) -> set[UUID]:
    """Return whose code runs these are; rolls are code runs too."""
    return _found(session, _OF_RUNS.format(runs="CAST(:ids AS uuid[])"), list(runs))


def firms_of_units(session: Session, units: Collection[str]) -> set[UUID]:
    """Return for whom the codes of these units were drawn."""
    runs = "ARRAY(SELECT run_id FROM issued_code WHERE unit_id = ANY(CAST(:ids AS text[])))"
    return _found(session, _OF_RUNS.format(runs=runs), list(units))


def firms_of_consignment(session: Session, *consignment_ids: UUID) -> set[UUID]:
    """Return whose consignments these are."""
    return _found(
        session,
        "SELECT importer_id FROM consignment WHERE consignment_id = ANY(CAST(:ids AS uuid[])) UNION"
        " SELECT s.operator_id FROM consignment c JOIN site s ON s.gln = c.station_gln"
        " WHERE c.consignment_id = ANY(CAST(:ids AS uuid[]))",
        list(consignment_ids),
    )


def _found(session: Session, sql: str, ids: list[UUID] | list[str]) -> set[UUID]:
    return set(session.execute(text(sql), {"ids": ids}).scalars()) if ids else set()
