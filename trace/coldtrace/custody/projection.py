"""From statements to one picture of where every unit is: the usual order of arrival.

A line moves its unit from its present holding.  That is right only while nothing later is known of the unit, of what
it is in, or of what is inside it.  Units for which it is not are named in `late`: their lines are only kept here, and
`retelling.py` then tells their whole story again in the order of events.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody import lot_checkpoints, store, unit_store
from coldtrace.custody.areas import covers
from coldtrace.custody.details import PAST_DAY, details_of, makes_lot, may_stop_lot, net_g_of
from coldtrace.custody.lots import GOODS, stops_lot
from coldtrace.custody.making import weight_marks
from coldtrace.custody.model import Fact, Inside, Level, Mark, Said, UnitState
from coldtrace.custody.overlays import BLOCKABLE, LIFTING
from coldtrace.custody.paper_gate import (
    GatedLine,
    Lacking,
    Loads,
    consignments_of,
    find_lacking,
    is_gated,
    marks_of,
)
from coldtrace.custody.picture import Picture, Unit
from coldtrace.custody.rules import IMPLIED, NOTHING_INSIDE, importer_of, lasting_marks
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


def _lifts(fact: Fact) -> bool:
    """Tell whether a regulator lets goods go on."""
    return fact.type in LIFTING and fact.level is Level.REGULATOR


MAKING = frozenset({"transform", "relabel"})
"""What makes units of other units."""


def inputs_first(roles: Sequence[str]) -> list[int]:
    """Return the places of lines in the order in which they are told: what went in before what came out."""
    return sorted(range(len(roles)), key=lambda number: roles[number] == "output")


@dataclass(frozen=True)
class _Short:
    """A line whose goods may lack papers: all that may be lacking, and of which consignments units are."""

    line: GatedLine
    lacking: Lacking
    of: Mapping[int, set[UUID]]


class Projection:
    """One batch: its units, locked, and what its statements do to them."""

    def __init__(
        self,
        session: Session,
        told: Sequence[Told],
        *,
        again: Collection[UUID] = (),
        late: Collection[int] = (),
        asks_papers: bool = False,
    ) -> None:
        """Lock and read the units of a batch; `told` is in the order of arrival.

        Whatever comes, told again are the units with the keys `late`, and those of the statements `again`.
        `asks_papers`: there is a policy that says which papers a shipment needs.
        """
        self._session = session
        # The order of events, a tie by arrival, as `store.past_lines` has it.
        self._told = sorted(told, key=lambda one: one.fact.event_at)
        units, later = unit_store.lock_told(
            session, self._first_events(), emptied={name for one in told for name in one.empties}
        )
        self._picture = Picture(units)
        self._by_name = {unit.unit_id: unit for unit in self._picture.units.values()}
        self.importers: dict[UUID, set[UUID]] = {}
        self.marks: dict[UUID, list[Mark]] = {}
        self._known_until = {
            unit.pk: max(unit.last_at, unit.lot_stopped_at or unit.last_at) for unit in self._picture.units.values()
        }
        self.late = later.union(late)
        self.late |= {self._by_name[name].pk for one in told if one.entry_id in again for name in one.names}
        if stops := self._lot_stops():
            self.late |= unit_store.known_of_lot(session, stops)
        lifts = any(_lifts(one.fact) for one in told)
        self._districts = store.districts(session) if lifts else {}
        self._find_inside()
        self.lacking: dict[UUID, Lacking] = {}
        self._made_of: dict[int, int] = {}
        self._lacking = self._find_lacking() if asks_papers else {}

    def _first_events(self) -> dict[str, datetime]:
        """Return for each unit when this batch first speaks of it."""
        first: dict[str, datetime] = {}
        for one in self._told:
            for name in one.names:
                first.setdefault(name, one.fact.event_at)
        return first

    def _lot_stops(self) -> list[tuple[Unit, datetime]]:
        """Return the lots that this batch stops as a whole or lets go on, and when."""
        return [
            (self._by_name[line.unit], one.fact.event_at)
            for one in self._told
            for line in one.lines
            if stops_lot(one.fact.type, line.unit, line.attributes)
            and may_stop_lot(one.fact, self._by_name[line.unit].issued)
        ]

    def _find_inside(self) -> None:
        """Find what may keep from going on what it is inside of: past its expiry, on hold, recalled."""
        leaving = [one for one in self._told if one.fact.type in BLOCKABLE]
        on = max((one.fact.local_date for one in leaving), default=date.min)
        units = self._picture.units
        if leaving:
            packed = [one for one in self._told if one.fact.type == "pack"]
            going = {self._by_name[line.unit].pk for one in (*leaving, *packed) for line in one.lines}
            self._picture.hanging = unit_store.blocked_inside(self._session, going, known=units, on=on)
        relabelled = {
            self._by_name[line.unit].pk for one in self._told if one.fact.type == "relabel" for line in one.lines
        }
        self._picture.full = unit_store.holding_others(self._session, relabelled, known=units)
        self._aged = {
            unit.pk: unit.expires_on for unit in units.values() if unit.expires_on is not None and unit.expires_on < on
        }

    def _find_lacking(self) -> dict[tuple[UUID, int], _Short]:
        """Find which papers goods lack that leave here, by line; what may be in them, and of which consignments."""
        loads = Loads({unit.pk: unit.parent_pk for unit in self._picture.units.values() if unit.parent_pk is not None})
        asked: list[tuple[tuple[UUID, int], Fact, Unit, frozenset[int]]] = []
        for one in self._told:
            if is_gated(one.fact):
                for number, line in enumerate(one.lines):
                    unit = self._by_name[line.unit]
                    asked.append(((one.entry_id, number), one.fact, unit, loads.inside(unit.pk)))
            self._load(loads, one)
        lines = [
            GatedLine(
                inside=loads.ever_inside(unit.pk),
                told_inside=told_inside,
                lot=unit.lot if unit.stock is not None else None,
                at=fact.event_at,
                day=fact.local_date,
                gln=fact.gln,
            )
            for _, fact, unit, told_inside in asked
        ]
        known = self._picture.units
        found = find_lacking(self._session, lines, known=known)
        members = {pk for place in found for pk in lines[place].inside}
        of = consignments_of(self._session, members, known=known)
        return {asked[place][0]: _Short(lines[place], lacking, of) for place, lacking in found.items()}

    def _load(self, loads: Loads, one: Told) -> None:
        """Note what a statement puts into what, or takes off it."""
        if not one.fact.permitted or not one.fact.correction_permitted:
            return
        for name in one.empties:
            loads.empty(self._by_name[name].pk)
        for line in one.lines:
            if one.fact.type == "pack" and line.parent:
                loads.put(self._by_name[line.unit].pk, self._by_name[line.parent].pk)
            elif one.fact.type == "unpack" and line.role == "child":
                loads.take(self._by_name[line.unit].pk)
        if one.fact.type == "relabel":
            # A new label stands for the old one, which is all that a consignment is known by.
            inputs = [line.unit for line in one.lines if line.role == "input"]
            for line in one.lines:
                name = inputs[0] if len(inputs) == 1 else str(line.attributes.get("from"))
                if line.role == "output" and name in inputs:
                    old, new = self._by_name[name].pk, self._by_name[line.unit].pk
                    self._made_of[new] = old
                    loads.replace(old, new)

    def _lacking_now(self, one: Told, number: int, unit: Unit) -> Lacking:
        """Return what a line lacks by what is in its unit at this moment."""
        short = self._lacking.get((one.entry_id, number))
        if short is None:
            return ()
        lacking = short.lacking
        if unit.stock is None:
            # The picture knows best, but it is not moved by what came late: of that the words of the batch count.
            now = {unit.pk, *(each.pk for each in self._picture.all_in(unit))} - self.late
            here = self._with_old_labels(now) | (self.late & short.line.told_inside) | {unit.pk}
            consignments = {each for pk in here for each in short.of.get(pk, ())}
            lacking = tuple(each for each in lacking if each.consignment_id in consignments)
        if lacking:
            self.lacking[one.entry_id] = tuple(dict.fromkeys((*self.lacking.get(one.entry_id, ()), *lacking)))
        return lacking

    def _with_old_labels(self, pks: set[int]) -> set[int]:
        """Return units and those whose labels this batch replaced by theirs."""
        found, ahead = set(pks), list(pks)
        while ahead:
            old = self._made_of.get(ahead.pop())
            if old is not None and old not in found:
                found.add(old)
                ahead.append(old)
        return found

    def _inside(self, unit: Unit) -> Inside:
        """Return what is in a unit now, as far as it may keep the unit from going on."""
        picture = self._picture
        if not picture.hanging and not self._aged and not picture.laid:
            return NOTHING_INSIDE
        aged = [self._aged.get(each.pk) for each in picture.all_in(unit)] if self._aged else []
        expiries = [*(each.expiry for each in picture.hanging_in(unit)), *aged]
        return Inside(
            expiry=min((expiry for expiry in expiries if expiry is not None), default=None),
            overlays=picture.inside_of(unit),
        )

    def tell(self) -> dict[UUID, list[LineRecord]]:
        """Apply all statements; return the lines of each with what they contradict."""
        return {one.entry_id: self._tell(one) for one in self._told}

    def _tell(self, one: Told) -> list[LineRecord]:
        if one.fact.type in MAKING and any(
            self._is_late(self._by_name[line.unit], None, one.fact.event_at) for line in one.lines
        ):
            # What came out depends on what went in: told again is all of it.
            self.late |= {self._by_name[line.unit].pk for line in one.lines}
        self._earliest_input = min(
            (day for line in one.lines if line.role == "input" and (day := self._by_name[line.unit].expires_on)),
            default=None,
        )
        if one.fact.type == "transform" and one.fact.permitted:
            self.marks[one.entry_id] = weight_marks(one.lines, self._weights(one.lines))
        self._into_lot = makes_lot(one.fact.type, one.lines)
        order = inputs_first([line.role for line in one.lines])
        told = {number: self._tell_line(one, number, one.lines[number]) for number in order}
        records = [told[number] for number in range(len(one.lines))]
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

    def _weights(self, lines: Sequence[Line]) -> dict[int, int | None]:
        """Return what each line weighs: as it says, else as what is known of its unit on arrival."""
        return {
            number: grams if (grams := net_g_of(line)) is not None else self._by_name[line.unit].weighs_g
            for number, line in enumerate(lines)
        }

    def _tell_line(self, one: Told, number: int, line: Line) -> LineRecord:
        unit = self._by_name[line.unit]
        parent = self._by_name[line.parent] if line.parent else None
        said = Said(
            role=line.role,
            parent=line.parent,
            quantity=line.quantity,
            details=details_of(
                one.fact, line, issued=unit.issued, into_lot=self._into_lot, away=self._is_away(one.fact, unit)
            ),
        )
        inside = self._inside(unit) if one.fact.type in BLOCKABLE else NOTHING_INSIDE
        marks = lasting = lasting_marks(
            one.fact,
            line,
            issued=unit.issued,
            inside=inside,
            earliest_input=self._earliest_input,
            looks_issued=unit.looks_issued,
            papers=marks_of(self._lacking_now(one, number, unit)),
        )
        self._picture.note_stop(one.fact, unit, said)
        from_gln = None
        importer = importer_of(one.fact, issued=unit.issued, beginning=unit.beginning, marks=marks)
        if importer is not None:
            self.importers.setdefault(one.entry_id, set()).add(importer)
        if self._is_late(unit, parent, one.fact.event_at):
            self.late.add(unit.pk)
        else:
            did = self._picture.apply(
                one.entry_id,
                one.fact,
                unit=unit,
                said=said,
                parent=parent,
                lasting=marks,
                inside=inside.overlays,
                is_empty=one.fact.type != "relabel" or self._picture.is_empty(unit),
            )
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
            details={**said.details, PAST_DAY: True} if Mark.EXPIRED in lasting else said.details,
        )

    def _is_away(self, fact: Fact, unit: Unit) -> bool:
        """Tell whether a regulator lets go on what is not in its area, by what is known now.

        A whole lot is where it was coded, of a lot that nobody imported here all of it is asked for.
        """
        if not _lifts(fact):
            return False
        if unit.stock is None:
            now = self._picture.effective(unit)
            places = {now.gln, now.to_gln if now.state is UnitState.IN_TRANSIT else None}
            return places != {None} and not any(self._covers(fact, gln) for gln in places if gln)
        if unit.issued is not None:
            return not self._covers(fact, unit.issued.station_gln)
        lies = {place.gln for place, quantity in unit.stock.items() if place.kind in GOODS and quantity}
        return not all(self._covers(fact, gln) for gln in lies)

    def _covers(self, fact: Fact, gln: str) -> bool:
        return covers(self._districts[fact.gln], self._districts.get(gln, ""))

    def _is_late(self, unit: Unit, parent: Unit | None, event_at: datetime) -> bool:
        """Tell whether something later is known of the unit or of what it is in or put into."""
        around = [unit, *self._picture.parents_of(unit), *([] if parent is None else [parent])]
        lot = self._picture.lot_of(unit)
        if lot is not None and lot.pk in self.late:
            return True
        return any(each.pk in self.late or self._known_until[each.pk] >= event_at for each in around)

    def write(self) -> None:
        """Write units, stays, and how lots stand now where that is due."""
        write_picture(self._session, self._picture)
        lot_checkpoints.keep_due(self._session, self._picture, late=self.late)


def write_picture(session: Session, picture: Picture) -> None:
    """Write what a picture did to units and stays, on top of what is stored."""
    store.close_stays(session, picture.leavings)
    store.insert_stays(session, picture.stays)
    moved = [(picture.units[pk], picture.root_of(picture.units[pk])) for pk in picture.touched]
    unit_store.save_units(session, moved, told=picture.told)
    unit_store.save_lots(session, [picture.units[pk] for pk in picture.relabelled])
    unit_store.set_root_below(session, picture.rehoused)
    unit_store.save_stock(session, [picture.units[pk] for pk in picture.touched])
    unit_store.save_lot_stops(session, [(picture.units[pk], at) for pk, at in picture.stopped.items()])
