"""The real service in a process of its own, as `make run` starts it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO


class DidNotStart(RuntimeError):
    """The service ended, or said nothing useful, before it was ready."""


class DidNotStop(RuntimeError):
    """The service did not end cleanly when interrupted."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that answers, and what its READY line says."""

    process: subprocess.Popen[str]
    url: str
    token: str | None
    consumer_url: str | None
    labels: str | None


@contextmanager
def running_service(data_dir: Path, *, demo_world: bool = True, **settings: str) -> Iterator[Service]:
    """Start `coldtrace serve` on a free port, give it when it is ready, interrupt it at the end as Ctrl-C does.

    `settings` are named without their prefix: `running_service(folder, LOG_NAME="x")`.  Raises `DidNotStop` when the
    interrupted service does not end with 0; one that the test killed itself is let be.
    """
    given = {f"COLDTRACE_{name}": value for name, value in settings.items()}
    environment = {**os.environ, "COLDTRACE_DATA_DIR": str(data_dir), "COLDTRACE_PORT": "0", **given}
    command = [sys.executable, "-m", "coldtrace", "serve", *(["--demo-world"] if demo_world else [])]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield _wait_until_ready(process)
    finally:
        running = process.poll() is None
        if running:
            process.send_signal(signal.SIGINT)
        try:
            code = process.wait(60)
        except subprocess.TimeoutExpired:
            # Whoever reads what it says would wait for ever, and this test with it.
            process.kill()
            code = process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if running and code != 0:
        raise DidNotStop(f"exit code {code}")


def _wait_until_ready(process: subprocess.Popen[str]) -> Service:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("READY "):
            ready = json.loads(line.removeprefix("READY "))
            # Somebody must go on reading, or the service stands still once the pipe is full.
            threading.Thread(target=_drain, args=(process.stdout,), daemon=True).start()
            return Service(process=process, **ready)
    raise DidNotStart("".join(said[-40:]))


def _drain(output: IO[str]) -> None:
    with suppress(ValueError):  # closed at the end
        for _ in output:
            pass
