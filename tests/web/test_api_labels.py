"""Labels over HTTP: streamed, sent to a printer, made again."""

import csv
import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from coldtrace.goods import print_runner, printing, stops, store
from coldtrace.goods.print_runner import SendRun
from coldtrace.goods.printing import BeginJob, PrintAgain
from coldtrace.rights.model import EVERYTHING
from coldtrace.settings import Printer
from support.consignments import open_consignment
from support.label_cases import read_picture
from support.tcp_printer import TcpPrinter, tcp_printer
from support.web_house import WebHouse

NOBODY = UUID(int=0)
PATIENCE_S = 60


@pytest.fixture
def printer(web: WebHouse) -> Iterator[TcpPrinter]:
    with tcp_printer() as made:
        web.app.state.settings = web.settings.model_copy(
            update={"printers": (Printer(name="dock1", host="127.0.0.1", port=made.port),), "printer_patience_s": 5}
        )
        yield made


def opened(web: WebHouse, *, cartons: int = 3, declaration: str = "020220261000000123") -> tuple[UUID, list[str]]:
    with web.sessions.begin() as session:
        box = open_consignment(session, web.env, cartons=cartons, declaration=declaration)
        return box.run_id, [code.uri for code in store.codes_of_run(session, box.run_id)]


def ended_job(web: WebHouse, run_id: UUID) -> dict[str, object]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        (job, *_) = web.client.get(f"/api/v1/runs/{run_id}/jobs", headers=web.bearer).json()["jobs"]
        if job["state"] != "running":
            return dict(job)
        assert time.monotonic() < deadline, job
        time.sleep(0.02)


def test_each_format_is_streamed(web: WebHouse) -> None:
    run_id, uris = opened(web)
    path = f"/api/v1/runs/{run_id}/labels"
    for format, media, ending in (
        ("pdf", "application/pdf", "pdf"),
        ("zpl", "application/octet-stream", "zpl"),
        ("zpl-native", "application/octet-stream", "zpl"),
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("png", "application/zip", "zip"),
        ("svg", "application/zip", "zip"),
    ):
        answer = web.client.get(f"{path}?format={format}&layout=60x40&dpi=300", headers=web.bearer)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media), answer.text
        assert answer.headers["content-disposition"].endswith(f'labels-{run_id}.{ending}"')
        assert answer.headers["transfer-encoding"] == "chunked"
        if format == "png":
            with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
                pictures = [Image.open(io.BytesIO(archive.read(name))) for name in archive.namelist()]
            assert [read_picture(picture)[-1].decode() for picture in pictures] == uris
            assert pictures[0].size == (720, 480)
    head = web.client.head(path, headers=web.bearer)
    assert (head.status_code, head.content) == (200, b"")


def test_what_cannot_be_printed_is_said_before_anything_is_sent(web: WebHouse) -> None:
    run_id, _ = opened(web)
    for path, status, code in (
        (f"/api/v1/runs/{NOBODY}/labels", 404, "run_unknown"),
        (f"/api/v1/runs/{run_id}/labels?layout=a4&format=zpl", 422, "label_layout_not_for_printer"),
        (f"/api/v1/runs/{run_id}/labels?dpi=600", 422, "invalid_request"),
    ):
        answer = web.client.get(path, headers=web.bearer)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    with web.sessions.begin() as session:
        session.execute(text("UPDATE code_run SET wanted = wanted + 1"))
    answer = web.client.get(f"/api/v1/runs/{run_id}/labels", headers=web.bearer)
    assert (answer.status_code, answer.json()["code"]) == (409, "run_unfinished")


@pytest.mark.parametrize("format", ["zpl", "csv", "pdf", "png"])
def test_a_label_refused_in_the_middle_breaks_the_transfer_off(web: WebHouse, format: str) -> None:
    run_id, uris = opened(web, cartons=300)
    with web.sessions.begin() as session:
        session.execute(
            text("UPDATE issued_code SET uri = :uri WHERE run_id = :run AND position = 280"),
            {"uri": uris[0], "run": run_id},
        )
    path = f"/api/v1/runs/{run_id}/labels?layout=60x40&format={format}"
    with web.client.stream("GET", path, headers=web.bearer) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()


