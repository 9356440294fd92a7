"""`coldtrace serve` from start to end: nothing survives it, however it ends, and nothing is lost."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from coldtrace.db.supervisor import is_alive
from support.service import running_service


def server_pid(data_dir: Path) -> int:
    return int(json.loads((data_dir / "postgres.json").read_text())["pid"])


def ends(pid: int, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(pid)


def serve(data_dir: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `coldtrace serve` where it is expected to give up."""
    environment = {
        "COLDTRACE_DATA_DIR": str(data_dir),
        "COLDTRACE_PORT": "0",
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
    }
    environment |= {f"COLDTRACE_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "coldtrace", "serve"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One installation that all tests of this file start again and again."""
    folder = tmp_path_factory.mktemp("life") / "my data"
    with running_service(folder, demo_world=False):
        pass
    return folder


def test_ctrl_c_stops_the_service_and_its_database(data_dir: Path) -> None:
    with running_service(data_dir, demo_world=False) as service:
        pid = server_pid(data_dir)
        assert httpx.get(f"{service.url}/readyz").status_code == 200
        token = service.token
    assert not is_alive(pid)
    with running_service(data_dir, demo_world=False) as service:
        assert service.token == token


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda how: how.name)
def test_no_signal_leaves_an_orphan(data_dir: Path, how: signal.Signals) -> None:
    # Started under nohup, as by a build server, this process ignores SIGHUP and its children would inherit that.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        with running_service(data_dir, demo_world=False) as service:
            pid = server_pid(data_dir)
            service.process.send_signal(how)
            service.process.wait(30)
            assert ends(pid)
    finally:
        signal.signal(signal.SIGHUP, before)
    with running_service(data_dir, demo_world=False) as service:
        assert httpx.get(f"{service.url}/readyz").status_code == 200


def test_a_command_joins_the_running_service(data_dir: Path) -> None:
    with running_service(data_dir, demo_world=False) as service:
        pid = server_pid(data_dir)
        environment = {"COLDTRACE_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin"}
        command = [sys.executable, "-m", "coldtrace", "db", "upgrade", "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert server_pid(data_dir) == pid
        assert httpx.get(f"{service.url}/readyz").status_code == 200


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return what was said, having made sure that it is an answer and not a crash."""
    assert done.returncode not in (0, -9)
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_taken_port_is_one_sentence(data_dir: Path, tmp_path: Path) -> None:
    with running_service(data_dir, demo_world=False) as service:
        port = service.url.rpartition(":")[2]
        assert port in one_sentence(serve(tmp_path / "var", PORT=port))


def test_a_wrong_url_is_one_sentence(tmp_path: Path) -> None:
    assert "postgresql://user" in one_sentence(serve(tmp_path / "var", DATABASE_URL="mysql://x/y"))
    said = one_sentence(serve(tmp_path / "var", DATABASE_URL="postgresql://me:secret@127.0.0.1:1/x"))
    assert "127.0.0.1" in said
    assert "secret" not in said


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    assert "COLDTRACE_SEQUENCER_TICK_MS" in one_sentence(serve(tmp_path / "var", SEQUENCER_TICK_MS="soon"))


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "COLDTRACE_DATA_DIR" in one_sentence(serve(tmp_path / "file" / "var"))
