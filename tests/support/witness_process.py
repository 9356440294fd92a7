"""A real witness in a process of its own, started by its command as anybody would."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from coldtrace import clock
from coldtrace.cli.witness import STORE_FILE
from coldtrace.seal.vkey import Vkey
from coldtrace.seal.witness_policy import KnownWitness
from coldtrace.witness.key_folder import make_key
from coldtrace.witness.service import follow
from coldtrace.witness.store import Store


def witness_command(*words: object) -> dict[str, str]:
    """Run `coldtrace witness ...` in a process and return the object that it prints."""
    command = [sys.executable, "-m", "coldtrace", "witness", *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@dataclass
class WitnessProcess:
    """A state folder and, while it runs, the process that serves from it."""

    state: Path
    vkey: Vkey
    process: subprocess.Popen[str] | None = None
    url: str = "http://127.0.0.1:9"

    @classmethod
    def make(cls, state: Path, *, name: str, follows: Vkey) -> "WitnessProcess":
        """Make key and state of a witness that follows one log."""
        vkey = make_key(state, name=name)
        follow(Store(state / STORE_FILE), follows, now=clock.now())
        return cls(state=state, vkey=vkey)

    @property
    def known(self) -> KnownWitness:
        """What a publisher knows of it."""
        return KnownWitness(vkey=self.vkey, url=self.url)

    def start(self) -> None:
        """Start it on a free port and wait until it answers."""
        command = [sys.executable, "-m", "coldtrace", "witness", "serve", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [*command, "--state", str(self.state)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("READY "), line
        self.url = json.loads(line.removeprefix("READY "))["url"]

    def kill(self) -> None:
        """Kill it without any chance to clean up (SIGKILL)."""
        self._end(lambda process: process.kill())

    def stop(self) -> int:
        """Stop it as a service manager does (SIGTERM) and return its exit code."""
        return self._end(lambda process: process.terminate())

    def _end(self, how: Callable[["subprocess.Popen[str]"], None]) -> int:
        if self.process is None:
            return 0
        how(self.process)
        code = self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None
        return code