def test_a_void_code_is_left_out_and_never_printed_again(web: WebHouse, printer: TcpPrinter) -> None:
    run_id, uris = opened(web)
    with web.sessions.begin() as session:
        code = store.codes_after(session, run_id, 1, limit=1)[0]
        session.execute(text("UPDATE issued_code SET voided_at = now() WHERE position = 2"))
    answer = web.client.get(f"/api/v1/runs/{run_id}/labels?format=csv", headers=web.bearer)
    assert (answer.status_code, answer.headers["coldtrace-skipped"]) == (200, "2")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["number"], row["code"]) for row in rows] == [
        (str(number), uri) for number, uri in enumerate(uris, start=1) if number != 2
    ]
    again = {"texts": [code.uri], "reason": "torn"}
    answer = web.post_json("/api/v1/labels/reprint", again, web.bearer)
    assert (answer.status_code, answer.json()["code"]) == (422, "label_code_voided")
    others = {"texts": [uris[0]], "reason": "torn"}
    assert web.post_json("/api/v1/labels/reprint", others, web.bearer).status_code == 200
    log = web.client.get("/api/v1/labels/reprints", headers=web.bearer).json()["reprints"]
    assert len(log) == 1, "the void one was not logged, for it was not made"
    with web.sessions.begin() as session:
        stops.revoke_unit(session, web.env, store.codes_after(session, run_id, 0, limit=1)[0].unit_id, "torn")
    answer = web.post_json("/api/v1/labels/reprint", others, web.bearer)
    assert (answer.status_code, answer.json()["code"]) == (422, "label_code_voided")
    sent = web.post_json(f"/api/v1/runs/{run_id}/print", {"printer": "dock1"}, web.bearer)
    assert sent.status_code == 202
    job = ended_job(web, run_id)
    assert (job["state"], job["done"]) == ("done", len(uris))
    printer.wait()
    assert len(printer.labels) == len(uris) - 2
    told = web.client.get(f"/api/v1/runs/{run_id}/jobs", headers=web.bearer).json()
    assert told["void"] == {"count": 2, "numbers": "1-2"}
    with web.sessions.begin() as session:
        session.execute(text("UPDATE issued_code SET voided_at = now() WHERE run_id = :run"), {"run": run_id})
    answer = web.client.get(f"/api/v1/runs/{run_id}/labels", headers=web.bearer)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_labels")


def test_a_run_is_sent_to_a_printer_by_name(web: WebHouse, printer: TcpPrinter) -> None:
    run_id, _ = opened(web, cartons=30)
    listed = web.client.get("/api/v1/printers", headers=web.bearer)
    assert listed.json() == {"printers": [{"name": "dock1", "dpi": 203}]}
    path = f"/api/v1/runs/{run_id}/print"
    wrong = web.post_json(path, {"printer": f"127.0.0.1:{printer.port}"}, web.bearer)
    assert (wrong.status_code, wrong.json()["code"]) == (404, "printer_unknown")
    assert web.post_json(path, {"printer": "dock1"}).status_code == 401

    printer.dies_after_bytes = 60_000
    answer = web.post_json(path, {"printer": "dock1", "layout": "60x40"}, web.bearer)
    assert (answer.status_code, answer.json()["total"]) == (202, 31)
    stopped = ended_job(web, run_id)
    assert (stopped["state"], stopped["trouble"]) == ("failed", "printer_stopped")
    printer.wait()
    printer.dies_after_bytes = None
    answer = web.post_json(path, {"printer": "dock1", "layout": "60x40"}, web.bearer)
    assert (answer.status_code, answer.json()["id"]) == (202, stopped["id"]), "the same job goes on"
    done = ended_job(web, run_id)
    assert (done["state"], done["done"], done["by"]) == ("done", 31, stopped["by"])
    printer.wait()
    first = web.client.get(f"/api/v1/runs/{run_id}/labels?layout=60x40&format=zpl", headers=web.bearer).content
    assert first.endswith(bytes(printer.jobs[1])), "nothing left out, nothing twice"
    repeat = web.post_json(path, {"printer": "dock1"}, web.bearer)
    assert (repeat.status_code, repeat.json()["code"]) == (409, "run_already_sent")


