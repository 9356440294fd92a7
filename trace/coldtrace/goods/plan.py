"""What a code run will draw, position by position, written down before the first code is drawn.

A run is a list of steps; each step is a number of positions.  Cartons come pallet by pallet, each pallet's own label
behind them, and positions count from 1.  Whoever knows the plan and how many codes exist can go on: that is how a run
that was killed half-way ends without a gap and without a double.

>>> steps = [Cartons(count=3, gtin="19521234543210", lot="L1", lot_id=7, pallet="P01", net_g=61, differ=False)]
>>> steps.append(PalletLabel(pallet="P01", net_g=61))
>>> read_plan(write_plan(steps)) == steps, positions(steps)
(True, 4)
>>> [(piece.position, piece.count, piece.offset) for piece in pieces(steps, drawn=2, most=5)]
[(3, 1, 2), (4, 1, 0)]
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeVar

from coldtrace.goods.packing_list import PackedLine


class Identity(StrEnum):
    """How a carton without a GTIN is named (docs/formats/codes.md, section 8)."""

    OWN = "u"
    SSCC = "sscc"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cartons:
    """Cartons of one line, or numbers of a roll.

    A `gtin` of None stands for goods that have none; `identity` then says what names them.  Codes of a roll have no
    lot yet.  `net_g` is the weight of all of them; when they `differ`, no single one is known.
    """

    count: int
    gtin: str | None
    lot: str | None = None
    lot_id: int | None = None
    pallet: str = ""
    net_g: int | None = None
    differ: bool = False
    identity: Identity = Identity.OWN

    def weight(self, number: int) -> int | None:
        """Return the weight of the carton `number`, from 0; what does not divide evenly goes to the first ones."""
        if self.net_g is None or (self.differ and self.count > 1):
            return None
        each, rest = divmod(self.net_g, self.count)
        return each + (1 if number < rest else 0)

    @property
    def by_sscc(self) -> bool:
        """Tell whether each carton takes an SSCC."""
        return self.gtin is None and self.identity is Identity.SSCC


@dataclass(frozen=True, kw_only=True, slots=True)
class PalletLabel:
    """The label of one pallet, with the weight of all that the list puts on it."""

    pallet: str
    net_g: int
    count: int = 1


Step = Cartons | PalletLabel
Source = TypeVar("Source")
Kept = Mapping[str, Any]
"""A plan as JSON."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Neighbouring positions of one step: `count` of them, the first at `position`, `offset` into the step."""

    step: Step
    position: int
    offset: int
    count: int


def consignment_plan(
    lines: Iterable[PackedLine], lot_ids: Mapping[int, int], *, identity: Identity = Identity.OWN
) -> list[Step]:
    """Return the plan of a packing list: all pallets, each one's cartons, then its own label.

    `lot_ids` names the lot of each line by the line's place in the list.
    """
    pallets: dict[str, list[tuple[int, PackedLine]]] = {}
    for place, line in enumerate(lines):
        pallets.setdefault(line.pallet or "", []).append((place, line))
    steps: list[Step] = []
    for pallet, packed in pallets.items():
        steps += [
            Cartons(
                count=line.cartons,
                gtin=line.gtin,
                lot=line.printed_lot,
                lot_id=lot_ids[place],
                pallet=pallet,
                net_g=line.net_g,
                differ=line.variable_measure,
                identity=identity,
            )
            for place, line in packed
        ]
        if pallet:
            steps.append(PalletLabel(pallet=pallet, net_g=sum(line.net_g for _, line in packed)))
    return steps


def positions(steps: Iterable[Step]) -> int:
    """Return how many codes a plan wants."""
    return sum(step.count for step in steps)


def pieces(steps: Iterable[Step], *, drawn: int, most: int) -> Iterator[Piece]:
    """Yield what comes next after `drawn` codes, `most` codes of it."""
    for step, position, offset, count in _reach(((step, step.count) for step in steps), drawn=drawn, most=most):
        yield Piece(step=step, position=position, offset=offset, count=count)


def pieces_of(kept: Kept, *, drawn: int, most: int) -> Iterator[Piece]:
    """Yield the same of a plan that `write_plan` wrote; of a large one only what is needed is read."""
    for each, position, offset, count in _reach(
        ((each, each["count"]) for each in kept["steps"]), drawn=drawn, most=most
    ):
        yield Piece(step=_step(each), position=position, offset=offset, count=count)


def _reach(steps: Iterable[tuple[Source, int]], *, drawn: int, most: int) -> Iterator[tuple[Source, int, int, int]]:
    """Yield those of the steps that come next, with first position, offset into the step, and count."""
    start, end = 0, drawn + most
    for step, count in steps:
        first, last = max(start, drawn), min(start + count, end)
        if first < last:
            yield step, first + 1, first - start, last - first
        start += count
        if start >= end:
            return


def write_plan(steps: Iterable[Step]) -> Kept:
    """Return a plan as the database keeps it."""
    return {"steps": [asdict(step) | {"pallet_label": isinstance(step, PalletLabel)} for step in steps]}


def read_plan(kept: Kept) -> list[Step]:
    """Return the plan that `write_plan` wrote."""
    return [_step(each) for each in kept["steps"]]


def _step(each: Mapping[str, Any]) -> Step:
    values = {name: value for name, value in each.items() if name != "pallet_label"}
    if each["pallet_label"]:
        return PalletLabel(**values)
    return Cartons(**(values | {"identity": Identity(values["identity"])}))
