"""Capturing statements: check, store, log, place, receipt.

The order that makes it safe: the batch's devices are locked, so that two uploads of one device never overlap;
everything of a batch is written in the caller's one transaction; receipts are signed from what was written, and the
door sends them only after the commit.  A repeat gets the first receipt again, because the receipt depends on stored
facts alone and Ed25519 is deterministic.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal
from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.gln import parse_gln
from coldtrace.codes.refusals import MalformedNumber
from coldtrace.custody import (
    binding,
    case_store,
    correction_store,
    corrections,
    paper_gate,
    party_store,
    refused,
    store,
    unit_store,
    vouchers,
)
from coldtrace.custody.corrections import Arriving
from coldtrace.custody.details import may_stop_lot
from coldtrace.custody.lots import stops_lot
from coldtrace.custody.model import BLOCKING, Deed, Fact, Level, Mark, beijing_day
from coldtrace.custody.party_store import PartyRecord
from coldtrace.custody.projection import Projection, Told
from coldtrace.custody.read_wire import ReadWire, read_wire
from coldtrace.custody.refusals import DeviceRevoked, DeviceUnknown, IdConflict, OtherInstallation
from coldtrace.custody.retelling import retell
from coldtrace.custody.rules import BARRED, IMPLIED, only_lasting, order_time, statement_marks
from coldtrace.custody.store import LineRecord, Places, StatementRecord
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.events.certificate import Certificate, CertificateMismatch, mismatches, opens_site, read_certificate
from coldtrace.events.leaf import LeafKind, leaf_bytes
from coldtrace.events.private_piece import PrivatePiece
from coldtrace.events.public_piece import PublicPiece
from coldtrace.events.receipt import issue_receipt
from coldtrace.events.refusals import BadStatementSignature
from coldtrace.events.statement import CheckedStatement
from coldtrace.events.statement_type import StatementType
from coldtrace.goods import rolls
from coldtrace.goods.paper_rules import LackingPaper
from coldtrace.goods.rolls import StatedBinding
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry, StoredEntry
from coldtrace.parties import store as parties
from coldtrace.parties.model import LockedDevice
from coldtrace.parties.rules import ALWAYS
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.hashing import leaf_hash

INCLUDE_WITHIN = timedelta(seconds=60)
"""The promise on every receipt."""

Status = Literal["accepted", "repeat", "blocked", "refused"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one statement.  `refusal` is set when it was refused, `receipt` otherwise."""

    id: str | None
    status: Status
    refusal: Refusal | None = None
    receipt: Mapping[str, object] | None = None
    marks: tuple[str, ...] = ()
    lacking: tuple[LackingPaper, ...] = ()
    """Which papers the goods of an out-scan lack."""


@dataclass(frozen=True, kw_only=True)
class _Speaker:
    """A device that a batch names, its row locked."""

    key_id: bytes
    spki: bytes
    gln: str
    operations: Sequence[str]
    state: str
    enrolled_at: datetime
    certificate: Certificate
    site_salt: bytes
    level: Level
    firm: str
    """The USCC of its site's operator."""
    closed_at: int | None
    """The number of its `close`, for a retired key."""

    @classmethod
    def of(cls, row: LockedDevice, *, closed_at: int | None) -> "_Speaker":
        return cls(
            key_id=row.key_id,
            spki=row.spki,
            gln=row.gln,
            operations=tuple(row.operations),
            state=row.state,
            enrolled_at=row.enrolled_at,
            certificate=read_certificate(row.certificate),
            site_salt=row.site_salt,
            level=store.level_of(row.site_role),
            firm=row.uscc,
            closed_at=closed_at,
        )

    def may_still_say(self, seq: int) -> bool:
        """Tell whether a statement of this number is taken: of a closed chain, what was said before the close."""
        if self.state == "retired":
            return self.closed_at is not None and seq < self.closed_at
        return self.state != "revoked"


@dataclass(frozen=True, kw_only=True)
class _Admitted:
    """A statement that passed every check and will be stored."""

    checked: CheckedStatement
    speaker: _Speaker
    recorded_at: datetime
    event_at: datetime
    marks: list[Mark]
    entry: Entry

    @property
    def deed(self) -> Deed:
        """What was done, where, when and by whom: enough to ask who may do it."""
        return Deed(
            type=self.checked.public.type.value,
            gln=self.speaker.gln,
            to_gln=None,
            event_at=self.event_at,
            level=self.speaker.level,
            firm=self.speaker.firm,
        )


_Kept = dict[UUID, tuple[tuple[Mark, ...], tuple[LackingPaper, ...]]]
"""What each stored statement contradicts, and which papers its goods lack."""


