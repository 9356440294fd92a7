"""Goods by lot and quantity: how much lies where, is on its way, and whose it is (domain guide, section 4).

A lot `(01)GTIN(10)LOT` has no single place.  Its stock is a number of packages for each place and owner: `here` at a
site, or in `transit` from one site to another.  Beside them stand how much was `lost` at a site and not found since,
and how much was ever `coded` there: notes, not goods.  Whoever handles goods at a place and names no owner handles its
own first, then those of others that lie there; a receiver keeps the owner whose goods were sent.  What was observed is
never refused: where the books have less, the rest is booked below zero and marked `short_stock`.  Pure.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from coldtrace.custody import overlays
from coldtrace.custody.making import earliest, is_past_its_day, last_day
from coldtrace.custody.model import BLOCKING, Decision, Deed, Holding, Level, Mark, Said, Source, StockPlace, UnitState

HERE: Final = "here"
TRANSIT: Final = "transit"
LOST: Final = "lost"
CODED: Final = "coded"
BOOKED: Final = "booked"
"""Said of a sample of a lot by who keeps none: it is taken off the books of the lot's keeper (`details.py`)."""
GOODS: Final = (HERE, TRANSIT)
"""The books of goods that are there, in distinction from what is noted beside them."""

Stock = Mapping[StockPlace, int]
_LOT_AT = len("(01)") + 14
_Booked = tuple[dict[StockPlace, int], list[Mark]]

_TAKING = frozenset({"sell", "use", "destroy", "sample"})
_SEEING = frozenset({"count", "observe", "inspect", "store"})


def is_lot(unit_id: str) -> bool:
    """Tell whether a unit id names goods by their lot, `(01)GTIN(10)LOT`."""
    return unit_id.startswith("(10)", _LOT_AT)


def stops_lot(type: str, unit_id: str, details: Mapping[str, object]) -> bool:
    """Tell whether a line may stop a whole lot, or let it go on."""
    return is_lot(unit_id) and (type in overlays.STOPPING or details.get("hold") is True)


def move_lot(
    deed: Deed,
    said: Said,
    *,
    stock: Stock,
    holding: Holding,
    in_force: frozenset[str],
    lasting: tuple[Mark, ...] = (),
    sources: tuple[Source, ...] = (),
) -> Decision:
    """Return what one line does to a lot: its stock afterwards, what lies on the whole lot, and all that is odd.

    `in_force` are the overlays on the lot; whoever is not entitled to stop it was told so in `lasting`.
    """
    if any(mark in BLOCKING for mark in lasting):
        return Decision(holding=holding, marks=lasting, stock=stock)
    if is_past_its_day(deed, said, holding):
        return Decision(holding=holding, marks=(*lasting, Mark.EXPIRED), stock=stock)
    stop = overlays.blocked_by(deed, said, in_force, of_lot=True)
    if stop is None and said.role == "output" and any(source.blocked for source in sources):
        stop = Mark.INPUT_BLOCKED
    if stop is not None:
        return Decision(holding=holding, marks=(*lasting, stop), stock=stock)
    booked, marks = _book(deed, said, stock)
    lies, more = overlays.after(deed, said, holding.overlays, keeps=said.details.get("answers") is True, spread=False)
    if any(mark in BLOCKING for mark in more):
        return Decision(holding=holding, marks=(*lasting, *marks, *more), stock=stock)
    return Decision(
        holding=replace(holding, state=UnitState.ACTIVE, overlays=lies, expires_on=_last_day(said, holding, sources)),
        marks=(*lasting, *marks, *more),
        from_gln=_sender(deed, said, stock),
        stock=booked,
    )


def _last_day(said: Said, holding: Holding, sources: tuple[Source, ...]) -> date | None:
    """Return the last day of a lot that is made here of other goods: the earliest of all that ever went into it.

    A lot that somebody imported keeps the day of its import, whatever others put into it.
    """
    if said.role != "output" or said.details.get("imported") is True:
        return holding.expires_on
    return earliest(holding.expires_on, last_day(said, sources))


