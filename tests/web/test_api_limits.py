"""What the door refuses before any room is asked: sizes, types, rates, unknown addresses, methods, and crashes."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from coldtrace.web.access import Visitor
from coldtrace.web.app import ROUTERS
from coldtrace.web.limits import ADDRESSES_MAX, COOKIE_PATHS, AnonymousLimit
from coldtrace.web.refusals import TooManyRequests
from support.databases import Databases
from support.web_house import PAGE, STATEMENTS, WebHouse, web_house

LIMIT = 4096
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def small(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """An application that takes bodies of four kilobytes."""
    with web_house(databases, tmp_path_factory.mktemp("small"), body_limit_bytes=LIMIT) as made:
        yield made


def problem(answer: httpx.Response) -> dict[str, object]:
    """Return a problem, having checked that it is a whole one."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found: dict[str, object] = answer.json()
    assert found["type"] == f"urn:coldtrace:problem:{found['code']}"
    assert found["status"] == answer.status_code
    assert found["title"]
    assert found["detail"]
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-language"] in ("zh", "en")
    assert answer.headers["x-content-type-options"] == "nosniff"
    return found


# Rates


@pytest.mark.parametrize("cookie", ["xcoldtrace=1", "coldtrace=", "other=coldtrace=1", "coldtrace-visitor=1", ""])
def test_only_a_session_is_spared_at_the_desk(databases: Databases, tmp_path: Path, cookie: str) -> None:
    """A cookie of about the same name is none; one that is worth nothing the page counts itself."""
    with web_house(databases, tmp_path, anonymous_requests_per_minute=3) as web:
        seen = [web.client.get("/desk/people", headers={"Cookie": cookie}).status_code for _ in range(5)]
        assert seen == [401, 401, 401, 429, 429]


@pytest.mark.parametrize("path", ["/desk/people", "/account", "/sign-in", "/forgot", "/reset/x", "/invitation/x"])
def test_a_header_spares_nobody_where_no_header_is_taken(databases: Databases, tmp_path: Path, path: str) -> None:
    """Else whoever sends one tries passwords and links, and fills letter boxes, as often as they like."""
    with web_house(databases, tmp_path, anonymous_requests_per_minute=3) as web:
        seen = [web.client.get(path, headers=web.bearer).status_code for _ in range(5)]
        assert 429 not in seen[:3]
        assert seen[3:] == [429, 429]


def test_pages_that_take_no_header_are_all_known_to_the_door() -> None:
    """A page of people that is not among them would be without a limit for whoever sends a header."""
    pages = [
        route
        for router in ROUTERS
        if not router.include_in_schema and Visitor not in router.dependencies
        for route in router.routes
    ]
    paths = [route.path for route in pages if isinstance(route, APIRoute)]
    assert len(paths) > 30
    assert [path for path in paths if COOKIE_PATHS.match(path) is None] == []


# Bodies


def test_a_body_that_announces_too_much_is_refused_unread(small: WebHouse) -> None:
    answer = small.client.post(STATEMENTS, content=b"x" * (LIMIT + 1), headers=JSON | small.bearer)
    assert (answer.status_code, problem(answer)["code"]) == (413, "body_too_large")
    assert problem(answer)["limit"] == LIMIT
    assert answer.headers["connection"] == "close"


def test_a_body_in_chunks_is_refused_at_the_limit(small: WebHouse) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(9):
            yield b"x" * 512

    answer = small.client.post(STATEMENTS, content=chunks(), headers=JSON | small.bearer)
    assert (answer.status_code, problem(answer)["code"]) == (413, "body_too_large")


def test_a_body_of_just_the_limit_is_read(small: WebHouse) -> None:
    body = json.dumps([{"header": "x" * (LIMIT - 16)}]).encode()
    assert len(body) == LIMIT
    answer = small.client.post(STATEMENTS, content=body, headers=JSON | small.bearer)
    assert answer.status_code == 202
    assert answer.json()["results"][0]["status"] == "refused"


