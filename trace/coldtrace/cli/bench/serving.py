"""Processes of the service for benchmarks: started, waited for, ended."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit


@contextmanager
def started(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """Give number and port of a process that says READY, and end it."""
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert process.stdout is not None
    try:
        said = next((line for line in process.stdout if line.startswith("READY ")), None)
        if said is None:
            raise RuntimeError(f"it did not start: exit code {process.wait()}")
        port = urlsplit(json.loads(said.removeprefix("READY "))["url"]).port
        assert port is not None
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
