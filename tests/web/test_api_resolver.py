"""Our codes as GS1 Digital Links: types of links, walking up, passing on, CORS (GS1-Conformant resolver 1.1)."""

from collections.abc import Sequence
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import product_links
from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.product_link_rules import LinkType, NewLink
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING
from support import consignments as goods
from support.boxes import ZH, World, make_world, status
from support.call_scene import fresh_declaration
from support.house import unit_line
from support.html_tree import read_page
from support.web_house import LINKSET, PAGE, PROOF, WebHouse

VOC = "https://ref.gs1.org/voc/"
OTHER_IMPORTER = "91120116MA0000003A"
REASON = [("reason", "residue")]
BURNT = [("method", "burnt"), ("witness", "K17"), ("record_no", "D-7")]


@pytest.fixture(scope="module")
def world(shared: WebHouse) -> World:
    made = make_world(shared)
    register(made, LinkType.PIP, "https://brand.example/brisket")
    register(made, LinkType.PIP, "https://brand.example/lot?batch=7#top", lot=goods.LOT)
    register(made, LinkType.RECIPE_INFO, "https://brand.example/zh", language="zh")
    register(made, LinkType.RECIPE_INFO, "https://brand.example/en", language="en")
    return made


def register(
    world: World,
    type: LinkType,
    href: str,
    *,
    lot: str | None = None,
    language: str | None = None,
    uscc: str | None = None,
) -> None:
    new = NewLink(
        gtin=goods.GTIN,
        lot=lot,
        type=type,
        href=href,
        title_zh="链接",
        title_en="A link",
        media_type="text/html",
        language=language,
        uscc=uscc or goods.IMPORTER_USCC,
    )
    with world.web.sessions.begin() as session:
        product_links.register(session, world.web.env, EVERYTHING, new, by="tests")