def raw(web: WebHouse, request: bytes) -> bytes:
    """Send bytes as they are and return what comes back until the server closes."""
    place = urlsplit(str(web.client.base_url))
    with socket.create_connection((place.hostname, place.port), timeout=10) as wire:
        wire.sendall(request)
        wire.shutdown(socket.SHUT_WR)
        parts = []
        while part := wire.recv(65536):
            parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    "length", ["9" * 5000, "99999999999999999999", "\u00b2"], ids=["5000 digits", "20 digits", "a power"]
)
def test_a_length_that_is_no_length_is_no_crash(small: WebHouse, length: str) -> None:
    head = (
        f"POST {STATEMENTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    first = raw(small, head.encode("latin-1") + b"[]").split(b"\r\n")[0]
    assert first.split(b" ")[1] in (b"400", b"413", b"431"), first


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(small: WebHouse) -> None:
    token = small.bearer["Authorization"]
    head = f"POST {STATEMENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n"
    assert raw(small, f"{head}Content-Length: 400\r\n\r\n[".encode()) == b""
    assert small.client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", [STATEMENTS, f"{STATEMENTS}/check"])
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "application/jsonx", ""])
def test_statements_take_json_only(small: WebHouse, path: str, kind: str) -> None:
    answer = small.client.post(
        path, content=b"[]", headers={"Content-Type": kind, "Accept-Language": "en"} | small.bearer
    )
    found = problem(answer)
    assert (answer.status_code, found["code"], found["got"]) == (415, "wrong_content_type", kind or "-")


