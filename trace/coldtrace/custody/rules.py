"""Decisions of custody: pure, no clock, no database (domain guide, section 4).

The rule of the house: a physically observed fact is never refused.  What contradicts the record is kept and
marked; only a block at event time or a terminal state keeps it from moving the goods.

A line earns two kinds of marks.  `lasting_marks` depend on the line alone and are judged once, when it arrives.  What
`move` adds depends on what came before the line, and is judged again when something before it arrives late.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from coldtrace.custody.model import (
    BLOCKING,
    TERMINAL,
    Decision,
    Deed,
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

IMPLIED = "implied"
"""The role of a child's line that unpacking its whole pallet implies."""

_NEVER_SAID = frozenset({UnitState.UNKNOWN, UnitState.BLANK})
_Marks = tuple[Mark, ...]


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


def decide(
    fact: Fact, line: Line, *, holding: Holding, effective: Holding, issued: Issued | None, inside: date | None = None
) -> Decision:
    """Return what one line does to its unit, and all that is odd about it."""
    return move(
        fact,
        role=line.role,
        parent=line.parent,
        holding=holding,
        effective=effective,
        lasting=lasting_marks(fact, line, issued=issued, inside=inside),
    )


def lasting_marks(fact: Fact, line: Line, *, issued: Issued | None, inside: date | None = None) -> _Marks:
    """Return what is odd about a line whatever came before it.

    `issued` is what is known of its code, `inside` the earliest expiry of what is in the unit, if anything is.
    """
    if not fact.permitted:
        return (Mark.NOT_PERMITTED,)
    if not fact.correction_permitted:
        return (Mark.CORRECTION_NOT_PERMITTED,)
    if fact.type in _STOPPABLE and _is_stopped(fact, issued):
        return (Mark.STOPPED,)
    match fact.type:
        case "commission":
            return _of_identity(fact, line, issued)
        case "ship" | "sell" if _is_expired(fact, issued, inside):
            return (Mark.EXPIRED,)
        case "ship" if not fact.receiver_registered:
            return (Mark.RECEIVER_UNREGISTERED,)
        case _:
            return ()


def only_lasting(type: str, marks: tuple[str, ...]) -> _Marks:
    """Return those of a stored line's marks that `lasting_marks` gave it."""
    own = _LASTING.get(type, frozenset())
    return tuple(mark for text in marks if (mark := Mark(text)) in BARRED or mark in own)


BARRED = frozenset({Mark.NOT_PERMITTED, Mark.CORRECTION_NOT_PERMITTED})
"""Marks of lines whose statement does nothing at all, whatever they say."""


_STOPPABLE = frozenset({"commission", "ship", "sell"})
"""What lets goods go on.  Receiving, packing and the like is what happened to them, stopped or not."""

_LASTING = {
    "commission": frozenset(
        {
            Mark.STOPPED,
            Mark.NOT_ISSUED,
            Mark.WRONG_STATION,
            Mark.CODE_MISMATCH,
            Mark.FACTS_UNKNOWN,
            Mark.DOUBLE_BOUND,
            Mark.BOUND_LATE,
        }
    ),
    "ship": frozenset({Mark.STOPPED, Mark.EXPIRED, Mark.RECEIVER_UNREGISTERED}),
    "sell": frozenset({Mark.STOPPED, Mark.EXPIRED}),
}


def move(
    deed: Deed, *, role: str, parent: str | None, holding: Holding, effective: Holding, lasting: _Marks = ()
) -> Decision:
    """Return where a unit is after one line about it.

    `holding` is the unit's own record, `effective` that of its outermost parent when it is packed (else the
    same), `lasting` what `lasting_marks` said of the line.
    """
    if any(mark in BLOCKING for mark in lasting):
        return Decision(holding=holding, marks=lasting)
    if holding.state in TERMINAL:
        return Decision(holding=holding, marks=(*lasting, Mark.TERMINAL))
    after, marks = _moved(deed, role, parent, holding, effective)
    return Decision(holding=after, marks=(*lasting, *marks), from_gln=_taken_from(deed, effective))


def importer_of(fact: Fact, *, issued: Issued | None, beginning: UnitState, marks: _Marks) -> UUID | None:
    """Return who imported what a line says to be coded, as far as that is beyond doubt; `marks` are the lasting ones.

    It depends on the line alone, so it stays as it was on arrival.  A void code is no party's.
    """
    if fact.type != "commission" or issued is None or beginning in TERMINAL or _UNSURE.intersection(marks):
        return None
    return issued.importer_id


_UNSURE = BLOCKING | {
    Mark.NOT_ISSUED,
    Mark.WRONG_STATION,
    Mark.CODE_MISMATCH,
    Mark.FACTS_UNKNOWN,
    Mark.DOUBLE_BOUND,
}


def _taken_from(deed: Deed, effective: Holding) -> str | None:
    """Return the site that had shipped what is received here, also if it had named another receiver."""
    return effective.gln if deed.type == "receive" and effective.state is UnitState.IN_TRANSIT else None


def _moved(
    deed: Deed, role: str, parent: str | None, holding: Holding, effective: Holding
) -> tuple[Holding, list[Mark]]:
    match deed.type, role:
        case "commission", _:
            return _commission(deed, holding)
        case "pack", "parent":
            return _pack_parent(deed, holding, effective)
        case "pack", "child":
            return _pack_child(deed, parent, holding, effective)
        case "unpack", "child" | "implied":
            return _unpack_child(deed, parent, holding, effective)
        case "ship", _:
            return _ship(deed, holding, effective)
        case "receive", _:
            return _receive(deed, holding, effective)
        case "sell", _:
            return _sell(deed, holding, effective)
        case _:
            return holding, []


