"""One lane at work: everything a scan needs, loaded once and renewed when another process has changed it."""

import sqlite3
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from coldscan import cache, lanes, words
from coldscan.answer import Answer, Result
from coldscan.cache import Name
from coldscan.certificate_end import certificate_end
from coldscan.compose import Matter, append
from coldscan.day_mark import close_day, today_of
from coldscan.device import Device, load_device
from coldscan.knowledge import Knowledge, load_knowledge
from coldscan.lanes import Lane
from coldscan.local_time import local_time
from coldscan.operation import Operation
from coldscan.refusals import KeyRetired, KeyRevoked
from coldscan.state_dir import StateDir
from coldscan.statements import Moment, tail_of
from coldscan.steady import Steady, SteadyClock, no_steady
from coldscan.store import immediate, tidy
from coldscan.verdict import Finding
from coldtrace.clock import format_utc, parse_utc
from coldtrace.errors import Lang
from coldtrace.seal.b64 import b64
from coldtrace.verify.held_filters import Blocked

TIDY_EVERY: Final = 50
"""Scans after which the store's log is still short of the size at which SQLite itself would tidy it up."""


@dataclass
class Bench:
    """The state of one running lane.  `lane` mirrors what is stored; it changes only after a commit.

    `keeps_operation`: no card, not even one that is refused, takes the lane's operation away.  `read_back` has the
    shapes of what was stated: the first of each is read back before it is signed, the others differ in their goods.
    `day` is the last one on which this bench has seen that the days before it are closed.
    """

    state: StateDir
    connection: sqlite3.Connection
    passphrase: bytes | None
    device: Device
    knowledge: Knowledge
    lane: Lane
    lang: Lang
    clock: Callable[[], datetime]
    data_version: int = 0
    keeps_operation: bool = False
    read_back: set[Hashable] = field(default_factory=set)
    answers: int = 0
    day: date | None = None
    reminded: date | None = None

    @property
    def operation(self) -> Operation | None:
        """What the next scan means, or None before anything was chosen."""
        return None if self.lane.operation is None else Operation(self.lane.operation)

    def renew(self) -> None:
        """Take in what another process (a sync, an enrolment) has written since the last scan.

        Raises KeyRetired or KeyRevoked.
        """
        version = int(self.connection.execute("PRAGMA data_version").fetchone()[0])
        if version == self.data_version:
            return
        if b64(self.device.key) != cache.get(self.connection, Name.KEY):
            self.device = load_device(self.connection, self.state, self.passphrase)
            self.read_back.clear()
        operations = tuple(cache.get_names(self.connection, Name.OPERATIONS))
        self.device = replace(self.device, operations=operations)
        self.knowledge = load_knowledge(self.connection, known=self.knowledge, steady=self.knowledge.steady)
        # Last: while this raises, nothing is marked as taken in, and the next scan asks again.
        require_live_key(self.connection, self.device)
        self.data_version = version

    def set_lane(self, lane: Lane, *, new_context: bool) -> None:
        """Store the lane's new standing, then work with it."""
        with immediate(self.connection):
            saved = lanes.save(self.connection, lane, new_context=new_context)
        self.lane = saved

    def remind(self, answer: Answer) -> Answer:
        """Return the answer; the first one of a day that is neither a stop nor a repeat with what has to be said of the
        certificate before it ends."""
        now = self.clock()
        today = today_of(self.device, self.knowledge, now=now)
        if today == self.reminded or not (answer.queued or answer.result is Result.NOTED):
            return answer
        end = certificate_end(self.connection, now=self.knowledge.guess_now(now))
        said = cache.get(self.connection, Name.CERTIFICATE_WARNED)
        self.reminded = today
        if end is None or not end.is_near or said == today.isoformat():
            return answer
        # What was answered is stored, whether or not the note that this was said fits the disk.
        with suppress(sqlite3.Error), immediate(self.connection):
            cache.put(self.connection, Name.CERTIFICATE_WARNED, today.isoformat())
        stop = "。" if self.lang == "zh" else ". "
        say = f"{answer.say}{stop}{end.say(self.lang)}"
        return replace(answer, result=Result.LOOK, say=say, code=answer.code or "certificate_ends")

    def rest(self) -> None:
        """Tidy up the store between two scans, once in a while."""
        self.answers += 1
        if self.answers % TIDY_EVERY == 0:
            tidy(self.connection)

    def append(self, matter: Matter, *, now: datetime) -> str:
        """Add a statement of this lane to the chain, behind the `mark` of the day before if that is due, and return
        its id; the caller owns the transaction."""
        today = today_of(self.device, self.knowledge, now=now)
        # A mark that is said now counts from the commit, which may fail: the next statement asks once more.
        if today != self.day and close_day(self.connection, self.device, self.knowledge, now=now) is None:
            self.day = today
        shape, ran = matter.shape(), self.knowledge.steady()
        true_at = format_utc(self.knowledge.corrected(now))
        id = append(
            self.connection,
            self.device,
            matter,
            now=now,
            lane=self.lane.name,
            ahead_s=self.knowledge.ahead_s(now),
            moment=Moment(true_at=true_at, ran=None if ran is None else str(ran)),
            read_back=shape not in self.read_back,
        )
        if shape is not None:
            self.read_back.add(shape)
        return id

    def local_time(self, utc: str | datetime, pattern: str = "%Y-%m-%d %H:%M") -> str:
        """Return a moment as people on site read it."""
        return local_time(utc, self.device.offset, pattern)

    def amber(self, finding: Finding) -> str:
        """Return what must be said beside a success: a stop that may be chance, what this device
        said of the goods, that they are on hold, since when nothing is known, or that the host is strange."""
        if finding.chance_in is not None:
            return words.MAYBE_STOPPED.say(self.lang, of=finding.chance_in)
        if finding.own is not None:
            at = self.local_time(finding.own.at, "%m-%d %H:%M")
            return words.OWN_WORDS[finding.own.state].say(self.lang, at=at)
        if finding.blocked is not None:
            return self._on_hold(finding.blocked)
        if finding.amber_code == "status_unknown":
            return words.STALE.say(self.lang, since=self.local_time(finding.issued))
        if finding.amber_code == "untrusted_host" and finding.code is not None:
            return words.OTHER_HOST.say(self.lang, host=finding.code.host)
        return ""

    def _on_hold(self, blocked: Blocked) -> str:
        if blocked.chance_in is not None:
            return words.MAYBE_STOPPED.say(self.lang, of=blocked.chance_in)
        sentence = words.LOT_HELD if blocked.whole_lot else words.HELD_HERE
        return sentence.say(self.lang, since=self.local_time(blocked.issued, "%m-%d %H:%M"))

    def is_repeat(self, at: str | None, *, within: timedelta) -> bool:
        """Tell whether something said `at`, by the server's time, is recent enough to make this scan a repeat."""
        return at is not None and abs(self.knowledge.corrected(self.clock()) - parse_utc(at)) < within

    def is_recent(self, moment: Moment, *, within: timedelta) -> bool:
        """Tell whether a scan was made within so long: by what the machine has run since, whatever its wall clock did,
        or if it was started anew since then, by the server's time."""
        present = self.knowledge.steady()
        run_ms = None if present is None else present.since(Steady.parse(moment.ran))
        if run_ms is not None:
            return timedelta(milliseconds=run_ms) < within
        return self.is_repeat(moment.true_at, within=within)


def open_bench(
    state: StateDir,
    connection: sqlite3.Connection,
    *,
    passphrase: bytes | None,
    lane: str,
    lang: Lang,
    clock: Callable[[], datetime],
    steady: SteadyClock = no_steady,
) -> Bench:
    """Return the bench of an enrolled device; raise NotEnrolled, KeyRetired, KeyRevoked, NoTrustList or
    UnreadableKeyFile."""
    device = load_device(connection, state, passphrase)
    require_live_key(connection, device)
    return Bench(
        state=state,
        connection=connection,
        passphrase=passphrase,
        device=device,
        knowledge=load_knowledge(connection, known=None, steady=steady),
        lane=lanes.load(connection, lane),
        lang=lang,
        clock=clock,
    )


def require_live_key(connection: sqlite3.Connection, device: Device) -> None:
    """Raise KeyRevoked or KeyRetired once a sync has found that the server takes nothing, or knows more, of the key."""
    if cache.get(connection, Name.REVOKED) is not None:
        raise KeyRevoked()
    server = cache.get_number(connection, Name.RETIRED_BY)
    if server is not None:
        raise KeyRetired(server=server, here=tail_of(connection, b64(device.key)).seq)
