"""Complaints by the dozen: limits of a network, one form sent twice at once, and photos that hold nothing up."""

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from coldtrace.watch import complaint_photo
from support.boxes import World, make_world
from support.complaints import SAID, picture
from support.databases import Databases
from support.web_house import PAGE, WebHouse, web_house

AT_ONCE = 48
"""More than there are threads for routes."""
PATIENCE_S = 900
LIMITS = dict.fromkeys(("visitor", "network", "network_code", "network_unproven", "code", "unproven"), 500)


@pytest.fixture
def flooded(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path_factory.mktemp("web"), complaint_limits=LIMITS) as web:
        yield web


def fields(web: WebHouse, **other: str) -> dict[str, str]:
    usual = {"subject": "spoiled", "said": SAID, "district": "310000", "code": "", "form": str(web.env.new_id())}
    return usual | other


def send(web: WebHouse, sent: dict[str, str], *, photo: bytes = b"", **headers: str) -> httpx.Response:
    """Send a form through a connection of its own."""
    files = [(name, (None, value)) for name, value in sent.items()]
    files.append(("photo", ("p.png", photo, "image/png")))  # type: ignore[arg-type]
    with httpx.Client(base_url=web.client.base_url, timeout=PATIENCE_S) as client:
        return client.post("/complaints", files=files, headers=PAGE | headers)


