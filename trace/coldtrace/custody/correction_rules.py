"""Who may correct what, and until when: pure, no clock, no database (domain guide, section 4, rule 5).

Nothing is ever edited.  A correction says that another statement was an error, and may itself say what is true
instead; whether it takes effect is judged once, when both are here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from coldtrace.custody.model import Mark

SELF_SERVICE = timedelta(hours=24)
"""From the arrival of the statement to that of its correction: until then nobody has to say why."""


@dataclass(frozen=True, kw_only=True)
class Correcting:
    """A correction as it arrived; `may` says that its device may state it at all, `reasoned` that it says why."""

    gln: str
    recorded_at: datetime
    may: bool
    by_regulator: bool
    reasoned: bool


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """The statement that is said to be an error; `stopped`: a hold or recall lies on one of its units now."""

    gln: str
    recorded_at: datetime
    stopped: bool


def is_late(correcting: Correcting, corrected: Corrected) -> bool:
    """Tell whether the correction came after the time in which a site corrects itself without a word."""
    return correcting.recorded_at - corrected.recorded_at > SELF_SERVICE


def is_permitted(correcting: Correcting, corrected: Corrected) -> bool:
    """Tell whether the correction annuls what it names."""
    if not correcting.may:
        return False
    if not correcting.by_regulator and (correcting.gln != corrected.gln or corrected.stopped):
        return False
    return correcting.reasoned or not is_late(correcting, corrected)


def correction_marks(correcting: Correcting, corrected: Corrected) -> tuple[Mark, ...]:
    """Return what a person should look at; what the device may not state at all is marked as that elsewhere."""
    if not is_permitted(correcting, corrected):
        return (Mark.CORRECTION_NOT_PERMITTED,) if correcting.may else ()
    return (Mark.CORRECTED_LATE,) if is_late(correcting, corrected) else ()
