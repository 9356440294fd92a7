"""Enrolment: the key is made on the device, and nothing is believed that does not prove itself."""

import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from coldscan.refusals import KeyLocked, NotEnrolled
from coldtrace.events.enrolment import Invite, make_invite, read_invite
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import key_id, load_signer
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import OWN, World, gln


def test_key_is_made_here_and_readable_by_its_owner_alone(blank: Device, server: ScannerServer) -> None:
    ran = blank.run("enrol", server.invite())
    assert ran.status == 0
    answer = ran.json
    assert cast(dict[str, str], answer["site"])["gln"] == OWN
    assert answer["operations"] == server.operations
    (path,) = blank.root.glob("device-*.pem")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(blank.root.stat().st_mode) == 0o700
    assert b64(key_id(load_signer(path).spki)) == answer["key"]
    assert list(server.devices) == [answer["key"]]


def test_passphrase_locks_the_key(blank: Device, server: ScannerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDSCAN_PASSPHRASE", "北风")
    assert blank.run("enrol", server.invite()).status == 0
    assert blank.run("sync").status == 0
    monkeypatch.delenv("COLDSCAN_PASSPHRASE")
    ran = blank.run("sync")
    assert (ran.status, ran.json["code"]) == (2, KeyLocked.code)
    assert blank.run("status").status == 0


def test_a_used_token_is_refused_in_the_servers_words(blank: Device, server: ScannerServer, tmp_path: Path) -> None:
    invite = server.invite()
    assert blank.run("enrol", invite).status == 0
    ran = Device(tmp_path / "other", clock=blank.clock).run("enrol", invite, lang="zh")
    assert ran.status == 1
    assert ran.json["code"] == "server_refused"
    assert "invite_refused" in str(ran.json["say"])
    assert "该邀请已使用或已过期" in str(ran.json["say"])


def test_an_expired_token_is_for_the_server_to_refuse(blank: Device, server: ScannerServer) -> None:
    invite = server.invite(token="expired-token-0123456789")
    server.tokens["expired-token-0123456789"] = server.clock() - timedelta(days=1)
    assert blank.run("enrol", invite).status == 1
    assert blank.run("status").status == 2


@pytest.mark.parametrize("text", ["", "CTI1.", "CTI1.e30", "https://example.org", "CTI2.abc", "\x1b[2J"])
def test_an_invitation_that_is_none(blank: Device, text: str) -> None:
    ran = blank.run("enrol", text)
    assert (ran.status, ran.json["code"]) == (1, "malformed_invite")


def test_an_interrupted_enrolment_uses_its_key_again(blank: Device, server: ScannerServer) -> None:
    server.temper.lose_requests = 1
    ran = blank.run("enrol", server.invite())
    assert (ran.status, ran.json["code"]) == (2, "server_unreachable")
    (path,) = blank.root.glob("device-*.pem")
    assert blank.run("enrol", server.invite()).status == 0
    assert list(blank.root.glob("device-*.pem")) == [path]


def test_a_second_enrolment_needs_to_be_meant(device: Device, server: ScannerServer) -> None:
    before = device.run("status").json["key"]
    assert device.run("enrol", server.invite()).json["code"] == "already_enrolled"
    device.scan(server.world.carton(), operation=None)
    assert device.run("enrol", server.invite(), "--again").status == 0
    assert device.run("status").json["key"] != before
    assert len(list(device.root.glob("device-*.pem"))) == 2
    device.run("sync")
    said = sorted(server.stored.values(), key=lambda each: each.private.seq)
    assert [each.public.type.value for each in said][-1] == "close", "the old key ends after all that it said"
    assert {b64(each.header.key) for each in said} == {before}


def test_a_failed_second_enrolment_leaves_the_first_in_force(device: Device, server: ScannerServer) -> None:
    before = device.run("status").json["key"]
    invite = server.invite()
    server.temper.statuses.append(503)
    assert device.run("enrol", invite, "--again").status == 2
    assert device.run("status").json["key"] == before
    assert device.run("sync").status == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("root", '{"v":1}'),
        ("certificate_sig", b64(bytes(64))),
        ("certificate", "{}"),
        ("site", {"gln": gln(9), "name_zh": "别处", "name_en": "elsewhere", "role": "retailer", "district": "120101"}),
        (
            "site",
            {"gln": OWN, "name_zh": "首站", "name_en": "First", "role": "retailer", "district": "120116"},
        ),
        ("trust_list", {"list": "{}", "sigs": []}),
        ("operations", "commission"),
        ("origin", None),
    ],
)
def test_an_answer_that_does_not_prove_itself(
    blank: Device, server: ScannerServer, monkeypatch: pytest.MonkeyPatch, field: str, value: object
) -> None:
    honest = server.enrol

    def lie(body: dict[str, str]) -> tuple[int, object]:
        status, answer = honest(body)
        return status, cast(dict[str, object], answer) | {field: value}

    monkeypatch.setattr(server, "enrol", lie)
    ran = blank.run("enrol", server.invite())
    assert ran.status in (1, 2)
    assert ran.json["code"] in ("unsafe_answer", "bad_answer")
    assert blank.run("status").json["enrolled"] is False


