"""Readers: what a person, a token or a device may do at this moment."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from coldtrace.env import Env
from coldtrace.parties.model import Device, Site, SiteRole
from coldtrace.people.tables import MembershipRow
from coldtrace.rights.model import Member, Reader, Role

DEVELOPMENT_MEMBERS: tuple[Member, ...] = tuple(
    Member(role=role, operator_id=None, area="", manages=True) for role in Role
)
"""Every role in every organisation, for the token of a development start; production refuses it."""


ROLE_OF_SITE: dict[SiteRole, Role] = {
    SiteRole.SUPERVISED_WAREHOUSE: Role.COLD_STORE,
    SiteRole.TRANSFER_STORE: Role.COLD_STORE,
    SiteRole.CATERER: Role.RETAILER,
} | {SiteRole(role.value): role for role in Role if role.value in set(SiteRole)}
"""Kinds of sites are finer than roles: what a site is, and what its people and devices may do."""


def reader_of_person(session: Session, person_id: UUID, *, narrowed: frozenset[str] | None = None) -> Reader:
    """Return what a person may do now: the memberships that have not ended."""
    return Reader(members=tuple(_of_person(session, person_id)), narrowed=narrowed)


def reader_of_token(session: Session, token_id: UUID, *, narrowed: frozenset[str] | None = None) -> Reader:
    """Return what a token with memberships of its own may do now."""
    rows = session.exec(
        select(MembershipRow).where(MembershipRow.token_id == token_id, col(MembershipRow.ended_at).is_(None))
    )
    return Reader(members=tuple(_member(row) for row in rows), narrowed=narrowed)


def reader_of_device(device: Device, site: Site) -> Reader:
    """Return what a device may do: what its site's role may, at this one site."""
    member = Member(role=ROLE_OF_SITE[site.role], operator_id=site.operator_id, sites=frozenset({device.gln}))
    return Reader(members=(member,))


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


def _of_person(session: Session, person_id: UUID) -> Iterable[Member]:
    rows = session.exec(
        select(MembershipRow).where(MembershipRow.person_id == person_id, col(MembershipRow.ended_at).is_(None))
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
