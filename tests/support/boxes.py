"""Boxes in each state of the road, and how to look at them as a visitor."""

from dataclasses import dataclass

import httpx

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from support.call_scene import fresh_declaration
from support.consignments import Consignment
from support.house import GLNS, unit_line
from support.html_tree import Node, read_page
from support.web_house import PAGE, WebHouse

ZH = {"Accept": "text/html,application/xhtml+xml;q=0.9", "Accept-Language": "zh-CN"}


@dataclass(frozen=True)
class World:
    """Boxes in each state."""

    web: WebHouse
    sold: str
    shelf: str
    moving: str
    blank: str
    pallet: str
    consignment: Consignment

    def get(self, uri: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Ask for a printed code, as a browser in English if nothing else is said."""
        return self.web.client.get(self.web.path(uri), headers=PAGE if headers is None else headers)

    def page(self, uri: str, headers: dict[str, str] | None = None, status: int = 200) -> Node:
        """Return the page behind a printed code."""
        answer = self.get(uri, headers)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        return read_page(answer.text)


def make_world(shared: WebHouse) -> World:
    """Make a box of each kind: sold, on the shelf, on the way, never bound, and the pallet they came on."""
    walked = shared.consignment(cartons=3)
    shared.walk(walked.pallets[0])
    sold, shelf, _ = walked.pallets[0].cartons
    shared.sell(sold.unit_id)
    moving = shared.consignment(declaration=fresh_declaration(), cartons=1)
    shared.commission(moving.pallets[0])
    shared.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(moving.pallets[0].label.unit_id)], to=GLNS[SiteRole.MARKET])
    blank = shared.consignment(declaration=fresh_declaration(), cartons=1)
    shared.settle()
    return World(
        web=shared,
        sold=sold.uri,
        shelf=shelf.uri,
        moving=moving.carton.uri,
        blank=blank.carton.uri,
        pallet=walked.pallets[0].label.uri,
        consignment=walked,
    )


def status(page: Node) -> str:
    """Return the status that the page tells machines."""
    return page.all("body")[0].attributes["data-status"]


def row(page: Node, number: int) -> str:
    """Return the text of one of the consumer's rows."""
    (found,) = page.all(data_row=str(number))
    return found.text
