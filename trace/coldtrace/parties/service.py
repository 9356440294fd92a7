"""Use cases of the parties room: install, register, invite, enrol, recognise."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from coldtrace.codes.gln import parse_gln
from coldtrace.codes.uscc import parse_uscc
from coldtrace.env import Env
from coldtrace.events.certificate import (
    Certificate,
    Replaces,
    sign_certificate,
    site_commitment,
    write_certificate,
)
from coldtrace.events.enrolment import Invite, make_invite, read_request, token_hash
from coldtrace.events.leaf import LeafKind, enrol_body, leaf_bytes
from coldtrace.events.public_piece import Place
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry
from coldtrace.parties import signing_keys, store, trust
from coldtrace.parties.closing import require_open_organisation, require_open_site
from coldtrace.parties.keys import OWN_USES, use_key
from coldtrace.parties.model import ChainEnd, Device, Invitation, Operator, Site, SiteRole
from coldtrace.parties.public_test_keys import PUBLIC_TEST_KEYS
from coldtrace.parties.refusals import (
    DatabaseOfAnotherInstallation,
    DeviceEnded,
    DeviceEnrolled,
    DeviceNotFound,
    InviteLifeUnusable,
    InviteRefused,
    MalformedDistrict,
    NotAMarket,
    NoTrustList,
    OperationNotForSite,
    PublicTestKey,
    SiteDiffers,
    SiteUnknown,
)
from coldtrace.parties.rules import OPERATIONS
from coldtrace.parties.tables import (
    DeviceRow,
    InstallationRow,
    InviteRow,
    RootVersionRow,
    SiteRow,
)
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.keys import key_id, kid
from coldtrace.seal.root_document import parse_root

INVITE_LIFE = timedelta(hours=24)
INVITE_LIFE_MIN, INVITE_LIFE_MAX = timedelta(minutes=1), timedelta(days=30)
CERTIFICATE_LIFE = timedelta(days=730)


def install(session: Session, env: Env, *, root_text: str, development: bool) -> None:
    """Tie key folder and database together once; afterwards check that they still belong together.

    Raises DatabaseOfAnotherInstallation when they do not, and PublicTestKey for an installation, not one of
    development, that has a key whose private half is in our tests.
    """
    store.lock_publishing(session)
    row = store.installation(session)
    if row is not None and row.net != env.net:
        raise DatabaseOfAnotherInstallation(folder=str(env.keyring.folder))
    ledger.open_log(session, env)
    if row is None:
        now = env.clock()
        session.add(InstallationRow(net=env.net, root=root_text, development=development, created_at=now))
        session.add(RootVersionRow(version=1, root=root_text, adopted_at=now))
        session.flush()
        for use in OWN_USES:
            signing_keys.keep_key(session, use=use, signer=env.keyring.signer(use), now=now)
    elif not any(key.use == "status" for key in store.signing_keys(session)):
        # An installation of the time before status keys gets one.
        signing_keys.keep_key(session, use="status", signer=use_key(env, "status"), now=env.clock())
        trust.announce(session, env)
    if not development:
        _refuse_public_keys(session)
    with suppress(NoTrustList):
        trust.current(session, env)


def _refuse_public_keys(session: Session) -> None:
    roots = (root.spki for row in store.root_versions(session) for root in parse_root(row.root).roots)
    for spki in (*roots, *(row.spki for row in store.signing_keys(session))):
        if key_id(spki) in PUBLIC_TEST_KEYS:
            raise PublicTestKey(kid=kid(spki))


def register_operator(
    session: Session, env: Env, *, uscc: str, name_zh: str, name_en: str, city_zh: str, city_en: str
) -> Operator:
    """Register a legal person, or return the one that has this code; its check character is verified."""
    code = parse_uscc(uscc)
    known = store.operator_of_uscc(session, code)
    if known is not None:
        return known
    operator = Operator(
        operator_id=env.new_id(), uscc=code, name_zh=name_zh, name_en=name_en, city_zh=city_zh, city_en=city_en
    )
    store.insert_operator(session, operator, at=env.clock())
    registered = store.operator_of_uscc(session, code)
    assert registered is not None, "inserted by this session or by another one just now"
    return registered


@dataclass(frozen=True, kw_only=True)
class RegisterSite:
    """What names a site."""

    gln: str
    operator: Operator
    name_zh: str
    name_en: str
    role: SiteRole
    district: str
    market_gln: str | None = None
    """For a stall: the market that it stands in."""


def register_site(session: Session, env: Env, command: RegisterSite) -> Site:
    """Register a site; a first station also gets its code key and a new trust list.

    The same facts again return the same site; other facts under a known GLN raise SiteDiffers.  Raises
    MalformedDistrict, OrganisationClosed, or NotAMarket when what a stall is said to stand in is none.
    """
    if not (len(command.district) == 6 and command.district.isascii() and command.district.isdigit()):
        raise MalformedDistrict(district=command.district)
    site = Site(
        gln=parse_gln(command.gln),
        operator_id=command.operator.operator_id,
        name_zh=command.name_zh,
        name_en=command.name_en,
        role=command.role,
        district=command.district,
        market_gln=_market(session, command.market_gln),
    )
    known = store.site(session, site.gln)
    if known is not None:
        if known != site:
            raise SiteDiffers(gln=site.gln)
        return known
    require_open_organisation(session, site.operator_id)
    now = env.clock()
    row = vars(site) | {"role": site.role.value, "company_prefixes": [site.gln[:7]]}
    session.add(SiteRow(**row, created_at=now))
    session.flush()
    if site.role is SiteRole.FIRST_STATION:
        signing_keys.new_station_key(session, env, signing_keys.NewKey(gln=site.gln))
    return site


def _market(session: Session, gln: str | None) -> str | None:
    if gln is None:
        return None
    market = store.site(session, parse_gln(gln))
    if market is None or market.role is not SiteRole.MARKET:
        raise NotAMarket(gln=gln)
    return market.gln


def invite_device(
    session: Session,
    env: Env,
    *,
    gln: str,
    url: str,
    operations: Sequence[str] | None = None,
    life: timedelta = INVITE_LIFE,
    made_by: str = "",
    replaces: bytes | None = None,
) -> Invitation:
    """Make a one-time invitation for a device of one site; only its hash is kept.

    It carries the site and what the device may state, all that the site's role may when `operations` is None.  With
    `replaces` the new key takes the place of that key once it is enrolled.  Raises SiteUnknown, SiteClosed,
    OperationNotForSite or InviteLifeUnusable.
    """
    site = store.site(session, parse_gln(gln))
    if site is None:
        raise SiteUnknown(gln=gln)
    require_open_site(session, site.gln)
    if not INVITE_LIFE_MIN <= life <= INVITE_LIFE_MAX:
        raise InviteLifeUnusable()
    allowed = OPERATIONS[site.role]
    for name in operations or ():
        if name not in allowed:
            raise OperationNotForSite(operation=name, gln=site.gln, allowed=", ".join(allowed))
    token = b64(env.random(24))
    now = env.clock()
    expires = now + life
    session.add(
        InviteRow(
            token_hash=token_hash(token),
            gln=site.gln,
            operations=[name for name in allowed if operations is None or name in operations],
            created_at=now,
            expires_at=expires,
            made_by=made_by,
            replaces=replaces,
        )
    )
    session.flush()
    text = make_invite(Invite(url=url, token=token, net=env.net, site=site.gln, expires=expires))
    return Invitation(text=text, expires_at=expires)


@dataclass(frozen=True, kw_only=True)
class Enrol:
    """A device's request: exact text, its signature by the new key, the token in clear, a name for people."""

    request: str
    request_sig: str
    token: str
    name: str


