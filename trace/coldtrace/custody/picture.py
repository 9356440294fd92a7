"""The units at hand in memory: who is inside whom, and what a line does to them.

Both ways into the record go through here: the usual one (`projection.py`) starts from where the units are, the other
(`retelling.py`) from the beginning of their story.  So the record does not depend on the order of arrival.
"""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from coldtrace.custody.lots import Stock, move_lot, stops_lot
from coldtrace.custody.making import TAKES_LOT, earliest, until, weight_of
from coldtrace.custody.model import (
    BLOCKING,
    STOCK,
    TERMINAL,
    Decision,
    Deed,
    Holding,
    Issued,
    Level,
    Mark,
    Said,
    Source,
    UnitState,
)
from coldtrace.custody.moves import NEVER_SAID, move, replaced_by
from coldtrace.custody.rules import IMPLIED


@dataclass
class Unit:
    """One unit while a batch is worked on; `last_at` is the latest event known of it.

    `lot` is its GTIN and lot, `lot_id` the row of that: of its code if `lot_coded`, else of the label whose place it
    took.  `lot_stopped_at` is the latest word that stopped that whole lot or let it go on, `lot_recalled_at` since when
    the lot is on the list of recalled ones; `stock` is where a lot by quantity lies, `booked` what is stored of that.
      `looks_issued`: its code was not issued here, but
    others of its GTIN were.  `version` counts how often it was told.
    """

    pk: int
    unit_id: str
    holding: Holding
    parent_pk: int | None
    last_at: datetime
    beginning: UnitState
    issued: Issued | None = None
    lot: tuple[str, str] | None = None
    lot_id: int | None = None
    lot_coded: bool = False
    lot_stopped_at: datetime | None = None
    lot_recalled_at: datetime | None = None
    stock: Stock | None = None
    booked: Stock | None = None
    looks_issued: bool = False
    version: int = 0

    @property
    def expires_on(self) -> date | None:
        """The last day: that of a statement about the unit, or that of its lot, whichever comes first."""
        return earliest(self.holding.expires_on, None if self.issued is None else self.issued.expiry)

    @property
    def weighs_g(self) -> int | None:
        """What it weighs: as a statement left it, or as its lot says."""
        return self.holding.left_g if self.holding.left_g is not None or self.issued is None else self.issued.net_g


@dataclass(kw_only=True)
class Stay:
    """One stay of a child in a parent; `to_at` is None while it lasts."""

    child_pk: int
    parent_pk: int
    from_at: datetime
    packed_by: UUID
    to_at: datetime | None = None
    unpacked_by: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """The end of a stay that began before this picture."""

    child_pk: int
    at: datetime
    by: UUID


@dataclass(frozen=True, kw_only=True)
class Hanging:
    """Something that is not in a picture and hangs on a unit of it, in that unit or in something that is in it.

    `expiry` is its last day where that is over.
    """

    on_pk: int
    expiry: date | None
    overlays: frozenset[str]


