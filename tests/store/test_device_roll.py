"""Invitations with rights and an end, and devices that get a new key without losing a scan."""

from datetime import timedelta
from functools import partial

import pytest

from coldtrace.custody import chain
from coldtrace.events.certificate import read_certificate
from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties import service as parties
from coldtrace.parties import store
from coldtrace.parties.invitations import open_invitations, withdraw_invitation
from coldtrace.parties.model import Device, OpenInvitation, SiteRole
from coldtrace.parties.refusals import (
    DeviceEnded,
    DeviceNotFound,
    InviteLifeUnusable,
    InviteNotFound,
    InviteRefused,
    NotAMarket,
)
from coldtrace.rights.model import EVERYTHING, Scope
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer, key_id
from support.road import CARTONS, MARKET, PORT, SHOP, Road, binding

URL = "http://127.0.0.1:8000"


def enrol(road: Road, text: str, signer: Ed25519Signer | None = None) -> Device:
    token = read_invite(text).token
    request, sig = make_request(net=road.env.net, token=token, signer=signer or Ed25519Signer.generate())
    device, _ = parties.enrol_device(
        road.session,
        road.env,
        parties.Enrol(request=request, request_sig=sig, token=token, name="H-2"),
        chain_end=partial(chain.chain_end, road.session),
    )
    return device


def opened(road: Road, scope: Scope) -> list[OpenInvitation]:
    return open_invitations(road.session, scope=scope, now=road.env.clock(), limit=10)


def state(road: Road, key: bytes) -> tuple[str, bytes | None]:
    road.session.expire_all()
    device = store.devices_by_key(road.session, [key])[key]
    return device.state, device.replaced_by


def test_a_rolled_device_goes_on_and_the_old_key_ends_with_its_close(road: Road) -> None:
    old = road.device(PORT)
    key = key_id(old.signer.spki)
    for carton in CARTONS[:2]:
        road.done(PORT, T.COMMISSION, binding(carton))
    third = road.say(PORT, T.COMMISSION, binding(CARTONS[2]))  # not sent yet
    new = enrol(road, parties.roll_device(road.session, road.env, key, url=URL).text)
    replaces = read_certificate(new.certificate).replaces
    assert replaces is not None
    assert (replaces.key, replaces.seq) == (key, 2)
    assert replaces.header == sha256(old.sent[1].header.encode())
    assert (new.gln, new.operations) == (PORT, parties.OPERATIONS[SiteRole.FIRST_STATION])
    assert state(road, key) == ("active", new.key_id)
    close = road.say(PORT, T.CLOSE)
    assert [result.status for result in road.tell(close)] == ["accepted"]
    assert state(road, key) == ("retired", new.key_id)
    # What was said before the close is taken, however late it comes; what is said after it is not.
    assert [result.status for result in road.tell(third)] == ["accepted"]
    after = road.tell(road.say(PORT, T.COMMISSION, binding(CARTONS[3])))[0]
    assert (after.status, after.refusal and after.refusal.code) == ("refused", "device_revoked")
    told = chain.describe(road.session, EVERYTHING, key)
    assert told is not None
    assert told["missing"] == []
    assert [result.status for result in road.tell(close)] == ["repeat"]


def test_a_close_marks_nothing_and_opens_no_case(road: Road) -> None:
    road.done(PORT, T.COMMISSION, binding(CARTONS[0]))
    result = road.done(PORT, T.CLOSE)
    assert (result.status, result.marks) == ("accepted", ())


def test_a_key_is_rolled_once_and_never_after_its_end(road: Road) -> None:
    key = key_id(road.device(MARKET).signer.spki)
    first = parties.roll_device(road.session, road.env, key, url=URL)
    second = parties.roll_device(road.session, road.env, key, url=URL)
    assert read_certificate(enrol(road, first.text).certificate).replaces is None, "it never stated anything"
    with pytest.raises(InviteRefused):
        enrol(road, second.text)
    with pytest.raises(DeviceEnded):
        parties.roll_device(road.session, road.env, key, url=URL)
    with pytest.raises(DeviceNotFound):
        parties.roll_device(road.session, road.env, bytes(32), url=URL)


def test_a_device_revoked_meanwhile_is_not_replaced(road: Road) -> None:
    key = key_id(road.device(MARKET).signer.spki)
    made = parties.roll_device(road.session, road.env, key, url=URL)
    parties.revoke_device(road.session, road.env, key)
    with pytest.raises(InviteRefused):
        enrol(road, made.text)
    with pytest.raises(DeviceEnded):
        parties.roll_device(road.session, road.env, key, url=URL)
    closing = road.tell(road.say(MARKET, T.CLOSE))[0]
    assert (closing.status, state(road, key)[0]) == ("refused", "revoked")


def test_open_invitations_are_listed_and_withdrawn(road: Road) -> None:
    made = [
        parties.invite_device(
            road.session, road.env, gln=gln, url=URL, operations=["sell"], life=timedelta(hours=hours), made_by="x"
        )
        for gln, hours in ((SHOP, 1), (MARKET, 48))
    ]
    listed = {each.gln: each for each in opened(road, EVERYTHING)}
    assert {gln: (each.operations, each.made_by) for gln, each in listed.items()} == {
        MARKET: (("sell",), "x"),
        SHOP: (("sell",), "x"),
    }
    shop = Scope(sites=frozenset({SHOP}))
    assert [each.gln for each in opened(road, shop)] == [SHOP]
    with pytest.raises(InviteNotFound):
        withdraw_invitation(road.session, road.env, listed[MARKET].id, scope=shop)
    assert withdraw_invitation(road.session, road.env, listed[MARKET].id, scope=EVERYTHING) == MARKET
    for id in (listed[MARKET].id, bytes(32)):
        with pytest.raises(InviteNotFound):
            withdraw_invitation(road.session, road.env, id, scope=EVERYTHING)
    with pytest.raises(InviteRefused):
        enrol(road, made[1].text)
    road.clock.forward(timedelta(hours=2))
    assert opened(road, EVERYTHING) == []
    with pytest.raises(InviteRefused):
        enrol(road, made[0].text)


@pytest.mark.parametrize("life", [timedelta(0), timedelta(seconds=59), timedelta(days=30, seconds=1)])
def test_an_invitation_has_a_sensible_life(road: Road, life: timedelta) -> None:
    with pytest.raises(InviteLifeUnusable):
        parties.invite_device(road.session, road.env, gln=SHOP, url=URL, life=life)


def test_a_stall_stands_in_a_registered_market(road: Road) -> None:
    operator = store.operators(road.session)[0]

    def stall(gln: str, market: str) -> parties.RegisterSite:
        return parties.RegisterSite(
            gln=gln,
            operator=operator,
            name_zh="三号摊",
            name_en="Stall 3",
            role=SiteRole.RETAILER,
            district="120103",
            market_gln=market,
        )

    assert parties.register_site(road.session, road.env, stall("9521234000068", MARKET)).market_gln == MARKET
    for wrong in (SHOP, "9521234000099"):
        with pytest.raises(NotAMarket):
            parties.register_site(road.session, road.env, stall("9521234000075", wrong))
