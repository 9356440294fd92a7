"""Workbooks over HTTP: as the broker sends them, what is wrong with them, taking them back; labels of a run."""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pypdfium2
import pytest
from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from support.call_scene import SAMPLE, Request, as_form, fresh_declaration
from support.house import GLNS, unit_line
from support.web_house import WebHouse

IMPORTS = "/api/v1/imports"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WITH_ERRORS = (Path(__file__).resolve().parents[1] / "data" / "packing-list-a-with-errors.xlsx").read_bytes()


def send(web: WebHouse, request: Request, **headers: str) -> httpx.Response:
    return web.client.post(
        request.path,
        content=request.body,
        headers={**request.headers, **web.bearer, "Accept-Language": "en", **headers},
    )


def rows(web: WebHouse) -> tuple[int, ...]:
    with web.sessions() as session:
        return tuple(
            int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in ("consignment", "lot", "code_run", "issued_code", "product", "operator")
        )


def changed(change: Callable[[Any], None]) -> bytes:
    """Return the sample workbook with something changed in its first sheet."""
    book = openpyxl.load_workbook(io.BytesIO(SAMPLE))
    change(book.worksheets[0])
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


# The good one


def test_the_brokers_workbook_becomes_a_consignment_with_codes(web: WebHouse) -> None:
    before = rows(web)
    dry = send(web, as_form(f"{IMPORTS}?dry_run=true", SAMPLE))
    assert dry.status_code == 200, dry.text
    found = dry.json()
    assert (found["cartons"], found["pallets"], found["lots"], found["net_g"]) == (1200, 24, 3, 23_550_000)
    assert (found["consignment"], found["run"], found["errors"]) == (None, None, [])
    assert found["normalised"]
    assert rows(web) == before

    answer = send(web, as_form(IMPORTS, SAMPLE))
    assert answer.status_code == 201, answer.text
    assert answer.json() | {"consignment": None, "run": None} == found
    assert rows(web)[3] == before[3] + 1224

    again = send(web, as_form(IMPORTS, SAMPLE))
    assert (again.status_code, again.json()["code"]) == (409, "declaration_imported")
    assert again.json()["consignment"] == answer.json()["consignment"]

    undone = web.client.post(f"{IMPORTS}/{answer.json()['consignment']}/undo", headers=web.bearer)
    assert (undone.status_code, undone.json()["state"]) == (200, "undone")
    twice = web.client.post(f"{IMPORTS}/{answer.json()['consignment']}/undo", headers=web.bearer)
    assert (twice.status_code, twice.json()["code"]) == (409, "already_undone")
    labels = web.client.get(f"/api/v1/runs/{answer.json()['run']}/labels", headers=web.bearer)
    assert (labels.status_code, labels.json()["code"]) == (404, "run_unknown")

    third = send(web, as_form(IMPORTS, SAMPLE))
    assert third.status_code == 201
    assert third.json()["run"] != answer.json()["run"]


def test_the_same_declaration_twice_at_once_is_imported_once(web: WebHouse) -> None:
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: send(web, as_form(IMPORTS, SAMPLE)), range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert {answer.json().get("code") for answer in answers} <= {None, "declaration_imported", "concurrent_change"}
    assert rows(web)[0] == 1


# Faults


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
@pytest.mark.parametrize(("lang", "words"), [("en", "errors; nothing was imported"), ("zh", "未导入任何内容")])
def test_faults_are_named_by_sheet_row_and_column(shared: WebHouse, query: str, lang: str, words: str) -> None:
    before = rows(shared)
    answer = send(shared, as_form(IMPORTS + query, WITH_ERRORS), **{"Accept-Language": lang})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == lang
    found = answer.json()
    assert (found["code"], found["status"], found["count"]) == ("workbook_errors", 422, len(found["errors"]))
    assert words in found["detail"]
    assert found["consignment"] is None
    for error in found["errors"]:
        assert error["code"]
        assert error["zh"]
        assert error["en"]
    assert any(error["sheet"] and error["row"] and error["column"] for error in found["errors"])
    assert rows(shared) == before


@pytest.mark.parametrize("data", [WITH_ERRORS, SAMPLE], ids=["with errors", "without"])
def test_the_corrected_copy_is_a_workbook_and_keeps_nothing(shared: WebHouse, data: bytes) -> None:
    before = rows(shared)
    answer = send(shared, as_form(IMPORTS, data), Accept=XLSX)
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    assert answer.headers["content-disposition"] == 'attachment; filename="annotated.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames
    book.close()
    assert rows(shared) == before


@pytest.mark.parametrize(
    ("data", "status"),
    [(b"", 422), (b"PK\x03\x04 cut off", 422), (b"a,b,c\n1,2,3\n", 422), (SAMPLE[:4000], 422)],
    ids=["empty", "no zip", "a list of values", "cut off"],
)
def test_what_is_no_workbook_is_refused(shared: WebHouse, data: bytes, status: int) -> None:
    answer = send(shared, as_form(IMPORTS, data))
    assert answer.status_code == status, answer.text
    assert answer.json()["code"].startswith("workbook_")


def test_the_station_must_be_one(shared: WebHouse) -> None:
    for station in ("9521234000044", "nonsense"):
        answer = send(shared, as_form(f"{IMPORTS}?station={station}", SAMPLE))
        assert (answer.status_code, answer.json()["code"]) == (422, "station_unknown")


