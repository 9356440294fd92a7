"""Markup in whatever somebody can store is text wherever the desk shows it: nothing of it becomes an element, an
attribute or an address; and the policy that pages come with runs no script that is not a file of ours.
"""

import io
import json
import re
from collections import deque

import httpx
import openpyxl
import pytest

from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING, Member, Role
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.watch import complaint_work
from coldtrace.watch.scans import AskedScan, answer_scan
from support.call_scene import Scene, as_form, with_token
from support.complaints import DAYS, LIMITS, WORKING, new_complaint
from support.desk_days import bound_box
from support.house import GLNS, unit_line
from support.html_tree import Node, read_page
from support.people import Visitor, csrf_of, signed_in
from support.web_house import PAGE, WebHouse

PORT, STORE, TRADER, MARKET, SHOP = GLNS.values()
PLANTED = "\"'><planted onfocus=alert(1)><script>alert(1)</script>"
SHORT = "\"'><planted>"
PAGES_MAX = 150
OPEN_TO_FOLLOW = re.compile(r"^/(desk|account)(/|$)")


def own(web: WebHouse, role: Role, **more: object) -> Member:
    return Member(role=role, operator_id=web.sites[SiteRole.FIRST_STATION].operator_id, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def desk(shared: WebHouse) -> Visitor:
    """Somebody with every role in the firm, who has said what for in markup too."""
    members = [
        own(shared, role, area="12" if role in (Role.REGULATOR, Role.CUSTOMS) else None, manages=True) for role in Role
    ]
    browser = signed_in(shared, "planter@example.cn", *members, name=PLANTED)
    said = browser.post("/desk/purpose", {"reason": PLANTED, "document": PLANTED, "next": "/desk"}, on="/desk/purpose")
    assert said.status_code == 303, said.text
    return browser


def plant(web: WebHouse, desk: Visitor) -> None:
    """Say it everywhere: names, notes, reasons, headings, what a consumer wrote, what a scanner read."""
    Scene.make(web)
    firm = {"uscc": "91120104MA0DEM06LE", "name_zh": PLANTED, "name_en": PLANTED}
    assert web.post_json("/api/v1/organisations", firm, web.bearer).status_code == 201
    place = {"gln": "9521234000075", "organisation": firm["uscc"], "role": "cold_store", "district": "120104"}
    site = place | {"name_zh": PLANTED, "name_en": PLANTED}
    assert web.post_json("/api/v1/sites", site, web.bearer).status_code == 201
    whom = {"email": "guest@example.cn", "name": PLANTED, "mail_lang": "zh", "organisation": firm["uscc"]}
    assert desk.post("/desk/people", whom | {"role": "cold_store"}, on="/desk/people").status_code == 200
    made = desk.post(
        "/desk/tokens",
        {"name": SHORT, "days": "9", "organisation": firm["uscc"], "role": "cold_store"},
        on="/desk/tokens",
    )
    assert made.status_code == 200, made.text
    invite = read_invite(web.post_json("/api/v1/devices/invites", {"site": STORE}, web.bearer).json()["invite"])
    signer = Ed25519Signer.generate()
    request, signature = make_request(net=invite.net, token=invite.token, signer=signer)
    body = {"request": request, "request_sig": signature, "token": invite.token, "name": SHORT}
    assert web.post_json("/api/v1/devices/enrol", body).status_code == 201
    asked = AskedScan(text=f"https://qr.example/{PLANTED}", by="tests", scope=EVERYTHING, gln=STORE)
    with web.sessions.begin() as session:
        answer_scan(session, web.env, asked)
        complaint = new_complaint(web.env, gln=MARKET, said=PLANTED, contact=PLANTED, shop=PLANTED)
        complaint_work.submit(session, web.env, complaint, days=DAYS, limits=LIMITS, working=WORKING)
    box = bound_box(web, "020220265000000001")
    web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(box.unit_id)], to=STORE)
    refused = Line(role="unit", unit=box.unit_id, parent=None, quantity=0, attributes={"refused": PLANTED})
    web.tell(SiteRole.COLD_STORE, T.RECEIVE, [refused], marks=["refused_by_receiver"])


