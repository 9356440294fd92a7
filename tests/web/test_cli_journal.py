"""The journal at the command line: each changing command leaves its record; verify and export."""

import argparse
import json
from pathlib import Path

import pytest
from sqlalchemy import text

from coldtrace.cli import command_note
from coldtrace.cli.installation import open_installation
from coldtrace.cli.main import main
from coldtrace.journal import service as journal
from coldtrace.journal.model import Record
from coldtrace.ledger import service as ledger
from coldtrace.parties.model import SiteRole
from coldtrace.people.tables import PersonRow
from coldtrace.settings import load_settings
from support.call_scene import SAMPLE
from support.command_line import Run
from support.house import GLNS
from support.journal import records_in

PORT = GLNS[SiteRole.FIRST_STATION]


def records() -> list[Record]:
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        return records_in(session)


def test_a_changing_command_leaves_one_record(port: Run) -> None:
    assert port("rolls", "new", "--count", "3").status == 0
    assert port("devices", "invite", "--site", PORT).status == 0
    assert port("tokens", "new", "--name", "Zhang San").status == 0
    found = records()
    assert [(each.act, each.kind, each.object) for each in found] == [
        ("draw", "roll", "*"),
        ("invite", "device", PORT),
        ("make", "token", "*"),
    ]
    assert {each.actor for each in found} == {"command line"}
    assert [len(each.subjects) for each in found] == [0, 1, 0]


def test_what_looks_or_is_refused_or_keeps_nothing_leaves_none(port: Run, tmp_path: Path) -> None:
    (tmp_path / "F.xlsx").write_bytes(SAMPLE)
    assert port("sites", "list").status == 0
    assert port("trust-list", "show").status == 0
    assert port("devices", "invite", "--site", "9521234000099").status == 1
    assert port("import", tmp_path / "F.xlsx", "--dry-run").status == 0
    assert records() == []
    assert port("import", tmp_path / "F.xlsx").status == 0
    assert [(each.act, each.kind) for each in records()] == [("import", "consignment")]


def test_every_command_says_whether_it_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command is called here is what the parser makes of it, however deep it lies."""
    found: set[str] = set()

    def walk(parser: argparse.ArgumentParser, chosen: dict[str, str]) -> None:
        below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        if not below:
            words = command_note.words_of(argparse.Namespace(**chosen))
            found.add(words)
            told = command_note.CHANGES.get(words)
            names = {action.dest for action in parser._actions}
            if told is not None:
                assert {each for each in (told.object, told.at, *told.unless) if each is not None} <= names, words
        for action in below:
            for word, child in action.choices.items():
                walk(child, chosen | {str(action.dest): word})

    def parse_args(self: argparse.ArgumentParser, *rest: object) -> argparse.Namespace:
        walk(self, {})
        raise SystemExit(0)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    with pytest.raises(SystemExit):
        main([])
    assert found - set(command_note.CHANGES) - command_note.LOOKS == set(), "does it change anything? say so there"
    assert (set(command_note.CHANGES) | command_note.LOOKS) - found == set()
    assert set(command_note.CHANGES) & command_note.LOOKS == set()


def test_verify_and_export(port: Run, tmp_path: Path) -> None:
    assert port("devices", "invite", "--site", PORT).status == 0
    clean = port("journal", "verify", "--json")
    assert (clean.status, json.loads(clean.out)["waiting"]) == (0, 1)
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        journal.chain(session, installation.env)
        session.commit()
        vkey = dict(ledger.logs(session))[installation.env.log]
    out = tmp_path / "journal.jsonl"
    done = port("journal", "export", "--out", out, "--purpose", "抽查", "--json")
    assert (done.status, json.loads(done.out)["lines"]) == (0, 3)
    assert (records()[-1].act, records()[-1].purpose) == ("export", "抽查")
    assert port("journal", "verify", "--export", out, "--vkey", vkey).status == 0
    out.write_text(out.read_text().replace(PORT, GLNS[SiteRole.MARKET]))
    changed = port("journal", "verify", "--export", out, "--vkey", vkey)
    assert (changed.status, "export_end" in changed.out) == (1, True)
    assert port("journal", "verify", "--export", tmp_path / "none", "--vkey", vkey).status == 2
    assert port("journal", "verify", "--export", out).status == 2


def test_verify_finds_an_edit(port: Run) -> None:
    assert port("devices", "invite", "--site", PORT).status == 0
    with (
        open_installation(load_settings()) as installation,
        installation.sessions_as(None) as sessions,
        sessions.begin() as session,
    ):
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("DELETE FROM journal_pending"))
    found = port("journal", "verify")
    assert (found.status, "record_unchained" in found.out) == (1, True)


@pytest.mark.parametrize("purpose", ["", "  ", "x" * 201, "a\nb"])
def test_an_export_needs_a_purpose(port: Run, tmp_path: Path, purpose: str) -> None:
    out = tmp_path / "journal.jsonl"
    assert port("journal", "export", "--out", out, "--purpose", purpose).status == 2
    assert port("journal", "export", "--out", out).status == 2
    assert (out.exists(), records()) == (False, [])


EMAIL = "li.lei@example.cn"


@pytest.fixture
def person(port: Run) -> str:
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        person_id = installation.env.new_id()
        session.add(
            PersonRow(
                person_id=person_id, email=EMAIL, name="李雷", state="active", created_at=installation.env.clock()
            )
        )
    return str(person_id)


def test_a_persons_data_are_exported_and_erased(port: Run, person: str, tmp_path: Path) -> None:
    out = tmp_path / "li-lei.json"
    assert port("people", "export", EMAIL, "--out", out).status == 0
    assert json.loads(out.read_text())["person"]["email"] == EMAIL
    assert out.stat().st_mode & 0o777 == 0o600
    assert port("people", "erase", EMAIL).status == 2
    assert port("people", "erase", EMAIL, "--yes").status == 0
    again = port("people", "erase", EMAIL, "--yes", "--json")
    assert (again.status, json.loads(again.out)["code"]) == (1, "person_unknown")
    found = records()
    assert [(each.act, each.kind, each.object) for each in found] == [
        ("export", "person", person),
        ("erase", "person", person),
    ]
    assert EMAIL not in str(found)
