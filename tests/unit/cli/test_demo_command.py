"""`coldtrace demo` when the story breaks off: one sentence and exit 1, whatever broke."""

import argparse
import json
import subprocess
from contextlib import nullcontext
from types import SimpleNamespace

import httpx
import pytest

from coldtrace.cli import demo_command, installation
from coldtrace.cli.demo import world
from coldtrace.cli.demo.patience import DemoFailed


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DemoFailed("import: 500"), "import: 500"),
        (DemoFailed("two refused", zh="拒收两次"), "演示失败：拒收两次\nThe demo failed: two refused\n"),
        (httpx.ConnectError("connection refused"), "connection refused"),
        (httpx.ReadTimeout(""), "ReadTimeout"),
        (OSError("no room"), "no room"),
        (subprocess.TimeoutExpired("coldscan", 120), "timed out"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_a_story_that_breaks_off_is_one_sentence(
    error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_off(*arguments: object, **more: object) -> None:
        raise error

    monkeypatch.setattr(demo_command, "_answers", lambda url: True)
    monkeypatch.setattr(installation, "open_installation", lambda settings, *, create: nullcontext(SimpleNamespace()))
    monkeypatch.setattr(installation, "development_token", lambda opened: "token")
    monkeypatch.setattr(world, "make_world", break_off)
    assert demo_command.run(argparse.Namespace(json=True)) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["code"] == "demo_failed"
    assert reason in err
    assert "Traceback" not in err
