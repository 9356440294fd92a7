"""A person's own data: all of it as a file, and its erasure (docs/guides/personal-data.md)."""

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, text, update
from sqlmodel import Session, col, select

from coldtrace.clock import format_utc
from coldtrace.env import Env
from coldtrace.events.canonical import decode
from coldtrace.journal import store as journal
from coldtrace.journal.model import Record
from coldtrace.people.model import PersonState
from coldtrace.people.refusals import LastAdministrator, PersonUnknown
from coldtrace.people.tables import ApiTokenRow, MembershipRow, PersonLinkRow, PersonRow, PersonSessionRow
from coldtrace.rights.granting import may_end
from coldtrace.rights.model import Member, Reader, Role, Scope


def find_person(session: Session, given: str) -> UUID:
    """Return the id of the person with this id or e-mail address; raise PersonUnknown."""
    try:
        row = session.get(PersonRow, UUID(given))
    except ValueError:
        row = session.exec(select(PersonRow).where(PersonRow.email == given.strip().lower())).first()
    if row is None:
        raise PersonUnknown(id=given)
    return row.person_id


def handled_by(session: Session, persons: Collection[UUID], scope: Scope) -> frozenset[UUID]:
    """Return which of these persons are wholly within a scope, whose whole data it may see and erase.

    Whoever manages one firm must not erase a member of another, nor read what a member of today did elsewhere before:
    memberships that ended count too.  The platform's administrators are handled by administrators alone.
    """
    if scope.everything:
        return frozenset(persons)
    found: dict[UUID, bool] = {}
    for person_id, operator_id, role in session.execute(
        select(MembershipRow.person_id, MembershipRow.operator_id, MembershipRow.role).where(
            col(MembershipRow.person_id).in_(persons)
        )
    ):
        within = operator_id in scope.operators and role != Role.ADMINISTRATOR
        found[person_id] = found.get(person_id, True) and within
    return frozenset(person_id for person_id, within in found.items() if within)


def may_handle(session: Session, person_id: UUID, scope: Scope) -> bool:
    """Tell whether a person is wholly within a scope."""
    return person_id in handled_by(session, [person_id], scope)


def may_erase(session: Session, person_id: UUID, scope: Scope, by: Reader | None) -> bool:
    """Tell whether `by`, None on the server's own machine, may erase a person: one may handle, with no role that
    `by` could not end, since erasing ends them all."""
    if by is None:
        return may_handle(session, person_id, scope)
    rows = session.exec(select(MembershipRow).where(_current(person_id)))
    return may_handle(session, person_id, scope) and all([may_end(by, _member(row)) for row in rows])


def organisations_of(session: Session, person_id: UUID) -> frozenset[UUID]:
    """Return the organisations that a person is or was a member of."""
    rows = session.exec(select(MembershipRow.operator_id).where(MembershipRow.person_id == person_id))
    return frozenset(each for each in rows if each is not None)


def export_person(session: Session, person_id: UUID, *, scope: Scope) -> Iterator[str]:
    """Give everything that is stored about a person in the scope as the pieces of one JSON text; raise PersonUnknown.

    No secrets: of a password, a second factor and tokens it says that there are any.  The journal's records are read in
    batches, so that the memory stays the same however many they are.
    """
    row = session.get(PersonRow, person_id) if may_handle(session, person_id, scope) else None
    if row is None:
        raise PersonUnknown(id=str(person_id))
    yield '{"person":' + _text(_person(row))
    for name, rows in (
        ("memberships", [_membership(each) for each in _of(session, MembershipRow, person_id)]),
        ("sessions", [_session(each) for each in _of(session, PersonSessionRow, person_id)]),
        ("links", [_link(each) for each in _of(session, PersonLinkRow, person_id)]),
        ("tokens", [_token(each) for each in _of(session, ApiTokenRow, person_id)]),
    ):
        yield f',"{name}":' + _text(rows)
    yield ',"journal":['
    for number, record in enumerate(journal.records_of_person(session, person_id)):
        yield ("," if number else "") + _text(_record(record))
    yield "]}"


