"""Papers over HTTP: uploads of every kind of malice, checks, policies, what an out-scan is told; on the desk too."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.web.page_session import csrf_token
from support.call_scene import as_form, fresh_declaration, with_token
from support.consignments import Consignment
from support.databases import Databases
from support.house import GLNS, unit_line
from support.paper_calls import PDF
from support.people import csrf_of
from support.web_house import PAGE, WebHouse, web_house

PAPERS, POLICIES, CHECK = "/api/v1/papers", "/api/v1/paper-policies", "/api/v1/statements/check"


@pytest.fixture(scope="module")
def consignment(shared: WebHouse) -> Consignment:
    return shared.consignment(declaration=fresh_declaration(), cartons=2)


@pytest.fixture
def gated(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """A house of its own, where a policy may block."""
    with web_house(databases, tmp_path_factory.mktemp("gated")) as made:
        yield made


def upload(
    web: WebHouse, of: Consignment, data: bytes = PDF, *, filename: str = "ciq.pdf", **more: str
) -> httpx.Response:
    named = {"consignment": str(of.consignment_id)}
    fields = {
        "kind": "quarantine_certificate",
        "issuer": "天津海关",
        "number": "12000012611180456",
    }
    request = as_form(PAPERS, data, filename=filename, **(named | fields | more))
    return web.client.post(PAPERS, content=request.body, headers=request.headers | web.bearer)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_paper_is_kept_listed_and_handed_out_as_it_came(shared: WebHouse, consignment: Consignment) -> None:
    made = upload(shared, consignment, number="A-1", valid_until="2027-01-31")
    assert made.status_code == 201, made.text
    paper = made.json()
    assert (paper["state"], paper["media_type"], paper["sha256"]) == (
        "declared",
        "application/pdf",
        sha256(PDF).hexdigest(),
    )
    again = upload(shared, consignment, number="A-1", valid_until="2027-01-31")
    assert (again.status_code, again.json()["paper"]) == (200, paper["paper"])
    assert code_of(upload(shared, consignment, number="A-1")) == (409, "paper_differs")
    listed = shared.client.get(f"{PAPERS}?consignment={consignment.consignment_id}", headers=shared.bearer).json()
    assert paper["paper"] in [each["paper"] for each in listed["papers"]]
    file = shared.client.get(f"{PAPERS}/{paper['paper']}/file", headers=shared.bearer)
    assert (file.status_code, file.content) == (200, PDF)
    assert file.headers["content-disposition"].startswith('attachment; filename="quarantine-certificate-')
    assert file.headers["x-content-type-options"] == "nosniff"
    assert file.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert file.headers["content-type"] == "application/pdf"


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("../../../../etc/passwd", "passwd"),
        ("a%0d%0aSet-Cookie: x=1.pdf", "a%0d%0aSet-Cookie: x=1.pdf"),
        ("ciq.pdf.exe", "ciq.pdf.exe"),
        ("=cmd|'/c calc'!A1.pdf", "c calc'!A1.pdf"),
        ("<script>alert(1)<b>.pdf", "<script>alert(1)<b>.pdf"),
    ],
    ids=["path", "crlf", "suffix", "formula", "script"],
)
def test_a_file_name_names_nothing(shared: WebHouse, consignment: Consignment, filename: str, shown: str) -> None:
    made = upload(shared, consignment, filename=filename, number=f"N-{len(filename)}")
    assert made.status_code == 201, made.text
    assert made.json()["file_name"] == shown
    file = shared.client.get(f"{PAPERS}/{made.json()['paper']}/file", headers=shared.bearer)
    assert shown not in file.headers["content-disposition"]
    assert "set-cookie" not in file.headers
    page = shared.client.get(f"/desk/papers/{made.json()['paper']}", headers=PAGE | shared.desk)
    assert page.status_code == 200
    assert "<script>alert" not in page.text


@pytest.mark.parametrize(
    "data",
    [b"<html>" + PDF, PDF + b"PK\x03\x04", b"\x89PNG\r\n\x1a\n<script>", b"MZ" + PDF],
    ids=["html-pdf", "pdf-zip", "png", "program"],
)
def test_what_is_no_whole_paper_is_refused(shared: WebHouse, consignment: Consignment, data: bytes) -> None:
    assert code_of(upload(shared, consignment, data, number="X")) == (415, "paper_file_unknown")


def test_too_large_a_file_is_refused_and_a_huge_body_is_not_even_read(
    shared: WebHouse, consignment: Consignment
) -> None:
    large = PDF[:-7] + bytes(shared.settings.paper_bytes) + b"\n%%EOF\n"
    assert code_of(upload(shared, consignment, large)) == (413, "paper_too_large")
    taken = 0

    def body() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(200):
            taken += 1
            yield bytes(1024 * 1024)

    headers = {"Content-Type": "multipart/form-data; boundary=b"} | shared.bearer
    assert code_of(shared.client.post(PAPERS, content=body(), headers=headers)) == (413, "body_too_large")
    # What the wire holds may be more than what was read, but not all of it.
    assert taken < 150


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"kind": "passport"}, (422, "paper_field_refused")),
        ({"valid_from": "30/11/2026"}, (422, "paper_field_refused")),
        ({"number": ""}, (422, "paper_field_refused")),
        ({"consignment": "x"}, (422, "paper_field_refused")),
        ({"consignment": "00000000-0000-0000-0000-000000000001"}, (404, "consignment_unknown")),
        ({"replaces": "00000000-0000-0000-0000-000000000001", "number": "R"}, (409, "paper_replaced")),
    ],
    ids=["kind", "date", "number", "consignment", "unknown", "replaces"],
)
def test_what_is_wrong_with_a_form_is_said(
    shared: WebHouse, consignment: Consignment, more: dict[str, str], found: tuple[int, str]
) -> None:
    assert code_of(upload(shared, consignment, **more)) == found


def test_a_check_is_anothers_and_stays_in_the_list(shared: WebHouse, consignment: Consignment) -> None:
    paper = upload(shared, consignment, number="C-1").json()["paper"]
    own = shared.post_json(f"{PAPERS}/{paper}/checks", {"verdict": "checked"}, shared.bearer)
    assert code_of(own) == (403, "own_paper")
    path, desk = f"/desk/papers/{paper}", shared.desk
    page = shared.client.get(path, headers=PAGE | desk)
    assert "Check this paper" in page.text
    fields = {"csrf": csrf_of(page), "verdict": "rejected", "reason": "number differs"}
    done = shared.client.post(f"{path}/checks", data=fields, headers=PAGE | desk)
    assert done.status_code == 200
    assert "number differs" in done.text
    seen = shared.client.get(f"{PAPERS}/{paper}", headers=shared.bearer).json()
    assert (seen["state"], [each["verdict"] for each in seen["checks"]]) == ("rejected", ["rejected"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_desk_declares_a_paper_and_shows_it(shared: WebHouse, consignment: Consignment, lang: str) -> None:
    desk = shared.desk
    headers = PAGE | {"Accept-Language": lang} | desk
    here = f"/desk/consignments/{consignment.consignment_id}"
    page = shared.client.get(here, headers=headers)
    request = as_form(
        "/desk/papers",
        PDF,
        filename="检测.pdf",
        consignment=str(consignment.consignment_id),
        kind="test_report",
        issuer="某检测机构",
        number=f"D-{lang}",
    )
    secret = desk["Cookie"].partition("=")[2]
    sent = with_token(request, csrf_token(secret))
    assert csrf_of(page) == csrf_token(secret)
    done = shared.client.post("/desk/papers", content=sent.body, headers=sent.headers | headers)
    assert done.status_code == 200, done.text
    assert f"D-{lang}" in done.text
    assert f"D-{lang}" in shared.client.get("/desk/papers?show=declared&kind=test_report", headers=headers).text
    refused = as_form("/desk/papers", b"<html>", consignment=str(consignment.consignment_id), kind="test_report")
    wrong = with_token(refused, csrf_token(secret))
    said = shared.client.post("/desk/papers", content=wrong.body, headers=wrong.headers | headers)
    assert said.status_code == 415
    assert ("PDF、JPEG" if lang == "zh" else "no whole PDF") in said.text


def policy(web: WebHouse, level: str) -> dict[str, Any]:
    today = web.env.clock().date().isoformat()
    body = {
        "name": "meat",
        "title_zh": "肉类",
        "title_en": "Meat",
        "hs_chapters": ["02"],
        "needs": [{"kind": "quarantine_certificate", "level": level}],
        "begins": today,
    }
    answer = web.post_json(POLICIES, body, web.bearer)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_an_out_scan_is_told_what_is_missing_before_and_when_it_happens(gated: WebHouse) -> None:
    consignment = gated.consignment(declaration=fresh_declaration(), cartons=1)
    pallet = consignment.pallets[0]
    gated.commission(pallet)
    assert policy(gated, "block")["version"] == 1
    lacks = gated.client.get(
        f"/api/v1/consignments/{consignment.consignment_id}/lacking-papers", headers=gated.bearer
    ).json()["lacking"]
    assert lacks == [
        {
            "kind": "quarantine_certificate",
            "level": "block",
            "least": "declared",
            "policy_zh": "肉类",
            "policy_en": "Meat",
        }
    ]
    page = gated.client.get(f"/desk/consignments/{consignment.consignment_id}", headers=PAGE | gated.desk)
    assert "Without them an out-scan is stopped" in page.text
    port = gated.device(SiteRole.FIRST_STATION)
    ship = port.say(T.SHIP, [unit_line(pallet.label.unit_id)], to=GLNS[SiteRole.COLD_STORE])
    tried = gated.post_json(CHECK, [ship.to_json()], gated.bearer).json()["results"][0]
    assert (tried["status"], tried["marks"], tried["papers"]) == ("blocked", ["papers_missing"], lacks)
    (kept,) = gated.send(port, [ship])
    assert (kept["status"], kept["code"], kept["papers"]) == ("blocked", "papers_missing", lacks)
    assert kept["receipt"] is not None
    # Of goods that the caller may not see a trial tells nothing.
    shop = gated.device(SiteRole.RETAILER)
    again = port.say(T.SHIP, [unit_line(pallet.label.unit_id)], to=GLNS[SiteRole.COLD_STORE])
    raw = json.dumps([again.to_json()]).encode()
    headers = gated.signed_by(shop, "POST", CHECK, raw) | {"Content-Type": "application/json"}
    hidden = gated.client.post(CHECK, content=raw, headers=headers).json()["results"][0]
    assert (hidden["hidden"], "papers" in hidden) == (True, False)
    assert policy(gated, "warn")["version"] == 2
    listed = gated.client.get(POLICIES, headers=gated.bearer).json()["policies"]
    assert [(each["version"], each["in_force"]) for each in listed] == [(2, True), (1, False)]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_of_policies_teaches_and_adds_a_version(shared: WebHouse, lang: str) -> None:
    headers = PAGE | {"Accept-Language": lang} | shared.desk
    page = shared.client.get("/desk/policies", headers=headers)
    assert ("现在没有要求任何单证" if lang == "zh" else "No paper is asked for now") in page.text
    fields = {
        "csrf": csrf_of(page),
        "name": f"fish-{lang}",
        "title_zh": "鱼",
        "title_en": "Fish",
        "begins": "2027-01-01",
        "until": "",
        "hs_chapters": "03",
        "channels.mail": "yes",
        "need-health_certificate": "block.verified",
    }
    done = shared.client.post("/desk/policies", data=fields, headers=headers)
    assert done.status_code == 200, done.text
    made = shared.client.get(POLICIES, headers=shared.bearer).json()["policies"][0]
    assert (made["name"], made["channels"], made["hs_chapters"], made["needs"]) == (
        f"fish-{lang}",
        ["mail"],
        ["03"],
        [{"kind": "health_certificate", "level": "block", "least": "verified"}],
    )
    wrong = shared.client.post("/desk/policies", data=fields | {"origins": "Norway"}, headers=headers)
    assert (wrong.status_code, "NORWAY" in wrong.text) == (422, True)
