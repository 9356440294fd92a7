"""The commands against a real database: what they print, and 0, 1 or 2."""

import argparse
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest
from sqlalchemy import create_engine, text

from coldtrace import clock
from coldtrace.cli import main as command_line
from coldtrace.cli.installation import open_installation
from coldtrace.cli.main import main
from coldtrace.events.enrolment import read_invite
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import SiteRole
from coldtrace.settings import load_settings
from support.consignments import Consignment, open_consignment
from support.house import DISTRICTS, GLNS, Handheld
from support.web_calls import SAMPLE

WITH_ERRORS = Path(__file__).resolve().parents[1] / "data" / "packing-list-a-with-errors.xlsx"
PORT = GLNS[SiteRole.FIRST_STATION]
NOBODY = "00000000-0000-7000-8000-000000000000"
FIRM = (
    "--role market --district 120103 --name-zh 市场 --name-en Market"
    " --uscc 91120118MA00000011 --firm-zh 企业 --firm-en Firm"
)


class Ran:
    """What a command came to."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        found: dict[str, Any] = json.loads(self.out)
        assert self.out.count("\n") == 1
        return found


Run = Callable[..., Ran]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process against an installation of this test."""
    monkeypatch.setenv("COLDTRACE_DATABASE_URL", database_url)
    monkeypatch.setenv("COLDTRACE_DATA_DIR", str(tmp_path / "my data"))

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        try:
            status = main([str(each) for each in arguments])
        except SystemExit as error:  # argparse
            status = int(str(error.code))
        told = capsys.readouterr()
        return Ran(status, told.out, told.err)

    return run


@pytest.fixture
def port(run: Run) -> Run:
    """The same, with a first station registered."""
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        operator = parties.register_operator(
            session,
            installation.env,
            uscc="91120116MA05TE5T1N",
            name_zh="滨海远洋",
            name_en="Binhai",
            city_zh="天津",
            city_en="Tianjin",
        )
        parties.register_site(
            session,
            installation.env,
            parties.RegisterSite(
                gln=PORT,
                operator=operator,
                name_zh="口岸",
                name_en="Port",
                role=SiteRole.FIRST_STATION,
                district=DISTRICTS[SiteRole.FIRST_STATION],
            ),
        )
    return run


def consignment(**size: int) -> Consignment:
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        return open_consignment(session, installation.env, **size)


# Every command


def leaves(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Give every command that does something."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield name, parser
    for action in below:
        for word, child in action.choices.items():
            yield from leaves(child, f"{name} {word}".strip())


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch) -> dict[str, argparse.ArgumentParser]:
    """Every command by its words."""
    made: list[argparse.ArgumentParser] = []
    real = argparse.ArgumentParser.parse_args

    def parse_args(self: argparse.ArgumentParser, *rest: Any) -> argparse.Namespace:
        made.append(self)
        return real(self, *rest)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    with pytest.raises(SystemExit):
        main(["--help"])
    return dict(leaves(made[0]))


BASE = {"codes parse X", "codes verify X --trust-list F", "verify F", "trust-list show F", "trust-list verify F"}
SERVER = {
    "serve", "demo", "reset --yes", "db upgrade", "keys init", "keys list", "tokens new --name x",
    f"devices invite --site {PORT}", "import F", f"labels make --run {NOBODY} --out F", "sites list",
    f"sites register --gln {PORT} {FIRM}", "devices list", "devices revoke AAAA",
}  # fmt: skip


def test_every_command_is_known_here_and_takes_json(tree: dict[str, argparse.ArgumentParser]) -> None:
    known = {" ".join(word for word in line.split(" --")[0].split(" ") if word.islower()) for line in BASE | SERVER}
    assert set(tree) == known
    for name, parser in tree.items():
        assert "--json" in {option for action in parser._actions for option in action.option_strings}, name
        assert parser.format_help()


_BLOCKED = """
import sys
from coldtrace.cli.main import main

class Gone:
    names = set("alembic fastapi fontTools jinja2 openpyxl PIL psycopg pycountry pydantic pydantic_settings qrcode"
                " sqlalchemy sqlmodel starlette uvicorn zxingcpp".split())
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Gone())
sys.exit(main(sys.argv[1:]))
"""


