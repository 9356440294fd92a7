"""Publishing the trust list: which keys, stations, hosts and logs a verifier may believe.

Format: docs/formats/trust-list.md.  Every list is also a `trust` leaf of the log, so that a list shown to one
reader only can be found.
"""

import json
from datetime import datetime, timedelta

from sqlmodel import Session

from coldtrace.env import Env, station_key
from coldtrace.events.leaf import LeafKind, leaf_bytes, trust_body
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry
from coldtrace.parties import store
from coldtrace.parties.keys import read_root
from coldtrace.parties.model import CodeKey, SiteRole
from coldtrace.parties.refusals import NoCodeKey
from coldtrace.parties.tables import SigningKeyRow, TrustListRow
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.keys import key_id, kid
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_entries import Allow, Cut, LogEntry, Station, TrustList, trusted_key
from coldtrace.seal.trust_list import open_trust_list, sign_trust_list
from coldtrace.seal.trust_text import print_list
from coldtrace.seal.vkey import vkey_of

LIST_LIFE = timedelta(days=7)
"""After this a verifier shows amber, not green, until it has a newer list."""

KEY_LIFE = timedelta(days=3650)
CODE_PRINT_WINDOW = timedelta(days=37)
CODE_ACCEPT = timedelta(days=768)

LISTED_STATE = {"active": "active", "retired": "verify-only", "revoked": "revoked"}


def keep_key(
    session: Session,
    *,
    use: str,
    alg: str,
    spki: bytes,
    gln: str | None,
    now: datetime,
    scope: tuple[str, ...] = (),
) -> None:
    """Note the public half of a signing key; the same key again changes nothing."""
    identity = key_id(spki)
    if session.get(SigningKeyRow, identity) is not None:
        return
    is_code = use == "code"
    session.add(
        SigningKeyRow(
            key_id=identity,
            kid=kid(spki),
            use=use,
            alg=alg,
            spki=spki,
            gln=gln,
            scope=list(scope),
            print_from=now - timedelta(days=1),
            print_until=now + (CODE_PRINT_WINDOW if is_code else KEY_LIFE),
            accept_until=now + (CODE_ACCEPT if is_code else KEY_LIFE),
            state="active",
        )
    )
    session.flush()


def code_key(session: Session, env: Env, gln: str, now: datetime) -> CodeKey:
    """Return the key with which a first station prints at `now`.

    Raises NoCodeKey when its keys may not make new signatures any more, KeyMissing when the file is not here.
    """
    for row in store.code_keys_of(session, gln):
        if row.state == "active" and row.print_from <= now < row.print_until:
            return CodeKey(
                signer=env.keyring.signer(station_key(gln, row.kid)),
                kid=row.kid,
                alg=row.alg,
                scope=tuple(row.scope),
                company_prefixes=store.company_prefixes(session)[gln],
            )
    raise NoCodeKey(gln=gln)


def publish(session: Session, env: Env) -> TrustListRow:
    """Sign and keep the next trust list, and log it.  No two lists ever have one number."""
    store.lock_publishing(session)
    return _publish(session, env)


def _publish(session: Session, env: Env) -> TrustListRow:
    now = env.clock()
    last = store.newest_trust_list(session)
    seq = 1 if last is None else last.seq + 1
    expires = now + LIST_LIFE
    # Hosts stay on the list: cartons that carry an older one are still on the shelves.
    hosts = tuple(dict.fromkeys([env.public_host.lower(), *_hosts(last)]))
    text = print_list(_list(session, env, seq=seq, issued=now, expires=expires, hosts=hosts))
    envelope = json.dumps(
        sign_trust_list(text, {"r1": env.keyring.signer("root")}, root=parse_root(read_root(env.keyring.folder))),
        ensure_ascii=False,
        separators=(",", ":"),
    )
    row = TrustListRow(seq=seq, envelope=envelope, issued_at=now, expires_at=expires)
    session.add(row)
    session.flush()
    leaf = leaf_bytes(LeafKind.TRUST, trust_body(list_text=text, seq=seq), None, now)
    ledger.append(session, [Entry(entry_id=env.new_id(), leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=now)])
    return row


def current(session: Session, env: Env) -> TrustListRow:
    """Return the newest list, publishing one when the last has lived half its life."""
    row = store.newest_trust_list(session)
    if row is not None and not _is_due(row, env):
        return row
    store.lock_publishing(session)
    # Another process may have published while this one waited.
    row = store.newest_trust_list(session)
    return row if row is not None and not _is_due(row, env) else _publish(session, env)


def _is_due(row: TrustListRow, env: Env) -> bool:
    return row.issued_at + LIST_LIFE / 2 < env.clock() or env.public_host.lower() not in _hosts(row)


def _hosts(row: TrustListRow | None) -> tuple[str, ...]:
    return () if row is None else open_trust_list(row.envelope, root=None).hosts


def _list(
    session: Session, env: Env, *, seq: int, issued: datetime, expires: datetime, hosts: tuple[str, ...]
) -> TrustList:
    prefixes = store.company_prefixes(session)
    stations = tuple(
        Station(id=site.gln, name=site.name_zh, gln=site.gln, gcp=prefixes[site.gln], status="active")
        for site in store.sites(session)
        if site.role is SiteRole.FIRST_STATION
    )
    keys = tuple(
        trusted_key(
            use=row.use,
            spki=row.spki,
            stn=row.gln,
            scope=tuple(row.scope),
            print_from=row.print_from if row.use == "code" else None,
            print_until=row.print_until if row.use == "code" else None,
            accept_until=row.accept_until if row.use == "code" else None,
            st=LISTED_STATE[row.state],
            allow=_allow(row),
        )
        for row in store.signing_keys(session)
        if row.use != "log"
    )
    vkey = vkey_of(name=env.origin, spki=env.keyring.signer("log").spki)
    return TrustList(
        net=env.net,
        seq=seq,
        issued=issued,
        expires=expires,
        hosts=hosts,
        stations=stations,
        keys=keys,
        cuts=tuple(Cut(key=key, origin=env.origin, size=size) for key, size in store.cut_devices(session)),
        logs=(LogEntry(origin=env.origin, vkey=vkey, witnesses=(), quorum=0),),
    )


def _allow(row: SigningKeyRow) -> Allow | None:
    """Return which units of a stolen key still count."""
    if row.state != "revoked" or row.allow_sha256 is None or row.allow_units is None:
        return None
    return Allow(sha256=row.allow_sha256, units=row.allow_units)
