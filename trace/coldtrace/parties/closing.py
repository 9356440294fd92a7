"""Closing and reopening sites and organisations.

A closed site gets no new device, no new invitation and no new codes; open invitations are withdrawn.  What its
devices say of goods that are still there is taken as before: a fact is not refused because a paper ended.  A closed
organisation is all of its sites, and nobody acts for it any more (`people/members.py`).  Nothing is deleted, so
reopening is one step.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.parties.refusals import OrganisationClosed, SiteClosed, SiteUnknown


def close_site(session: Session, env: Env, gln: str) -> UUID:
    """Close a site, withdraw its open invitations, and return whose it is; again changes nothing.

    Raises SiteUnknown.
    """
    now = env.clock()
    operator_id = _mark_site(session, gln, now)
    _withdraw(session, [gln], now)
    return operator_id


def reopen_site(session: Session, gln: str) -> UUID:
    """Reopen a site and return whose it is; withdrawn invitations stay so.  Raises SiteUnknown."""
    return _mark_site(session, gln, None)


def close_organisation(session: Session, env: Env, operator_id: UUID) -> None:
    """Close an organisation with all of its sites, and withdraw their open invitations; again changes nothing."""
    now = env.clock()
    _mark_organisation(session, operator_id, now)
    glns = session.execute(text("SELECT gln FROM site WHERE operator_id = :id"), {"id": operator_id}).scalars().all()
    _withdraw(session, list(glns), now)


def reopen_organisation(session: Session, operator_id: UUID) -> None:
    """Reopen an organisation; sites that were closed by themselves stay closed."""
    _mark_organisation(session, operator_id, None)


def closed_sites(session: Session) -> frozenset[str]:
    """Return the sites that are closed, by themselves or with their organisation."""
    rows = session.execute(
        text(
            "SELECT s.gln FROM site s JOIN operator o USING (operator_id)"
            " WHERE s.closed_at IS NOT NULL OR o.closed_at IS NOT NULL"
        )
    )
    return frozenset(rows.scalars())


def require_open_site(session: Session, gln: str) -> None:
    """Raise SiteClosed for a site that is closed, or whose organisation is.

    Both are held until the commit: nobody closes them between this look and what follows from it.
    """
    closed = session.execute(
        text(
            "SELECT s.closed_at IS NOT NULL OR o.closed_at IS NOT NULL FROM site s JOIN operator o USING (operator_id)"
            " WHERE s.gln = :gln FOR SHARE"
        ),
        {"gln": gln},
    ).scalar_one_or_none()
    if closed:
        raise SiteClosed(gln=gln)


def require_open_organisation(session: Session, operator_id: UUID) -> None:
    """Raise OrganisationClosed for one that is closed; it is held until the commit."""
    row = session.execute(
        text("SELECT uscc, closed_at FROM operator WHERE operator_id = :id FOR SHARE"), {"id": operator_id}
    ).first()
    if row is not None and row.closed_at is not None:
        raise OrganisationClosed(uscc=row.uscc)


def _mark_site(session: Session, gln: str, closed_at: datetime | None) -> UUID:
    operator_id: UUID | None = session.execute(
        text(
            "UPDATE site SET closed_at = CASE WHEN CAST(:at AS timestamptz) IS NULL THEN NULL"
            " ELSE coalesce(closed_at, :at) END WHERE gln = :gln RETURNING operator_id"
        ),
        {"at": closed_at, "gln": gln},
    ).scalar_one_or_none()
    if operator_id is None:
        raise SiteUnknown(gln=gln[:20])
    return operator_id


def _mark_organisation(session: Session, operator_id: UUID, closed_at: datetime | None) -> None:
    session.execute(
        text(
            "UPDATE operator SET closed_at = CASE WHEN CAST(:at AS timestamptz) IS NULL THEN NULL"
            " ELSE coalesce(closed_at, :at) END WHERE operator_id = :id"
        ),
        {"at": closed_at, "id": operator_id},
    )


def _withdraw(session: Session, glns: list[str], now: datetime) -> None:
    session.execute(
        text(
            "UPDATE invite SET withdrawn_at = :now WHERE gln = ANY(CAST(:glns AS text[])) AND used_at IS NULL"
            " AND withdrawn_at IS NULL AND expires_at >= :now"
        ),
        {"now": now, "glns": glns},
    )
