"""Imports, labels and reset by command."""

import io
from pathlib import Path

import openpyxl
import pypdfium2
import pytest
from sqlalchemy import text

from coldtrace.cli.installation import open_installation
from coldtrace.parties.model import SiteRole
from coldtrace.settings import load_settings
from support.call_scene import SAMPLE
from support.command_line import Run
from support.consignments import Consignment, open_consignment
from support.house import GLNS

WITH_ERRORS = Path(__file__).resolve().parents[1] / "data" / "packing-list-a-with-errors.xlsx"
PORT = GLNS[SiteRole.FIRST_STATION]
NOBODY = "00000000-0000-7000-8000-000000000000"


def consignment(**size: int) -> Consignment:
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        return open_consignment(session, installation.env, **size)


# Imports


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "packing list.xlsx"
    path.write_bytes(SAMPLE)
    return path


def test_a_workbook_is_tried_imported_refused_and_undone(port: Run, workbook: Path, tmp_path: Path) -> None:
    dry = port("import", workbook, "--dry-run", "--json")
    assert dry.status == 0
    assert (dry.json["cartons"], dry.json["pallets"], dry.json["lots"]) == (1200, 24, 3)
    assert (dry.json["consignment"], dry.json["run"]) == (None, None)

    done = port("import", workbook, "--annotated", tmp_path / "copy.xlsx", "--json")
    assert done.status == 0, done.err
    openpyxl.load_workbook(tmp_path / "copy.xlsx").close()
    again = port("import", workbook, "--json")
    assert (again.status, again.json["code"]) == (1, "declaration_imported")

    labels = tmp_path / "labels.pdf"
    consignment_id = done.json["consignment"]
    assert port("import", "--undo", consignment_id, "--json").json == {"consignment": consignment_id, "state": "undone"}
    twice = port("import", "--undo", consignment_id, "--json")
    assert (twice.status, twice.json["code"]) == (1, "already_undone")
    ran = port("labels", "make", "--run", done.json["run"], "--out", labels, "--json")
    assert (ran.status, ran.json["code"]) == (1, "run_unknown")
    assert not labels.exists()

    people = port("import", workbook)
    assert people.status == 0
    assert "cartons\t1200" in people.out


def test_faults_are_findings(port: Run, tmp_path: Path) -> None:
    out = tmp_path / "annotated.xlsx"
    ran = port("import", WITH_ERRORS, "--dry-run", "--annotated", out, "--json")
    assert ran.status == 1
    assert ran.json["errors"]
    assert ran.json["consignment"] is None
    book = openpyxl.load_workbook(io.BytesIO(out.read_bytes()))
    book.close()
    people = port("import", WITH_ERRORS)
    assert people.status == 1
    first = ran.json["errors"][0]
    assert first["zh"] in people.err
    assert first["en"] in people.err


def test_the_template_is_saved(port: Run, tmp_path: Path) -> None:
    ran = port("import", "--template", tmp_path / "t.xlsx", "--json")
    assert (ran.status, ran.json) == (0, {"template": str(tmp_path / "t.xlsx")})
    openpyxl.load_workbook(tmp_path / "t.xlsx").close()


