"""The page behind a code, over the real road: what a visitor sees."""

import json
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from coldtrace.codes.short_code import format_short_code
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.parties.trust import publish
from support import consignments as goods
from support.boxes import ZH, World, make_world, row, status
from support.call_scene import fresh_declaration
from support.house import GLNS, unit_line
from support.html_tree import read_page
from support.web_house import LINKSET, PAGE, PROOF, WebHouse
from support.whole_database import everything

ROWS = [str(row) for row in range(1, 19)]


@pytest.fixture(scope="module")
def world(shared: WebHouse) -> World:
    return make_world(shared)


# What a person sees


@pytest.mark.parametrize(("name", "word"), [("sold", "sold"), ("shelf", "normal"), ("moving", "normal")])
@pytest.mark.parametrize("headers", [PAGE, ZH], ids=["en", "zh"])
def test_every_row_is_there_in_both_languages(world: World, headers: dict[str, str], name: str, word: str) -> None:
    page = world.page(getattr(world, name), headers)
    assert status(page) == word
    assert {node.attributes["data-row"] for node in page.having("data-row")} == set(ROWS)
    assert page.all("html")[0].attributes["lang"] == ("en" if headers is PAGE else "zh-CN")


def test_the_rows_tell_what_the_packing_list_said(world: World) -> None:
    page = world.page(world.sold)
    said = {
        3: ("Frozen boneless beef brisket", "冻去骨牛腩"),
        4: ("Brazil", "巴西"),
        5: ("3 Sep 2026", "3 Sep 2028"),
        6: ("-18 °C",),
        7: ("20kg/箱", "20 kg", goods.LOT),
        8: ("SIF 385", "CBRA01012201010001"),
        9: (goods.IMPORTER_EN, goods.IMPORTER_ZH),
        10: ("Tianjin Xingang", "20 Nov 2026"),
        11: ("1200…7001",),
        12: (),
        14: ("No temperature records",),
        16: ("retailer",),
    }
    for number, texts in said.items():
        for words in texts:
            assert words in row(page, number), (number, row(page, number))
    assert format_short_code(world.consignment.pallets[0].cartons[0].serial or "") in page.text


def test_the_journey_names_roles_districts_and_days(world: World) -> None:
    stops = world.page(world.sold).having("data-stop")
    assert [stop.attributes["data-stop"] for stop in stops] == [role.value for role in GLNS]
    journey = row(world.page(world.sold, ZH), 13)
    for words in ("滨海新区", "静海区", "东丽区", "河西区", "和平区"):
        assert words in journey
    moving = world.page(world.moving)
    assert [stop.attributes["data-stop"] for stop in moving.having("data-stop")] == ["first_station"]
    assert "On the way" in row(moving, 13)


def test_the_seller_is_named_only_once_it_sold(world: World) -> None:
    assert "No shop has scanned" in row(world.page(world.shelf), 16)
    assert "Sold 23 Nov 2026" in row(world.page(world.sold), 16)


def test_look_ups_are_counted_once_for_a_visit(world: World) -> None:
    uri = world.web.consignment(declaration=fresh_declaration(), cartons=1)
    world.web.commission(uri.pallets[0])
    path = world.web.path(uri.carton.uri)
    client = world.web.client
    assert "First look-up" in row(read_page(client.get(path, headers=PAGE).text), 2)
    client.head(path, headers=PAGE)
    client.get(path, headers={"Accept": PROOF})
    client.get(path, headers={"Accept": LINKSET})
    httpx.get(f"{client.base_url}".rstrip("/") + path + "&lang=zh", headers=PAGE)  # keeps the cookie to itself
    assert "First look-up" in row(read_page(client.get(path, headers=PAGE).text), 2), "the same visitor, the same day"
    second = row(read_page(client.get(path, headers={**PAGE, "User-Agent": "another"}).text), 2)
    assert "2" in second
    assert "23 Nov 2026" in second
    with world.web.sessions() as session:
        kept = session.execute(
            text("SELECT lookups FROM consumer_lookup WHERE unit_id = :unit"), {"unit": uri.carton.unit_id}
        ).scalar_one()
    assert kept == 2