def erase_person(session: Session, env: Env, person_id: UUID, *, scope: Scope, by: Reader | None) -> None:
    """Take everything away that says who a person in the scope is; the id stays, the journal names nothing else.

    Name, address, password, second factor, sessions, links and tokens go; memberships end.  Again changes nothing.
    `by` is who wants it, None on the server's own machine.  Raises PersonUnknown, also where `by` could not end each of
    the roles, and LastAdministrator.  The door records the act.
    """
    if not may_erase(session, person_id, scope, by):
        raise PersonUnknown(id=str(person_id))
    # The administrators first: whoever held this row already and then waited for theirs could wait for ever.
    require_other_administrator(session, person_id)
    row = session.get(PersonRow, person_id, with_for_update=True)
    # Again behind the lock: a role that was granted elsewhere at this moment took the same row.
    if row is None or not may_erase(session, person_id, scope, by):
        raise PersonUnknown(id=str(person_id))
    if row.state == PersonState.ERASED:
        return
    now = env.clock()
    row.email = row.password_hash = row.password_at = row.totp_secret = None
    row.totp_confirmed_at = row.totp_last_step = row.last_sign_in_at = None
    row.name, row.lang, row.recovery_hashes = "", "zh", []
    row.state, row.erased_at = PersonState.ERASED.value, now
    session.add(row)
    session.flush()
    session.execute(text("DELETE FROM mail_out WHERE person_id = :id"), {"id": person_id})
    for table in (PersonSessionRow, PersonLinkRow, ApiTokenRow):
        session.execute(delete(table).where(col(table.person_id) == person_id))
    session.execute(update(MembershipRow).where(_current(person_id)).values(ended_at=now))


def require_other_administrator(session: Session, person_id: UUID) -> None:
    """Raise LastAdministrator if the person is an active administrator and nobody else is one.

    The administrators are held until the commit: two of them who remove each other at one moment do so one after the
    other, and the second is refused.
    """
    rows = session.exec(
        select(PersonRow.person_id)
        .join(MembershipRow, col(MembershipRow.person_id) == PersonRow.person_id)
        .where(
            MembershipRow.role == Role.ADMINISTRATOR.value,
            col(MembershipRow.ended_at).is_(None),
            PersonRow.state == PersonState.ACTIVE.value,
        )
        .order_by(col(PersonRow.person_id))
        .with_for_update()
    ).all()
    if set(rows) == {person_id}:
        raise LastAdministrator(id=str(person_id))


def _current(person_id: UUID) -> ColumnElement[bool]:
    return and_(col(MembershipRow.person_id) == person_id, col(MembershipRow.ended_at).is_(None))


def _of(session: Session, table: type, person_id: UUID) -> list:  # type: ignore[type-arg]
    return list(session.exec(select(table).where(table.person_id == person_id)))  # type: ignore[attr-defined]


def _member(row: MembershipRow) -> Member:
    return Member(
        role=Role(row.role),
        operator_id=row.operator_id,
        sites=None if row.sites is None else frozenset(row.sites),
        area=row.area,
        manages=row.manages,
    )


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else format_utc(moment)


def _person(row: PersonRow) -> dict[str, object]:
    return {
        "id": str(row.person_id),
        "email": row.email,
        "name": row.name,
        "lang": row.lang,
        "state": row.state,
        "has_password": row.password_hash is not None,
        "password_at": _at(row.password_at),
        "has_second_factor": row.totp_confirmed_at is not None,
        "recovery_codes_left": len(row.recovery_hashes),
        "created_at": _at(row.created_at),
        "last_sign_in_at": _at(row.last_sign_in_at),
        "closed_at": _at(row.closed_at),
        "erased_at": _at(row.erased_at),
    }


def _membership(row: MembershipRow) -> dict[str, object]:
    return {
        "id": str(row.membership_id),
        "organisation": None if row.operator_id is None else str(row.operator_id),
        "role": row.role,
        "sites": row.sites,
        "area": row.area,
        "manages": row.manages,
        "made_at": _at(row.made_at),
        "made_by": row.made_by,
        "ended_at": _at(row.ended_at),
    }


def _session(row: PersonSessionRow) -> dict[str, object]:
    return {
        "created_at": _at(row.created_at),
        "seen_at": _at(row.seen_at),
        "expires_at": _at(row.expires_at),
        "ended_at": _at(row.ended_at),
        "agent": row.agent,
        "purpose": row.purpose,
    }


def _link(row: PersonLinkRow) -> dict[str, object]:
    return {
        "purpose": row.purpose,
        "created_at": _at(row.created_at),
        "expires_at": _at(row.expires_at),
        "used_at": _at(row.used_at),
    }


def _token(row: ApiTokenRow) -> dict[str, object]:
    return {
        "id": str(row.token_id),
        "name": row.name,
        "rights": row.scopes,
        "sites": row.sites,
        "created_at": _at(row.created_at),
        "expires_at": _at(row.expires_at),
        "last_used_at": _at(row.last_used_at),
        "revoked_at": _at(row.revoked_at),
    }


def _record(record: Record) -> dict[str, object]:
    return {
        "id": str(record.record_id),
        "at": format_utc(record.at),
        "actor": record.actor,
        "organisations": [str(each) for each in record.operators],
        "roles": list(record.roles),
        "act": record.act,
        "kind": record.kind,
        "object": record.object,
        "purpose": record.purpose,
        "subjects": [str(each) for each in record.subjects],
        "sites": list(record.sites),
        "detail": decode(record.detail),
    }
