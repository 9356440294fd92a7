"""Bring home what the device needs to work alone: trust list, checkpoint, lots and places, the state of its chain.

Each of them is checked before it replaces what is known, and each stands for itself: one that fails leaves the
others, and the old one in its place.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from coldscan import cache, statements
from coldscan.cache import LotFacts, Name, Place, Site, UnitLot
from coldscan.checked_list import check_list, fetch_root
from coldscan.device import Device
from coldscan.json_shape import Members
from coldscan.refusals import BadAnswer, UnsafeAnswer
from coldscan.steady import Steady, SteadyClock, no_steady
from coldscan.store import immediate
from coldscan.wire import Reply, Wire
from coldtrace.clock import format_utc, parse_utc
from coldtrace.errors import Refusal
from coldtrace.events.facts import read_facts
from coldtrace.events.unit_id import read_unit_id
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.hashing import sha256
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import TrustList

TRUST_PATH: Final = "/api/v1/trust-list"
WORK_PATH: Final = "/api/v1/devices/work"
SEQS_MAX: Final = 1_000
_ROLL: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
PAGES_MAX: Final = 100


def fetch_trust_list(connection: sqlite3.Connection, wire: Wire) -> str:
    """Take a newer trust list; return `new` or `same`.  Raises UnsafeAnswer and what the wire raises.

    Root changes are walked first, and the new root is kept together with the list that it has signed or not at all:
    a device that had the one without the other would know no list that it could believe.
    """
    known = cache.get(connection, Name.TRUST_LIST)
    etag = cache.get(connection, Name.TRUST_ETAG)
    root = cache.get(connection, Name.ROOT)
    if root is None:
        raise UnsafeAnswer(what="root")
    reply = wire.get(TRUST_PATH, {} if etag is None else {"If-None-Match": etag}).require(200, 304)
    if reply.status == 304:
        return "same"
    envelope = _text(reply.body, "trust_list")
    lowest = cache.get_number(connection, Name.TRUST_SEQ) or 0
    in_force = fetch_root(wire, parse_root(root))
    trust = check_list(envelope, root=in_force, lowest_seq=lowest, known=known)
    with immediate(connection):
        cache.put(connection, Name.ROOT, in_force.text)
        cache.put(connection, Name.TRUST_LIST, envelope)
        cache.put(connection, Name.TRUST_SEQ, str(trust.seq))
        cache.put(connection, Name.TRUST_ETAG, reply.headers.get("etag"))
    return "same" if trust.seq == lowest else "new"


def fetch_checkpoint(connection: sqlite3.Connection, wire: Wire, *, device: Device, trust: TrustList) -> str:
    """Take a newer checkpoint of the device's log; return `new` or `same`.

    What is stored is a bound on time and evidence against a split view, so a log that shrinks, shows two roots for one
    size, or does not prove that it only grew, is refused with UnsafeAnswer.  Two notes that contradict each other are
    kept: together they convict the log, whatever it shows later.
    """
    log = trust.log(device.origin)
    if log is None:
        raise UnsafeAnswer(what="log")
    note = wire.get(f"/logs/{log_name(device.origin)}/checkpoint").require(200).body
    try:
        checkpoint = open_checkpoint(note, log=log.vkey).checkpoint
    except Refusal as refusal:
        raise UnsafeAnswer(what=refusal.code) from refusal
    size, root = cache.get_number(connection, Name.SEEN_SIZE) or 0, cache.get(connection, Name.SEEN_ROOT)
    if checkpoint.size < size:
        raise UnsafeAnswer(what="checkpoint_shrunk")
    if root is not None and checkpoint.size == size:
        if root != b64(checkpoint.root):
            _keep_evidence(connection, note)
            raise UnsafeAnswer(what="checkpoint_split")
        return "same"
    if root is not None:
        path = _growth(wire, origin=device.origin, old=size, new=checkpoint.size)
        sizes = {"old_size": size, "new_size": checkpoint.size}
        if not verify_consistency(**sizes, old_root=unb64(root), new_root=checkpoint.root, path=path):
            _keep_evidence(connection, note)
            raise UnsafeAnswer(what="checkpoint_rewritten")
    with immediate(connection):
        cache.put(connection, Name.CHECKPOINT, _text(note, "checkpoint"))
        cache.put(connection, Name.SEEN, b64(sha256(note)))
        cache.put(connection, Name.SEEN_SIZE, str(checkpoint.size))
        cache.put(connection, Name.SEEN_ROOT, b64(checkpoint.root))
    return "new"


def _growth(wire: Wire, *, origin: str, old: int, new: int) -> list[bytes]:
    """Return what the log says to prove that it only grew; raise BadAnswer and what the wire raises."""
    path = f"/logs/{log_name(origin)}/proof/consistency?old={old}&new={new}"
    try:
        return [unb64(each) for each in wire.get(path).require(200).members("consistency").texts("path")]
    except MalformedBase64:
        raise BadAnswer(what="consistency.path") from None


def _keep_evidence(connection: sqlite3.Connection, note: bytes) -> None:
    """Keep the note that was believed and the one that contradicts it; the first such pair stays."""
    if cache.get(connection, Name.LOG_EVIDENCE) is None:
        notes = {"kept": cache.get(connection, Name.CHECKPOINT), "shown": _text(note, "checkpoint")}
        with immediate(connection):
            cache.put(connection, Name.LOG_EVIDENCE, json.dumps(notes, ensure_ascii=False))


def log_name(origin: str) -> str:
    """Return the name of a log in addresses: the last part of its origin."""
    return origin.rstrip("/").rsplit("/", 1)[-1]


def fetch_work(
    connection: sqlite3.Connection,
    wire: Wire,
    *,
    device: Device,
    clock: Callable[[], datetime],
    steady: SteadyClock = no_steady,
    report: Mapping[str, str] | None = None,
) -> str:
    """Take lots, places, rights and the server's time; return `new` or `same`.

    `report` is what the device says of itself on the way.  Raises BadAnswer and what the wire raises.
    """
    asked = clock()
    etag = cache.get(connection, Name.WORK_ETAG)
    headers = {**(report or {}), **({} if etag is None else {"If-None-Match": etag})}
    reply = wire.get(WORK_PATH, headers).require(200, 304)
    answered, steady_now = clock(), steady()
    clocks = _Clocks(server=_server_time(reply), middle=asked + (answered - asked) / 2, steady=steady_now)
    if reply.status == 304:
        with immediate(connection):
            _put_time(connection, clocks)
        return "same"
    answer = reply.members("work")
    site = answer.inner("site")
    lots = [_lot(each) for each in answer.objects("lots")]
    # A server of before there were any does not name them.
    named = answer.raw("unit_lots") is not None
    unit_lots = [_unit_lot(each) for each in answer.objects("unit_lots")] if named else []
    rolls = answer.texts("rolls") if answer.raw("rolls") is not None else []
    if not all(_ROLL.fullmatch(each) for each in rolls):
        raise BadAnswer(what="work.rolls")
    pages = _pages(wire, answer)
    places = [_place(each) for page in pages for each in page.objects("doors")]
    operations = answer.texts("operations")
    with immediate(connection):
        cache.put_lots(connection, lots)
        cache.put_unit_lots(connection, unit_lots)
        cache.put_places(connection, places)
        cache.put(connection, Name.OPERATIONS, json.dumps(operations))
        cache.put(connection, Name.ROLLS, json.dumps(rolls))
        # The tag of one page says nothing of the others.
        cache.put(connection, Name.WORK_ETAG, reply.headers.get("etag") if len(pages) == 1 else None)
        _put_time(connection, clocks)
        if site.text("gln") == device.site.gln:
            names = {"name_zh": site.text("name_zh"), "name_en": site.text("name_en")}
            cache.put(connection, Name.SITE, Site(**(vars(device.site) | names)).to_json())
    return "new"


def _pages(wire: Wire, first: Members) -> list[Members]:
    """Return all pages of the places, the first one among them."""
    pages = [first]
    while (after := pages[-1].optional_text("next")) is not None:
        if len(pages) == PAGES_MAX or not (after.isascii() and after.isdigit()):
            raise BadAnswer(what="work.next")
        pages.append(wire.get(f"{WORK_PATH}?after={after}").require(200).members("work"))
    return pages


def _server_time(reply: Reply) -> datetime:
    try:
        return parse_utc(reply.headers.get("coldtrace-time", ""))
    except (ValueError, OverflowError):
        raise BadAnswer(what="work.coldtrace-time") from None


@dataclass(frozen=True, kw_only=True)
class _Clocks:
    """The server's time, the wall clock in the middle of asking for it, and how long the machine had been running."""

    server: datetime
    middle: datetime
    steady: Steady | None