def test_labels_made_again_come_back_as_a_file_and_are_listed_in_pages(web: WebHouse, tmp_path: Path) -> None:
    run_id, uris = opened(web)
    for text_ in uris[:3]:
        body = {"texts": [text_], "reason": "冻裂", "format": "png", "layout": "60x40"}
        answer = web.post_json("/api/v1/labels/reprint", body, web.bearer)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert read_picture(Image.open(io.BytesIO(answer.content))) == [text_.encode()]
    path = f"/api/v1/labels/reprints?run={run_id}&limit=2"
    first = web.client.get(path, headers=web.bearer).json()
    second = web.client.get(f"{path}&after={first['next']}", headers=web.bearer).json()
    assert [each["position"] for each in first["reprints"] + second["reprints"]] == [3, 2, 1]
    assert second["next"] is None
    assert {each["by"] for each in first["reprints"]} == {"token:test"} or first["reprints"][0]["by"].startswith(
        "token:"
    )
    assert web.client.get(f"{path}&after=x", headers=web.bearer).json()["code"] == "invalid_request"


def test_only_so_many_files_are_made_at_once(web: WebHouse) -> None:
    run_id, _ = opened(web)
    with web.app.state.printing.one_file(), web.app.state.printing.one_file():
        answer = web.client.get(f"/api/v1/runs/{run_id}/labels", headers=web.bearer)
        assert (answer.status_code, answer.json()["code"]) == (503, "labels_busy")
        assert answer.headers["retry-after"]
    for _ in range(3):
        assert web.client.get(f"/api/v1/runs/{run_id}/labels", headers=web.bearer).status_code == 200


def test_two_that_send_one_job_send_it_once(web: WebHouse, printer: TcpPrinter) -> None:
    """Both were told of the same job before either began; the second must see what the first has done."""
    run_id, _ = opened(web)
    command = SendRun(
        run_id=run_id,
        layout="60x40",
        printer=web.app.state.settings.printers[0],
        requested_by="a test",
        scope=EVERYTHING,
        patience_s=5,
    )
    job = print_runner.begin_sending(web.sessions, web.env, command)
    assert print_runner.begin_sending(web.sessions, web.env, command).job_id == job.job_id
    assert [print_runner.send_job(web.sessions, web.env, job, command)[1].labels for _ in range(2)] == [4, 0]
    printer.wait()
    assert len(printer.labels) == 4


def test_nothing_over_http_says_where_files_lie(web: WebHouse) -> None:
    run_id, uris = opened(web)
    with web.sessions.begin() as session:
        again = PrintAgain(
            texts=uris[:1], reason="torn", requested_by="x", scope=EVERYTHING, target="file:/secret/again.pdf"
        )
        printing.log_reprints(
            session, web.env, again, [code.unit_id for code, _ in printing.labels_again(session, again)]
        )
        printing.begin_job(
            session,
            web.env,
            BeginJob(
                run_id=run_id,
                layout="a4",
                format="pdf",
                dpi=203,
                target="file:/secret/run.pdf",
                requested_by="x",
                scope=EVERYTHING,
            ),
        )
    (job,) = web.client.get(f"/api/v1/runs/{run_id}/jobs", headers=web.bearer).json()["jobs"]
    (made,) = web.client.get("/api/v1/labels/reprints", headers=web.bearer).json()["reprints"]
    assert (job["target"], made["target"]) == ("file:run.pdf", "file:again.pdf")