def _book(deed: Deed, said: Said, stock: Stock) -> _Booked:
    match deed.type, said.role:
        case ("transform" | "relabel", "output"):
            return _put(dict(stock), StockPlace(HERE, deed.gln, "", _owner(deed, said)), said.quantity), []
        case ("transform" | "relabel", "input"):
            return _take(deed, said, stock, None)
        case ("pack" | "unpack", _):
            return dict(stock), [Mark.LOT_NOT_PACKED]
        case ("ship", _):
            return _take(deed, said, stock, deed.to_gln or "")
        case ("return", _):
            return _take(deed, said, stock, None if deed.abroad else deed.to_gln or "")
        case ("receive", _):
            return _receive(deed, said, stock)
        case ("adopt", _):
            return _adopt(deed, said, stock)
        case ("commission", _):
            return _commission(deed, said, stock)
        case ("void", _):
            left, marks = _take(deed, said, stock, None)
            coded = StockPlace(CODED, deed.gln, "", "")
            return _put(left, coded, -min(said.quantity, left.get(coded, 0))), marks
        case ("lose", _):
            return _lose(deed, said, stock)
        case ("find", _):
            return _find(deed, said, stock)
        case ("sample", _) if deed.level is not Level.FIRM:
            return _sample(deed, said, stock)
        case (type, _) if type in _TAKING:
            return _take(deed, said, stock, None)
        case (type, _) if type in _SEEING and deed.level is Level.FIRM:
            return dict(stock), _compare(deed, said, stock)
        case _:
            return dict(stock), []


def _take(deed: Deed, said: Said, stock: Stock, to_gln: str | None) -> _Booked:
    """Take goods away from here, on their way to `to_gln`, or out of the books where that is None."""
    left, rest = dict(stock), said.quantity
    own = _owner(deed, said)
    owners = [own] if "owner" in said.details else [own, *_others(stock, deed.gln, own)]
    for owner in owners:
        place = StockPlace(HERE, deed.gln, "", owner)
        part = min(rest, max(left.get(place, 0), 0))
        rest -= part
        _send(left, place, part, to_gln)
    if rest == 0:
        return left, []
    _send(left, StockPlace(HERE, deed.gln, "", own), rest, to_gln)
    return left, [Mark.SHORT]


def _sample(deed: Deed, said: Said, stock: Stock) -> _Booked:
    """Take a sample of laboratory, customs or regulator off the books of whoever keeps the lot.

    That is the place that says so if any of the lot lies there, else the only one where some does.  Where it lies in
    several nobody can tell of which it was: the books stay, and a person looks.
    """
    if said.details.get(BOOKED) is not True:
        return dict(stock), []
    lies = sorted(place for place, quantity in stock.items() if place.kind == HERE and quantity > 0)
    here = [place for place in lies if place.gln == deed.gln]
    if not here and len({place.gln for place in lies}) != 1:
        return dict(stock), [Mark.COUNT_DIFFERS]
    # What the books lack is somebody's who keeps the lot there, not the sampler's.
    keeper = (here or lies)[0]
    return _take(replace(deed, gln=keeper.gln, firm=keeper.owner), said, stock, None)


def _send(stock: dict[StockPlace, int], place: StockPlace, quantity: int, to_gln: str | None) -> None:
    _put(stock, place, -quantity)
    if to_gln is not None:
        _put(stock, StockPlace(TRANSIT, place.gln, to_gln, place.owner), quantity)


def _adopt(deed: Deed, said: Said, stock: Stock) -> _Booked:
    """Take in goods under the code that they have: what is on its way here first, as a receiver does.

    A lot that nobody imported here may come from anywhere; of one that was, somebody should have sent it.
    """
    left, marks = _receive(deed, said, stock)
    return left, [mark for mark in marks if mark is not Mark.GAP or said.details.get("imported") is True]


def _commission(deed: Deed, said: Said, stock: Stock) -> _Booked:
    """Code goods; all that was ever coded of a lot is no more than its imports declare."""
    left = _put(dict(stock), StockPlace(HERE, deed.gln, "", _owner(deed, said)), said.quantity)
    _put(left, StockPlace(CODED, deed.gln, "", ""), said.quantity)
    coded = sum(quantity for place, quantity in left.items() if place.kind == CODED)
    declared = said.details.get("declared")
    return left, [Mark.COUNT_DIFFERS] if isinstance(declared, int) and coded > declared else []


