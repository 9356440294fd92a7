"""From what happened to a stored statement: one transaction numbers, signs and inserts it.

The order that makes the chain dense, whatever dies in between: take the write lock, read the tail, draft with the
next `seq` and `prev`, sign, insert, commit.  Two processes of one device therefore share one chain.
"""

import sqlite3
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from coldscan import cache, statements
from coldscan.device import Device
from coldscan.statements import Moment
from coldtrace import clock
from coldtrace.events.canonical import JsonValue
from coldtrace.events.header import statement_id
from coldtrace.events.public_piece import Corrects
from coldtrace.events.statement import draft_statement, sign_statement
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64, unb64

SKEW_SAID_S = 120
"""A clock this far from the server's, as seen at the last sync, is stated in the statement."""


@dataclass(frozen=True, kw_only=True)
class Matter:
    """What a statement is about, before it has a number."""

    type: StatementType
    lines: Sequence[Line]
    fields: Sequence[tuple[str, JsonValue]] = ()
    facts: bytes | None = None
    corrects: Corrects | None = None

    def shape(self) -> Hashable | None:
        """Return all but the goods of a matter of one line, None for one of several lines.

        Two matters of one shape are read back alike, as the goods of both are units that a verified code names.
        """
        if len(self.lines) != 1:
            return None
        (line,) = self.lines
        without = (line.role, line.quantity, line.parent is None, *line.attributes)
        return (self.type, without, *self.fields, self.facts is None, self.corrects)


def append(
    connection: sqlite3.Connection,
    device: Device,
    matter: Matter,
    *,
    now: datetime,
    lane: str | None = None,
    ahead_s: int | None = None,
    moment: Moment | None = None,
    read_back: bool = True,
    random: Callable[[int], bytes] = clock.random_bytes,
) -> str:
    """Add the next statement of the device's chain and return its id; `lane` and `moment` are those of a scan.

    `ahead_s` says by how much `now` is ahead of the server's time; without it, what the last sync found is stated.
    `read_back` is False only for a matter whose like in shape this device has said with this key.

    The caller owns the transaction.
    """
    key = b64(device.key)
    tail = statements.tail_of(connection, key)
    offset = offset_of(now, device.offset)
    at = clock.format_utc(now)
    id = statement_id(now)
    seen = cache.get(connection, cache.Name.SEEN)
    draft = draft_statement(
        id=id,
        net=device.net,
        key=device.key,
        prev=tail.prev,
        seen=None if seen is None else unb64(seen),
        type=matter.type,
        date=clock.parse_utc(at).astimezone(timezone(offset)).date().isoformat(),
        place=device.place,
        by="device",
        cold="unknown",
        facts=matter.facts,
        corrects=matter.corrects,
        fields=[
            ("at", at),
            ("offset", offset_text(offset)),
            ("seq", tail.seq + 1),
            ("site", device.site.gln),
            *_skew_field(connection, ahead_s),
            *matter.fields,
        ],
        lines=matter.lines,
        random=random,
        read_back=read_back,
    )
    statement = sign_statement(draft, device.signer)
    statements.insert(
        connection,
        statement,
        id=str(id),
        key=key,
        seq=tail.seq + 1,
        type=matter.type.value,
        at=at,
        lane=lane,
        moment=moment,
    )
    return str(id)


def offset_of(now: datetime, fixed: timedelta | None) -> timedelta:
    """Return how far local time is ahead of UTC: the enrolled offset, else the system's, in whole minutes."""
    if fixed is not None:
        return fixed
    local = now.astimezone().utcoffset() or timedelta(0)
    return timedelta(minutes=round(local.total_seconds() / 60))


def offset_text(offset: timedelta) -> str:
    """Return `+08:00` for eight hours ahead."""
    minutes = round(offset.total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _skew_field(connection: sqlite3.Connection, ahead_s: int | None) -> list[tuple[str, JsonValue]]:
    """Return the field that says how far this clock is ahead of the server's, if that is worth saying."""
    if ahead_s is None:
        ahead_s = -(cache.get_number(connection, cache.Name.SKEW_S) or 0)
    return [("clock_skew", ahead_s)] if abs(ahead_s) >= SKEW_SAID_S else []
