"""Where a unit is after one line about it: the states of domain guide, section 4, and docs/guides/custody.md.

The rule of the house: a physically observed fact is never refused.  What contradicts the record is kept and marked;
only a block at event time or a terminal state keeps it from moving the goods, and whatever ends goods for good on one
word alone (destroying, reporting lost, a firm's hold, voiding a code) is for their custodian.

Everything here depends on what came before the line, in the order of events, and is judged again when something before
it arrives late.  Pure: no clock, no database.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from coldtrace.custody import overlays
from coldtrace.custody.making import earliest, is_past_its_day, last_day, lying_on, rest_of, said_day
from coldtrace.custody.model import (
    BLOCKING,
    ENDED,
    STOCK,
    TERMINAL,
    Decision,
    Deed,
    Holding,
    Level,
    Mark,
    Overlay,
    Said,
    Source,
    UnitState,
)
from coldtrace.custody.overlays import is_custodian

NEVER_SAID = frozenset({UnitState.UNKNOWN, UnitState.BLANK})
_Marks = tuple[Mark, ...]
_Moved = tuple[Holding, list[Mark]]


def move(
    deed: Deed,
    said: Said,
    *,
    holding: Holding,
    effective: Holding,
    lasting: _Marks = (),
    sources: tuple[Source, ...] = (),
    inside: frozenset[str] = frozenset(),
    is_empty: bool = True,
) -> Decision:
    """Return where a unit is after one line about it.

    `holding` is the unit's own record; `effective` is where its outermost parent is when it is packed (else where it
    is itself), with every overlay in force on it.  `lasting` is what `rules.lasting_marks` said of the line, `sources`
    what the same statement used up, `inside` the overlays of all that is in the unit; only a new label
    asks whether it `is_empty`.
    """
    if any(mark in BLOCKING for mark in lasting):
        return _blocked(deed, said, holding, lasting)
    if is_past_its_day(deed, said, holding):
        return _blocked(deed, said, holding, (*lasting, Mark.EXPIRED))
    if holding.state in TERMINAL or effective.state is UnitState.DESTROYED:
        return Decision(holding=holding, marks=(*lasting, Mark.TERMINAL))
    stop = overlays.blocked_by(deed, said, effective.overlays)
    if stop is not None:
        return _blocked(deed, said, holding, (*lasting, stop))
    if overlays.blocked_by(deed, said, inside) is not None:
        return _blocked(deed, said, holding, (*lasting, Mark.BLOCKED_INSIDE))
    if (deed.type, said.role) == ("relabel", "input") and not is_empty:
        return _blocked(deed, said, holding, (*lasting, Mark.NOT_EMPTY))
    after, marks = _moved(deed, said, holding, effective, lasting, sources)
    if any(mark in BLOCKING for mark in marks):
        return _blocked(deed, said, holding, (*lasting, *marks))
    lies, more = overlays.after(deed, said, after.overlays, keeps=_keeps(deed, said, effective))
    if Mark.SOLD_TWICE in marks:
        lies |= {Overlay.CLONE_SUSPECT.value}
    if any(mark in BLOCKING for mark in more):
        return _blocked(deed, said, holding, (*lasting, *marks, *more))
    return Decision(
        holding=replace(after, overlays=lies),
        marks=(*lasting, *marks, *more),
        from_gln=_taken_from(deed, effective),
    )


def _blocked(deed: Deed, said: Said, holding: Holding, marks: _Marks) -> Decision:
    """Return that a line moves nothing.  That the goods were too warm is a fact all the same, and lies on them.

    Not where the device may not say such a thing at all, nor on what did not come out.
    """
    if not deed.breach or said.role == "output" or _SAID_IN_VAIN.intersection(marks):
        return Decision(holding=holding, marks=marks)
    return Decision(holding=replace(holding, overlays=holding.overlays | {Overlay.TEMP_BREACH.value}), marks=marks)


_SAID_IN_VAIN = frozenset({Mark.NOT_PERMITTED, Mark.CORRECTION_NOT_PERMITTED})


def _taken_from(deed: Deed, effective: Holding) -> str | None:
    """Return the site that had shipped what is received here, also if it had named another receiver."""
    taking = deed.type in ("receive", "adopt")
    return effective.gln if taking and effective.state is UnitState.IN_TRANSIT else None


def _moved(
    deed: Deed, said: Said, holding: Holding, effective: Holding, lasting: _Marks, sources: tuple[Source, ...]
) -> _Moved:
    match deed.type, said.role:
        case "commission", _:
            return _commission(deed, holding)
        case "pack", "parent":
            return _pack_parent(deed, holding, effective)
        case "pack", "child":
            return _pack_child(deed, said.parent, holding, effective)
        case "unpack", "child" | "implied":
            return _unpack_child(deed, said.parent, holding, effective)
        case "transform" | "relabel", "input":
            return _input(deed, said, holding, effective)
        case "transform", "output":
            return _output(deed, said, holding, sources)
        case "relabel", "output":
            return _replacement(deed, said, holding, sources)
        case "receive", _ if "refused" in said.details:
            return _refuse(deed, holding, effective)
        case "void", _:
            return _void(deed, holding, effective, lasting)
        case _:
            rule = _OF_UNITS.get(deed.type)
            return (holding, []) if rule is None else rule(deed, said, holding, effective)


def _commission(deed: Deed, holding: Holding) -> _Moved:
    if holding.state not in NEVER_SAID:
        return holding, [Mark.ALREADY_COMMISSIONED]
    return _here(deed, holding), []


def _pack_parent(deed: Deed, holding: Holding, effective: Holding) -> _Moved:
    if holding.state in NEVER_SAID:
        return _here(deed, holding), []
    marks = _presence(deed, effective)
    return (_stays(deed, holding), [*marks, *_still_packed(holding)]) if marks else (holding, [])


def _pack_child(deed: Deed, parent: str | None, holding: Holding, effective: Holding) -> _Moved:
    marks = _presence(deed, effective)
    if holding.parent not in (None, parent):
        marks.append(Mark.ALREADY_PACKED)
    return replace(_stays(deed, holding), parent=parent), marks


def _unpack_child(deed: Deed, parent: str | None, holding: Holding, effective: Holding) -> _Moved:
    marks = _presence(deed, effective)
    if holding.parent != parent:
        marks.append(Mark.NOT_IN_PARENT)
    return _stays(deed, holding), marks


def _ship(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    shipped = effective.state is UnitState.IN_TRANSIT
    marks = [Mark.ALREADY_SHIPPED] if shipped else _presence(deed, effective)
    return _gone(holding, UnitState.IN_TRANSIT, deed.gln, deed.to_gln), [*marks, *_still_packed(holding)]


def _return(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    """Sent back: as any shipment, or out of the country."""
    if deed.abroad and not is_custodian(deed, effective):
        return holding, [Mark.NOT_CUSTODIAN]
    after, marks = _ship(deed, said, holding, effective)
    return (_gone(holding, UnitState.EXPORTED, deed.gln), marks) if deed.abroad else (after, marks)


def _receive(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    return _here(deed, holding), [*_arrival(deed, effective), *_still_packed(holding)]


def _adopt(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    """Take in goods by a code of somebody else: a receipt that asks for no commissioning here."""
    grams = said.details.get("net_g")
    after = replace(
        _here(deed, holding),
        expires_on=earliest(said_day(said), holding.expires_on),
        left_g=grams if type(grams) is int else holding.left_g,
    )
    if holding.state is UnitState.UNKNOWN:
        return after, []
    return after, [*_arrival(deed, effective), *_still_packed(holding)]


def _refuse(deed: Deed, holding: Holding, effective: Holding) -> _Moved:
    """Not taken at the door: the goods stay in transit, and both sides have said so."""
    gap = [] if effective.state is UnitState.IN_TRANSIT else [Mark.GAP]
    return holding, [Mark.REFUSED_BY_RECEIVER, *gap]


def _arrival(deed: Deed, effective: Holding) -> list[Mark]:
    match effective.state:
        case UnitState.UNKNOWN:
            return [Mark.NOT_ISSUED]
        case UnitState.BLANK:
            return [Mark.NOT_COMMISSIONED]
        case UnitState.SOLD:
            return [Mark.AFTER_SALE]
        case UnitState.LOST:
            return [Mark.FOUND_AGAIN]
        case UnitState.ACTIVE | UnitState.OPENED:
            return [Mark.ALREADY_RECEIVED if effective.gln == deed.gln else Mark.GAP]
        case UnitState.IN_TRANSIT:
            return [] if effective.to_gln in (None, deed.gln) else [Mark.NOT_ADDRESSED_HERE]
        case _:
            return [Mark.AFTER_END]


def _sell(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    if effective.state is UnitState.SOLD:
        return holding, [Mark.SOLD_TWICE]
    return _gone(holding, UnitState.SOLD, deed.gln), [*_presence(deed, effective), *_still_packed(holding)]


def _use(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    marks = _presence(deed, effective)
    if effective.state is UnitState.USED:
        return holding, marks
    return _gone(holding, UnitState.USED, deed.gln), [*marks, *_still_packed(holding)]


def _open(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    counter = said.details.get("counter")
    counter = counter if isinstance(counter, str) else None
    again = holding.state is UnitState.OPENED and holding.gln == deed.gln and holding.counter == counter
    marks = [Mark.ALREADY_OPENED] if again else [*_presence(deed, effective), *_still_packed(holding)]
    return replace(_gone(holding, UnitState.OPENED, deed.gln), counter=counter), marks


def _input(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    marks = [*_presence(deed, effective), *_still_packed(holding)]
    left_g, odd = rest_of(said, holding.left_g)
    if deed.type == "relabel":
        # The goods are in the new label now, all of them.
        left_g, odd = None if holding.left_g is None else 0, []
    state = UnitState.OPENED if deed.type == "transform" and left_g else UnitState.TRANSFORMED
    return replace(_gone(holding, state, deed.gln), left_g=left_g), [*marks, *odd]


def _output(deed: Deed, said: Said, holding: Holding, sources: tuple[Source, ...]) -> _Moved:
    """What came out: here, until the earliest day of what went in, and with the breaches of that."""
    if any(source.blocked for source in sources):
        return holding, [Mark.INPUT_BLOCKED]
    if holding.state not in NEVER_SAID:
        return holding, [Mark.ALREADY_COMMISSIONED]
    breached = {each for each in lying_on(sources) if overlays.kind_of(each) is Overlay.TEMP_BREACH}
    grams = said.details.get("net_g")
    return replace(
        _here(deed, holding),
        overlays=frozenset(breached),
        expires_on=last_day(said, sources),
        left_g=grams if type(grams) is int else None,
    ), []


def _replacement(deed: Deed, said: Said, holding: Holding, sources: tuple[Source, ...]) -> _Moved:
    """A new code on the same goods: they stay where they are, in what they are in, with all that lies on them.

    Where nobody can tell which of several old ones it takes the place of, all that lies on any of them lies on it.
    """
    if any(source.blocked for source in sources):
        return holding, [Mark.INPUT_BLOCKED]
    if holding.state not in NEVER_SAID:
        return holding, [Mark.ALREADY_COMMISSIONED]
    old = replaced_by(said, sources)
    if old is None:
        return replace(_here(deed, holding), overlays=lying_on(sources), expires_on=last_day(said, sources)), []
    before = old.holding
    here = replace(_here(deed, holding), expires_on=last_day(said, [old]), left_g=old.left_g)
    if not old.here:
        return replace(here, overlays=lying_on([old])), []
    opened = before.state is UnitState.OPENED
    return replace(
        here,
        state=UnitState.OPENED if opened else UnitState.ACTIVE,
        parent=before.parent,
        overlays=before.overlays | old.of_lot,
        counter=before.counter,
    ), []


def replaced_by(said: Said, sources: Sequence[Source]) -> Source | None:
    """Return the one of several old labels that a new one takes the place of, None where nobody can tell which."""
    named = said.details.get("from")
    return next((source for source in sources if len(sources) == 1 or source.unit_id == named), None)


def _look(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    """Seen here: nothing moves, except that what was lost is found.  Others than firms look wherever goods are."""
    marks = _presence(deed, effective)
    if effective.state is UnitState.LOST and deed.level is Level.FIRM:
        return _here(deed, holding), [*([] if deed.type == "find" else marks), *_still_packed(holding)]
    away = deed.level is not Level.FIRM or (
        deed.type in ("observe", "inspect", "temperature") and effective.state is UnitState.IN_TRANSIT
    )
    return holding, [mark for mark in marks if not (away and mark is Mark.NOT_HERE)]


def _stop(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    return holding, ([] if _keeps(deed, said, effective) else [Mark.NOT_CUSTODIAN])


def _lose(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    if effective.state is UnitState.LOST:
        return holding, []
    if not is_custodian(deed, effective):
        return holding, [Mark.NOT_CUSTODIAN]
    return _gone(holding, UnitState.LOST, deed.gln), _still_packed(holding)


def _destroy(deed: Deed, said: Said, holding: Holding, effective: Holding) -> _Moved:
    if deed.level is not Level.REGULATOR and not is_custodian(deed, effective):
        return holding, [Mark.NOT_CUSTODIAN]
    return _gone(holding, UnitState.DESTROYED, deed.gln), _still_packed(holding)


def _void(deed: Deed, holding: Holding, effective: Holding, lasting: _Marks) -> _Moved:
    """Its own station voids a code, before the goods have left; `lasting` says whose code it is."""
    here = holding.state is UnitState.BLANK or _is_here(deed, effective)
    if lasting or not here:
        return holding, [Mark.NOT_VOIDABLE]
    return _gone(holding, UnitState.VOID, deed.gln), _still_packed(holding)


_Rule = Callable[[Deed, Said, Holding, Holding], _Moved]
_OF_UNITS: dict[str, _Rule] = {
    "ship": _ship,
    "return": _return,
    "receive": _receive,
    "adopt": _adopt,
    "sell": _sell,
    "use": _use,
    "open": _open,
    "store": _look,
    "observe": _look,
    "count": _look,
    "sample": _look,
    "inspect": _look,
    "temperature": _look,
    "find": _look,
    "hold": _stop,
    "recall": _stop,
    "lose": _lose,
    "destroy": _destroy,
}
"""What the other types do to any of their units.  A type that is not here says nothing of where goods are."""


def _here(deed: Deed, holding: Holding) -> Holding:
    return replace(holding, state=UnitState.ACTIVE, gln=deed.gln, to_gln=None, parent=None, counter=None)


def _stays(deed: Deed, holding: Holding) -> Holding:
    """Handled here and nothing else: what is opened stays so."""
    opened = holding.state is UnitState.OPENED
    return (
        replace(_here(deed, holding), state=UnitState.OPENED, counter=holding.counter)
        if opened
        else _here(deed, holding)
    )


def _gone(holding: Holding, state: UnitState, gln: str, to_gln: str | None = None) -> Holding:
    return replace(holding, state=state, gln=gln, to_gln=to_gln, parent=None, counter=None)


def _is_here(deed: Deed, holding: Holding) -> bool:
    return holding.state in STOCK and holding.gln == deed.gln


def _keeps(deed: Deed, said: Said, effective: Holding) -> bool:
    """Tell whether the speaker may stop these goods: a regulator, their custodian, or who coded or imported them."""
    is_regulator = deed.level is Level.REGULATOR and said.details.get("away") is not True
    return is_regulator or said.details.get("answers") is True or is_custodian(deed, effective)


def _still_packed(holding: Holding) -> list[Mark]:
    return [] if holding.parent is None else [Mark.STILL_PACKED]


def _presence(deed: Deed, effective: Holding) -> list[Mark]:
    """Return what is odd about goods being handled here as stock."""
    if effective.state in NEVER_SAID:
        return [Mark.NOT_COMMISSIONED]
    if effective.state is UnitState.SOLD:
        return [Mark.AFTER_SALE]
    if effective.state in ENDED:
        return [Mark.AFTER_END]
    if effective.state is UnitState.LOST:
        return [Mark.FOUND_AGAIN]
    return [] if _is_here(deed, effective) else [Mark.NOT_HERE]
