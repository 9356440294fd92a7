"""Decisions of custody: pure, no clock, no database (domain guide, section 4).

The rule of the house: a physically observed fact is never refused.  What contradicts the record is kept and
marked; only a block at event time or a terminal state keeps it from moving the goods.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from coldtrace.custody.model import (
    TERMINAL,
    Decision,
    Fact,
    Holding,
    Issued,
    Mark,
    UnitState,
)
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64

SKEW_MAX = timedelta(minutes=10)
LATE_AFTER = timedelta(hours=72)


def order_time(*, claimed_at: datetime, recorded_at: datetime, enrolled_at: datetime) -> tuple[datetime, list[Mark]]:
    """Return the time by which a statement is ordered, and the marks its claimed time earns.

    A claim from the future or from before the device was enrolled cannot be right: such a statement is ordered
    by its arrival, and the claim is kept beside it.
    """
    if claimed_at > recorded_at + SKEW_MAX or claimed_at < enrolled_at - SKEW_MAX:
        return recorded_at, [Mark.CLOCK_SKEW]
    if recorded_at - claimed_at > LATE_AFTER:
        return claimed_at, [Mark.LATE]
    return claimed_at, []


def decide(fact: Fact, line: Line, *, holding: Holding, effective: Holding, issued: Issued | None) -> Decision:
    """Return what one line does to its unit.

    `holding` is the unit's own record, `effective` that of its outermost parent when it is packed (else the
    same), `issued` what is known of its code.
    """
    if not fact.permitted:
        return Decision(holding=holding, marks=(Mark.NOT_PERMITTED,))
    if holding.state in TERMINAL:
        return Decision(holding=holding, marks=(Mark.TERMINAL,))
    match fact.type, line.role:
        case "commission", _:
            return _commission(fact, line, holding=holding, issued=issued)
        case "pack", "parent":
            return _pack_parent(fact, holding=holding)
        case "pack", "child":
            return _pack_child(fact, line, holding=holding, effective=effective)
        case "unpack", "child" | "implied":
            return _unpack_child(fact, line, holding=holding, effective=effective)
        case "ship", _:
            return _ship(fact, holding=holding, effective=effective, issued=issued)
        case "receive", _:
            return _receive(fact, holding=holding, effective=effective)
        case "sell", _:
            return _sell(fact, holding=holding, effective=effective, issued=issued)
        case _:
            return Decision(holding=holding, marks=())


def _commission(fact: Fact, line: Line, *, holding: Holding, issued: Issued | None) -> Decision:
    marks: list[Mark] = []
    if issued is None:
        marks.append(Mark.NOT_ISSUED)
    else:
        if issued.station_gln != fact.gln:
            marks.append(Mark.WRONG_STATION)
        if line.attributes.get("code") != b64(issued.code_hash):
            marks.append(Mark.CODE_MISMATCH)
        if issued.facts_hash is not None and fact.facts_hash != issued.facts_hash:
            marks.append(Mark.FACTS_UNKNOWN)
    if holding.state not in (UnitState.BLANK, UnitState.UNKNOWN):
        return Decision(holding=holding, marks=(*marks, Mark.ALREADY_COMMISSIONED))
    return Decision(holding=Holding(state=UnitState.ACTIVE, gln=fact.gln), marks=tuple(marks))


def _pack_parent(fact: Fact, *, holding: Holding) -> Decision:
    if holding.state in (UnitState.UNKNOWN, UnitState.BLANK):
        return Decision(holding=Holding(state=UnitState.ACTIVE, gln=fact.gln), marks=())
    marks = () if _is_here(holding, fact.gln) else (Mark.NOT_HERE,)
    return Decision(holding=replace(holding, state=UnitState.ACTIVE, gln=fact.gln, to_gln=None), marks=marks)


def _pack_child(fact: Fact, line: Line, *, holding: Holding, effective: Holding) -> Decision:
    marks = _presence(fact, effective)
    if holding.parent is not None and holding.parent != line.parent:
        marks.append(Mark.ALREADY_PACKED)
    return Decision(holding=Holding(state=UnitState.ACTIVE, gln=fact.gln, parent=line.parent), marks=tuple(marks))


def _unpack_child(fact: Fact, line: Line, *, holding: Holding, effective: Holding) -> Decision:
    marks = _presence(fact, effective)
    if holding.parent != line.parent:
        marks.append(Mark.NOT_IN_PARENT)
    return Decision(holding=Holding(state=UnitState.ACTIVE, gln=fact.gln), marks=tuple(marks))


def _ship(fact: Fact, *, holding: Holding, effective: Holding, issued: Issued | None) -> Decision:
    if _is_expired(fact, issued):
        return Decision(holding=holding, marks=(Mark.EXPIRED,))
    shipped = effective.state is UnitState.IN_TRANSIT
    marks = [Mark.ALREADY_SHIPPED] if shipped else _presence(fact, effective)
    if holding.parent is not None:
        marks.append(Mark.STILL_PACKED)
    if not fact.receiver_registered:
        marks.append(Mark.RECEIVER_UNREGISTERED)
    return Decision(holding=Holding(state=UnitState.IN_TRANSIT, gln=fact.gln, to_gln=fact.to_gln), marks=tuple(marks))


def _receive(fact: Fact, *, holding: Holding, effective: Holding) -> Decision:
    marks: list[Mark] = []
    match effective.state:
        case UnitState.UNKNOWN:
            marks.append(Mark.NOT_ISSUED)
        case UnitState.BLANK:
            marks.append(Mark.NOT_COMMISSIONED)
        case UnitState.SOLD:
            marks.append(Mark.AFTER_SALE)
        case UnitState.ACTIVE:
            marks.append(Mark.ALREADY_RECEIVED if effective.gln == fact.gln else Mark.GAP)
        case UnitState.IN_TRANSIT if effective.to_gln not in (None, fact.gln):
            marks.append(Mark.NOT_ADDRESSED_HERE)
    if holding.parent is not None:
        marks.append(Mark.STILL_PACKED)
    return Decision(holding=Holding(state=UnitState.ACTIVE, gln=fact.gln), marks=tuple(marks))


def _sell(fact: Fact, *, holding: Holding, effective: Holding, issued: Issued | None) -> Decision:
    if _is_expired(fact, issued):
        return Decision(holding=holding, marks=(Mark.EXPIRED,))
    if effective.state is UnitState.SOLD:
        return Decision(holding=holding, marks=(Mark.SOLD_TWICE,))
    marks = _presence(fact, effective)
    if holding.parent is not None:
        marks.append(Mark.STILL_PACKED)
    return Decision(holding=Holding(state=UnitState.SOLD, gln=fact.gln), marks=tuple(marks))


def _is_here(holding: Holding, gln: str) -> bool:
    return holding.state is UnitState.ACTIVE and holding.gln == gln


def _presence(fact: Fact, effective: Holding) -> list[Mark]:
    """Return what is odd about goods being handled here as stock."""
    if effective.state in (UnitState.UNKNOWN, UnitState.BLANK):
        return [Mark.NOT_COMMISSIONED]
    if effective.state is UnitState.SOLD:
        return [Mark.AFTER_SALE]
    return [] if _is_here(effective, fact.gln) else [Mark.NOT_HERE]


def _is_expired(fact: Fact, issued: Issued | None) -> bool:
    return issued is not None and issued.expiry is not None and fact.local_date > issued.expiry