def _of_identity(fact: Fact, line: Line, issued: Issued | None) -> _Marks:
    if issued is None:
        return (Mark.NOT_ISSUED,)
    marks = []
    if issued.station_gln != fact.gln:
        marks.append(Mark.WRONG_STATION)
    if line.attributes.get("code") != b64(issued.code_hash):
        marks.append(Mark.CODE_MISMATCH)
    if issued.bind_until is not None:
        marks += _of_binding(fact, issued, issued.bind_until)
    elif issued.facts_hash is not None and fact.facts_hash != issued.facts_hash:
        marks.append(Mark.FACTS_UNKNOWN)
    return tuple(marks)


def _is_stopped(fact: Fact, issued: Issued | None) -> bool:
    """Tell whether the code was stopped when this was done; what was done before stays as it was, however late told."""
    return issued is not None and issued.stopped_at is not None and fact.event_at >= issued.stopped_at


def _of_binding(fact: Fact, issued: Issued, bind_until: datetime) -> list[Mark]:
    """Return what is odd about the lot that a label of a roll is said to be stuck on.

    The first statement with a lot of its station has bound the label before its lines are judged.
    """
    if issued.facts_hash is not None and fact.facts_hash == issued.facts_hash:
        return [Mark.BOUND_LATE] if fact.event_at >= bind_until else []
    return [Mark.DOUBLE_BOUND if issued.facts_hash is not None and fact.names_lot else Mark.FACTS_UNKNOWN]


def _is_expired(fact: Fact, issued: Issued | None, inside: date | None) -> bool:
    own = None if issued is None else issued.expiry
    return any(expiry is not None and fact.local_date > expiry for expiry in (own, inside))


def _commission(deed: Deed, holding: Holding) -> tuple[Holding, list[Mark]]:
    if holding.state not in _NEVER_SAID:
        return holding, [Mark.ALREADY_COMMISSIONED]
    return _here(deed), []


def _pack_parent(deed: Deed, holding: Holding, effective: Holding) -> tuple[Holding, list[Mark]]:
    if holding.state in _NEVER_SAID:
        return _here(deed), []
    marks = _presence(deed, effective)
    return (_here(deed), [*marks, *_still_packed(holding)]) if marks else (holding, [])


def _pack_child(deed: Deed, parent: str | None, holding: Holding, effective: Holding) -> tuple[Holding, list[Mark]]:
    marks = _presence(deed, effective)
    if holding.parent not in (None, parent):
        marks.append(Mark.ALREADY_PACKED)
    return _here(deed, parent), marks


def _unpack_child(deed: Deed, parent: str | None, holding: Holding, effective: Holding) -> tuple[Holding, list[Mark]]:
    marks = _presence(deed, effective)
    if holding.parent != parent:
        marks.append(Mark.NOT_IN_PARENT)
    return _here(deed), marks


def _ship(deed: Deed, holding: Holding, effective: Holding) -> tuple[Holding, list[Mark]]:
    shipped = effective.state is UnitState.IN_TRANSIT
    marks = [Mark.ALREADY_SHIPPED] if shipped else _presence(deed, effective)
    after = Holding(state=UnitState.IN_TRANSIT, gln=deed.gln, to_gln=deed.to_gln)
    return after, [*marks, *_still_packed(holding)]


def _receive(deed: Deed, holding: Holding, effective: Holding) -> tuple[Holding, list[Mark]]:
    marks: list[Mark] = []
    match effective.state:
        case UnitState.UNKNOWN:
            marks.append(Mark.NOT_ISSUED)
        case UnitState.BLANK:
            marks.append(Mark.NOT_COMMISSIONED)
        case UnitState.SOLD:
            marks.append(Mark.AFTER_SALE)
        case UnitState.ACTIVE:
            marks.append(Mark.ALREADY_RECEIVED if effective.gln == deed.gln else Mark.GAP)
        case UnitState.IN_TRANSIT if effective.to_gln not in (None, deed.gln):
            marks.append(Mark.NOT_ADDRESSED_HERE)
    return _here(deed), [*marks, *_still_packed(holding)]


def _sell(deed: Deed, holding: Holding, effective: Holding) -> tuple[Holding, list[Mark]]:
    if effective.state is UnitState.SOLD:
        return holding, [Mark.SOLD_TWICE]
    after = Holding(state=UnitState.SOLD, gln=deed.gln)
    return after, [*_presence(deed, effective), *_still_packed(holding)]


def _here(deed: Deed, parent: str | None = None) -> Holding:
    return Holding(state=UnitState.ACTIVE, gln=deed.gln, parent=parent)


def _is_here(deed: Deed, holding: Holding) -> bool:
    return holding.state is UnitState.ACTIVE and holding.gln == deed.gln


def _still_packed(holding: Holding) -> list[Mark]:
    return [] if holding.parent is None else [Mark.STILL_PACKED]


def _presence(deed: Deed, effective: Holding) -> list[Mark]:
    """Return what is odd about goods being handled here as stock."""
    if effective.state in _NEVER_SAID:
        return [Mark.NOT_COMMISSIONED]
    if effective.state is UnitState.SOLD:
        return [Mark.AFTER_SALE]
    return [] if _is_here(deed, effective) else [Mark.NOT_HERE]