def capture(
    session: Session,
    env: Env,
    wires: Sequence[object],
    *,
    devices: Mapping[bytes, LockedDevice] | None = None,
    known: Mapping[UUID, StoredEntry] | None = None,
    trial: bool = False,
) -> list[Result]:
    """Store every acceptable statement of a batch and answer for each, in order.  The caller owns the transaction.

    A statement already stored answers `repeat` with its first receipt; the same id with another header is refused.
    One bad statement never touches the others.  Units are locked in the order of their keys, but a late statement
    finds more of them on the way: PostgreSQL may stop one of two such batches, and the door tells it again.

    A wire may be a ReadWire, read before; `devices` are the rows of the keys that they name, locked by the caller, who
    asked with these locks held what is `known` of their ids.
    Of a `trial` nothing will be committed: it keeps nobody else from lots, devices or the quarantine.
    """
    now = env.clock()
    read = [wire if isinstance(wire, ReadWire) else read_wire(wire) for wire in wires]
    checked = [one.checked for one in read if one.checked is not None]
    rows = parties.lock_devices(session, {one.header.key for one in checked}) if devices is None else devices
    retired = [key for key, row in rows.items() if row.state == "retired"]
    closed = store.closed_at(session, retired) if retired else {}
    speakers = {key: _Speaker.of(row, closed_at=closed.get(key)) for key, row in rows.items()}
    if known is None:
        known = ledger.known_entries(session, [one.header.id for one in checked])
    admitted: dict[UUID, _Admitted] = {}
    results: list[Result] = []
    for each in read:
        if each.checked is None:
            results.append(Result(id=None, status="refused", refusal=each.refusal))
            continue
        try:
            results.append(_judge(env, each, each.checked, speakers, known, admitted, now))
        except Refusal as refusal:
            results.append(Result(id=str(each.checked.header.id), status="refused", refusal=refusal))
    kept = _keep(session, env, list(admitted.values()), trial=trial)
    if not trial:
        parties.touch_devices(session, {one.speaker.key_id for one in admitted.values()}, now)
    refusals = [(one, result.refusal.code) for one, result in zip(read, results, strict=True) if result.refusal]
    if refusals and not trial:
        refused.keep(session, refusals, sites={key: speaker.gln for key, speaker in speakers.items()}, at=now)
    return [
        result
        if result.status != "accepted" or one.checked is None
        else _with_receipt(env, result, admitted[one.checked.header.id], kept)
        for one, result in zip(read, results, strict=True)
    ]


def _judge(
    env: Env,
    read: ReadWire,
    one: CheckedStatement,
    speakers: Mapping[bytes, _Speaker],
    known: Mapping[UUID, StoredEntry],
    admitted: dict[UUID, _Admitted],
    now: datetime,
) -> Result:
    """Admit a statement or answer a repeat; raise the Refusal of a statement that is not kept."""
    id = one.header.id
    speaker = speakers.get(one.header.key)
    if speaker is None:
        raise DeviceUnknown(key=b64(one.header.key))
    if not read.is_signed_by(speaker.spki):
        raise BadStatementSignature()
    stored = known.get(id) or (_as_stored(env, admitted[id].entry) if id in admitted else None)
    if stored is not None:
        # Also from a key that was revoked since: what was acknowledged stays acknowledged.
        return _repeat(env, one, stored)
    if not speaker.may_still_say(one.private.seq):
        raise DeviceRevoked(key=b64(speaker.key_id))
    # Statements of one batch arrived one after another: a microsecond apart keeps their order in the record.
    admitted[id] = _admit(env, one, speaker, received_at=now, recorded_at=now + timedelta(microseconds=len(admitted)))
    return Result(id=str(id), status="accepted")


def _as_stored(env: Env, entry: Entry) -> StoredEntry:
    return StoredEntry(
        log=env.log,
        entry_id=entry.entry_id,
        leaf=entry.leaf,
        leaf_hash=entry.leaf_hash,
        received_at=entry.received_at,
    )


def _repeat(env: Env, one: CheckedStatement, stored: StoredEntry) -> Result:
    """Answer a statement that is stored already.  Header bytes alone are compared: they hold the hashes of all."""
    if json.loads(stored.leaf)["body"] != one.wire.header:
        raise IdConflict(id=str(one.header.id))
    return Result(id=str(one.header.id), status="repeat", receipt=_receipt(env, one, stored))