def _put_time(connection: sqlite3.Connection, clocks: _Clocks) -> None:
    cache.put(connection, Name.SERVER_TIME, format_utc(clocks.server))
    cache.put(connection, Name.STEADY, None if clocks.steady is None else str(clocks.steady))
    cache.put(connection, Name.SKEW_S, str(round((clocks.server - clocks.middle).total_seconds())))


def fetch_chain(connection: sqlite3.Connection, wire: Wire, *, device: Device) -> str:
    """Compare the server's view of this device's chain with the queue; return `ok`, `ahead`, `lost` or `forked`.

    A server that is ahead of this folder shows that the folder is an old copy: its key is retired.  Numbers that
    it lacks although it gave receipts for them are remembered: header, signature and receipt are the evidence.
    """
    key = b64(device.key)
    found = _Chain()
    try:
        for page in _chain_pages(wire, key):
            found.last = max(found.last, page.number("last_seq"))
            # Where one page of a server ends earlier in one list than in the other, some come twice.
            found.forks += [each for each in page.items("forks") if each not in found.forks]
            seqs = statements.sent_seqs(connection, key, _spans(page))
            found.lost += [seq for seq in seqs if seq not in found.lost]
            if len(found.lost) >= SEQS_MAX:
                break
    except Refusal:
        # A page that fails takes nothing back of what the pages before it showed.
        _note_chain(connection, device, found, whole=False)
        raise
    is_ahead = _note_chain(connection, device, found, whole=True)
    if is_ahead:
        return "ahead"
    if found.forks:
        return "forked"
    return "lost" if found.lost else "ok"


