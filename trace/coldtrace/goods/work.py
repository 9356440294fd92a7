"""What a handheld of a first station needs to bind codes without a network."""

from collections import Counter
from datetime import datetime, timedelta

from sqlmodel import Session

from coldtrace.goods import roll_store, store
from coldtrace.rights.model import Scope

UNITS_MAX = 20_000
"""Some sixteen containers of goods without a GTIN; a device that has bound those gets the next ones."""


ROLLS_MAX = 50
BOUND_LATE_FOR = timedelta(days=30)
"""So long after its time a roll is still told to handhelds: a label that was stuck on is stated, and marked."""


def open_rolls(session: Session, scope: Scope, *, now: datetime) -> list[str]:
    """Return the ids of rolls at stations of the scope with labels that are still free, newest first.

    Their range certificates never change, so a handheld fetches each of them once.
    """
    found = roll_store.rolls_to_bind(session, scope, since=now - BOUND_LATE_FOR, limit=ROLLS_MAX)
    return [str(id) for id in found]


def open_lots(session: Session, scope: Scope) -> list[dict[str, str]]:
    """Return the lots with codes still to be bound at stations of the scope: GTIN, lot as printed, exact facts text."""
    return [{"gtin": gtin, "lot": lot, "facts": facts} for gtin, lot, facts in store.open_lots(session, scope)]


def open_units(session: Session, scope: Scope) -> list[dict[str, object]]:
    """Return lots whose units' codes do not name them: exact facts text, and the units still to be commissioned.

    A `/U/` code, an SSCC, or a roll's `(01)(21)` code does not say which lot it belongs to, so the units are named one
    by one; those of a roll once the desk has bound them.
    """
    named = Counter((gtin, lot) for gtin, lot, _ in store.open_lots(session, scope))
    # The name alone of a lot that came in two consignments would give one of them the facts of the other.
    twice = [lot for lot, times in named.items() if times > 1]
    found = store.units_to_bind(session, scope, twice=twice, limit=UNITS_MAX)
    return [{"facts": facts, "units": units} for facts, units in found]
