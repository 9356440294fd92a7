"""Overlays: what lies on a unit beside its state, what it blocks, and who takes it away (domain guide, section 4).

An overlay is kept as one text, its kind and who laid it: `hold:firm@91120116MA05TE5T1N`, `temp_breach`.  In force on a
unit are its own overlays, those of all it is in, and those of its lot if somebody stopped the whole lot.  Pure.
"""

from collections.abc import Collection
from datetime import date

from coldtrace.custody.model import STOCK, Deed, Holding, Level, Mark, Overlay, Said, UnitState

HOLDS = frozenset({Overlay.HOLD_FIRM, Overlay.HOLD_REGULATOR})
LIFTING = frozenset({"release", "lift"})
STOPPING = frozenset({"hold", "recall"}) | LIFTING
"""Types that lay overlays on goods or lift them; said of a lot they stop the whole lot."""

BLOCKABLE = frozenset({"ship", "return", "sell", "use", "open", "transform", "destroy"})
"""What goods may be kept from by what lies on them, or on something inside of them."""


def lay(kind: Overlay, deed: Deed) -> str:
    """Return the overlay of a kind as laid by a deed."""
    return f"{kind.value}@{deed.firm or ''}"


def kind_of(overlay: str) -> Overlay:
    """Return the kind of a kept overlay."""
    return Overlay(overlay.partition("@")[0])


def kinds_of(overlays: Collection[str]) -> frozenset[Overlay]:
    """Return the kinds among kept overlays."""
    return frozenset(kind_of(overlay) for overlay in overlays)


def told(kinds: Collection[str], *, last_day: date | None, today: date, suspected: bool = False) -> list[str]:
    """Return kinds of overlays as they are told on a day: `expired` lies on whatever is past its last day.

    No statement lays it, the days do; so it is told, and never kept.  So is `clone_suspect` of what is `suspected`
    (`suspects.py`): a live case lays it, and it goes with the case.
    """
    passed = [Overlay.EXPIRED.value] if last_day is not None and last_day < today else []
    doubted = [Overlay.CLONE_SUSPECT.value] if suspected else []
    return sorted({*kinds, *passed, *doubted})


def blocked_by(deed: Deed, said: Said, overlays: Collection[str], *, of_lot: bool = False) -> Mark | None:
    """Return the mark of what keeps goods with these overlays from what is done to them, None if nothing does.

    `of_lot`: they are goods by lot and quantity.  Nothing lies on a part of a lot: what something lies on becomes none,
    and a label of its own takes nothing out of a lot that is stopped.
    """
    if not overlays:
        return None
    kinds = kinds_of(overlays)
    match deed.type, said.role:
        case ("transform" | "relabel", "input") if said.details.get("into_lot") is True:
            return _first(kinds, HOLDS, {Overlay.RECALL}, {Overlay.TEMP_BREACH}, {Overlay.CLONE_SUSPECT})
        case ("relabel", "input") if of_lot:
            return _first(kinds, HOLDS, {Overlay.RECALL})
        case ("ship", _) | ("transform", "input"):
            return _first(kinds, HOLDS, {Overlay.RECALL})
        case ("sell" | "use" | "open", _):
            return _first(kinds, HOLDS, {Overlay.RECALL}, {Overlay.TEMP_BREACH}, {Overlay.CLONE_SUSPECT})
        case "void", _:
            return _first(kinds, {Overlay.HOLD_REGULATOR}, {Overlay.RECALL})
        case "return", _ if not deed.ordered:
            return _first(kinds, {Overlay.HOLD_REGULATOR})
        case "destroy", _ if not deed.ordered and deed.level is not Level.REGULATOR:
            return _first(kinds, {Overlay.HOLD_REGULATOR})
        case _:
            return None


_MARK_OF = {
    Overlay.HOLD_FIRM: Mark.HELD,
    Overlay.HOLD_REGULATOR: Mark.HELD,
    Overlay.RECALL: Mark.RECALLED,
    Overlay.TEMP_BREACH: Mark.TEMP_BREACH,
    Overlay.CLONE_SUSPECT: Mark.CLONE_SUSPECT,
}


def _first(kinds: Collection[Overlay], *wanted: Collection[Overlay]) -> Mark | None:
    return next((_MARK_OF[kind] for group in wanted for kind in group if kind in kinds), None)


def after(
    deed: Deed, said: Said, own: frozenset[str], *, keeps: bool, spread: bool = True
) -> tuple[frozenset[str], list[Mark]]:
    """Return the overlays of a unit itself after a line about it, and what is odd.

    `keeps`: who speaks keeps the goods or answers for their code.  `spread`: a breach in the statement is one of this
    unit; it is not one of a lot, which lies in many places.
    """
    marks: list[Mark] = []
    match deed.type:
        case "hold":
            own |= {lay(_hold_of(deed), deed)}
        case "sample" if said.details.get("hold") is True and keeps:
            own |= {lay(_hold_of(deed), deed)}
        case "sample" if said.details.get("hold") is True:
            marks = [Mark.HOLD_NOT_LAID]
        case "recall":
            own |= {lay(Overlay.RECALL, deed)}
        case "release":
            is_higher = _is_higher(deed, said)
            also = _also_released(own, keeps=keeps, is_higher=is_higher)
            own, marks = _lifted(deed, own, HOLDS, is_higher=is_higher, also=also)
        case "lift":
            own, marks = _lifted(deed, own, {Overlay.RECALL}, is_higher=_is_higher(deed, said))
    if deed.breach and spread:
        own |= {Overlay.TEMP_BREACH.value}
    return own, marks


def _hold_of(deed: Deed) -> Overlay:
    return Overlay.HOLD_REGULATOR if deed.level is Level.REGULATOR else Overlay.HOLD_FIRM


def _is_higher(deed: Deed, said: Said) -> bool:
    """Tell whether the speaker may take away what others laid: a regulator, of goods in its area."""
    return deed.level is Level.REGULATOR and said.details.get("away") is not True


def _also_released(own: frozenset[str], *, keeps: bool, is_higher: bool) -> frozenset[str]:
    """Return what a release takes away beside holds: a breach if the goods are theirs, a suspicion if a regulator's."""
    found = set()
    if keeps:
        found.add(Overlay.TEMP_BREACH.value)
    if is_higher:
        found |= {Overlay.TEMP_BREACH.value, Overlay.CLONE_SUSPECT.value}
    return own & found


def _lifted(
    deed: Deed,
    own: frozenset[str],
    kinds: Collection[Overlay],
    *,
    is_higher: bool,
    also: frozenset[str] = frozenset(),
) -> tuple[frozenset[str], list[Mark]]:
    """Take away what the speaker may lift; what others laid stays."""
    of_kind = {overlay for overlay in own if kind_of(overlay) in kinds}
    its = (Overlay.HOLD_REGULATOR, Overlay.RECALL) if deed.level is Level.REGULATOR else _FIRMS
    mine = of_kind if is_higher else of_kind & {lay(kind, deed) for kind in its}
    if mine or also:
        return own - mine - also, []
    return own, [Mark.HOLD_OF_HIGHER if of_kind else Mark.NOTHING_TO_LIFT]


_FIRMS = (Overlay.HOLD_FIRM, Overlay.RECALL)


def is_custodian(deed: Deed, effective: Holding) -> bool:
    """Tell whether by the record the speaker keeps the goods, has sent them, or is to get them."""
    if effective.state in STOCK:
        return effective.gln == deed.gln
    return effective.state is UnitState.IN_TRANSIT and deed.gln in (effective.gln, effective.to_gln)
