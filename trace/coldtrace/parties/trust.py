"""Publishing the trust list: which keys, stations, hosts and logs a verifier may believe.

Format: docs/formats/trust-list.md.  Every list is also a `trust` leaf of the log, so that a list shown to one
reader only can be found.  The list is signed here if enough root keys lie in the key folder; otherwise it is exported,
signed by the holders of the roots, and taken back.
"""

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from sqlmodel import Session

from coldtrace.env import Env, Log, station_key
from coldtrace.events.leaf import LeafKind, leaf_bytes, trust_body
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry
from coldtrace.parties import store
from coldtrace.parties.model import CodeKey, SiteRole
from coldtrace.parties.refusals import (
    KeyNotListed,
    NoCodeKey,
    NoTrustList,
    RootChangeWithoutList,
    RootsHaveToSign,
    RootsOffline,
    SignedListStale,
)
from coldtrace.parties.roots import current_root, keep_root_change, root_signers
from coldtrace.parties.tables import SigningKeyRow, TrustListRow
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.root_document import RootDocument
from coldtrace.seal.signer import Signer
from coldtrace.seal.trust_entries import Allow, Cut, LogEntry, Station, TrustedKey, TrustList, trusted_key
from coldtrace.seal.trust_list import UntrustedTrustList, open_trust_list, sign_trust_list, unsigned_roots
from coldtrace.seal.trust_text import print_list
from coldtrace.seal.vkey import Vkey, parse_vkey

LIST_LIFE = timedelta(days=7)
"""After this a verifier shows amber, not green, until it has a newer list."""

LISTED_STATE = {"active": "active", "retired": "verify-only", "revoked": "revoked"}

log = logging.getLogger(__name__)


def code_key(session: Session, env: Env, gln: str, now: datetime) -> CodeKey:
    """Return the key with which a first station prints at `now`: the newest that verifiers know already.

    Raises NoCodeKey when its keys may not make new signatures any more, KeyNotListed when only a list is missing,
    KeyMissing when the file is not here.
    """
    prints = [
        row
        for row in store.code_keys_of(session, gln)
        if row.state == "active" and row.print_from <= now < row.print_until
    ]
    for row in prints:
        if row.listed_seq is not None:
            return CodeKey(
                signer=env.keyring.signer(station_key(gln, row.kid)),
                kid=row.kid,
                alg=row.alg,
                scope=tuple(row.scope),
                company_prefixes=store.company_prefixes(session)[gln],
            )
    if prints:
        raise KeyNotListed(gln=gln, kid=prints[0].kid)
    raise NoCodeKey(gln=gln)


def publish(session: Session, env: Env) -> TrustListRow:
    """Sign and keep the next trust list, and log it.  No two lists ever have one number.

    Raises RootsOffline when too few root keys lie in the key folder.
    """
    store.lock_publishing(session)
    return _publish(session, env)


def announce(session: Session, env: Env) -> TrustListRow | None:
    """Publish what has just changed, or, with the roots offline, say in the log that a list waits to be signed."""
    try:
        return publish(session, env)
    except RootsOffline as refusal:
        log.warning("%s / %s", refusal.say("zh"), refusal.say("en"))
        return None


def export_list(session: Session, env: Env, *, life: timedelta) -> str:
    """Return the envelope, still without signatures, of the list that the holders of the roots are to sign."""
    store.lock_publishing(session)
    return _envelope(_next_text(session, env, life=life), {}, current_root(session))


def adopt_list(session: Session, env: Env, envelope: str) -> TrustListRow:
    """Keep and log a list that came back signed.

    Raises what opening it raises, and SignedListStale unless it is, to the letter, what would be exported now.
    """
    store.lock_publishing(session)
    return _adopt_list(session, env, envelope)


