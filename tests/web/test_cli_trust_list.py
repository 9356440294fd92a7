"""`coldtrace trust-list publish`: the next number, signed by the root, in a real installation."""

import json
from pathlib import Path

import pytest

from coldtrace.cli.installation import open_installation
from coldtrace.cli.main import main
from coldtrace.parties import store
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.settings import load_settings


def test_publishing_gives_the_next_list_signed_by_the_root(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLDTRACE_DATABASE_URL", database_url)
    monkeypatch.setenv("COLDTRACE_DATA_DIR", str(tmp_path / "var"))
    with open_installation(load_settings(), create=True):
        pass
    numbers = []
    for _ in range(2):
        assert main(["trust-list", "publish", "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        numbers.append(said["seq"])
    assert numbers[1] == numbers[0] + 1
    root = parse_root((tmp_path / "var" / "keys" / "root.json").read_text().strip())
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        row = store.newest_trust_list(session)
        assert row is not None
        assert open_trust_list(row.envelope, root=root).seq == numbers[1]
