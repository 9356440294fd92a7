"""Commands of other people - a stack light, a loudspeaker - run beside the scanning, never in its way.

A lamp that hangs must not stop a gate: each command has two seconds, then it and all that it started are killed.  What
is asked for while one runs replaces what waits under the same key; of what waits, the gravest goes first.  The command
gets a short environment: neither the passphrase of the key nor anything else that this program was started with.
"""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

TIMEOUT_S: Final = 2.0
PASSED_ON: Final = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_MESSAGES", "TZ", "XDG_RUNTIME_DIR", "PULSE_SERVER")


@dataclass(frozen=True, kw_only=True)
class Job:
    """One call of a command; a larger `gravity` goes first."""

    key: str
    arguments: Sequence[str]
    says: Mapping[str, str] = field(default_factory=dict)
    gravity: int = 0


class Errands:
    """One thread that runs one command, again and again.  `tell` hears of a fault when it differs from the last one."""

    def __init__(self, tell: Callable[[str], None], *, timeout_s: float = TIMEOUT_S) -> None:
        self._tell, self._timeout_s, self._told = tell, timeout_s, ""
        self._waiting: dict[str, Job] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="errands", daemon=True)
        self._thread.start()

    def ask(self, job: Job) -> None:
        """Run this as soon as may be; it takes the place of what waits under its key."""
        with self._changed:
            self._waiting[job.key] = job
            self._changed.notify()

    def close(self) -> None:
        """Do what still waits, then end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                job = self._waiting.pop(max(self._waiting.values(), key=lambda each: each.gravity).key)
            fault = run_command(job.arguments, job.says, timeout_s=self._timeout_s)
            if fault and fault != self._told:
                self._tell(fault)
            self._told = fault


def run_command(arguments: Sequence[str], says: Mapping[str, str], *, timeout_s: float = TIMEOUT_S) -> str:
    """Run a command to its end, or kill it; return what went wrong, an empty text if nothing did."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        process = subprocess.Popen(
            arguments,
            env=environment | dict(says),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as fault:
        return f"{arguments[0]}: {fault}"
    try:
        status = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"{arguments[0]}: > {timeout_s:g} s"
    return f"{arguments[0]}: exit {status}" if status else ""
