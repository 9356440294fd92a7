"""One unit as a reader may see it: the lines in its scope, and of where it is now only what these lines say.

A unit that no line in the scope speaks of is answered like one that is not recorded.  What is withheld is named in
`hidden`: whoever sees half a story must know that it is half.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody.as_of import NOW, Moment, tell_until
from coldtrace.custody.history import HistoryLine, UnitRecord, View, children, find_unit
from coldtrace.custody.lots import is_lot
from coldtrace.custody.model import Mark, StockPlace, UnitState
from coldtrace.custody.overlays import kinds_of
from coldtrace.custody.place_stock import lots_named, stock_of
from coldtrace.custody.story_pages import StoryPage, backwards, read_page
from coldtrace.rights.model import Scope

_Place = tuple[UnitState, str | None, str | None]
PLACE = ("state", "site", "to")
STOCK_MAX = 1000
"""How many places of a lot one answer has at most."""
STORY_MAX = 200
"""How many statements of a unit's story one view has unless more are asked for."""
NO_UNIT = -1
"""A key that no unit has."""


@dataclass(frozen=True, kw_only=True)
class UnitView:
    """A unit for one reader.  `state`, `gln`, `to_gln`, `parent` are null where hidden; `inside` are its children.

    `overlays` are the kinds in force, `counter` what a statement said and `expires_on` the last day, by a statement or
    by the import of its lot, whichever comes first; none where the place is hidden.
    `suspected` tells whether a live case doubts its code; never said of another moment than now.
    `stock` is how much of a lot lies at the places of the reader, and comes to them or goes from them: one page of it.
    `holder` is the USCC of the firm of the place where it is, or that it left last; none where the place is hidden.
    `lines` are one page of the story, `more` tells whether it goes on, or, of the newest ones, began earlier.
    """

    unit_id: str
    state: str | None
    gln: str | None
    to_gln: str | None
    parent: str | None
    inside: tuple[str, ...]
    lines: tuple[HistoryLine, ...]
    hidden: tuple[str, ...]
    overlays: tuple[str, ...] = ()
    counter: str | None = None
    expires_on: date | None = None
    stock: tuple[tuple[StockPlace, int], ...] = ()
    holder: str | None = None
    suspected: bool = False
    more: bool = False


def view_unit(
    session: Session,
    scope: Scope,
    unit_id: str,
    *,
    inside_max: int,
    view: View = View.CORRECTED,
    moment: Moment = NOW,
    stock_after: StockPlace | None = None,
    stock_max: int = STOCK_MAX,
    after: UUID | None = None,
    limit: int = STORY_MAX,
    newest: bool = False,
) -> UnitView | None:
    """Return what a reader may see of a unit, with up to `inside_max` of what is in it; None where that is nothing.

    Of its story there are up to `limit` statements, those behind `after`, or the `newest`; `hidden` tells of this part.
    `view` says whether the story has annulled statements too.  With a `moment` other than now the transaction must be
    rolled back afterwards (`as_of.py`).

    Where the unit is now is shown if a statement that says just that is in the scope and nothing moved it since; what
    it is packed in, and what is packed in it, if the statements that packed them are.
    """
    if not moment.is_now:
        tell_until(session, unit_id, moment)
    record = find_unit(session, unit_id)
    # Of a unit that is not there the story is asked for too: the same queries for what is unknown and what is hidden.
    pk = NO_UNIT if record is None else record.unit_pk
    page = read_page(session, pk, scope, view=view, after=after, limit=limit, newest=newest)
    seen = bool(page.lines) or (after is not None and bool(_first(session, pk, scope, view).lines))
    if record is None or (not seen and not scope.everything):
        return None
    place: _Place = (record.effective.state, record.effective.gln, record.effective.to_gln)
    place_shown = scope.everything or _is_said(backwards(session, pk, scope), place, _place_after)
    own = (line for line in backwards(session, pk, scope) if line.unit == unit_id)
    parent_shown = scope.everything or _is_said(own, record.holding.parent, _parent_after)
    inside, complete = children(session, record.unit_pk, scope, limit=inside_max) if inside_max else ([], True)
    hidden = [
        *(() if place_shown else PLACE),
        *(() if parent_shown else ("parent",)),
        *(() if complete else ("children",)),
        *(("history",) if page.hides else ()),
    ]
    shown = _view(record, place_shown, parent_shown, tuple(inside), page, tuple(hidden))
    # Cases have no history of their own: what one doubts is told of the present alone.
    shown = replace(shown, suspected=record.suspected and moment.is_now)
    if not is_lot(unit_id):
        return shown
    # Whoever sees some of a lot sees that all of it was stopped, and until when it lasts.
    stopped = tuple(sorted(kinds_of(record.effective.overlays)))
    lot = lots_named(session, [unit_id])[unit_id]
    return replace(
        shown,
        overlays=stopped,
        expires_on=record.lasts_until or lot.expiry,
        stock=stock_of(session, record.unit_pk, scope, after=stock_after, limit=min(stock_max, STOCK_MAX)),
    )


