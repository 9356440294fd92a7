"""Enrolment: a key made here, vouched for by a one-time invitation.

The order that survives a power cut: write the key, ask, check the answer, store it all in one transaction.  A key
whose answer never came is used again for the next attempt, so a repeated request is the same request.  Until the
answer has passed every check, an earlier enrolment stays in force.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from coldscan import cache
from coldscan.cache import Name, Site
from coldscan.checked_list import check_list, fetch_root
from coldscan.compose import Matter, append
from coldscan.device import is_enrolled, load_device, load_key, read_offset
from coldscan.json_shape import Members
from coldscan.refusals import AlreadyEnrolled, BadAnswer, UnsafeAnswer, UnsentElsewhere
from coldscan.state_dir import StateDir
from coldscan.statements import pending_count
from coldscan.store import immediate
from coldscan.wire import Wire
from coldtrace.errors import Lang, Refusal
from coldtrace.events.certificate import Certificate, verify_certificate
from coldtrace.events.enrolment import Invite, make_request, read_invite
from coldtrace.events.statement_type import StatementType
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import Ed25519Signer, Signer, key_id, kid, save_private_key
from coldtrace.seal.root_document import RootDocument, net_of, parse_root
from coldtrace.seal.trust_list import TrustList

REQUEST_PATH = "/api/v1/devices/enrol"
KEY_KNOWN = "device_enrolled"


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What the server granted, after every check."""

    url: str
    origin: str
    root: RootDocument
    envelope: str
    trust: TrustList
    key: str
    certificate_text: str
    certificate_sig: str
    site: Site
    operations: list[str]


def enrol(
    connection: sqlite3.Connection,
    state: StateDir,
    *,
    invite_text: str,
    name: str,
    passphrase: bytes | None,
    offset: str | None,
    again: bool,
    lang: Lang,
    clock: Callable[[], datetime],
) -> Enrolment:
    """Enrol this device; raise AlreadyEnrolled, UnsentElsewhere, MalformedInvite, ServerUnreachable,
    ServerRefused, ServerTrouble, BadAnswer or UnsafeAnswer.

    With `again`, a new key takes the place of the old one, whose unsent statements stay in the queue and are followed
    by its `close`.
    """
    invite = read_invite(invite_text)
    if offset is not None:
        read_offset(offset)
    _require_replaceable(connection, invite, again=again)
    signer = _pending_key(connection, state, passphrase)
    request, signature = make_request(net=invite.net, token=invite.token, signer=signer)
    body = {"request": request, "request_sig": signature, "token": invite.token, "name": name}
    with Wire(invite.url, signer=None, net=invite.net, lang=lang, clock=clock) as wire:
        reply = wire.post(REQUEST_PATH, body)
        if reply.problem()[0] == KEY_KNOWN:
            # The server has this key from an attempt whose answer was lost.  A new invitation needs a new key.
            cache.put(connection, Name.PENDING_KEY, None)
        answer = reply.require(200, 201).members("enrolment")
        root = fetch_root(wire, _genesis(answer, invite))
    granted = _check(answer, invite=invite, root=root, signer=signer, lowest_seq=_lowest_seq(connection, invite))
    with immediate(connection):
        _close_old(connection, state, passphrase, invite, now=clock())
        _store(connection, granted, offset=offset)
    return granted


def _close_old(
    connection: sqlite3.Connection, state: StateDir, passphrase: bytes | None, invite: Invite, *, now: datetime
) -> None:
    """End the chain of the key that is replaced: its `close` goes into the queue after all that it said.

    Not for a key that the server knows a longer chain of (a copy of this device speaks with it), nor to another
    installation.
    """
    if not is_enrolled(connection) or cache.get(connection, Name.NET) != b64(invite.net):
        return
    if cache.get(connection, Name.RETIRED_BY) is None:
        append(
            connection, load_device(connection, state, passphrase), Matter(type=StatementType.CLOSE, lines=()), now=now
        )


def _require_replaceable(connection: sqlite3.Connection, invite: Invite, *, again: bool) -> None:
    if not is_enrolled(connection):
        return
    if not again:
        raise AlreadyEnrolled(site=Site.from_json(cache.get(connection, Name.SITE) or "{}").gln)
    unsent = pending_count(connection)
    if unsent and cache.get(connection, Name.NET) != b64(invite.net):
        raise UnsentElsewhere(unsent=unsent)


