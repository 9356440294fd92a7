"""A roll label from the desk over a real coldscan to the consumer's page, for goods with a GTIN and labels without."""

from pathlib import Path
from uuid import UUID

import pytest

from coldscan.answer import Result
from coldscan.operation import Operation
from coldtrace.codes.short_code import format_short_code
from coldtrace.events.facts import read_facts
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
    return enrolled(web, tmp_path / "gun")


def enrolled(web: WebHouse, folder: Path) -> Device:
    device = Device(folder, clock=web.clock)
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


def test_labels_bound_offline_and_one_of_them_by_two_devices_to_two_lots(
    web: WebHouse, goods: Consignment, labels: list[IssuedCode], gun: Device, tmp_path: Path
) -> None:
    """Nothing is refused: the first binding that arrives counts, the other one is a case for a person."""
    web.consignment(cartons=1, lot="L2410B02", declaration="020220261000000999")
    other = enrolled(web, tmp_path / "other gun")
    for device in (gun, other):
        assert device.run("sync").json["rolls"] == "new"
    # From here on both are without a network.
    for device, lot, mine in ((gun, LOT, labels[1]), (other, "L2410B02", labels[2])):
        answers = device.scan(f"(01){GTIN}(10){lot}", mine.uri, labels[0].uri, operation=Operation.COMMISSION)
        assert [answer.result for answer in answers] == [Result.NOTED, Result.SAVED, Result.SAVED], answers
    for device in (gun, other):
        assert device.run("sync").json["sent"] == 2
        assert device.run("status").json["refused"] == 0

    def record(label: IssuedCode) -> tuple[str, list[list[str]]]:
        found = web.client.get(f"/api/v1/units/{label.unit_id}", headers=web.bearer).json()
        with web.sessions() as session:
            kept = store.issued_code(session, label.unit_id)
        assert kept is not None
        return str(read_facts(kept.facts or "")["lot"]), [line["marks"] for line in found["history"]]

    assert record(labels[1]) == (LOT, [[]])
    assert record(labels[2]) == ("L2410B02", [[]])
    lot, marks = record(labels[0])
    assert lot == LOT
    assert sorted(marks, key=len)[0] == []
    assert "double_bound" in sorted(marks, key=len)[1]
    cases = web.client.get("/api/v1/cases", headers=web.bearer).json()["cases"]
    # It was also commissioned twice, which is a conflict of its own.
    assert {case["kind"] for case in cases} == {"double_bound", "conflict"}
    assert {tuple(case["units"]) for case in cases} == {(labels[0].unit_id,)}
    roll = web.client.get("/api/v1/rolls", headers=web.bearer).json()["rolls"][0]
    assert (roll["used"], roll["double_bound"]) == (3, 1)


def test_a_roll_is_told_while_it_has_free_labels_and_its_late_time_is_not_over(
    web: WebHouse, goods: Consignment, labels: list[IssuedCode], gun: Device
) -> None:
    def told() -> int:
        gun.run("sync")
        return len(gun.rows("SELECT * FROM rolls"))

    assert told() == 1
    bind(web, *labels[:3])
    assert told() == 1
    body: dict[str, object] = {"text": labels[3].uri, "reason": "torn"}
    assert web.post_json("/api/v1/codes/void", body, web.bearer).status_code == 200
    assert told() == 0


def test_a_label_that_nobody_bound_stops_and_names_the_desk(
    web: WebHouse, labels: list[IssuedCode], gun: Device
) -> None:
    """A device that has not synced since the roll was drawn does not know it."""
    assert gun.run("sync").status == 0
    gun.rows("DELETE FROM roll_units")
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
