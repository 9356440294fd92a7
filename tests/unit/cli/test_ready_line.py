"""The READY line: the pinned members, and a path that another program can open from where it stands."""

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from coldtrace.cli import serve


def test_ready_names_the_labels_by_their_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "sample-labels.pdf").write_bytes(b"%PDF")
    opened: Any = SimpleNamespace(settings=SimpleNamespace(data_dir=Path("var")))
    server: Any = SimpleNamespace(started=True)
    serve._open_doors(opened, server, threading.Event(), url="http://x", token="t", demo=None, say=lambda line: None)
    word, _, ready = capsys.readouterr().out.partition(" ")
    assert word == "READY"
    assert json.loads(ready) == {
        "url": "http://x",
        "token": "t",
        "consumer_url": None,
        "labels": str(tmp_path / "var" / "sample-labels.pdf"),
    }
