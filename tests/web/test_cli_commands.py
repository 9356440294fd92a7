"""The commands against a real database: what they print, and 0, 1 or 2."""

import argparse
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from coldtrace import clock
from coldtrace.cli import main as command_line
from coldtrace.cli.installation import open_installation
from coldtrace.cli.main import main
from coldtrace.events.enrolment import read_invite
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import SiteRole
from coldtrace.people import tokens
from coldtrace.settings import load_settings
from support.call_scene import SAMPLE
from support.command_line import Run
from support.house import GLNS, Handheld

PORT = GLNS[SiteRole.FIRST_STATION]
NOBODY = "00000000-0000-7000-8000-000000000000"
FIRM = (
    "--role market --district 120103 --name-zh 市场 --name-en Market"
    " --uscc 91120118MA00000011 --firm-zh 企业 --firm-en Firm"
)


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


BASE = {
    "codes parse X", "codes verify X --trust-list F", "verify F", "trust-list show F", "trust-list verify F",
    "trust-list sign F --key K --as r1", "keys root new --out K --passphrase-file P", "keys root found --out F",
    "keys root sign F --key K", "filters show F", "filters verify F --trust-list L",
    "witness keys new --name x/1 --state G --passphrase-file P", "witness keys show --state G",
    "witness logs add V --state G", "witness logs list --state G", "witness evidence --state G",
    "ledger monitor --url U --state F",
}  # fmt: skip
SERVER = {
    "serve", "demo", "reset --yes", "doctor", "db upgrade", "trust-list publish", "keys init", "keys list",
    "keys passphrase --new P", f"keys station new --site {PORT}", f"keys rotate --site {PORT}", "keys retire AAAA",
    "keys revoke AAAA", "keys root propose --add r2=AA --out F", "keys root adopt F", "tokens new --name x",
    "tokens list", f"tokens withdraw {NOBODY}",
    "admin create --email a@example.cn --name x --organisation U", "admin link --email a@example.cn",
    f"devices invite --site {PORT}", "import F", f"labels make --run {NOBODY} --out F", "sites list",
    f"sites register --gln {PORT} {FIRM}", "devices list", "devices revoke AAAA",
    "devices roll AAAA", "devices invites", "devices withdraw AAAA",
    "codes resume", "codes runs", f"sites set --site {PORT} --codes-per-day 5",
    f"labels send --run {NOBODY} --printer x", f"labels jobs --run {NOBODY}",
    "labels reprint AAAA --reason x --printer x", "labels reprints",
    f"labels doors --site {PORT} --out F", "labels cards --out F", "labels printers",
    "filters publish", "lots recall 19521234543210 L1 --reason x",
    "lots lift 19521234543210 L1", "lots list",
    "codes resolve T", "codes void T --reason W", "rolls new --count 3", "rolls list", f"rolls report {NOBODY}",
    f"rolls certificate {NOBODY} --out F", "rolls bind A --lot L", "bench audit", "bench codes", "bench ledger",
    "bench capture", "bench desk", "bench page", "bench radar", "bench rights",
    "db roles", "ledger list", "journal verify", "custody rebuild --check",
    f"people close {NOBODY}", f"people reopen {NOBODY}", f"people remove-second-step {NOBODY}",
    f"sites close --site {PORT}", f"sites reopen --site {PORT}",
    f"people export {NOBODY} --out F", f"people erase {NOBODY} --yes",
    "journal export --out F --purpose x", "ledger open N", "ledger export --out F", "ledger audit",
    "witness serve --state G",  # `[witness]` is enough for it, but a base install is not
    f"ledger erase {NOBODY} --field to_name --ground x",
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
        "db roles",
        "ledger list",
        "ledger open north",
        "ledger export --out F",
        f"ledger erase {NOBODY} --field to_name --ground x",
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
            with installation.sessions_as(None) as sessions, sessions() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            session.execute(text("SELECT 1"))

    monkeypatch.setattr("coldtrace.people.tokens.make_token", go)
    ran = run("tokens", "new", "--name", "x", "--json")
    assert (ran.status, ran.json["code"]) == (2, "database_lost")
    assert "Traceback" not in ran.err


def test_a_bug_is_not_hidden(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldtrace.people.tokens.make_token", lambda *_, **__: 1 / 0)
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

    monkeypatch.setattr("coldtrace.people.tokens.make_token", interrupted)
    ran = run("tokens", "new", "--name", "x")
    assert (ran.status, ran.err) == (130, "")


def test_a_taken_port_is_told_before_anything_is_started(first_run: Run, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ran = first_run("serve", "--port", other.getsockname()[1], "--json")
    assert (ran.status, ran.json["code"]) == (2, "port_taken")
    assert not (tmp_path / "my data").exists()
    ran = first_run("serve", "--host", "192.0.2.1", "--port", "0", "--json")
    assert (ran.status, ran.json["code"]) == (2, "port_taken")


# Keys, tokens, production


def test_production_wants_keys_of_its_own(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("db", "upgrade").status == 0
    assert run("keys", "list").status == 0
    monkeypatch.setenv("COLDTRACE_ENV", "production")
    for line in (["keys", "list"], ["tokens", "new", "--name", "x"], ["serve", "--port", "0"]):
        ran = run(*line, "--json")
        assert (ran.status, ran.json["code"]) == (2, "development_only"), line
    refused = run("keys", "init", "--json")
    assert (refused.status, refused.json["code"]) == (1, "keys_exist")

    monkeypatch.setenv("COLDTRACE_DATA_DIR", str(tmp_path / "real"))
    ran = run("keys", "list", "--json")
    assert (ran.status, ran.json["code"]) == (2, "no_installation")
    assert run("serve", "--port", "0", "--json").json["code"] == "not_installed"
    assert "coldtrace keys init" in ran.err
    world = run("serve", "--demo-world", "--port", "0", "--json")
    assert (world.status, world.json["code"]) == (2, "demo_failed"), "not passed over in silence"
    assert "COLDTRACE_DATA_DIR" in world.json["en"]
    bare = run("keys", "init", "--json")
    assert (bare.status, bare.json["code"]) == (2, "passphrase_missing")
    (tmp_path / "passphrase").write_text("a passphrase of some length\n")
    (tmp_path / "passphrase").chmod(0o600)
    monkeypatch.setenv("COLDTRACE_KEY_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    made = run("keys", "init", "--json")
    assert (made.status, set(made.json)) == (0, {"keys", "net"})
    assert (tmp_path / "real" / "keys").stat().st_mode & 0o777 == 0o700
    other = run("keys", "list", "--json")
    assert (other.status, other.json["code"]) == (2, "other_installation"), "this database belongs to the first keys"


def test_the_demo_is_not_put_into_somebodys_own_installation(run: Run) -> None:
    assert run("db", "upgrade").status == 0
    ran = run("sites", "register", "--gln", PORT, *FIRM.split(), "--uscc", "91110108MA01KPGK0L")
    assert ran.status == 0, ran.err
    world = run("serve", "--demo-world", "--port", "0", "--json")
    assert (world.status, world.json["code"]) == (2, "demo_failed")
    assert "91110108MA01KPGK0L" in world.json["en"]
    assert "COLDTRACE_DATA_DIR" in world.json["zh"]


def test_keys_are_listed_with_their_use(port: Run) -> None:
    keys = port("keys", "list", "--json").json["keys"]
    assert sorted(key["use"] for key in keys) == ["code", "enrolment", "log", "receipt", "status"]
    (code,) = [key for key in keys if key["use"] == "code"]
    assert (code["station"], code["state"], code["alg"]) == (PORT, "active", "Ed25519")
    head, *rows = [line.split("\t") for line in port("keys", "list").out.splitlines()]
    assert head == list(keys[0])
    assert {len(row) for row in rows} == {len(head)}
    assert len(rows) == 5


def test_a_token_is_shown_once_and_works(run: Run) -> None:
    ran = run("tokens", "new", "--name", "erp", "--days", "7", "--json")
    assert (ran.status, ran.json["name"], ran.json["days"]) == (0, "erp", 7)
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        holder = tokens.recognise_token(session, installation.env, ran.json["token"], production=True)
        kept = session.execute(text("SELECT token_hash FROM api_token")).scalar_one()
    assert holder.name == "erp"
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
    assert port("devices", "list").out.split("\t")[-2:] == ["revoked", "-\n"]
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
    head, row = (line.split("\t") for line in run("sites", "list").out.splitlines())
    assert head[0] == "gln"
    assert (row[0], row[-2:]) == (GLNS[SiteRole.MARKET], ["-", GLNS[SiteRole.MARKET][:7]])


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


def test_the_list_of_commands_is_the_whole_folder() -> None:
    folder = Path(command_line.__file__).parent
    with_parser = {path.stem for path in folder.glob("*.py") if "def add_parser" in path.read_text()}
    assert with_parser == {*command_line.BASE, *command_line.SERVER}


def test_a_command_of_another_folder_makes_no_installation(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither with a database given nor with one of the folder: nothing is made, and the folder is named in full."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLDTRACE_DATA_DIR", "elsewhere")
    for line in (["sites", "list"], ["keys", "list"], ["keys", "passphrase", "--new", "x"], ["codes", "runs"]):
        ran = run(*line, "--json")
        assert (ran.status, ran.json["code"]) == (2, "no_installation"), line
        assert str(tmp_path / "elsewhere") in ran.json["zh"]
        assert str(tmp_path / "elsewhere") in ran.json["en"]
        assert "COLDTRACE_DATA_DIR" in ran.err
    monkeypatch.delenv("COLDTRACE_DATABASE_URL")
    assert run("sites", "list", "--json").json["code"] == "no_installation"
    assert not (tmp_path / "elsewhere").exists()
