"""The real service in a process of its own, as `make run` starts it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class DidNotStart(RuntimeError):
    """The service ended, or said nothing useful, before it was ready."""


@contextmanager
def running_service(data_dir: Path, *, demo_world: bool = True, **settings: str) -> Iterator[dict[str, Any]]:
    """Start `coldtrace serve` on a free port and give what its READY line says; Ctrl-C it at the end.

    `settings` are named without their prefix: `running_service(folder, LOG_NAME="x")`.
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
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)


def _wait_until_ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("READY "):
            ready: dict[str, Any] = json.loads(line.removeprefix("READY "))
            # Somebody must go on reading, or the service stands still once the pipe is full.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return ready
    raise DidNotStart("".join(said[-40:]))
