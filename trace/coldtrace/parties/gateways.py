"""Gateways: for a site whose own system speaks for it, the installation keeps a device key and signs with it.

A gateway is a device like any other: enrolled under the site, its certificate (`use` "gateway") in the public log, its
statements chained.  What it says is marked `by` "gateway", so that nobody takes it for a person with a handheld.  It is
opened by whoever manages the site, never by itself; revoking its key closes it, and opening it again makes a new key.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.events.certificate import (
    Certificate,
    read_certificate,
    sign_certificate,
    site_commitment,
    write_certificate,
)
from coldtrace.events.enrolment import make_request
from coldtrace.events.public_piece import Place, Speaker
from coldtrace.parties import store
from coldtrace.parties.closing import require_open_site
from coldtrace.parties.model import Device, Site
from coldtrace.parties.refusals import GatewayClosed
from coldtrace.parties.rules import OPERATIONS
from coldtrace.parties.service import CERTIFICATE_LIFE, log_enrolment
from coldtrace.parties.tables import DeviceRow
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import Ed25519Signer, Signer, key_id, kid, save_private_key

NAME = "gateway"
RENEW_WITHIN = timedelta(days=30)
"""A gateway whose certificate ends so soon is opened anew."""


@dataclass(frozen=True, kw_only=True)
class OpenGateway:
    """A site's gateway that may speak: its device and the signer of its key."""

    site: Site
    device: Device
    signer: Signer


def key_name(gln: str, short: str) -> str:
    """Return the keyring name of one of a site's gateway keys."""
    return f"gateway-{gln}-{short}"


def open_gateway(session: Session, env: Env, site: Site, *, made_by: str) -> Device:
    """Open a site's gateway; return its device.

    One that is open stays as it is, unless its certificate is about to end.  The caller owns the transaction: a key
    file without its row in the database, left by one that was rolled back, is taken up again.  Raises SiteClosed.
    """
    session.execute(text("SELECT 1 FROM site WHERE gln = :gln FOR UPDATE"), {"gln": site.gln})
    require_open_site(session, site.gln)
    known = _current(session, site.gln)
    if known is not None and known.state not in ("revoked", "retired") and not _ends(known, env):
        return known
    session.execute(text("UPDATE gateway SET current = FALSE WHERE gln = :gln AND current"), {"gln": site.gln})
    signer = _new_key(session, env, site.gln)
    device = _enrol(session, env, site, signer)
    session.execute(
        text("INSERT INTO gateway (key_id, gln, opened_at, opened_by, current) VALUES (:key, :gln, :at, :by, TRUE)"),
        {"key": device.key_id, "gln": site.gln, "at": env.clock(), "by": made_by},
    )
    return device


def lock_gateway(session: Session, env: Env, site: Site) -> OpenGateway:
    """Return a site's gateway, held until the commit: what it says is one chain.  Raises GatewayClosed."""
    session.execute(text("SELECT 1 FROM gateway WHERE gln = :gln AND current FOR UPDATE"), {"gln": site.gln})
    device = _current(session, site.gln)
    if device is None or device.state != "active":
        raise GatewayClosed(gln=site.gln)
    return OpenGateway(site=site, device=device, signer=env.keyring.signer(key_name(site.gln, kid(device.spki))))


def _ends(device: Device, env: Env) -> bool:
    return read_certificate(device.certificate).naf - env.clock() < RENEW_WITHIN


def _current(session: Session, gln: str) -> Device | None:
    key = session.execute(
        text("SELECT key_id FROM gateway WHERE gln = :gln AND current"), {"gln": gln}
    ).scalar_one_or_none()
    return None if key is None else store.devices_by_key(session, [bytes(key)])[bytes(key)]


def _new_key(session: Session, env: Env, gln: str) -> Signer:
    used = {kid(device.spki) for device in store.devices_of_site(session, gln)}
    for path in sorted(env.keyring.folder.glob(f"{key_name(gln, '*')}.pem")):
        if path.stem.rpartition("-")[2] not in used:
            return env.keyring.signer(path.stem)
    signer = Ed25519Signer.generate()
    save_private_key(signer, env.keyring.folder / f"{key_name(gln, kid(signer.spki))}.pem", env.keyring.passphrase)
    return signer


def _enrol(session: Session, env: Env, site: Site, signer: Signer) -> Device:
    now, salt = env.clock(), env.random(16)
    certificate = write_certificate(
        Certificate(
            net=env.net,
            spki=signer.spki,
            use=Speaker.GATEWAY,
            place=Place(role=site.role.value, district=site.district),
            site=site_commitment(salt=salt, gln=site.gln),
            org=None,
            nbf=now,
            naf=now + CERTIFICATE_LIFE,
        )
    )
    row = DeviceRow(
        key_id=key_id(signer.spki),
        gln=site.gln,
        name=NAME,
        alg=signer.alg,
        spki=signer.spki,
        certificate=certificate,
        certificate_sig=sign_certificate(certificate, env.keyring.signer("enrolment")),
        site_salt=salt,
        operations=list(OPERATIONS[site.role]),
        enrolled_at=now,
    )
    session.add(row)
    session.flush()
    # Nobody had to be invited: the token of the request is one that nobody knows.
    request, request_sig = make_request(net=env.net, token=b64(env.random(24)), signer=signer)
    log_enrolment(session, env, row, request=request, request_sig=request_sig)
    return store.as_device(row)
