"""More lots than a page lists: what is stopped comes first, how many more there are is said, the banner knows all; at
a counter the next page is a link away."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from sqlalchemy import text

from coldtrace.codes.counter_name import counter_name
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import stops
from coldtrace.goods.store import IssuedCode
from coldtrace.parties.model import SiteRole
from coldtrace.web.pages.places import COUNTER_LOTS_MAX, PALLET_LOTS_MAX
from support import consignments as goods
from support.boxes import ZH, status
from support.call_scene import fresh_declaration
from support.consignments import commission_line, facts_of
from support.house import GLNS, pack_lines, unit_line
from support.html_tree import Node, read_page
from support.web_house import PAGE, WebHouse

LOTS = 32
LAST = f"MANY{LOTS - 1:02}"
"""Made last, and last by its name."""
NAMES = [f"MANY{number:02}" for number in range(LOTS)]


@pytest.fixture(scope="module")
def many(shared: WebHouse) -> tuple[IssuedCode, list[IssuedCode]]:
    """The label of a pallet with a case of each of 32 lots on it, and the cases."""
    made = [
        shared.consignment(declaration=fresh_declaration(), cartons=1, lot=f"MANY{number:02}") for number in range(LOTS)
    ]
    port, cartons = shared.device(SiteRole.FIRST_STATION), [each.carton for each in made]
    said = [port.say(T.COMMISSION, [commission_line(c)], facts=facts_of(c)) for c in cartons]
    pallet = made[0].pallets[0].label
    said.append(port.say(T.PACK, pack_lines(pallet.unit_id, [c.unit_id for c in cartons])))
    assert {result["status"] for result in shared.send(port, said)} == {"accepted"}
    return pallet, cartons


def page(web: WebHouse, uri: str, headers: dict[str, str] = PAGE) -> Node:
    return read_page(web.client.get(web.path(uri), headers=headers).text)


def lots(found: Node) -> Sequence[str]:
    listed = found.all("ul", **{"class": "lots"})[0].all("li")
    return [each.text for each in listed if each.all("p")]


def last_day(web: WebHouse, carton: IssuedCode, day: str | None) -> None:
    with web.engine.begin() as connection:
        connection.execute(
            text("UPDATE unit SET expires_on = :day WHERE unit_id = :unit"), {"day": day, "unit": str(carton.unit_id)}
        )


def check(shared: WebHouse, uri: str, cartons: Sequence[IssuedCode], listed: int, role: SiteRole) -> None:
    found = page(shared, uri)
    assert status(found) in ("normal", "place")
    assert len(lots(found)) == listed
    assert LAST not in found.text
    assert f"And {LOTS - listed} more" in found.text
    assert f"另有 {LOTS - listed} 个批次" in page(shared, uri, ZH).text
    # Held is the last but one, then the last is recalled by its number.
    held, last = cartons[-2].unit_id, f"MANY{LOTS - 2:02}"
    shared.tell(role, T.HOLD, [unit_line(held)], more=[("reason", "smells")])
    found = page(shared, uri)
    assert status(found) == "held"
    assert last in lots(found)[0]
    with shared.sessions.begin() as session:
        stops.recall_lot(session, shared.env, gtin=goods.GTIN, lot=LAST, reason="tests")
    found = page(shared, uri)
    assert status(found) == "recalled"
    assert LAST in lots(found)[0]
    assert last in lots(found)[1]
    assert len(lots(found)) == listed
    with shared.sessions.begin() as session:
        stops.lift_lot(session, shared.env, gtin=goods.GTIN, lot=LAST)
    # By a statement, of one case alone.
    shared.tell(SiteRole.FIRST_STATION, T.RECALL, [unit_line(cartons[-1].unit_id)], more=[("reason", "smells")])
    found = page(shared, uri)
    assert status(found) == "recalled"
    assert LAST in lots(found)[0]
    shared.tell(SiteRole.FIRST_STATION, T.LIFT, [unit_line(cartons[-1].unit_id)], more=[("reason", "smells")])
    shared.tell(role, T.RELEASE, [unit_line(held)], more=[("reason", "smells")])
    # Past its day, and nothing else: said of all lots, and first.
    last_day(shared, cartons[-1], "2020-01-01")
    found = page(shared, uri)
    assert status(found) == "expired"
    assert LAST in lots(found)[0]
    last_day(shared, cartons[-1], None)
    assert status(page(shared, uri)) in ("normal", "place")


def test_a_pallet_of_many_lots(shared: WebHouse, many: tuple[IssuedCode, list[IssuedCode]]) -> None:
    pallet, cartons = many
    check(shared, pallet.uri, cartons, PALLET_LOTS_MAX, SiteRole.FIRST_STATION)


def test_a_counter_of_many_lots(shared: WebHouse, many: tuple[IssuedCode, list[IssuedCode]]) -> None:
    pallet, cartons = many
    units = [c.unit_id for c in cartons]
    for giver, taker in pairwise(GLNS):
        shared.hand_over(pallet.unit_id, giver, taker)
    shared.tell(SiteRole.RETAILER, T.UNPACK, pack_lines(pallet.unit_id, units)[1:])
    for each in units:
        shared.tell(SiteRole.RETAILER, T.OPEN, [unit_line(each, counter=counter_name("M1"))])
    code = shared.signed([("414", GLNS[SiteRole.RETAILER]), ("254", "M1")])
    check(shared, code, cartons, COUNTER_LOTS_MAX, SiteRole.RETAILER)
    every_lot_once(shared, shared.path(code))
    # A page is whole also when what was sold meanwhile is the very lot behind which it begins.
    first = read_page(shared.client.get(shared.path(code), headers=PAGE).text)
    shared.tell(SiteRole.RETAILER, T.SELL, [unit_line(cartons[COUNTER_LOTS_MAX - 1].unit_id)])
    second = read_page(shared.client.get(linked(first, "next"), headers=PAGE).text)
    assert [f"MANY{number:02}" in second.text for number in range(COUNTER_LOTS_MAX, LOTS)] == [True, True]
    assert status(second) == "place"
    # The banner of every page knows what is stopped on any.
    shared.tell(SiteRole.RETAILER, T.HOLD, [unit_line(cartons[-1].unit_id)], more=[("reason", "smells")])
    pages = every_lot_once(shared, shared.path(code), gone=1)
    assert [status(each) for each in pages] == ["held", "held"]
    assert LAST in lots(pages[0])[0]
    # All that came behind is sold: the first page, and no empty one.
    shared.tell(SiteRole.RETAILER, T.RELEASE, [unit_line(cartons[-1].unit_id)], more=[("reason", "smells")])
    for each in cartons[COUNTER_LOTS_MAX:]:
        shared.tell(SiteRole.RETAILER, T.SELL, [unit_line(each.unit_id)])
    late = read_page(shared.client.get(linked(first, "next"), headers=PAGE).text)
    assert len(lots(late)) == COUNTER_LOTS_MAX - 1
    assert not [a for a in late.all("a") if a.attributes.get("rel") in ("next", "first")]


@pytest.mark.parametrize("odd", ["x", "4.", "9." + 43 * "A", "4." + 43 * "A", "-1.AAAA", "４." + 43 * "A", "%00"])
def test_an_address_that_no_page_said_is_a_first_page(shared: WebHouse, odd: str) -> None:
    """Or where it is well formed one of nothing that is here; never an error."""
    answer = shared.client.get(f"{shared.path(shared.place_code(GLNS[SiteRole.RETAILER]))}&after={odd}", headers=PAGE)
    assert answer.status_code == 200


def linked(found: Node, rel: str) -> str:
    """Return where a plain link of a page leads."""
    (link,) = [a for a in found.all("a") if a.attributes.get("rel") == rel]
    return str(link.attributes["href"])


def every_lot_once(web: WebHouse, path: str, *, gone: int = 0) -> list[Node]:
    """Follow the links of a counter to the end: each lot is on one page, and only one; return the pages."""
    pages = [read_page(web.client.get(path, headers=PAGE).text)]
    while [a for a in pages[-1].all("a") if a.attributes.get("rel") == "next"]:
        pages.append(read_page(web.client.get(linked(pages[-1], "next"), headers=PAGE).text))
        assert linked(pages[-1], "first").startswith(path.partition("?")[0])
    told = [name for each in pages for lot in lots(each) for name in NAMES if name in lot]
    assert len(told) == len(set(told)) == LOTS - gone
    return pages
