"""Pages that are asked for together are made together: each as if it had been asked for alone, and each as fresh."""

import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.parties.trust import publish
from coldtrace.web.kept_pages import KeptPages
from coldtrace.web.pages.quick_pages import QuickPages
from support.boxes import World, make_world, row, status
from support.databases import Databases
from support.house import unit_line
from support.html_tree import Node, read_page
from support.web_house import PAGE, WebHouse, web_house

PASSING = re.compile(
    r"Look-up number \d+|第 \d+ 次查询|First look-up|[0-9TZ:-]{20}|\d+ \w+ \d{4}, \d\d:\d\d"
    r"|<p class=\"note\">If you have only just.*?</p>|<span class=\"strip__side\">.*?</span>"
)
AT_ONCE = 12


@pytest.fixture(scope="module")
def world(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with web_house(databases, tmp_path_factory.mktemp("together"), pages_waiting_max=200) as made:
        yield make_world(made)


def lasting(answer: httpx.Response) -> tuple[int, str, str | None, str]:
    """Return what of an answer is the same a moment later."""
    kept = PASSING.sub("", answer.text).replace("<strong></strong>", "")
    return answer.status_code, answer.headers["content-type"], answer.headers.get("link"), kept


def look(web: WebHouse, path: str, number: int, more: dict[str, str] | None = None) -> httpx.Response:
    answer = web.client.get(path, headers={**PAGE, "User-Agent": f"together {number}", **(more or {})})
    web.client.cookies.clear()  # of `lang=`
    return answer


def proof_of(web: WebHouse, path: str) -> tuple[str, str | None]:
    """Return the status of a page, and what it says of its proof."""
    page = read_page(look(web, path, int(time.monotonic_ns())).text)
    (proof,) = page.all("section", id="proof")
    return status(page), proof.attributes["data-server-result"]


def test_pages_asked_for_together_are_those_of_the_long_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    web = world.web
    paths = [web.path(uri) for uri in (world.sold, world.shelf, world.moving, world.blank, world.pallet)]
    paths += [f"{paths[0]}&lang=zh", paths[0].replace("/21/", "/21/0"), "/01/09521234543210", f"{paths[1]}&q=1"]
    for path in paths:
        look(web, path, 0)
    alone = [lasting(look(web, path, 1, {"Authorization": "Bearer ct_dev_tests"})) for path in paths]
    groups: list[int] = []
    quick = quick_pages(web)

    def noted(requests: Sequence[Request]) -> Sequence[Response | None]:
        groups.append(len(requests))
        time.sleep(0.05)  # so that the others come meanwhile
        return quick._make(requests)

    monkeypatch.setattr(quick._joined, "_work", noted)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(look, web, path, 2 + turn) for turn in range(4) for path in paths]
        together = [lasting(each.result()) for each in asked]
    assert max(groups) > 1, "they were never asked for together"
    for number, found in enumerate(together):
        assert found == alone[number % len(paths)]


def quick_pages(web: WebHouse) -> QuickPages:
    """Return what makes the pages, from among the layers of the application."""
    layer: Any = web.app.middleware_stack
    while not isinstance(layer, KeptPages):
        layer = layer._app if hasattr(layer, "_app") else layer.app
    found = layer._quick.__self__  # type: ignore[attr-defined]
    assert isinstance(found, QuickPages)
    return found


CHANGES = {
    "signature": "UPDATE ledger_entry SET leaf = convert_to(regexp_replace(convert_from(leaf, 'UTF8'),"
    " '\"sig\":\"....', '\"sig\":\"AAAA'), 'UTF8')",
    "public piece": "UPDATE statement_piece SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'),"
    " '2026', '2025'), 'UTF8') WHERE piece = 'public'",
    "units piece": "UPDATE statement_piece SET bytes = convert_to(replace(convert_from(bytes, 'UTF8'),"
    " ',1,{', ',2,{'), 'UTF8') WHERE piece = 'units'",
    "certificate": "UPDATE device SET certificate_sig = 'AAAA' || substr(certificate_sig, 5)",
    "facts": "UPDATE lot SET facts = replace(facts, 'brisket', 'fillet')",
    "checkpoint": "UPDATE ledger_published SET note = regexp_replace(note, E'(\\n— [^ ]+ .{8})....', E'\\\\1AAAA')",
}


@pytest.mark.parametrize("what", list(CHANGES))
def test_a_byte_changed_in_the_database_is_seen_on_the_next_page(web: WebHouse, what: str) -> None:
    box = web.consignment(cartons=1)
    web.commission(box.pallets[0])
    web.settle()
    path = web.path(box.carton.uri)
    assert [proof_of(web, path) for _ in range(2)] == [("normal", "passed")] * 2
    with web.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        changed = connection.execute(text(CHANGES[what])).rowcount
    assert changed
    assert proof_of(web, path) == ("proof_failed", "failed")


def test_a_key_that_is_revoked_counts_for_statements_that_were_checked_before(web: WebHouse) -> None:
    box = web.consignment(cartons=1)
    web.commission(box.pallets[0])
    web.settle()
    path = web.path(box.carton.uri)
    assert proof_of(web, path) == ("normal", "passed")
    with web.engine.begin() as connection:
        connection.execute(text("UPDATE signing_key SET state = 'revoked', revoked_at = now() WHERE use = 'enrolment'"))
    with web.sessions.begin() as session:
        publish(session, web.env)
    assert proof_of(web, path) == ("proof_failed", "failed")


def test_what_lies_on_goods_is_read_for_every_page(world: World) -> None:
    web, path = world.web, world.web.path(world.shelf)
    carton = world.consignment.pallets[0].cartons[1]
    assert proof_of(web, path)[0] == "normal"
    web.tell(SiteRole.RETAILER, T.HOLD, [unit_line(carton.unit_id)], more=[("reason", "smells")])
    assert proof_of(web, path)[0] == "held"
    web.tell(SiteRole.RETAILER, T.RELEASE, [unit_line(carton.unit_id)], more=[("reason", "well")])
    assert proof_of(web, path)[0] == "normal"
    web.tell(SiteRole.RETAILER, T.SELL, [unit_line(carton.unit_id)])
    page: Node = read_page(look(web, path, 77).text)
    assert status(page) == "sold"
    assert "Sold" in row(page, 16)
