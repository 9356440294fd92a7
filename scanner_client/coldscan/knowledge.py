"""What the device knows about keys, and how old that is.

A trust list speaks for the time from `issued` to `expires`.  A device whose clock stands elsewhere asks it about the
nearest end of that time: a wrong clock never turns a good code into a bad one.  When the list has expired, the
answer says so, with the time since which nothing is known.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from coldscan import cache
from coldscan.cache import Name
from coldscan.filters import Filters, load_filters
from coldscan.refusals import NoTrustList
from coldscan.steady import Steady, SteadyClock, no_steady
from coldtrace.clock import parse_utc
from coldtrace.errors import Refusal
from coldtrace.seal.b64 import b64
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import TrustList, open_trust_list


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """The verified trust list, the filters that it stands behind, and what is known about the time."""

    trust: TrustList
    filters: Filters
    skew_s: int
    server_time: datetime | None
    synced_at: Steady | None = None
    amber_after: timedelta | None = None
    steady: SteadyClock = no_steady

    def corrected(self, now: datetime) -> datetime:
        """Return the time by the server's clock: by what has run since the last sync if the machine was not started
        anew, whatever the wall clock did; else the wall clock, corrected by what the last sync found."""
        present = self.steady()
        run_ms = None if present is None else present.since(self.synced_at)
        if run_ms is not None and self.server_time is not None:
            return self.server_time + timedelta(milliseconds=run_ms)
        try:
            return now + timedelta(seconds=self.skew_s)
        except OverflowError:
            return now

    def ahead_s(self, now: datetime) -> int:
        """Return how many seconds the wall clock is ahead of the server's, as far as is known."""
        return round((now - self.corrected(now)).total_seconds())

    def guess_now(self, now: datetime) -> datetime:
        """Return the best guess of the true time: corrected by the last sync, and never before it."""
        guess = self.corrected(now)
        return guess if self.server_time is None else max(guess, self.server_time)

    def as_of(self, now: datetime) -> datetime:
        """Return the time about which the list is asked."""
        return min(max(self.guess_now(now), self.trust.issued), self.trust.expires)

    def age_s(self, now: datetime) -> int:
        """Return how long ago the list was issued."""
        return self.trust.age_s(self.guess_now(now))

    def is_stale(self, now: datetime) -> bool:
        """Tell whether the list has expired."""
        return self.trust.is_stale(self.guess_now(now))

    def lacks_stops(self, now: datetime) -> bool:
        """Tell whether it is unknown what was stopped of late: a filter has expired, or its file cannot be used."""
        return not self.filters.is_whole or self.filters.held.is_stale(self.guess_now(now))

    def is_past_limit(self, now: datetime) -> bool:
        """Tell whether the last sync is longer ago than this site allows."""
        if self.amber_after is None:
            return False
        return self.server_time is None or self.guess_now(now) - self.server_time > self.amber_after

    @property
    def known_since(self) -> datetime:
        """The time to which the list and the stops that are held speak."""
        return min([self.trust.issued, *(each.header.issued for each in self.filters.held.stops)])

    def station_name(self, gln: str) -> str | None:
        """Return the name of a station of the list."""
        return next((each.name for each in self.trust.stations if each.gln == gln), None)


def load_knowledge(
    connection: sqlite3.Connection, *, known: Knowledge | None, steady: SteadyClock = no_steady
) -> Knowledge:
    """Return what the cache knows; the list is opened again only if it differs from that of `known`.

    Raises NoTrustList if there is none that the root document confirms.
    """
    server_time = cache.get(connection, Name.SERVER_TIME)
    amber_after_s = cache.get_number(connection, Name.AMBER_AFTER_S)
    trust = _trust(connection, known)
    return Knowledge(
        trust=trust,
        filters=_filters(connection, trust, known),
        skew_s=cache.get_number(connection, Name.SKEW_S) or 0,
        server_time=None if server_time is None else parse_utc(server_time),
        amber_after=None if amber_after_s is None else timedelta(seconds=amber_after_s),
        synced_at=Steady.parse(cache.get(connection, Name.STEADY)),
        steady=steady,
    )


def _filters(connection: sqlite3.Connection, trust: TrustList, known: Knowledge | None) -> Filters:
    said = cache.get(connection, Name.FILTERS) or ""
    if known is not None and known.trust is trust and known.filters.is_whole and known.filters.text == said:
        return known.filters
    return load_filters(connection, trust)


def _trust(connection: sqlite3.Connection, known: Knowledge | None) -> TrustList:
    # One installation never has two lists of one number (`checked_list`), so the number tells whether it is new.
    if known is not None:
        same_net = cache.get(connection, Name.NET) == b64(known.trust.net)
        if same_net and cache.get_number(connection, Name.TRUST_SEQ) == known.trust.seq:
            return known.trust
    envelope, root = cache.get(connection, Name.TRUST_LIST), cache.get(connection, Name.ROOT)
    if envelope is None or root is None:
        raise NoTrustList()
    try:
        return open_trust_list(envelope, root=parse_root(root))
    except Refusal as refusal:
        raise NoTrustList() from refusal
