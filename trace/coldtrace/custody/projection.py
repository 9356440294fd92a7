"""From statements to one picture of where every unit is: the usual order of arrival.

A line moves its unit from its present holding.  A line that arrives late, its event lying before something already
known of the unit, is only kept here; `retelling.py` then tells that unit's whole story again in the order of
events, so that the picture does not depend on the order of arrival.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody import store
from coldtrace.custody.model import LASTING, Fact, Holding, UnitState
from coldtrace.custody.rules import decide
from coldtrace.custody.store import LineRecord, Stay, Unit
from coldtrace.events.units_piece import Line


@dataclass(frozen=True, kw_only=True)
class Told:
    """One accepted statement on its way into the picture."""

    entry_id: UUID
    fact: Fact
    lines: Sequence[Line]

    @property
    def empties(self) -> tuple[str, ...]:
        """The parents that this statement unpacks as a whole: an unpack without child lines."""
        if self.fact.type != "unpack" or any(line.role == "child" for line in self.lines):
            return ()
        return tuple(line.unit for line in self.lines)


class Picture:
    """The units of one batch, locked, and what is to be written about them."""

    def __init__(self, session: Session, told: Sequence[Told]) -> None:
        self._session = session
        self.units = store.lock_units(
            session, {name for one in told for line in one.lines for name in (line.unit, line.parent) if name}
        )
        children = [
            child
            for one in told
            for parent in one.empties
            for child in store.children_of(session, self.units[parent].pk)
        ]
        if children:
            self.units |= store.lock_units(session, children)
        self._by_pk = {unit.pk: unit for unit in self.units.values()}
        self._open: dict[int, Stay] = {}
        self._stays: list[Stay] = []
        self._closed: list[tuple[int, Told]] = []
        self.late: set[str] = set()

    def tell(self, one: Told) -> list[LineRecord]:
        """Apply one statement; return its lines with what they contradict."""
        records = [self._tell_line(one, number, line) for number, line in enumerate(one.lines)]
        if one.fact.permitted:
            records += self._empty(one, len(records))
        return records

    def _tell_line(self, one: Told, number: int, line: Line) -> LineRecord:
        unit = self.units[line.unit]
        parent = self.units[line.parent] if line.parent else None
        decision = decide(one.fact, line, holding=unit.holding, effective=self._effective(unit), issued=unit.issued)
        marks = decision.marks
        if one.fact.event_at < unit.last_at:
            self.late.add(unit.unit_id)
            marks = tuple(mark for mark in marks if mark in LASTING)
        else:
            unit.last_at, unit.dirty = one.fact.event_at, True
            if not decision.blocked:
                self._move(one, unit, decision.holding, parent)
        return LineRecord(
            entry_id=one.entry_id,
            line_no=number,
            unit_pk=unit.pk,
            role=line.role,
            parent_pk=None if parent is None else parent.pk,
            quantity=line.quantity,
            event_at=one.fact.event_at,
            marks=tuple(mark.value for mark in marks),
        )

    def _effective(self, unit: Unit) -> Holding:
        """Return where the unit is: where its outermost parent is."""
        root = None if unit.root_pk is None else self._by_pk.get(unit.root_pk)
        return unit.holding if root is None else root.holding

    def _move(self, one: Told, unit: Unit, holding: Holding, parent: Unit | None) -> None:
        before, unit.holding = unit.holding, holding
        if before.parent == holding.parent:
            return
        if before.parent is not None:
            self._leave(one, unit)
        if holding.parent is not None and parent is not None:
            unit.parent_pk, unit.root_pk = parent.pk, parent.root_pk or parent.pk
            self._open[unit.pk] = Stay(
                child_pk=unit.pk, parent_pk=parent.pk, from_at=one.fact.event_at, packed_by=one.entry_id
            )

    def _leave(self, one: Told, unit: Unit) -> None:
        unit.parent_pk = unit.root_pk = None
        stay = self._open.pop(unit.pk, None)
        if stay is None:
            self._closed.append((unit.pk, one))
        else:
            stay.to_at, stay.unpacked_by = one.fact.event_at, one.entry_id
            self._stays.append(stay)

    def _empty(self, one: Told, number: int) -> list[LineRecord]:
        """Take everything off a pallet that was unpacked as a whole; return the lines that this implies."""
        parents = {name: self.units[name].pk for name in one.empties}
        implied: list[LineRecord] = []
        for unit in self.units.values():
            parent = unit.holding.parent
            if parent in parents and unit.last_at <= one.fact.event_at:
                unit.last_at, unit.dirty = one.fact.event_at, True
                unit.holding = Holding(state=UnitState.ACTIVE, gln=one.fact.gln)
                self._leave(one, unit)
                implied.append(
                    LineRecord(
                        entry_id=one.entry_id,
                        line_no=number + len(implied),
                        unit_pk=unit.pk,
                        role="implied",
                        parent_pk=parents[parent],
                        quantity=1,
                        event_at=one.fact.event_at,
                        marks=(),
                    )
                )
        return implied

    def write(self) -> None:
        """Write units and stays."""
        store.close_stays(self._session, [(pk, one.fact.event_at, one.entry_id) for pk, one in self._closed])
        store.insert_stays(self._session, [*self._stays, *self._open.values()])
        dirty = [unit for unit in self.units.values() if unit.dirty]
        store.save_units(self._session, dirty)
        pallets = [unit.pk for unit in dirty if unit.unit_id.startswith("(00)")]
        if pallets:
            store.set_root_below(self._session, pallets)
