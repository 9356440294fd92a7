"""The life of the signing keys: taken in, rotated, retired, revoked.

A code carries no time, so the key must: a station prints with one key for about a month (the print window), and its
codes are taken for as long as goods live behind the last print (the accept window).  Then one theft costs a month and
not years.  Everything here ends with a new trust list, or, where the roots are offline, with one that waits for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from coldtrace.codes.gln import parse_gln
from coldtrace.env import Env, station_key
from coldtrace.parties import store, trust
from coldtrace.parties.keys import make_station_key
from coldtrace.parties.model import SiteRole
from coldtrace.parties.refusals import KeyRevoked, KeyUnknown, NotAFirstStation, WindowUnusable
from coldtrace.parties.roots import current_root
from coldtrace.parties.tables import SigningKeyRow
from coldtrace.seal.keys import FileSigner, Signer, key_id, kid, save_private_key
from coldtrace.seal.scope import check_scope
from coldtrace.seal.trust_entries import Allow
from coldtrace.seal.trust_list import ClashingKids, KeyUsedTwice

KEY_LIFE = timedelta(days=3650)
PRINT_DAYS, ACCEPT_DAYS = 37, 768
"""How long a code key prints, and how long its codes are taken, from the day it is made."""

CODE_SCOPE = ("01", "00", "414", "U")
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A code key for a first station: an algorithm and windows in days; None takes what the last key had."""

    gln: str
    alg: str | None = None
    print_days: int = PRINT_DAYS
    accept_days: int = ACCEPT_DAYS
    scope: Sequence[str] | None = None
    imported: FileSigner | None = None


def new_station_key(session: Session, env: Env, command: NewKey) -> SigningKeyRow:
    """Make, or take in, one more code key for a first station, and announce it; the others stay as they are.

    Raises MalformedGln, NotAFirstStation, WindowUnusable, MalformedScope, UnsupportedAlgorithm, and for an imported
    key ClashingKids or KeyUsedTwice.
    """
    row = _add_station_key(session, env, command)
    trust.announce(session, env)
    return row


def rotate(session: Session, env: Env, command: NewKey) -> tuple[SigningKeyRow, list[str]]:
    """Make a new code key for a first station; return it and the kids of those that it replaces.

    The old ones make no new signatures from the list on that names the new one, and stay good for what they signed.
    Raises what `new_station_key` raises.
    """
    old = [row for row in store.code_keys_of(session, parse_gln(command.gln)) if row.state == "active"]
    row = _add_station_key(session, env, command)
    for each in old:
        each.retired_at = env.clock()
        session.add(each)
    session.flush()
    trust.announce(session, env)
    return row, [each.kid for each in old]


def retire(session: Session, env: Env, short: str) -> SigningKeyRow:
    """Let a code key make no new signatures, from now on; what it signed stays good.  Again changes nothing.

    Raises KeyUnknown or KeyRevoked.
    """
    row = _code_key(session, short)
    if row.state == "revoked":
        raise KeyRevoked(kid=row.kid)
    if row.state == "active":
        row.state, row.retired_at = "retired", row.retired_at or env.clock()
        session.add(row)
        session.flush()
        trust.announce(session, env)
    return row


@dataclass(frozen=True, kw_only=True)
class RevokeKey:
    """A code key that is believed no more; `allow` is the filter of the units that still count after a theft."""

    kid: str
    reason: str | None = None
    stolen_at: datetime | None = None
    allow: Allow | None = None


def revoke(session: Session, env: Env, command: RevokeKey) -> SigningKeyRow:
    """Revoke a code key for good, and announce it.  Without an allow-filter every code of the key turns red.

    Again with the same facts changes nothing; a first or another allow-filter is taken over.  Raises KeyUnknown.
    """
    row = _code_key(session, command.kid)
    sha256, units = (command.allow.sha256, command.allow.units) if command.allow is not None else (None, None)
    if row.state == "revoked" and (command.allow is None or row.allow_sha256 == sha256):
        return row
    row.state, row.revoked_at = "revoked", row.revoked_at or env.clock()
    row.revoked_why, row.stolen_at = command.reason or row.revoked_why, command.stolen_at or row.stolen_at
    row.allow_sha256, row.allow_units = sha256, units
    session.add(row)
    session.flush()
    trust.announce(session, env)
    return row


def keep_key(
    session: Session,
    *,
    use: str,
    signer: Signer,
    now: datetime,
    gln: str | None = None,
    scope: tuple[str, ...] = (),
    print_for: timedelta = KEY_LIFE,
    accept_for: timedelta = KEY_LIFE,
) -> SigningKeyRow:
    """Note the public half of a signing key; the same key for the same use again changes nothing.

    Raises KeyUsedTwice for a key that has another use or is a root, ClashingKids for one whose short id is taken by
    any key that ever was here, whatever its state.
    """
    identity, short = key_id(signer.spki), kid(signer.spki)
    row = session.get(SigningKeyRow, identity)
    if row is not None and (row.use, row.gln) == (use, gln):
        return row
    if row is not None or any(each.spki == signer.spki for each in current_root(session).roots):
        raise KeyUsedTwice(kid=short)
    if short in _known_kids(session):
        raise ClashingKids(kid=short)
    # Windows are whole days of UTC, which thousands of keys on a list share; a key counts from the day before it was
    # made, for verifiers whose clocks are behind, and to the end of its last day.
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    row = SigningKeyRow(
        key_id=identity,
        kid=short,
        use=use,
        alg=signer.alg,
        spki=signer.spki,
        gln=gln,
        scope=list(scope),
        made_at=now,
        print_from=today - DAY,
        print_until=today + print_for + DAY,
        accept_until=today + accept_for + DAY,
    )
    session.add(row)
    session.flush()
    return row


def _add_station_key(session: Session, env: Env, command: NewKey) -> SigningKeyRow:
    site = store.site(session, parse_gln(command.gln))
    if site is None or site.role is not SiteRole.FIRST_STATION:
        raise NotAFirstStation(gln=command.gln)
    if not 1 <= command.print_days <= command.accept_days <= KEY_LIFE.days:
        raise WindowUnusable(print_days=command.print_days, accept_days=command.accept_days)
    before = next(iter(store.code_keys_of(session, site.gln)), None)
    alg = command.alg or ("Ed25519" if before is None else before.alg)
    old_scope = CODE_SCOPE if before is None else tuple(before.scope)
    scope = old_scope if command.scope is None else check_scope(command.scope)
    known = _known_kids(session)
    signer: Signer = command.imported or make_station_key(env, site.gln, known=known, alg=alg)
    row = keep_key(
        session,
        use="code",
        signer=signer,
        gln=site.gln,
        now=env.clock(),
        scope=scope,
        print_for=timedelta(days=command.print_days),
        accept_for=timedelta(days=command.accept_days),
    )
    if command.imported is not None:
        _keep_file(env, command.imported, env.keyring.folder / f"{station_key(site.gln, row.kid)}.pem")
    return row


def _keep_file(env: Env, signer: FileSigner, path: Path) -> None:
    if not path.exists():
        save_private_key(signer, path, env.keyring.passphrase)


def _known_kids(session: Session) -> set[str]:
    roots = current_root(session).roots
    return {row.kid for row in store.signing_keys(session)} | {kid(each.spki) for each in roots}


def _code_key(session: Session, short: str) -> SigningKeyRow:
    row = store.signing_key_of(session, short.strip().lower())
    if row is None or row.use != "code":
        raise KeyUnknown(kid=short[:40])
    return row
