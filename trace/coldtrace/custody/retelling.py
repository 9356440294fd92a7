"""Telling stories again from their beginning, after a statement arrived late.

What a unit's lines mean depends on what came before them and on where the unit's parents were at that moment.  So a
late statement about a pallet reaches the cartons that were on it, also those that left it since: their marks (a
receive that seemed to lack its out-scan), their stays, and what unpacking the whole pallet took off it.  From a carton
up to its pallet reaches one thing: what lies on the carton keeps the pallet from going on.  Where anything lies on any
of them, the pallets that went on since are told again too, with all that was on them.

Told again is therefore whoever is late and all that was inside since, beside the stories of all that these were ever
in, in the one order of events, through the same `Picture` as statements that arrive in order; nesting of any depth is
no special case.

What stops a whole lot, or lets it go on, reaches all units of the lot: of a lot that is not told again itself, only
these lines are told beside the stories of its units.

A lot by quantity with a long story is told from a checkpoint on (`lot_checkpoints.py`), where that is the same.

What a correction annulled is passed over, as if it had never been said.

Two things stay as they were on arrival: what `rules.lasting_marks` judged, and the order of statements that claim the
very same millisecond (the one that arrived first goes first, as the domain guide has it).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody import case_store, lot_checkpoints, party_store, store, unit_store
from coldtrace.custody.lot_checkpoints import Checkpoint, Noting
from coldtrace.custody.model import Decision, Holding, Mark, Said
from coldtrace.custody.overlays import BLOCKABLE
from coldtrace.custody.picture import Picture, Stay, Unit
from coldtrace.custody.projection import inputs_first
from coldtrace.custody.rules import BARRED, IMPLIED, only_lasting
from coldtrace.custody.store import LineRecord, PastLine

LineMarks = dict[tuple[UUID, int], tuple[Mark, ...]]
Decisions = dict[tuple[UUID, int], Decision]
"""What each line did, by statement and number."""


def retell(session: Session, late: Collection[int], *, since: datetime) -> LineMarks:
    """Bring units, stays, marks and implied lines in order for these units; return the marks that changed.

    `since` is the first moment of which something new is known.
    """
    of_lots = unit_store.units_of_lots(session, late, since=since)
    if of_lots:
        unit_store.lock_for_lots(session)
    units, lots, starts = unit_store.lock_stories(session, of_lots.union(late), since=since)
    before = {unit.pk: unit for unit in units}
    known = lot_checkpoints.read(session, starts)
    picture = Picture(_at_its_beginning(unit, known.get(unit.pk)) for unit in units)
    lines = store.past_lines(session, before.keys() - lots, stops_of=lots, starts=starts)
    by_quantity = {unit.pk: unit for unit in units if unit.stock is not None and unit.pk not in lots}
    noting = Noting(lot_checkpoints.moments(lines, by_quantity, starts, since))
    told, implied = tell_lines(picture, [line for line in lines if line.role != IMPLIED], since=since, noting=noting)
    # Of a lot that is not told again only the stops were told, so what its lines contradict stays as it is.
    changed = write_findings(session, [line for line in lines if line.unit_pk not in lots], told)
    others = write_implied(session, [line for line in lines if line.role == IMPLIED], implied)
    told_otherwise = {entry for entry, _ in changed} | others
    party_store.tell_again(session, told_otherwise)
    case_store.tell_again(session, told_otherwise)
    # Who held goods before may be others now, though what they contradict is the same.
    case_store.tell_parties(session, {line.entry_id for line in lines if line.marks} - told_otherwise)
    _write_stays(session, picture)
    moved = [unit for unit in picture.units.values() if unit.pk not in lots and unit != before[unit.pk]]
    unit_store.save_units(session, [(unit, picture.root_of(unit)) for unit in moved])
    unit_store.save_lots(session, [unit for unit in moved if unit.lot_id != before[unit.pk].lot_id])
    unit_store.save_stock(session, moved)
    unit_store.set_root_below(session, {unit.pk for unit in moved})
    noting.rest(picture.units)
    lot_checkpoints.forget(session, by_quantity, since=since)
    lot_checkpoints.write(session, noting.noted)
    return {place: now.marks for place, now in changed.items()}


def _at_its_beginning(unit: Unit, checkpoint: Checkpoint | None) -> Unit:
    return Unit(
        pk=unit.pk,
        unit_id=unit.unit_id,
        holding=Holding(state=unit.beginning) if checkpoint is None else checkpoint.holding,
        parent_pk=None,
        last_at=unit_store.EARLIEST if checkpoint is None else checkpoint.at,
        beginning=unit.beginning,
        issued=unit.issued,
        # What a new label took over it takes over again, or not.
        lot=unit.lot if unit.lot_coded or unit.stock is not None else None,
        lot_id=unit.lot_id if unit.lot_coded else None,
        lot_coded=unit.lot_coded,
        lot_stopped_at=unit.lot_stopped_at,
        lot_recalled_at=unit.lot_recalled_at,
        stock=None if unit.stock is None else {} if checkpoint is None else checkpoint.stock,
        booked=unit.booked,
        looks_issued=unit.looks_issued,
        version=unit.version,
    )


def tell_lines(
    picture: Picture, lines: Iterable[PastLine], *, since: datetime, noting: Noting | None = None
) -> tuple[Decisions, dict[tuple[UUID, int], LineRecord]]:
    """Apply lines in the order of events; return what each did, and what whole unpackings imply by (statement, child).

    A line's lasting marks stay as they are stored; `implied` lines are not among the given ones.  All that was in a
    unit at `since` or later must be in the picture; what was inside it before is not, so whether that kept it from
    going on stays as it is stored.  `noting` notes lots on the way.
    """
    told: Decisions = {}
    implied: dict[tuple[UUID, int], LineRecord] = {}
    for entry_id, group in groupby(lines, key=lambda line: line.entry_id):
        said = list(group)
        deed = said[0].deed
        for line in (said[number] for number in inputs_first([line.role for line in said])):
            unit, lasting = picture.units[line.unit_pk], only_lasting(line.type, line.marks, line.details)
            parent = None if line.parent_pk is None else picture.units[line.parent_pk]
            says = Said(
                role=line.role,
                parent=None if parent is None else parent.unit_id,
                quantity=line.quantity,
                details=line.details,
            )
            picture.note_stop(deed, unit, says)
            if noting is not None and unit.stock is not None:
                noting.before(unit, deed.event_at)
            if line.annulled:
                told[entry_id, line.line_no] = picture.pass_over(deed, unit=unit, lasting=lasting)
                continue
            inside: frozenset[str] = frozenset()
            if line.type in BLOCKABLE:
                if deed.event_at >= since:
                    inside = picture.inside_of(unit)
                elif Mark.BLOCKED_INSIDE in line.marks:
                    lasting = (*lasting, Mark.BLOCKED_INSIDE)
            is_empty = True
            if line.type == "relabel":
                judged = deed.event_at >= since
                is_empty = picture.is_empty(unit) if judged else Mark.NOT_EMPTY not in line.marks
            told[entry_id, line.line_no] = picture.apply(
                entry_id,
                deed,
                unit=unit,
                said=says,
                parent=parent,
                lasting=lasting,
                inside=inside,
                is_empty=is_empty,
            )
        emptied = {line.unit_pk for line in said if line.whole and not line.annulled and BARRED.isdisjoint(line.marks)}
        for child, parent, its_marks in picture.empty(entry_id, deed, parents=emptied) if emptied else ():
            implied[entry_id, child.pk] = LineRecord(
                entry_id=entry_id,
                line_no=-1,
                unit_pk=child.pk,
                role=IMPLIED,
                parent_pk=parent.pk,
                quantity=1,
                event_at=deed.event_at,
                marks=its_marks,
            )
    return told, implied


def write_findings(session: Session, lines: Iterable[PastLine], told: Decisions) -> Decisions:
    """Write what lines contradict now, and whence their units came; return those that changed."""
    changed = {
        (line.entry_id, line.line_no): now
        for line in lines
        if (now := told.get((line.entry_id, line.line_no))) is not None
        and (now.marks, now.from_gln) != (line.marks, line.from_gln)
    }
    store.replace_findings(
        session, [(entry, number, now.marks, now.from_gln) for (entry, number), now in changed.items()]
    )
    return changed


def write_implied(
    session: Session, stored: Sequence[PastLine], implied: dict[tuple[UUID, int], LineRecord]
) -> set[UUID]:
    """Make the stored implied lines those that the story implies now; a line that stays keeps its number.

    Return the statements whose implied lines changed.
    """
    fresh = dict(implied)
    gone: list[tuple[UUID, int]] = []
    other: list[tuple[UUID, int, tuple[Mark, ...], None]] = []
    for line in stored:
        now = fresh.get((line.entry_id, line.unit_pk))
        if now is None or now.parent_pk != line.parent_pk:
            gone.append((line.entry_id, line.line_no))
            continue
        del fresh[line.entry_id, line.unit_pk]
        if now.marks != line.marks:
            other.append((line.entry_id, line.line_no, now.marks, None))
    store.forget_lines(session, gone)
    store.replace_findings(session, other)
    next_number = store.line_counts(session, {record.entry_id for record in fresh.values()}) if fresh else {}
    numbered = []
    for record in fresh.values():
        numbered.append(LineRecord(**(vars(record) | {"line_no": next_number[record.entry_id]})))
        next_number[record.entry_id] += 1
    store.insert_lines(session, numbered)
    return {place[0] for place in (*gone, *(each[:2] for each in other), *fresh)}


def _write_stays(session: Session, picture: Picture) -> None:
    """Write the stays of those units whose stays differ from what is stored."""
    stored: dict[int, list[tuple[object, ...]]] = {}
    for stay in store.stays_of(session, picture.units.keys()):
        stored.setdefault(stay.child_pk, []).append(_known(stay))
    told: dict[int, list[tuple[object, ...]]] = {}
    for stay in picture.stays:
        told.setdefault(stay.child_pk, []).append(_known(stay))
    differ = {pk for pk in picture.units if set(stored.get(pk, ())) != set(told.get(pk, ()))}
    if differ:
        store.forget_stays(session, differ)
        store.insert_stays(session, [stay for stay in picture.stays if stay.child_pk in differ])


def _known(stay: Stay) -> tuple[object, ...]:
    return tuple(vars(stay).values())
