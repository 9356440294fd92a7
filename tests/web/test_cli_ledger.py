"""`coldtrace ledger` and `db roles`: what an operator does with logs, and what no command does."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from coldtrace.cli.installation import open_installation
from coldtrace.events.statement_type import StatementType as T
from coldtrace.ledger import service as ledger
from coldtrace.ledger.refusals import ForkAhead
from coldtrace.parties import store as parties
from coldtrace.parties.model import SiteRole
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.settings import load_settings
from support.command_line import Run
from support.house import GLNS, Handheld, unit_line
from support.log_entries import grow, make_entry

UNIT = "(00)395212340000000014"


def test_another_log_is_opened_listed_and_trusted(port: Run) -> None:
    opened = port("ledger", "open", "north", "--json")
    assert opened.status == 0, opened.err
    assert (opened.json["id"], opened.json["origin"]) == (2, "trace.example.cn/logs/north")
    again = port("ledger", "open", "north", "--json")
    assert (again.status, again.json["code"]) == (1, "log_exists")
    wrong = port("ledger", "open", "North Pole", "--json")
    assert (wrong.status, wrong.json["code"]) == (2, "log_name_unusable")
    assert "COLDTRACE_" not in wrong.out + wrong.err
    listed = port("ledger", "list", "--json")
    assert listed.status == 0
    assert [(row["name"], row["current"], row["state"]) for row in listed.json["logs"]] == [
        ("cn-2026", True, "open"),
        ("north", False, "open"),
    ]
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        row = parties.newest_trust_list(session)
        assert row is not None
        trusted = {log.origin: log.vkey.text() for log in open_trust_list(row.envelope, root=None).logs}
        assert (installation.env.keyring.folder / "log-north.pem").stat().st_mode & 0o777 == 0o600
    assert trusted == {row["origin"]: row["vkey"] for row in listed.json["logs"]}
    heading, *rows = port("ledger", "list").out.splitlines()
    assert heading.split("\t") == ["name", "current", "state", "size", "published", "cosignatures", "pending", "vkey"]
    assert rows[1].split("\t")[:3] == ["north", "no", "open"]


def test_a_frozen_log_is_listed_with_its_reason_and_no_command_thaws_it(port: Run) -> None:
    why = ForkAhead(name="cn-2026", head=1, size=10, where="logs/cn-2026/checkpoint")
    with open_installation(load_settings()) as installation, installation.sequencer.begin() as connection:
        reason = json.dumps({"code": why.code, **why.facts})
        connection.execute(text("UPDATE ledger_log SET state = 'frozen', frozen_reason = :r"), {"r": reason})
    listed = port("ledger", "list", "--json")
    assert listed.status == 1
    assert listed.json["logs"][0]["reason"]["code"] == "log_behind_its_checkpoint"
    assert why.say("zh") in listed.err
    assert port("ledger", "thaw", "cn-2026").status == 2


def test_export_is_idempotent_and_never_overwrites(port: Run, tmp_path: Path) -> None:
    with open_installation(load_settings()) as installation:
        env = installation.env
        with installation.sessions.begin() as session:
            ledger.append(session, env.log, [make_entry(number) for number in range(300)])
        with installation.sequencer.begin() as connection:
            assert grow(connection, env) >= 300
    out = tmp_path / "mirror"
    first = port("ledger", "export", "--out", out, "--json")
    assert first.status == 0, first.err
    assert first.json["written"] == 6
    assert port("ledger", "export", "--out", out, "--repair", "--json").json["written"] == 0
    (out / "tile/0/000").unlink()
    assert port("ledger", "export", "--out", out, "--repair", "--json").json["written"] == 1
    (out / "tile/0/000").write_bytes(b"forged")
    alarm = port("ledger", "export", "--out", out, "--repair", "--json")
    assert (alarm.status, alarm.json["code"]) == (1, "published_differs")
    assert (out / "tile/0/000").read_bytes() == b"forged"
    unknown = port("ledger", "export", "--log", "south", "--out", out, "--json")
    assert (unknown.status, unknown.json["code"]) == (1, "log_unknown")


def test_erasing_by_command(port: Run) -> None:
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        from coldtrace.custody import service as custody

        env = installation.env
        site = next(each for each in parties.sites(session) if each.gln == GLNS[SiteRole.FIRST_STATION])
        device = Handheld.enrol(session, env, site)
        said = device.say(T.SHIP, [unit_line(UNIT)], more=[("to_name", "王小明")])
        (result,) = custody.capture(session, env, [said.to_json()])
        assert result.id is not None
    line = ("ledger", "erase", result.id, "--field", "to_name", "--ground", "PIPL 47", "--json")
    done = port(*line)
    assert done.status == 0, done.err
    assert done.json["erased"] == ["to_name"]
    again = port(*line)
    assert (again.status, again.json["code"]) == (1, "nothing_to_erase")
    kept = port("ledger", "erase", result.id, "--field", "site", "--ground", "x", "--json")
    assert (kept.status, kept.json["code"]) == (1, "field_kept")


def test_roles_are_shown_and_their_sql(run: Run) -> None:
    assert run("db", "upgrade").status == 0
    assert "coldtrace_app" in run("db", "roles", "--json").json["roles"]
    sql = run("db", "roles", "--sql", "--user", "shop").out
    assert 'TO "shop";' in sql
    assert sql.count("CREATE ROLE") == 4


def test_without_roles_the_service_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldtrace.db.roles.ROLES", ("coldtrace_nobody_made_this",))
    monkeypatch.setattr("coldtrace.db.roles._create", lambda connection: [])
    told = run("db", "roles", "--json")
    assert (told.status, told.json["code"]) == (1, "database_roles_missing")
    with open_installation(load_settings()) as installation:
        assert installation.roles.trouble is not None
        with installation.sessions() as session:
            assert session.execute(text("SELECT current_user = session_user")).scalar_one()


def test_a_file_of_witnesses(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from coldtrace.seal.cosignature import witness_vkey
    from coldtrace.seal.keys import Ed25519Signer

    vkey = witness_vkey(name="witness.example/one", spki=Ed25519Signer.generate().spki)
    path = tmp_path / "witnesses"
    path.write_text(f"# customs\n\nwitness customs {vkey.text()} https://witness.example/\nquorum customs\n")
    monkeypatch.setenv("COLDTRACE_WITNESSES", str(path))
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        (witness,) = installation.env.asked.witnesses
        assert (witness.vkey, witness.url) == (vkey, "https://witness.example")
        row = parties.newest_trust_list(session)
        assert row is not None
        (log,) = open_trust_list(row.envelope, root=None).logs
        assert (log.witnesses, log.quorum) == ((vkey,), 1)
    for line in (
        vkey.text(),
        f"witness w {vkey.text()} ftp://x",
        "witness w nonsense https://x",
        f"witness w {vkey.text()} https://x more",
    ):
        path.write_text(f"\n{line}\n")
        told = run("ledger", "list", "--json")
        assert (told.status, told.json["code"]) == (2, "setting_invalid"), line
        assert "Line 2" in told.err