def _lose(deed: Deed, said: Said, stock: Stock) -> _Booked:
    """Take what was lost out of the books, and note it: so much may be found again."""
    left, marks = _take(deed, said, stock, None)
    for place in stock.keys() | left.keys():
        if place.kind == HERE:
            _put(left, place._replace(kind=LOST), stock.get(place, 0) - left.get(place, 0))
    return left, marks


def _find(deed: Deed, said: Said, stock: Stock) -> _Booked:
    """Find again what was lost here, one's own first; what is found beyond that was in no books."""
    left, rest, own = dict(stock), said.quantity, _owner(deed, said)
    owners = [own] if "owner" in said.details else [own, *_others(stock, deed.gln, own, kind=LOST)]
    for owner in owners:
        lost = StockPlace(LOST, deed.gln, "", owner)
        part = min(rest, max(left.get(lost, 0), 0))
        rest -= part
        _put(left, lost, -part)
        _put(left, lost._replace(kind=HERE), part)
    return _put(left, StockPlace(HERE, deed.gln, "", own), rest), [Mark.COUNT_DIFFERS] if rest else []


def _receive(deed: Deed, said: Said, stock: Stock) -> _Booked:
    if "refused" in said.details:
        return dict(stock), [Mark.REFUSED_BY_RECEIVER, *([] if _coming(deed, said, stock) else [Mark.GAP])]
    left, rest = dict(stock), said.quantity
    coming = _coming(deed, said, stock)
    for place in coming:
        part = min(rest, left[place])
        rest -= part
        _put(left, place, -part)
        _put(left, StockPlace(HERE, deed.gln, "", place.owner), part)
    if rest == 0:
        return left, []
    owner = coming[0].owner if coming and "owner" not in said.details else _owner(deed, said)
    _put(left, StockPlace(HERE, deed.gln, "", owner), rest)
    return left, [Mark.OVER_RECEIVED if coming else Mark.GAP]


def _coming(deed: Deed, said: Said, stock: Stock) -> list[StockPlace]:
    """Return what is on its way here, or to nobody by name: what was sent here by name comes first."""
    owner = said.details.get("owner")
    found = [
        place
        for place, quantity in stock.items()
        if place.kind == TRANSIT
        and quantity > 0
        and place.to_gln in ("", deed.gln)
        and deed.sender in (None, place.gln)
        and owner in (None, place.owner)
    ]
    return sorted(found, key=lambda place: (place.to_gln == "", place))


def _sender(deed: Deed, said: Said, stock: Stock) -> str | None:
    """Return the site that goods received here come from; of several the first."""
    coming = _coming(deed, said, stock) if deed.type in ("receive", "adopt") else []
    return coming[0].gln if coming else None


def _compare(deed: Deed, said: Said, stock: Stock) -> list[Mark]:
    """A count tells all that there is; whoever looks or stores may see a part of it, but not more."""
    owner = said.details.get("owner")
    booked = sum(
        quantity
        for place, quantity in stock.items()
        if (place.kind, place.gln) == (HERE, deed.gln) and owner in (None, place.owner)
    )
    differs = said.quantity != booked if deed.type == "count" else said.quantity > booked
    return [Mark.COUNT_DIFFERS] if differs else []


def _others(stock: Stock, gln: str, own: str, *, kind: str = HERE) -> list[str]:
    return sorted({place.owner for place in stock if (place.kind, place.gln) == (kind, gln) and place.owner != own})


def _owner(deed: Deed, said: Said) -> str:
    owner = said.details.get("owner")
    return owner if isinstance(owner, str) else deed.firm or ""


def _put(stock: dict[StockPlace, int], place: StockPlace, quantity: int) -> dict[StockPlace, int]:
    now = stock.get(place, 0) + quantity
    if now:
        stock[place] = now
    else:
        stock.pop(place, None)
    return stock
