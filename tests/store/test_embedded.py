"""The embedded PostgreSQL: where it may live, who may use it, and that nothing survives or is lost."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from coldtrace.db import embedded, programs, supervisor
from coldtrace.db.embedded import open_database, remove_database
from coldtrace.db.refusals import (
    BinariesMissing,
    DatabaseDidNotStart,
    DataFolderInUse,
    DataFolderUnusable,
    DataFromOtherVersion,
    DiskFull,
    NamespacesRefused,
)

OWNER = """
import sys
from pathlib import Path
from coldtrace.db.embedded import open_database
with open_database(database_url=None, data_dir=Path(sys.argv[1]), keep=sys.argv[2] == "keep") as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder made once; copying it is quicker than initdb."""
    folder = tmp_path_factory.mktemp("prepared") / "var"
    with open_database(database_url=None, data_dir=folder) as url, connect(url) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    return folder


@pytest.fixture
def data_dir(prepared: Path, tmp_path: Path) -> Path:
    """A data folder with a cluster in it, in a folder with a blank in its name that only we can enter."""
    home = tmp_path / "my home"
    home.mkdir(mode=0o700)
    shutil.copytree(prepared, home / "var")
    return home / "var"


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def only(url: str, question: str) -> object:
    with connect(url) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


@contextmanager
def owner(data_dir: Path, *, how: str = "short", prefix: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs the database until its standard input ends."""
    command = [*prefix, sys.executable, "-c", OWNER, str(data_dir), how]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.communicate(timeout=60)