def test_a_list_signed_by_another_root(blank: Device, server: ScannerServer) -> None:
    invite = read_invite(server.invite())
    elsewhere = World(now=server.world.now, name="two")
    made = make_invite(
        Invite(url=invite.url, token=invite.token, net=elsewhere.root.net, site=invite.site, expires=invite.expires)
    )
    ran = blank.run("enrol", made)
    assert ran.json["code"] == "unsafe_answer"


def test_a_device_is_enrolled_after_the_roots_have_changed(blank: Device, server: ScannerServer) -> None:
    """The invitation names the founding; the list is signed by whoever is root today."""
    server.world.change_root("r2")
    assert blank.run("enrol", server.invite()).status == 0
    assert blank.run("sync").status == 0
    assert blank.run("status").json["list_seq"] == server.world.seq


def test_without_enrolment_nothing_runs(blank: Device) -> None:
    for command in (["scan"], ["sync"]):
        ran = blank.run(*command)
        assert (ran.status, ran.json["code"]) == (2, NotEnrolled.code)
    assert blank.run("verify", "https://x.example").json["code"] == "no_trust_list"
    assert blank.run("status").json["enrolled"] is False
    assert blank.run("doctor").status == 1


def test_invitation_from_standard_input(blank: Device, server: ScannerServer) -> None:
    process = blank.start("enrol", "-")
    out, err = process.communicate(server.invite() + "\r\n", timeout=30)
    assert process.returncode == 0, err
    assert json.loads(out)["enrolled"] is True


def test_unsent_statements_are_not_carried_to_another_installation(
    device: Device, server: ScannerServer, world: World
) -> None:
    from coldscan.operation import Operation

    device.scan(world.carton(), operation=Operation.COMMISSION)
    elsewhere = make_invite(
        Invite(
            url=server.url,
            token="x" * 20,
            net=World(now=world.now, name="two").root.net,
            site=OWN,
            expires=world.now + timedelta(hours=1),
        )
    )
    assert device.run("enrol", elsewhere, "--again").json["code"] == "unsent_elsewhere"


def test_answer_of_a_server_that_enrols_a_retired_key(blank: Device, server: ScannerServer) -> None:
    def known(body: dict[str, str]) -> tuple[int, object]:
        return 409, {"code": "device_enrolled", "title": "x", "detail": "y"}

    honest, server.enrol = server.enrol, known  # type: ignore[method-assign]
    assert blank.run("enrol", server.invite()).status == 1
    server.enrol = honest  # type: ignore[method-assign]
    assert blank.run("enrol", server.invite()).status == 0
    assert len(list(blank.root.glob("device-*.pem"))) == 2
