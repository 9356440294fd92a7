"""Goods without a GTIN, from the packing list over a real coldscan to the consumer's page, with either identity."""

import json
from pathlib import Path
from typing import Any

import pytest

from coldscan.operation import Operation
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.short_code import format_short_code, parse_short_code
from coldtrace.codes.sscc import names_carton
from coldtrace.goods import store
from coldtrace.goods.plan import Identity
from coldtrace.goods.run_labels import run_labels
from coldtrace.labels.content import LabelKind
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.root_document import parse_root
from coldtrace.verify.bundle import verify_bundle
from support.boxes import ZH, status
from support.consignments import Consignment
from support.house import GLNS
from support.html_tree import read_page
from support.scanner_device import Device
from support.web_house import PAGE, PROOF, WebHouse

PORT = SiteRole.FIRST_STATION


@pytest.fixture(params=list(Identity), ids=lambda identity: str(identity))
def identity(request: pytest.FixtureRequest) -> Identity:
    chosen: Identity = request.param
    return chosen


@pytest.fixture
def goods(web: WebHouse, identity: Identity) -> Consignment:
    return web.consignment(cartons=3, gtin=None, carton_identity=identity)


@pytest.fixture
def gun(web: WebHouse, tmp_path: Path) -> Device:
    """A handheld of the port that came after the import, over the wire."""
    device = Device(tmp_path / "gun", clock=web.clock)
    with web.sessions.begin() as session:
        invite = parties.invite_device(session, web.env, gln=GLNS[PORT], url=str(web.client.base_url)).text
    enrolled = device.run("enrol", invite, "--offset", "+08:00")
    assert enrolled.status == 0, enrolled.err
    return device


def work(web: WebHouse) -> dict[str, Any]:
    path = "/api/v1/devices/work"
    found: dict[str, Any] = web.client.get(path, headers=web.signed_by(web.device(PORT), "GET", path)).json()
    return found


def test_the_codes_name_the_carton_and_nothing_invented(web: WebHouse, goods: Consignment, identity: Identity) -> None:
    for carton in goods.pallets[0].cartons:
        code = parse_trace_code(carton.uri)
        ((ai, value),) = code.elements
        if identity is Identity.OWN:
            assert (ai, value[:12], code.serial) == ("U", carton.serial, carton.serial)
            assert parse_short_code(value) == carton.serial, "the short code is the id"
        else:
            assert (ai, carton.serial, code.serial) == ("00", None, None)
            assert names_carton(value)
            assert value[1:8] == GLNS[PORT][:7]
        assert "gtin" not in json.loads(carton.facts or "{}")
    pallet = parse_trace_code(goods.pallets[0].label.uri).value("00")
    assert pallet is not None
    assert not names_carton(pallet)


def test_the_labels_say_how_to_key_it_in(web: WebHouse, goods: Consignment, identity: Identity) -> None:
    with web.sessions() as session:
        labels = [label.checked() for label in run_labels(session, goods.run_id, EVERYTHING)]
    assert [label.kind for label in labels] == [*[LabelKind.UNIT] * 3, LabelKind.PALLET]
    for label, carton in zip(labels, goods.pallets[0].cartons, strict=False):
        assert label.lot == "L2409A17"
        if identity is Identity.OWN:
            assert label.short_code == format_short_code(carton.serial or "")
            assert label.gs1_text == f"(U){label.short_code.replace('-', '')}"
        else:
            assert (label.short_code, label.gs1_text) == ("", carton.unit_id)
    first, pallet = labels[0], labels[-1]
    assert pallet.importer_zh
    assert (pallet.importer_zh, pallet.importer_en) == (first.importer_zh, first.importer_en)
    assert pallet.production_date == first.production_date != ""


def test_a_handheld_learns_which_units_they_are(web: WebHouse, goods: Consignment) -> None:
    found = work(web)
    assert found["lots"] == []
    (lot,) = found["unit_lots"]
    assert lot["facts"] == goods.carton.facts
    assert lot["units"] == [carton.unit_id for carton in goods.pallets[0].cartons]


def test_the_whole_road(web: WebHouse, goods: Consignment, gun: Device, identity: Identity) -> None:
    assert gun.run("sync").status == 0
    pallet = goods.pallets[0]
    texts = [carton.uri for carton in pallet.cartons]
    answers = gun.scan(*texts, texts[0], pallet.label.uri, operation=Operation.COMMISSION)
    assert [answer.queued for answer in answers] == [True, True, True, False, True], answers
    assert gun.run("sync").status == 0
    assert gun.run("status").json["unsent"] == 0
    assert work(web)["unit_lots"] == []

    carton = pallet.cartons[0]
    record = web.client.get(f"/api/v1/units/{carton.unit_id}", headers=web.bearer).json()
    assert (record["state"], record["parent"]) == ("active", pallet.label.unit_id)
    assert [(line["type"], line["marks"]) for line in record["history"]] == [("commission", []), ("pack", [])]

    web.settle()
    for headers in (PAGE, ZH):
        answer = web.client.get(web.path(carton.uri), headers=headers)
        assert answer.status_code == 200
        page = read_page(answer.text)
        assert status(page) == "normal"
        assert "冻去骨牛腩" in page.text
        assert identity is Identity.SSCC or format_short_code(carton.serial or "") in page.text
    bundle = web.client.get(web.path(carton.uri), headers={"Accept": PROOF})
    assert bundle.status_code == 200
    with web.sessions() as session:
        installation = parties_store.installation(session)
    assert installation is not None
    report = verify_bundle(bundle.text, root=parse_root(installation.root), now=web.clock.next)
    assert report.ok, [check for check in report.checks if check.result.value == "failed"]
    assert status(read_page(web.client.get(web.path(pallet.label.uri), headers=PAGE).text)) == "normal"


def test_a_short_code_finds_the_id(web: WebHouse) -> None:
    carton = web.consignment(cartons=1, gtin=None).carton
    with web.sessions() as session:
        assert store.code_of_serial(session, carton.serial or "") == carton.uri


def test_an_unbound_carton_is_not_registered(web: WebHouse, goods: Consignment) -> None:
    answer = web.client.get(web.path(goods.carton.uri), headers=PAGE)
    assert answer.status_code == 404
    assert status(read_page(answer.text)) == "not_registered"