def crawl(desk: Visitor, start: list[str]) -> dict[str, Node]:
    """Return every page of the desk that links lead to, as a tree; each is whole and has the policy."""
    found: dict[str, Node] = {}
    waiting = deque(start)
    while waiting and len(found) < PAGES_MAX:
        path = waiting.popleft()
        if path in found:
            continue
        answer = desk.get(path)
        if not answer.headers.get("content-type", "").startswith("text/html") or answer.status_code >= 500:
            assert answer.status_code < 500, (path, answer.text)
            continue
        found[path] = checked(path, answer)
        for link in found[path].all("a"):
            address = re.sub(r"[?&]lang=(zh|en)", "", link.attributes.get("href", "").partition("#")[0])
            if OPEN_TO_FOLLOW.match(address):
                waiting.append(address)
    return found


def checked(path: str, answer: httpx.Response) -> Node:
    """Return a page's tree; nothing in it is of what was planted."""
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy, path
    assert "unsafe" not in policy, path
    page = read_page(answer.text)
    for node in page.walk():
        assert node.tag != "planted", path
        if node.tag == "script":
            assert node.attributes.get("src", "").startswith("/static/"), path
            assert node.text == "", path
        for name, value in node.attributes.items():
            assert not name.startswith("on"), (path, name)
            if name in ("href", "src", "action", "formaction"):
                assert re.match(r"^(/|#|https?://|tel:|mailto:)", value), (path, name, value)
    return page


def test_what_is_planted_is_shown_as_text(shared: WebHouse, desk: Visitor) -> None:
    plant(shared, desk)
    pages = crawl(desk, ["/desk", "/account", "/desk/complaints", "/desk/cases", f"/desk/stock/{PORT}"])
    showing = {path.partition("?")[0] for path, page in pages.items() if "<planted" in page.text}
    # The planted texts really stand there: names, devices, tokens, cases, complaints, the purpose in the frame.
    for path in ("/account", "/desk/organisations", "/desk/sites", "/desk/people", "/desk/tokens", "/desk/devices"):
        assert path in showing, (path, sorted(showing))
    kinds = {re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", path) for path in showing}
    assert {"/desk/cases/ID", "/desk/complaints/ID"} <= kinds
    assert len(pages) > 25


def test_a_brokers_headings_and_file_are_text(shared: WebHouse, desk: Visitor) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "a <planted>"[:31]
    sheet.append(["报关单号", PLANTED])
    sheet.append([PLANTED, "品名", "批号", SHORT, "箱数", "净重"])
    sheet.append(["P1", PLANTED, PLANTED, PLANTED, PLANTED, PLANTED])
    out = io.BytesIO()
    book.save(out)
    path = "/desk/consignments/import"
    signed = with_token(as_form(path, out.getvalue(), broker=SHORT), csrf_of(desk.get(path)))
    answer = desk.client.post(signed.path, content=signed.body, headers=PAGE | signed.headers)
    assert answer.status_code < 500
    page = checked(path, answer)
    assert "<planted" in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/desk/history?code={}",
        "/desk/cases?kind={}&show={}&due={}",
        "/desk/journal?act={}",
        "/desk/consignments?search={}",
        "/desk/sites?after={}",
        "/desk/organisations?after={}",
        "/desk/units/{}",
        "/desk/stock/{}",
        "/desk/people/{}",
        "/desk/devices/{}",
        "/sign-in?next={}",
        "/find?code={}",
        "/complaints/status?receipt={}",
    ],
)
def test_what_an_address_says_is_text_too(desk: Visitor, path: str) -> None:
    """Reflected: the parameter comes back on the page, or in the refusal, as text or not at all."""
    for planted in (PLANTED, "javascript:alert(1)//", "//evil.example/"):
        answer = desk.get(path.replace("{}", httpx.QueryParams({"q": planted}).__str__()[2:]))
        assert answer.status_code < 500, (path, answer.text)
        assert not answer.headers.get("location", "").startswith(("//", "javascript:", "https://evil"))
        if answer.headers.get("content-type", "").startswith("text/html"):
            checked(path, answer)
        elif answer.content:
            assert "json" in answer.headers["content-type"], path
            json.loads(answer.text)