@pytest.mark.parametrize("path", ["/api/v1/devices/enrol", "/api/v1/devices/invites"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_forms_of_devices_take_json_only(small: WebHouse, path: str, kind: str) -> None:
    answer = small.client.post(path, content=b"a=b", headers={"Content-Type": kind} | small.bearer)
    assert (answer.status_code, problem(answer)["code"]) == (415, "wrong_content_type")


@pytest.mark.parametrize(
    "path", [STATEMENTS, f"{STATEMENTS}/check", "/api/v1/devices/enrol", "/api/v1/devices/invites"]
)
@pytest.mark.parametrize(
    "body",
    [b'{"header": "cut o', b"", b"{]", b"\xff\xfe{", b"[" * 3000, b'{"a": ' + b"1" * 4000, b"\xef\xbb\xbf{", b"\x00"],
    ids=["cut off", "empty", "wrong", "not UTF-8", "deep", "a long number", "a mark and half an object", "nothing"],
)
def test_json_that_is_none_is_400(small: WebHouse, path: str, body: bytes) -> None:
    answer = small.client.post(path, content=body, headers=JSON | small.bearer)
    if path.startswith("/api/v1/devices") and not body:
        assert (answer.status_code, problem(answer)["code"]) == (422, "invalid_request")
    else:
        assert (answer.status_code, problem(answer)["code"]) == (400, "malformed_json")


def test_the_line_at_which_json_breaks_is_named(small: WebHouse) -> None:
    answer = small.client.post(STATEMENTS, content=b'[\n{"header":\n', headers=JSON | small.bearer)
    assert problem(answer)["line"] == 3
    headers = {"Content-Type": "application/x-ndjson", "Accept-Language": "en"} | small.bearer
    answer = small.client.post(STATEMENTS, content=b'{}\n\n{}\n{"header":\n', headers=headers)
    assert answer.status_code == 202, "of many, each has its own answer"
    assert "line 4" in answer.json()["results"][2]["detail"]
    answer = small.client.post("/api/v1/devices/enrol", content=b'{\n"request": oh}', headers=JSON)
    assert problem(answer)["line"] == 2


# Rates


def visitor(address: str, **headers: str) -> dict[str, str]:
    """Return the headers of a visitor that a proxy on this machine speaks for."""
    return {"X-Forwarded-For": address, **headers}


@pytest.fixture
def busy(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    """An application that takes three requests a minute without credentials."""
    with web_house(databases, tmp_path, anonymous_requests_per_minute=3) as made:
        yield made


def test_the_fourth_request_a_minute_is_429_in_the_callers_language(busy: WebHouse) -> None:
    for _ in range(3):
        assert busy.client.get("/api/v1/trust-list", headers=visitor("192.0.2.1")).status_code == 200
    for lang, words in (("en", "Try again in"), ("zh-CN,zh;q=0.9,en;q=0.1", "秒后再试")):
        answer = busy.client.get("/api/v1/trust-list", headers=visitor("192.0.2.1", **{"Accept-Language": lang}))
        found = problem(answer)
        assert (answer.status_code, found["code"]) == (429, "too_many_requests")
        assert words in str(found["detail"])
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        assert found["retry_s"] == int(answer.headers["retry-after"])
    assert busy.client.get("/api/v1/trust-list", headers=visitor("192.0.2.2")).status_code == 200


def test_a_person_who_asks_too_often_gets_a_page(busy: WebHouse) -> None:
    for _ in range(3):
        busy.client.get("/", headers=visitor("192.0.2.1") | PAGE)
    answer = busy.client.get("/", headers=visitor("192.0.2.1") | PAGE)
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["retry-after"]
    assert "Too many requests" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/01/1",
        "/00/1",
        "/414/1",
        "/U/1",
        "/",
        "/privacy",
        "/recalls",
        "/api/docs",
        "/api/v1/trust-list",
        "/api/v1/root",
    ],
)
def test_worthless_credentials_are_no_way_around_the_limit(busy: WebHouse, path: str) -> None:
    headers = visitor("192.0.2.1", Authorization="Bearer ct_worth-nothing")
    statuses = [busy.client.get(path, headers=headers).status_code for _ in range(5)]
    assert statuses[3:] == [429, 429]
    assert 429 not in statuses[:3]


def test_a_header_is_no_way_around_the_limit_of_pages_that_are_kept(databases: Databases, tmp_path: Path) -> None:
    """A crowd's page is answered before any route could look at the header."""
    with web_house(databases, tmp_path, anonymous_requests_per_minute=8) as web:
        box = web.consignment(cartons=1)
        web.commission(box.pallets[0])
        path = web.path(box.carton.uri)
        for authorization in ("x", web.bearer["Authorization"]):
            headers = visitor(f"192.0.2.{len(authorization)}", Authorization=authorization) | PAGE
            with ThreadPoolExecutor(8) as pool:
                seen = list(pool.map(lambda _: web.client.get(path, headers=headers).status_code, range(16)))  # noqa: B023
            assert sorted(seen) == [200] * 8 + [429] * 8


def test_the_log_is_guarded_against_worthless_credentials_too(busy: WebHouse) -> None:
    headers = visitor("192.0.2.1", Authorization='CTDevice key="x"')
    path = f"/logs/{busy.settings.log_name}/checkpoint"
    assert [busy.client.get(path, headers=headers).status_code for _ in range(5)] == [200, 200, 200, 429, 429]


def test_guessing_tokens_is_slow(busy: WebHouse) -> None:
    headers = visitor("192.0.2.1", Authorization="Bearer ct_guess")
    statuses = [busy.client.get("/api/v1/cases", headers=headers).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert busy.client.get("/api/v1/cases", headers=visitor("192.0.2.1") | busy.bearer).status_code == 200


def test_callers_with_credentials_probes_and_style_sheets_are_not_counted(busy: WebHouse) -> None:
    for _ in range(6):
        for path in ("/healthz", "/readyz", "/static/coldtrace.css"):
            assert busy.client.get(path, headers=visitor("192.0.2.1")).status_code == 200
        for path in ("/api/v1/cases", "/", "/api/v1/trust-list"):
            assert busy.client.get(path, headers=visitor("192.0.2.1") | busy.bearer).status_code == 200


def test_the_window_passes_and_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1000.0
    monkeypatch.setattr("coldtrace.web.limits.time.monotonic", lambda: moment)
    limit = AnonymousLimit(1)
    limit.count("a")
    with pytest.raises(TooManyRequests) as refused:
        limit.count("a")
    assert refused.value.facts == {"limit": 1, "retry_s": 61}
    moment += 59.5
    with pytest.raises(TooManyRequests) as refused:
        limit.count("a")
    assert refused.value.facts["retry_s"] == 1
    moment += 0.5
    limit.count("a")
    for number in range(ADDRESSES_MAX + 10):
        limit.count(f"n{number}")
    assert len(limit._windows) == ADDRESSES_MAX


def test_counting_in_many_threads_loses_nothing() -> None:
    limit = AnonymousLimit(10_000)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: limit.count("a"), range(8_000)))
    assert limit._windows["a"][1] == 8_000


