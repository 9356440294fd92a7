"""Inviting somebody: person, membership and one-time link in one act."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.people.mail import post_letter
from coldtrace.people.members import reader_of_person
from coldtrace.people.memberships import grant, live_members, people
from coldtrace.people.model import Person, PersonState
from coldtrace.people.persons import LinkPurpose, find_person, make_link, make_person, parse_email, person_of_email
from coldtrace.people.refusals import EmailTaken
from coldtrace.rights.granting import may_grant
from coldtrace.rights.model import Kind, Member, Reader, Verb
from coldtrace.rights.rules import scope_of


@dataclass(frozen=True, kw_only=True)
class InvitePerson:
    """Who is invited, to which role, by whom."""

    email: str
    name: str
    lang: str
    member: Member
    by: Reader
    made_by: str


@dataclass(frozen=True, kw_only=True)
class Invited:
    """The person, and the secret of its link; None when it can sign in already, or when the link is not the giver's."""

    person: Person
    secret: str | None


def give_role(
    session: Session, env: Env, *, by: Reader, made_by: str, person_id: UUID, member: Member, by_mail: bool
) -> None:
    """Give somebody whom the giver may see a further role; raises what `grant` raises.

    That ends the open links of somebody who is only invited.  With `by_mail` a letter with a new one goes out, as an
    invitation of the same giver would send it; without mail one invites again and hands the link over.
    """
    had = live_members(session, person_id)
    grant(session, env, by=by, made_by=made_by, person_id=person_id, member=member)
    person = find_person(session, person_id)
    assert person is not None, "who gets a role is there"
    is_told = by_mail and person.state is PersonState.INVITED and member not in had
    if is_told and all(may_grant(by, role) for role in had):
        post_letter(session, env, person_id=person_id, purpose=LinkPurpose.INVITATION)


def invite_person(session: Session, env: Env, command: InvitePerson, *, by_mail: bool) -> Invited:
    """Invite a person, or give one of one's own people a further role.

    With `by_mail` the letter is queued.  Somebody who is known elsewhere cannot be drawn into an organisation by its
    managers: EmailTaken.  Raises GrantRefused and MalformedEmail too.
    """
    may_have_link = True
    known = person_of_email(session, parse_email(command.email))
    if known is not None:
        scope = scope_of(command.by, Kind.PERSON, Verb.WRITE)
        if not people(session, scope=scope, limit=1, person_id=known.person_id):
            raise EmailTaken()
        # Whoever holds the link is that person: not with roles beyond what the giver could have given.
        roles = reader_of_person(session, known.person_id).members
        may_have_link = all(may_grant(command.by, role) for role in roles)
    person = known or make_person(
        session,
        env,
        email=command.email,
        name=command.name or command.email.partition("@")[0],
        lang="en" if command.lang == "en" else "zh",
        members=(),
        made_by=command.made_by,
    )
    grant(
        session,
        env,
        by=command.by,
        made_by=command.made_by,
        person_id=person.person_id,
        member=command.member,
    )
    if person.state is not PersonState.INVITED or not may_have_link:
        return Invited(person=person, secret=None)
    make = post_letter if by_mail else make_link
    return Invited(
        person=person,
        secret=make(session, env, person_id=person.person_id, purpose=LinkPurpose.INVITATION),
    )
