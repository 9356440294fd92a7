"""Use cases of pre-issued rolls: draw one, vouch for its numbers, bind its labels to lots, say which are left.

A roll is a code run without lots.  The first lot that a label is bound to is the one that counts, and from then on the
code has its lot like any other: labels, pages and statements see it.  A second lot is kept beside it and is a case for
a person.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.gtin import parse_gtin
from coldtrace.codes.refusals import printable
from coldtrace.codes.scan import read_scan
from coldtrace.env import Env
from coldtrace.errors import Lang, Refusal
from coldtrace.events.roll_certificate import (
    NUMBERS_MAX,
    RollCertificate,
    sign_roll_certificate,
    write_roll_certificate,
)
from coldtrace.goods import roll_store, stops, store
from coldtrace.goods.draw import OpenRun, draw_rest, open_run
from coldtrace.goods.plan import Cartons
from coldtrace.goods.print_refusals import CodeNotIssued
from coldtrace.goods.roll_refusals import (
    BindNotPermitted,
    LotAmbiguous,
    LotUnknown,
    RollTooLong,
    RollUnfinished,
    RollUnknown,
)
from coldtrace.goods.roll_rules import BindLot, BindStatus, NumberList, RollCode, decide_bind, fits, number_lists
from coldtrace.goods.roll_store import BindingRecord, RollRecord
from coldtrace.goods.service import find_station
from coldtrace.parties import store as parties_store
from coldtrace.parties import trust
from coldtrace.rights.model import EVERYTHING, Scope
from coldtrace.seal.keys import key_id
from coldtrace.seal.trust_entries import TrustList
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.verify.code import Verdict

BIND_DAYS = 90
CODES_MAX = 1000
"""Codes of one call that binds."""
TEXT_SHOWN = 500
CHOICES_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class NewRoll:
    """A roll of `count` labels for one station; without a GTIN its codes are of the form `/U/`."""

    station_gln: str | None
    count: int
    scope: Scope
    """The stations that may draw for whoever asks."""
    gtin: str | None = None
    bind_days: int = BIND_DAYS


@dataclass(frozen=True, kw_only=True)
class BindCodes:
    """Codes as they were scanned or keyed in, and the lot on which their labels were found."""

    codes: Sequence[str]
    lot: str
    by: str
    scope: Scope
    """The stations whose labels and lots whoever binds may bind; others are as good as not there."""
    consignment_id: UUID | None = None
    gtin: str | None = None
    permitted: bool = True
    """Whether whoever binds may commission goods at all, which is what binding says."""


@dataclass(frozen=True, kw_only=True)
class BoundItem:
    """What became of one code; `refusal` says why it was refused, `left_lot_id` which lot it was of until now."""

    text: str
    status: BindStatus
    unit_id: str | None = None
    roll: UUID | None = None
    number: int | None = None
    refusal: Refusal | None = None
    left_lot_id: int | None = None

    def to_json(self, lang: Lang) -> dict[str, object]:
        """Return the answer as the API and the command line show it."""
        return {
            "text": self.text[:TEXT_SHOWN],
            "status": self.status.value,
            "unit": self.unit_id,
            "roll": None if self.roll is None else str(self.roll),
            "number": self.number,
            "code": None if self.refusal is None else self.refusal.code,
            "detail": None if self.refusal is None else self.refusal.say(lang),
        }


Bound = Mapping[str, int | None]
"""The units that got a lot, each with the row of the lot that it was of until then."""


@dataclass(frozen=True, kw_only=True)
class StatedBinding:
    """What a commission statement says of one unit: the code it read, and the facts of the lot."""

    unit_id: str
    code_hash: bytes
    gln: str
    facts_hash: bytes
    at: datetime
    by: str


def new_roll(session: Session, env: Env, command: NewRoll) -> UUID:
    """Open a roll and draw its first piece; `finish_roll` draws the others.  The caller owns the transaction.

    Raises RollTooLong, StationUnknown, the refusals of a GTIN, and what `open_run` raises.
    """
    if not 1 <= command.count <= NUMBERS_MAX:
        raise RollTooLong(count=command.count, limit=NUMBERS_MAX)
    station = find_station(session, command.station_gln, command.scope)
    gtin = None if command.gtin is None else parse_gtin(command.gtin)
    steps = [Cartons(count=command.count, gtin=gtin)]
    run = open_run(session, env, OpenRun(station_gln=station.gln, steps=steps, kind="roll"))
    until = env.clock() + timedelta(days=command.bind_days)
    roll_store.insert_roll(session, run_id=run.run_id, gtin=gtin, bind_until=until)
    return run.run_id


def finish_roll(
    begin: Callable[[], AbstractContextManager[Session]],
    env: Env,
    run_id: UUID,
    scope: Scope,
    progress: Callable[[int, int], None] = lambda drawn, wanted: None,
) -> RollRecord:
    """Draw a roll to its end and sign its certificate, for the doors: `begin` opens a transaction for each piece.

    Said again it changes nothing.  Raises RollUnknown and what `draw_next` raises.
    """
    with begin() as session:
        find_roll(session, run_id, scope)
    draw_rest(begin, env, run_id, progress)
    with begin() as session:
        certificate_of(session, env, run_id, scope)
        return find_roll(session, run_id, scope)


def find_roll(session: Session, run_id: UUID, scope: Scope) -> RollRecord:
    """Return a roll of the scope with its counts; raise RollUnknown."""
    record = roll_store.find_roll(session, run_id, scope)
    if record is None:
        raise RollUnknown(id=str(run_id))
    return record


def certificate_of(session: Session, env: Env, run_id: UUID, scope: Scope) -> str:
    """Return the signed range certificate of a roll, made when it is first asked for; always the same text.

    Raises RollUnknown, RollUnfinished, and NoCodeKey when no key of the station may sign now.
    """
    roll = find_roll(session, run_id, scope)
    if roll.drawn < roll.wanted:
        raise RollUnfinished(id=str(run_id), drawn=roll.drawn, wanted=roll.wanted)
    kept = roll_store.certificate(session, run_id)
    if kept is not None:
        return kept
    now = env.clock()
    key = trust.code_key(session, env, roll.station_gln, now)
    text = write_roll_certificate(
        RollCertificate(
            net=env.net,
            roll=str(run_id),
            site=roll.station_gln,
            key=key_id(key.signer.spki),
            gtin=roll.gtin,
            first=1,
            serials=tuple(roll_store.serials(session, run_id)),
            issued=now,
            bind_until=roll.bind_until,
        )
    )
    envelope = sign_roll_certificate(text, key.signer)
    roll_store.keep_certificate(session, run_id, envelope)
    return envelope


def report(session: Session, run_id: UUID, scope: Scope) -> dict[NumberList, list[int]]:
    """Return the numbers on each list of a roll; raise RollUnknown."""
    find_roll(session, run_id, scope)
    return number_lists(roll_store.numbers(session, run_id))


def find_lot(session: Session, scope: Scope, *, lot: str, consignment_id: UUID | None, gtin: str | None) -> BindLot:
    """Return the one lot of this name at a station of the scope; raise LotUnknown or LotAmbiguous.

    Its import stands until the commit.
    """
    wanted = None if gtin is None else parse_gtin(gtin)
    found = roll_store.open_lots_named(session, lot, scope, consignment_id=consignment_id, gtin=wanted)
    if not found:
        raise LotUnknown(lot=lot[:60])
    if len(found) > 1:
        choices = "; ".join(f"{each.consignment_id} (01){each.gtin or '-'}" for each in found[:CHOICES_SHOWN])
        raise LotAmbiguous(lot=lot[:60], choices=choices)
    return found[0]


def bind_codes(session: Session, env: Env, command: BindCodes) -> tuple[BindLot, list[BoundItem]]:
    """Bind labels of rolls to a lot; answer for each code in its order.  The caller owns the transaction.

    One bad code never touches the others.  Each code must verify and be registered.  The same again is `repeat`; a
    number that has another lot is `double_bound`, kept, and not applied.  Raises LotUnknown or LotAmbiguous.
    """
    now = env.clock()
    lot = find_lot(session, command.scope, lot=command.lot, consignment_id=command.consignment_id, gtin=command.gtin)
    if not command.permitted:
        refused = BindNotPermitted()
        return lot, [BoundItem(text=text, status=BindStatus.REFUSED, refusal=refused) for text in command.codes]
    trusted = _trust(session)
    read = [_read(session, text, command.scope, trusted=trusted, now=now) for text in command.codes]
    known = roll_store.lock_codes(session, {each for each in read if isinstance(each, str)}, command.scope)
    items: list[BoundItem] = []
    fresh: dict[str, BindingRecord] = {}
    for text, unit in zip(command.codes, read, strict=True):
        if isinstance(unit, Refusal):
            items.append(BoundItem(text=text, status=BindStatus.REFUSED, refusal=unit))
            continue
        item = _bind(text, unit, known.get(unit), lot, now=now, again=unit in fresh)
        items.append(item)
        if item.status in (BindStatus.BOUND, BindStatus.DOUBLE_BOUND) and unit not in fresh:
            applied = item.status is BindStatus.BOUND
            fresh[unit] = _record(env, unit, lot, at=now, by=command.by, applied=applied)
    roll_store.keep_bindings(session, list(fresh.values()))
    return lot, items


def bind_stated(session: Session, env: Env, stated: Sequence[StatedBinding]) -> tuple[set[bytes], Bound]:
    """Bind what commission statements say of labels of rolls; return those facts that name a lot of their station, and
    the units that were bound now, each with the lot that it was of until then.

    Nothing is refused here: custody marks what does not fit.  The caller owns the transaction.
    """
    if not stated:
        return set(), {}
    hashes = roll_store.code_hashes(session, {each.unit_id for each in stated})
    of_rolls = [each for each in stated if hashes.get(each.unit_id) == each.code_hash]
    if not of_rolls:
        return set(), {}
    lots = roll_store.open_lots_of_facts(session, {each.facts_hash for each in of_rolls})
    # Whoever stated this was judged by the rules of statements, and below only a station's own labels count.
    codes = roll_store.lock_codes(session, {each.unit_id for each in of_rolls}, EVERYTHING)
    bound: dict[str, int] = {}
    records, named = [], set()
    for each in of_rolls:
        code, lot = codes[each.unit_id], lots.get(each.facts_hash)
        if lot is None or lot.station_gln != each.gln:
            continue
        named.add(each.facts_hash)
        if code.voided or code.station_gln != each.gln or not fits(code, lot):
            continue
        holds = bound.get(each.unit_id, code.lot_id)
        if holds != lot.lot_id:
            records.append(_record(env, each.unit_id, lot, at=each.at, by=each.by, applied=holds is None))
        bound.setdefault(each.unit_id, lot.lot_id if holds is None else holds)
    roll_store.keep_bindings(session, records)
    return named, {each.unit_id: codes[each.unit_id].left_lot_id for each in records if each.applied}


def _bind(text: str, unit: str, code: RollCode | None, lot: BindLot, *, now: datetime, again: bool) -> BoundItem:
    if code is None:
        # Said of the text, not of the unit: out of scope, it must not be told which unit a text names.
        return BoundItem(text=text, status=BindStatus.REFUSED, refusal=CodeNotIssued(text=printable(text)))
    try:
        status = decide_bind(code, lot, now=now)
    except Refusal as refusal:
        return BoundItem(text=text, status=BindStatus.REFUSED, unit_id=unit, refusal=refusal)
    if again and status is BindStatus.BOUND:
        status = BindStatus.REPEAT
    return BoundItem(
        text=text,
        status=status,
        unit_id=unit,
        roll=code.run_id,
        number=code.number,
        left_lot_id=code.left_lot_id,
    )


def _read(session: Session, text: str, scope: Scope, *, trusted: TrustList, now: datetime) -> str | Refusal:
    """Return the unit that a scanned or keyed-in code names, or why it is refused."""
    try:
        scan = read_scan(text)
        if scan.serial is not None:
            code = store.label_code(session, scan, scope)
            if code is None:
                return CodeNotIssued(text=printable(text))
            text = code.uri
    except Refusal as refusal:
        return refusal
    report = stops.judge_code(session, text, trust_list=trusted, now=now)
    if report.verdict is not Verdict.VALID or report.code is None or report.code.unit_id is None:
        return report.refusal or CodeNotIssued(text=printable(text))
    return report.code.unit_id


def _record(env: Env, unit: str, lot: BindLot, *, at: datetime, by: str, applied: bool) -> BindingRecord:
    return BindingRecord(
        binding_id=env.new_id(), unit_id=unit, lot_id=lot.lot_id, bound_at=at, bound_by=by, applied=applied
    )


def _trust(session: Session) -> TrustList:
    row = parties_store.newest_trust_list(session)
    assert row is not None, "installing publishes the first trust list"
    return open_trust_list(row.envelope, root=None)
