"""What a trust list says, as values: stations, keys, logs, cuts (docs/formats/trust-list.md, section 2).

Presence on the list is what makes a key good: there is no certificate chain and no revocation list to fetch.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import ClassVar

from coldtrace.seal.public_key import PublicKey, key_id, kid, load_public_key
from coldtrace.seal.scope import covers
from coldtrace.seal.vkey import Vkey

USES = ("code", "enrolment", "receipt", "log", "witness", "status")
STATES = ("active", "verify-only", "revoked")
STATION_STATES = ("active", "suspended", "closed")


@dataclass(frozen=True, kw_only=True)
class Station:
    """A place that prints and signs codes."""

    id: str
    name: str
    gln: str | None
    gcp: tuple[str, ...]
    status: str


@dataclass(frozen=True, kw_only=True)
class Allow:
    """The units that still count of a revoked code key: the id of their filter, and how many they are."""

    sha256: bytes
    units: int


@dataclass(frozen=True, kw_only=True)
class TrustedKey:
    """One key, for one use.  `kid` and `id` follow from `spki`; `scope` says which identities it may give."""

    kid: str
    id: bytes
    use: str
    alg: str
    spki: bytes
    stn: str | None = None
    scope: tuple[str, ...] = ()
    print_from: datetime | None = None
    print_until: datetime | None = None
    accept_until: datetime | None = None
    st: str = "active"
    allow: Allow | None = None

    @property
    def public_key(self) -> PublicKey:
        """The key that checks signatures."""
        return load_public_key(self.spki)

    @property
    def is_revoked(self) -> bool:
        """Whether nothing of this key is taken any more."""
        return self.st == "revoked"

    def accepts_at(self, now: datetime) -> bool:
        """Tell whether what this key signed may be taken at `now`: from `print_from` to `accept_until`."""
        if self.print_from is not None and now < self.print_from:
            return False
        return self.accept_until is None or now < self.accept_until

    def covers(self, ai: str, value: str) -> bool:
        """Tell whether this key may give an identity: the primary AI of a code and its value."""
        return covers(self.scope, ai, value)

    def may_sign_at(self, now: datetime) -> bool:
        """Tell whether this key may make new signatures at `now`: active, `print_from` to `print_until`."""
        if self.st != "active" or (self.print_from is not None and now < self.print_from):
            return False
        return self.print_until is None or now < self.print_until


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """A log, and how many of which witnesses must have cosigned its checkpoints."""

    origin: str
    vkey: Vkey
    witnesses: tuple[Vkey, ...]
    quorum: int


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A stolen or revoked key: what it signed counts only in leaves of log `origin` before `size`."""

    key: bytes
    origin: str
    size: int


@dataclass(frozen=True, kw_only=True)
class TrustList:
    """One issue of the list.  `net` is empty only for a bare list that does not say it."""

    v: ClassVar[int] = 1
    net: bytes
    seq: int
    issued: datetime
    expires: datetime
    hosts: tuple[str, ...]
    stations: tuple[Station, ...]
    keys: tuple[TrustedKey, ...]
    logs: tuple[LogEntry, ...] = ()
    cuts: tuple[Cut, ...] = ()

    def keys_for(self, kid: str, use: str) -> tuple[TrustedKey, ...]:
        """Return the keys with this short id and use, revoked ones too.  Usually one; try all there are."""
        return self._by_kid.get((kid, use), ())

    def key_of(self, id: bytes, use: str) -> TrustedKey | None:
        """Return the key with this full id and use."""
        return next((key for key in self.keys_for(id[:4].hex(), use) if key.id == id), None)

    def station(self, id: str) -> Station | None:
        """Return the station of this id."""
        return next((each for each in self.stations if each.id == id), None)

    def log(self, origin: str) -> LogEntry | None:
        """Return the log of this origin."""
        return next((each for each in self.logs if each.origin == origin), None)

    def cut_of(self, key: bytes) -> Cut | None:
        """Return where the key with this full id was cut off, if it was."""
        return next((each for each in self.cuts if each.key == key), None)

    def trusts_host(self, host: str) -> bool:
        """Tell whether codes may point at `host`; case does not matter."""
        return host.lower() in self.hosts

    def age_s(self, now: datetime) -> int:
        """Return the age of the list in whole seconds, zero if it is from the future."""
        return max(0, int((now - self.issued).total_seconds()))

    def is_stale(self, now: datetime) -> bool:
        """Tell whether the list is past `expires`; verdicts then turn amber."""
        return now >= self.expires

    @cached_property
    def _by_kid(self) -> dict[tuple[str, str], tuple[TrustedKey, ...]]:
        found: dict[tuple[str, str], tuple[TrustedKey, ...]] = {}
        for key in self.keys:
            found[key.kid, key.use] = (*found.get((key.kid, key.use), ()), key)
        return found


def trusted_key(
    *,
    use: str,
    spki: bytes,
    stn: str | None = None,
    scope: tuple[str, ...] = (),
    print_from: datetime | None = None,
    print_until: datetime | None = None,
    accept_until: datetime | None = None,
    st: str = "active",
    allow: Allow | None = None,
) -> TrustedKey:
    """Return the entry of a public key, with the ids and the algorithm that follow from it."""
    return TrustedKey(
        kid=kid(spki),
        id=key_id(spki),
        use=use,
        alg=load_public_key(spki).alg,
        spki=spki,
        stn=stn,
        scope=scope,
        print_from=print_from,
        print_until=print_until,
        accept_until=accept_until,
        st=st,
        allow=allow,
    )