def adopt_root_change(session: Session, env: Env, change: str, *, signed_list: str | None = None) -> RootDocument:
    """Adopt the next version of the root document, and publish a list of the new roots with it.

    Raises MalformedRoot, RootChangeRefused, RootChangeWithoutList when the new roots are offline and no list of
    theirs is given, and what `adopt_list` raises.
    """
    store.lock_publishing(session)
    new = keep_root_change(session, env, change)
    if signed_list is not None:
        _adopt_list(session, env, signed_list)
        return new
    try:
        _publish(session, env)
    except RootsOffline as refusal:
        raise RootChangeWithoutList(**refusal.facts) from None
    return new


def current(session: Session, env: Env) -> TrustListRow:
    """Return the newest list, publishing one when the last has lived half its life and the roots are here.

    Raises NoTrustList when there is none yet and none can be signed here.
    """
    row = store.newest_trust_list(session)
    if row is not None and not _is_due(row, env):
        return row
    store.lock_publishing(session)
    # Another process may have published while this one waited.
    row = store.newest_trust_list(session)
    if row is not None and not _is_due(row, env):
        return row
    try:
        return _publish(session, env)
    except RootsOffline as refusal:
        if row is None:
            raise NoTrustList() from None
        log.warning("%s / %s", refusal.say("zh"), refusal.say("en"))
        return row


def changes_waiting(session: Session) -> int:
    """Return how many keys and cuts the newest list does not show as they are here."""
    row = store.newest_trust_list(session)
    shown = None if row is None else _opened(row.envelope)
    keys = {_listed(each) for each in store.signing_keys(session) if each.use != "log"}
    cut = {key for key, _ in store.cut_devices(session)}
    if shown is None:
        return len(keys)
    return len(keys - set(shown.keys)) + len(cut - {each.key for each in shown.cuts})


def _publish(session: Session, env: Env) -> TrustListRow:
    root = current_root(session)
    signers = root_signers(session, env, root)
    if len(signers) < root.threshold:
        raise RootsOffline(threshold=root.threshold, here=len(signers))
    text = _next_text(session, env, life=LIST_LIFE)
    return _keep(session, env, _envelope(text, signers, root), open_trust_list(text, root=None))


def _adopt_list(session: Session, env: Env, envelope: str) -> TrustListRow:
    last = store.newest_trust_list(session)
    root = current_root(session)
    trust = _signed_list(envelope, root=root, lowest_seq=0 if last is None else last.seq)
    if _text(session, env, issued=trust.issued, expires=trust.expires) != json.loads(envelope)["list"]:
        raise SignedListStale(seq=trust.seq, next_seq=1 if last is None else last.seq + 1)
    return _keep(session, env, envelope, trust)


def _signed_list(envelope: str, *, root: RootDocument, lowest_seq: int) -> TrustList:
    """Open a list that came back; raise RootsHaveToSign for one of ours that too few roots have signed."""
    try:
        return open_trust_list(envelope, root=root, lowest_seq=lowest_seq)
    except UntrustedTrustList as refusal:
        missing = unsigned_roots(envelope, root=root)
        if missing is None or open_trust_list(envelope, root=None).net != root.net:
            raise
        signed = len(root.roots) - len(missing)
        raise RootsHaveToSign(signed=signed, threshold=root.threshold, missing=", ".join(missing)) from refusal


def _envelope(text: str, signers: dict[str, Signer], root: RootDocument) -> str:
    return json.dumps(sign_trust_list(text, signers, root=root), ensure_ascii=False, separators=(",", ":"))


def _keep(session: Session, env: Env, envelope: str, trust: TrustList) -> TrustListRow:
    now = env.clock()
    row = TrustListRow(seq=trust.seq, envelope=envelope, issued_at=trust.issued, expires_at=trust.expires)
    session.add(row)
    session.flush()
    store.keys_listed(session, trust.seq)
    leaf = leaf_bytes(LeafKind.TRUST, trust_body(list_text=json.loads(envelope)["list"], seq=trust.seq), None, now)
    entry = Entry(entry_id=env.new_id(), leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=now)
    ledger.append(session, env.log, [entry])
    return row


