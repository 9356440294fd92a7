"""A real `coldtrace import` killed in the middle of a large draw, and drawn to its end by a second process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.cli.installation import open_installation
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.short_code import is_serial
from coldtrace.settings import Settings
from support.packing_sheets import BLOCK_ZH, workbook

PALLETS, CARTONS = 20, 1_500
WANTED = PALLETS * (CARTONS + 1)
HEADER = ("托盘号", "品名", "GTIN", "批号", "生产日期", "保质期", "箱数", "净重(kg)")


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    return os.environ | {"COLDTRACE_DATABASE_URL": database_url, "COLDTRACE_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def packing(tmp_path: Path) -> Path:
    lines = [
        (f"P{number + 1:02}", "冻牛腩", "19521234543210", "L2409A17", "2026-09-03", "24个月", CARTONS, CARTONS * 20)
        for number in range(PALLETS)
    ]
    path = tmp_path / "large.xlsx"
    path.write_bytes(workbook({"装箱单": [*BLOCK_ZH, (), HEADER, *lines]}))
    return path


def command(environment: dict[str, str], *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "coldtrace", *(str(each) for each in arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture
def station(environment: dict[str, str], database_url: str) -> None:
    data_dir = Path(environment["COLDTRACE_DATA_DIR"])
    with open_installation(Settings(database_url=database_url, data_dir=data_dir), create=True):
        pass
    names = ["--name-zh", "口岸", "--name-en", "Port", "--firm-zh", "滨海远洋", "--firm-en", "Binhai"]
    place = ["--gln", "9521234000013", "--role", "first_station", "--district", "120116"]
    status, _, err = finished(command(environment, "sites", "register", *place, *names, "--uscc", "91120116MA05TE5T1N"))
    assert status == 0, err


def progress(sessions: sessionmaker[Session]) -> tuple[int, int]:
    """Return how many codes the runs want and how many exist."""
    with sessions() as session:
        wanted = session.execute(text("SELECT COALESCE(sum(wanted), 0) FROM code_run")).scalar_one()
        return int(wanted), int(session.execute(text("SELECT count(*) FROM issued_code")).scalar_one())


def killed_half_way(process: "subprocess.Popen[str]", sessions: sessionmaker[Session], *, beyond: int) -> int:
    """Kill a process once more than `beyond` codes exist; return how many were there then."""
    deadline = time.monotonic() + 60
    while progress(sessions)[1] <= beyond:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    return progress(sessions)[1]


@pytest.mark.usefixtures("station")
def test_a_killed_import_goes_on_without_a_gap_or_a_double(
    environment: dict[str, str], packing: Path, sessions: sessionmaker[Session]
) -> None:
    first = killed_half_way(command(environment, "import", packing, "--json"), sessions, beyond=0)
    assert 0 < first < WANTED
    # The same file again goes on, and is killed too.
    second = killed_half_way(command(environment, "import", packing, "--json"), sessions, beyond=first)
    assert first < second < WANTED
    status, out, _ = finished(command(environment, "codes", "runs", "--json"))
    listed = json.loads(out)["runs"]
    assert status == 0
    assert [(run["wanted"], run["drawn"], run["state"]) for run in listed] == [(WANTED, second, "drawing")]
    refused, _, err = finished(
        command(environment, "labels", "make", "--run", listed[0]["run"], "--out", packing.with_suffix(".pdf"))
    )
    assert refused == 1
    assert "coldtrace codes resume" in err

    status, out, err = finished(command(environment, "codes", "resume", "--json"))
    assert status == 0, err
    assert json.loads(out) == {"runs": [{"run": listed[0]["run"], "drawn": WANTED, "wanted": WANTED}]}
    assert finished(command(environment, "codes", "resume", "--json"))[:2] == (0, '{"runs": []}\n')
    assert_whole(sessions)


def assert_whole(sessions: sessionmaker[Session]) -> None:
    """Every position once, every code for itself, every pallet with all its cartons and its label behind them."""
    with sessions() as session:
        codes = session.execute(
            text("SELECT position, kind, pallet, serial, unit_id, uri FROM issued_code ORDER BY position")
        ).all()
        hashes = session.execute(text("SELECT count(DISTINCT code_hash) FROM issued_code")).scalar_one()
        runs = session.execute(text("SELECT drawn, wanted FROM code_run")).all()
    assert [tuple(run) for run in runs] == [(WANTED, WANTED)]
    assert [code.position for code in codes] == list(range(1, WANTED + 1))
    assert [(code.kind, code.pallet) for code in codes] == [
        (kind, f"P{number + 1:02}") for number in range(PALLETS) for kind in (*["unit"] * CARTONS, "pallet")
    ]
    cartons = [code for code in codes if code.kind == "unit"]
    assert len({code.serial for code in cartons}) == PALLETS * CARTONS
    assert len({code.unit_id for code in codes}) == WANTED == hashes
    assert all(is_serial(code.serial) for code in cartons)
    for code in codes[:: CARTONS // 3]:
        assert parse_trace_code(code.uri).unit_id == code.unit_id