def _pending_key(connection: sqlite3.Connection, state: StateDir, passphrase: bytes | None) -> Signer:
    short = cache.get(connection, Name.PENDING_KEY)
    if short is not None and state.key(short).exists():
        return load_key(state.key(short), passphrase)
    signer = Ed25519Signer.generate()
    save_private_key(signer, state.key(kid(signer.spki)), passphrase)
    cache.put(connection, Name.PENDING_KEY, kid(signer.spki))
    return signer


def _lowest_seq(connection: sqlite3.Connection, invite: Invite) -> int:
    if cache.get(connection, Name.NET) != b64(invite.net):
        return 0
    return cache.get_number(connection, Name.TRUST_SEQ) or 0


def _genesis(answer: Members, invite: Invite) -> RootDocument:
    root_text = answer.text("root")
    if net_of(root_text) != invite.net:
        raise UnsafeAnswer(what="root")
    try:
        return parse_root(root_text)
    except Refusal as refusal:
        raise UnsafeAnswer(what=refusal.code) from refusal


def _check(answer: Members, *, invite: Invite, root: RootDocument, signer: Signer, lowest_seq: int) -> Enrolment:
    envelope = answer.raw("trust_list")
    if not isinstance(envelope, dict):
        raise BadAnswer(what="enrolment.trust_list")
    trust = check_list(envelope, root=root, lowest_seq=lowest_seq, known=None)
    site = _site(answer.inner("site"))
    if site.gln != invite.site:
        raise UnsafeAnswer(what="site")
    text, sig = answer.text("certificate"), answer.text("certificate_sig")
    certificate = _certificate(text, sig, trust=trust)
    if certificate.net != invite.net or certificate.spki != signer.spki or certificate.use != "device":
        raise UnsafeAnswer(what="certificate")
    if (certificate.place.role, certificate.place.district) != (site.role, site.district):
        raise UnsafeAnswer(what="certificate.place")
    return Enrolment(
        url=invite.url,
        origin=answer.text("origin"),
        root=root,
        envelope=json.dumps(envelope, ensure_ascii=False),
        trust=trust,
        key=b64(key_id(signer.spki)),
        certificate_text=text,
        certificate_sig=sig,
        site=site,
        operations=answer.texts("operations"),
    )


def _certificate(text: str, sig: str, *, trust: TrustList) -> Certificate:
    keys = [each.public_key for each in trust.keys if each.use == "enrolment" and not each.is_revoked]
    try:
        return verify_certificate(text, sig, keys)
    except Refusal as refusal:
        raise UnsafeAnswer(what=refusal.code) from refusal


def _site(members: Members) -> Site:
    return Site(
        gln=members.text("gln"),
        name_zh=members.text("name_zh"),
        name_en=members.text("name_en"),
        role=members.text("role"),
        district=members.text("district"),
    )


def _store(connection: sqlite3.Connection, granted: Enrolment, *, offset: str | None) -> None:
    values: dict[Name, str | None] = {
        Name.URL: granted.url,
        Name.NET: b64(granted.root.net),
        Name.ROOT: granted.root.text,
        Name.ORIGIN: granted.origin,
        Name.KEY: granted.key,
        Name.PENDING_KEY: None,
        Name.CERTIFICATE: granted.certificate_text,
        Name.CERTIFICATE_SIG: granted.certificate_sig,
        Name.SITE: granted.site.to_json(),
        Name.OPERATIONS: json.dumps(granted.operations),
        Name.OFFSET: offset,
        Name.TRUST_LIST: granted.envelope,
        Name.TRUST_SEQ: str(granted.trust.seq),
        Name.TRUST_ETAG: None,
        Name.WORK_ETAG: None,
        Name.CHECKPOINT: None,
        Name.SEEN: None,
        Name.SEEN_SIZE: None,
        Name.SEEN_ROOT: None,
        Name.LOG_EVIDENCE: None,
        Name.RETIRED_BY: None,
        Name.REVOKED: None,
        Name.LOST: None,
        Name.FORKS: None,
    }
    for name, value in values.items():
        cache.put(connection, name, value)
    cache.put_lots(connection, [])
    cache.put_unit_lots(connection, [])
    cache.put_places(connection, [])
