"""Before a process signs on a new connection: does the database still lead to what was published?

A database that is restored from a backup, or a replica that lagged and took over, forgets leaves whose checkpoint
others hold already.  Signing from there on would show two histories under one name.  The database alone cannot notice;
a checkpoint outside of it can, and so can a process that remembers where the log stood.
"""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from coldtrace.env import Env, Log
from coldtrace.errors import Refusal
from coldtrace.ledger import store
from coldtrace.ledger.model import Head
from coldtrace.ledger.paths import TileReader
from coldtrace.ledger.refusals import ForkAhead, ForkDiffers, HeadWentBack, OutsideUnreadable, WitnessesSilent
from coldtrace.seal.checkpoint import Checkpoint, open_checkpoint
from coldtrace.seal.merkle import root_from

CHECKPOINT = "checkpoint"
_FORKS: dict[str, type[Refusal]] = {kind.code: kind for kind in (ForkAhead, ForkDiffers)}

log_file = logging.getLogger("coldtrace.fork_guard")


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A checkpoint that somebody or something outside the database keeps: its note, and where it was found."""

    note: bytes
    where: str


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was found outside the database; `silent` says who should have been heard too and was not."""

    found: tuple[Outside, ...] = ()
    silent: WitnessesSilent | None = None


def published_file(folder: Path) -> list[Outside]:
    """Return the checkpoint that this host published last into `folder`, none before the first."""
    path = folder / CHECKPOINT
    try:
        return [Outside(note=path.read_bytes(), where=f"logs/{folder.name}/{CHECKPOINT}")]
    except FileNotFoundError:
        return []


def check(connection: Connection, log: Log, outside: Iterable[Outside], *, now: datetime) -> Refusal | None:
    """Return None if the log may sign; otherwise freeze it and return why.  The caller commits in both cases.

    Raises OutsideUnreadable for what is no checkpoint of this log: then nothing is known, and nothing is signed.
    """
    head = store.head(connection, log.id)
    if head is None:
        return None  # never opened: it will not sign
    vkey = next(vkey for each, vkey, _ in store.logs(connection) if each.id == log.id)
    for each in outside:
        fork = _compare(connection, log, _read(log, vkey, each), head.size, each.where)
        if fork is not None:
            log_file.critical("%s", fork.say("en"))
            reason = json.dumps({"code": fork.code, **fork.facts}, ensure_ascii=False)
            store.freeze(connection, log.id, reason=reason, at=now)
            return fork
    return None


def require_no_fork(engine: Engine, env: Env, log: Log, outside: Iterable[Outside]) -> None:
    """Check in a transaction of its own, and raise the fork that froze the log."""
    with engine.begin() as connection:
        fork = check(connection, log, outside, now=env.clock())
    if fork is not None:
        raise fork  # after the commit


def require_growth(connection: Connection, log: Log, *, since: Head | None) -> Head | None:
    """Return the log's head if the head that this process saw before is its beginning; raise HeadWentBack.

    Nothing is frozen: what only this process saw may never have left the house, and what did is the guard's to find.
    """
    head = store.head(connection, log.id)
    if head is None or since is None or head == since:
        return head
    if head.size > since.size:
        try:
            same = root_from(TileReader(connection, log.id), size=since.size) == since.root
        except LookupError:
            same = False
        if same:
            return head
    raise HeadWentBack(name=log.name, head=head.size, size=since.size)


def frozen_reason(reason: str | None) -> Refusal | None:
    """Return the kept reason of a frozen log as the refusal that it was; None if it was frozen by hand."""
    facts = reason_facts(reason)
    kind = _FORKS.get(str(facts.pop("code", ""))) if isinstance(facts, dict) else None
    return None if kind is None or not isinstance(facts, dict) else kind(**facts)


def reason_facts(reason: str | None) -> dict[str, str | int] | str | None:
    """Return the code and facts of a kept reason, or the words that somebody wrote who froze the log by hand."""
    try:
        facts = json.loads(reason or "null")
    except ValueError:
        return reason
    return facts if facts is None or isinstance(facts, dict) else reason


def _read(log: Log, vkey: str, outside: Outside) -> Checkpoint:
    try:
        return open_checkpoint(outside.note, log=vkey).checkpoint
    except Refusal as refusal:
        raise OutsideUnreadable(where=outside.where, name=log.name, reason=refusal.code) from refusal


def _compare(connection: Connection, log: Log, known: Checkpoint, size: int, where: str) -> Refusal | None:
    if known.size > size:
        return ForkAhead(name=log.name, head=size, size=known.size, where=where)
    try:
        root = root_from(TileReader(connection, log.id), size=known.size)
    except LookupError:
        return ForkDiffers(name=log.name, size=known.size, where=where)
    return None if root == known.root else ForkDiffers(name=log.name, size=known.size, where=where)