def roll_device(session: Session, env: Env, key: bytes, *, url: str, made_by: str = "") -> Invitation:
    """Invite a new key for a device: same site, same operations, and the old key ends when the new one is enrolled.

    What the old key still has to deliver is taken until its `close`.  A key that was lost or stolen is not rolled but
    revoked.  Raises DeviceNotFound, DeviceEnded or SiteClosed.
    """
    row = session.get(DeviceRow, key, with_for_update=True)
    if row is None:
        raise DeviceNotFound(key=b64(key))
    if row.state in ("revoked", "retired") or row.replaced_by is not None:
        raise DeviceEnded(key=b64(key))
    site = store.site(session, row.gln)
    assert site is not None, "a device always belongs to a registered site"
    operations = [name for name in OPERATIONS[site.role] if name in row.operations]
    return invite_device(session, env, gln=row.gln, url=url, operations=operations, made_by=made_by, replaces=key)


def enrol_device(
    session: Session,
    env: Env,
    command: Enrol,
    *,
    chain_end: Callable[[bytes], ChainEnd | None] = lambda _: None,
) -> tuple[Device, Site]:
    """Admit a device key for the site of its invitation, and log the certificate.

    The same key asking again with the same invitation, because the first answer was lost, gets the same answer.
    `chain_end` says where the chain of a key ends that the new one replaces: it stands in the certificate.
    Raises what reading the request raises, InviteRefused, or DeviceEnrolled.  The caller owns the transaction.
    """
    request = read_request(command.request, command.request_sig)
    now = env.clock()
    if request.net != env.net or request.token_hash != token_hash(command.token):
        raise InviteRefused()
    identity = key_id(request.public_key.spki)
    invite = store.lock_invite(session, token_hash(command.token))
    if invite is not None and invite.used_by == identity:
        return _enrolled_before(session, identity)
    if invite is None or invite.used_at is not None or invite.withdrawn_at is not None or invite.expires_at < now:
        raise InviteRefused()
    if store.devices_by_key(session, [identity]):
        raise DeviceEnrolled()
    site = store.site(session, invite.gln)
    assert site is not None, "an invitation always names a registered site"
    replaces = None if invite.replaces is None else _replace(session, invite.replaces, by=identity, ends=chain_end)
    salt = env.random(16)
    certificate = write_certificate(
        Certificate(
            net=env.net,
            spki=request.public_key.spki,
            use="device",
            place=Place(role=site.role.value, district=site.district),
            site=site_commitment(salt=salt, gln=site.gln),
            org=None,
            nbf=now,
            naf=now + CERTIFICATE_LIFE,
            replaces=replaces,
        )
    )
    row = DeviceRow(
        key_id=identity,
        gln=site.gln,
        name="".join(sign for sign in command.name if sign.isprintable()),
        alg=request.public_key.alg,
        spki=request.public_key.spki,
        certificate=certificate,
        certificate_sig=sign_certificate(certificate, env.keyring.signer("enrolment")),
        site_salt=salt,
        operations=list(invite.operations),
        enrolled_at=now,
    )
    session.add(row)
    invite.used_at, invite.used_by = now, identity
    session.add(invite)
    session.flush()
    log_enrolment(session, env, row, request=command.request, request_sig=command.request_sig)
    return store.devices_by_key(session, [identity])[identity], site