# Forms


def test_other_bodies_are_415(shared: WebHouse) -> None:
    for kind in ("application/json", XLSX, "application/x-www-form-urlencoded", ""):
        answer = send(shared, Request(path=IMPORTS, body=b"x", headers={"Content-Type": kind}))
        assert (answer.status_code, answer.json()["code"]) == (415, "wrong_content_type"), kind


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data; na"),
        ("multipart/form-data; boundary=b", b"\xff\xfe\x00"),
        ("multipart/form-data; boundary=" + "b" * 500, b"--c\r\n\r\n"),
    ],
    ids=["no boundary", "cut off", "no form", "another boundary"],
)
def test_a_broken_form_is_400(shared: WebHouse, kind: str, body: bytes) -> None:
    answer = send(shared, Request(path=IMPORTS, body=body, headers={"Content-Type": kind}))
    assert (answer.status_code, answer.json()["code"]) in ((400, "malformed_form"), (422, "invalid_request"))


def test_a_form_without_a_file_is_422(shared: WebHouse) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--b--\r\n'
    answer = send(shared, Request(path=IMPORTS, body=body, headers={"Content-Type": "multipart/form-data; boundary=b"}))
    assert (answer.status_code, answer.json()["code"], answer.json()["where"]) == (422, "invalid_request", "file")


def test_a_form_is_not_read_before_the_caller_is_known(shared: WebHouse) -> None:
    answer = shared.client.post(IMPORTS, content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_required")


@pytest.mark.parametrize(
    "name", ["a\x00b.xlsx", "..\\..\\装箱单\u202e.xlsx", "x" * 900, ""], ids=["zero", "odd", "long", "none"]
)
def test_odd_file_names_do_no_harm(web: WebHouse, name: str) -> None:
    answer = send(web, as_form(IMPORTS, SAMPLE, filename=name))
    assert answer.status_code in (201, 400, 422), answer.text
    assert answer.status_code == 201 or answer.json()["code"] in ("malformed_form", "invalid_request")


def test_a_workbook_over_the_limit_is_413(shared: WebHouse) -> None:
    answer = send(shared, as_form(IMPORTS, b"x" * (shared.settings.body_limit_bytes + 1)))
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


# Undo


def test_what_was_shipped_cannot_be_undone(web: WebHouse) -> None:
    box = web.consignment(cartons=1)
    web.commission(box.pallets[0])
    web.tell(SiteRole.FIRST_STATION, T.SHIP, [unit_line(box.pallets[0].label.unit_id)], to=GLNS[SiteRole.MARKET])
    answer = web.client.post(f"{IMPORTS}/{box.consignment_id}/undo", headers=web.bearer)
    assert (answer.status_code, answer.json()["code"], answer.json()["count"]) == (
        409,
        "already_shipped",
        2,
    )  # the carton, and the pallet it is on


def test_an_unknown_import_is_404(shared: WebHouse) -> None:
    answer = shared.client.post(f"{IMPORTS}/00000000-0000-7000-8000-000000000000/undo", headers=shared.bearer)
    assert (answer.status_code, answer.json()["code"]) == (404, "consignment_unknown")
    answer = shared.client.post(f"{IMPORTS}/7/undo", headers=shared.bearer)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


# Labels and the template


@pytest.mark.parametrize("layout", ["60x40", "100x100", "100x150", "a4"])
def test_the_labels_of_a_run_are_a_pdf(shared: WebHouse, layout: str) -> None:
    box = shared.consignment(cartons=2, declaration=fresh_declaration())
    answer = shared.client.get(f"/api/v1/runs/{box.run_id}/labels?layout={layout}", headers=shared.bearer)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == f'attachment; filename="labels-{box.run_id}.pdf"'
    pdf = pypdfium2.PdfDocument(answer.content)
    assert len(pdf) == (2 if layout == "a4" else 3)  # cartons on one sheet, the pallet on another
    pdf.close()


def test_the_labels_of_an_unknown_run_are_404(shared: WebHouse) -> None:
    answer = shared.client.get("/api/v1/runs/00000000-0000-7000-8000-000000000000/labels", headers=shared.bearer)
    assert (answer.status_code, answer.json()["code"]) == (404, "run_unknown")


def test_a_missing_font_is_the_servers_fault(shared: WebHouse, tmp_path: Path) -> None:
    box = shared.consignment(cartons=1, declaration=fresh_declaration())
    shared.app.state.settings = shared.settings.model_copy(update={"label_font": tmp_path / "no.otf"})
    try:
        answer = shared.client.get(f"/api/v1/runs/{box.run_id}/labels", headers=shared.bearer)
    finally:
        shared.app.state.settings = shared.settings
    assert (answer.status_code, answer.json()["code"]) == (503, "label_font_missing")


def test_the_template_is_a_workbook_that_the_reader_understands(shared: WebHouse) -> None:
    answer = shared.client.get(f"{IMPORTS}/template", headers=shared.bearer)
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    assert 'filename="packing-list-template.xlsx"' in answer.headers["content-disposition"]
    back = send(shared, as_form(f"{IMPORTS}?dry_run=true", answer.content))
    assert back.status_code in (200, 422)
    assert back.json().get("code") in (None, "workbook_errors")
