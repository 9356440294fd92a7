"""Readers: what a person, a token or a device may do at this moment."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from coldtrace.env import Env
from coldtrace.parties.model import Device, Site, SiteRole
from coldtrace.parties.tables import OperatorRow, SiteRow
from coldtrace.people.tables import MembershipRow
from coldtrace.rights.model import Member, Reader, Role
from coldtrace.rights.rules import FIRMS, kinds_of_role

DEVELOPMENT_MEMBERS: tuple[Member, ...] = tuple(
    Member(role=role, operator_id=None, area="", manages=True) for role in Role
)
"""Every role in every organisation, for the token of a development start; production refuses it."""


ROLE_OF_SITE: dict[SiteRole, Role] = {
    SiteRole(kind): role for role in Role for kind in kinds_of_role(role) if kind in set(SiteRole)
}
"""Kinds of sites are finer than roles: what a site is, and what its people and devices may do."""


def reader_of_person(session: Session, person_id: UUID, *, narrowed: frozenset[str] | None = None) -> Reader:
    """Return what a person may do now: the memberships that have not ended, in organisations that are not closed."""
    return Reader(members=tuple(_live(session, col(MembershipRow.person_id) == person_id)), narrowed=narrowed)


def reader_of_token(session: Session, token_id: UUID, *, narrowed: frozenset[str] | None = None) -> Reader:
    """Return what a token with memberships of its own may do now."""
    return Reader(members=tuple(_live(session, col(MembershipRow.token_id) == token_id)), narrowed=narrowed)


def reader_of_device(device: Device, site: Site) -> Reader:
    """Return what a device may do: what its site's role may, at this one site."""
    member = Member(role=ROLE_OF_SITE[site.role], operator_id=site.operator_id, sites=frozenset({device.gln}))
    return Reader(members=(member,))


def at_sites(session: Session, reader: Reader, glns: Collection[str]) -> Reader:
    """Return the reader as far as these sites go: its roles in their organisations, at these sites alone.

    Roles of an area and of the whole platform are no site's; they are left out.
    """
    rows = session.exec(select(SiteRow.gln, SiteRow.operator_id).where(col(SiteRow.gln).in_(glns)))
    owned: dict[UUID, set[str]] = {}
    for gln, operator_id in rows:
        owned.setdefault(operator_id, set()).add(gln)
    kept: list[Member] = []
    for member in reader.members:
        sites = frozenset(owned.get(member.operator_id, ())) if member.operator_id is not None else frozenset[str]()
        sites = sites if member.sites is None else sites & member.sites
        if sites and member.role in FIRMS:
            kept.append(replace(member, sites=sites))
    return replace(reader, members=tuple(kept))


def keep_members(
    session: Session,
    env: Env,
    members: Sequence[Member],
    *,
    made_by: str,
    person_id: UUID | None = None,
    token_id: UUID | None = None,
) -> None:
    """Give a person or a token these memberships."""
    now = env.clock()
    session.add_all(
        MembershipRow(
            membership_id=env.new_id(),
            person_id=person_id,
            token_id=token_id,
            operator_id=member.operator_id,
            role=member.role.value,
            sites=None if member.sites is None else sorted(member.sites),
            area=member.area,
            manages=member.manages,
            made_at=now,
            made_by=made_by,
        )
        for member in members
    )
    session.flush()


def _live(session: Session, whose: ColumnElement[bool]) -> Iterable[Member]:
    rows = session.exec(
        select(MembershipRow)
        .outerjoin(OperatorRow, col(OperatorRow.operator_id) == col(MembershipRow.operator_id))
        .where(
            whose,
            col(MembershipRow.ended_at).is_(None),
            # Administrators are the platform's: it is not left without any because a firm is closed.
            or_(col(OperatorRow.closed_at).is_(None), col(MembershipRow.role) == Role.ADMINISTRATOR.value),
        )
    )
    return [_member(row) for row in rows]


def _member(row: MembershipRow) -> Member:
    return Member(
        role=Role(row.role),
        operator_id=row.operator_id,
        sites=None if row.sites is None else frozenset(row.sites),
        area=row.area,
        manages=row.manages,
    )
