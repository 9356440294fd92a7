"""Who made an organisation's tokens, and those whose maker could not make them any more.

A token of an organisation goes on when whoever made it leaves: a machine depends on it, and goods wait at a door.  But
whoever left may have kept a copy.  So lists say who made each, mark those of somebody who left, and one act ends all
of these (docs/decisions/0021-closing-purposes-and-tokens.md).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.people.grant_refusals import TokenUnknown
from coldtrace.people.members import reader_of_person
from coldtrace.people.memberships import ListedToken, as_member, is_in, revoke_token, tokens
from coldtrace.people.model import PersonState
from coldtrace.rights.granting import may_grant
from coldtrace.rights.model import Reader, Scope
from coldtrace.rights.scopes import Within

_PAGE = 200
_PERSON = "person:"


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Who made a token: `actor` as it was recorded, `name` of the person where the asker may know it.

    Of a token that was made with another token that is the person who made the first one.  `has_left` says that this
    person could not make the token today: the account is closed, or the role is gone.
    """

    actor: str
    name: str | None
    has_left: bool


def makers(session: Session, found: Sequence[ListedToken], *, scope: Scope) -> dict[UUID, Maker]:
    """Return the maker of each of these tokens.

    A name is told of whoever is or was a member of an organisation in the scope; what others are called is not the
    asker's business.
    """
    persons = _persons(session, {each.made_by for each in found})
    known = names_within(session, persons.values(), scope)
    active = _active(session, persons.values())
    readers = {id: reader_of_person(session, id) if id in active else Reader() for id in set(persons.values())}
    told: dict[UUID, Maker] = {}
    for each in found:
        person_id = persons.get(each.made_by)
        told[each.token_id] = Maker(
            actor=each.made_by,
            name=None if person_id is None else known.get(person_id),
            has_left=person_id is not None
            and not all(may_grant(readers[person_id], as_member(held)) for held in each.memberships),
        )
    return told


def tokens_of_who_left(session: Session, *, scope: Scope) -> list[ListedToken]:
    """Return the live tokens in the scope whose maker could not make them today."""
    kept: list[ListedToken] = []
    after: UUID | None = None
    while True:
        page = tokens(session, scope=scope, after=after, limit=_PAGE)
        by = makers(session, page, scope=scope)
        kept += [each for each in page if by[each.token_id].has_left]
        if len(page) < _PAGE:
            return kept
        after = page[-1].token_id


def withdraw_of_who_left(session: Session, env: Env, *, by: Reader, scope: Scope) -> list[ListedToken]:
    """Withdraw the tokens of those who left, as far as the reader may take them, and return these."""
    gone: list[ListedToken] = []
    for each in tokens_of_who_left(session, scope=scope):
        try:
            revoke_token(session, env, by=by, scope=scope, token_id=each.token_id)
        except TokenUnknown:
            continue
        gone.append(each)
    return gone


def _persons(session: Session, actors: Collection[str]) -> dict[str, UUID]:
    """Return the person behind each actor: of a token that made a token, whoever made the first one."""
    rows = session.execute(
        text(
            "WITH RECURSIVE back (actor, maker) AS (SELECT a, a FROM unnest(CAST(:actors AS text[])) AS a"
            " UNION SELECT b.actor, m.made_by FROM back b JOIN membership m"
            " ON m.token_id = CASE WHEN b.maker LIKE 'token:%' THEN CAST(substr(b.maker, 7) AS uuid) END)"
            " SELECT actor, maker FROM back WHERE maker LIKE 'person:%'"
        ),
        {"actors": sorted(actors)},
    )
    return {row.actor: UUID(row.maker.removeprefix(_PERSON)) for row in rows}


def _active(session: Session, persons: Iterable[UUID]) -> set[UUID]:
    rows = session.execute(
        text("SELECT person_id FROM person WHERE person_id = ANY(CAST(:ids AS uuid[])) AND state = :active"),
        {"ids": sorted(set(persons)), "active": PersonState.ACTIVE.value},
    )
    return set(rows.scalars())


def names_within(session: Session, persons: Iterable[UUID], scope: Scope) -> dict[UUID, str]:
    """Return the names of those of these persons who are or were members in the scope."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT p.person_id, p.name FROM person p WHERE p.person_id = ANY(CAST(:ids AS uuid[])) AND p.name <> ''"
            f" AND EXISTS (SELECT 1 FROM membership m WHERE m.person_id = p.person_id AND {is_in(within)})"
        ),
        {"ids": sorted(set(persons)), **within.values},
    )
    return {row.person_id: row.name for row in rows}
