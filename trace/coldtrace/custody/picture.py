"""The units at hand in memory: who is inside whom, and what a line does to them.

Both ways into the record go through here: the usual one (`projection.py`) starts from where the units are, the other
(`retelling.py`) from the beginning of their story.  So the record does not depend on the order of arrival.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from coldtrace.custody.model import Decision, Deed, Holding, Issued, Mark, UnitState
from coldtrace.custody.rules import IMPLIED, move


@dataclass
class Unit:
    """One unit while a batch is worked on; `last_at` is the latest event known of it."""

    pk: int
    unit_id: str
    holding: Holding
    parent_pk: int | None
    last_at: datetime
    beginning: UnitState
    issued: Issued | None = None


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


class Picture:
    """Units by key; a unit's parents must be among them."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units = {unit.pk: unit for unit in units}
        self.touched: set[int] = set()
        self.rehoused: set[int] = set()
        self.leavings: list[Leaving] = []
        self._open: dict[int, Stay] = {}
        self._closed: list[Stay] = []

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

    def apply(
        self, entry_id: UUID, deed: Deed, *, unit: Unit, role: str, parent: Unit | None, lasting: tuple[Mark, ...]
    ) -> Decision:
        """Let one line act on its unit; return what it did, with all that it contradicts."""
        if deed.type == "correct":
            return self.pass_over(deed, unit=unit, lasting=lasting)
        parents = self.parents_of(unit)
        decision = move(
            deed,
            role=role,
            parent=None if parent is None else parent.unit_id,
            holding=unit.holding,
            effective=parents[-1].holding if parents else unit.holding,
            lasting=lasting,
        )
        marks = decision.marks
        if parent is not None and deed.type == "pack" and unit in (parent, *self.parents_of(parent)):
            marks = (*marks, Mark.PACKED_IN_ITSELF)
        unit.last_at = max(unit.last_at, deed.event_at)
        self.touched.add(unit.pk)
        if not decision.blocked:
            self._move(entry_id, deed, unit, decision, parent)
        return replace(decision, marks=marks)

    def pass_over(self, deed: Deed, *, unit: Unit, lasting: tuple[Mark, ...]) -> Decision:
        """Note that a line spoke of its unit and did nothing: of an annulled statement, or one that only corrects."""
        unit.last_at = max(unit.last_at, deed.event_at)
        self.touched.add(unit.pk)
        return Decision(holding=unit.holding, marks=lasting)

    def empty(
        self, entry_id: UUID, deed: Deed, *, parents: Container[int]
    ) -> list[tuple[Unit, Unit, tuple[Mark, ...]]]:
        """Take everything off pallets that were unpacked as a whole; return (child, parent, marks)."""
        inside = [
            (unit, self.units[unit.parent_pk])
            for unit in sorted(self.units.values(), key=lambda unit: unit.unit_id)
            if unit.parent_pk is not None and unit.parent_pk in parents
        ]
        return [
            (unit, parent, self.apply(entry_id, deed, unit=unit, role=IMPLIED, parent=parent, lasting=()).marks)
            for unit, parent in inside
        ]

    def _move(self, entry_id: UUID, deed: Deed, unit: Unit, decision: Decision, parent: Unit | None) -> None:
        before, unit.holding = unit.holding, decision.holding
        if before.parent == unit.holding.parent:
            return
        self.rehoused.add(unit.pk)
        if before.parent is not None:
            self._leave(entry_id, deed, unit)
        unit.parent_pk = None
        if unit.holding.parent is not None and parent is not None:
            unit.parent_pk = parent.pk
            self._open[unit.pk] = Stay(child_pk=unit.pk, parent_pk=parent.pk, from_at=deed.event_at, packed_by=entry_id)

    def _leave(self, entry_id: UUID, deed: Deed, unit: Unit) -> None:
        stay = self._open.pop(unit.pk, None)
        if stay is None:
            self.leavings.append(Leaving(child_pk=unit.pk, at=deed.event_at, by=entry_id))
        elif stay.packed_by != entry_id:  # one statement that names two parents of a child means the last one
            stay.to_at, stay.unpacked_by = deed.event_at, entry_id
            self._closed.append(stay)
