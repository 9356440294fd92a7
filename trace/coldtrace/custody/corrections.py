"""Corrections as they arrive: what they annul from now on, and whose story has to be told again.

A correction may come before the statement that it names, or with it; whichever comes second settles the matter.  A
correction can be corrected: what it had annulled then stands again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody import case_store, party_store
from coldtrace.custody import correction_store as store
from coldtrace.custody.areas import covers
from coldtrace.custody.correction_rules import Corrected, Correcting, correction_marks, is_permitted
from coldtrace.custody.correction_store import CorrectionRecord, Known
from coldtrace.custody.model import Mark
from coldtrace.custody.retelling import retell
from coldtrace.events.public_piece import Corrects


@dataclass(frozen=True, kw_only=True)
class Arriving:
    """A statement that is about to be stored; `may` says that its device may state it, `reasoned` that it says why."""

    entry_id: UUID
    header_hash: bytes
    gln: str
    recorded_at: datetime
    corrects: Corrects | None
    may: bool
    reasoned: bool


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a batch's corrections come to.

    `marks` are those of the corrections; `settled` are those of which what they correct is here.  To be told again are
    the units with the keys `pks` from `since` on, and those of the arriving statements `again`.  `touched` are all
    statements that are annulled now, or stand again.
    """

    marks: Mapping[UUID, tuple[Mark, ...]] = field(default_factory=dict)
    settled: frozenset[UUID] = frozenset()
    again: frozenset[UUID] = frozenset()
    pks: frozenset[int] = frozenset()
    since: datetime | None = None
    touched: frozenset[UUID] = frozenset()


def take(session: Session, arriving: Sequence[Arriving], waiting: Sequence[CorrectionRecord]) -> Taken:
    """Keep the corrections of a batch, before its statements are stored, and settle what they annul.

    `waiting` are those that were kept before what they name arrived: now.
    """
    correcting = [one for one in arriving if one.corrects is not None]
    if not correcting and not waiting:
        return Taken()
    fresh = _records(session, correcting)
    return _settle(session, arriving, fresh, {each.entry_id: each for each in (*waiting, *store.missed(session))})


def settle_missed(session: Session) -> int:
    """Settle corrections that missed their statement because both arrived at the very same moment; return how many.

    The caller owns the transaction.
    """
    waiting = {each.entry_id: each for each in store.missed(session)}
    if waiting:
        settled = _settle(session, [], [], waiting)
        if settled.pks and settled.since is not None:
            retell(session, settled.pks, since=settled.since)
        party_store.tell_again(session, settled.settled)
        case_store.tell_again(session, settled.touched | settled.settled)
    return len(waiting)


def _settle(
    session: Session,
    arriving: Sequence[Arriving],
    fresh: Sequence[CorrectionRecord],
    waiting: Mapping[UUID, CorrectionRecord],
) -> Taken:
    records = [*fresh, *waiting.values()]
    known = _known(session, arriving, records)
    records = _within_their_areas(session, records, known)
    waiting = {one.entry_id: one for one in records if one.entry_id in waiting}
    stopped = store.stopped(session, {each.entry_id for each in known.values()})
    store.keep(session, [_judge(record, known.get(record.header), stopped) for record in records])
    found = (one for one in waiting.values() if one.header in known)
    barred = {
        one.entry_id for one in found if not is_permitted(_correcting(one), _corrected(known[one.header], stopped))
    }
    store.bar(session, barred)
    touched = store.settle(session, {record.entry_id for record in records})
    ours = {one.entry_id for one in arriving}
    pks, since = store.spoken_of(session, (touched - ours) | barred)
    return Taken(
        marks={one.entry_id: _marks(one, known.get(one.header), stopped) for one in records[: len(fresh)]},
        settled=frozenset(record.entry_id for record in records if record.header in known),
        again=frozenset(touched & ours),
        pks=frozenset(pks),
        since=since,
        touched=frozenset(touched),
    )


def _within_their_areas(
    session: Session, records: Sequence[CorrectionRecord], known: Mapping[bytes, Known]
) -> list[CorrectionRecord]:
    """Return the corrections so that one of a regulator counts as that only where the statement is of its area."""
    pairs = [(one.gln, known[one.header].gln) for one in records if one.by_regulator and one.header in known]
    if not pairs:
        return list(records)
    districts = store.districts(session, {gln for pair in pairs for gln in pair})
    inside = {(office, gln) for office, gln in pairs if covers(districts[office], districts[gln])}
    return [
        replace(one, by_regulator=one.by_regulator and (one.gln, known[one.header].gln) in inside)
        if one.header in known
        else one
        for one in records
    ]


def _records(session: Session, correcting: Sequence[Arriving]) -> list[CorrectionRecord]:
    regulators = store.by_regulators(session, {one.gln for one in correcting})
    return [
        CorrectionRecord(
            entry_id=one.entry_id,
            header=one.corrects.header,
            mode=one.corrects.mode.value,
            may=one.may,
            by_regulator=one.gln in regulators,
            reasoned=one.reasoned,
            gln=one.gln,
            recorded_at=one.recorded_at,
            corrected=None,
            permitted=None,
        )
        for one in correcting
        if one.corrects is not None
    ]


def _known(session: Session, arriving: Sequence[Arriving], records: Sequence[CorrectionRecord]) -> dict[bytes, Known]:
    headers = {record.header for record in records}
    found = {known.header_hash: known for known in store.known_by_header(session, headers)}
    for one in arriving:
        if one.header_hash in headers:
            found[one.header_hash] = Known(
                entry_id=one.entry_id, header_hash=one.header_hash, gln=one.gln, recorded_at=one.recorded_at
            )
    return found


def _judge(record: CorrectionRecord, known: Known | None, stopped: set[UUID]) -> CorrectionRecord:
    if known is None:
        return record
    is_so = is_permitted(_correcting(record), _corrected(known, stopped))
    return CorrectionRecord(**(vars(record) | {"corrected": known.entry_id, "permitted": is_so}))


def _marks(record: CorrectionRecord, known: Known | None, stopped: set[UUID]) -> tuple[Mark, ...]:
    if known is None:
        return (Mark.CORRECTS_UNKNOWN,)
    return correction_marks(_correcting(record), _corrected(known, stopped))


def _correcting(record: CorrectionRecord) -> Correcting:
    return Correcting(
        gln=record.gln,
        recorded_at=record.recorded_at,
        may=record.may,
        by_regulator=record.by_regulator,
        reasoned=record.reasoned,
    )


def _corrected(known: Known, stopped: set[UUID]) -> Corrected:
    return Corrected(gln=known.gln, recorded_at=known.recorded_at, stopped=known.entry_id in stopped)