def all_at_once(count: int, act: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """Return the answers to what `count` threads do at one moment."""
    together = threading.Barrier(count)

    def one(number: int) -> httpx.Response:
        together.wait(PATIENCE_S)
        return act(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


def kept(web: WebHouse) -> int:
    with web.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM complaint")).scalar_one())


def test_one_network_is_heard_so_often_a_day_whatever_its_browsers_call_themselves(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    limits = LIMITS | {"network": 3}
    with web_house(databases, tmp_path_factory.mktemp("web"), complaint_limits=limits) as web:

        def sent(address: str, agent: str, **headers: str) -> httpx.Response:
            named = {"X-Forwarded-For": address, "User-Agent": agent}
            return send(web, fields(web), **named, **headers)

        home = [f"2001:db8:1:2::{device}" for device in range(1, 6)]
        assert [sent(home[each], f"browser {each}").status_code for each in range(3)] == [303] * 3
        refused = sent(home[3], "browser 3")
        assert (refused.status_code, SAID in refused.text) == (429, True)
        assert "3 complaints came through your network today" in refused.text
        assert "mobile data" in refused.text
        assert 0 < int(refused.headers["retry-after"]) <= 24 * 3600
        told = sent(home[4], "browser 4", Accept="application/json", **{"Accept-Language": "zh"})
        assert (told.status_code, told.json()["code"]) == (429, "too_many_from_network")
        assert "手机流量等其他网络" in told.json()["detail"]
        assert int(told.headers["retry-after"]) == told.json()["retry_s"]
        # The street's other homes are heard.
        assert sent("2001:db8:1:3::1", "browser 0").status_code == 303
        assert sent("198.51.100.7", "browser 0").status_code == 303
        assert kept(web) == 5
        with web.engine.connect() as connection:
            rows = str(connection.execute(text("SELECT * FROM complaint_count")).all())
        assert "2001:db8" not in rows


def test_one_network_silences_neither_a_code_nor_all_who_have_none(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """By the limits of an installation that chose none: what one network may say leaves room for others."""
    usual = {"visitor": 500}
    with web_house(databases, tmp_path_factory.mktemp("web"), complaint_limits=usual) as web:
        world: World = make_world(web)
        sold, shelf = web.path(world.sold), web.path(world.shelf)

        def sent(code: str, address: str) -> httpx.Response:
            return send(web, fields(web, code=code), **{"X-Forwarded-For": address})

        assert [sent(sold, "198.51.100.7").status_code for _ in range(4)] == [303] * 3 + [429]
        refused = sent(sold, "198.51.100.7")
        assert "3 complaints about this code" in refused.text
        assert "mobile data" in refused.text
        assert SAID in refused.text
        assert 0 < int(refused.headers["retry-after"]) <= 24 * 3600
        assert sent(sold, "198.51.100.8").status_code == 303, "others are heard about it"
        assert sent(shelf, "198.51.100.7").status_code == 303, "and this one about another box"
        assert [sent(f"made up {each}", "198.51.100.9").status_code for each in range(6)] == [303] * 5 + [429]
        assert sent("made up", "198.51.100.10").status_code == 303
        with web.engine.connect() as connection:
            rows = connection.execute(text("SELECT what FROM complaint_count")).scalars().all()
        assert {len(bytes(what)) for what in rows if bytes(what)[:1] == b"a"} == {33}, "hashes, and nothing else"


def test_one_form_sent_twice_at_one_moment_is_one_complaint_with_one_receipt(flooded: WebHouse) -> None:
    for _ in range(3):
        before, form = kept(flooded), fields(flooded)
        answers = all_at_once(8, lambda _, form=form: send(flooded, form))  # type: ignore[misc]
        assert [answer.status_code for answer in answers] == [303] * 8
        assert len({answer.headers["location"] for answer in answers}) == 1
        assert kept(flooded) == before + 1
    with flooded.engine.connect() as connection:
        (times,) = set(connection.execute(text("SELECT times FROM complaint_count")).scalars())
    assert times == 3, "counted once each"


def large_photo() -> bytes:
    """Return a photo as a phone takes it: some ten megapixels."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((3200, 3200)).convert("RGB").save(out, "PNG", compress_level=1)
    return out.getvalue()


def test_while_photos_are_decoded_scans_and_pages_are_answered(flooded: WebHouse) -> None:
    world: World = make_world(flooded)
    photo = picture((640, 480), "PNG")
    busy = threading.Event()
    answers: list[httpx.Response] = []
    noted = threading.Lock()

    def one(number: int) -> None:
        answer = send(flooded, fields(flooded), photo=photo, **{"User-Agent": f"browser {number}"})
        with noted:
            answers.append(answer)
            if len(answers) == AT_ONCE - complaint_photo.PLACES:
                busy.set()

    # Decoding takes as long as this test likes; those that found no place are answered meanwhile.
    complaint_photo._one_at_a_time.acquire()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        try:
            done = [threads.submit(one, number) for number in range(AT_ONCE)]
            assert busy.wait(PATIENCE_S), f"{len(answers)} of {AT_ONCE} were answered"
            assert {answer.status_code for answer in answers} == {503}
            for answer in answers:
                assert int(answer.headers["retry-after"]) == complaint_photo.RETRY_S
                assert "Choose the photo again" in answer.text
                assert SAID in answer.text
            # A statement is taken in, a code is answered, a complaint without a photo too.
            flooded.sell(world.consignment.pallets[0].cartons[1].unit_id)
            assert flooded.client.get(flooded.path(world.sold), headers=PAGE).status_code == 200
            assert flooded.client.get("/complain", headers=PAGE).status_code == 200
            assert send(flooded, fields(flooded)).status_code == 303
            too_large = send(flooded, fields(flooded), photo=bytes(flooded.settings.complaint_photo_bytes + 1))
            assert too_large.status_code == 413, "said without a place"
        finally:
            complaint_photo._one_at_a_time.release()
        for each in done:
            each.result(PATIENCE_S)
    found = sorted(answer.status_code for answer in answers)
    assert found == [303] * complaint_photo.PLACES + [503] * (AT_ONCE - complaint_photo.PLACES)


def test_real_photos_by_the_dozen_are_kept_or_asked_for_again_and_every_place_is_free_afterwards(
    flooded: WebHouse,
) -> None:
    photo = large_photo()
    answers = all_at_once(8, lambda _: send(flooded, fields(flooded), photo=photo))
    assert {answer.status_code for answer in answers} <= {303, 503}
    taken = [answer for answer in answers if answer.status_code == 303]
    assert len(taken) >= complaint_photo.PLACES
    broken = all_at_once(complaint_photo.PLACES, lambda _: send(flooded, fields(flooded), photo=photo[:90_000]))
    assert {answer.status_code for answer in broken} == {422}
    assert [send(flooded, fields(flooded), photo=photo).status_code for _ in range(2)] == [303, 303]
    with flooded.engine.connect() as connection:
        photos = connection.execute(text("SELECT width, height FROM complaint_photo")).all()
    assert {tuple(each) for each in photos} == {(complaint_photo.SIDE_MAX, complaint_photo.SIDE_MAX)}
    assert len(photos) == len(taken) + 2


def test_whoever_is_past_a_limit_has_no_photo_decoded(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with web_house(databases, tmp_path_factory.mktemp("web"), complaint_limits=LIMITS | {"visitor": 1}) as web:
        assert send(web, fields(web)).status_code == 303
        with complaint_photo._one_at_a_time:
            answer = send(web, fields(web), photo=large_photo())
        assert answer.status_code == 429
