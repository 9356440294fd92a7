"""From a keyed-in short code to its page."""

from urllib.parse import quote, urlsplit

import pytest

from coldtrace.codes.short_code import format_short_code
from support.boxes import ZH, status
from support.html_tree import read_page
from support.web_house import PAGE, WebHouse


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


def test_a_code_of_another_platform_leads_there(web: WebHouse) -> None:
    link = "https://a.zj-cold.example/91%2F0042"
    answer = web.client.get(f"/find?code={quote(link, safe='')}", headers=PAGE)
    assert answer.status_code == 404
    page = read_page(answer.text)
    assert status(page) == "foreign"
    assert "Zhejiang cold chain" in page.text
    assert link in [a.attributes["href"] for a in page.all("a")]
    assert "其他平台的编码" in web.client.get(f"/find?code={quote(link, safe='')}", headers=ZH).text
    by_name = read_page(web.client.get("/find?code=zjcold:91/0042", headers=PAGE).text)
    assert "Zhejiang cold chain" in by_name.text


@pytest.mark.parametrize("link", ["https://id.example.org/01/09506000134352/10/ABC", "https://evil.example/%22x?a=<b>"])
def test_any_other_address_is_said_to_be_foreign_and_never_linked(web: WebHouse, link: str) -> None:
    answer = web.client.get(f"/find?code={quote(link, safe='')}", headers=PAGE)
    page = read_page(answer.text)
    assert (answer.status_code, status(page)) == (404, "foreign")
    assert not [a for a in page.all("a") if a.attributes["href"].startswith("http")]
    assert ("09506000134352" in "".join(dd.text for dd in page.all("dd"))) is ("01/" in link)


def test_programs_get_the_refusal_they_got(web: WebHouse) -> None:
    answer = web.client.get(f"/find?code={quote('https://id.example.org/01/09506000134352', safe='')}")
    assert answer.headers["content-type"] == "application/problem+json"