def test_the_switch_of_language_is_remembered(world: World) -> None:
    path = world.web.path(world.shelf)
    with httpx.Client(base_url=world.web.client.base_url) as visitor:
        answer = visitor.get(path + "&lang=en", headers=ZH)
        assert (answer.headers["content-language"], answer.cookies["ct_lang"]) == ("en", "en")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert visitor.get(path, headers=ZH).headers["content-language"] == "en"
    with httpx.Client(base_url=world.web.client.base_url) as visitor:
        answer = visitor.get(path + "&lang=fr", headers=ZH)
        assert "set-cookie" not in answer.headers
        assert answer.headers["content-language"] == "zh"


def test_a_page_carries_no_script_or_style_of_its_own_and_forbids_it(world: World) -> None:
    for uri in (world.sold, world.pallet, world.web.place_code(GLNS[SiteRole.MARKET])):
        answer = world.get(uri)
        page = read_page(answer.text)
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'self'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert policy["frame-ancestors"] == "'none'"
        assert page.all("style") == []
        assert all(script.attributes.get("src") and not script.text for script in page.all("script"))
        for node in page.walk():
            assert "style" not in node.attributes
            assert not [name for name in node.attributes if name.startswith("on")]
            for name in ("src", "href"):
                assert not node.attributes.get(name, "/").startswith(("http:", "https:", "//", "javascript:"))


def test_headers_of_a_page(world: World) -> None:
    answer = world.get(world.sold)
    assert answer.headers["cache-control"] == "no-cache"
    assert {"accept", "accept-encoding", "accept-language", "cookie"} == {
        part.strip().lower() for part in answer.headers["vary"].split(",")
    }
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert "set-cookie" not in answer.headers
    link = answer.headers["link"]
    assert link.endswith('; rel="linkset"; type="application/linkset+json"')
    assert json.loads(world.web.client.get(link[1 : link.index(">")]).text)["linkset"]


def test_head_has_the_pages_headers(world: World) -> None:
    zipped, plain = (
        world.web.client.head(world.web.path(world.sold), headers=PAGE | {"Accept-Encoding": coding})
        for coding in ("gzip", "identity")
    )
    for head in (zipped, plain):
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == "text/html; charset=utf-8"
        assert head.headers["vary"].endswith("Accept-Encoding")
    assert zipped.headers["content-encoding"] == "gzip"
    assert 2_000 < int(zipped.headers["content-length"]) < int(plain.headers["content-length"]) // 2


@pytest.mark.parametrize("path", ["/", "/recalls", "/complaints", "/privacy", "/static/verify/whole.js"])
def test_what_is_the_same_for_everybody_is_compressed(world: World, path: str) -> None:
    plain = world.web.client.get(path, headers={"Accept-Encoding": "identity"})
    zipped = world.web.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in plain.headers["vary"]
    assert zipped.num_bytes_downloaded < plain.num_bytes_downloaded
    assert len(zipped.text) == len(plain.text)


@pytest.mark.parametrize("path", ["/sign-in", "/complain", "/find?code=x", "/complaints/7QK4-M2ZX-9RTB-5", "/desk"])
def test_what_may_hold_a_secret_is_not_compressed(world: World, path: str) -> None:
    """Beside what a stranger may put into an address, the length of a compressed page would tell the secret."""
    answer = world.web.client.get(path, headers=PAGE | {"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("accept", ["*/*", "", "application/json", "image/webp,*/*"])
def test_a_box_that_is_registered_answers_with_its_page_by_default(world: World, accept: str) -> None:
    assert world.get(world.sold, {"Accept": accept}).headers["content-type"] == "text/html; charset=utf-8"


# Statuses


def test_a_box_past_its_date_is_expired(web: WebHouse) -> None:
    box = web.consignment(cartons=1)
    web.commission(box.pallets[0])
    web.clock.next = web.clock.next.replace(
        year=goods.EXPIRY.year, month=goods.EXPIRY.month, day=goods.EXPIRY.day, hour=15
    )
    with web.sessions.begin() as session:
        publish(session, web.env)
    # 23:00 of the last day in China, and half past midnight of the day after.
    assert status(read_page(web.client.get(web.path(box.carton.uri), headers=PAGE).text)) == "normal"
    web.clock.forward(timedelta(hours=1, minutes=30))
    page = read_page(web.client.get(web.path(box.carton.uri), headers=PAGE).text)
    assert status(page) == "expired"
    assert "Do not" in page.text


def test_a_list_past_its_date_turns_the_page_amber(web: WebHouse) -> None:
    box = web.consignment(cartons=1)
    web.commission(box.pallets[0])
    web.clock.forward(timedelta(days=8))
    page = read_page(web.client.get(web.path(box.carton.uri), headers=PAGE).text)
    assert status(page) == "list_expired"
    assert page.all("body")[0].attributes["data-tone"] == "look"


def test_before_the_log_covers_it_the_proof_is_pending(web: WebHouse) -> None:
    box = web.consignment(cartons=1)
    web.commission(box.pallets[0])
    web.settle()
    with web.engine.connect() as connection, connection.begin():
        # Somebody else is the sequencer now, and idle.
        connection.execute(text("SELECT pg_advisory_xact_lock(1129599815, 1)"))
        web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(box.pallets[0].label.unit_id)], to=GLNS[SiteRole.MARKET])
        bundle = web.client.get(web.path(box.carton.uri), headers={"Accept": PROOF}).json()
        page = read_page(web.client.get(web.path(box.carton.uri), headers=PAGE).text)
    assert len(bundle["statements"]) == 2
    assert "On the way" in row(page, 13)
    assert status(page) == "normal"


