"""Forms of pages come from our own pages: whatever changes something refuses what another site made a browser send."""

import re
from itertools import count

import pytest

from coldtrace.web.app import ROUTERS
from coldtrace.web.openapi import api_routes
from support.people import PASSWORD, Visitor, administrator, csrf_of, signed_in, visitor
from support.web_house import WebHouse

BROWSER = {"Accept": "text/html", "Accept-Language": "en"}

_numbers = count(1)


def email() -> str:
    return f"elsewhere-{next(_numbers)}@example.cn"


_ANY_ID = "0199f3c1-0000-7000-8000-00000000dead"
CHANGING = sorted(
    (method, re.sub(r"\{[^}]*\}", _ANY_ID, route.path))
    for route in api_routes(ROUTERS)
    for method in route.methods or ()
    if method not in ("GET", "HEAD", "OPTIONS")
)
PAGES_OF_VISITORS = ("/sign-in", "/forgot", "/invitation/", "/reset/")
VISITORS_FORMS = [(method, path) for method, path in CHANGING if path.startswith(PAGES_OF_VISITORS)]
PAGES_OF_NOBODY = ("/complaints",)
"""Forms that take no cookie at all: nobody is signed in there, in whose name a stranger could act."""
NOBODYS_FORMS = [(method, path) for method, path in CHANGING if path.startswith(PAGES_OF_NOBODY)]
FORMS = [each for each in CHANGING if not each[1].startswith(("/api/", *PAGES_OF_VISITORS, *PAGES_OF_NOBODY))]
"""Every route that changes something and takes a cookie: whatever is not the API, so a new one is among them."""
FORGED = {
    "no token": ({"csrf": ""}, {}),
    "a token of another session": ({"csrf": "OTHER"}, {}),
    "from another site": ({}, {"Sec-Fetch-Site": "cross-site"}),
    "from a neighbour": ({}, {"Sec-Fetch-Site": "same-site"}),
    "from another origin": ({}, {"Origin": "https://evil.example"}),
    "from no address": ({}, {"Origin": "http://["}),
    "from a frame without an origin": ({}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
}


@pytest.mark.parametrize("how", FORGED)
@pytest.mark.parametrize(("method", "path"), FORMS, ids=lambda each: str(each))
def test_forms_come_from_our_own_pages(admin: Visitor, stranger: Visitor, method: str, path: str, how: str) -> None:
    fields, headers = FORGED[how]
    own = csrf_of(admin.get("/account"))
    token = csrf_of(stranger.get("/account")) if fields.get("csrf") == "OTHER" else fields.get("csrf", own)
    answer = admin.client.request(method, path, data={"name": "x", "csrf": token}, headers=BROWSER | headers)
    assert (answer.status_code, "form_refused" in answer.text) == (403, True)


@pytest.mark.parametrize("how", FORGED)
@pytest.mark.parametrize(("method", "path"), VISITORS_FORMS, ids=lambda each: str(each))
def test_forms_of_visitors_come_from_our_own_pages(shared: WebHouse, method: str, path: str, how: str) -> None:
    """Nobody is signed in to an account that a stranger chose."""
    fields, headers = FORGED[how]
    browser = visitor(shared)
    own = csrf_of(browser.get("/sign-in"))
    token = csrf_of(visitor(shared).get("/sign-in")) if fields.get("csrf") == "OTHER" else fields.get("csrf", own)
    data = {"email": email(), "password": PASSWORD, "again": PASSWORD, "csrf": token}
    answer = browser.client.request(method, path, data=data, headers=BROWSER | headers)
    assert (answer.status_code, "form_refused" in answer.text) == (403, True)


@pytest.mark.parametrize("how", [how for how, (_, headers) in FORGED.items() if headers])
@pytest.mark.parametrize(("method", "path"), NOBODYS_FORMS, ids=lambda each: str(each))
def test_forms_of_nobody_come_from_our_own_pages(shared: WebHouse, method: str, path: str, how: str) -> None:
    """A page elsewhere does not use up a visitor's complaints, nor erase how he can be reached."""
    headers = BROWSER | FORGED[how][1]
    answer = visitor(shared).client.request(method, path, files={"code": (None, "x")}, headers=headers)
    assert (answer.status_code, "form_refused" in answer.text) == (403, True)


def test_there_are_forms_of_all_kinds() -> None:
    assert {path for _, path in NOBODYS_FORMS} == {"/complaints", f"/complaints/{_ANY_ID}/erase-contact"}
    assert {path for _, path in VISITORS_FORMS} == {
        "/sign-in",
        "/forgot",
        f"/invitation/{_ANY_ID}",
        f"/reset/{_ANY_ID}",
    }
    assert ("POST", "/sign-out") in FORMS
    assert len(FORMS) > 15


@pytest.mark.parametrize(
    ("method", "path"),
    [each for each in CHANGING if each[1].startswith("/api/") and each[1] != "/api/v1/devices/enrol"],
    ids=lambda each: str(each),
)
def test_the_api_takes_no_cookie(admin: Visitor, method: str, path: str) -> None:
    """So a stranger's page can make a browser do nothing there, and it needs no form tokens."""
    answer = admin.client.request(method, path, json=[] if path.startswith("/api/v1/statements") else {})
    if path == "/api/v1/statements":
        assert (answer.status_code, answer.json()) == (202, {"results": []})  # it answers whoever signed
    else:
        assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "OWN"},
    ],
)
def test_what_browsers_say_of_our_own_forms_is_taken(admin: Visitor, shared: WebHouse, headers: dict[str, str]) -> None:
    """Our pages tell no referrer, so a browser calls their origin "null": seen with Chromium."""
    own = str(shared.client.base_url).rstrip("/")
    sent = {name: value.replace("OWN", own) for name, value in headers.items()}
    answer = admin.post("/account/profile", {"name": "x"}, on="/account", **sent)
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def admin(shared: WebHouse) -> Visitor:
    return signed_in(shared, email(), administrator(shared))


@pytest.fixture(scope="module")
def stranger(shared: WebHouse) -> Visitor:
    return signed_in(shared, email())
