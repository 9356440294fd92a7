"""Operators, sites, invitations, enrolment, tokens."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.codes.paper_number import MalformedPaperNumber
from coldtrace.codes.refusals import MalformedNumber
from coldtrace.errors import Refusal
from coldtrace.events.certificate import opens_site, read_certificate, verify_certificate
from coldtrace.events.enrolment import make_request, read_invite, token_hash
from coldtrace.parties import service as parties
from coldtrace.parties import store
from coldtrace.parties.model import SiteRole
from coldtrace.parties.refusals import (
    DeviceEnrolled,
    InviteRefused,
    OperationNotForSite,
    SiteDiffers,
    SiteUnknown,
    TokenRefused,
)
from coldtrace.parties.rules import OPERATIONS
from coldtrace.parties.tables import DeviceRow
from coldtrace.people import tokens
from coldtrace.seal.keys import Ed25519Signer, P256Signer, key_id, load_public_key
from support.house import GLNS, Handheld
from support.road import MARKET, PORT, SHOP, Road, make_road

Signer = Ed25519Signer | P256Signer


def invited(road: Road, gln: str = SHOP, **details: Any) -> str:
    """Return the token of a new invitation."""
    text = parties.invite_device(road.session, road.env, gln=gln, url="http://127.0.0.1:8000", **details).text
    return read_invite(text).token


def asking(road: Road, token: str, signer: Signer, *, net: bytes | None = None, name: str = "H1") -> parties.Enrol:
    request, sig = make_request(net=net or road.env.net, token=token, signer=signer)
    return parties.Enrol(request=request, request_sig=sig, token=token, name=name)


@pytest.mark.parametrize("kind", [Ed25519Signer, P256Signer])
def test_an_enrolled_device_has_a_certificate_for_its_site(road: Road, kind: type[Signer]) -> None:
    signer = kind.generate()
    device, site = parties.enrol_device(road.session, road.env, asking(road, invited(road, MARKET), signer))
    enrolment = load_public_key(road.env.keyring.signer("enrolment").spki)
    certificate = verify_certificate(device.certificate, device.certificate_sig, [enrolment])
    row = road.session.get(DeviceRow, key_id(signer.spki))
    assert row is not None
    assert opens_site(certificate, salt=row.site_salt, gln=MARKET)
    assert (certificate.place.role, certificate.place.district) == ("market", site.district)
    assert (device.state, device.operations) == ("active", OPERATIONS[SiteRole.MARKET])
    assert (certificate.spki, row.alg) == (signer.spki, signer.alg)


def test_every_enrolment_is_a_leaf(road: Road) -> None:
    signer = Ed25519Signer.generate()
    request = asking(road, invited(road), signer)
    device, _ = parties.enrol_device(road.session, road.env, request)
    leaves = [json.loads(bytes(row[0])) for row in road.session.execute(text("SELECT leaf FROM ledger_entry"))]
    bodies = [json.loads(leaf["body"]) for leaf in leaves if leaf["kind"] == "enrol"]
    assert bodies == [
        {
            "certificate": device.certificate,
            "certificate_sig": device.certificate_sig,
            "request": request.request,
            "request_sig": request.request_sig,
        }
    ]


def test_an_invitation_is_for_one_device(road: Road) -> None:
    token = invited(road)
    parties.enrol_device(road.session, road.env, asking(road, token, Ed25519Signer.generate()))
    with pytest.raises(InviteRefused):
        parties.enrol_device(road.session, road.env, asking(road, token, Ed25519Signer.generate()))
    assert road.count("device") == 1


def test_a_lost_answer_is_given_again(road: Road) -> None:
    request = asking(road, invited(road), Ed25519Signer.generate())
    first, _ = parties.enrol_device(road.session, road.env, request)
    road.clock.forward(timedelta(days=3))
    again, site = parties.enrol_device(road.session, road.env, request)
    assert (again, site.gln) == (first, SHOP)
    assert road.count("device") == 1


REFUSED: dict[str, Callable[[Road], parties.Enrol]] = {
    "never made": lambda road: asking(road, "A" * 32, Ed25519Signer.generate()),
    "of another installation": lambda road: asking(road, invited(road), Ed25519Signer.generate(), net=bytes(32)),
    "the token differs from the one signed": lambda road: replace(
        asking(road, invited(road), Ed25519Signer.generate()), token=invited(road)
    ),
    "the hash instead of the token": lambda road: asking(
        road, token_hash(invited(road)).hex(), Ed25519Signer.generate()
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_invitations_that_admit_nobody(road: Road, kind: str) -> None:
    with pytest.raises(InviteRefused):
        parties.enrol_device(road.session, road.env, REFUSED[kind](road))
    assert road.count("device") == 0


@pytest.mark.parametrize(("hours", "admitted"), [(23, True), (25, False)])
def test_an_invitation_expires_after_a_day(road: Road, hours: int, admitted: bool) -> None:
    request = asking(road, invited(road), Ed25519Signer.generate())
    road.clock.forward(timedelta(hours=hours))
    if admitted:
        parties.enrol_device(road.session, road.env, request)
    else:
        with pytest.raises(InviteRefused):
            parties.enrol_device(road.session, road.env, request)


def test_a_request_must_be_signed_by_its_key(road: Road) -> None:
    token = invited(road)
    own, other = (asking(road, token, Ed25519Signer.generate()) for _ in range(2))
    with pytest.raises(Refusal):
        parties.enrol_device(road.session, road.env, replace(own, request_sig=other.request_sig))
    parties.enrol_device(road.session, road.env, own)


def test_a_key_is_enrolled_once(road: Road) -> None:
    signer = Ed25519Signer.generate()
    parties.enrol_device(road.session, road.env, asking(road, invited(road), signer))
    with pytest.raises(DeviceEnrolled):
        parties.enrol_device(road.session, road.env, asking(road, invited(road, MARKET), signer))


def test_a_device_gets_no_more_than_it_was_invited_to(road: Road) -> None:
    token = invited(road, SHOP, operations=["sell"])
    device, _ = parties.enrol_device(road.session, road.env, asking(road, token, Ed25519Signer.generate()))
    assert device.operations == ("sell",)
    with pytest.raises(OperationNotForSite):
        invited(road, SHOP, operations=["sell", "commission"])


def test_a_name_is_kept_without_signs_that_no_name_has(road: Road) -> None:
    request = asking(road, invited(road), Ed25519Signer.generate(), name="手持机\u0000\u202e 7\n")
    device, _ = parties.enrol_device(road.session, road.env, request)
    assert device.name == "手持机 7"


def test_nobody_is_invited_to_an_unknown_site(road: Road) -> None:
    with pytest.raises(SiteUnknown):
        invited(road, "6901234567892")
    with pytest.raises(MalformedNumber):
        invited(road, "6901234567890")


def test_two_devices_race_for_one_invitation(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    with sessions.begin() as session:
        road = make_road(session, tmp_path / "keys")
        token = invited(road)
        requests = [asking(road, token, Ed25519Signer.generate()) for _ in range(4)]
    barrier = threading.Barrier(len(requests))
    outcome: list[str] = []

    def enrol(request: parties.Enrol) -> None:
        barrier.wait()
        try:
            with sessions.begin() as session:
                parties.enrol_device(session, road.env, request)
            outcome.append("enrolled")
        except InviteRefused:
            outcome.append("refused")

    racing = [threading.Thread(target=enrol, args=(request,)) for request in requests]
    for each in racing:
        each.start()
    for each in racing:
        each.join()
    assert sorted(outcome) == ["enrolled", "refused", "refused", "refused"]
    with sessions() as session:
        assert session.execute(text("SELECT count(*) FROM device")).scalar_one() == 1


def test_only_hashes_of_secrets_are_kept(road: Road) -> None:
    invite = invited(road)
    token = tokens.make_token(road.session, road.env, name="接口", life=None)
    for table in ("invite", "api_token"):
        assert all(
            secret not in str(row)
            for row in road.session.execute(text(f"SELECT to_jsonb(t) FROM {table} t"))
            for secret in (invite, token)
        )


def test_operators_and_sites_are_registered_once(road: Road) -> None:
    market = road.sites[SiteRole.MARKET]
    operator = store.operators(road.session)[0]
    command = parties.RegisterSite(
        gln=market.gln,
        operator=operator,
        name_zh=market.name_zh,
        name_en=market.name_en,
        role=market.role,
        district=market.district,
    )
    before = road.count("trust_list")
    assert parties.register_site(road.session, road.env, command) == market
    with pytest.raises(SiteDiffers):
        parties.register_site(road.session, road.env, replace(command, district="120101"))
    with pytest.raises(MalformedNumber):
        parties.register_site(road.session, road.env, replace(command, gln="9521234000045"))
    again = parties.register_operator(
        road.session, road.env, uscc=operator.uscc, name_zh="另一个名字", name_en="x", city_zh="x", city_en="x"
    )
    assert again == operator
    assert (road.count("site"), road.count("operator"), road.count("trust_list")) == (5, 1, before)
    assert [site.gln for site in store.sites(road.session)] == sorted(GLNS.values())


@pytest.mark.parametrize("uscc", ["", "91120116MA05TE5T1X", "91120116MA05TE5T1"])
def test_a_wrong_credit_code_is_refused(road: Road, uscc: str) -> None:
    with pytest.raises(MalformedPaperNumber):
        parties.register_operator(road.session, road.env, uscc=uscc, name_zh="x", name_en="x", city_zh="x", city_en="x")


def test_devices_of_a_site(road: Road) -> None:
    first = Handheld.enrol(road.session, road.env, road.sites[SiteRole.MARKET])
    second = Handheld.enrol(road.session, road.env, road.sites[SiteRole.MARKET])
    found = store.devices_of_site(road.session, MARKET)
    assert [device.key_id for device in found] == [key_id(first.signer.spki), key_id(second.signer.spki)]
    assert store.devices_of_site(road.session, PORT) == []
    assert read_certificate(found[0].certificate).use == "device"


def test_a_token_is_good_until_it_expires_or_is_withdrawn(road: Road) -> None:
    session, env = road.session, road.env
    token = tokens.make_token(session, env, name="接口", life=timedelta(days=30))
    assert token.startswith("ct_")
    assert tokens.recognise_token(session, env, token, production=True).name == "接口"
    for wrong in ("", "ct_", token[:-1], token + "A", token.upper(), "\u0000"):
        with pytest.raises(TokenRefused):
            tokens.recognise_token(session, env, wrong, production=False)
    road.clock.forward(timedelta(days=31))
    with pytest.raises(TokenRefused):
        tokens.recognise_token(session, env, token, production=False)
    lasting = tokens.make_token(session, env, name="长期", life=None)
    road.clock.forward(timedelta(days=4000))
    assert tokens.recognise_token(session, env, lasting, production=False).name == "长期"
    session.execute(text("UPDATE api_token SET revoked_at = now()"))
    session.expire_all()
    with pytest.raises(TokenRefused):
        tokens.recognise_token(session, env, lasting, production=False)


def test_production_refuses_the_development_token(road: Road) -> None:
    session, env = road.session, road.env
    for _ in range(2):
        tokens.keep_development_token(session, env, token="ct_dev_x")
    assert road.count("api_token") == 1
    assert tokens.recognise_token(session, env, "ct_dev_x", production=False).name == "development"
    with pytest.raises(TokenRefused):
        tokens.recognise_token(session, env, "ct_dev_x", production=True)