@dataclass(kw_only=True)
class _Chain:
    """What the pages of a chain showed so far."""

    last: int = 0
    forks: list[object] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)


def _note_chain(connection: sqlite3.Connection, device: Device, found: _Chain, *, whole: bool) -> bool:
    """Keep what a chain showed, and tell whether the server is ahead; what is not the `whole` clears nothing."""
    with immediate(connection):
        is_ahead = found.last > statements.tail_of(connection, b64(device.key)).seq
        kept = json.loads(cache.get(connection, Name.LOST) or "[]") if not whole else []
        lost = sorted({*kept, *found.lost})[:SEQS_MAX]
        forks = json.dumps(found.forks) if found.forks else None
        for name, value in (
            (Name.RETIRED_BY, str(found.last) if is_ahead else None),
            (Name.LOST, json.dumps(lost) if lost else None),
            (Name.FORKS, forks),
        ):
            if whole or value is not None:
                cache.put(connection, name, value)
    return is_ahead


def _chain_pages(wire: Wire, key: str) -> Iterator[Members]:
    """Give the pages of what the server knows of a chain, one after the other: each names a thousand holes at most."""
    path = f"/api/v1/devices/{key}/chain"
    page = wire.get(path).require(200).members("chain")
    after = 0
    for _ in range(PAGES_MAX):
        yield page
        if page.raw("next") is None:
            return
        following = page.number("next")
        if following <= after:
            break
        after = following
        page = wire.get(f"{path}?after={after}").require(200).members("chain")
    raise BadAnswer(what="chain.next")


def _spans(answer: Members) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for each in answer.items("missing"):
        if not isinstance(each, list) or len(each) != 2 or any(type(number) is not int for number in each):
            raise BadAnswer(what="chain.missing")
        spans.append((int(each[0]), int(each[1])))
    return spans


def _lot(members: Members) -> LotFacts:
    lot = LotFacts(gtin=members.text("gtin"), lot=members.text("lot"), facts=members.text("facts"))
    try:
        facts = read_facts(lot.facts)
    except Refusal as refusal:
        raise BadAnswer(what=f"work.lots ({refusal.code})") from refusal
    if (facts.get("gtin"), facts.get("lot")) != (lot.gtin, lot.lot):
        raise BadAnswer(what=f"work.lots ({lot.gtin} {lot.lot})")
    return lot


def _unit_lot(members: Members) -> UnitLot:
    lot = UnitLot(facts=members.text("facts"), units=tuple(members.texts("units")))
    try:
        facts = read_facts(lot.facts)
        units = [read_unit_id(unit) for unit in lot.units]
    except Refusal as refusal:
        raise BadAnswer(what=f"work.unit_lots ({refusal.code})") from refusal
    # A label that carries a GTIN can only stand for that product.
    if any(unit.gtin not in (None, facts.get("gtin")) for unit in units):
        raise BadAnswer(what="work.unit_lots (gtin)")
    return lot


def _place(members: Members) -> Place:
    return Place(gln=members.text("gln"), name_zh=members.text("name_zh"), name_en=members.text("name_en"))


def _text(body: bytes, what: str) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadAnswer(what=what) from None
