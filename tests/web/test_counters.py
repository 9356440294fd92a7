"""The code of a counter: whoever buys loose food scans it and sees the lots that are open there now."""

import pytest

from coldtrace.codes.counter_name import counter_name, is_counter_name
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import stops
from coldtrace.goods.store import IssuedCode
from coldtrace.parties.model import SiteRole
from support import consignments as goods
from support.boxes import ZH
from support.call_scene import fresh_declaration
from support.house import GLNS, unit_line
from support.html_tree import Node, read_page
from support.web_house import PAGE, PROOF, WebHouse

SHOP = GLNS[SiteRole.RETAILER]


def page(web: WebHouse, counter: str | None, headers: dict[str, str] = PAGE) -> Node:
    more = [] if counter is None else [("254", counter)]
    answer = web.client.get(web.path(web.signed([("414", SHOP), *more])), headers=headers)
    assert answer.status_code == 200
    return read_page(answer.text)


def status_of(page: Node) -> str | None:
    return page.all("body")[0].attributes["data-status"]


@pytest.fixture(scope="module")
def boxes(shared: WebHouse) -> list[IssuedCode]:
    """Three boxes of one lot at the shop: two open at counter `C-1`, one at none."""
    made = shared.consignment(declaration=fresh_declaration(), cartons=3, lot="COUNTER7")
    shared.walk(made.pallets[0])
    cartons = made.pallets[0].cartons
    here = {"counter": counter_name("C-1")}
    for carton, said in zip(cartons, (here, here, {}), strict=True):
        shared.tell(SiteRole.RETAILER, T.OPEN, [unit_line(carton.unit_id, **said)])
    return list(cartons)


def test_a_counter_lists_the_lots_that_are_open_there(shared: WebHouse, boxes: list[IssuedCode]) -> None:
    found = page(shared, "C-1")
    assert status_of(found) == "place"
    assert found.all("h1")[0].text == "On sale at this counter"
    rows = found.all("p", **{"class": "lots__name"})
    assert len(rows) == 1, "a lot is one line, however many of its boxes are open"
    for words in ("Frozen boneless beef brisket", "COUNTER7", "Brazil"):
        assert words in found.text
    assert "现在打开销售的批次" in page(shared, "C-1", ZH).text
    assert "COUNTER7" not in page(shared, "C-2").text
    assert "COUNTER7" in page(shared, None).text


def test_a_counter_shows_no_box_and_no_firm(shared: WebHouse, boxes: list[IssuedCode]) -> None:
    for found in (page(shared, "C-1").text, page(shared, None).text):
        for box in boxes:
            assert str(box.serial) not in found
        assert "retailer 站" not in found


def test_what_is_stopped_is_said_first_of_a_counter_too(shared: WebHouse) -> None:
    made = shared.consignment(declaration=fresh_declaration(), cartons=1, lot="COUNTER8")
    shared.walk(made.pallets[0])
    unit = str(made.pallets[0].cartons[0].unit_id)
    shared.tell(SiteRole.RETAILER, T.OPEN, [unit_line(unit, counter=counter_name("C9"))])
    assert status_of(page(shared, "C9")) == "place"
    shared.tell(SiteRole.RETAILER, T.HOLD, [unit_line(unit)], more=[("reason", "smells")])
    assert status_of(page(shared, "C9")) == "held"
    with shared.sessions.begin() as session:
        stops.recall_lot(session, shared.env, gtin=goods.GTIN, lot="COUNTER8", reason="tests")
    assert status_of(page(shared, "C9")) == "recalled"
    with shared.sessions.begin() as session:
        stops.lift_lot(session, shared.env, gtin=goods.GTIN, lot="COUNTER8")
    shared.tell(SiteRole.RETAILER, T.RELEASE, [unit_line(unit)], more=[("reason", "smells")])
    assert status_of(page(shared, "C9")) == "place"
    shared.tell(SiteRole.RETAILER, T.SELL, [unit_line(unit)])
    assert "COUNTER8" not in page(shared, "C9").text


def test_a_proof_of_an_opened_box_names_no_shop(shared: WebHouse, boxes: list[IssuedCode]) -> None:
    shared.settle()
    assert SHOP not in shared.client.get(shared.path(boxes[0].uri), headers={"Accept": PROOF}).text


@pytest.mark.parametrize("name", ["(254)C1", "(254)C%201", counter_name("柜台一")])
def test_names_of_counters(name: str) -> None:
    assert is_counter_name(name)


@pytest.mark.parametrize("name", ["C1", "(254)", "(254)C 1", "(254)C%2f", "(414)9521234000013", "(254)" + "x" * 61])
def test_what_names_no_counter(name: str) -> None:
    assert not is_counter_name(name)
