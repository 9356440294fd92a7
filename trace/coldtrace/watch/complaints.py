"""Complaints as offices and the public read them.

A complaint goes to the regulators in whose area its district lies.  Where that is nobody's but of those who have the
whole country, it is `unassigned`: they see it marked so, and handle it or have somebody made its office.

An office reads those of the districts of its area, whole; whoever has the receipt number reads how far it is; the
public reads what an office published: the firm, the matter, the product, the district, the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.rights.model import Scope
from coldtrace.watch.complaint_photo import Photo
from coldtrace.watch.complaint_rules import (
    LIVE_COMPLAINTS,
    ComplaintState,
    NotAccepted,
    Outcome,
    Subject,
    Unpublished,
)

PAGE_MAX = 200
_LAST_ID = UUID(int=2**128 - 1)


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """One complaint, as its office sees it.

    `contact` is sealed as the database keeps it.  `gln` is the site of which the record says that it had the goods, if
    that is in the district that was named.  `due_at` is the clock that runs, if one does.
    """

    complaint_id: UUID
    receipt: str
    state: ComplaintState
    subject: Subject
    code: str
    verdict: str
    unit_id: str | None
    product_zh: str
    product_en: str
    gln: str | None
    district: str
    shop: str
    said: str
    contact: str | None
    lang: str
    received_at: datetime
    due_at: datetime | None
    decided_at: datetime | None
    not_accepted: NotAccepted | None
    closed_at: datetime | None
    outcome: Outcome | None
    answer: str | None
    handled_by: str | None
    publication_id: UUID | None
    respondent: str | None
    publish_from: datetime | None
    unpublished: Unpublished | None
    erased_at: datetime | None
    has_photo: bool
    operator_id: UUID | None
    """Whose site `gln` is."""
    unassigned: bool
    """Its district is in nobody's area but of those who have the whole country, if even they are."""

    @property
    def is_live(self) -> bool:
        """Tell whether its office still has to do something."""
        return self.state in LIVE_COMPLAINTS

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether the clock that runs is past."""
        return self.due_at is not None and self.due_at < now


@dataclass(frozen=True, kw_only=True)
class Published:
    """What is published of a complaint: nothing of whoever complained."""

    publication_id: UUID
    respondent: str
    subject: Subject
    product_zh: str
    product_en: str
    district: str
    outcome: Outcome
    closed_at: datetime


_REGULATED = (
    "EXISTS (SELECT 1 FROM membership m JOIN person p ON p.person_id = m.person_id AND p.state = 'active'"
    " WHERE m.role = 'regulator' AND m.ended_at IS NULL AND m.area {areas} AND starts_with(c.district, m.area))"
)
_OF_AN_AREA, _OF_ANYBODY = _REGULATED.format(areas="<> ''"), _REGULATED.format(areas="IS NOT NULL")


@dataclass(frozen=True, kw_only=True)
class Wished:
    """Which complaints of a scope: live ones or all others, and whatever else is not None."""

    live: bool | None = True
    subject: Subject | None = None
    unit_id: str | None = None
    overdue_at: datetime | None = None
    unassigned: bool = False

    @property
    def conditions(self) -> list[str]:
        """The conditions on row `c`."""
        found = [] if self.live is None else ["c.due_at IS NOT NULL" if self.live else "c.due_at IS NULL"]
        found += ["c.subject = :subject"] if self.subject is not None else []
        found += ["c.unit_id = :unit_id"] if self.unit_id is not None else []
        found += [f"NOT {_OF_AN_AREA}"] if self.unassigned else []
        return found + (["c.due_at < :overdue_at"] if self.overdue_at is not None else [])

    @property
    def values(self) -> dict[str, object]:
        """The parameters of the conditions."""
        return {"subject": self.subject, "unit_id": self.unit_id, "overdue_at": self.overdue_at}


_COLUMNS = (
    "c.complaint_id, c.receipt, c.state, c.subject, c.code, c.verdict, c.unit_id, c.product_zh, c.product_en,"
    " c.gln,"
    " c.district, c.shop, c.said, c.contact, c.lang, c.received_at, c.due_at, c.decided_at, c.not_accepted,"
    " c.closed_at,"
    " c.outcome, c.answer, c.handled_by, c.publication_id, c.respondent, c.publish_from, c.unpublished, c.erased_at,"
    " EXISTS (SELECT 1 FROM complaint_photo p WHERE p.complaint_id = c.complaint_id) AS has_photo, si.operator_id,"
    f" NOT {_OF_AN_AREA} AS unassigned"
)
_FROM = "FROM complaint c LEFT JOIN site si ON si.gln = c.gln"


def list_complaints(
    session: Session, scope: Scope, *, after: UUID | None, limit: int, wished: Wished | None = None
) -> list[Complaint]:
    """Return up to `limit` complaints in the scope, newest first, behind the one named `after`: live ones unless asked.

    None if there is no complaint `after` in the scope.
    """
    asked = wished or Wished()
    seen, values = _seen(scope)
    at = None if after is None else _received_at(session, scope, after)
    if after is not None and at is None:
        return []
    conditions = [seen, *asked.conditions, "(c.received_at, c.complaint_id) < (CAST(:at AS timestamptz), :after)"]
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} {_FROM} WHERE {' AND '.join(conditions)}"
            " ORDER BY c.received_at DESC, c.complaint_id DESC LIMIT :most"
        ),
        {**values, **asked.values, "at": at or "infinity", "after": after or _LAST_ID, "most": min(limit, PAGE_MAX)},
    )
    return [_complaint(row) for row in rows]


def find_complaint(session: Session, scope: Scope, complaint_id: UUID, *, lock: bool = False) -> Complaint | None:
    """Return a complaint in the scope, None if there is none; with `lock` nobody else changes it meanwhile."""
    seen, values = _seen(scope)
    return _one(session, f"c.complaint_id = :id AND {seen}", {**values, "id": complaint_id}, lock=lock)


def complaint_of_receipt(session: Session, receipt: str, *, lock: bool = False) -> Complaint | None:
    """Return the complaint with a receipt number (without its check character), None if there is none."""
    return _one(session, "c.receipt = :receipt", {"receipt": receipt}, lock=lock)


def complaint_of_form(session: Session, form_id: UUID) -> Complaint | None:
    """Return the complaint that a form was sent with, None if none was."""
    return _one(session, "c.form_id = :form", {"form": form_id}, lock=False)


def photo_of(session: Session, complaint_id: UUID) -> Photo | None:
    """Return the photo of a complaint, None where there is none."""
    row = session.execute(
        text("SELECT jpeg, width, height FROM complaint_photo WHERE complaint_id = :id"), {"id": complaint_id}
    ).first()
    return None if row is None else Photo(jpeg=bytes(row.jpeg), width=row.width, height=row.height)


def published(session: Session, *, now: datetime, after: UUID | None, limit: int) -> list[Published]:
    """Return what is published by now, the newest first, from the one after `after` on."""
    rows = session.execute(
        text(
            "SELECT publication_id, respondent, subject, product_zh, product_en, district, outcome, closed_at"
            " FROM complaint c WHERE publication_id IS NOT NULL AND unpublished IS NULL AND publish_from <= :now"
            " AND (CAST(:after AS uuid) IS NULL OR (c.publish_from, c.publication_id) <"
            "  (SELECT a.publish_from, a.publication_id FROM complaint a WHERE a.publication_id = :after))"
            " ORDER BY publish_from DESC, publication_id DESC LIMIT :most"
        ),
        {"now": now, "after": after, "most": min(limit, PAGE_MAX)},
    )
    return [
        Published(**{**row._mapping, "subject": Subject(row.subject), "outcome": Outcome(row.outcome)}) for row in rows
    ]


def count_unseen(session: Session) -> int:
    """Return how many complaints wait that nobody sees: no regulator has their district, and none the whole country."""
    query = text(f"SELECT count(*) FROM complaint c WHERE c.due_at IS NOT NULL AND NOT {_OF_ANYBODY}")
    found: int = session.execute(query).scalar_one()
    return found


def cases_of_unit(session: Session, unit_id: str, *, limit: int) -> list[UUID]:
    """Return the ids of the newest cases about a unit; whether somebody may see them is asked for each."""
    rows = session.execute(
        text(
            "SELECT f.case_id FROM case_file f WHERE f.unit_id = :unit OR f.entry_id IN"
            " (SELECT l.entry_id FROM statement_line l JOIN unit u USING (unit_pk) WHERE u.unit_id = :unit)"
            " ORDER BY f.opened_at DESC, f.case_id DESC LIMIT :most"
        ),
        {"unit": unit_id, "most": limit},
    )
    return list(rows.scalars())


def _seen(scope: Scope) -> tuple[str, Mapping[str, object]]:
    """Return the condition that complaint `c` is in the scope: its district is in one of the areas."""
    if scope.everything:
        return "TRUE", {}
    condition = "EXISTS (SELECT 1 FROM unnest(CAST(:areas AS text[])) a(area) WHERE starts_with(c.district, a.area))"
    return condition, {"areas": sorted(scope.areas)}


def _received_at(session: Session, scope: Scope, complaint_id: UUID) -> datetime | None:
    seen, values = _seen(scope)
    query = text(f"SELECT c.received_at FROM complaint c WHERE c.complaint_id = :id AND {seen}")
    found: datetime | None = session.execute(query, {**values, "id": complaint_id}).scalar_one_or_none()
    return found


def _one(session: Session, condition: str, values: Mapping[str, object], *, lock: bool) -> Complaint | None:
    end = " FOR UPDATE OF c" if lock else ""
    row = session.execute(text(f"SELECT {_COLUMNS} {_FROM} WHERE {condition}{end}"), dict(values)).first()
    return None if row is None else _complaint(row)


def _complaint(row: Row[Any]) -> Complaint:
    return Complaint(
        **{
            **row._mapping,
            "state": ComplaintState(row.state),
            "subject": Subject(row.subject),
            "not_accepted": None if row.not_accepted is None else NotAccepted(row.not_accepted),
            "outcome": None if row.outcome is None else Outcome(row.outcome),
            "unpublished": None if row.unpublished is None else Unpublished(row.unpublished),
        }
    )
