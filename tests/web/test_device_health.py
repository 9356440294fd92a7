"""How devices are by their own word: a real coldscan says it with a sync, the desk and the API show it."""

from pathlib import Path
from typing import Any

import pytest

from coldtrace.clock import format_utc, parse_utc
from coldtrace.goods.stops import publish_filters, revoke_unit
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from support.house import GLNS
from support.scanner_device import Device
from support.web_house import PAGE, WebHouse

WORK = "/api/v1/devices/work"


def listed(web: WebHouse) -> dict[str, Any]:
    """Return the only device there is, as the API lists it."""
    (found,) = web.client.get("/api/v1/devices", headers=web.bearer).json()["devices"]
    return dict(found)


def said(web: WebHouse, **headers: str) -> dict[str, Any]:
    """Have a device ask for its work and say something on the way; return how it is listed then."""
    device = web.device(SiteRole.MARKET)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = web.client.get(WORK, headers=web.signed_by(device, "GET", WORK) | sent)
    assert answer.status_code == 200, answer.text
    return listed(web)


def test_a_real_handheld_says_what_waits_and_of_when_its_block_list_is(web: WebHouse, tmp_path: Path) -> None:
    device = Device(tmp_path / "gun", clock=web.clock)
    with web.sessions.begin() as session:
        invite = parties.invite_device(
            session, web.env, gln=GLNS[SiteRole.FIRST_STATION], url=str(web.client.base_url)
        ).text
    assert device.run("enrol", invite, "--offset", "+08:00").status == 0
    assert device.run("sync").status == 0
    first = listed(web)
    assert first["unsent"] == 0
    assert first["block_list_at"] is None, "nothing was stopped yet, so there is no list"
    goods = web.consignment(cartons=1)
    with web.sessions.begin() as session:
        revoke_unit(session, web.env, goods.carton.unit_id, "tests")
        publish_filters(session, web.env)
    assert device.run("sync").status == 0
    found = listed(web)
    assert found["unsent"] == 0
    assert parse_utc(found["reported_at"]) > parse_utc(first["reported_at"])
    issued = {each["issued"] for each in web.client.get("/api/v1/filters").json()["filters"]}
    assert found["block_list_at"] in issued
    page = web.client.get(f"/desk/devices/{found['key']}", headers=PAGE | web.desk).text
    assert "Block list of" in page
    assert "unknown: it never said" not in page


def test_a_device_that_never_said_is_unknown(web: WebHouse) -> None:
    found = said(web)
    assert (found["unsent"], found["reported_at"], found["block_list_at"]) == (None, None, None)
    desk = PAGE | web.desk
    assert "unknown: it never said" in web.client.get("/desk/devices", headers=desk).text
    assert "unknown: it never said" in web.client.get(f"/desk/devices/{found['key']}", headers=desk).text


def test_the_last_word_counts_and_waiting_statements_are_seen(web: WebHouse) -> None:
    at = format_utc(web.clock.next)
    found = said(web, Coldtrace_Unsent="7", Coldtrace_Block_List_At=at)
    assert (found["unsent"], found["block_list_at"]) == (7, at)
    assert said(web, Coldtrace_Unsent="0") | {"reported_at": None} == found | {
        "unsent": 0,
        "block_list_at": None,
        "reported_at": None,
        "last_seen_at": found["last_seen_at"],
    }
    assert said(web)["unsent"] == 0, "an older handheld says nothing and takes nothing back"


@pytest.mark.parametrize("unsent", ["-1", "x", "", "9999999999", "1.5"])
def test_what_cannot_be_read_was_not_said(web: WebHouse, unsent: str) -> None:
    device = web.device(SiteRole.MARKET)
    headers = {"Coldtrace-Unsent": unsent, "Coldtrace-Block-List-At": "noon"}
    answer = web.client.get(WORK, headers=web.signed_by(device, "GET", WORK) | headers)
    assert answer.status_code == 200
    assert listed(web)["unsent"] is None
    assert said(web, Coldtrace_Unsent="3", Coldtrace_Block_List_At="noon")["block_list_at"] is None
