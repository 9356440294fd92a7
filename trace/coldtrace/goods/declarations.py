"""Declarations in two steps (两步申报): provisional at arrival, completed later, corrected if something was wrong.

A consignment may be imported under a pre-entry reference.  Within so many working days its final number follows; what
then differs from what was declared is kept beside it, field by field, and shown.  The signed facts of its lots stay.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from coldtrace.codes.container_number import parse_container_number
from coldtrace.codes.declaration_number import parse_declaration_number
from coldtrace.codes.hs_code import parse_hs_code
from coldtrace.env import Env
from coldtrace.goods.declaration_refusals import DeclarationFieldRefused, DeclarationReasonMissing
from coldtrace.goods.refusals import ConsignmentUnknown, DeclarationImported
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within
from coldtrace.working_days import LOCAL, WorkingDays, end_of_working_day

FIELD_MAX, REASON_MAX = 40, 500
PROVISIONAL = "provisional"


@dataclass(frozen=True, kw_only=True)
class DeclarationClock:
    """Within how many working days a provisional declaration is completed."""

    days: int = 3
    working: WorkingDays = field(default_factory=WorkingDays)

    def due(self, came_at: datetime) -> datetime:
        """Return until when a consignment that came then is to be declared finally."""
        return end_of_working_day(came_at, self.days, self.working)

    def overdue_before(self, now: datetime) -> datetime:
        """Return the moment before which something came that is overdue now: a list asks in one comparison.

        >>> DeclarationClock(days=1).overdue_before(datetime(2026, 12, 1, 9, tzinfo=LOCAL)).isoformat()
        '2026-11-30T00:00:00+08:00'
        """
        day = now.astimezone(LOCAL).date()
        while self.due(datetime.combine(day, time(), LOCAL)) >= now:
            day -= timedelta(days=1)
        return datetime.combine(day + timedelta(days=1), time(), LOCAL)


@dataclass(frozen=True, kw_only=True)
class CompleteDeclaration:
    """The final declaration: its number, and what else of it is not as it was declared; None is as it was."""

    number: str
    container_number: str | None = None
    bill_of_lading: str | None = None
    seal_number: str | None = None
    hs_code: str | None = None
    reason: str = ""
    """Why, where a final declaration is corrected."""


@dataclass(frozen=True, kw_only=True)
class DeclarationChange:
    """What one completing or correcting changed: by field, what stood there before and what stands there now."""

    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    reason: str
    said_by: str
    said_at: datetime


@dataclass(frozen=True, kw_only=True)
class ProvisionalDeclaration:
    """A consignment whose final declaration is still to come."""

    consignment_id: UUID
    declaration_no: str
    container_no: str
    importer_zh: str
    importer_en: str
    imported_at: datetime


def complete_declaration(
    session: Session, env: Env, scope: Scope, consignment_id: UUID, said: CompleteDeclaration, *, by: str
) -> bool:
    """Complete or correct the declaration of a consignment of the scope; return whether anything changed.

    Raises ConsignmentUnknown, what the numbers' own rules raise, DeclarationReasonMissing where a final declaration is
    corrected without a word, and DeclarationImported for a number that another consignment has.
    """
    within = Within(scope=scope)
    row = session.execute(
        text(
            "SELECT papers, container_no FROM consignment c WHERE c.consignment_id = :id AND c.state = 'open'"
            f" AND {within.thing(Kind.CONSIGNMENT, at='c.station_gln', importer='c.importer_id')} FOR NO KEY UPDATE"
        ),
        within.values | {"id": consignment_id},
    ).one_or_none()
    if row is None:
        raise ConsignmentUnknown(id=str(consignment_id))
    reason = " ".join(said.reason.split())
    if len(reason) > REASON_MAX or not reason.isprintable():
        raise DeclarationFieldRefused(field="reason", value="".join(filter(str.isprintable, reason))[:FIELD_MAX])
    wanted = _read(said)
    before = {name: row.papers.get(name) for name, value in wanted.items() if row.papers.get(name) != value}
    if not before:
        return False
    if row.papers.get("declaration_status") != PROVISIONAL and not reason:
        raise DeclarationReasonMissing(id=str(consignment_id))
    after = {name: wanted[name] for name in before}
    try:
        with session.begin_nested():
            session.execute(
                text(
                    "UPDATE consignment SET papers = papers || CAST(:after AS jsonb), declaration_no = :number,"
                    " container_no = :container WHERE consignment_id = :id"
                ),
                {
                    "id": consignment_id,
                    "after": json.dumps(after),
                    "number": wanted["declaration_number"],
                    "container": wanted.get("container_number", row.container_no),
                },
            )
    except IntegrityError as error:
        raise DeclarationImported(declaration=wanted["declaration_number"], consignment="-") from error
    session.execute(
        text(
            "INSERT INTO declaration_change (change_id, consignment_id, before, after, reason, said_by, said_at)"
            " VALUES (:id, :consignment, CAST(:before AS jsonb), CAST(:after AS jsonb), :reason, :by, :at)"
        ),
        {
            "id": env.new_id(),
            "consignment": consignment_id,
            "before": json.dumps(before),
            "after": json.dumps(after),
            "reason": reason,
            "by": by,
            "at": env.clock(),
        },
    )
    return True


def _read(said: CompleteDeclaration) -> dict[str, str]:
    number = parse_declaration_number(said.number)
    if number.status == PROVISIONAL:
        raise DeclarationFieldRefused(field="number", value=said.number[:FIELD_MAX])
    found = {"declaration_number": number.value, "declaration_status": number.status}
    if said.container_number:
        found["container_number"] = str(parse_container_number(said.container_number))
    if said.hs_code:
        found["hs_code"] = parse_hs_code(said.hs_code).value
    for name in ("bill_of_lading", "seal_number"):
        value = " ".join((getattr(said, name) or "").split())
        if len(value) > FIELD_MAX or not value.isprintable():
            raise DeclarationFieldRefused(field=name, value="".join(filter(str.isprintable, value))[:FIELD_MAX])
        if value:
            found[name] = value
    return found


def changes_of(session: Session, consignment_id: UUID) -> list[DeclarationChange]:
    """Return how the declaration of a consignment that the caller has found was changed, newest first."""
    rows = session.execute(
        text(
            "SELECT before, after, reason, said_by, said_at FROM declaration_change WHERE consignment_id = :id"
            " ORDER BY change_id DESC LIMIT 50"
        ),
        {"id": consignment_id},
    )
    return [
        DeclarationChange(**(dict(row._mapping) | {"before": _frozen(row.before), "after": _frozen(row.after)}))
        for row in rows
    ]


def _frozen(fields: Mapping[str, Any]) -> Mapping[str, str | None]:
    return MappingProxyType(dict(fields))


def was_completed(session: Session, declaration_no: str) -> bool:
    """Tell whether an open consignment was imported under this number before its declaration was completed."""
    found = session.execute(
        text(
            "SELECT 1 FROM declaration_change d JOIN consignment c USING (consignment_id)"
            " WHERE c.state = 'open' AND d.before ->> 'declaration_number' = :no LIMIT 1"
        ),
        {"no": declaration_no},
    )
    return found.first() is not None


def list_provisional(
    session: Session, scope: Scope, *, came_before: datetime | None, after: UUID | None = None, limit: int
) -> list[ProvisionalDeclaration]:
    """Return the consignments of the scope whose declaration is provisional, the oldest first, behind `after`.

    With `came_before` those alone that were imported before a moment.
    """
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT c.consignment_id, c.declaration_no, c.container_no, o.name_zh AS importer_zh,"
            " o.name_en AS importer_en, c.imported_at FROM consignment c"
            " JOIN operator o ON o.operator_id = c.importer_id"
            f" WHERE {within.thing(Kind.CONSIGNMENT, at='c.station_gln', importer='c.importer_id')}"
            " AND c.papers ->> 'declaration_status' = 'provisional' AND c.state = 'open'"
            " AND (CAST(:after AS uuid) IS NULL OR c.consignment_id > :after)"
            " AND (CAST(:before AS timestamptz) IS NULL OR c.imported_at < :before)"
            " ORDER BY c.consignment_id LIMIT :limit"
        ),
        within.values | {"after": after, "before": came_before, "limit": limit},
    )
    return [ProvisionalDeclaration(**row._mapping) for row in rows]
