"""Memberships and tokens as others manage them: list, grant, end, within a scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.parties.closing import require_open_organisation
from coldtrace.people.grant_refusals import (
    GrantRefused,
    MembershipUnknown,
    RightUnusable,
    TokenUnknown,
)
from coldtrace.people.members import keep_members
from coldtrace.people.model import Membership
from coldtrace.people.personal_data import require_other_administrator
from coldtrace.people.refusals import PersonUnknown
from coldtrace.people.tables import MembershipRow
from coldtrace.people.tokens import EVERY_RIGHT, make_token
from coldtrace.rights.granting import may_end, may_grant
from coldtrace.rights.model import Kind, Member, Reader, Role, Scope, Verb
from coldtrace.rights.rules import permits
from coldtrace.rights.scopes import Within

RIGHTS = frozenset(f"{kind}:{verb}" for kind in Kind for verb in Verb)
TOKEN_LIFE_MAX = timedelta(days=3650)


@dataclass(frozen=True, kw_only=True)
class ListedPerson:
    """A person as those who manage its organisation see it."""

    person_id: UUID
    email: str | None
    name: str
    state: str
    last_sign_in_at: datetime | None
    has_second_step: bool
    memberships: tuple[Membership, ...]


@dataclass(frozen=True, kw_only=True)
class ListedToken:
    """A token without its secret.  A person's token has no members of its own; `sites` narrow it.

    `made_by` is who made an organisation's token, as it was recorded ("person:ID"); empty for a person's own.
    """

    token_id: UUID
    name: str
    person_id: UUID | None
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    made_by: str
    sites: tuple[str, ...] | None
    memberships: tuple[Membership, ...]


def people(
    session: Session, *, scope: Scope, after: UUID | None = None, limit: int, person_id: UUID | None = None
) -> list[ListedPerson]:
    """Return persons with a membership in the scope, by id, from the one behind `after` on.

    Of each only the memberships in the scope are shown: what somebody is elsewhere is nobody's business here.
    """
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT p.person_id, p.email, p.name, p.state, p.last_sign_in_at,"
            " p.totp_confirmed_at IS NOT NULL AS has_second_step FROM person p"
            " WHERE (CAST(:after AS uuid) IS NULL OR p.person_id > :after) AND p.state <> 'erased'"
            " AND (CAST(:only AS uuid) IS NULL OR p.person_id = :only)"
            f" AND ({'TRUE' if scope.everything else 'FALSE'} OR EXISTS (SELECT 1 FROM membership m"
            f" WHERE m.person_id = p.person_id AND m.ended_at IS NULL AND {is_in(within)}))"
            " ORDER BY p.person_id LIMIT :most"
        ),
        {"after": after, "only": person_id, "most": limit, **within.values},
    ).all()
    found = _memberships(session, within, column="person_id", ids=[row.person_id for row in rows])
    return [ListedPerson(**row._mapping, memberships=tuple(found.get(row.person_id, ()))) for row in rows]


def tokens(
    session: Session, *, scope: Scope, after: UUID | None = None, limit: int, own: UUID | None = None
) -> list[ListedToken]:
    """Return live tokens with memberships in the scope, by id; with `own` that person's own tokens instead."""
    within = Within(scope=scope)
    wanted = (
        "t.person_id = :own"
        if own is not None
        else "t.person_id IS NULL AND EXISTS (SELECT 1 FROM membership m"
        f" WHERE m.token_id = t.token_id AND m.ended_at IS NULL AND {is_in(within)})"
    )
    rows = session.execute(
        text(
            "SELECT t.token_id, t.name, t.person_id, t.scopes, t.created_at, t.expires_at, t.last_used_at,"
            " t.sites, coalesce((SELECT m.made_by FROM membership m WHERE m.token_id = t.token_id"
            " ORDER BY m.made_at, m.membership_id LIMIT 1), '') AS made_by"
            f" FROM api_token t WHERE t.revoked_at IS NULL AND NOT t.development AND {wanted}"
            " AND (CAST(:after AS uuid) IS NULL OR t.token_id > :after) ORDER BY t.token_id LIMIT :most"
        ),
        {"after": after, "own": own, "most": limit, **within.values},
    ).all()
    found = _memberships(session, within, column="token_id", ids=[row.token_id for row in rows])
    return [
        ListedToken(
            **(
                dict(row._mapping)
                | {"scopes": tuple(row.scopes), "sites": None if row.sites is None else tuple(row.sites)}
            ),
            memberships=tuple(found.get(row.token_id, ())),
        )
        for row in rows
    ]


