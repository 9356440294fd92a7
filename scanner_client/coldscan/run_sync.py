"""`coldscan sync`, once or watching."""

import signal
import sqlite3
import threading
from contextlib import closing
from datetime import datetime
from types import FrameType

from coldscan import cache, statements
from coldscan.cache import Name
from coldscan.device import load_device
from coldscan.file_lock import held
from coldscan.refusals import SyncBusy
from coldscan.session import COULD_NOT_RUN, FINDINGS, OK, Session
from coldscan.store import immediate, open_store
from coldscan.sync import SyncReport, sync_once
from coldscan.watch import LISTS_EVERY, Pace, watch
from coldscan.wire import Wire
from coldtrace import clock as system_clock
from coldtrace.errors import Lang, Words
from coldtrace.seal.b64 import b64

DONE = Words(
    "已发送 {sent}（重复 {repeats}），被拒 {refused}，回执未通过 {unverified}，未发送 {unsent}；信任名单：{trust_list}",
    "Sent {sent} (repeats {repeats}), refused {refused}, without a valid receipt {unverified}, unsent {unsent}; "
    "trust list: {trust_list}",
)
LISTS = {
    "new": Words("已更新", "new"),
    "same": Words("未变", "unchanged"),
    "not_asked": Words("未查询", "not asked for"),
}
SEE_BELOW = Words("未取得，原因见下", "not had, the reason stands below")


def run_sync(
    session: Session,
    *,
    watch_on: bool,
    batch: int,
    wait_s: float,
    retry_refused: bool,
    amber_after: float | None = None,
) -> int:
    """Sync under the lock of the device; raise SyncBusy if another process keeps it.

    `amber_after` is this site's limit in hours, kept from then on; 0 takes it away.
    """
    with (
        closing(open_store(session.state)) as connection,
        held(session.state.lock("sync"), wait_s=wait_s) as is_ours,
        Link(session, connection) as link,
    ):
        if not is_ours:
            raise SyncBusy()
        if amber_after is not None:
            with immediate(connection):
                kept = str(round(amber_after * 3600)) if amber_after else None
                cache.put(connection, Name.AMBER_AFTER_S, kept)
        if retry_refused:
            with immediate(connection):
                statements.retry_refused(connection)
        if watch_on:
            _watch(session, connection, link, batch)
            return OK
        report = link.sync(batch=batch, lists=True)
    _tell(session, report)
    if not report.problems:
        return OK if report.ok else FINDINGS
    stopped = any(each.code in ("server_unreachable", "server_trouble", "bad_answer") for each in report.problems)
    return COULD_NOT_RUN if stopped else FINDINGS


class Link:
    """The device and its connection to the server; both are made anew when the device has been enrolled anew."""

    def __init__(self, session: Session, connection: sqlite3.Connection) -> None:
        self._session, self._connection = session, connection
        self._open()

    def _open(self) -> None:
        session = self._session
        self._device = load_device(self._connection, session.state, session.passphrase)
        self._wire = Wire(
            self._device.url,
            signer=self._device.signer,
            net=self._device.net,
            lang=session.lang,
            clock=session.clock,
        )

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()

    def sync(self, *, batch: int, lists: bool) -> SyncReport:
        """Do one sync."""
        if cache.get(self._connection, Name.KEY) != b64(self._device.key):
            self._wire.close()
            self._open()
        return sync_once(
            self._connection,
            self._device,
            self._wire,
            clock=self._session.clock,
            steady=self._session.steady,
            batch=batch,
            lists=lists,
        )


def _watch(session: Session, connection: sqlite3.Connection, link: Link, batch: int) -> None:
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    renewed: list[datetime] = []

    def sync(batch_now: int, lists: bool) -> SyncReport:
        report = link.sync(batch=batch_now, lists=lists)
        if lists and report.reached:
            renewed[:] = [session.clock()]
        return report

    watch(
        sync,
        pace=Pace(batch_max=batch, random=system_clock.random_bytes),
        waiting=lambda: statements.pending_count(connection) > 0,
        # A clock that jumps either way only renews the lists once more.
        lists_due=lambda: not renewed or abs(session.clock() - renewed[0]) >= LISTS_EVERY,
        tell=lambda report: _tell(session, report),
        stop=stop,
    )


def _tell(session: Session, report: SyncReport) -> None:
    session.tell(report.to_json(session.lang), _words(report, session.lang))


def _words(report: SyncReport, lang: Lang) -> str:
    flushed = report.flushed
    done = DONE.say(
        lang,
        sent=flushed.sent,
        repeats=flushed.repeats,
        refused=flushed.refused,
        unverified=flushed.unverified,
        unsent=report.unsent,
        trust_list=LISTS.get(report.trust_list, SEE_BELOW).say(lang),
    )
    return "\n".join([done, *dict.fromkeys(each.say(lang) for each in report.problems)])
