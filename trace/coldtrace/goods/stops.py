"""Stops: voided units, recalled lots and stolen keys; exact here, as filters for whoever is offline.

The server never asks a filter: it has the tables.  What it publishes (docs/formats/filters.md) is signed by the
status key, or pinned by the trust list where a key was stolen.  Whoever changes a stop and whoever publishes take
one lock, so a filter holds everything that was committed before it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from coldtrace.codes.trace_code import unit_id_of
from coldtrace.env import Env
from coldtrace.events.unit_id import read_unit_id
from coldtrace.goods import stop_store as store
from coldtrace.goods.refusals import LotNotRecalled, RecallOfUnknownLot, StolenAtLater
from coldtrace.goods.stop_store import FilterRecord
from coldtrace.parties import signing_keys
from coldtrace.parties import store as parties
from coldtrace.parties.refusals import KeyUnknown
from coldtrace.parties.signing_keys import RevokeKey
from coldtrace.seal.filter import open_filter
from coldtrace.seal.filter_build import Items, build_allow_filter, build_stop_filter
from coldtrace.seal.filter_header import STOP_KINDS, FilterKind
from coldtrace.seal.keys import key_id
from coldtrace.seal.trust_entries import Allow, TrustedKey, TrustList
from coldtrace.verify.code import CodeReport, Verdict, verify_code
from coldtrace.verify.code_refusals import RecalledLot, RevokedKey

FILTER_LIFE = timedelta(days=7)
"""After this whoever holds the filter says that later stops are not known."""
FILTER_AGE = timedelta(hours=20)
"""A filter is issued again after this even if nothing was stopped, so that its holders know that."""
KEPT = 3


@dataclass(frozen=True, kw_only=True)
class Theft:
    """What came of revoking a stolen key: `units` still count, `units_red` were registered since and do not."""

    kid: str
    stolen_at: datetime
    units: int
    units_red: int
    filter_id: bytes


def revoke_unit(session: Session, env: Env, unit_id: str, reason: str) -> bool:
    """Void the code of one unit for good; return False if it is voided already.  Raises what `read_unit_id` raises.

    The caller owns the transaction; the filter follows within minutes (`publish_filters`).
    """
    read_unit_id(unit_id)
    store.lock_stops(session)
    return store.insert_revoked(session, unit_id=unit_id, reason=reason, at=env.clock())


def recall_lot(session: Session, env: Env, *, gtin: str, lot: str, reason: str, unknown: bool = False) -> bool:
    """Recall a lot; return False if it is recalled already.

    Raises RecallOfUnknownLot for a lot that no import has named, unless `unknown` says that this is meant.
    """
    store.lock_stops(session)
    if not unknown and not store.is_known_lot(session, gtin, lot):
        raise RecallOfUnknownLot(gtin=gtin, lot=lot[:60])
    if store.recall_of(session, gtin, lot) is not None:
        return False
    store.insert_recall(session, gtin=gtin, lot=lot, reason=reason, at=env.clock())
    return True


def lift_lot(session: Session, env: Env, *, gtin: str, lot: str) -> None:
    """Lift the recall of a lot; raise LotNotRecalled."""
    store.lock_stops(session)
    if not store.lift_recall(session, gtin=gtin, lot=lot, at=env.clock()):
        raise LotNotRecalled(gtin=gtin, lot=lot)


def revoke_stolen(session: Session, env: Env, kid: str, *, stolen_at: datetime, reason: str | None = None) -> Theft:
    """Revoke a stolen code key and announce it: the units registered before `stolen_at` still count.

    Raises KeyUnknown, and StolenAtLater for a time that has not come.  Said again with another time, the newer one
    counts.  The server obeys at once, also while a list waits for roots that are offline.
    """
    now = env.clock()
    if stolen_at > now:
        raise StolenAtLater()
    store.lock_stops(session)
    row = parties.signing_key_of(session, kid)
    if row is None or row.use != "code":
        raise KeyUnknown(kid=kid[:40])
    data = build_allow_filter(
        lambda: store.units_before(session, kid=kid, before=stolen_at),
        net=env.net,
        key=row.key_id,
        issued=now,
        random=env.random,
    )
    header = open_filter(data).header
    store.insert_filter(
        session, id=header.id, kind=str(header.kind), key_id=row.key_id, seq=0, units=header.count, at=now, data=data
    )
    allow = Allow(sha256=header.id, units=header.count)
    signing_keys.revoke(session, env, RevokeKey(kid=kid, reason=reason, stolen_at=stolen_at, allow=allow))
    red = store.count_units_since(session, kid=kid, since=stolen_at)
    return Theft(kid=kid, stolen_at=stolen_at, units=header.count, units_red=red, filter_id=header.id)


def publish_filters(session: Session, env: Env, *, all_kinds: bool = False) -> list[FilterRecord]:
    """Issue the stop-filters that are due: something changed, or the last one is a day old; return the new ones."""
    store.lock_stops(session)
    return [_publish(session, env, kind) for kind in STOP_KINDS if all_kinds or _is_due(session, env, kind)]


def _is_due(session: Session, env: Env, kind: FilterKind) -> bool:
    last = store.newest_filter(session, kind)
    if last is None or last.issued_at + FILTER_AGE < env.clock():
        return True
    return store.changed_since(session, kind, at=last.issued_at, units=last.units)


def _publish(session: Session, env: Env, kind: FilterKind) -> FilterRecord:
    now, last = env.clock(), store.newest_filter(session, kind)
    seq, signer = (1 if last is None else last.seq + 1), env.keyring.signer("status")
    data = build_stop_filter(
        _items(session, kind),
        kind=kind,
        net=env.net,
        seq=seq,
        issued=now,
        expires=now + FILTER_LIFE,
        signer_id=key_id(signer.spki),
        signer=signer,
        random=env.random,
    )
    header = open_filter(data).header
    store.insert_filter(
        session, id=header.id, kind=str(kind), key_id=None, seq=seq, units=header.count, at=now, data=data
    )
    store.drop_old_filters(session, kind, below_seq=seq + 1 - KEPT)
    found = store.newest_filter(session, kind)
    assert found is not None, "inserted just now"
    return found


def _items(session: Session, kind: FilterKind) -> Items:
    if kind is FilterKind.REVOKED_UNITS:
        return lambda: store.revoked_units(session)
    if kind is FilterKind.BLOCKED_UNITS:
        return lambda: store.blocked_units(session)
    return lambda: (lot_item(each.gtin, each.lot) for each in store.recalls(session))


def lot_item(gtin: str, lot: str) -> str:
    """Return a lot as filters name it."""
    return str(unit_id_of({"01": gtin, "10": lot}))


class _Registered:
    """The exact allow-filter: whether a stolen key's code was registered before the theft."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def allows(self, unit: str, *, key: TrustedKey, net: bytes) -> bool:
        return store.is_registered_before(self._session, unit_id=unit, kid=key.kid, key_id=key.id)