def grant(session: Session, env: Env, *, by: Reader, made_by: str, person_id: UUID, member: Member) -> None:
    """Give a person a role in an organisation; raises GrantRefused beyond what the giver has, PersonUnknown,
    or OrganisationClosed.

    The same again changes nothing.  The door has seen to it that the giver may see the person.
    """
    require_grantable(session, by, member)
    state = session.execute(
        text("SELECT state FROM person WHERE person_id = :id FOR UPDATE"), {"id": person_id}
    ).scalar_one_or_none()
    if state not in ("invited", "active"):
        raise PersonUnknown(id=str(person_id))
    if member in live_members(session, person_id):
        return
    keep_members(session, env, [member], made_by=made_by, person_id=person_id)
    if state == "invited":
        # Whoever holds the link so far was not meant to hold what was given just now.
        session.execute(
            text(
                "UPDATE person_link SET expires_at = :now WHERE person_id = :id AND used_at IS NULL"
                " AND expires_at > :now"
            ),
            {"now": env.clock(), "id": person_id},
        )


def end_membership(session: Session, env: Env, *, by: Reader, scope: Scope, membership_id: UUID) -> Membership:
    """End a membership in the scope that `by` could have given; raises MembershipUnknown, or LastAdministrator."""
    within = Within(scope=scope)
    row = session.execute(
        text(
            f"SELECT m.* FROM membership m WHERE m.membership_id = :id AND m.ended_at IS NULL AND {is_in(within)}"
            " FOR UPDATE"
        ),
        {"id": membership_id, **within.values},
    ).first()
    if row is None or not may_end(by, as_member(_listed(row._mapping))):
        raise MembershipUnknown(id=str(membership_id))
    if row.role == Role.ADMINISTRATOR and row.person_id is not None:
        require_other_administrator(session, row.person_id)
    kept = session.get_one(MembershipRow, membership_id)
    kept.ended_at = env.clock()
    session.add(kept)
    session.flush()
    return _listed(row._mapping)


def new_token(
    session: Session,
    env: Env,
    *,
    by: Reader,
    made_by: str,
    name: str,
    life: timedelta,
    member: Member,
    rights: Sequence[str] | None,
) -> str:
    """Make a token of an organisation and return it for the only time; raises GrantRefused or RightUnusable.

    `rights` narrow it ("unit:read"); None are all of its role.
    """
    require_grantable(session, by, member, rights)
    if rights is not None:
        require_usable(member, rights)
    return make_token(
        session, env, name=name, life=life, members=[member], scopes=rights or (EVERY_RIGHT,), made_by=made_by
    )


def require_usable(member: Member, rights: Sequence[str]) -> None:
    """Raise RightUnusable for a right that this member has not, and GrantRefused for none at all.

    Such a token would do nothing, and whoever made it would learn that from a refusal much later.
    """
    if not rights:
        raise GrantRefused()
    reader = Reader(members=(member,))
    for right in rights:
        kind, _, verb = right.partition(":")
        if right not in RIGHTS or not permits(reader, Kind(kind), Verb(verb)):
            raise RightUnusable(right=right[:40], role=member.role.value)


