"""A crowd before one code gets one page, each with a number of its own; past the bound it is told to come again."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import httpx
import pytest
from fastapi import Request
from fastapi.responses import PlainTextResponse
from sqlalchemy import text
from starlette.types import Message, Scope

from coldtrace.events.statement_type import StatementType
from coldtrace.goods import stops
from coldtrace.goods.store import IssuedCode
from coldtrace.parties.model import SiteRole
from coldtrace.web.kept_pages import FRESH_S, RETRY_S, TURNS, KeptPages
from coldtrace.web.looks import Looks
from support import consignments as goods
from support.boxes import World, make_world, status
from support.call_scene import fresh_declaration
from support.databases import Databases
from support.house import GLNS, unit_line
from support.html_tree import read_page
from support.web_house import LINKSET, WebHouse, web_house

WAITING = 6
NUMBER = re.compile(r"Look-up number (\d+)|第 (\d+) 次查询")


@pytest.fixture(scope="module")
def world(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An application where few may wait for a page."""
    folder = tmp_path_factory.mktemp("kept")
    with web_house(databases, folder, pages_waiting_max=WAITING, anonymous_requests_per_minute=10_000) as made:
        yield make_world(made)


def held(world: World, carton: IssuedCode) -> None:
    more = [("reason", "smells")]
    world.web.tell(SiteRole.RETAILER, StatementType.HOLD, [unit_line(carton.unit_id)], more=more)


def look(web: WebHouse, path: str, number: int, lang: str = "en") -> httpx.Response:
    headers = {
        "Accept": "text/html",
        "Accept-Language": lang,
        "User-Agent": f"phone {number}",
        "X-Forwarded-For": f"192.0.2.{number}",
    }
    return web.client.get(path, headers=headers)


def look_until_in(web: WebHouse, path: str, number: int, lang: str = "en") -> httpx.Response:
    """Look as a phone does that was told to come again."""
    while (answer := look(web, path, number, lang)).status_code == 503:
        time.sleep(0.01)
    return answer


def number_of(answer: httpx.Response) -> int:
    assert answer.status_code == 200, answer.text[:300]
    found = NUMBER.search(answer.text)
    assert found, answer.text[:500]
    return int(found[1] or found[2])


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.01)


def links_status(world: World) -> int:
    return world.web.client.get(world.web.path(world.sold), headers={"Accept": LINKSET}).status_code


def test_a_crowd_gets_one_page_with_numbers_of_their_own_and_the_rest_is_told_to_wait(world: World) -> None:
    web, carton = world.web, world.consignment.pallets[0].cartons[1]
    path = web.path(carton.uri)
    assert "First look-up" in look(web, path, 0).text
    with ThreadPoolExecutor(WAITING) as pool:
        with web.sessions.begin() as session:
            # Nobody is counted, so no page comes to its end.
            session.execute(text("LOCK TABLE look_visitor IN EXCLUSIVE MODE"))
            english = [pool.submit(look_until_in, web, path, 1 + each) for each in range(WAITING - 2)]
            chinese = [pool.submit(look_until_in, web, path, 10 + each, "zh") for each in range(2)]
            until(lambda: links_status(world) == 503)
            refused = look(web, path, 99)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, str(RETRY_S))
            assert "Too many people" in refused.text
            assert refused.headers["x-request-id"] != look(web, path, 99).headers["x-request-id"]
            assert web.client.get("/healthz").status_code == 200
        pages = [each.result(20) for each in english]
        foreign = [each.result(20) for each in chinese]
    assert sorted(number_of(each) for each in [*pages, *foreign]) == list(range(2, 2 + WAITING))
    assert {each.headers["content-language"] for each in foreign} == {"zh"}
    assert {each.headers["content-language"] for each in pages} == {"en"}
    assert len({NUMBER.sub("", each.text) for each in pages}) == 1, "each was made anew"
    kept = look(web, path, 20)
    assert number_of(kept) == 2 + WAITING
    assert NUMBER.sub("", kept.text) == NUMBER.sub("", pages[0].text)
    assert kept.headers["content-encoding"] == "gzip"
    assert int(kept.headers["content-length"]) == kept.num_bytes_downloaded < len(kept.content)
    again = look(web, path, 20)
    assert number_of(again) == 2 + WAITING, "the same visitor, the same day"
    headed = web.client.head(path, headers={"Accept": "text/html", "Accept-Language": "en", "User-Agent": "phone 21"})
    assert (headed.status_code, headed.content) == (200, b"")
    held(world, carton)
    time.sleep(FRESH_S)
    later = look(web, path, 22)
    assert number_of(later) == 3 + WAITING, "HEAD counted"
    assert status(read_page(later.text)) == "held", "a page is kept for a moment only"
    assert links_status(world) == 200