# Addresses, methods, parameters


def test_an_unknown_path_is_a_problem_for_programs_and_a_page_for_people(small: WebHouse) -> None:
    for accept in ({}, {"Accept": "application/json"}):
        answer = small.client.get("/no/such/place", headers=accept)
        assert (answer.status_code, problem(answer)["code"]) == (404, "not_found")
    page = small.client.get("/no/such/place", headers=PAGE)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert page.headers["content-language"] == "en"
    assert "/no/such/place" in page.text
    assert 'href="/' in page.text
    answer = small.client.get("/api/v1/no-such-thing", headers=PAGE)
    assert problem(answer)["code"] == "not_found"


def test_what_an_unknown_path_says_is_shown_as_text(small: WebHouse) -> None:
    page = small.client.get("/%3Cscript%3Ealert(1)%3C/script%3E", headers=PAGE)
    assert page.status_code == 404
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/api/v1/cases", "GET"),
        ("GET", "/api/v1/statements/check", "POST"),
        ("PUT", "/api/v1/imports", "POST"),
        ("POST", "/healthz", "GET"),
        ("POST", "/01/09506000134352", "GET"),
    ],
)
def test_a_wrong_method_says_which_is_right(small: WebHouse, method: str, path: str, allow: str) -> None:
    answer = small.client.request(method, path, headers=small.bearer)
    assert (answer.status_code, problem(answer)["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == allow


@pytest.mark.parametrize(
    ("path", "where", "zh", "en"),
    [
        ("/api/v1/cases?limit=0", "query.limit", "不得小于 1", "at least 1"),
        ("/api/v1/cases?limit=201", "query.limit", "不得大于 200", "at most 200"),
        ("/api/v1/cases?limit=many", "query.limit", "应为整数", "a whole number"),
        ("/api/v1/cases?limit=" + "9" * 5000, "query.limit", "数字过大", "too large"),
        ("/api/v1/cases?after=nobody", "query.after", "应为 UUID", "a UUID"),
        ("/logs/cn-2026/proof/inclusion?index=1", "query.size", "缺少该参数", "is missing"),
        ("/logs/cn-2026/statements/7/proof", "path.entry_id", "应为 UUID", "a UUID"),
        ("/api/v1/runs/7/labels", "path.run_id", "应为 UUID", "a UUID"),
        (f"/api/v1/units/{'x' * 401}", "path.unit", "最多 400 个字符", "at most 400"),
        (
            "/api/v1/runs/00000000-0000-7000-8000-000000000000/labels?layout=a9",
            "query.layout",
            "应为以下之一",
            "one of: '60x40'",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_parameter_is_named_in_both_languages(small: WebHouse, path: str, where: str, zh: str, en: str) -> None:
    for lang, words in (("zh", zh), ("en", en)):
        answer = small.client.get(path, headers={"Accept-Language": lang} | small.bearer)
        found = problem(answer)
        assert (answer.status_code, found["code"], found["where"]) == (422, "invalid_request", where)
        assert words in str(found["detail"])


def test_the_language_of_a_problem_follows_query_cookie_and_header(small: WebHouse) -> None:
    def title(path: str, **headers: str) -> str:
        answer = small.client.get(path, headers=headers)
        assert answer.headers["content-language"] == ("en" if answer.json()["title"].isascii() else "zh")
        return str(answer.json()["title"])

    assert title("/nowhere") == "没有此页面"
    assert title("/nowhere", **{"Accept-Language": "en-GB"}) == "Not found"
    assert title("/nowhere", **{"Accept-Language": "de"}) == "Not found"
    assert title("/nowhere?lang=zh", **{"Accept-Language": "en"}) == "没有此页面"
    assert title("/nowhere", **{"Accept-Language": "zh", "Cookie": "ct_lang=en"}) == "Not found"
    assert title("/nowhere?lang=xx", **{"Accept-Language": "en", "Cookie": "ct_lang=<x>"}) == "Not found"


# Faults of ours


@pytest.fixture
def faulty(web: WebHouse) -> WebHouse:
    """An application with routes that fail."""
    router = APIRouter()
    faults = {
        "bug": lambda: KeyError("a secret that nobody may read"),
        "away": lambda: OperationalError("SELECT secret", {}, psycopg.OperationalError("secret host")),
        "bare-away": lambda: psycopg.OperationalError("secret host"),
        "closed": lambda: psycopg.InterfaceError("the connection is closed"),
        "exhausted": lambda: PoolExhausted("no connection left"),
        "race": lambda: IntegrityError("INSERT secret", {}, psycopg.errors.UniqueViolation("secret")),
        "bare-race": lambda: psycopg.errors.DeadlockDetected("secret"),
        "database-bug": lambda: IntegrityError("INSERT secret", {}, psycopg.errors.CheckViolation("secret")),
    }

    @router.get("/fail/{how}")
    def fail(how: str) -> None:
        raise faults[how]()

    web.app.include_router(router)
    return web


@pytest.mark.parametrize("how", ["bug", "database-bug"])
def test_a_crash_says_nothing_but_its_number(faulty: WebHouse, how: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = faulty.client.get(f"/fail/{how}", headers={"Accept-Language": "en"})
    found = problem(answer)
    assert (answer.status_code, found["code"]) == (500, "internal_error")
    assert found["request_id"] == answer.headers["x-request-id"]
    assert "secret" not in answer.text
    assert "Error" not in answer.text
    assert answer.headers["content-security-policy"]
    told = [record for record in caplog.records if str(found["request_id"]) in record.getMessage()]
    assert len(told) == 1
    assert told[0].exc_info is not None
    page = faulty.client.get(f"/fail/{how}", headers=PAGE)
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert page.headers["x-request-id"] in page.text
    assert "secret" not in page.text


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("away", 503, "not_ready"),
        ("bare-away", 503, "not_ready"),
        ("closed", 503, "not_ready"),
        ("exhausted", 503, "not_ready"),
        ("race", 409, "concurrent_change"),
        ("bare-race", 409, "concurrent_change"),
    ],
)
def test_faults_of_the_database_are_answers(faulty: WebHouse, how: str, status: int, code: str) -> None:
    answer = faulty.client.get(f"/fail/{how}")
    assert (answer.status_code, problem(answer)["code"]) == (status, code)
    assert "secret" not in answer.text


def test_a_database_that_is_away_is_503_everywhere_and_alive_is_still_alive(
    databases: Databases, tmp_path: Path
) -> None:
    with web_house(databases, tmp_path) as web:
        carton = web.consignment(cartons=1).carton
        databases.drop(web.engine.url.render_as_string(hide_password=False))
        for path in ("/readyz", "/api/v1/trust-list", "/api/v1/cases", web.path(carton.uri)):
            answer = web.client.get(path, headers=web.bearer)
            assert (answer.status_code, problem(answer)["code"]) == (503, "not_ready"), path
        answer = web.client.post(STATEMENTS, content=b"[]", headers=JSON | web.bearer)
        assert (answer.status_code, problem(answer)["code"]) == (503, "not_ready")
        page = web.client.get(web.path(carton.uri), headers=PAGE)
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert web.client.get("/healthz").status_code == 200
