"""A slow machine gets its demo world all the same; where there is none, the service says so and how to make it."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from coldtrace.cli import serve
from coldtrace.cli.demo import world
from coldtrace.cli.demo.patience import DemoFailed, outcome
from coldtrace.cli.demo.terminal import Terminal
from coldtrace.web.demo_world import DemoWorld


def started(program: str) -> "subprocess.Popen[str]":
    """Start a program of Python that prints."""
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", program], stdout=pipe, stderr=pipe, text=True)


def test_a_slow_program_is_waited_for_and_told_of() -> None:
    said: list[str] = []
    program = "import time; time.sleep(2.5); print('carton')"
    out, err = outcome(started(program), "coldscan scan (port)", say=said.append, say_every_s=0.6)
    assert (out.strip(), err) == ("carton", "")
    assert len(said) >= 2
    assert all("coldscan scan (port)" in line and "still at it" in line for line in said)


def test_a_slow_handheld_gets_all_of_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a pipe holds, and read after the first look at the clock: nothing of it is left behind."""
    (tmp_path / "coldscan.py").write_text(
        "import json, sys, time\n"
        "time.sleep(1.5)\n"
        "for line in sys.stdin:\n"
        "    print(json.dumps({'text': line.strip(), 'verdict': 'valid'}))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    lines = [f"{number:06d} {'x' * 150}" for number in range(2_000)]
    answers = Terminal(name="H-port", state=tmp_path / "state").scan(lines)
    assert [answer["text"] for answer in answers] == lines


def test_what_never_ends_is_given_up_and_dead() -> None:
    process = started("import time; time.sleep(600)")
    with pytest.raises(DemoFailed, match=r"labels: not finished within 1 s"):
        outcome(process, "labels", give_up_s=1)
    assert process.poll() is not None


def test_a_stop_does_not_wait_for_a_step() -> None:
    process, stopping, begun = started("import time; time.sleep(600)"), threading.Event(), time.monotonic()
    stopping.set()
    with pytest.raises(DemoFailed, match="stopped"):
        outcome(process, "labels", stopping=stopping)
    assert process.poll() is not None
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize("error", [DemoFailed("scan: not finished"), OSError("no room")], ids=["story", "machine"])
def test_the_service_says_that_there_is_no_demo_world_and_how_to_make_it(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_off(*arguments: object, **more: object) -> None:
        raise error

    monkeypatch.setattr(world, "make_world", break_off)
    opened: Any = SimpleNamespace(settings=SimpleNamespace(data_dir=tmp_path))
    server: Any = SimpleNamespace(started=True)
    said: list[str] = []
    demo = DemoWorld(reset=None, is_making=True)
    serve._open_doors(opened, server, threading.Event(), url="http://x", token="t", demo=demo, say=said.append)
    assert (demo.is_making, demo.made_at) == (False, None), "nobody waits for what does not come"
    out, err = capsys.readouterr()
    assert json.loads(out.removeprefix("READY "))["consumer_url"] is None
    assert f"There is NO demo world ({error})" in err
    assert "没有演示数据" in err
    assert "run `coldtrace demo` in another terminal" in err.replace("\n", " ")