class Picture:
    """Units by key; a unit's parents must be among them, and its lot if that was ever stopped as a whole.

    `hanging` is what may keep them from going on, beside the units themselves; `full` are those with something in them
    that is not in the picture.
    `relabelled` are those that took over the lot of what they are a new label of.
    `laid` are those that may have overlays, `stopped` the lots that this picture stops or lets go on, and when, `told`
    how many lines were told of each lot.
    """

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = {unit.pk: unit for unit in units}
        self.touched: set[int] = set()
        self.rehoused: set[int] = set()
        self.relabelled: set[int] = set()
        self._lots = {unit.lot: unit for unit in self.units.values() if unit.stock is not None}
        self.stopped: dict[int, datetime] = {}
        self.told: Counter[int] = Counter()
        self.laid = {unit.pk for unit in self.units.values() if unit.holding.overlays}
        self._children: dict[int, set[int]] = {}
        for unit in self.units.values():
            if unit.parent_pk is not None:
                self._children.setdefault(unit.parent_pk, set()).add(unit.pk)
        self.hanging: Sequence[Hanging] = ()
        self.full: Container[int] = ()
        self.leavings: list[Leaving] = []
        self._open: dict[int, Stay] = {}
        self._closed: list[Stay] = []
        self._sources: list[Source] = []
        self._sources_by: UUID | None = None

    @property
    def stays(self) -> list[Stay]:
        """The stays that began in this picture."""
        return [*self._closed, *self._open.values()]

    def parents_of(self, unit: Unit) -> list[Unit]:
        """Return the units around this one, the nearest first.  A ring of parents is walked once."""
        found: list[Unit] = []
        seen = {unit.pk}
        here = unit
        while here.parent_pk is not None and here.parent_pk not in seen:
            here = self.units[here.parent_pk]
            seen.add(here.pk)
            found.append(here)
        return found

    def root_of(self, unit: Unit) -> int | None:
        """Return the key of the outermost parent, None for a unit that stands by itself."""
        parents = self.parents_of(unit)
        return parents[-1].pk if parents else None

    def overlays_on(self, unit: Unit) -> frozenset[str]:
        """Return every overlay in force on a unit: its own, and those of all it is in."""
        around = self._around(unit)
        lot = self.lot_of(unit)
        if lot is not None and lot.pk in self.laid:
            around |= lot.holding.overlays
        return unit.holding.overlays | around if around else unit.holding.overlays

    def lot_of(self, unit: Unit) -> Unit | None:
        """Return the unit of the whole lot that a unit belongs to, if anybody ever stopped that."""
        return None if unit.lot is None else self._lots.get(unit.lot)

    def _around(self, unit: Unit) -> frozenset[str]:
        if unit.parent_pk is None or not self.laid:
            return frozenset()
        return frozenset(overlay for parent in self.parents_of(unit) for overlay in parent.holding.overlays)

    def effective(self, unit: Unit) -> Holding:
        """Return where a unit is, by its outermost parent, with every overlay in force on it."""
        parents = self.parents_of(unit)
        place = parents[-1].holding if parents else unit.holding
        return replace(place, overlays=self.overlays_on(unit)) if self.laid else place

    def inside_of(self, unit: Unit) -> frozenset[str]:
        """Return every overlay on whatever is in a unit, those of whole lots included."""
        hanging = (each.overlays for each in self.hanging_in(unit))
        if not self.laid:
            return frozenset().union(*hanging)
        return frozenset().union(*(self.overlays_on(each) for each in self.all_in(unit)), *hanging)

    def all_in(self, unit: Unit) -> list[Unit]:
        """Return everything of this picture that is in a unit, however deep.  A ring of parents is walked once."""
        found: list[Unit] = []
        seen, ahead = {unit.pk}, [unit.pk]
        while ahead:
            for pk in self._children.get(ahead.pop(), ()):
                if pk not in seen:
                    seen.add(pk)
                    ahead.append(pk)
                    found.append(self.units[pk])
        return found

    def is_empty(self, unit: Unit) -> bool:
        """Tell whether nothing is in a unit."""
        return unit.pk not in self.full and not self._children.get(unit.pk)

    def hanging_in(self, unit: Unit) -> list[Hanging]:
        """Return what hangs on a unit, or on whatever of this picture is in it."""
        if not self.hanging:
            return []
        near = {unit.pk, *(each.pk for each in self.all_in(unit))}
        return [each for each in self.hanging if each.on_pk in near]

    def apply(
        self,
        entry_id: UUID,
        deed: Deed,
        *,
        unit: Unit,
        said: Said,
        parent: Unit | None,
        lasting: tuple[Mark, ...],
        inside: frozenset[str] = frozenset(),
        is_empty: bool = True,
    ) -> Decision:
        """Let one line act on its unit; return what it did, with all that it contradicts.

        `inside` are the overlays of all that is in the unit; only what may be blocked by them needs them, and only a
        new label whether the unit `is_empty`.  The inputs of a statement must be told before its outputs.
        """
        if deed.type == "correct":
            return self.pass_over(deed, unit=unit, lasting=lasting)
        effective = self.effective(unit)
        if deed.type == "pack" and parent is not None and self.effective(parent).state in TERMINAL:
            lasting = (*lasting, Mark.TERMINAL)
        lot = self._lot_taken(entry_id, unit, said) if said.details.get(TAKES_LOT) is True else None
        sources = self._sources_of(entry_id, unit.lot if lot is None else lot.lot) if said.role == "output" else ()
        if unit.stock is not None:
            decision = move_lot(
                deed,
                said,
                stock=unit.stock,
                holding=unit.holding,
                in_force=effective.overlays,
                lasting=lasting,
                sources=sources,
            )
        else:
            decision = move(
                deed,
                said,
                holding=unit.holding,
                effective=effective,
                lasting=lasting,
                sources=sources,
                inside=inside,
                is_empty=is_empty,
            )
        if said.role == "input":
            self._use_up(entry_id, deed, unit, said, effective, decision)
        marks = decision.marks
        if parent is not None and deed.type == "pack" and unit in (parent, *self.parents_of(parent)):
            marks = (*marks, Mark.PACKED_IN_ITSELF)
        self._touch(unit, deed)
        if lot is not None and unit.holding.state in NEVER_SAID and decision.holding.state not in NEVER_SAID:
            self._take_lot(unit, lot)
        # Also of a blocked line, which leaves the unit where it is: a breach lies on it all the same.
        self._move(entry_id, deed, unit, decision, parent)
        return replace(decision, marks=marks)

    def pass_over(self, deed: Deed, *, unit: Unit, lasting: tuple[Mark, ...]) -> Decision:
        """Note that a line spoke of its unit and did nothing: of an annulled statement, or one that only corrects."""
        self._touch(unit, deed)
        return Decision(holding=unit.holding, marks=lasting)

    def _touch(self, unit: Unit, deed: Deed) -> None:
        unit.last_at = max(unit.last_at, deed.event_at)
        self.touched.add(unit.pk)
        if unit.stock is not None:
            self.told[unit.pk] += 1

    def note_stop(self, deed: Deed, unit: Unit, said: Said) -> None:
        """Note that a whole lot is stopped here, or let go on, if it is."""
        entitled = deed.level is Level.REGULATOR or said.details.get("answers") is True
        if entitled and stops_lot(deed.type, unit.unit_id, said.details):
            self.stopped[unit.pk] = max(deed.event_at, self.stopped.get(unit.pk, deed.event_at))

    def _sources_of(self, entry_id: UUID, lot: tuple[str, str] | None) -> tuple[Source, ...]:
        """Return what a unit of a lot is made of.  What lies on its own lot reaches it there already."""
        if self._sources_by != entry_id:
            return ()
        return tuple(
            source if source.lot != lot or not source.of_lot else replace(source, of_lot=frozenset())
            for source in self._sources
        )

    def _lot_taken(self, entry_id: UUID, unit: Unit, said: Said) -> Source | None:
        """Return whose lot a new label takes over: that of the label whose place it takes, if its code has none.

        Of several old ones of which nobody can tell which, all must be of one lot.
        """
        if unit.lot_coded or unit.stock is not None or self._sources_by != entry_id:
            return None
        old = replaced_by(said, self._sources)
        lots = {source.lot_id: source for source in ([old] if old is not None else self._sources)}
        only = next(iter(lots.values())) if len(lots) == 1 else None
        return None if only is None or only.lot_id is None else only

    def _take_lot(self, unit: Unit, old: Source) -> None:
        unit.lot, unit.lot_id = old.lot, old.lot_id
        self.relabelled.add(unit.pk)
        if old.lot_recalled_at is not None and unit.issued is not None:
            known = unit.issued.stopped_at
            stopped_at = old.lot_recalled_at if known is None else min(known, old.lot_recalled_at)
            unit.issued, unit.lot_recalled_at = replace(unit.issued, stopped_at=stopped_at), old.lot_recalled_at

    def _use_up(
        self, entry_id: UUID, deed: Deed, unit: Unit, said: Said, effective: Holding, decision: Decision
    ) -> None:
        if self._sources_by != entry_id:
            self._sources_by, self._sources = entry_id, []
        lot = self.lot_of(unit)
        self._sources.append(
            Source(
                unit_id=unit.unit_id,
                holding=unit.holding,
                around=self._around(unit),
                of_lot=frozenset() if lot is None or lot.pk not in self.laid else lot.holding.overlays,
                lot=unit.lot,
                lot_id=unit.lot_id if unit.stock is None else _lot_id_said(said),
                lot_recalled_at=unit.lot_recalled_at,
                left_g=weight_of(said, unit.holding),
                expires_on=until(said, unit.holding),
                here=effective.state in STOCK and effective.gln == deed.gln,
                blocked=any(mark in BLOCKING for mark in decision.marks),
            )
        )

    def empty(
        self, entry_id: UUID, deed: Deed, *, parents: Container[int]
    ) -> list[tuple[Unit, Unit, tuple[Mark, ...]]]:
        """Take everything off pallets that were unpacked as a whole; return (child, parent, marks)."""
        inside = [
            (self.units[pk], self.units[parent])
            for parent, children in self._children.items()
            if parent in parents
            for pk in children
        ]
        inside.sort(key=lambda pair: pair[0].unit_id)
        return [(unit, parent, self._take_off(entry_id, deed, unit, parent)) for unit, parent in inside]

    def _take_off(self, entry_id: UUID, deed: Deed, unit: Unit, parent: Unit) -> tuple[Mark, ...]:
        said = Said(role=IMPLIED, parent=parent.unit_id)
        return self.apply(entry_id, deed, unit=unit, said=said, parent=parent, lasting=()).marks

    def _move(self, entry_id: UUID, deed: Deed, unit: Unit, decision: Decision, parent: Unit | None) -> None:
        before, unit.holding, unit.stock = unit.holding, decision.holding, decision.stock
        if unit.holding.overlays:
            self.laid.add(unit.pk)
        if before.parent == unit.holding.parent:
            return
        self.rehoused.add(unit.pk)
        if before.parent is not None:
            # What lay on a pallet comes along with the carton: unpacking evades no hold.
            around = self._around(unit)
            if around:
                unit.holding = replace(unit.holding, overlays=unit.holding.overlays | around)
                self.laid.add(unit.pk)
            self._leave(entry_id, deed, unit)
        if unit.parent_pk is not None:
            self._children[unit.parent_pk].discard(unit.pk)
        unit.parent_pk = None
        into = parent if deed.type == "pack" else self._named(unit.holding.parent)
        if unit.holding.parent is not None and into is not None:
            unit.parent_pk = into.pk
            self._children.setdefault(into.pk, set()).add(unit.pk)
            self._open[unit.pk] = Stay(child_pk=unit.pk, parent_pk=into.pk, from_at=deed.event_at, packed_by=entry_id)

    def _named(self, name: str | None) -> Unit | None:
        """Return the parent that a new label takes over: what the old one was in is at hand."""
        if name is None:
            return None
        return next(unit for unit in self.units.values() if unit.unit_id == name)

    def _leave(self, entry_id: UUID, deed: Deed, unit: Unit) -> None:
        stay = self._open.pop(unit.pk, None)
        if stay is None:
            self.leavings.append(Leaving(child_pk=unit.pk, at=deed.event_at, by=entry_id))
        elif stay.packed_by != entry_id:  # one statement that names two parents of a child means the last one
            stay.to_at, stay.unpacked_by = deed.event_at, entry_id
            self._closed.append(stay)


def _lot_id_said(said: Said) -> int | None:
    """Return the import that spoke for a lot by quantity when it was relabelled."""
    lot_id = said.details.get("lot_id")
    return lot_id if type(lot_id) is int else None