def test_without_a_crowd_nothing_is_kept(world: World) -> None:
    web, carton = world.web, world.consignment.pallets[0].cartons[2]
    path = web.path(carton.uri)
    pages = [look(web, path, each) for each in range(3)]
    assert [number_of(each) for each in pages[1:]] == [2, 3]
    assert status(read_page(pages[-1].text)) == "normal"
    held(world, carton)
    assert status(read_page(look(web, path, 3).text)) == "held", "it was kept although nobody waited for it"


def test_slow_readers_hold_nobody_else_up() -> None:
    """As many as there are turns have their pages made and do not take them: the next one is answered all the same."""

    async def none(request: Request) -> None:
        return None

    async def story() -> list[Message]:
        looks = cast(Looks, None)  # nothing is kept, so nobody is counted here
        pages = KeptPages(PlainTextResponse("a page"), looks=looks, waiting_max=TURNS, quick=none)
        read = asyncio.Event()
        got: list[Message] = []

        async def slow(message: Message) -> None:
            await read.wait()

        async def quick(message: Message) -> None:
            got.append(message)

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        def asked(number: int) -> Scope:
            path = f"/U/{number}"
            scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
            return {**scope, "headers": [(b"accept", b"text/html")]}

        readers = [asyncio.create_task(pages(asked(number), receive, slow)) for number in range(TURNS)]
        await asyncio.sleep(0.05)
        await asyncio.wait_for(pages(asked(TURNS), receive, quick), 5)
        assert not any(reader.done() for reader in readers)
        read.set()
        await asyncio.gather(*readers)
        return got

    assert [each.get("body") for each in asyncio.run(story())] == [None, b"a page"]


def crowd(web: WebHouse, path: str, table: str) -> list[httpx.Response]:
    """Have as many as may wait look at a code whose page does not come to its end until all of them are there."""
    with ThreadPoolExecutor(WAITING) as pool:
        with web.sessions.begin() as session:
            session.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            asked = [pool.submit(look_until_in, web, path, 1 + each) for each in range(WAITING)]
            # A code that is none asks nothing of that table.
            until(lambda: web.client.get("/U/x", headers={"Accept": LINKSET}).status_code == 503)
        return [each.result(20) for each in asked]


def made(pages: list[httpx.Response]) -> set[str]:
    """Return the pages that there are, but for their numbers."""
    return {NUMBER.sub("", each.text) for each in pages}


def test_a_crowd_before_a_recalled_code_gets_one_page_and_is_counted(world: World) -> None:
    """This is what a story in the news is about."""
    web = world.web
    box = web.consignment(declaration=fresh_declaration(), cartons=1, lot="KEPT1")
    web.commission(box.pallets[0])
    path = web.path(box.carton.uri)
    assert "First look-up" in look(web, path, 0).text
    with web.sessions.begin() as session:
        stops.recall_lot(session, web.env, gtin=goods.GTIN, lot="KEPT1", reason="tests")
    pages = crowd(web, path, "look_visitor")
    assert {each.status_code for each in pages} == {403}
    assert {status(read_page(each.text)) for each in pages} == {"recalled"}
    found = [NUMBER.search(each.text) for each in pages]
    assert sorted(int(each[1]) for each in found if each) == list(range(2, 2 + WAITING))
    assert len(made(pages)) == 1, "each was made anew"
    with web.sessions.begin() as session:
        stops.lift_lot(session, web.env, gtin=goods.GTIN, lot="KEPT1")
    time.sleep(FRESH_S)
    assert look(web, path, 30).status_code == 200, "a recall that was lifted is kept for a moment only"


def test_a_crowd_before_a_code_that_is_not_known_gets_one_page_and_is_noted(world: World) -> None:
    web = world.web
    box = web.consignment(declaration=fresh_declaration(), cartons=1, lot="KEPT2")
    web.commission(box.pallets[0])
    unit = f"(01){goods.GTIN}(21)7QK4M2ZX9RTB"
    path = web.path(web.signed([("01", goods.GTIN), ("10", "KEPT2"), ("21", "7QK4M2ZX9RTB")]))
    pages = crowd(web, path, "stray_look")
    assert {each.status_code for each in pages} == {404}
    assert len(made(pages)) == 1, "each was made anew"
    with web.sessions() as session:
        row = session.execute(text("SELECT looks, signed FROM stray_look WHERE unit_id = :unit"), {"unit": unit}).one()
    assert (row.looks, row.signed) == (WAITING, True), "each network once, whoever's page was kept for it"


def test_a_crowd_before_a_refused_code_gets_one_page(world: World) -> None:
    web = world.web
    path = web.path(world.sold)[:-8] + "AAAAAAAA"
    pages = crowd(web, path, "stray_look")
    assert {status(read_page(each.text)) for each in pages} == {"refused"}
    assert len(made(pages)) == 1, "each was made anew"


def test_a_crowd_before_a_counter_gets_one_page(world: World) -> None:
    web = world.web
    path = web.path(web.signed([("414", GLNS[SiteRole.RETAILER])]))
    pages = crowd(web, path, "recalled_lot")
    assert {each.status_code for each in pages} == {200}
    assert len(made(pages)) == 1, "each was made anew"
