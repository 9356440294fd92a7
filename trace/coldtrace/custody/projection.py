"""From statements to one picture of where every unit is: the usual order of arrival.

A line moves its unit from its present holding.  That is right only while nothing later is known of the unit, of what
it is in, or of what is inside it.  Units for which it is not are named in `late`: their lines are only kept here, and
`retelling.py` then tells their whole story again in the order of events.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody import store, unit_store
from coldtrace.custody.model import Fact
from coldtrace.custody.picture import Picture, Unit
from coldtrace.custody.rules import IMPLIED, importer_of, lasting_marks
from coldtrace.custody.store import LineRecord
from coldtrace.events.units_piece import Line


@dataclass(frozen=True, kw_only=True)
class Told:
    """One accepted statement on its way into the picture."""

    entry_id: UUID
    fact: Fact
    lines: Sequence[Line]

    @property
    def names(self) -> set[str]:
        """The units that the statement names."""
        return {name for line in self.lines for name in (line.unit, line.parent) if name}

    @property
    def empties(self) -> tuple[str, ...]:
        """The parents that this statement unpacks as a whole: an unpack without child lines."""
        is_barred = not self.fact.permitted or not self.fact.correction_permitted
        if is_barred or not unpacks_whole(self.fact.type, [line.role for line in self.lines]):
            return ()
        return tuple(line.unit for line in self.lines)


def unpacks_whole(type: str, roles: Sequence[str]) -> bool:
    """Tell whether a statement with lines in these roles takes everything off its pallets."""
    return type == "unpack" and "child" not in roles


class Projection:
    """One batch: its units, locked, and what its statements do to them."""

    def __init__(
        self,
        session: Session,
        told: Sequence[Told],
        *,
        again: Collection[UUID] = (),
        late: Collection[int] = (),
    ) -> None:
        """Lock and read the units of a batch; `told` is in the order of arrival.

        Whatever comes, told again are the units with the keys `late`, and those of the statements `again`.
        """
        self._session = session
        # The order of events, a tie by arrival, as `store.past_lines` has it.
        self._told = sorted(told, key=lambda one: one.fact.event_at)
        names = {name for one in told for name in one.names}
        self._picture = Picture(
            unit_store.lock_units(session, names, emptied={name for one in told for name in one.empties})
        )
        self._by_name = {unit.unit_id: unit for unit in self._picture.units.values()}
        self.importers: dict[UUID, set[UUID]] = {}
        self._known_until = {unit.pk: unit.last_at for unit in self._picture.units.values()}
        self.late = unit_store.later_known(session, self._first_events()).union(late)
        self.late |= {self._by_name[name].pk for one in told if one.entry_id in again for name in one.names}
        self._find_expired()

    def _first_events(self) -> dict[int, datetime]:
        """Return for each unit when this batch first speaks of it."""
        first: dict[int, datetime] = {}
        for one in self._told:
            for name in one.names:
                first.setdefault(self._by_name[name].pk, one.fact.event_at)
        return first

    def _find_expired(self) -> None:
        """Find what is past its expiry and may be inside of what is shipped or sold here."""
        leaving = [one for one in self._told if one.fact.type in ("ship", "sell")]
        tops = {self._by_name[line.unit].pk for one in leaving for line in one.lines}
        on = max((one.fact.local_date for one in leaving), default=date.min)
        units = self._picture.units
        self._stored = [row for row in unit_store.expired_inside(self._session, tops, on=on) if row[1] not in units]
        # What this batch speaks of is where the batch has put it.
        self._aged = [
            (unit, unit.issued.expiry)
            for unit in units.values()
            if unit.issued is not None and unit.issued.expiry is not None and unit.issued.expiry < on
        ]

    def _expiry_inside(self, unit: Unit) -> date | None:
        """Return the earliest expiry of what is in a unit now, as far as something in it is past it."""
        stored = [expiry for top, _, expiry in self._stored if top == unit.pk]
        present = [expiry for each, expiry in self._aged if unit in self._picture.parents_of(each)]
        return min([*stored, *present], default=None)

    def tell(self) -> dict[UUID, list[LineRecord]]:
        """Apply all statements; return the lines of each with what they contradict."""
        return {one.entry_id: self._tell(one) for one in self._told}

    def _tell(self, one: Told) -> list[LineRecord]:
        records = [self._tell_line(one, number, line) for number, line in enumerate(one.lines)]
        parents = {self._by_name[name].pk for name in one.empties} - self.late
        if parents:
            left = self._picture.empty(one.entry_id, one.fact, parents=parents)
            for child, parent, marks in left:
                records.append(
                    LineRecord(
                        entry_id=one.entry_id,
                        line_no=len(records),
                        unit_pk=child.pk,
                        role=IMPLIED,
                        parent_pk=parent.pk,
                        quantity=1,
                        event_at=one.fact.event_at,
                        marks=marks,
                    )
                )
        return records

    def _tell_line(self, one: Told, number: int, line: Line) -> LineRecord:
        unit = self._by_name[line.unit]
        parent = self._by_name[line.parent] if line.parent else None
        inside = self._expiry_inside(unit) if one.fact.type in ("ship", "sell") else None
        marks = lasting_marks(one.fact, line, issued=unit.issued, inside=inside)
        from_gln = None
        importer = importer_of(one.fact, issued=unit.issued, beginning=unit.beginning, marks=marks)
        if importer is not None:
            self.importers.setdefault(one.entry_id, set()).add(importer)
        if self._is_late(unit, parent, one.fact.event_at):
            self.late.add(unit.pk)
        else:
            did = self._picture.apply(one.entry_id, one.fact, unit=unit, role=line.role, parent=parent, lasting=marks)
            marks, from_gln = did.marks, did.from_gln
        return LineRecord(
            entry_id=one.entry_id,
            line_no=number,
            unit_pk=unit.pk,
            role=line.role,
            parent_pk=None if parent is None else parent.pk,
            quantity=line.quantity,
            event_at=one.fact.event_at,
            marks=marks,
            from_gln=from_gln,
        )

    def _is_late(self, unit: Unit, parent: Unit | None, event_at: datetime) -> bool:
        """Tell whether something later is known of the unit or of what it is in or put into."""
        around = [unit, *self._picture.parents_of(unit), *([] if parent is None else [parent])]
        return any(each.pk in self.late or self._known_until[each.pk] >= event_at for each in around)

    def write(self) -> None:
        """Write units and stays."""
        write_picture(self._session, self._picture)


def write_picture(session: Session, picture: Picture) -> None:
    """Write what a picture did to units and stays, on top of what is stored."""
    store.close_stays(session, picture.leavings)
    store.insert_stays(session, picture.stays)
    unit_store.save_units(session, [(picture.units[pk], picture.root_of(picture.units[pk])) for pk in picture.touched])
    unit_store.set_root_below(session, picture.rehoused)