def test_files_that_cannot_be_read_or_written_could_not_run(port: Run, workbook: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "no such folder" / "out"
    cases: list[tuple[list[object], str]] = [
        (["import", tmp_path / "no.xlsx"], "file_unreadable"),
        (["import", tmp_path], "file_unreadable"),
        (["import"], "nothing_to_do"),
        (["import", "--template", nowhere], "file_unwritable"),
        (["import", "--template", tmp_path], "file_unwritable"),
        (["import", workbook, "--annotated", nowhere], "file_unwritable"),
        (["import", workbook, "--annotated", tmp_path], "file_unwritable"),
    ]
    for line, code in cases:
        ran = port(*line, "--json")
        assert (ran.status, ran.json["code"]) == (2, code), line
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        kept = session.execute(text("SELECT count(*) FROM consignment")).scalar_one()
    assert kept == 0, "nothing is imported when its copy cannot be written"


def test_a_workbook_over_the_limit_is_not_read(port: Run, monkeypatch: pytest.MonkeyPatch, workbook: Path) -> None:
    monkeypatch.setenv("COLDTRACE_BODY_LIMIT_BYTES", "1024")
    ran = port("import", workbook, "--json")
    assert (ran.status, ran.json["code"]) == (2, "file_unreadable")


def test_no_workbook_is_refused(port: Run, tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"a,b,c")
    ran = port("import", tmp_path / "x.xlsx", "--json")
    assert (ran.status, ran.json["code"]) == (1, "workbook_not_excel")


def test_without_a_station_or_its_key(run: Run, workbook: Path, tmp_path: Path) -> None:
    ran = run("import", workbook, "--json")
    assert (ran.status, ran.json["code"]) == (1, "station_unknown")


def test_a_missing_key_could_not_run(port: Run, workbook: Path, tmp_path: Path) -> None:
    next((tmp_path / "my data" / "keys").glob(f"station-{PORT}-*.pem")).unlink()
    ran = port("import", workbook, "--json")
    assert (ran.status, ran.json["code"]) == (2, "key_missing")


# Labels


@pytest.mark.parametrize(("layout", "pages"), [("60x40", 4), ("100x100", 4), ("100x150", 4), ("a4", 2)])
def test_labels_are_made_and_read_back(port: Run, tmp_path: Path, layout: str, pages: int) -> None:
    run_id = consignment(cartons=3).run_id
    out = tmp_path / "labels.pdf"
    ran = port("labels", "make", "--run", run_id, "--layout", layout, "--format", "pdf", "--out", out, "--json")
    assert ran.status == 0, ran.err
    assert (ran.json["labels"], ran.json["pages"], ran.json["out"]) == (4, pages, str(out))
    assert ran.json["decoded"] >= 4
    pdf = pypdfium2.PdfDocument(out)
    assert len(pdf) == pages
    pdf.close()


def test_labels_refused(port: Run, tmp_path: Path) -> None:
    run_id = consignment(cartons=1).run_id
    (tmp_path / "file").write_text("x")
    cases: list[tuple[list[object], int, str]] = [
        (["--run", NOBODY, "--out", tmp_path / "a.pdf"], 1, "run_unknown"),
        (["--run", run_id, "--format", "doc", "--out", tmp_path / "a.doc"], 1, "unknown_label_format"),
        (["--run", run_id, "--out", tmp_path / "file" / "a.pdf"], 2, "file_unwritable"),
    ]
    for line, status, code in cases:
        ran = port("labels", "make", *line, "--json")
        assert (ran.status, ran.json["code"]) == (status, code), line
    assert port("labels", "make", "--run", "7", "--out", tmp_path / "a.pdf").status == 2
    assert not list(tmp_path.glob("a.*"))


# Reset


def test_reset_asks_first_and_then_leaves_nothing_of_ours(
    port: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "my data"
    for name in ("demo.json", "sample-labels.pdf", "development-token", "notes of the operator.txt"):
        (folder / name).write_text("x")
    (folder / "demo" / "devices").mkdir(parents=True)
    asked = port("reset", "--json")
    assert (asked.status, asked.json["code"]) == (1, "not_confirmed")
    assert (folder / "keys").exists()
    done = port("reset", "--yes", "--json")
    assert (done.status, done.json) == (0, {"reset": str(folder)})
    assert "COLDTRACE_DATABASE_URL" in done.err, "that database is not ours to drop"
    assert {path.name for path in folder.iterdir()} <= {"notes of the operator.txt", "postgres.lock"}
    assert port("reset", "--yes").status == 0
    monkeypatch.setenv("COLDTRACE_DATA_DIR", str(tmp_path / "never made"))
    assert port("reset", "--yes", "--json").status == 0
