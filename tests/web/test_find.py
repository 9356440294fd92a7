"""From a keyed-in short code to its page."""

from urllib.parse import quote, urlsplit

import pytest

from coldtrace.codes.short_code import format_short_code
from support.web_house import WebHouse


def test_a_short_code_leads_to_the_page_of_its_box(web: WebHouse) -> None:
    box = web.consignment(cartons=1).carton
    assert box.serial is not None
    for typed in (format_short_code(box.serial), format_short_code(box.serial).lower().replace("-", " "), box.uri):
        answer = web.client.get(f"/find?code={quote(typed, safe='')}", follow_redirects=False)
        assert answer.status_code == 303, typed
        assert answer.headers["location"] == f"{urlsplit(box.uri).path}?{urlsplit(box.uri).query}"


@pytest.mark.parametrize(
    ("typed", "status", "code"),
    [
        ("7QK4-M2ZX-9RTB-5", 404, "code_not_found"),
        ("7QK4-M2ZX-9RTB-6", 400, "malformed_short_code"),
    ],
)
def test_a_short_code_that_was_never_issued_or_mistyped(web: WebHouse, typed: str, status: int, code: str) -> None:
    answer = web.client.get(f"/find?code={typed}", follow_redirects=False)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_it_never_leads_to_another_host(web: WebHouse) -> None:
    box = web.consignment(cartons=1).carton
    elsewhere = box.uri.replace("trace.example.cn", "evil.example").replace("TRACE.EXAMPLE.CN", "EVIL.EXAMPLE")
    assert elsewhere != box.uri
    answer = web.client.get(f"/find?code={quote(elsewhere, safe='')}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/01/")


def test_the_front_page_has_the_field(web: WebHouse) -> None:
    page = web.client.get("/", headers={"Accept": "text/html"}).text
    assert 'action="/find"' in page
