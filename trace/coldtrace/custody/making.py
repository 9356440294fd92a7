"""What goods take over from those that they were made of: last days, what lies on them, weights.  Pure.

Shared by units (`moves.py`) and by lots (`lots.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from coldtrace.custody.model import Deed, Holding, Mark, Said, Source
from coldtrace.events.units_piece import Line

TAKES_LOT = "takes_lot"
"""Said of the output of a relabelling: it is of the lot of what it is a new label of (`details.py`)."""

GAIN_MAX_PERCENT = 1
LOSS_MAX_PERCENT = 3
"""Of the weight that went in: a scale's error upwards, and a loss that needs a reason (domain guide, section 4)."""


def earliest(*days: date | None) -> date | None:
    """Return the first of these days, None if there is none."""
    return min((day for day in days if day is not None), default=None)


def said_day(said: Said) -> date | None:
    """Return the last day that a line itself names."""
    value = said.details.get("expiry")
    return date.fromisoformat(value) if isinstance(value, str) else None


def until(said: Said, holding: Holding) -> date | None:
    """Return the last day of what went in: as statements gave it, or as its import had it when the line arrived."""
    day = said.details.get("until")
    return earliest(holding.expires_on, date.fromisoformat(day) if isinstance(day, str) else None)


def weight_of(said: Said, holding: Holding) -> int | None:
    """Return what weighed what went in: as statements left it, or as its lot said when the line arrived."""
    grams = said.details.get("weighs_g")
    return holding.left_g if holding.left_g is not None or type(grams) is not int else grams


def last_day(said: Said, sources: Iterable[Source]) -> date | None:
    """Return the last day of what came out: no later than the earliest of what went in, unless a document says so."""
    own = said_day(said)
    if own is not None and said.details.get("paper") is True:
        return own
    return earliest(own, *(source.expires_on for source in sources))


def needs_its_day(type: str, role: str) -> bool:
    """Tell whether goods past their last day are kept from what a line of a statement does."""
    return type in _EXPIRING or (type, role) == ("transform", "input")


_EXPIRING = frozenset({"ship", "sell", "use", "open"})


def is_past_its_day(deed: Deed, said: Said, holding: Holding) -> bool:
    """Tell whether a last day that statements gave these goods keeps them from a line; the import's day is lasting."""
    last = holding.expires_on
    return last is not None and deed.local_day > last and needs_its_day(deed.type, said.role)


def lying_on(sources: Iterable[Source]) -> frozenset[str]:
    """Return every overlay that was in force on what went in."""
    return frozenset(
        overlay for source in sources for overlay in (*source.holding.overlays, *source.around, *source.of_lot)
    )


def rest_of(said: Said, left_g: int | None) -> tuple[int | None, list[Mark]]:
    """Return the grams that are left of a unit after some of it was used, and what is odd; None: nobody knows.

    `left_g` is what was left before, None for all that its code's lot says.  What names no weight used up all.
    """
    weighs, used = said.details.get("weighs_g"), said.details.get("net_g")
    before = left_g if left_g is not None else weighs
    if type(before) is not int:
        return None, []
    if type(used) is not int:
        return 0, []
    odd = used * 100 > before * (100 + GAIN_MAX_PERCENT)
    return max(before - used, 0), [Mark.MASS_BALANCE] if odd else []


def weight_marks(lines: Sequence[Line], weights: Mapping[int, int | None]) -> list[Mark]:
    """Compare the grams that went in with those that came out; `weights` are those of the lines, by their numbers.

    Where one is not known nothing is compared.
    """
    grams = {
        role: [weights[number] for number, line in enumerate(lines) if line.role == role]
        for role in ("input", "output")
    }
    known = {role: sum(each for each in found if each is not None) for role, found in grams.items()}
    if not all(found and None not in found for found in grams.values()):
        return []
    if known["output"] * 100 > known["input"] * (100 + GAIN_MAX_PERCENT):
        return [Mark.MASS_BALANCE]
    lost = (known["input"] - known["output"]) * 100 > known["input"] * LOSS_MAX_PERCENT
    reasons = (line.attributes.get("loss_reason") for line in lines)
    told = any(isinstance(reason, str) and reason.strip() for reason in reasons)
    return [Mark.LOSS_UNEXPLAINED] if lost and not told else []