class _Revoked:
    def __init__(self, session: Session) -> None:
        self._session = session

    def __contains__(self, unit: object) -> bool:
        return store.revoked_at(self._session, str(unit)) is not None


class _Recalled:
    def __init__(self, session: Session) -> None:
        self._session = session

    def __contains__(self, pair: object) -> bool:
        return isinstance(pair, tuple) and store.recall_of(self._session, str(pair[0]), str(pair[1])) is not None


def judge_code(session: Session, text: str, *, trust_list: TrustList, now: datetime) -> CodeReport:
    """Return the server's verdict on a scanned text: exact where an offline verifier has filters.

    A key that was revoked counts as such at once, also while the list that says so waits for offline roots.  A recall
    also reaches units whose code does not carry the lot (pre-issued rolls, cartons by SSCC).
    """
    report = verify_code(
        text,
        trust=trust_list,
        now=now,
        allowed_units=(_Registered(session),),
        revoked_units=_Revoked(session),
        recalled_lots=_Recalled(session),
    )
    unit = None if report.code is None else report.code.unit_id
    if report.key is not None and report.elements and _is_revoked_here(session, report.key, unit):
        refusal = RevokedKey(kid=report.key.kid, station=report.key.stn or "-")
        return replace(report, verdict=Verdict.REVOKED, elements=(), refusal=refusal)
    if report.verdict is not Verdict.VALID or unit is None:
        return report
    lot = store.bound_lot(session, unit)
    if lot is None or lot not in _Recalled(session):
        return report
    return replace(report, verdict=Verdict.RECALLED_LOT, refusal=RecalledLot(gtin=lot[0], lot=lot[1]))


def _is_revoked_here(session: Session, key: TrustedKey, unit: str | None) -> bool:
    if key.is_revoked or not store.is_key_revoked(session, key.id):
        return False
    return unit is None or not store.is_registered_before(session, unit_id=unit, kid=key.kid, key_id=key.id)