def _admit(
    env: Env, one: CheckedStatement, speaker: _Speaker, *, received_at: datetime, recorded_at: datetime
) -> _Admitted:
    if one.header.net != env.net:
        raise OtherInstallation()
    event_at, marks = order_time(
        claimed_at=one.private.at,
        recorded_at=recorded_at,
        enrolled_at=speaker.enrolled_at,
        stated_skew=one.private.value("clock_skew"),
    )
    if _require_certified(env, one, speaker) and Mark.CLOCK_SKEW not in marks:
        marks.append(Mark.CERTIFICATE_OVER)
    if speaker.state == "suspended":
        marks.append(Mark.KEY_SUSPENDED)
    if one.public.type.value not in speaker.operations and one.public.type.value not in ALWAYS:
        marks.append(Mark.NOT_PERMITTED)
    leaf = leaf_bytes(LeafKind.CTE1, one.wire.header, one.signature, received_at)
    entry = Entry(
        entry_id=one.header.id,
        leaf=leaf,
        leaf_hash=leaf_hash(leaf),
        received_at=received_at,
        pieces={
            "public": one.wire.public.encode(),
            "private": one.wire.private.encode(),
            "units": one.wire.units.encode(),
        },
    )
    return _Admitted(checked=one, speaker=speaker, recorded_at=recorded_at, event_at=event_at, marks=marks, entry=entry)


def _require_certified(env: Env, one: CheckedStatement, speaker: _Speaker) -> bool:
    """Raise CertificateMismatch unless the device speaks for its own place; tell whether its certificate is over.

    A day outside the certificate's window is kept and marked, not refused: the device is enrolled, and what it saw
    was seen.
    """
    found = mismatches(speaker.certificate, net=env.net, key=speaker.key_id, public=one.public)
    for what in found:
        if what != "certificate_window":
            raise CertificateMismatch(what=what)
    if not opens_site(speaker.certificate, salt=speaker.site_salt, gln=one.private.site):
        raise CertificateMismatch(what="certificate_other_site")
    return bool(found)


def _keep(session: Session, env: Env, admitted: Sequence[_Admitted], *, trial: bool) -> _Kept:
    """Write a batch; return what each statement contradicts."""
    if not admitted:
        return {}
    if not trial and _may_stop_lots(session, admitted):
        unit_store.lock_for_lots(session)
    # All that can be asked now, before anything is waited for.
    places = store.ask_places(session, [(one.speaker.key_id, one.checked.private.seq) for one in admitted])
    leaving = any(one.checked.public.type.value in paper_gate.GATED for one in admitted)
    asks_papers = paper_gate.ask_policies(session) if leaving else lambda: False
    require_added = ledger.add(session, env.log, [one.entry for one in admitted])
    waiting = correction_store.ask_waiting(session, {one.checked.header_hash for one in admitted})
    _mark_forks(session, admitted, places())
    for one in admitted:
        if one.checked.public.type is StatementType.CLOSE:
            parties.retire_device(session, one.speaker.key_id)
    require_added()
    corrected = corrections.take(session, [_arriving(one) for one in admitted], waiting())
    registered = store.registered_glns(session, {gln for one in admitted if (gln := _to_gln(one)) is not None})
    for one in admitted:
        one.marks.extend(corrected.marks.get(one.entry.entry_id, ()))
        one.marks.extend(_of_statement(one))
    lots, bound = rolls.bind_stated(session, env, [said for one in admitted for said in _stated_bindings(one)])
    held = binding.held_before(session, bound)
    told = [_told(one, registered, lots) for one in admitted]
    projection = Projection(session, told, again=corrected.again, late=corrected.pks | held, asks_papers=asks_papers())
    lines = projection.tell()
    for one in admitted:
        one.marks.extend(projection.marks.get(one.entry.entry_id, ()))
    projection.write()
    records = [_record(one, lines[one.entry.entry_id]) for one in admitted]
    store.insert_told(session, records, [line for found in lines.values() for line in found])
    vouchers.insert_numbers(session, [(one.entry.entry_id, said) for one in admitted if (said := _voucher(one))])
    party_store.insert_parties(session, [_parties(one, lines[one.entry.entry_id], projection) for one in admitted])
    case_store.open_stated(session, _marked(admitted, lines))
    known_since = unit_store.EARLIEST if held else corrected.since
    since = min(each for each in (known_since, *(one.event_at for one in admitted)) if each is not None)
    changed = retell(session, projection.late, since=since) if projection.late else {}
    party_store.tell_again(session, corrected.settled)
    case_store.tell_again(session, corrected.touched | corrected.settled)
    return {
        one.entry.entry_id: (
            tuple(
                dict.fromkeys(
                    [
                        *one.marks,
                        *(
                            mark
                            for line in lines[one.entry.entry_id]
                            for mark in changed.get((line.entry_id, line.line_no), line.marks)
                        ),
                    ]
                )
            ),
            projection.lacking.get(one.entry.entry_id, ()),
        )
        for one in admitted
    }


