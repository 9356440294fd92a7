"""What this device itself has said of a unit that keeps it from going on: held, destroyed, sold, made into others.

It counts from the commit of the statement, sent or not, and whatever a list says that was made before the server knew
of it.  A statement that was taken back or refused does not count (`lanes.unsay`, `statements.mark_refused`).
"""

import json
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from coldtrace.codes.trace_code import TraceCode
from coldtrace.events.statement_type import StatementType
from coldtrace.verify.held_filters import HeldFilters

RELEASED_AFTER: Final = timedelta(hours=1)
"""A filter made this long after the receipt has taken it in; if the unit is not in it, the hold is lifted."""


class OwnState(StrEnum):
    """How the unit stands by the word of this device."""

    HELD = "held"
    DESTROYED = "destroyed"
    SOLD = "sold"
    TRANSFORMED = "transformed"


@dataclass(frozen=True, kw_only=True)
class OwnWord:
    """How a unit stands, and since when by the server's clock as far as it was known."""

    state: OwnState
    at: str


_ENDS: Final = {StatementType.SELL: OwnState.SOLD, StatementType.TRANSFORM: OwnState.TRANSFORMED}
_MOVES_NOTHING: Final = frozenset({StatementType.HOLD, StatementType.COUNT, StatementType.STORE})


def own_word(connection: sqlite3.Connection, code: TraceCode, *, filters: HeldFilters) -> OwnWord | None:
    """Return what keeps the unit from going on, the gravest first: destroyed, on hold, gone; None if nothing does.

    Goods that were sold and came back stand as what was said last has it.
    """
    said = connection.execute(
        "SELECT d.type, d.at, s.receipt FROM said d JOIN statements s ON s.id = d.statement"
        " WHERE d.unit = ? ORDER BY s.number DESC",
        (code.unit_id,),
    ).fetchall()
    for type, at, receipt in said:
        if type == StatementType.DESTROY and not _is_lifted(receipt, code, filters):
            return OwnWord(state=OwnState.DESTROYED, at=at)
    for type, at, receipt in said:
        if type == StatementType.HOLD and not _is_lifted(receipt, code, filters):
            return OwnWord(state=OwnState.HELD, at=at)
    for type, at, _ in said:
        if type not in _MOVES_NOTHING:
            state = _ENDS.get(StatementType(type))
            return None if state is None else OwnWord(state=state, at=at)
    return None


def _is_lifted(receipt: str | None, code: TraceCode, filters: HeldFilters) -> bool:
    if receipt is None or filters.blocked is None or filters.blocks(code) is not None:
        return False
    # Needed for the few units that were held here; a start of the scanner does not wait for it.
    from coldtrace.events.receipt import read_receipt

    received_at = read_receipt(json.loads(receipt)["text"]).received_at
    return filters.blocked.header.issued >= received_at + RELEASED_AFTER
