"""The note of a guarded request: written with the act, before the answer, once, and never for what was refused."""

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy import text

from coldtrace.custody.refusals import UnitUnknown
from coldtrace.journal.model import Record
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, ReadSession, WriteSession, needs
from support.databases import Databases
from support.house import GLNS
from support.journal import records
from support.web_house import WebHouse, web_house

router = APIRouter(prefix="/trial")
Reads = Annotated[Caller, needs(Kind.UNIT, Verb.READ)]
Writes = Annotated[Caller, needs(Kind.DEVICE, Verb.WRITE, act="rename")]


@router.get("/read/{unit}")
def read_one(unit: str, caller: Reads, session: ReadSession) -> str:
    caller.at([GLNS[SiteRole.MARKET], None])
    if unit == "unknown":
        raise UnitUnknown(unit=unit)
    # By accident: nothing of it may stay.
    session.execute(text("UPDATE device SET name = 'accident'"))
    return unit


@router.get("/read-session-first/{unit}")
def read_first(session: ReadSession, unit: str, caller: Reads) -> str:
    return unit


@router.get("/list")
def read_many(caller: Reads, session: ReadSession) -> str:
    caller.told(count=2)
    return "two"


@router.get("/alone/{unit}")
def read_alone(unit: str, caller: Reads) -> StreamingResponse:
    caller.about(UUID(int=7), None)
    return StreamingResponse(iter([b"a", b"b"]))


@router.post("/rename/{key}")
def write_one(key: str, caller: Writes, session: WriteSession) -> str:
    session.execute(text("UPDATE device SET name = :name"), {"name": key})
    if key == "refused":
        raise UnitUnknown(unit=key)
    return key


@router.get("/silent")
def read_silent(caller: Annotated[Caller, needs(Kind.WORK, Verb.READ, recorded=False)], session: ReadSession) -> str:
    return "silent"


@router.get("/export")
def export(caller: Annotated[Caller, needs(Kind.UNIT, Verb.READ, act="export", purpose_required=True)]) -> str:
    return "all"


@pytest.fixture(scope="module")
def house(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path_factory.mktemp("journal")) as made:
        made.app.include_router(router)
        made.device(SiteRole.MARKET)
        yield made


def get(
    house: WebHouse, path: str, method: str = "GET", purpose: str | None = None, **headers: str
) -> tuple[httpx.Response, list[Record]]:
    """Return the answer, and what the journal has of it."""
    before = len(records(house))
    said = {} if purpose is None else {"Coldtrace-Purpose": purpose}
    answer = house.client.request(
        method, f"/trial{path}", headers={**house.bearer, "Accept-Language": "en", **said, **headers}
    )
    return answer, records(house)[before:]


def names(house: WebHouse) -> set[str]:
    with house.engine.connect() as connection:
        return set(connection.execute(text("SELECT name FROM device")).scalars())


def test_a_read_is_recorded_and_writes_nothing_else(house: WebHouse) -> None:
    answer, (record,) = get(house, "/read/(00)1")
    assert answer.status_code == 200
    assert (record.act, record.kind, record.object, record.purpose) == ("read", "unit", "(00)1", None)
    assert record.sites == (GLNS[SiteRole.MARKET],)
    assert record.actor.startswith("token:")
    assert record.subjects == (house.sites[SiteRole.MARKET].operator_id,)
    assert "accident" not in names(house)


@pytest.mark.parametrize("path", ["/read-session-first/7", "/alone/7"])
def test_the_order_of_parameters_and_a_missing_session_do_no_harm(house: WebHouse, path: str) -> None:
    answer, (record,) = get(house, path)
    assert answer.status_code == 200
    assert (record.act, record.object) == ("read", "7")
    assert record.subjects == ((UUID(int=7),) if "alone" in path else ())


def test_a_list_is_one_record_with_its_query(house: WebHouse) -> None:
    _, (record,) = get(house, "/list?limit=2&after=%E5%86%B7")
    assert (record.act, record.object, record.detail) == ("list", "/trial/list?limit=2&after=%E5%86%B7", '{"count":2}')


def test_a_change_and_its_record_are_one(house: WebHouse) -> None:
    _, (record,) = get(house, "/rename/new", "POST")
    assert (record.act, record.kind, record.object) == ("rename", "device", "new")
    assert names(house) == {"new"}
    answer, left = get(house, "/rename/refused", "POST")
    assert (answer.status_code, left, names(house)) == (404, [], {"new"})


def test_what_is_refused_or_declared_silent_leaves_none(house: WebHouse) -> None:
    assert get(house, "/read/unknown")[1] == []
    assert get(house, "/silent")[1] == []
    answer = house.client.get("/trial/read/7")
    assert (answer.status_code, get(house, "/silent")[1]) == (401, [])


def test_a_device_is_named_by_its_key(house: WebHouse) -> None:
    device = house.device(SiteRole.MARKET)
    before = len(records(house))
    answer = house.client.get("/trial/read/7", headers=house.signed_by(device, "GET", "/trial/read/7"))
    assert answer.status_code == 200, answer.text
    (record,) = records(house)[before:]
    assert record.actor.startswith("device:")
    assert record.roles == ("market",)


def test_the_purpose_is_kept(house: WebHouse) -> None:
    assert get(house, "/read/7", purpose=quote("抽查 第12号"))[1][0].purpose == "抽查 第12号"
    # What a stranger's link, or a browser by itself, puts there is nobody's purpose.
    assert get(house, "/read/7?purpose=recall", Purpose="prefetch")[1][0].purpose is None
    assert get(house, "/read/7", purpose=quote("x" * 200))[1][0].purpose == "x" * 200


@pytest.mark.parametrize("bad", ["%FF", "a%00b", "a%0Ab", "x" * 201, "%ED%A0%80"])
def test_a_purpose_that_cannot_be_kept_is_refused(house: WebHouse, bad: str) -> None:
    answer, left = get(house, "/read/7", purpose=bad)
    assert (answer.status_code, answer.json()["code"], left) == (400, "malformed_purpose", [])


def test_an_export_needs_its_purpose(house: WebHouse) -> None:
    answer, left = get(house, "/export")
    assert (answer.status_code, answer.json()["code"], left) == (400, "purpose_required", [])
    answer, (record,) = get(house, "/export", purpose="audit")
    assert (answer.status_code, record.act, record.purpose) == (200, "export", "audit")


def test_signs_that_a_text_cannot_hold_do_not_stop_a_record(house: WebHouse) -> None:
    answer, (record,) = get(house, "/alone/a%00b%0A" + "c" * 400)
    assert (answer.status_code, record.object[:6], len(record.object)) == (200, "a\ufffdb\ufffdcc", 300)


@pytest.mark.parametrize("path", ["/read/7", "/alone/7", "/list"])
def test_nothing_is_shown_that_could_not_be_recorded(house: WebHouse, path: str) -> None:
    with house.engine.begin() as connection:
        connection.execute(text("ALTER TABLE journal_pending ADD CONSTRAINT full_up CHECK (false) NOT VALID"))
    try:
        answer, left = get(house, path)
    finally:
        with house.engine.begin() as connection:
            connection.execute(text("ALTER TABLE journal_pending DROP CONSTRAINT full_up"))
    assert (answer.status_code >= 500, left) == (True, [])
    assert answer.headers["content-type"] == "application/problem+json"
