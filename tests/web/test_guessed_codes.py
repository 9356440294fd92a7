"""Whoever walks or guesses codes gets nothing: one answer for what exists and what does not, and soon none at all."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text

from support import consignments as goods
from support.boxes import ZH, World, make_world
from support.call_scene import fresh_declaration
from support.databases import Databases
from support.web_house import PAGE, WebHouse, web_house

NEVER = "7QK4M2ZX9RTB"
JSON = {"Accept": "application/json", "Accept-Language": "en"}
MOMENT = re.compile(r"[0-9TZ:-]{20}|\d+ \w+ \d{4}, \d\d:\d\d|\d{4}年\d+月\d+日 \d\d:\d\d")


@pytest.fixture(scope="module")
def world(shared: WebHouse) -> World:
    return make_world(shared)


@contextmanager
def questions(web: WebHouse) -> Iterator[list[str]]:
    """Give what requests ask the database, with the ends of their transactions; not what the service does by itself."""
    asked: list[str] = []

    def heard(what: str) -> None:
        if threading.current_thread().name.startswith(("AnyIO", "joined")):
            asked.append(what)

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        heard(statement)

    def end(_: Any) -> None:
        heard("commit")

    engine = web.app.state.engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", end)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", end)


def said(answer: httpx.Response, path: str) -> tuple[int, str]:
    """Return an answer without what the visitor sent and the moment."""
    told = answer.text
    for serial in re.findall(r"/21/([0-9A-Z]+)", path):
        told = told.replace(serial, "SERIAL")
    for token in re.findall(r"[?]s=([0-9A-Z]+)", path):
        told = told.replace(token, "TOKEN")
    return answer.status_code, MOMENT.sub("", told)


def walked(world: World) -> tuple[list[str], list[str]]:
    """Return addresses made up from codes that exist, and the like from one that does not: unsigned, and signed by a
    token of somewhere else."""
    token = world.moving.partition("?s=")[2]
    real = [world.web.path(uri).partition("?")[0] for uri in (world.sold, world.shelf, world.blank)]
    never = re.sub(r"/21/[0-9A-Z]+", f"/21/{NEVER}", real[0])
    return [f"{path}{end}" for end in ("", f"?s={token}") for path in real], [
        f"{never}{end}" for end in ("", f"?s={token}")
    ]


@pytest.mark.parametrize("headers", [PAGE, ZH, JSON], ids=["page", "page-zh", "json"])
def test_what_exists_is_answered_as_what_does_not_and_asks_the_same_of_the_database(
    world: World, headers: dict[str, str]
) -> None:
    existing, never = walked(world)
    half = len(existing) // 2
    for others, made_up in ((existing[:half], never[0]), (existing[half:], never[1])):
        world.web.client.get(made_up, headers=headers)  # what is asked once a day has been
        with questions(world.web) as asked:
            nothing = said(world.web.client.get(made_up, headers=headers), made_up)
        wanted = list(asked)
        assert nothing[0] in (400, 403)
        assert wanted, "nobody was heard asking"
        for path in others:
            with questions(world.web) as asked:
                assert said(world.web.client.get(path, headers=headers), path) == nothing
            assert asked == wanted, path


def test_guessing_does_not_mark_codes_that_exist(world: World) -> None:
    existing, never = walked(world)
    for path in (*existing, *never):
        world.web.client.get(path, headers=PAGE)
    with world.web.sessions() as session:
        strays = {row.unit_id for row in session.execute(text("SELECT unit_id FROM stray_look"))}
        counted = session.execute(text("SELECT count(*) FROM consumer_lookup")).scalar_one()
    assert strays <= {f"(01){goods.GTIN}(21){NEVER}"}
    assert counted == 0


def test_serials_tell_neither_the_next_nor_how_many(world: World) -> None:
    box = world.web.consignment(declaration=fresh_declaration(), cartons=40)
    serials = [carton.serial or "" for carton in box.pallets[0].cartons]
    assert serials != sorted(serials)
    assert len({serial[:4] for serial in serials}) > 30, "they have a beginning in common"


def test_a_page_says_nothing_of_how_many_boxes_there_are(web: WebHouse) -> None:
    """Two imports of the same goods, one box and nine: the pages are alike but for the code itself."""
    told = []
    for cartons in (1, 9):
        box = web.consignment(declaration=fresh_declaration(), cartons=cartons)
        web.commission(box.pallets[0])
        web.settle()
        for carton in (box.pallets[0].cartons[0], box.pallets[0].cartons[-1]):
            path = web.path(carton.uri)
            page = web.client.get(path, headers=PAGE).text
            serial = carton.serial or ""
            label = re.findall(r'code__value" data-fact="code" translate="no">([^<]+)<', page)[0]
            token = carton.uri.partition("?s=")[2]
            page = page.replace(serial, "SERIAL").replace(label, "LABEL").replace(token, "TOKEN")
            told.append(MOMENT.sub("", page))
    assert told[0].count("SERIAL") > 1
    assert len({re.sub(r"CBRA\d+|declaration \d+", "", page) for page in told}) == 1


@pytest.fixture
def narrow(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    """An application that takes five requests a minute without credentials."""
    with web_house(databases, tmp_path, anonymous_requests_per_minute=5) as made:
        yield made


def test_walking_codes_ends_after_a_few_from_one_address(narrow: WebHouse) -> None:
    box = narrow.consignment(cartons=1)
    narrow.commission(box.pallets[0])
    narrow.settle()
    genuine = narrow.path(box.carton.uri)
    guess = genuine.partition("/21/")[0] + "/21/"

    def ask(path: str, address: str) -> httpx.Response:
        return narrow.client.get(path, headers={**PAGE, "X-Forwarded-For": address})

    statuses = [ask(f"{guess}{number:012}", "192.0.2.1").status_code for number in range(7)]
    assert statuses == [400] * 5 + [429] * 2
    for path in (genuine, f"{guess}{NEVER}", "/00/395212340000000991", "/414/x", "/U/x"):
        answer = ask(path, "192.0.2.1")
        assert (answer.status_code, bool(answer.headers["retry-after"])) == (429, True)
    assert ask(genuine, "192.0.2.2").status_code == 200, "others do not pay for it"
    # A genuine code asked for again and again is counted like every other request.
    assert [ask(genuine, "192.0.2.3").status_code for _ in range(6)] == [200] * 5 + [429]