def _replace(session: Session, old: bytes, *, by: bytes, ends: Callable[[bytes], ChainEnd | None]) -> Replaces | None:
    """Note that a key was replaced; return what the new certificate says of it, None if it never stated anything."""
    row = session.get(DeviceRow, old, with_for_update=True)
    if row is None or row.state in ("revoked", "retired") or row.replaced_by is not None:
        # Revoked or rolled once more since the invitation was made.
        raise InviteRefused()
    row.replaced_by = by
    session.add(row)
    end = ends(old)
    return None if end is None else Replaces(key=old, seq=end.seq, header=end.header_hash)


def _enrolled_before(session: Session, identity: bytes) -> tuple[Device, Site]:
    device = store.devices_by_key(session, [identity])[identity]
    site = store.site(session, device.gln)
    assert site is not None, "a device always belongs to a registered site"
    return device, site


def log_enrolment(session: Session, env: Env, row: DeviceRow, *, request: str, request_sig: str) -> None:
    """Enter a certificate and the request of its key into the log."""
    body = enrol_body(
        certificate=row.certificate, certificate_sig=row.certificate_sig, request=request, request_sig=request_sig
    )
    leaf = leaf_bytes(LeafKind.ENROL, body, None, row.enrolled_at)
    ledger.append(
        session,
        env.log,
        [Entry(entry_id=env.new_id(), leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=row.enrolled_at)],
    )


def revoke_device(session: Session, env: Env, key: bytes) -> int:
    """Revoke a device key from the log's present size on, and publish the cut; return that size.

    What stands in the log before it stays good: revocation goes by log position, not by claimed time.  Revoking
    again changes nothing.  Raises DeviceNotFound.
    """
    row = session.get(DeviceRow, key, with_for_update=True)
    if row is None:
        raise DeviceNotFound(key=b64(key))
    if row.state != "revoked" or row.cut_size is None:
        row.state, row.cut_size = (
            "revoked",
            ledger.signed_head(session, env.log).size + ledger.waiting(session, env.log),
        )
        session.add(row)
        session.flush()
        trust.announce(session, env)
    assert row.cut_size is not None, "set above"
    return row.cut_size


def trust_envelope(session: Session, env: Env) -> dict[str, object]:
    """Return the newest trust list as it is sent."""
    found: dict[str, object] = json.loads(trust.current(session, env).envelope)
    return found
