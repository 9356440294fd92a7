"""Publishing the trust list: which keys, stations, hosts and logs a verifier may believe.

Format: docs/formats/trust-list.md.  Every list is also a `trust` leaf of the log, so that a list shown to one
reader only can be found.
"""

import json
from datetime import datetime, timedelta

import rfc8785
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.env import Env
from coldtrace.events.leaf import leaf_bytes
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry
from coldtrace.parties import store
from coldtrace.parties.model import SiteRole
from coldtrace.parties.tables import SigningKeyRow, TrustListRow
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.keys import key_id, kid
from coldtrace.seal.note import encode_vkey
from coldtrace.seal.trust_list import sign_trust_list

LIST_LIFE = timedelta(days=7)
"""After this a verifier shows amber, not green, until it has a newer list."""

KEY_LIFE = timedelta(days=3650)
CODE_PRINT_WINDOW = timedelta(days=37)
CODE_ACCEPT = timedelta(days=768)


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


def publish(session: Session, env: Env) -> TrustListRow:
    """Sign and keep the next trust list, and log it."""
    now = env.clock()
    last = store.newest_trust_list(session)
    seq = 1 if last is None else last.seq + 1
    expires = now + LIST_LIFE
    text = rfc8785.dumps(_document(session, env, seq=seq, issued=now, expires=expires)).decode()
    envelope = json.dumps(
        sign_trust_list(text, {"r1": env.keyring.signer("root")}), ensure_ascii=False, separators=(",", ":")
    )
    row = TrustListRow(seq=seq, envelope=envelope, issued_at=now, expires_at=expires)
    session.add(row)
    session.flush()
    leaf = leaf_bytes(kind="trust", body=envelope, sig=None, received_at=now)
    ledger.append(
        session, [Entry(entry_id=env.new_id(), leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=now)]
    )
    return row


def current(session: Session, env: Env) -> TrustListRow:
    """Return the newest list, publishing one when the last has lived half its life."""
    row = store.newest_trust_list(session)
    if row is None or row.issued_at + LIST_LIFE / 2 < env.clock():
        return publish(session, env)
    return row


def _document(
    session: Session, env: Env, *, seq: int, issued: datetime, expires: datetime
) -> dict[str, object]:
    log_signer = env.keyring.signer("log")
    stations = [
        {"id": site.gln, "name": site.name_zh, "gln": site.gln, "gcp": [site.gln[:7]], "status": "active"}
        for site in store.sites(session)
        if site.role is SiteRole.FIRST_STATION
    ]
    keys = [
        {
            "kid": row.kid,
            "id": b64(row.key_id),
            "use": row.use,
            "alg": row.alg,
            "spki": b64(row.spki),
            "stn": row.gln,
            "scope": list(row.scope),
            "print_from": format_utc(row.print_from),
            "print_until": format_utc(row.print_until),
            "accept_until": format_utc(row.accept_until),
            "st": row.state,
        }
        for row in store.signing_keys(session)
        if row.use != "log"
    ]
    return {
        "v": 1,
        "net": b64(env.net),
        "seq": seq,
        "issued": format_utc(issued),
        "expires": format_utc(expires),
        "hosts": [env.public_host.lower()],
        "stations": stations,
        "keys": keys,
        "logs": [
            {
                "origin": env.origin,
                "vkey": encode_vkey(env.origin, log_signer.spki),
                "witnesses": [],
                "quorum": 0,
            }
        ],
    }
