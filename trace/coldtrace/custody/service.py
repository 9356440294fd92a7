"""Capturing statements: check, store, log, place, receipt.

The order that makes it safe: everything of a batch is written in the caller's one transaction; receipts are signed
from what was written, and the door sends them only after the commit.  A repeat gets the first receipt again,
because the receipt depends on stored facts alone and Ed25519 is deterministic.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody import store
from coldtrace.custody.model import BLOCKING, Fact, Mark
from coldtrace.custody.projection import Picture, Told
from coldtrace.custody.refusals import DeviceRevoked, DeviceUnknown, IdConflict, OtherInstallation
from coldtrace.custody.retelling import Retelling
from coldtrace.custody.rules import order_time
from coldtrace.custody.store import LineRecord, StatementRecord
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.events.certificate import CertificateMismatch, mismatches, opens_site, read_certificate
from coldtrace.events.leaf import LeafKind, leaf_bytes
from coldtrace.events.receipt import issue_receipt
from coldtrace.events.refusals import BadStatementSignature
from coldtrace.events.statement import CheckedStatement, read_statement
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry, StoredEntry
from coldtrace.parties import store as parties
from coldtrace.parties.model import Device
from coldtrace.parties.tables import DeviceRow
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.keys import load_public_key

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


@dataclass(frozen=True, kw_only=True)
class _Admitted:
    """A statement that passed every check and will be stored."""

    checked: CheckedStatement
    device: Device
    event_at: datetime
    marks: list[Mark]
    entry: Entry


def capture(session: Session, env: Env, wires: Sequence[object]) -> list[Result]:
    """Store every acceptable statement of a batch and answer for each, in order.  The caller owns the transaction.

    A statement already stored answers `repeat` with its first receipt; the same id with another header is refused.
    One bad statement never touches the others.
    """
    now = env.clock()
    read = [_read(wire) for wire in wires]
    checked = [one for one in read if isinstance(one, CheckedStatement)]
    devices = _devices(session, checked)
    known = ledger.known_entries(session, [one.header.id for one in checked])
    results: list[Result] = []
    admitted: dict[UUID, _Admitted] = {}
    for one in read:
        if isinstance(one, Result):
            results.append(one)
            continue
        try:
            device = _device(one, devices)
            _require_signature(one, device)
            stored = known.get(one.header.id)
            if stored is None and one.header.id in admitted:
                stored = _as_stored(admitted[one.header.id].entry)
            if stored is not None:
                results.append(_repeat(env, one, stored))
                continue
            admitted[one.header.id] = _admit(env, one, device, devices[device.key_id], now)
            results.append(Result(id=str(one.header.id), status="accepted"))
        except Refusal as refusal:
            results.append(Result(id=str(one.header.id), status="refused", refusal=refusal))
    marks = _store(session, env, list(admitted.values()))
    parties.touch_devices(session, {one.device.key_id for one in admitted.values()}, now)
    return [_with_receipt(env, result, admitted, marks) for result in results]


def _read(wire: object) -> CheckedStatement | Result:
    try:
        return read_statement(wire)
    except Refusal as refusal:
        return Result(id=None, status="refused", refusal=refusal)


def _devices(session: Session, checked: Sequence[CheckedStatement]) -> dict[bytes, DeviceRow]:
    keys = {one.header.key for one in checked}
    return {key: row for key in keys if (row := session.get(DeviceRow, key)) is not None}


def _device(one: CheckedStatement, devices: Mapping[bytes, DeviceRow]) -> Device:
    row = devices.get(one.header.key)
    if row is None:
        raise DeviceUnknown(key=b64(one.header.key))
    if row.state in ("revoked", "retired"):
        raise DeviceRevoked(key=b64(one.header.key))
    return parties.as_device(row)


def _require_signature(one: CheckedStatement, device: Device) -> None:
    if not one.verify(load_public_key(device.spki)):
        raise BadStatementSignature()


def _as_stored(entry: Entry) -> StoredEntry:
    return StoredEntry(
        entry_id=entry.entry_id, leaf=entry.leaf, leaf_hash=entry.leaf_hash, received_at=entry.received_at
    )


def _repeat(env: Env, one: CheckedStatement, stored: StoredEntry) -> Result:
    """Answer a statement that is stored already.  Header bytes alone are compared: they hold the hashes of all."""
    if json.loads(stored.leaf)["body"] != one.wire.header:
        raise IdConflict(id=str(one.header.id))
    return Result(id=str(one.header.id), status="repeat", receipt=_receipt(env, one, stored))


def _admit(env: Env, one: CheckedStatement, device: Device, row: DeviceRow, now: datetime) -> _Admitted:
    if one.header.net != env.net:
        raise OtherInstallation()
    event_at, marks = order_time(claimed_at=one.private.at, recorded_at=now, enrolled_at=device.enrolled_at)
    _require_speaker(env, one, device, row, skewed=Mark.CLOCK_SKEW in marks)
    if device.state == "suspended":
        marks.append(Mark.KEY_SUSPENDED)
    if one.public.type.value not in device.operations:
        marks.append(Mark.NOT_PERMITTED)
    leaf = leaf_bytes(LeafKind.CTE1, one.wire.header, one.signature, now)
    entry = Entry(
        entry_id=one.header.id,
        leaf=leaf,
        leaf_hash=leaf_hash(leaf),
        received_at=now,
        pieces={
            "public": one.wire.public.encode(),
            "private": one.wire.private.encode(),
            "units": one.wire.units.encode(),
        },
    )
    return _Admitted(checked=one, device=device, event_at=event_at, marks=marks, entry=entry)


def _require_speaker(env: Env, one: CheckedStatement, device: Device, row: DeviceRow, *, skewed: bool) -> None:
    """Raise CertificateMismatch unless the device's certificate covers the statement.

    A device whose clock is years off names a day outside its certificate; that is kept and marked, not refused.
    """
    certificate = read_certificate(device.certificate)
    found = mismatches(certificate, net=env.net, key=device.key_id, public=one.public)
    for what in found:
        if not (skewed and what == "certificate_window"):
            raise CertificateMismatch(what=what)
    if not opens_site(certificate, salt=row.site_salt, gln=one.private.site):
        raise CertificateMismatch(what="certificate_other_site")


def _store(session: Session, env: Env, admitted: Sequence[_Admitted]) -> dict[UUID, tuple[str, ...]]:
    """Write a batch; return what each statement contradicts."""
    if not admitted:
        return {}
    _mark_forks(session, admitted)
    ledger.append(session, [one.entry for one in admitted])
    receivers = {gln for one in admitted if (gln := _gln(one.checked, "to")) is not None}
    registered = store.registered_glns(session, receivers)
    told = [_told(one, registered) for one in admitted]
    picture = Picture(session, told)
    lines = {one.entry_id: picture.tell(one) for one in told}
    picture.write()
    store.insert_statements(session, [_record(one, lines[one.entry.entry_id]) for one in admitted])
    store.insert_lines(session, [line for found in lines.values() for line in found])
    if picture.late:
        Retelling(session).retell(store.lock_units(session, picture.late).values(), late=picture.late)
    return {
        one.entry.entry_id: tuple(
            dict.fromkeys([m.value for m in one.marks] + [m for x in lines[one.entry.entry_id] for m in x.marks])
        )
        for one in admitted
    }


def _mark_forks(session: Session, admitted: Sequence[_Admitted]) -> None:
    """Mark statements that claim a place in a chain which another one has, and suspend their keys."""
    claims = [(one.device.key_id, one.checked.private.seq) for one in admitted]
    taken = store.chain_clashes(session, claims)
    for place, one in zip(claims, admitted, strict=True):
        if place in taken:
            one.marks.append(Mark.CHAIN_FORK)
            parties.suspend_device(session, one.device.key_id)
        taken.add(place)


def _gln(one: CheckedStatement, name: str) -> str | None:
    value = one.private.value(name)
    return value if isinstance(value, str) else None


def _told(one: _Admitted, registered: set[str]) -> Told:
    to_gln = _gln(one.checked, "to")
    fact = Fact(
        type=one.checked.public.type.value,
        gln=one.device.gln,
        to_gln=to_gln,
        event_at=one.event_at,
        local_date=one.checked.private.local_date if Mark.CLOCK_SKEW not in one.marks else one.event_at.date(),
        permitted=Mark.NOT_PERMITTED not in one.marks,
        receiver_registered=to_gln is not None and to_gln in registered,
        facts_hash=one.checked.public.facts,
    )
    return Told(entry_id=one.entry.entry_id, fact=fact, lines=one.checked.units.lines)


def _record(one: _Admitted, lines: Sequence[LineRecord]) -> StatementRecord:
    blocking = {mark.value for mark in BLOCKING}
    blocked = bool(lines) and all(blocking.intersection(line.marks) for line in lines)
    return StatementRecord(
        entry_id=one.entry.entry_id,
        header_hash=one.checked.header_hash,
        key_id=one.device.key_id,
        seq=one.checked.private.seq,
        prev=one.checked.header.prev,
        type=one.checked.public.type.value,
        claimed_at=one.checked.private.at,
        event_at=one.event_at,
        recorded_at=one.entry.received_at,
        gln=one.device.gln,
        to_gln=_gln(one.checked, "to"),
        to_name=_gln(one.checked, "to_name"),
        status="blocked" if blocked or Mark.NOT_PERMITTED in one.marks else "accepted",
        marks=tuple(mark.value for mark in one.marks),
    )


def _with_receipt(
    env: Env, result: Result, admitted: Mapping[UUID, _Admitted], marks: Mapping[UUID, tuple[str, ...]]
) -> Result:
    if result.status != "accepted" or result.id is None:
        return result
    one = admitted[UUID(result.id)]
    found = marks[one.entry.entry_id]
    blocking = {mark.value for mark in BLOCKING}
    return Result(
        id=result.id,
        status="blocked" if blocking.intersection(found) else "accepted",
        receipt=_receipt(env, one.checked, _as_stored(one.entry)),
        marks=found,
    )


def _receipt(env: Env, one: CheckedStatement, stored: StoredEntry) -> Mapping[str, object]:
    return issue_receipt(
        net=env.net,
        origin=env.origin,
        id=one.header.id,
        header_hash=one.header_hash,
        leaf_hash=stored.leaf_hash,
        received_at=stored.received_at,
        include_by=stored.received_at + INCLUDE_WITHIN,
        signer=env.keyring.signer("receipt"),
    )
