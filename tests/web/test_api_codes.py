"""What else a code answers: refusals, bundles, links; what nobody is told, and what it costs."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event, text

from coldtrace.codes.check_digit import check_digit
from coldtrace.codes.short_code import format_short_code
from coldtrace.events.public_piece import read_public
from coldtrace.parties.model import SiteRole
from coldtrace.parties.service import trust_envelope
from coldtrace.parties.trust import publish
from coldtrace.seal.b64 import unb64
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.root_document import parse_root
from coldtrace.verify.bundle import verify_bundle
from coldtrace.verify.report import Result
from support import consignments as goods
from support.boxes import ZH, World, make_world, status
from support.call_scene import fresh_declaration
from support.databases import Databases
from support.house import GLNS
from support.html_tree import read_page
from support.web_house import LINKSET, PAGE, PROOF, WebHouse, web_house


@pytest.fixture(scope="module")
def world(shared: WebHouse) -> World:
    return make_world(shared)


# Refused codes


def other_serial(uri: str) -> str:
    head, query = uri.split("?")
    return f"{head[:-1]}{'0' if head[-1] != '0' else '1'}?{query}"


def test_refused_codes(world: World) -> None:
    good = world.sold
    head, token = good.split("?s=")
    rogue = world.web.signed([("01", goods.GTIN), ("10", goods.LOT), ("21", "7QK4M2ZX9RTB")], Ed25519Signer.generate())
    cases = {
        "malformed_uri": (good.replace(goods.GTIN, "19521234543211"), 400),
        "unsigned": (head, 400),
        "malformed_token": (f"{head}?s={token[:-3]}", 400),
        "unsupported_version": (f"{head}?s=E{token[1:]}", 400),
        "unknown_key": (rogue, 403),
        "bad_signature": (other_serial(good), 403),
    }
    for verdict, (uri, code) in cases.items():
        page = world.page(uri, status=code)
        assert status(page) == "refused", verdict
        assert page.all("body")[0].attributes["data-verdict"] == verdict
        assert goods.IMPORTER_EN not in page.text
        assert "Brazil" not in page.text
        assert page.having("data-row")[0].attributes["data-row"] == "1"
        for lang, title in (("en", "refused"), ("zh", "编码未通过验证")):
            answer = world.get(uri, {"Accept": "application/problem+json", "Accept-Language": lang})
            assert (answer.status_code, answer.json()["code"]) == (code, verdict)
            assert answer.headers["content-type"] == "application/problem+json"
            assert title in answer.json()["title"]
            assert answer.json()["verdict"] == verdict
            assert "12315" in answer.json()["detail"]


def test_a_revoked_key(web: WebHouse) -> None:
    box = web.consignment(cartons=1)
    web.commission(box.pallets[0])
    with web.sessions.begin() as session:
        session.execute(text("UPDATE signing_key SET state = 'revoked' WHERE use = 'code'"))
        publish(session, web.env)
    page = web.client.get(web.path(box.carton.uri), headers=PAGE)
    assert page.status_code == 403
    assert read_page(page.text).all("body")[0].attributes["data-verdict"] == "revoked"


def test_what_was_scanned_is_shown_as_text_and_cut(world: World) -> None:
    answer = world.web.client.get("/01/%3Cscript%3E/" + "x" * 4000, headers=PAGE)
    assert answer.status_code == 400
    page = read_page(answer.text)
    assert [script for script in page.all("script") if not script.attributes.get("src")] == []
    assert "x" * 200 in page.all("main")[0].text
    assert "x" * 320 not in page.all("main")[0].text


@pytest.mark.parametrize(
    "path",
    ["/01/", "/01", "/01/x", "/00/1", "/414/x?s=A", "/U/!", "/01/%00", "/01/%ff%fe", "/01/" + "9" * 7000, "/01//21/"],
)
def test_codes_that_make_no_sense_are_refused_and_never_crash(world: World, path: str) -> None:
    answer = world.web.client.get(path, headers={"Accept": "application/json"}, follow_redirects=True)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_uri")


def test_a_reader_that_lost_its_capitals_is_understood(world: World) -> None:
    lower = world.web.path(world.sold).lower()
    answer = world.web.client.get(lower, headers=PAGE)
    assert answer.status_code == 200
    assert status(read_page(answer.text)) == "sold"
    bundle = world.web.client.get(lower, headers={"Accept": PROOF}).json()
    assert bundle["code"] == world.sold
    mixed = world.web.path(world.sold).replace("Q", "q", 1) if "Q" in world.sold.split("?")[0] else lower
    assert world.web.client.get(mixed, headers=PAGE).status_code in (200, 403)


@pytest.mark.parametrize("host", ["trace.example.cn", "TRACE.EXAMPLE.CN", "another.example", "127.0.0.1:8000", "[::1]"])
def test_the_host_of_the_request_decides_nothing(world: World, host: str) -> None:
    answer = world.get(world.sold, {**PAGE, "Host": host})
    assert answer.status_code == 200
    assert "another.example" not in answer.text


def test_what_a_visitors_software_adds_to_the_address_is_not_passed_on(world: World) -> None:
    path = world.web.path(world.sold) + "&utm_source=wechat&lang=en"
    page = read_page(world.web.client.get(path, headers=PAGE).text)
    (proof,) = {
        node.attributes["href"] for node in page.all("a") if "linkType=proof" in node.attributes.get("href", "")
    }
    assert "utm_source" not in proof
    bundle = world.web.client.get(path, headers={"Accept": PROOF})
    assert bundle.json()["code"] == world.sold
    assert "utm_source" not in bundle.text


# For programs


def test_the_bundle_by_accept_and_by_link_is_the_same_and_verifies(world: World) -> None:
    by_accept = world.get(world.sold, {"Accept": PROOF})
    by_link = world.web.client.get(world.web.path(world.sold) + "&linkType=proof", headers=PAGE)
    assert by_accept.json() == by_link.json()
    for answer in (by_accept, by_link):
        assert answer.headers["content-type"] == PROOF
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-disposition"].startswith('attachment; filename="coldtrace-')
        assert "Accept" in answer.headers["vary"]
    with world.web.sessions() as session:
        root = parse_root(str(trust_root(world)))
        assert trust_envelope(session, world.web.env) == by_accept.json()["trust_list"]
    report = verify_bundle(by_accept.text, root=root, now=world.web.clock.next)
    assert report.ok
    assert not [check for check in report.checks if check.result is Result.FAILED]
    kinds = [read_public(each["public"]).type.value for each in by_accept.json()["statements"]]
    assert kinds == ["commission", "pack", *["ship", "receive"] * 4, "unpack", "sell"]


def trust_root(world: World) -> str:
    return world.web.client.get("/api/v1/root").text


def test_a_bundle_changed_on_the_way_fails(world: World) -> None:
    bundle = world.get(world.sold, {"Accept": PROOF}).json()
    bundle["statements"][0]["public"] = bundle["statements"][0]["public"].replace("120116", "120118")
    assert not verify_bundle(json.dumps(bundle), root=parse_root(trust_root(world)), now=world.web.clock.next).ok


def test_a_pallet_has_no_bundle(world: World) -> None:
    answer = world.get(world.pallet, {"Accept": PROOF})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("how", ["accept", "linkset", "all"])
def test_the_linkset(world: World, how: str) -> None:
    path = world.web.path(world.sold)
    answer = (
        world.web.client.get(path, headers={"Accept": LINKSET})
        if how == "accept"
        else world.web.client.get(f"{path}&linkType={how}&utm_source=x", headers=PAGE)
    )
    assert answer.headers["content-type"] == LINKSET
    assert answer.headers["access-control-allow-origin"] == "*"
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in answer.headers["link"]
    (links,) = answer.json()["linkset"]
    assert links["anchor"] == "https://trace.example.cn" + path.partition("?")[0]
    assert re.match(r"^https?://[a-zA-Z0-9./]+", links["anchor"])
    for name, targets in links.items():
        if name != "anchor":
            assert isinstance(targets, list)
            assert name.startswith("https://ref.gs1.org/voc/")
    for target in links["https://ref.gs1.org/voc/traceability"]:
        assert target["href"].startswith("https://trace.example.cn/01/")
        assert "utm_source" not in target["href"]
        got = world.web.client.get(target["href"].removeprefix("https://trace.example.cn"), headers={"Accept": "*/*"})
        assert got.headers["content-type"].partition(";")[0] == target["type"]


def test_the_linkset_of_a_pallet_promises_no_proof(world: World) -> None:
    assert "proof" not in world.get(world.pallet, {"Accept": LINKSET}).text


# Pallets, places, others


def test_a_pallet_shows_lots_and_never_how_many(world: World) -> None:
    stock = world.web.consignment(declaration=fresh_declaration(), cartons=7)
    world.web.commission(stock.pallets[0])
    page = world.page(stock.pallets[0].label.uri)
    assert "Frozen boneless beef brisket" in page.text
    assert goods.LOT in page.text
    main = page.all("main")[0].text
    assert not re.search(r"\b7\b", re.sub(r"\d{3}( \d{3})+|L2409A17|\d+ \w+ \d{4}[^ ]*|\d\d:\d\d", "", main)), main
    assert stock.pallets[0].cartons[0].serial not in page.text
    assert format_short_code(stock.pallets[0].cartons[0].serial or "") not in page.text
    assert "No products are registered" in world.page(world.pallet).text


def test_an_unknown_pallet_is_not_registered(world: World) -> None:
    unknown = world.web.signed([("00", "395212340000000991")])
    assert status(world.page(unknown, status=404)) == "not_registered"


def test_a_place_shows_its_kind_and_district_and_no_name(world: World) -> None:
    page = world.page(world.web.signed([("414", GLNS[SiteRole.MARKET]), ("254", "D7")]))
    assert status(page) == "place"
    for words in ("Wholesale market", "Hexi", GLNS[SiteRole.MARKET], "D7"):
        assert words in page.text
    assert "market 站" not in page.text
    unknown = world.web.signed([("414", "952123400999" + check_digit("952123400999"))])
    assert status(world.page(unknown, status=404)) == "not_registered"


def test_a_unit_without_gs1_identity_is_unknown_here(world: World) -> None:
    uri = world.web.signed([("U", "7QK4M2ZX9RTB5")])
    assert world.page(uri, status=404).all("body")[0].attributes["data-status"] in ("unknown", "not_registered")


# What nobody is told


def never_shown(world: World) -> set[str]:
    """Return every text that a visitor must not find, in pages or bundles."""
    texts = {
        goods.DECLARATION,
        goods.CERTIFICATE,
        goods.CERTIFICATE[4:-4],
        goods.HEALTH_CERTIFICATE,
        goods.BILL_OF_LADING,
        goods.CONTAINER,
        goods.SEAL,
        "91120116MA05TE5T1N",
        "91120118MA00000011",
        "滨海远洋冷链",
        "Binhai Ocean",
        "packing-list.xlsx",
        world.web.token,
    }
    hidden = (SiteRole.COLD_STORE, SiteRole.DISTRIBUTOR, SiteRole.MARKET)
    for role in hidden:
        texts |= {GLNS[role], f"{role.value} 站", f"H-{role.value}"}
    texts |= {"H-first_station", "H-retailer", GLNS[SiteRole.RETAILER]}
    for carton in world.consignment.pallets[0].cartons[1:]:
        texts |= {str(carton.serial), format_short_code(carton.serial or "")}
    return texts


@pytest.mark.parametrize("how", ["page en", "page zh", "bundle", "linkset"])
def test_the_never_shown_list(world: World, how: str) -> None:
    headers = {"page en": PAGE, "page zh": ZH, "bundle": {"Accept": PROOF}, "linkset": {"Accept": LINKSET}}[how]
    found = world.get(world.sold, headers).text
    assert [text for text in never_shown(world) if text in found] == []
    # Everything private that devices said: the hour, the site, the door, the receiver, with the salts that hide them.
    for device in world.web.devices.values():
        for said in device.sent:
            for salt, name, value in json.loads(said.private)["fields"]:
                assert salt not in found
                if name not in ("seq", "offset", "site"):
                    assert str(value) not in found


def test_a_page_shows_no_hour_of_custody_and_no_pallet(world: World) -> None:
    page = world.page(world.sold)
    journey = page.all(data_row="13")[0]
    assert not re.search(r"\d\d:\d\d", journey.text)
    assert [t.attributes["datetime"] for t in journey.all("time")] == ["2026-11-23"] * 5
    sscc = world.consignment.pallets[0].label.unit_id.removeprefix("(00)")
    assert sscc not in world.get(world.sold).text


def test_a_bundle_shows_no_hour_of_custody(world: World) -> None:
    bundle = world.get(world.sold, {"Accept": PROOF}).json()
    for each in bundle["statements"]:
        assert each["leaf"]["received_at"].endswith("T00:00:00.000Z")
        header = json.loads(each["header"])
        assert UUID(header["id"]).int >> 80 == int(_midnight(UUID(header["id"])))
        for piece in (each["header"], each["public"], json.dumps(each["lines"])):
            assert not re.search(r"T\d\d:\d\d", piece)
        opened = [line for line in each["lines"] if line["open"] is not None]
        assert opened
        for line in opened:
            assert set(line["open"]["attributes"]) <= {"code"}
            assert line["unit"] in (
                world.consignment.pallets[0].cartons[0].unit_id,
                world.consignment.pallets[0].label.unit_id,
            )
        assert len(unb64(json.loads(each["public"])["salt"])) == 16


def _midnight(id: UUID) -> int:
    day = 86_400_000
    return (id.int >> 80) // day * day


# What it costs


@contextmanager
def counted(web: WebHouse) -> Iterator[list[str]]:
    told: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "ledger_pending" not in statement and "pg_try_advisory" not in statement and "ledger_head" not in statement:
            told.append(statement)

    event.listen(web.engine, "before_cursor_execute", note)
    try:
        yield told
    finally:
        event.remove(web.engine, "before_cursor_execute", note)


def test_the_number_of_queries_does_not_grow_with_the_pallet(world: World) -> None:
    counts = []
    for cartons in (1, 40):
        box = world.web.consignment(declaration=fresh_declaration(), cartons=cartons)
        world.web.commission(box.pallets[0])
        world.web.settle()
        with counted(world.web) as told:
            assert world.get(box.carton.uri).status_code == 200
        counts.append(len(told))
    # A proof reads a tile or two more as the tree grows; nothing grows with the cartons.
    assert counts[1] - counts[0] <= 4
    assert max(counts) <= 25


@pytest.fixture
def narrow(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    """An application with three connections to its database."""
    with web_house(databases, tmp_path, pool_size=3) as made:
        yield made


def test_more_visitors_than_connections(narrow: WebHouse) -> None:
    """A request that held one connection and waited for a second would starve all the others."""
    web = narrow
    box = web.consignment(cartons=1)
    web.commission(box.pallets[0])
    web.settle()
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(
                lambda _: httpx.get(
                    str(web.client.base_url).rstrip("/") + web.path(box.carton.uri), headers=PAGE, timeout=25
                ),
                range(36),
            )
        )
    assert {answer.status_code for answer in answers} == {200}