def _is_due(row: TrustListRow, env: Env) -> bool:
    half = row.issued_at + (row.expires_at - row.issued_at) / 2
    return half < env.clock() or env.public_host.lower() not in _hosts(row) or not _shows_policy(row, env)


def _shows_policy(row: TrustListRow, env: Env) -> bool:
    """Tell whether verifiers read of the witnesses that are asked here; a command without the setting changes none."""
    if env.policy is None:
        return True
    wanted = (env.policy.counted, env.policy.quorum)
    return all((each.witnesses, each.quorum) == wanted for each in _opened(row.envelope).logs)


def _hosts(row: TrustListRow | None) -> tuple[str, ...]:
    return () if row is None else _opened(row.envelope).hosts


@lru_cache(maxsize=2)
def _opened(envelope: str) -> TrustList:
    """Return a list of our own, which was checked when it was kept; probes ask for the same one often."""
    return open_trust_list(envelope, root=None)


def _next_text(session: Session, env: Env, *, life: timedelta) -> str:
    now = env.clock()
    return _text(session, env, issued=now, expires=now + life)


def _text(session: Session, env: Env, *, issued: datetime, expires: datetime) -> str:
    """Return the text of the next list as the database has it now."""
    last = store.newest_trust_list(session)
    # Hosts stay on the list: cartons that carry an older one are still on the shelves.
    hosts = tuple(dict.fromkeys([env.public_host.lower(), *_hosts(last)]))
    prefixes = store.company_prefixes(session)
    return print_list(
        TrustList(
            net=env.net,
            seq=1 if last is None else last.seq + 1,
            issued=issued,
            expires=expires,
            hosts=hosts,
            stations=tuple(
                Station(id=site.gln, name=site.name_zh, gln=site.gln, gcp=prefixes[site.gln], status="active")
                for site in store.sites(session)
                if site.role is SiteRole.FIRST_STATION
            ),
            keys=tuple(_listed(row) for row in store.signing_keys(session) if row.use != "log"),
            cuts=tuple(Cut(key=key, origin=env.origin, size=size) for key, size in store.cut_devices(session)),
            logs=_logs(ledger.logs(session), env, last),
        )
    )


def _logs(logs: Sequence[tuple[Log, str]], env: Env, last: TrustListRow | None) -> tuple[LogEntry, ...]:
    """Return the logs with their witnesses: those that were set here, or else those of the last list.

    A command that was started without the setting must not let verifiers believe that there are no witnesses.  A log
    that is not listed yet takes over those of the log before it.
    """
    before = () if last is None else _opened(last.envelope).logs
    kept = {each.origin: (each.witnesses, each.quorum) for each in before}
    wanted: tuple[tuple[Vkey, ...], int] = ((), 0)
    found = []
    for log, vkey in logs:
        wanted = kept.get(log.origin, wanted) if env.policy is None else (env.policy.counted, env.policy.quorum)
        found.append(LogEntry(origin=log.origin, vkey=parse_vkey(vkey), witnesses=wanted[0], quorum=wanted[1]))
    return tuple(found)


def _listed(row: SigningKeyRow) -> TrustedKey:
    is_code = row.use == "code"
    ends = row.retired_at is not None and row.state == "active"  # the list that names its successor retires it
    allow = None
    if row.state == "revoked" and row.allow_sha256 is not None:
        allow = Allow(sha256=row.allow_sha256, units=row.allow_units or 0)
    return trusted_key(
        use=row.use,
        spki=row.spki,
        stn=row.gln,
        scope=tuple(row.scope),
        print_from=row.print_from if is_code else None,
        print_until=row.print_until if is_code else None,
        accept_until=row.accept_until if is_code else None,
        st="verify-only" if ends else LISTED_STATE[row.state],
        allow=allow,
    )
