"""The journal at the door: one note for each guarded request, written before the answer leaves.

`needs(...)` opens the note, so a route cannot forget it.  The session of the route writes it: in the transaction of a
change, and of a read after its last look; a route without such a session has it written in a transaction of its own.
If it cannot be written the call fails: nothing is shown that is not in the journal.  What is refused leaves none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes
from uuid import UUID

from fastapi import Request
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.journal import service as journal
from coldtrace.journal.model import PURPOSE_CHARACTERS_MAX, Act
from coldtrace.parties import store as parties
from coldtrace.rights.model import Kind, Reader, Role, Verb
from coldtrace.rights.rules import scope_of, sees_by_area
from coldtrace.web.refusals import MalformedPurpose, PurposeRequired

OBJECT_CHARACTERS_MAX = 300
PURPOSE_HEADER = "Coldtrace-Purpose"
"""Not `Purpose`: browsers send one of their own ("prefetch")."""
_ACTS = {"POST": "make", "PUT": "change", "PATCH": "change", "DELETE": "delete"}


@dataclass(kw_only=True)
class Note:
    """What the journal will say of this request.  A route adds what only it knows: whose data it was, how many rows."""

    env: Env
    actor: str
    operators: frozenset[UUID]
    roles: frozenset[str]
    act: str
    kind: str
    object: str
    purpose: str | None
    subjects: set[UUID] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)
    detail: dict[str, str | int | None] = field(default_factory=dict)
    is_open: bool = True

    def about(self, *operators: UUID | None) -> None:
        """Say whose data it was, by organisation."""
        self.subjects.update(each for each in operators if each is not None)

    def at(self, glns: Iterable[str | None]) -> None:
        """Say whose data it was, by the sites of the rows."""
        self.sites.update(gln for gln in glns if gln is not None)

    def drop(self) -> None:
        """Leave no record: nothing was changed, and nothing of anybody was shown."""
        self.is_open = False

    def write(self, session: Session) -> None:
        """Write the record into the session's transaction, once."""
        if not self.is_open:
            return
        self.is_open = False
        subjects = self.subjects | parties.operators_of_sites(session, self.sites)
        journal.record(
            session,
            self.env,
            Act(
                actor=self.actor,
                operators=self.operators,
                roles=self.roles,
                act=self.act,
                kind=self.kind,
                object="".join(
                    sign if sign.isprintable() else "\ufffd" for sign in self.object[:OBJECT_CHARACTERS_MAX]
                ),
                purpose=self.purpose,
                subjects=frozenset(subjects),
                sites=frozenset(self.sites),
                detail=self.detail,
            ),
        )


def open_note(
    request: Request,
    *,
    actor: str,
    reader: Reader,
    kind: Kind,
    verb: Verb,
    act: str | None = None,
    purpose_required: bool = False,
    detail: Mapping[str, str] | None = None,
) -> Note:
    """Open the note of a request; raises MalformedPurpose and PurposeRequired.

    Without an `act` a read is `read` of the thing that the path names, or else `list`, and a change goes by its method.
    """
    purpose = purpose_of(request)
    if purpose is None and (purpose_required or sees_by_area(reader, kind, verb)):
        raise PurposeRequired()
    named = "/".join(str(value) for value in request.path_params.values())
    query = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if act is None and verb is Verb.READ:
        act = "read" if named else "list"
    held = [member for member in reader.members if holds(member.role, member.operator_id, reader, kind, verb)]
    note = Note(
        env=request.app.state.env,
        actor=actor,
        operators=frozenset(each.operator_id for each in held if each.operator_id is not None),
        roles=frozenset(each.role.value for each in held),
        act=act or _ACTS[request.method],
        kind=kind.value,
        object=named or query,
        purpose=purpose,
        detail=dict(detail or {}),
    )
    request.state.note = note
    return note


def holds(role: Role, operator_id: UUID | None, reader: Reader, kind: Kind, verb: Verb) -> bool:
    """Tell whether it is by a member of this role and organisation that the reader has the right."""
    members = tuple(each for each in reader.members if each.role is role and each.operator_id == operator_id)
    return not scope_of(Reader(members=members, narrowed=reader.narrowed), kind, verb).is_empty


def note_of(request: Request) -> Note | None:
    """Return the note that is still to be written, if there is one."""
    note: Note | None = getattr(request.state, "note", None)
    return note if note is not None and note.is_open else None


def take_on(request: Request) -> None:
    """Say that a session of this request will write the note."""
    request.state.writes_note = True


def is_taken_on(request: Request) -> bool:
    """Tell whether a session of this request will write the note or has written it."""
    return getattr(request.state, "writes_note", False)


def write_alone(request: Request) -> None:
    """Write the note in a transaction of its own, if it still has to be."""
    note = note_of(request)
    if note is not None:
        with request.app.state.sessions.begin() as session:
            note.write(session)


def purpose_of(request: Request) -> str | None:
    """Return what the caller says it is for: the header (percent-encoded UTF-8), or on pages what the session says.

    A page takes none from its address: a stranger's link would put words into somebody's mouth.  Raises
    MalformedPurpose for one that is too long or has signs that are none.
    """
    raw = request.headers.get(PURPOSE_HEADER)
    if raw is None:
        return getattr(request.state, "purpose", None)
    try:
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedPurpose(limit=PURPOSE_CHARACTERS_MAX) from None
    return checked_purpose(text)


def checked_purpose(text: str) -> str | None:
    """Return a purpose as it is kept, None for an empty one; raises MalformedPurpose."""
    text = text.strip()
    if len(text) > PURPOSE_CHARACTERS_MAX or not text.isprintable():
        raise MalformedPurpose(limit=PURPOSE_CHARACTERS_MAX)
    return text or None
