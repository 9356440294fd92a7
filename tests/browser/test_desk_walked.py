"""Every page that a role finds by its links, in a live demo world: three widths, two languages, axe, no dead link."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from coldtrace.people.demo import DEMO_PASSWORD
from coldtrace.rights.model import Role
from support.axe import axe_findings
from support.browser import take_picture
from support.page_checks import CONTRAST, NAMES, OVERFLOW, SMALL_TARGETS
from support.service import running_service

WIDTHS = (390, 1024, 1440)
WALKED = [Role.FIRST_STATION, Role.COLD_STORE, Role.MARKET, Role.RETAILER, Role.REGULATOR, Role.ADMINISTRATOR]
MOST_PAGES = 80
"""More kinds of page than any role has: a walk that does not end is a fault of this test."""
LOOKED_AT: set[str] = set()
"""Kinds of page that a role before has shown at every width: the next role's are looked at on a phone alone."""

# What one thing is called in a path; pages that differ by it alone are pages of one kind.
_NAMES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[^/]*\d[^/]*(?=/|$)|(?<=/)[A-Za-z0-9_-]{22,}(?=/|$)")
_LINKS = """() => [...document.querySelectorAll("a[href]:not([download])")].map(e => e.getAttribute("href"))"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo world."""
    folder = tmp_path_factory.mktemp("walked")
    with running_service(folder, ANONYMOUS_REQUESTS_PER_MINUTE="1000000") as service:
        yield service.url


@pytest.mark.parametrize("role", WALKED, ids=str)
def test_every_page_of_a_role(base: str, browser: Browser, tmp_path: Path, role: Role) -> None:
    """Each page fits, reads and is named in both languages at every width; each link leads to a page."""
    context = browser.new_context(viewport={"width": 1024, "height": 768}, reduced_motion="reduce")
    page = context.new_page()
    _sign_in(page, base, role)
    found: list[str] = []
    kinds = {"/desk": "/desk"}
    waiting = ["/desk"]
    while waiting:
        path = waiting.pop(0)
        found += _look_at(page, base, path, tmp_path / f"{role}-{len(kinds)}-{len(waiting)}")
        for link in _links_of(page, base, path):
            kind = _kind_of(link)
            if kind in kinds:
                continue
            kinds[kind] = link
            answer = context.request.get(base + link)
            if answer.status >= 400:
                found.append(f"{path}: {link}: {answer.status}")
            elif answer.headers["content-type"].startswith("text/html"):
                waiting.append(link)
        assert len(kinds) <= MOST_PAGES, sorted(kinds)
    print(f"{role}: {len(kinds)} kinds of page: {', '.join(sorted(kinds))}")
    context.close()
    assert not found, "\n".join(found)
    assert len(kinds) > 5


def _sign_in(page: Page, base: str, role: Role) -> None:
    page.goto(f"{base}/sign-in?next={quote('/desk', safe='')}")
    # Beside the form there is a button for each person of the demo, a form of its own with the same fields, hidden.
    page.fill("input[name=email]:not([type=hidden])", f"{role.value}@demo.example")
    page.fill("input[name=password]:not([type=hidden])", DEMO_PASSWORD)
    page.press("input[name=password]:not([type=hidden])", "Enter")
    page.wait_for_url(f"{base}/desk**")
    # Without it whoever sees by area sees nothing, and files are asked about first.
    page.goto(f"{base}/desk/purpose")
    page.fill("input[name=reason]", "Spot check")
    page.click("main form button")
    page.wait_for_url(f"{base}/desk")


def _look_at(page: Page, base: str, path: str, picture: Path) -> list[str]:
    bad = []
    kind = _kind_of(path)
    widths = WIDTHS[:1] if kind in LOOKED_AT else WIDTHS
    LOOKED_AT.add(kind)
    for lang in ("zh", "en"):
        where = f"{path} {lang}"
        answer = page.goto(_in(lang, base + path), wait_until="load")
        if answer is None or answer.status >= 400:
            return [f"{where}: {answer and answer.status}"]
        bad += [f"{where}: {each}" for each in axe_findings(page)]
        bad += [f"{where}: {each}" for each in page.evaluate(NAMES)]
        for width in widths:
            page.set_viewport_size({"width": width, "height": 860})
            checks = [OVERFLOW, SMALL_TARGETS, *([CONTRAST] if width == WIDTHS[0] else [])]
            bad += [f"{where} {width}: {each}" for check in checks for each in page.evaluate(check)]
            if (lang, width) in (("zh", 390), ("en", 1440)):
                take_picture(page, picture.with_name(f"{picture.name}{path.replace('/', '_')[:60]}-{lang}.png"))
    return bad


def _in(lang: str, address: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}lang={lang}"


def _links_of(page: Page, base: str, path: str) -> list[str]:
    """Return the desk's pages that a page leads to, without their questions."""
    links: list[str] = page.evaluate(_LINKS)
    found = []
    for link in links:
        whole = urljoin(base + path, link)
        parts = urlsplit(whole)
        if whole.startswith(base) and parts.path.startswith(("/desk", "/account")):
            query = "&".join(each for each in parts.query.split("&") if each and not each.startswith("lang="))
            found.append(parts.path + (f"?{query}" if query else ""))
    return found


def _kind_of(link: str) -> str:
    """Return what a link has in common with others of its kind: the path without names, and which questions it asks."""
    path, _, query = link.partition("?")
    asked = sorted(each.partition("=")[0] for each in query.split("&") if each)
    return f"{_NAMES.sub('*', path)}?{','.join(asked)}".rstrip("?")
