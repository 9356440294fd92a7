"""The desk's first page: what matters today, in numbers that keep up, for each by what is its own."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Member, Role
from coldtrace.web.live import LiveRoom
from support.people import Visitor, administrator, signed_in
from support.web_house import WebHouse

_numbers = count(1)
NOTHING = dict.fromkeys(("expected", "in_transit", "cases", "overdue", "silent"), 0)


def email() -> str:
    return f"home-{next(_numbers)}@example.cn"


def keeper(web: WebHouse, role: Role = Role.COLD_STORE, site: SiteRole = SiteRole.COLD_STORE) -> Visitor:
    """Return the browser of somebody of a site's firm."""
    return signed_in(web, email(), Member(role=role, operator_id=web.sites[site].operator_id, manages=True))


@pytest.fixture
def quick(shared: WebHouse) -> Iterator[LiveRoom]:
    """A room whose streams look again at once."""
    kept = shared.app.state.live_room
    shared.app.state.live_room = LiveRoom(every_s=0.05)
    yield shared.app.state.live_room
    shared.app.state.live_room = kept


@contextmanager
def stream(browser: Visitor) -> Iterator[httpx.Response]:
    with browser.client.stream("GET", "/desk/live") as answer:
        yield answer


def events(answer: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the events of a stream; comments are passed over."""
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def number(page: str, name: str) -> int | None:
    found = re.search(rf'data-count="{name}"[^>]*>(?:<span[^>]*>[^<]*</span> )?([0-9,]+)<', page)
    return None if found is None else int(found[1].replace(",", ""))


def age_devices(web: WebHouse, site: SiteRole, by: timedelta) -> None:
    with web.sessions.begin() as session:
        session.execute(
            text(
                "UPDATE device SET enrolled_at = enrolled_at - :by, last_seen_at = last_seen_at - :by WHERE gln = :at"
            ),
            {"by": by, "at": web.sites[site].gln},
        )


def test_each_counts_what_its_roles_have(shared: WebHouse) -> None:
    shared.device(SiteRole.MARKET)
    age_devices(shared, SiteRole.MARKET, timedelta(days=3))
    market = keeper(shared, Role.MARKET, SiteRole.MARKET).get("/desk").text
    assert number(market, "silent") == 1
    assert number(market, "cases") == 0
    platform = signed_in(shared, email(), administrator(shared)).get("/desk").text
    assert number(platform, "silent") == 1
    assert number(platform, "cases") is None, "the platform sees no goods"


def test_what_is_seen_by_an_area_is_not_counted_here(shared: WebHouse) -> None:
    """It is others', and is looked at for a purpose, on pages that ask for one."""
    shared.device(SiteRole.MARKET)
    age_devices(shared, SiteRole.MARKET, timedelta(days=3))
    operator = shared.sites[SiteRole.COLD_STORE].operator_id
    regulator = signed_in(shared, email(), Member(role=Role.REGULATOR, operator_id=operator, area=""))
    page = regulator.get("/desk")
    assert page.status_code == 200
    assert number(page.text, "silent") is None
    assert number(page.text, "cases") is None


def test_the_stream_tells_the_counts_and_tells_them_again_when_they_changed(shared: WebHouse, quick: LiveRoom) -> None:
    shared.device(SiteRole.RETAILER)
    browser = keeper(shared, Role.RETAILER, SiteRole.RETAILER)
    with stream(browser) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        told = events(answer)
        name, first = next(told)
        assert (name, first["most"], set(first["counts"])) == ("counts", 200, set(NOTHING))
        age_devices(shared, SiteRole.RETAILER, timedelta(days=3))
        then = next(told)[1]["counts"]
        assert then == first["counts"] | {"silent": first["counts"]["silent"] + 1}


def test_the_stream_ends_with_the_session(shared: WebHouse, quick: LiveRoom) -> None:
    browser = keeper(shared)
    with stream(browser) as answer:
        told = events(answer)
        assert next(told)[0] == "counts"
        browser.post("/sign-out", {}, on="/account")
        assert next(told) == ("over", {})
        assert next(told, None) is None, "nothing follows"


def test_rights_are_asked_again_at_each_look(shared: WebHouse, quick: LiveRoom) -> None:
    browser = keeper(shared)
    with stream(browser) as answer:
        told = events(answer)
        assert set(next(told)[1]["counts"]) == set(NOTHING)
        with shared.sessions.begin() as session:
            session.execute(text("UPDATE membership SET ended_at = now() WHERE person_id IS NOT NULL"))
        assert next(told)[1]["counts"] == {}


def test_streams_are_few(shared: WebHouse) -> None:
    kept = shared.app.state.live_room
    shared.app.state.live_room = LiveRoom(streams=2, of_a_session=1, every_s=0.05)
    first, second, third = keeper(shared), keeper(shared), keeper(shared)
    try:
        with stream(first) as one, stream(second) as two:
            # Kept: a stream whose reader is forgotten is closed.
            read = [events(one), events(two)]
            assert [next(each)[0] for each in read] == ["counts", "counts"]
            for browser in (first, third):
                refused = browser.get("/desk/live")
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
                assert "streams_taken" in refused.text
    finally:
        shared.app.state.live_room = kept


def test_a_place_is_free_again_when_the_page_is_left(shared: WebHouse, quick: LiveRoom) -> None:
    browser = keeper(shared)
    for _ in range(10):
        with stream(browser) as answer:
            assert next(events(answer))[0] == "counts"


def test_a_stream_ends_by_itself(shared: WebHouse) -> None:
    kept = shared.app.state.live_room
    shared.app.state.live_room = LiveRoom(every_s=0.02, life_s=0.1)
    try:
        with stream(keeper(shared)) as answer:
            assert [name for name, _ in events(answer)] == ["counts"]
    finally:
        shared.app.state.live_room = kept


def test_a_page_left_open_keeps_nobody_signed_in(shared: WebHouse, quick: LiveRoom) -> None:
    browser = keeper(shared)
    with shared.sessions.begin() as session:
        session.execute(text("UPDATE person_session SET seen_at = seen_at - interval '11 hours'"))
        before = session.execute(text("SELECT max(seen_at) FROM person_session")).scalar_one()
    with stream(browser) as answer:
        assert next(events(answer))[0] == "counts"
    with shared.engine.connect() as connection:
        assert connection.execute(text("SELECT max(seen_at) FROM person_session")).scalar_one() == before


@pytest.mark.parametrize("headers", [{}, {"Cookie": "coldtrace=no-such"}], ids=["nobody", "a dead cookie"])
def test_the_stream_is_for_whoever_is_signed_in(shared: WebHouse, headers: dict[str, str]) -> None:
    answer = shared.client.get("/desk/live", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_required")


def test_head_asks_for_no_stream(shared: WebHouse) -> None:
    assert keeper(shared).client.head("/desk/live").status_code == 200


def test_the_api_tells_the_same(shared: WebHouse) -> None:
    shared.device(SiteRole.MARKET)
    age_devices(shared, SiteRole.MARKET, timedelta(days=3))
    answer = shared.client.get("/api/v1/today", headers=shared.bearer)
    assert answer.status_code == 200
    assert answer.json()["counts"]["silent"] >= 1
    assert answer.json()["most"] == 200