def _may_stop_lots(session: Session, admitted: Sequence[_Admitted]) -> bool:
    """Tell whether any of these stops a whole lot, or lets one go on, and may: only then all others have to wait."""
    asked = [
        (one, line.unit)
        for one in admitted
        if Mark.NOT_PERMITTED not in one.marks
        for line in one.checked.units.lines
        if stops_lot(one.checked.public.type.value, line.unit, line.attributes)
    ]
    if not asked:
        return False
    issued = unit_store.issued_lots(session, [unit for _, unit in asked])
    return any(may_stop_lot(one.deed, issued.get(unit)) for one, unit in asked)


def _mark_forks(session: Session, admitted: Sequence[_Admitted], places: Places) -> None:
    """Mark statements that do not fit into their device's chain, and suspend their keys.

    Two statements in one place, or a statement that does not follow the one before it: the chain was forked.
    """
    for one in admitted:
        key, seq = one.speaker.key_id, one.checked.private.seq
        here = (one.checked.header_hash, one.checked.header.prev)
        before, after = places.get((key, seq - 1), []), places.get((key, seq + 1), [])
        if (
            (key, seq) in places
            or (before and all(header != here[1] for header, _ in before))
            or (after and all(prev != here[0] for _, prev in after))
        ):
            one.marks.append(Mark.CHAIN_FORK)
            parties.suspend_device(session, key)
        places.setdefault((key, seq), []).append(here)


def _to_gln(one: _Admitted) -> str | None:
    return receiver_of(one.checked.private)


def receiver_of(private: PrivatePiece) -> str | None:
    """Return the GLN of the receiver; what is no GLN names nobody."""
    value = private.value("to")
    try:
        return parse_gln(value) if isinstance(value, str) else None
    except MalformedNumber:
        return None


def name_of_receiver(private: PrivatePiece) -> str | None:
    """Return the receiver's name in free text, without signs that no name has (PostgreSQL refuses U+0000)."""
    value = private.value("to_name")
    return "".join(sign for sign in value if sign.isprintable()) if isinstance(value, str) else None


def _arriving(one: _Admitted) -> Arriving:
    return Arriving(
        entry_id=one.entry.entry_id,
        header_hash=one.checked.header_hash,
        gln=one.speaker.gln,
        recorded_at=one.recorded_at,
        corrects=one.checked.public.corrects,
        may=Mark.NOT_PERMITTED not in one.marks,
        reasoned=bool(one.checked.private.value("reason")),
    )


def _voucher(one: _Admitted) -> str | None:
    return vouchers.number_of(one.checked.private.value("voucher"))


def _stated_bindings(one: _Admitted) -> list[StatedBinding]:
    """Return what a commission says of its units' lot, as far as the device may say so."""
    facts = one.checked.public.facts
    if one.checked.public.type is not StatementType.COMMISSION or facts is None or BARRED.intersection(one.marks):
        return []
    return [
        StatedBinding(
            unit_id=line.unit,
            code_hash=unb64(str(line.attributes["code"])),
            gln=one.speaker.gln,
            facts_hash=facts,
            at=one.recorded_at,
            by=f"statement:{one.entry.entry_id}",
        )
        for line in one.checked.units.lines
    ]


def _of_statement(one: _Admitted) -> list[Mark]:
    if Mark.NOT_PERMITTED in one.marks:
        return []
    return statement_marks(
        one.checked.public.type.value,
        level=one.speaker.level,
        fields={field.name: field.value for field in one.checked.private.fields},
        lines=one.checked.units.lines,
    )


def _told(one: _Admitted, registered: set[str], lots: set[bytes]) -> Told:
    to_gln = _to_gln(one)
    private = one.checked.private
    fact = Fact(
        type=one.checked.public.type.value,
        gln=one.speaker.gln,
        to_gln=to_gln,
        event_at=one.event_at,
        level=one.speaker.level,
        firm=one.speaker.firm,
        **details_said(one.checked.public, private, one.event_at),
        local_date=local_day(private, one.event_at),
        permitted=Mark.NOT_PERMITTED not in one.marks,
        correction_permitted=Mark.CORRECTION_NOT_PERMITTED not in one.marks,
        receiver_registered=to_gln is not None and to_gln in registered,
        facts_hash=one.checked.public.facts,
        names_lot=one.checked.public.facts in lots,
    )
    return Told(entry_id=one.entry.entry_id, fact=fact, lines=one.checked.units.lines)


