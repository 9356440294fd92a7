"""One sync: lists first, so that receipts can be checked; then the queue; then the chain.

Only one process of a device sends at a time.  A part that fails is named in the report and does not stop the
others, except that without any answer at all there is no point in asking on.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

from coldscan import cache, statements
from coldscan.cache import Name
from coldscan.day_mark import close_day
from coldscan.device import Device
from coldscan.fetch import fetch_chain, fetch_checkpoint, fetch_trust_list, fetch_work
from coldscan.fetch_filters import fetch_filters
from coldscan.fetch_rolls import fetch_rolls
from coldscan.flush import BATCH, Flushed, Sender, flush
from coldscan.knowledge import Knowledge, load_knowledge
from coldscan.refusals import NoTrustList, ServerRefused, ServerUnreachable
from coldscan.steady import SteadyClock, no_steady
from coldscan.store import immediate
from coldscan.wire import Wire
from coldtrace.clock import format_utc
from coldtrace.errors import Lang, Refusal

_REVOKED: Final = "device_revoked"
"""The server's word for a key that it takes nothing of."""


@dataclass(kw_only=True)
class SyncReport:
    """What came of one sync.  The parts say `new`, `same`, `ok`, or the code of what went wrong."""

    trust_list: str = "not_asked"
    filters: str = "not_asked"
    checkpoint: str = "not_asked"
    work: str = "not_asked"
    rolls: str = "not_asked"
    chain: str = "not_asked"
    flushed: Flushed = field(default_factory=Flushed)
    unsent: int = 0
    problems: list[Refusal] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        """Tell whether the server answered at all."""
        return not any(isinstance(each, ServerUnreachable) for each in self.problems)

    @property
    def ok(self) -> bool:
        """Tell whether everything that waited was acknowledged and nothing is wrong."""
        wrong = self.flushed.refused or self.flushed.blocked or self.flushed.unverified or self.unsent
        return not self.problems and not wrong and self.chain in ("ok", "not_asked")

    def to_json(self, lang: Lang) -> dict[str, object]:
        """Return the object that `--json` prints."""
        counted = asdict(self.flushed)
        counted.pop("faults")
        return {
            "ok": self.ok,
            "reached": self.reached,
            "trust_list": self.trust_list,
            "filters": self.filters,
            "checkpoint": self.checkpoint,
            "work": self.work,
            "rolls": self.rolls,
            "chain": self.chain,
            **counted,
            "unsent": self.unsent,
            "problems": [{"code": each.code, "say": each.say(lang)} for each in self.problems],
        }


def _health(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the headers by which whoever keeps the devices learns how this one is; after the queue was sent.

    The oldest of the block lists that are open counts.
    """
    said = {"Coldtrace-Unsent": str(statements.pending_count(connection))}
    try:
        held = load_knowledge(connection, known=None).filters.held
    except NoTrustList:
        return said
    issued = [each.header.issued for each in (held.revoked, held.recalled) if each is not None]
    return said | ({"Coldtrace-Block-List-At": format_utc(min(issued))} if issued else {})


def sync_once(
    connection: sqlite3.Connection,
    device: Device,
    wire: Wire,
    *,
    clock: Callable[[], datetime],
    steady: SteadyClock = no_steady,
    batch: int = BATCH,
    lists: bool = True,
) -> SyncReport:
    """Do one sync and say what came of it; `lists` off sends the queue only.  The caller holds the sync lock."""
    report = SyncReport()
    if lists:
        report.trust_list = _part(report, lambda: fetch_trust_list(connection, wire))
    if lists and report.reached:
        # Before the queue: they are what stops goods that leave in the next minutes.
        report.filters = _part(report, lambda: _fetch_filters(connection, wire))
    if report.reached:
        _flush(report, connection, device, wire, batch=batch, clock=clock, steady=steady)
    if lists and report.reached:
        trust = load_knowledge(connection, known=None).trust
        report.checkpoint = _part(report, lambda: fetch_checkpoint(connection, wire, device=device, trust=trust))
    if lists and report.reached:
        report.work = _part(
            report,
            lambda: fetch_work(connection, wire, device=device, clock=clock, steady=steady, report=_health(connection)),
        )
    if lists and report.reached:
        report.rolls = _part(report, lambda: _fetch_rolls(connection, wire, device, clock))
    if lists and report.reached:
        report.chain = _part(report, lambda: fetch_chain(connection, wire, device=device))
    _note_revocation(connection, report)
    report.unsent = statements.pending_count(connection)
    if not report.problems:
        with immediate(connection):
            cache.put(connection, Name.LAST_SYNC, format_utc(clock()))
    return report


def _close_day(
    connection: sqlite3.Connection, device: Device, knowledge: Knowledge, *, clock: Callable[[], datetime]
) -> None:
    """Say the `mark` of the day before if nobody has scanned since, unless nobody would take it."""
    if cache.get(connection, Name.REVOKED) is None and cache.get(connection, Name.RETIRED_BY) is None:
        with immediate(connection):
            close_day(connection, device, knowledge, now=clock())


def _note_revocation(connection: sqlite3.Connection, report: SyncReport) -> None:
    """Keep that the server takes nothing of this key, so that no scan is promised to anybody; forget it if it does."""
    is_revoked = any(isinstance(each, ServerRefused) and each.facts["reason"] == _REVOKED for each in report.problems)
    if is_revoked or report.work in ("new", "same"):
        with immediate(connection):
            cache.put(connection, Name.REVOKED, "1" if is_revoked else None)


def _fetch_filters(connection: sqlite3.Connection, wire: Wire) -> str:
    return fetch_filters(connection, wire, trust=load_knowledge(connection, known=None).trust)


def _fetch_rolls(connection: sqlite3.Connection, wire: Wire, device: Device, clock: Callable[[], datetime]) -> str:
    knowledge, wanted = load_knowledge(connection, known=None), cache.get_names(connection, Name.ROLLS)
    now = knowledge.as_of(clock())
    return fetch_rolls(connection, wire, wanted=wanted, device=device, trust=knowledge.trust, now=now)


def _flush(
    report: SyncReport,
    connection: sqlite3.Connection,
    device: Device,
    wire: Wire,
    *,
    batch: int,
    clock: Callable[[], datetime],
    steady: SteadyClock,
) -> None:
    def run() -> str:
        knowledge = load_knowledge(connection, known=None, steady=steady)
        _close_day(connection, device, knowledge, clock=clock)
        sender = Sender(connection=connection, device=device, wire=wire, trust=knowledge.trust, flushed=report.flushed)
        flush(sender, batch=batch)
        return "ok"

    _part(report, run)


def _part(report: SyncReport, ask: Callable[[], str]) -> str:
    try:
        return ask()
    except Refusal as refusal:
        report.problems.append(refusal)
        return refusal.code
