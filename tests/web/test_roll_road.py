"""A roll label from the desk over a real coldscan to the consumer's page, for goods with a GTIN and labels without."""

from pathlib import Path
from uuid import UUID

import pytest

from coldscan.answer import Result
from coldscan.operation import Operation
from coldtrace.codes.short_code import format_short_code
from coldtrace.goods import rolls, store
from coldtrace.goods.rolls import NewRoll
from coldtrace.goods.store import IssuedCode
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.root_document import parse_root
from coldtrace.verify.bundle import verify_bundle
from support.boxes import status
from support.consignments import GTIN, LOT, Consignment
from support.house import GLNS
from support.html_tree import read_page
from support.scanner_device import Device
from support.web_house import PAGE, PROOF, WebHouse

PORT = SiteRole.FIRST_STATION


@pytest.fixture
def goods(web: WebHouse) -> Consignment:
    return web.consignment(cartons=1)


@pytest.fixture(params=[GTIN, None], ids=["gtin", "u"])
def labels(web: WebHouse, goods: Consignment, request: pytest.FixtureRequest) -> list[IssuedCode]:
    with web.sessions.begin() as session:
        roll = rolls.new_roll(
            session, web.env, NewRoll(station_gln=GLNS[PORT], scope=EVERYTHING, count=4, gtin=request.param)
        )
    rolls.finish_roll(web.sessions.begin, web.env, UUID(str(roll)), EVERYTHING)
    with web.sessions() as session:
        return list(store.codes_of_run(session, roll))


@pytest.fixture
def gun(web: WebHouse, tmp_path: Path) -> Device:
    device = Device(tmp_path / "gun", clock=web.clock)
    with web.sessions.begin() as session:
        invite = parties.invite_device(session, web.env, gln=GLNS[PORT], url=str(web.client.base_url)).text
    assert device.run("enrol", invite, "--offset", "+08:00").status == 0
    return device


def bind(web: WebHouse, *codes: IssuedCode) -> None:
    body = {"codes": [code.uri for code in codes], "lot": LOT}
    answer = web.post_json("/api/v1/rolls/bind", body, web.bearer)
    assert [each["status"] for each in answer.json()["results"]] == ["bound"] * len(codes)


def test_the_whole_road_of_a_roll_label(
    web: WebHouse, goods: Consignment, labels: list[IssuedCode], gun: Device
) -> None:
    bind(web, *labels[:2])
    assert gun.run("sync").status == 0
    bound = gun.scan(labels[0].uri, labels[1].uri, goods.pallets[0].label.uri, operation=Operation.COMMISSION)
    assert [answer.queued for answer in bound] == [True] * 3, bound
    assert gun.run("sync").status == 0
    assert gun.run("status").json["unsent"] == 0
    record = web.client.get(f"/api/v1/units/{labels[0].unit_id}", headers=web.bearer).json()
    assert record["state"] == "active"
    assert [(line["type"], line["marks"]) for line in record["history"]] == [("commission", []), ("pack", [])]

    web.settle()
    answer = web.client.get(web.path(labels[0].uri), headers=PAGE)
    page = read_page(answer.text)
    assert (answer.status_code, status(page)) == (200, "normal")
    assert LOT in page.text
    bundle = web.client.get(web.path(labels[0].uri), headers={"Accept": PROOF})
    with web.sessions() as session:
        installation = parties_store.installation(session)
    assert installation is not None
    report = verify_bundle(bundle.text, root=parse_root(installation.root), now=web.clock.next)
    assert report.ok, [check for check in report.checks if check.result.value == "failed"]


def test_a_label_that_nobody_bound_stops_and_names_the_desk(
    web: WebHouse, labels: list[IssuedCode], gun: Device
) -> None:
    bind(web, labels[0])
    assert gun.run("sync").status == 0
    (answer,) = gun.scan(labels[2].uri, operation=Operation.COMMISSION)
    assert (answer.result, answer.code, answer.queued) == (Result.STOP, "no_lot", False)
    assert format_short_code(labels[2].serial or "") in answer.say
    assert "desk" in answer.say


def test_a_handheld_is_told_only_what_it_may_still_commission(
    web: WebHouse, goods: Consignment, labels: list[IssuedCode], gun: Device
) -> None:
    def told() -> list[str]:
        path = "/api/v1/devices/work"
        found = web.client.get(path, headers=web.signed_by(web.device(PORT), "GET", path)).json()["unit_lots"]
        return [unit for each in found for unit in each["units"]]

    assert told() == []
    bind(web, *labels[:3])
    assert told() == [code.unit_id for code in labels[:3]]
    body: dict[str, object] = {"text": labels[1].uri, "reason": "torn"}
    refused = web.post_json("/api/v1/codes/void", body, web.bearer)
    assert (refused.status_code, refused.json()["code"]) == (409, "label_bound")
    body |= {"bound": True}
    assert web.post_json("/api/v1/codes/void", body, web.bearer).status_code == 200
    gun.run("sync")
    gun.scan(labels[0].uri, operation=Operation.COMMISSION)
    gun.run("sync")
    assert told() == [labels[2].unit_id]