def announced_pid(data_dir: Path) -> int:
    return int(json.loads((data_dir / "postgres.json").read_text())["pid"])


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def processes_in(data_dir: Path) -> list[int]:
    """Return every living process that works in the cluster's folder: the postmaster and all its backends."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                here = Path(os.readlink(entry / "cwd"))
            except OSError:
                continue
            if here == data_dir / "postgres" and supervisor.is_alive(int(entry.name)):
                found.append(int(entry.name))
    return found


def test_first_start_in_a_closed_home_with_a_blank_in_its_name(tmp_path: Path) -> None:
    home = tmp_path / "my home"
    home.mkdir(mode=0o700)
    data_dir = home / "deep" / "var"
    with open_database(database_url=None, data_dir=data_dir) as url:
        settings = {
            name: only(url, f"SHOW {name}")
            for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums", "listen_addresses")
        }
        encoding = only(url, "SHOW server_encoding")
        socket_folder = Path(json.loads((data_dir / "postgres.json").read_text())["socket_folder"])
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    assert settings == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
    }
    assert encoding == "UTF8"
    for folder in (home, data_dir, data_dir / "postgres"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert processes_in(data_dir) == []
    assert not socket_folder.exists()
    assert not (data_dir / "postgres.json").exists()


def test_data_stays(data_dir: Path) -> None:
    with open_database(database_url=None, data_dir=data_dir) as url, connect(url) as connection:
        connection.execute("INSERT INTO kept VALUES (7)")
    with open_database(database_url=None, data_dir=data_dir) as url:
        assert only(url, "SELECT number FROM kept") == 7


def test_a_relative_folder_means_the_one_below_the_working_directory(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(data_dir)
    monkeypatch.chdir(data_dir.parent)
    with open_database(database_url=None, data_dir=Path("var")) as url:
        assert only(url, "SELECT 1") == 1
        assert (data_dir / "postgres" / "PG_VERSION").is_file()


def test_a_given_url_is_used_as_it_is(tmp_path: Path) -> None:
    with open_database(database_url="postgresql://elsewhere/x", data_dir=tmp_path / "var") as url:
        assert url == "postgresql://elsewhere/x"
    assert not (tmp_path / "var").exists()


def test_the_callers_own_postgresql_variables_do_not_matter(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "1", "PGDATA": "/nowhere", "PGHOST": "/nowhere", "PGUSER": "nobody"}.items():
        monkeypatch.setenv(name, value)
    with open_database(database_url=None, data_dir=data_dir) as url:
        assert only(url, "SELECT current_database()") == "coldtrace"


def test_a_long_temporary_folder_is_avoided(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with open_database(database_url=None, data_dir=data_dir) as url:
        assert only(url, "SELECT 1") == 1


# --- killed ---------------------------------------------------------------------------------------------------------


def test_kill_9_of_the_owner_leaves_no_process_and_loses_nothing(data_dir: Path) -> None:
    with owner(data_dir) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with connect(url) as connection:
            connection.execute("INSERT INTO kept VALUES (1)")
        left = Path(json.loads((data_dir / "postgres.json").read_text())["socket_folder"])
        process.kill()
        assert wait_for(lambda: processes_in(data_dir) == [])
    with open_database(database_url=None, data_dir=data_dir) as url:
        assert only(url, "SELECT count(*) FROM kept") == 1
        assert not left.exists()


def test_kill_9_of_owner_and_server_recovers_from_the_log(data_dir: Path) -> None:
    with owner(data_dir) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with connect(url) as connection:
            connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
        server = announced_pid(data_dir)
        process.send_signal(signal.SIGSTOP)  # it must not get to notice
        os.kill(server, signal.SIGKILL)
        process.kill()
    with open_database(database_url=None, data_dir=data_dir) as url:
        assert only(url, "SELECT count(*) FROM kept") == 1000
    log = (data_dir / "postgres.log").read_text()
    assert "was not properly shut down; automatic recovery in progress" in log


def test_a_killed_server_comes_back_at_the_same_address(data_dir: Path) -> None:
    """Out of memory, the kernel kills whom it likes: the service lives on and its database returns by itself."""
    with open_database(database_url=None, data_dir=data_dir) as url:
        with connect(url) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS survived (n int)")
            connection.execute("TRUNCATE survived")
            connection.execute("INSERT INTO survived SELECT generate_series(1, 1000)")
        for _ in range(2):
            first = postmaster(data_dir)
            os.kill(first, signal.SIGKILL)
            assert wait_for(lambda first=first: postmaster(data_dir) not in (0, first) and answers(url), seconds=60)
            assert only(url, "SELECT count(*) FROM survived") == 1000
        last = postmaster(data_dir)
    assert not supervisor.is_alive(last)


def postmaster(data_dir: Path) -> int:
    """Return the number of the server that says that it is ready, 0 while there is none."""
    try:
        lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return int(lines[0]) if len(lines) >= 8 and lines[7].strip() == "ready" else 0


def answers(url: str) -> bool:
    try:
        return only(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def test_a_stale_pid_file_with_the_number_of_a_living_stranger(data_dir: Path) -> None:
    """Numbers repeat in containers: PostgreSQL alone would refuse to start for ever."""
    (data_dir / "postgres" / "postmaster.pid").write_text(f"{os.getppid()}\n/elsewhere\n1700000000\n5432\n/tmp\n\n\n")
    with open_database(database_url=None, data_dir=data_dir) as url:
        assert only(url, "SELECT 1") == 1


def test_a_killed_initdb_leaves_nothing_half_made(tmp_path: Path) -> None:
    (tmp_path / "var" / "postgres.new" / "base").mkdir(parents=True)
    with open_database(database_url=None, data_dir=tmp_path / "var") as url:
        assert only(url, "SELECT 1") == 1
    assert not (tmp_path / "var" / "postgres.new").exists()


# --- shared ---------------------------------------------------------------------------------------------------------


def test_a_second_process_joins_and_leaves_the_server_running(data_dir: Path) -> None:
    with owner(data_dir) as process:
        assert process.stdout is not None
        theirs = process.stdout.readline().strip()
        server = announced_pid(data_dir)
        with open_database(database_url=None, data_dir=data_dir) as url:
            assert url == theirs
            assert only(url, "SELECT 1") == 1
        assert announced_pid(data_dir) == server
        assert supervisor.is_alive(server)
    assert processes_in(data_dir) == []


def test_two_starts_at_once_share_one_server(data_dir: Path) -> None:
    with owner(data_dir) as one, owner(data_dir) as other:
        assert one.stdout is not None
        assert other.stdout is not None
        urls = {one.stdout.readline().strip(), other.stdout.readline().strip()}
    assert len(urls) == 1
    assert "" not in urls
    assert processes_in(data_dir) == []


def test_two_data_folders_side_by_side(data_dir: Path, prepared: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    shutil.copytree(prepared, second)
    with (
        open_database(database_url=None, data_dir=data_dir) as one,
        open_database(database_url=None, data_dir=second) as other,
    ):
        assert one != other
        assert only(one, "SELECT 1") == only(other, "SELECT 1") == 1


def test_a_service_does_not_join_another_service(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "OWN_PATIENCE_S", 0.2)
    with owner(data_dir, how="keep") as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        with (
            pytest.raises(DataFolderInUse),
            open_database(database_url=None, data_dir=data_dir, keep=True),
        ):
            pass
        with pytest.raises(DataFolderInUse):
            remove_database(data_dir)


def test_removing_the_database_leaves_the_rest_of_the_folder(data_dir: Path) -> None:
    (data_dir / "keys").mkdir()
    remove_database(data_dir)
    assert sorted(entry.name for entry in data_dir.iterdir()) == ["keys", "postgres.lock"]
    remove_database(data_dir / "absent")


# --- users ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1000 if os.geteuid() == 0 else 0, 4321], ids=["other", "nameless"])
def test_it_runs_for_other_kinds_of_users_too(data_dir: Path, number: int) -> None:
    """Run by root the first is an ordinary user, else the first is root; the second is a number without a name."""
    shutil.rmtree(data_dir)
    prefix = ("unshare", "--user", f"--map-user={number}", f"--map-group={number}", "--")
    with owner(data_dir, prefix=prefix) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert only(url, "SELECT 1") == 1
    assert processes_in(data_dir) == []


def test_root_without_namespaces_is_told_what_to_do(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(programs, "UNSHARE", str(refusing))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(NamespacesRefused) as refused, open_database(database_url=None, data_dir=data_dir):
        pass
    said = refused.value.say("en")
    assert "Operation not permitted" in said
    assert "ordinary user" in said
    assert "COLDTRACE_DATABASE_URL" in said


# --- refused --------------------------------------------------------------------------------------------------------


def refuse(data_dir: Path, expected: type[Exception]) -> str:
    with pytest.raises(expected) as refused, open_database(database_url=None, data_dir=data_dir):
        pass
    return refused.value.say("en")  # type: ignore[attr-defined,no-any-return]


def test_a_disk_with_too_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "NEW_CLUSTER_MIB", 1 << 40)
    assert "are free" in refuse(tmp_path / "var", DiskFull)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("initdb: error: could not write: No space left on device", DiskFull),
        ("initdb: error: something else", DatabaseDidNotStart),
    ],
)
def test_initdb_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, expected: type[Exception]
) -> None:
    failing = tmp_path / "initdb"
    failing.write_text(f"#!/bin/sh\necho '{printed}' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(supervisor, "program", lambda name: tmp_path / name)
    refuse(tmp_path / "var", expected)
    assert printed in (tmp_path / "var" / "postgres.log").read_text()
    assert not (tmp_path / "var" / "postgres").exists()


def test_a_damaged_cluster(data_dir: Path) -> None:
    (data_dir / "postgres" / "global" / "pg_control").write_bytes(b"")
    assert "postgres.log" in refuse(data_dir, DatabaseDidNotStart)
    assert processes_in(data_dir) == []


def test_a_cluster_of_another_version(data_dir: Path) -> None:
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")
    assert "PostgreSQL 17" in refuse(data_dir, DataFromOtherVersion)


def test_a_folder_that_is_no_cluster(tmp_path: Path) -> None:
    (tmp_path / "var" / "postgres").mkdir(parents=True)
    assert "PG_VERSION" in refuse(tmp_path / "var", DataFolderUnusable)


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "COLDTRACE_DATA_DIR" in refuse(tmp_path / "file" / "var", DataFolderUnusable)


def test_programs_that_are_not_installed(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install" in refuse(data_dir, BinariesMissing)
