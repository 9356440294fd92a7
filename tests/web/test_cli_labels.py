"""Labels by command: every format, a killed run, printers that die, labels made again."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import text

from coldtrace.cli.installation import open_installation
from coldtrace.goods import store
from coldtrace.parties.model import SiteRole
from coldtrace.settings import load_settings
from support.command_line import Run
from support.consignments import Consignment, open_consignment
from support.house import GLNS
from support.label_cases import read_picture
from support.tcp_printer import TcpPrinter, tcp_printer

NOBODY = "00000000-0000-7000-8000-000000000000"
PATIENCE_S = 60


def consignment(**size: int) -> Consignment:
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        return open_consignment(session, installation.env, **size)


def uris(run_id: object) -> list[str]:
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        return [code.uri for code in store.codes_of_run(session, run_id)]  # type: ignore[arg-type]


def started(line: list[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "coldtrace", *line]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def is_alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def printer(monkeypatch: pytest.MonkeyPatch) -> Iterator[TcpPrinter]:
    with tcp_printer() as made:
        monkeypatch.setenv("COLDTRACE_PRINTERS", f"dock1=127.0.0.1:{made.port} 300dpi")
        monkeypatch.setenv("COLDTRACE_PRINTER_PATIENCE_S", "5")
        monkeypatch.setenv("COLDTRACE_LABEL_WORKERS", "0")
        yield made


def test_each_format_is_made(port: Run, tmp_path: Path) -> None:
    run_id = consignment(cartons=2).run_id
    for format, name in (("zpl", "a.zpl"), ("zpl-native", "n.zpl"), ("csv", "a.csv"), ("png", "a.zip")):
        ran = port(
            "labels", "make", "--run", run_id, "--format", format, "--dpi", 300, "--out", tmp_path / name, "--json"
        )
        assert (ran.status, ran.json["labels"]) == (0, 3), ran.err
        assert ("scan the first label" in ran.err) == (format == "zpl-native")
    assert (tmp_path / "a.zpl").read_bytes().count(b":Z64:") == 3
    ran = port("labels", "make", "--run", run_id, "--format", "zpl", "--hex", "--out", tmp_path / "h.zpl", "--json")
    assert ran.status == 0
    assert b":Z64:" not in (tmp_path / "h.zpl").read_bytes()
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text("utf-8-sig"))))
    assert [row["code"] for row in rows] == uris(run_id)
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    refused = port(
        "labels", "make", "--run", run_id, "--layout", "a4", "--format", "zpl", "--out", tmp_path / "x", "--json"
    )
    assert (refused.status, refused.json["code"]) == (1, "label_layout_not_for_printer")


def test_a_key_that_is_no_longer_believed_prints_nothing(port: Run, tmp_path: Path) -> None:
    run_id = consignment(cartons=2).run_id
    # The service's own role may not take a list away: its owner does.
    with (
        open_installation(load_settings()) as installation,
        installation.sessions_as(None) as sessions,
        sessions.begin() as session,
    ):
        session.execute(text("UPDATE signing_key SET state = 'revoked' WHERE use = 'code'"))
        session.execute(text("DELETE FROM trust_list"))
    for format in ("pdf", "zpl", "csv"):
        ran = port("labels", "make", "--run", run_id, "--format", format, "--out", tmp_path / "a", "--json")
        assert (ran.status, ran.json["code"]) == (1, "label_code_not_verified"), ran.err
    assert not (tmp_path / "a").exists()
    jobs = port("labels", "jobs", "--run", run_id, "--json").json["jobs"]
    assert {(job["state"], job["trouble"]) for job in jobs} == {("failed", "label_code_not_verified")}


def test_a_killed_run_goes_on_without_a_gap_or_a_double(port: Run, tmp_path: Path) -> None:
    run_id = consignment(pallets=3, cartons=100).run_id
    out = tmp_path / "pictures"
    command = ["labels", "make", "--run", str(run_id), "--format", "png", "--out", str(out), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "coldtrace", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + PATIENCE_S
    while len(list(out.glob("*.png")) if out.exists() else []) < 20:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert workers
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < deadline, "workers outlive the process that asked"
        time.sleep(0.01)
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert 20 <= len(before) < 303

    ran = port(*command)
    assert ran.status == 0, ran.err
    assert (ran.json["labels"], ran.json["kept"]) == (303, len(before))
    after = sorted(out.iterdir())
    assert [path.name[:6] for path in after] == [f"{number:06d}" for number in range(1, 304)]
    assert {name: (out / name).stat().st_mtime_ns for name in before} == before, "what was whole is not made again"
    assert [read_picture(Image.open(path))[-1].decode() for path in after] == uris(run_id)
    (job,) = port("labels", "jobs", "--run", run_id, "--json").json["jobs"]
    assert (job["state"], job["done"], job["total"]) == ("done", 303, 303)

    other = consignment(cartons=1, declaration="020220261000000999").run_id  # type: ignore[arg-type]
    ran = port("labels", "make", "--run", other, "--format", "png", "--out", out, "--json")
    assert (ran.status, ran.json["code"]) == (1, "label_folder_in_use")


def test_labels_go_to_a_configured_printer_and_nowhere_else(port: Run, printer: TcpPrinter, tmp_path: Path) -> None:
    run_id = consignment(cartons=25).run_id
    for name in ("dock2", f"127.0.0.1:{printer.port}"):
        ran = port("labels", "send", "--run", run_id, "--printer", name, "--json")
        assert (ran.status, ran.json["code"]) == (1, "printer_unknown")
    ran = port("labels", "send", "--run", run_id, "--layout", "60x40", "--printer", "dock1", "--json")
    assert ran.status == 0, ran.err
    assert (ran.json["sent"], ran.json["done"], ran.json["total"]) == (26, 26, 26)
    assert "sent is not printed" in ran.err
    printer.wait()
    made = port(
        "labels", "make", "--run", run_id, "--layout", "60x40", "--format", "zpl", "--dpi", 300, "--out", tmp_path / "a"
    )
    assert made.status == 0
    assert bytes(printer.jobs[0]) == (tmp_path / "a").read_bytes()
    again = port("labels", "send", "--run", run_id, "--printer", "dock1", "--json")
    assert (again.status, again.json["code"]) == (1, "run_already_sent")
    last = port("labels", "send", "--run", run_id, "--layout", "60x40", "--printer", "dock1", "--from", 26, "--json")
    assert (last.status, last.json["sent"]) == (0, 1)
    wrong = port("labels", "send", "--run", run_id, "--printer", "dock1", "--from", 27, "--json")
    assert (wrong.status, wrong.json["code"]) == (1, "label_position_unknown")


def test_the_configured_printers_are_listed(
    first_run: Run, printer: TcpPrinter, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"127.0.0.1:{printer.port}"
    listed = first_run("labels", "printers", "--json")
    assert listed.json["printers"] == [{"name": "dock1", "address": address, "dpi": 300, "data": "z64"}]
    assert first_run("labels", "printers").out == f"name\taddress\tdpi\tdata\ndock1\t{address}\t300\tz64\n"
    monkeypatch.delenv("COLDTRACE_PRINTERS")
    none = first_run("labels", "printers", "--json")
    assert (none.status, none.json["printers"]) == (0, [])
    assert "COLDTRACE_PRINTERS" in none.err


@pytest.mark.parametrize(
    ("format", "name", "fits"),
    [("zpl", "y.pdf", False), ("pdf", "y.ZPL", False), ("csv", "y.zip", False), ("zpl-native", "y.zpl", True)],
)
def test_a_file_is_not_called_what_it_is_not(port: Run, tmp_path: Path, format: str, name: str, fits: bool) -> None:
    run_id = consignment(cartons=1).run_id
    ran = port("labels", "make", "--run", run_id, "--format", format, "--out", tmp_path / name, "--json")
    assert ran.status == (0 if fits else 2)
    assert (tmp_path / name).exists() is fits
    assert fits or ran.json["code"] == "output_name_misleads"


def test_after_a_dead_printer_the_same_command_goes_on_at_the_next_label(port: Run, printer: TcpPrinter) -> None:
    box = consignment(pallets=2, cartons=60)
    line = ["labels", "send", "--run", box.run_id, "--layout", "60x40", "--printer", "dock1", "--json"]
    printer.dies_after_bytes = 500_000  # behind the first batch of 20 labels, before the last
    ran = port(*line)
    assert (ran.status, ran.json["code"]) == (1, "printer_stopped"), ran.err
    printer.wait()
    (job,) = port("labels", "jobs", "--run", box.run_id, "--json").json["jobs"]
    assert (job["state"], job["trouble"]) == ("failed", "printer_stopped")
    assert 0 < job["done"] < 122

    printer.dies_after_bytes = None
    ran = port("labels", "send", "--job", job["id"], "--json")
    assert ran.status == 0, ran.err
    assert (ran.json["sent"], ran.json["done"]) == (122 - job["done"], 122)
    printer.wait()
    whole = [label for label in bytes(printer.jobs[1]).split(b"^XZ\n") if label]
    assert len(whole) == 122 - job["done"]


def test_a_killed_sending_goes_on_where_the_last_label_came_out(port: Run, printer: TcpPrinter) -> None:
    box = consignment(pallets=2, cartons=60)
    line = ["labels", "send", "--run", str(box.run_id), "--layout", "60x40", "--printer", "dock1"]
    printer.pause_s = 0.05
    process = subprocess.Popen(
        [sys.executable, "-m", "coldtrace", *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + PATIENCE_S
    while not printer.jobs or len(printer.jobs[0]) < 150_000:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    printer.wait()
    printer.pause_s = 0.0
    (job,) = port("labels", "jobs", "--run", box.run_id, "--json").json["jobs"]
    assert job["state"] == "running", "nobody was left to say otherwise"
    short_code = box.pallets[0].cartons[49].serial
    ran = port(*line, "--after", short_code, "--json")
    assert ran.status == 1, "a serial without its check character is no short code"
    ran = port(*line, "--after", "7QK4-M2ZX-9RTB-6", "--json")
    assert (ran.status, ran.json["code"]) == (1, "malformed_short_code")
    void = port("codes", "void", "7QK4-M2ZX-9RTB-6", "--reason", "x", "--json")
    assert (void.status, void.json["code"]) == (1, "malformed_short_code")
    ran = port(*line, "--after", box.pallets[0].cartons[49].uri, "--json")
    assert (ran.status, ran.json["sent"]) == (0, 122 - 50), ran.err


def test_void_labels_are_left_out_of_a_sending_and_of_its_rest(port: Run, printer: TcpPrinter) -> None:
    box = consignment(pallets=2, cartons=60)
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        session.execute(text("UPDATE issued_code SET voided_at = now() WHERE position IN (3, 70, 71, 122)"))
    printer.dies_after_bytes = 500_000
    line = ["labels", "send", "--run", box.run_id, "--layout", "60x40", "--printer", "dock1", "--json"]
    assert port(*line).json["code"] == "printer_stopped"
    printer.wait()
    (job,) = port("labels", "jobs", "--run", box.run_id, "--json").json["jobs"]
    assert job["done"] % 20 == 1, "batches of 20 labels, and the one that was left out"
    assert 3 < job["done"] < 70
    printer.dies_after_bytes = None
    ran = port(*line)
    assert (ran.status, ran.json["sent"], ran.json["done"]) == (0, 122 - job["done"] - 3, 122), ran.err
    assert (ran.json["skipped"], ran.json["skipped_numbers"]) == (3, "70-71, 122")
    assert "number 70-71, 122" in ran.err
    printer.wait()
    assert bytes(printer.jobs[1]).count(b"^XA") == ran.json["sent"]


def test_pictures_keep_their_numbers_when_one_becomes_void(port: Run, tmp_path: Path) -> None:
    run_id = consignment(cartons=3).run_id
    out = tmp_path / "pictures"
    line = ["labels", "make", "--run", run_id, "--layout", "60x40", "--format", "png", "--out", out, "--json"]
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        session.execute(text("UPDATE issued_code SET voided_at = now() WHERE position = 2"))
    ran = port(*line)
    assert (ran.json["labels"], ran.json["skipped_numbers"]) == (3, "2"), ran.err
    assert sorted(int(each.name.split("-")[0]) for each in out.iterdir()) == [1, 3, 4]


def test_a_spoiled_label_is_made_again_with_the_same_code_and_logged(
    port: Run, printer: TcpPrinter, tmp_path: Path
) -> None:
    box = consignment(cartons=3)
    carton, label = box.carton, box.pallets[0].label
    out = tmp_path / "again.png"
    line = ["labels", "reprint", carton.uri, "--reason", "冷凝水浸湿", "--format", "png", "--out", out, "--json"]
    ran = port(*line)
    assert (ran.status, ran.json["units"]) == (0, [carton.unit_id]), ran.err
    assert read_picture(Image.open(out)) == [carton.uri.encode()]

    sheet = tmp_path / "again.pdf"
    both = port("labels", "reprint", carton.uri, label.uri, carton.uri, "--reason", "torn", "--out", sheet, "--json")
    assert both.json["units"] == [carton.unit_id, label.unit_id], "named twice, made once"
    for _ in range(2):
        sent = port("labels", "reprint", carton.uri, "--reason", "wet", "--printer", "dock1", "--json")
        assert sent.status == 0, sent.err
    printer.wait()
    assert len(printer.labels) == 2

    log = port("labels", "reprints", "--run", box.run_id, "--json").json
    assert log["next"] is None
    told = [(each["unit"], each["reason"], each["times"], each["hint"]) for each in log["reprints"]]
    assert sorted(told) == sorted(
        [
            (carton.unit_id, "wet", 4, True),
            (carton.unit_id, "wet", 4, True),
            (carton.unit_id, "torn", 4, True),
            (label.unit_id, "torn", 1, False),
            (carton.unit_id, "冷凝水浸湿", 4, True),
        ]
    )
    assert all(each["by"] == "command line" for each in log["reprints"])
    first = port("labels", "reprints", "--limit", 2, "--json").json
    rest = port("labels", "reprints", "--limit", 1000, "--after", first["next"], "--json").json
    assert first["reprints"] + rest["reprints"] == log["reprints"]
    assert port("labels", "reprints", "--run", NOBODY, "--json").json == {"reprints": [], "next": None}
    people = port("labels", "reprints")
    assert re.search(r"\t4\tcommand line\twet\t!", people.out)


def test_what_cannot_be_made_again(port: Run, tmp_path: Path) -> None:
    box = consignment(cartons=1)
    out = tmp_path / "a.pdf"
    cases: list[tuple[list[object], int, str]] = [
        (["no code", "--reason", "x", "--out", out], 1, "code_not_issued"),
        (["7QK4-M2ZX-9RTB-5", "--reason", "x", "--out", out], 1, "code_not_issued"),
        (["7QK4-M2ZX-9RTB-6", "--reason", "x", "--out", out], 1, "malformed_short_code"),
        ([box.carton.uri, "--reason", " ", "--out", out], 1, "reprint_reason_missing"),
        ([box.carton.uri, "--reason", "x"], 2, "nothing_to_do"),
        ([box.carton.uri, "--reason", "x", "--printer", "dock1"], 1, "printer_unknown"),
        ([*[box.carton.uri] * 201, "--reason", "x", "--out", out], 1, "too_many_reprints"),
    ]
    for line, status, code in cases:
        ran = port("labels", "reprint", *line, "--json")
        assert (ran.status, ran.json["code"]) == (status, code), ran.err
    assert not out.exists()
    assert json.loads(port("labels", "reprints", "--json").out)["reprints"] == []


def test_printers_that_cannot_be_read_stop_the_start(port: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("dock1", "dock1=host", "dock1=host:0", "dock1=a:1,dock1=b:1", "dock1=a:1 600dpi", "{"):
        monkeypatch.setenv("COLDTRACE_PRINTERS", wrong)
        ran = port("labels", "jobs", "--run", NOBODY, "--json")
        assert (ran.status, ran.json["code"]) == (2, "setting_invalid"), wrong
        assert "COLDTRACE_PRINTERS" in ran.json["en"]


def test_a_roll_and_goods_without_a_gtin_are_printed_like_any_run(port: Run, tmp_path: Path) -> None:
    for number, product in enumerate(([], ["--gtin", "19521234543210"])):
        roll = port("rolls", "new", "--site", GLNS[SiteRole.FIRST_STATION], "--count", 4, *product, "--json")
        assert roll.status == 0, roll.err
        run_id = roll.json["roll"]
        for format in ("png", "zpl-native", "csv"):
            how = ["--layout", "100x100", "--format", format, "--out", tmp_path / f"{number}.{format}.out"]
            ran = port("labels", "make", "--run", run_id, *how, "--json")
            assert (ran.status, ran.json["labels"]) == (0, 4), ran.err