def ask(world: World, uri: str, more: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
    return world.web.client.get(world.web.path(uri) + more, headers=headers or PAGE, follow_redirects=False)


def test_a_registered_link_is_where_its_type_leads_the_lots_before_the_products(world: World) -> None:
    answer = ask(world, world.shelf, "&linkType=gs1:pip&utm=x%20y")
    assert answer.status_code == 307
    query = world.shelf.partition("?")[2]
    assert answer.headers["location"] == f"https://brand.example/lot?batch=7&{query}&utm=x%20y#top"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert 'rel="linkset"' in answer.headers["link"]


@pytest.mark.parametrize(
    "type",
    ["gs1:recipeInfo", f"{VOC}recipeInfo", "https://gs1.org/voc/recipeInfo", "recipeInfo", quote("gs1:recipeInfo")],
)
def test_a_type_is_known_by_all_its_spellings_and_led_by_language(world: World, type: str) -> None:
    for headers, end in ((PAGE, "en"), (ZH, "zh")):
        answer = ask(world, world.shelf, f"&linkType={type}", headers)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (
            307,
            f"https://brand.example/{end}",
        )


def test_without_a_type_the_page_is_ours_whatever_is_registered(world: World) -> None:
    assert status(world.page(world.shelf)) == "normal"
    for type in ("gs1:defaultLink", "gs1:traceability", "gs1:recallStatus", "gs1:certificationInfo"):
        answer = ask(world, world.shelf, f"&linkType={type}")
        assert (answer.status_code, status(read_page(answer.text))) == (200, "normal"), type


@pytest.mark.parametrize("type", ["gs1:hasRetailers", "gs1:nonsense", "schema:url", "%00", "gs1:"])
@pytest.mark.parametrize("headers", [PAGE, {"Accept": "application/json"}], ids=["page", "program"])
def test_a_type_that_there_is_none_of_is_not_found(world: World, type: str, headers: dict[str, str]) -> None:
    for uri in (world.shelf, world.pallet, world.web.signed([("414", world.web.station)])):
        answer = ask(world, uri, f"&linkType={type}", headers)
        assert answer.status_code == 404, uri
        if headers is not PAGE:
            assert answer.json()["code"] == "link_type_unknown"
            assert "gs1:defaultLink" in answer.json()["detail"]


def test_a_pallet_and_a_place_have_their_own_pages_alone(world: World) -> None:
    for uri in (world.pallet, world.web.signed([("414", world.web.station)])):
        assert ask(world, uri, "&linkType=gs1:defaultLink").status_code == 200
        assert ask(world, uri, "&linkType=gs1:pip").status_code == 404
        assert "brand.example" not in ask(world, uri, "&linkType=linkset").text


def test_the_linkset_tells_what_is_registered_walking_up(world: World) -> None:
    (told,) = ask(world, world.shelf, headers={"Accept": LINKSET}).json()["linkset"]
    assert [each["href"] for each in told[f"{VOC}pip"]] == ["https://brand.example/lot?batch=7#top"]
    assert {(each["href"], *each["hreflang"]) for each in told[f"{VOC}recipeInfo"]} == {
        ("https://brand.example/en", "en"),
        ("https://brand.example/zh", "zh"),
    }
    (ours,) = told[f"{VOC}defaultLink"]
    assert ours["href"].startswith("https://trace.example.cn/01/")
    assert {f"{VOC}{type}" for type in ("traceability", "recallStatus", "certificationInfo")} <= set(told)


def test_a_box_of_another_lot_walks_up_to_the_product(world: World) -> None:
    other = world.web.consignment(declaration=fresh_declaration(), cartons=1, lot="OTHERLOT")
    box = other.pallets[0].cartons[0].uri
    assert ask(world, box, "&linkType=gs1:pip").status_code == 404, "a label too many is told, not led away"
    world.web.commission(other.pallets[0])
    answer = ask(world, box, "&linkType=gs1:pip")
    assert answer.headers["location"].startswith("https://brand.example/brisket?")


def test_another_importer_of_the_same_product_adds_nothing_to_our_boxes(world: World) -> None:
    world.web.consignment(importer=OTHER_IMPORTER, declaration=fresh_declaration(), cartons=1)
    register(world, LinkType.SAFETY_INFO, "https://stranger.example/ads", uscc=OTHER_IMPORTER)
    assert ask(world, world.shelf, "&linkType=gs1:safetyInfo").status_code == 404
    assert "stranger" not in ask(world, world.shelf, headers={"Accept": LINKSET}).text


def test_a_link_that_ended_leads_nowhere(world: World) -> None:
    register(world, LinkType.INSTRUCTIONS, "https://brand.example/how")
    assert ask(world, world.shelf, "&linkType=gs1:instructions").status_code == 307
    with world.web.sessions.begin() as session:
        links = product_links.listed(session, EVERYTHING, gtin=None, after=None, limit=100)
        (link,) = [each for each in links if each.type is LinkType.INSTRUCTIONS]
        product_links.end(session, world.web.env, EVERYTHING, link.link_id, by="tests")
    assert ask(world, world.shelf, "&linkType=gs1:instructions").status_code == 404


def test_whoever_is_led_away_has_looked(world: World) -> None:
    made = world.web.consignment(declaration=fresh_declaration(), cartons=1)
    world.web.commission(made.pallets[0])
    world.web.settle()
    for agent in ("phone 1", "phone 1", "phone 2"):
        answer = ask(world, made.carton.uri, "&linkType=gs1:pip", {**PAGE, "User-Agent": agent})
        assert answer.status_code == 307
    with world.web.sessions() as session:
        asked = {"unit": made.carton.unit_id}
        kept = session.execute(text("SELECT lookups FROM consumer_lookup WHERE unit_id = :unit"), asked).scalar_one()
    assert kept == 2


@pytest.mark.parametrize(
    ("type", "more", "marks", "shown"),
    [
        (T.HOLD, REASON, [], "held"),
        (T.RECALL, REASON, [], "recalled"),
        (T.DESTROY, BURNT, ["still_packed"], "not_for_sale"),
    ],
)
def test_nobody_is_led_away_from_goods_that_are_stopped(
    world: World, type: T, more: Sequence[tuple[str, object]], marks: Sequence[str], shown: str
) -> None:
    """A label may bear `linkType`: what is held or recalled is said all the same."""
    made = world.web.consignment(declaration=fresh_declaration(), cartons=1)
    world.web.commission(made.pallets[0])
    world.web.settle()
    assert ask(world, made.carton.uri, "&linkType=gs1:pip").status_code == 307
    world.web.tell(SiteRole.FIRST_STATION, type, [unit_line(made.carton.unit_id)], more=more, marks=marks)
    answer = ask(world, made.carton.uri, "&linkType=gs1:pip")
    assert (answer.status_code, status(read_page(answer.text))) == (200, shown)


def test_nobody_is_led_away_from_goods_past_their_date(world: World) -> None:
    made = world.web.consignment(declaration=fresh_declaration(), cartons=1, produced=CalendarDate(2024, 9, 3))
    world.web.commission(made.pallets[0])
    world.web.settle()
    answer = ask(world, made.carton.uri, "&linkType=gs1:pip")
    assert (answer.status_code, status(read_page(answer.text))) == (200, "expired")


# Products and lots, which nobody signs


def test_a_products_own_code_shows_its_links_and_no_goods(world: World) -> None:
    path = f"/01/{goods.GTIN}"
    page = world.web.client.get(path, headers=PAGE)
    assert page.status_code == 200
    assert status(read_page(page.text)) == "product"
    assert "https://brand.example/brisket" in page.text
    assert "https://brand.example/lot" not in page.text
    assert "https://brand.example/lot" in world.web.client.get(f"{path}/10/{goods.LOT}", headers=PAGE).text
    for hidden in (goods.LOT, "Brazil", "巴西", goods.IMPORTER_EN):
        assert hidden not in page.text
    zh = world.web.client.get(path, headers=ZH).text
    assert "产品编码" in zh


@pytest.mark.parametrize("lot", ["%3E%2C%3C%2F%2Fevil.com", "A%3FB", "%22x"])
def test_a_lot_ends_no_address_in_a_header(world: World, lot: str) -> None:
    path = f"/01/{goods.GTIN}/10/{lot}"
    for more in ("", "?linkType=gs1:pip"):
        answer = world.web.client.get(path + more, headers=PAGE, follow_redirects=False)
        assert answer.status_code == (307 if more else 200)
        assert answer.headers["link"] == f'<{path}?linkType=linkset>; rel="linkset"; type="{LINKSET}"'
    (told,) = world.web.client.get(path, headers={"Accept": LINKSET}).json()["linkset"]
    assert told["anchor"] == f"https://trace.example.cn{path}"


def test_what_is_refused_by_q_is_not_given(world: World) -> None:
    for accept in (f"text/html, {LINKSET};q=0", f"text/html,{PROOF}; q=0.0"):
        for path in (world.web.path(world.shelf), f"/01/{goods.GTIN}"):
            answer = world.web.client.get(path, headers={"Accept": accept})
            assert answer.headers["content-type"] == "text/html; charset=utf-8", (accept, path)
    answer = world.web.client.get("/U/x", headers={"Accept": "text/html;q=0, application/json"})
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_pallet_has_no_proof(world: World) -> None:
    answer = ask(world, world.pallet, "&linkType=proof", {"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (404, "link_type_unknown")


def test_a_product_leads_by_type_and_passes_the_query_on(world: World) -> None:
    answer = world.web.client.get(f"/01/{goods.GTIN}?17=280903&linkType=gs1:pip", headers=PAGE, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "https://brand.example/brisket?17=280903")
    (told,) = world.web.client.get(f"/01/{goods.GTIN}", headers={"Accept": LINKSET}).json()["linkset"]
    assert told["anchor"] == f"https://trace.example.cn/01/{goods.GTIN}"
    assert world.web.client.get(f"/01/{goods.GTIN}?linkType=gs1:traceability", headers=PAGE).status_code == 404


@pytest.mark.parametrize(
    "path", ["/01/09506000134352", "/01/09506000134352/10/L1", f"/01/{goods.GTIN}/21/7QK4M2ZX9RTB"]
)
def test_whoever_writes_a_number_learns_nothing(world: World, path: str) -> None:
    """A product that nobody registered links for, imported or not, and a box without its signature."""
    answer = world.web.client.get(path, headers={"Accept": LINKSET})
    assert (answer.status_code, answer.json()["code"]) == (400, "unsigned" if "/21/" in path else "malformed_uri")


# Methods and hosts


def test_browsers_may_ask_first_and_head_is_get_without_a_body(world: World) -> None:
    for path in (world.web.path(world.shelf), f"/01/{goods.GTIN}", "/00/395212340000000991", "/414/x", "/U/x"):
        answer = world.web.client.options(path, headers={"Origin": "https://partner.example"})
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
        refused = world.web.client.get(path + "?s=1", headers={"Accept": "application/json"})
        assert refused.headers.get_list("access-control-allow-origin") == ["*"]
    got, head = ask(world, world.shelf), world.web.client.head(world.web.path(world.shelf), headers=PAGE)
    assert (head.status_code, head.text, head.headers["link"]) == (200, "", got.headers["link"])
    away = world.web.client.head(
        world.web.path(world.shelf) + "&linkType=gs1:pip", headers=PAGE, follow_redirects=False
    )
    assert away.status_code == 307
    assert world.web.client.post(world.web.path(world.shelf), headers=PAGE).status_code == 405
    closed = world.web.client.get("/api/v1/units", headers={"Origin": "https://partner.example"})
    assert "access-control-allow-origin" not in closed.headers


@pytest.mark.parametrize("host", ["TRACE.EXAMPLE.CN", "trace.example.cn", "Trace.Example.cn:443"])
def test_a_host_in_any_letters_is_the_same(world: World, host: str) -> None:
    answer = ask(world, world.shelf, headers={**PAGE, "Host": host})
    assert status(read_page(answer.text)) == "normal"


def test_the_resolver_describes_itself(world: World) -> None:
    answer = world.web.client.get("/.well-known/gs1resolver")
    told = answer.json()
    assert told["resolverRoot"] == "https://trace.example.cn"
    assert set(told["supportedPrimaryKeys"]) == {"01", "00", "414"}
    assert told["supportedLinkTypes"][0]["namespace"] == VOC
    assert answer.headers["access-control-allow-origin"] == "*"


# Registering


def said(**changed: object) -> dict[str, object]:
    return {
        "gtin": goods.GTIN,
        "type": "pip",
        "href": "https://brand.example/api",
        "title_zh": "牛腩",
        "title_en": "Brisket",
        "organisation": goods.IMPORTER_USCC,
    } | changed


def post(world: World, body: dict[str, object]) -> httpx.Response:
    return world.web.client.post(
        "/api/v1/product-links", json=body, headers={"Authorization": f"Bearer {world.web.token}"}
    )


def test_registering_twice_is_once(world: World) -> None:
    first, second = post(world, said()), post(world, said())
    assert first.status_code == 201
    assert first.json() == second.json()


@pytest.mark.parametrize(
    "href",
    [
        "http://brand.example/",
        "javascript:alert(1)",
        "https://user@brand.example/",
        "https://BRAND.example/",
        "https://brand.example/a b",
        'https://brand.example/"onclick',
        "https://brand.example/\nx",
        "https://",
        "https://brand.example/" + "x" * 490,
        "https://-brand.example/",
    ],
)
def test_an_address_that_nobody_may_be_sent_to_is_refused(world: World, href: str) -> None:
    answer = post(world, said(href=href))
    assert (answer.status_code, answer.json()["code"]) == (422, "link_href_unusable")


def test_goods_that_nobody_of_yours_imported_are_refused(world: World) -> None:
    for change in ({"gtin": "09506000134352"}, {"lot": "NOLOT"}, {"organisation": "91120116MA00000027"}):
        answer = post(world, said(**change))
        assert (answer.status_code, answer.json()["code"]) == (404, "product_not_yours"), change


def test_a_firm_has_only_so_many_links_for_a_product(world: World) -> None:
    answers = [post(world, said(href=f"https://brand.example/{number}")) for number in range(40)]
    assert [answer.status_code for answer in answers].count(201) < 40
    assert answers[-1].json()["code"] == "too_many_links"