def details_said(public: PublicPiece, private: PrivatePiece, event_at: datetime) -> dict[str, Any]:
    """Return what the rules need of a statement beside type, place and time; mostly nothing."""
    sender = private.value("from")
    found = {
        "breach": public.cold == "breach",
        "ordered": bool(private.value("order_no")),
        "abroad": public.type is StatementType.RETURN and bool(private.value("export_country")),
    }
    details: dict[str, Any] = {name: True for name, is_so in found.items() if is_so}
    day = local_day(private, event_at)
    if day != beijing_day(event_at):
        details["day"] = day.isoformat()
    return details | ({"sender": sender} if public.type is StatementType.RECEIVE and _is_gln(sender) else {})


def local_day(private: PrivatePiece, event_at: datetime) -> date:
    """Return the day of an event where it was."""
    return event_at.astimezone(timezone(private.offset)).date()


def _is_gln(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(parse_gln(value))
    except MalformedNumber:
        return False


def status_of(marks: Collection[str], lasting: Sequence[Collection[str]]) -> str:
    """Return a statement's own status: `blocked` where it does nothing at all, whatever else is told.

    `marks` are its own, `lasting` the lasting ones of each line that it says itself.
    """
    blocked = bool(lasting) and all(BLOCKING.intersection(each) for each in lasting)
    return "blocked" if blocked or BARRED.intersection(marks) else "accepted"


def _record(one: _Admitted, lines: Sequence[LineRecord]) -> StatementRecord:
    # A statement is not rewritten, so its own status is what nothing that comes late can change.  What blocks in the
    # order of events is on its lines.  An implied line follows from the others; it blocks nothing.
    type = one.checked.public.type.value
    said = [only_lasting(type, line.marks, line.details) for line in lines if line.role != IMPLIED]
    return StatementRecord(
        entry_id=one.entry.entry_id,
        header_hash=one.checked.header_hash,
        key_id=one.speaker.key_id,
        seq=one.checked.private.seq,
        prev=one.checked.header.prev,
        type=type,
        claimed_at=one.checked.private.at,
        event_at=one.event_at,
        recorded_at=one.recorded_at,
        gln=one.speaker.gln,
        to_gln=_to_gln(one),
        to_name=name_of_receiver(one.checked.private),
        status=status_of(one.marks, said),
        marks=tuple(one.marks),
        details=details_said(one.checked.public, one.checked.private, one.event_at),
    )


def _marked(
    admitted: Sequence[_Admitted], lines: Mapping[UUID, Sequence[LineRecord]]
) -> list[tuple[UUID, str, datetime, Sequence[Mark]]]:
    """Return those that contradict something, themselves or in a line, as cases are opened from them."""
    found = (
        (one, [*one.marks, *(mark for line in lines[one.entry.entry_id] for mark in line.marks)]) for one in admitted
    )
    return [(one.entry.entry_id, one.speaker.gln, one.recorded_at, marks) for one, marks in found if marks]


def _parties(one: _Admitted, lines: Sequence[LineRecord], projection: Projection) -> PartyRecord:
    return PartyRecord(
        entry_id=one.entry.entry_id,
        recorded_at=one.recorded_at,
        gln=one.speaker.gln,
        to_gln=_to_gln(one),
        sources=frozenset(line.from_gln for line in lines if line.from_gln is not None),
        importers=frozenset(projection.importers.get(one.entry.entry_id, ())),
    )


def _with_receipt(env: Env, result: Result, one: _Admitted, kept: _Kept) -> Result:
    # What blocks comes first: it is the word that a person gets to read.
    found, lacking = kept[one.entry.entry_id]
    marks = sorted(found, key=lambda mark: mark not in BLOCKING)
    return Result(
        id=result.id,
        status="blocked" if BLOCKING.intersection(marks) else "accepted",
        receipt=_receipt(env, one.checked, _as_stored(env, one.entry)),
        marks=tuple(marks),
        lacking=lacking if {Mark.PAPERS_MISSING, Mark.PAPERS_DUE}.intersection(marks) else (),
    )


def _receipt(env: Env, one: CheckedStatement, stored: StoredEntry) -> Mapping[str, object]:
    return issue_receipt(
        net=env.net,
        origin=stored.log.origin,
        id=one.header.id,
        header_hash=one.header_hash,
        leaf_hash=stored.leaf_hash,
        received_at=stored.received_at,
        include_by=stored.received_at + INCLUDE_WITHIN,
        signer=env.keyring.signer("receipt"),
    )