def bare(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a base install would, without the server's libraries."""
    return subprocess.run(
        [sys.executable, "-c", _BLOCKED, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "COLDTRACE_DATA_DIR": str(tmp_path / "var")},
    )


@pytest.mark.parametrize("line", sorted(SERVER))
def test_without_the_server_extra_a_command_says_what_to_install(tmp_path: Path, line: str) -> None:
    (tmp_path / "F").write_bytes(SAMPLE)
    done = bare(tmp_path, *line.split(), "--json")
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["code"] == "server_parts_missing"
    assert "pip install 'coldtrace[server]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("line", sorted(BASE))
def test_base_commands_work_without_the_server_extra(tmp_path: Path, line: str) -> None:
    done = bare(tmp_path, *line.split(), "--json")
    assert done.returncode in (1, 2)
    assert isinstance(json.loads(done.stdout), dict)
    assert "server" not in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_is_a_short_usage(run: Run) -> None:
    ran = run()
    assert (ran.status, ran.out) == (2, "")
    assert "usage: coldtrace" in ran.err


# The database


def test_the_database_is_upgraded(run: Run) -> None:
    ran = run("db", "upgrade", "--json")
    assert (ran.status, ran.json) == (0, {"database": "up to date"})
    assert run("db", "upgrade").out == "database\tup to date\n"


def test_a_newer_database_is_one_sentence_and_two(run: Run, database_url: str) -> None:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for line in (("db", "upgrade"), ("tokens", "new", "--name", "x"), ("import", __file__), ("keys", "list")):
        ran = run(*line, "--json")
        assert (ran.status, ran.json["code"]) == (2, "database_is_newer"), line
        assert "9999" in ran.err


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://x/y", "database_url_invalid"),
        ("nonsense", "database_url_invalid"),
        ("postgresql://me:secret@127.0.0.1:1/x", "database_unreachable"),
    ],
)
@pytest.mark.parametrize(
    "line",
    [
        "db upgrade",
        "tokens new --name x",
        "keys list",
        "sites list",
        f"sites register --gln {PORT} {FIRM}",
        "devices list",
        "devices revoke AAAA",
        f"devices invite --site {PORT}",
        "import FILE",
        "import --undo x-y",
        f"import --undo {NOBODY}",
        f"labels make --run {NOBODY} --out O",
    ],
)
def test_a_wrong_url_could_not_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, code: str, line: str
) -> None:
    monkeypatch.setenv("COLDTRACE_DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_bytes(SAMPLE)
    ran = run(*line.split(), "--json")
    if line.endswith("x-y"):
        assert (ran.status, ran.json["code"]) == (1, "consignment_unknown")
        return
    assert (ran.status, ran.json["code"]) == (2, code)
    assert set(ran.json) == {"code", "zh", "en"}
    assert "secret" not in ran.out + ran.err
    assert ran.err.count("\n") == 2


def test_a_database_that_goes_away_in_the_middle_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def go(*_: object, **__: object) -> None:
        with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
            pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
            with installation.engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            session.execute(text("SELECT 1"))

    monkeypatch.setattr("coldtrace.parties.service.make_token", go)
    ran = run("tokens", "new", "--name", "x", "--json")
    assert (ran.status, ran.json["code"]) == (2, "database_lost")
    assert "Traceback" not in ran.err


def test_a_bug_is_not_hidden(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldtrace.parties.service.make_token", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("tokens", "new", "--name", "x")


def test_a_wrong_setting_could_not_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDTRACE_PORT", "many")
    ran = run("db", "upgrade", "--json")
    assert (ran.status, ran.json["code"]) == (2, "setting_invalid")
    assert "COLDTRACE_PORT" in ran.err


def test_ctrl_c_is_quiet(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("coldtrace.parties.service.make_token", interrupted)
    ran = run("tokens", "new", "--name", "x")
    assert (ran.status, ran.err) == (130, "")


def test_a_taken_port_is_told_before_anything_is_started(run: Run, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ran = run("serve", "--port", other.getsockname()[1], "--json")
    assert (ran.status, ran.json["code"]) == (2, "port_taken")
    assert not (tmp_path / "my data").exists()
    ran = run("serve", "--host", "192.0.2.1", "--port", "0", "--json")
    assert (ran.status, ran.json["code"]) == (2, "port_taken")


# Keys, tokens, production


def test_production_wants_keys_of_its_own(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("db", "upgrade").status == 0
    assert run("keys", "list").status == 0, "development keys are made at the first need"
    monkeypatch.setenv("COLDTRACE_ENV", "production")
    for line in (["keys", "list"], ["tokens", "new", "--name", "x"], ["serve", "--port", "0"]):
        ran = run(*line, "--json")
        assert (ran.status, ran.json["code"]) == (2, "development_only"), line
    refused = run("keys", "init", "--json")
    assert (refused.status, refused.json["code"]) == (1, "keys_exist")

    monkeypatch.setenv("COLDTRACE_DATA_DIR", str(tmp_path / "real"))
    ran = run("keys", "list", "--json")
    assert (ran.status, ran.json["code"]) == (2, "not_installed")
    assert "coldtrace keys init" in ran.err
    made = run("keys", "init", "--json")
    assert (made.status, set(made.json)) == (0, {"keys", "net"})
    assert (tmp_path / "real" / "keys").stat().st_mode & 0o777 == 0o700
    other = run("keys", "list", "--json")
    assert (other.status, other.json["code"]) == (2, "other_installation"), "this database belongs to the first keys"


def test_keys_are_listed_with_their_use(port: Run) -> None:
    keys = port("keys", "list", "--json").json["keys"]
    assert sorted(key["use"] for key in keys) == ["code", "enrolment", "log", "receipt"]
    (code,) = [key for key in keys if key["use"] == "code"]
    assert (code["station"], code["state"], code["alg"]) == (PORT, "active", "Ed25519")
    assert len(port("keys", "list").out.splitlines()) == 4


def test_a_token_is_shown_once_and_works(run: Run) -> None:
    ran = run("tokens", "new", "--name", "erp", "--days", "7", "--json")
    assert (ran.status, ran.json["name"], ran.json["days"]) == (0, "erp", 7)
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        name = parties.recognise_token(session, installation.env, ran.json["token"], production=True)
        kept = session.execute(text("SELECT token_hash FROM api_token")).scalar_one()
    assert name == "erp"
    assert ran.json["token"].encode() not in bytes(kept)


@pytest.mark.parametrize("days", ["0", "-5", "99999999999", "x", "1.5"])
def test_a_token_lives_a_sensible_time(run: Run, days: str) -> None:
    ran = run("tokens", "new", "--name", "x", f"--days={days}")
    assert (ran.status, ran.out) == (2, "")
    assert "--days" in ran.err


# Devices


def test_an_invitation_can_be_read_and_scanned(port: Run) -> None:
    ran = port("devices", "invite", "--site", PORT, "--json")
    assert (ran.status, set(ran.json)) == (0, {"invite", "expires_at"})
    invite = read_invite(ran.json["invite"])
    assert (invite.site, invite.url) == (PORT, "http://127.0.0.1:8000")
    assert clock.format_utc(invite.expires) == ran.json["expires_at"]
    people = port("devices", "invite", "--site", PORT, "--url", "https://trace.example.cn")
    assert "█" in people.out
    assert "CTI1." in people.out


@pytest.mark.parametrize(("gln", "code"), [("9521234000020", "site_unknown"), ("123", "malformed_number")])
def test_an_invitation_for_no_site_is_refused(port: Run, gln: str, code: str) -> None:
    ran = port("devices", "invite", "--site", gln, "--json")
    assert (ran.status, ran.json["code"]) == (1, code)


@pytest.mark.parametrize(("name", "value"), [("HOST", "0.0.0.0"), ("HOST", "::"), ("PORT", "0")])
def test_an_invitation_names_an_address_that_can_be_called(
    port: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"COLDTRACE_{name}", value)
    ran = port("devices", "invite", "--site", PORT, "--json")
    assert (ran.status, ran.json["code"]) == (2, "nothing_to_do")
    assert "--url" in ran.err
    assert port("devices", "invite", "--site", PORT, "--url", "http://10.0.0.7:8000", "--json").status == 0


def test_an_ipv6_address_is_written_as_one(port: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDTRACE_HOST", "::1")
    invite = read_invite(port("devices", "invite", "--site", PORT, "--json").json["invite"])
    assert invite.url == "http://[::1]:8000"


def test_a_device_is_listed_and_revoked(port: Run) -> None:
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        (site,) = parties_store.sites(session)
        Handheld.enrol(session, installation.env, site)
    (device,) = port("devices", "list", "--json").json["devices"]
    assert (device["site"], device["state"]) == (PORT, "active")
    before = newest_list()
    ran = port("devices", "revoke", device["key"], "--json")
    assert ran.status == 0, ran.err
    assert port("devices", "list").out.split("\t")[-1].strip() == "revoked"
    assert newest_list() > before
    for nobody in ("AAAA", "A" * 43, "not*base64"):
        ran = port("devices", "revoke", nobody, "--json")
        assert ran.status == 1
        assert ran.json["code"]


def newest_list() -> int:
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        newest = parties_store.newest_trust_list(session)
        assert newest is not None
        return newest.seq


# Sites


def test_a_site_is_registered_once(run: Run) -> None:
    line = ["sites", "register", "--gln", GLNS[SiteRole.MARKET], *FIRM.split()]
    first = run(*line, "--json")
    assert first.status == 0, first.err
    again = run(*line, "--json")
    assert (again.status, again.json) == (0, first.json)
    other = run(*line, "--name-zh", "另一个", "--json")
    assert (other.status, other.json["code"]) == (1, "site_differs")
    listed = run("sites", "list", "--json")
    assert listed.status == 0
    assert GLNS[SiteRole.MARKET] in listed.out
    assert GLNS[SiteRole.MARKET] in run("sites", "list").out


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--gln", "9521234000045", "malformed_number"),
        ("--district", "12", "malformed_district"),
        ("--uscc", "91120118MA00000012", "uscc_check_character"),
        ("--uscc", "", "uscc_length"),
    ],
)
def test_a_site_with_wrong_numbers_is_refused(run: Run, option: str, value: str, code: str) -> None:
    ran = run("sites", "register", "--gln", PORT, *FIRM.split(), option, value, "--json")
    assert (ran.status, ran.json["code"]) == (1, code)


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
    assert (ran.status, ran.json["code"]) == (1, "no_labels")
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
    (tmp_path / "my data" / "keys" / f"station-{PORT}.pem").unlink()
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


def test_the_list_of_commands_is_the_whole_folder() -> None:
    folder = Path(command_line.__file__).parent
    with_parser = {path.stem for path in folder.glob("*.py") if "def add_parser" in path.read_text()}
    assert with_parser == {*command_line.BASE, *command_line.SERVER}
