"""The journal at the command line: a changing command leaves one record, in the transaction of its first change.

`main` says which command runs; the sessions of the installation write the record when they first commit.  Whoever may
run commands on the server's machine stands in the journal as "command line": the name of a system's user is personal,
and says little where all work as one.
"""

import argparse
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from sqlalchemy.orm import sessionmaker
    from sqlmodel import Session

    from coldtrace.env import Env


@dataclass(frozen=True)
class Told:
    """What a command is called in the journal, and which of its arguments names the object.

    `at` is the argument with the site whose firm's data it is.  With one of `unless` nothing is kept, so nothing is
    recorded either.
    """

    act: str
    kind: str
    object: str | None = None
    at: str | None = None
    unless: tuple[str, ...] = ()


CHANGES: dict[str, Told] = {
    "codes resume": Told("draw", "run", "run"),
    "codes void": Told("void", "code", "roll"),
    "trust-list publish": Told("publish", "trust list", unless=("offline",)),
    "filters publish": Told("publish", "filter"),
    "keys root adopt": Told("adopt", "root"),
    "keys station new": Told("make", "key", "site", "site"),
    "keys rotate": Told("change", "key", "site", "site"),
    "keys retire": Told("retire", "key", "kid"),
    "keys revoke": Told("revoke", "key", "kid"),
    "tokens new": Told("make", "token"),
    "tokens withdraw": Told("withdraw", "token", "id"),
    "admin create": Told("make", "person"),
    "admin link": Told("link", "person"),
    "sites register": Told("register", "site", "gln", "gln"),
    "sites set": Told("change", "site", "site", "site"),
    "sites close": Told("close", "site", at="site"),
    "sites reopen": Told("reopen", "site", at="site"),
    "devices invite": Told("invite", "device", "site", "site"),
    "devices roll": Told("invite", "device", "key"),
    "devices withdraw": Told("withdraw", "device", "id"),
    "devices revoke": Told("revoke", "device", "key"),
    "import": Told("import", "consignment", "undo", unless=("dry_run", "annotated", "template")),
    "labels make": Told("print", "run", "run"),
    "labels send": Told("print", "run", "run"),
    "labels reprint": Told("reprint", "run"),
    "lots recall": Told("recall", "lot", "lot"),
    "lots lift": Told("lift", "lot", "lot"),
    "rolls new": Told("draw", "roll"),
    "rolls bind": Told("bind", "roll", "lot"),
    # Its argument may be an e-mail address; the command names the id itself.
    "people export": Told("export", "person"),
    "people erase": Told("erase", "person"),
    "people close": Told("close", "account"),
    "people reopen": Told("reopen", "account"),
    "people remove-second-step": Told("remove_second_step", "account"),
    "ledger open": Told("open", "log", "name"),
    "ledger erase": Told("erase", "statement", "id"),
}
"""Commands that change something."""

LOOKS = frozenset(
    {
        "codes parse", "codes verify", "codes runs", "codes resolve", "verify", "trust-list show", "trust-list verify",
        "filters show", "filters verify", "keys list", "sites list", "tokens list", "devices invites", "devices list",
        "labels jobs", "labels printers", "labels reprints", "lots list", "rolls list", "rolls report",
        "rolls certificate", "custody rebuild", "ledger list", "ledger export", "ledger audit", "ledger monitor",
        "journal verify",
        # On paper, from what is there.
        "labels cards", "labels doors",
        # Files and keys outside the database.
        "trust-list sign", "keys root new", "keys root found", "keys root propose", "keys root sign", "keys init",
        "keys passphrase", "db roles", "db upgrade", "reset", "doctor",
        # The journal's own export records itself, with its purpose.
        "journal export",
        # Doors and programs of their own.
        "serve", "demo", "bench", "witness serve", "witness keys new", "witness keys show",
        "witness logs add", "witness logs list", "witness evidence",
    }
)  # fmt: skip
"""Commands that leave no record.  Whoever may run commands on the server's machine could read its database anyway, so
looking is not recorded here."""


@dataclass
class CommandNote:
    """What will be recorded of the command that runs."""

    told: Told
    arguments: argparse.Namespace
    detail: dict[str, str | int | None] = field(default_factory=dict)
    named: str | None = None
    operators: set[UUID] = field(default_factory=set)
    written_by: "Session | None" = None
    is_kept: bool = False

    def write(self, session: "Session", env: "Env") -> None:
        """Write the record into the session's transaction, once."""
        if self.written_by is not None:
            return
        self.written_by = session
        from coldtrace.journal import service as journal
        from coldtrace.journal.model import COMMAND_LINE, Act
        from coldtrace.parties import store as parties

        glns = {site for site in (self._argument(self.told.at),) if site is not None}
        journal.record(
            session,
            env,
            Act(
                actor=COMMAND_LINE,
                act=self.told.act,
                kind=self.told.kind,
                object=self.named or self._argument(self.told.object) or "*",
                subjects=frozenset(parties.operators_of_sites(session, glns) | self.operators),
                detail=self.detail,
            ),
        )

    def kept(self, session: "Session") -> None:
        """Note that a transaction was committed."""
        self.is_kept = self.is_kept or session is self.written_by

    def undone(self, session: "Session") -> None:
        """Note that a transaction was rolled back: the record went with it."""
        if session is self.written_by and not self.is_kept:
            self.written_by = None

    def _argument(self, name: str | None) -> str | None:
        value = None if name is None else getattr(self.arguments, name)
        return None if value is None else str(value)


_running: ContextVar[CommandNote | None] = ContextVar("command", default=None)


def words_of(arguments: argparse.Namespace) -> str:
    """Return the words of the command that was parsed, as "keys station new"."""
    words = [str(arguments.command)]
    while (following := getattr(arguments, f"{words[-1].replace('-', '_')}_command", None)) is not None:
        words.append(str(following))
    return " ".join(words)


def begin(arguments: argparse.Namespace) -> None:
    """Say which command runs from now on."""
    told = CHANGES.get(words_of(arguments))
    if told is not None and any(getattr(arguments, name) for name in told.unless):
        told = None
    _running.set(None if told is None else CommandNote(told, arguments))


def end() -> None:
    """Say that it is over: what the same process does afterwards is not that command's."""
    _running.set(None)


def names(object: str) -> None:
    """Say what the command that runs is about, where its arguments do not."""
    note = _running.get()
    if note is not None:
        note.named = object


def about(operators: Iterable[UUID]) -> None:
    """Say whose data it is, by organisation, where the arguments do not."""
    note = _running.get()
    if note is not None:
        note.operators.update(operators)


def write_with(sessions: "sessionmaker[Session]", env: "Env") -> None:
    """Have these sessions write the record of the command that runs when they first commit."""
    note = _running.get()
    if note is None:
        return
    from sqlalchemy import event

    event.listen(sessions, "before_commit", lambda session: note.write(session, env))
    event.listen(sessions, "after_commit", note.kept)
    event.listen(sessions, "after_rollback", note.undone)