def test_the_command_on_the_page_names_the_code_as_printed(world: World) -> None:
    """Neither the language nor anything else that a visitor's address has besides."""
    page = world.web.client.get(world.web.path(world.shelf) + "&lang=en&utm=x", headers=PAGE).text
    (command,) = (node.text for node in read_page(page).all("code") if "coldtrace verify" in node.text)
    host, path = world.web.env.public_host, world.web.path(world.shelf)
    assert command == f'coldtrace verify FILE --root root.json --code "https://{host}{path}"'


def test_what_a_label_has_behind_the_code_keeps_no_look_from_being_counted(world: World) -> None:
    """Only the code is signed: a copier who prints `&lang=zh` behind it would keep every scan the first."""
    made = world.web.consignment(declaration=fresh_declaration(), cartons=1)
    world.web.commission(made.pallets[0])
    path = f"{world.web.path(made.carton.uri)}&lang=en"

    def looked(agent: str) -> str:
        return row(read_page(world.web.client.get(path, headers={**PAGE, "User-Agent": agent}).text), 2)

    assert "First look-up" in looked("phone 1")
    assert "First look-up" in looked("phone 1"), "the same visitor, who may have changed the language"
    for number in (2, 3):
        assert "First look-up" not in looked(f"phone {number}")
    with world.web.sessions() as session:
        asked = {"unit": made.carton.unit_id}
        kept = session.execute(text("SELECT lookups FROM consumer_lookup WHERE unit_id = :unit"), asked).scalar_one()
    assert kept == 3


def test_a_box_that_was_never_bound_is_not_registered(world: World) -> None:
    page = world.page(world.blank, status=404)
    assert status(page) == "not_registered"
    assert goods.IMPORTER_EN not in page.text
    answer = world.get(world.blank, {"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_registered")
    answer = world.get(world.blank, {"Accept": PROOF})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_registered")


def test_a_signed_code_that_was_never_issued_is_not_registered(world: World) -> None:
    surplus = world.web.signed([("01", goods.GTIN), ("10", goods.LOT), ("21", "7QK4M2ZX9RTB")])
    assert status(world.page(surplus, status=404)) == "not_registered"


def test_an_import_taken_back_leaves_nothing_registered(web: WebHouse) -> None:
    box = web.consignment(cartons=1)
    web.commission(box.pallets[0])
    web.settle()
    assert web.client.get(web.path(box.carton.uri), headers=PAGE).status_code == 200
    web.client.post(f"/api/v1/imports/{box.consignment_id}/undo", headers=web.bearer)
    for uri in (box.carton.uri, box.pallets[0].label.uri):
        page = web.client.get(web.path(uri), headers=PAGE)
        assert (page.status_code, status(read_page(page.text))) == (404, "not_registered")
    answer = web.client.get(web.path(box.carton.uri), headers={"Accept": PROOF})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_registered")


def test_nothing_of_a_visitor_is_in_the_database(world: World) -> None:
    agent = "Mozilla/5.0 (a phone of one's own)"
    headers = {**PAGE, "User-Agent": agent, "X-Forwarded-For": "203.0.113.77"}
    assert world.web.client.get(world.web.path(world.shelf), headers=headers).status_code == 200
    with world.web.engine.connect() as connection:
        kept = everything(connection)
        assert connection.execute(text("SELECT count(*) FROM look_visitor")).scalar_one() > 0
    for hidden in (agent, "203.0.113.77", "a phone of one"):
        assert hidden not in kept