def _first(session: Session, unit_pk: int, scope: Scope, view: View) -> StoryPage:
    return read_page(session, unit_pk, scope, view=view, limit=1)


def _view(
    record: UnitRecord,
    place_shown: bool,
    parent_shown: bool,
    inside: tuple[str, ...],
    page: StoryPage,
    hidden: tuple[str, ...],
) -> UnitView:
    now = record.effective
    return UnitView(
        unit_id=record.unit_id,
        state=now.state.value if place_shown else None,
        gln=now.gln if place_shown else None,
        to_gln=now.to_gln if place_shown else None,
        parent=record.holding.parent if parent_shown else None,
        inside=inside,
        lines=page.lines,
        hidden=hidden,
        more=page.more,
        overlays=tuple(sorted(kinds_of(now.overlays))) if place_shown else (),
        counter=record.holding.counter if place_shown else None,
        expires_on=record.lasts_until if place_shown else None,
        holder=record.holder if place_shown else None,
    )


def _is_said(
    story: Iterable[HistoryLine], present: object, after: Callable[[HistoryLine], tuple[object] | None]
) -> bool:
    """Tell whether a line in the scope says what is so at present.

    Asked are the last lines of the `story`, which comes from its end on, back to the first of them that said something
    else.  What no line ever touched is as it was in the beginning, and no secret.
    """
    untouched = True
    for line in story:
        said = None if line.status == "blocked" else after(line)
        if said is None:
            continue
        if said[0] != present:
            return False
        if line.seen:
            return True
        untouched = False
    return untouched


def _place_after(line: HistoryLine) -> tuple[_Place] | None:
    """Return where a line leaves its unit, None for one that leaves it where it was (see `moves.move`).

    Where a line alone does not tell (whether what was repacked was opened before), the place is rather hidden.
    """
    if _UNMOVED.intersection(line.marks):
        return None
    here = (UnitState.ACTIVE, line.gln, None)
    match line.type, line.role:
        case ("commission" | "receive" | "adopt", _) | ("pack", "parent" | "child") | ("unpack", "child" | "implied"):
            return (here,)
        case "transform" | "relabel", "output":
            return (here,)
        case "transform" | "relabel", "input":
            used_up = not _is_less(line.kept.get("net_g"), line.kept.get("weighs_g"))
            return ((UnitState.TRANSFORMED if used_up else UnitState.OPENED, line.gln, None),)
        case "ship", _:
            return ((UnitState.IN_TRANSIT, line.gln, line.to_gln),)
        case "return", _ if line.kept.get("abroad") is not True:
            return ((UnitState.IN_TRANSIT, line.gln, line.to_gln),)
        case "find", _ if not line.marks:
            return (here,)
        case (("store" | "observe" | "count" | "sample" | "inspect"), _) if Mark.FOUND_AGAIN in line.marks:
            return (here,)
        case _:
            state = _ENDS.get(line.type)
            return None if state is None else ((state, line.gln, None),)


def _is_less(used: object, weighs: object) -> bool:
    return isinstance(used, int) and isinstance(weighs, int) and used < weighs


_UNMOVED = frozenset({Mark.SOLD_TWICE, Mark.ALREADY_COMMISSIONED, Mark.REFUSED_BY_RECEIVER})
_ENDS = {
    "sell": UnitState.SOLD,
    "use": UnitState.USED,
    "open": UnitState.OPENED,
    "return": UnitState.EXPORTED,
    "lose": UnitState.LOST,
    "destroy": UnitState.DESTROYED,
    "void": UnitState.VOID,
}


def _parent_after(line: HistoryLine) -> tuple[str | None] | None:
    """Return what a unit is in after a line of its own, None for one that does not touch that."""
    match line.type, line.role:
        case "pack", "child":
            return (line.parent,)
        case "pack", _ if Mark.STILL_PACKED not in line.marks:
            return None
        case _:
            return None if _place_after(line) is None else (None,)
