"""From single statements to the stays that row 13 shows.

Consecutive statements of one kind of place in one district are one stay; a consumer sees its days, what was done
and whether it was cold, not who the site is and not the hour.

A word on the temperature counts for the stay in which it was said; a stay has no data only where nothing said there
has any.  All the way is another matter (`temperature`): there a stay without data is a gap, and a gap is never green.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from coldtrace.web.pages.views import ColdState, JourneyStop, Temperature

# Housekeeping of a device, or a look at the box or a word about it from wherever: the box went nowhere.
SILENT = frozenset(
    {"mark", "close", "count", "observe", "inspect", "sample", "hold", "release", "recall", "lift", "temperature",
     "correct"}
)  # fmt: skip
_SENDING = frozenset({"ship", "return"})


@dataclass(frozen=True, kw_only=True)
class JourneyStep:
    """One statement about the box, or about a parent while it was inside, in order of event time.

    `site` is any key that tells two sites apart (it is never shown); None compares by role and district alone.
    `waiting` tells that the proof of the box does not have it.
    """

    statement_type: str
    role: str
    district: str
    date: str
    site: str | None = None
    cold: ColdState = "unknown"
    by_platform: bool = False
    waiting: bool = False


def journey_stops(steps: Iterable[JourneyStep]) -> tuple[JourneyStop, ...]:
    """Fold statements into stays; a place that follows another without a `ship` is marked as a gap."""
    stops: list[JourneyStop] = []
    last: JourneyStep | None = None
    for step in steps:
        if step.statement_type in SILENT:
            # The box went nowhere by it; but whoever measures where the box is says how warm it is there.
            if last is not None and _same_place(last, step) and last.statement_type not in _SENDING:
                stops[-1] = replace(stops[-1], cold=_both(stops[-1].cold, step.cold))
            continue
        if last is not None and _same_place(last, step) and last.statement_type not in _SENDING:
            stops[-1] = _longer(stops[-1], step)
        else:
            gap = last is not None and last.statement_type not in _SENDING and not _same_place(last, step)
            stops.append(_first(step, gap=gap))
        last = step
    return tuple(stops)


def temperature(steps: Iterable[JourneyStep], stops: Iterable[JourneyStop], *, warm: bool = False) -> Temperature:
    """Return row 14: one breach is a breach of the whole way, and within limits is said only if every stay says so.

    `warm`: a breach lies on the goods, also one that came with what they were made of, or was said by a blocked
    statement.
    """
    said = {step.cold for step in steps}
    if warm or "breach" in said:
        return Temperature(state="breach", in_part=True)
    whole = [stop.cold for stop in stops]
    if whole and all(cold == "ok" for cold in whole):
        return Temperature(state="ok", in_part=True)
    return Temperature(state="unknown", in_part="ok" in said)


def is_in_transit(steps: Iterable[JourneyStep]) -> bool:
    """Tell whether the last statement that moved the box sent it out."""
    moved = [s.statement_type for s in steps if s.statement_type not in SILENT]
    return bool(moved) and moved[-1] in _SENDING


def _same_place(one: JourneyStep, other: JourneyStep) -> bool:
    if one.site is not None and other.site is not None:
        return one.site == other.site
    return (one.role, one.district) == (other.role, other.district)


def _first(step: JourneyStep, *, gap: bool) -> JourneyStop:
    return JourneyStop(
        role=step.role,
        district=step.district,
        first_date=step.date,
        last_date=step.date,
        acts=(step.statement_type,),
        cold=step.cold,
        by_platform=step.by_platform,
        waiting=step.waiting,
        gap_before=gap,
    )


def _longer(stop: JourneyStop, step: JourneyStep) -> JourneyStop:
    return replace(
        stop,
        first_date=min(stop.first_date, step.date),
        last_date=max(stop.last_date, step.date),
        acts=stop.acts if step.statement_type in stop.acts else (*stop.acts, step.statement_type),
        cold=_both(stop.cold, step.cold),
        by_platform=stop.by_platform or step.by_platform,
        waiting=stop.waiting or step.waiting,
    )


def _both(one: ColdState, other: ColdState) -> ColdState:
    """A breach outweighs everything, and a word outweighs none: no data is what nobody said anything of."""
    said = (one, other)
    return "breach" if "breach" in said else "ok" if "ok" in said else "unknown"
