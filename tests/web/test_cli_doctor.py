"""`coldtrace doctor` with real faults: a full disk, a stopped database, an old list, wrong keys, silent machines."""

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from coldtrace import clock
from coldtrace.cli.installation import open_installation
from coldtrace.db.engine import read_url
from coldtrace.doctor.model import THINGS, Outcome
from coldtrace.doctor.outside import mail_finding, public_host_findings
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry
from coldtrace.ledger.sequencer import tick
from coldtrace.settings import Settings, load_settings
from support.command_line import Ran, Run
from support.mail_server import mail_server, make_certificate
from support.tcp_printer import tcp_printer

SECRET = "s3cr3t-word-of-the-database"


def results(ran: Ran) -> dict[str, str]:
    """Return the worst result of each thing."""
    order = ["passed", "not_checked", "look", "failed"]
    found: dict[str, str] = {}
    for each in ran.json["findings"]:
        before = found.get(each["name"], "passed")
        found[each["name"]] = max(before, each["result"], key=order.index)
    return found


def says(ran: Ran, thing: str) -> str:
    return " ".join(each["en"] for each in ran.json["findings"] if each["name"] == thing)


def test_an_installation_in_order_exits_0(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with open_installation(load_settings()) as installation:
        grow(installation.sequencer, installation.env)
    ran = run("doctor", "--json")
    assert list(dict.fromkeys(each["name"] for each in ran.json["findings"])) == list(THINGS), ran.json
    assert results(ran) == {
        **dict.fromkeys(THINGS, "passed"),
        "database_programs": "not_checked",  # the test's database is given by its URL
        "sequencer": "not_checked",
        "service": "not_checked",
        "public_host": "not_checked",
        "public_clock": "not_checked",
        "printers": "not_checked",
        "mail": "not_checked",
        "backup": "not_checked",
    }
    assert (ran.status, ran.json["ok"], ran.err) == (0, True, "")
    assert "development" in says(ran, "public_host")

    mark = tmp_path / "backup finished"
    mark.touch()
    monkeypatch.setenv("COLDTRACE_BACKUP_MARK", str(mark))
    with tcp_printer() as printer, mail_server() as mail:
        monkeypatch.setenv("COLDTRACE_PRINTERS", f"dock1=127.0.0.1:{printer.port}")
        monkeypatch.setenv("COLDTRACE_SMTP_URL", f"smtp://127.0.0.1:{mail.port}")
        ran = run("doctor")
        assert ran.status == 0
        assert "正常 In order\t标签打印机 Label printers\tdock1" in ran.out
        assert "正常 In order\t邮件 Mail\t" in ran.out
        assert "正常 In order\t备份 Backup\t" in ran.out
        assert [bytes(job) for job in printer.jobs] == [b""], "nothing is printed"
        assert mail.letters == []


def grow(engine: object, env: object) -> None:
    """Have the sequencer place what waits, as the service does."""
    with engine.begin() as connection:  # type: ignore[attr-defined]
        tick(connection, env, env.log, now=clock.now())  # type: ignore[arg-type,attr-defined]


def test_silent_machines_are_to_be_looked_at(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        monkeypatch.setenv("COLDTRACE_PRINTERS", f"dock1=127.0.0.1:{port}")
        monkeypatch.setenv("COLDTRACE_SMTP_URL", f"smtp://me:{SECRET}@127.0.0.1:{port}")
        monkeypatch.setenv("COLDTRACE_BACKUP_MARK", str(tmp_path / "never made"))
        ran = run("doctor", "--json")
    assert ran.status == 1
    found = results(ran)
    assert (found["printers"], found["mail"], found["backup"]) == ("look", "failed", "failed")
    assert f"dock1 127.0.0.1:{port}" in says(ran, "printers")
    assert SECRET not in ran.out + ran.err


def test_an_old_trust_list_and_an_old_backup(
    run: Run, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "backup"
    mark.touch()
    old = clock.now().timestamp() - 8 * 86_400
    os.utime(mark, (old, old))
    monkeypatch.setenv("COLDTRACE_BACKUP_MARK", str(mark))
    execute(
        database_url,
        "ALTER TABLE trust_list DISABLE TRIGGER USER",
        "UPDATE trust_list SET issued_at = issued_at - interval '30 days',"
        " expires_at = expires_at - interval '30 days'",
    )
    ran = run("doctor", "--json")
    assert ran.status == 1
    assert (results(ran)["trust_list"], results(ran)["backup"]) == ("failed", "failed")
    text_ran = run("doctor")
    assert "-> 请启动服务" in text_ran.out
    assert "coldtrace trust-list publish" in text_ran.out


def test_what_waits_for_the_log_too_long(run: Run) -> None:
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        env = installation.env
        entry = Entry(
            entry_id=env.new_id(),
            leaf=b"x",
            leaf_hash=bytes(32),
            received_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        ledger.append(session, env.log, [entry])
    ran = run("doctor", "--json")
    assert (ran.status, results(ran)["sequencer"]) == (1, "failed")
    assert "entries wait" in says(ran, "sequencer")


def test_a_schema_that_is_behind(run: Run, database_url: str) -> None:
    execute(database_url, "UPDATE alembic_version SET version_num = '0008'")
    ran = run("doctor", "--json")
    assert (ran.status, results(ran)["migrations"], results(ran)["trust_list"]) == (1, "failed", "not_checked")
    assert "db upgrade" in str(ran.json)


def test_a_stopped_database_and_a_password_that_is_not_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDTRACE_DATABASE_URL", f"postgresql://me:{SECRET}@127.0.0.1:1/x?password={SECRET}")
    ran = run("doctor", "--json")
    assert (ran.status, results(ran)["database"], results(ran)["log"]) == (1, "failed", "not_checked")
    assert results(ran)["keys"] == "passed"
    assert SECRET not in ran.out + ran.err
    monkeypatch.delenv("COLDTRACE_DATABASE_URL")
    ran = run("doctor", "--json")
    assert (ran.status, results(ran)["database"]) == (1, "failed")
    assert "coldtrace serve" in str(ran.json["findings"])
    assert results(ran)["database_programs"] == "passed", "the wheel's own program ran"
    assert not (load_settings().data_dir / "postgres").exists(), "nothing is made"


def test_keys_that_cannot_be_read(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = load_settings().data_dir / "keys"
    whole = (keys / "receipt.pem").read_bytes()
    (keys / "receipt.pem").write_bytes(whole[:80])
    ran = run("doctor", "--json")
    assert (ran.status, results(ran)["keys"], results(ran)["passphrase"]) == (1, "failed", "passed")
    assert "receipt.pem" in says(ran, "keys")
    (keys / "receipt.pem").write_bytes(whole)

    other = tmp_path / "other"
    other.write_text("another passphrase of some length\n")
    other.chmod(0o600)
    monkeypatch.setenv("COLDTRACE_KEY_PASSPHRASE_FILE", str(other))
    assert results(run("doctor", "--json"))["keys"] == "failed"
    other.chmod(0o644)
    ran = run("doctor", "--json")
    assert (results(ran)["passphrase"], results(ran)["keys"]) == ("failed", "not_checked")
    assert "another passphrase" not in ran.out + ran.err
    (keys / "log.pem").unlink()
    assert results(run("doctor", "--json"))["keys"] == "failed"


def test_development_keys_in_production(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    passphrase = load_settings().data_dir / "key-passphrase"
    monkeypatch.setenv("COLDTRACE_KEY_PASSPHRASE_FILE", str(passphrase))
    monkeypatch.setenv("COLDTRACE_ENV", "production")
    monkeypatch.setenv("COLDTRACE_PUBLIC_HOST", "127.0.0.1:9")
    ran = run("doctor", "--json")
    found = results(ran)
    assert (ran.status, found["keys"], found["public_host"], found["public_clock"]) == (
        1,
        "failed",
        "look",
        "not_checked",
    )


def test_no_installation_could_not_run(first_run: Run) -> None:
    ran = first_run("doctor", "--json")
    assert (ran.status, ran.json["code"]) == (2, "no_installation")


_ON_A_SMALL_DISK = """
import pathlib, subprocess, sys
from coldtrace.doctor.folder import disk_finding
folder = pathlib.Path(sys.argv[1])
for options in ("size=32k", "size=4m", "remount,ro"):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)
    found = disk_finding(folder)
    print(found.outcome.value, found.says.en)
"""


def test_a_full_and_a_read_only_disk(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    done = subprocess.run(
        ["unshare", "--user", "--mount", "--map-root-user", sys.executable, "-c", _ON_A_SMALL_DISK, tmp_path / "disk"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["failed", "failed", "failed"], done
    assert "No space left on device" in lines[0]
    assert "0.0 GiB free" in lines[1]
    assert "Read-only file system" in lines[2]


@contextmanager
def https_host(folder: Path) -> Iterator[int]:
    """A host with HTTPS whose clock is right."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *values: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_the_certificate_and_the_clock_of_the_public_host(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "tls")
    with https_host(tmp_path / "tls") as port:
        settings = Settings(env="production", public_host=f"127.0.0.1:{port}")
        trusting = ssl.create_default_context(cafile=str(certificate))
        found = public_host_findings(settings, clock=clock.now, context=trusting)
        assert [each.outcome for each in found] == [Outcome.PASSED, Outcome.PASSED], found
        assert "days left" in found[0].says.en
        unknown = public_host_findings(settings, clock=clock.now)
        assert [each.outcome for each in unknown] == [Outcome.FAILED, Outcome.NOT_CHECKED]
        assert "self-signed" in unknown[0].says.en or "self signed" in unknown[0].says.en


def test_a_mail_server_with_a_certificate_that_nobody_knows(tmp_path: Path) -> None:
    make_certificate(tmp_path / "tls")
    with mail_server(tls=tmp_path / "tls") as mail:
        found = mail_finding(f"smtp://me:{SECRET}@127.0.0.1:{mail.port}")
    assert (found.outcome, SECRET in str(found)) == (Outcome.FAILED, False)


def execute(database_url: str, *statements: str) -> None:
    engine = create_engine(read_url(database_url))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