def revoke_token(
    session: Session, env: Env, *, by: Reader, scope: Scope, token_id: UUID, own: UUID | None = None
) -> list[Membership]:
    """Withdraw a token in the scope whose roles `by` could have given, or one's own; raises TokenUnknown.

    Returns the roles of its own that it had, for the record of whose it was.
    """
    within = Within(scope=scope)
    held = session.execute(
        text("SELECT * FROM membership WHERE token_id = :id AND ended_at IS NULL"), {"id": token_id}
    ).all()
    # One statement for what there is not and for what is not the caller's to take.
    roles = [_listed(row._mapping) for row in held]
    may = all(may_end(by, as_member(each)) for each in roles)
    done = session.execute(
        text(
            "UPDATE api_token t SET revoked_at = :now WHERE t.token_id = :id AND t.revoked_at IS NULL"
            " AND ((t.person_id IS NOT NULL AND t.person_id = CAST(:own AS uuid))"
            " OR (t.person_id IS NULL AND CAST(:may AS boolean) AND EXISTS"
            " (SELECT 1 FROM membership m WHERE m.token_id = t.token_id AND m.ended_at IS NULL"
            f" AND {is_in(within)}))) RETURNING t.token_id"
        ),
        {"now": env.clock(), "id": token_id, "own": own, "may": may, **within.values},
    ).first()
    if done is None:
        raise TokenUnknown(id=str(token_id))
    return roles


def is_in(within: Within) -> str:
    """Return the condition that a membership `m` is in the scope: a manager of some sites sees those of these sites."""
    if within.scope.everything:
        return "TRUE"
    parts = [within.organisation("m.operator_id")]
    if within.scope.sites:
        parts.append(f"m.sites <@ CAST(:{within.name}_sites AS text[])")
    return f"({' OR '.join(parts)})"


def require_grantable(session: Session, by: Reader, member: Member, rights: Sequence[str] | None = None) -> None:
    """Raise GrantRefused unless a reader may give this role, narrowed to these rights, or OrganisationClosed."""
    if not may_grant(by, member, rights):
        raise GrantRefused()
    assert member.operator_id is not None, "nobody grants a role in every organisation"
    require_open_organisation(session, member.operator_id)
    if member.sites is not None:
        owned = session.execute(
            text("SELECT count(*) FROM site WHERE operator_id = :operator AND gln = ANY(CAST(:glns AS text[]))"),
            {"operator": member.operator_id, "glns": sorted(member.sites)},
        ).scalar_one()
        if not member.sites or owned != len(member.sites):
            raise GrantRefused()


def live_members(session: Session, person_id: UUID) -> list[Member]:
    """Return the roles that a person has now."""
    rows = session.execute(
        text("SELECT * FROM membership WHERE person_id = :id AND ended_at IS NULL"), {"id": person_id}
    )
    return [as_member(_listed(row._mapping)) for row in rows]


def _memberships(session: Session, within: Within, *, column: str, ids: Sequence[UUID]) -> dict[UUID, list[Membership]]:
    rows = session.execute(
        text(
            f"SELECT m.* FROM membership m WHERE m.{column} = ANY(CAST(:ids AS uuid[])) AND m.ended_at IS NULL"
            f" AND {is_in(within)} ORDER BY m.membership_id"
        ),
        {"ids": list(ids), **within.values},
    )
    found: dict[UUID, list[Membership]] = {}
    for row in rows:
        found.setdefault(row._mapping[column], []).append(_listed(row._mapping))
    return found


def _listed(row: RowMapping) -> Membership:
    kept = {name: value for name, value in row.items() if name != "made_by"}
    sites = None if row["sites"] is None else tuple(row["sites"])
    return Membership(**(kept | {"role": Role(row["role"]), "sites": sites}))


def as_member(kept: Membership) -> Member:
    """Return a membership as rights look at it."""
    return Member(
        role=kept.role,
        operator_id=kept.operator_id,
        sites=None if kept.sites is None else frozenset(kept.sites),
        area=kept.area,
        manages=kept.manages,
    )
