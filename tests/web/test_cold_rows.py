"""What was signed of the temperature is on the page: at its stop, in row 14, and for a pallet as for its boxes."""

from typing import Any

import pytest

from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods.store import IssuedCode
from support.boxes import status
from support.cold_road import STORE, arrived
from support.house import unit_line
from support.html_tree import Node, read_page
from support.web_house import PAGE, PROOF, WebHouse


def page(web: WebHouse, code: IssuedCode) -> Node:
    return read_page(web.client.get(web.path(code.uri), headers=PAGE).text)


def rows(found: Node) -> tuple[list[tuple[str, str]], str, str]:
    """Return role and temperature of each stop, as said in words, the state of row 14, and its words."""
    stops = [
        (each.attributes["data-stop"], each.all("span", **{"class": "stop__cold"})[0].text)
        for each in found.all("li")
        if "data-stop" in each.attributes
    ]
    (card,) = [each for each in found.all("section") if each.attributes.get("data-row") == "14"]
    return stops, str(card.attributes["data-cold"]), card.all("p", **{"class": "band__word"})[0].text


WARM = ([("first_station", "Temperature: No data"), ("cold_store", "Temperature: Too warm")], "breach", "Too warm")
GOOD = ([("first_station", "Temperature: No data"), ("cold_store", "Temperature: Within limits")], "unknown", "No data")


def test_a_signed_breach_is_at_its_stop_and_in_row_14(shared: WebHouse) -> None:
    """Before the log has it and after; of the box that is on the pallet, and of the pallet."""
    pallet = arrived(shared, "breach")
    box = pallet.cartons[0]
    assert rows(page(shared, box)) == WARM
    shared.settle()
    found = page(shared, box)
    assert status(found) == "temp_breach"
    assert "see the temperature below" in found.text
    assert rows(found) == WARM
    assert rows(page(shared, pallet.label)) == WARM
    assert '"cold\\":\\"breach\\"' in shared.client.get(shared.path(box.uri), headers={"Accept": PROOF}).text


def test_a_word_that_it_was_cold_is_shown_and_a_gap_is_said(shared: WebHouse) -> None:
    """The store says so, the port says nothing: the way is not within limits, and not without any word either."""
    pallet = arrived(shared, "ok")
    shared.settle()
    found = page(shared, pallet.cartons[0])
    assert rows(found) == GOOD
    assert "Some stops state that it was within limits" in found.text
    assert rows(page(shared, pallet.label)) == GOOD


def test_all_the_way_within_limits(shared: WebHouse) -> None:
    pallet = arrived(shared, "ok", port="ok")
    shared.settle()
    assert rows(page(shared, pallet.cartons[0]))[1:] == ("ok", "Within limits")


@pytest.mark.parametrize("released", [False, True])
def test_a_reading_at_the_store_is_of_its_stay(shared: WebHouse, released: bool) -> None:
    """A breach that a device states later; released, the goods may go on, and the record says what it was."""
    pallet = arrived(shared, "unknown")
    box: Any = pallet.label.unit_id
    shared.tell(STORE, T.TEMPERATURE, [unit_line(box)], cold="breach")
    if released:
        shared.tell(STORE, T.RELEASE, [unit_line(box)], more=[("reason", "looked at")])
    shared.settle()
    found = page(shared, pallet.cartons[0])
    assert (status(found) == "temp_breach") is not released
    assert rows(found) == WARM
