"""A device for the scanner's tests: its commands run in this process, or in a real one of their own."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from coldscan.answer import Answer
from coldscan.bench import Bench, open_bench
from coldscan.commands import set_operation
from coldscan.main import main
from coldscan.operation import Operation
from coldscan.scan import take
from coldscan.state_dir import StateDir
from coldscan.steady import SteadyClock, no_steady
from coldscan.store import open_store
from coldtrace import clock as system_clock
from coldtrace.errors import Lang


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        """Return the one object on standard output."""
        value: dict[str, object] = json.loads(self.out)
        return value


@dataclass
class Device:
    """One state folder and the clock in its case."""

    root: Path
    clock: Callable[[], datetime] = system_clock.now
    environment: dict[str, str] = field(default_factory=dict)
    steady: SteadyClock = no_steady

    @property
    def state(self) -> StateDir:
        """Return the state folder."""
        return StateDir(self.root)

    def run(self, *arguments: str, lang: str = "en") -> Ran:
        """Run one command in this process with --json."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main([*self.options(lang), *arguments], clock=self.clock, steady=self.steady)
        return Ran(status, out.getvalue(), err.getvalue())

    def options(self, lang: str = "en") -> list[str]:
        """Return what every command of this device gets."""
        return ["--state", str(self.root), "--lang", lang, "--json"]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start one command as a process of its own, its three streams piped."""
        return subprocess.Popen(
            [sys.executable, "-m", "coldscan", *self.options(), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | self.environment,
        )

    @contextlib.contextmanager
    def bench(self, operation: Operation | None = None, *, lane: str = "1", lang: Lang = "en") -> Iterator[Bench]:
        """Open a bench in this process."""
        with contextlib.closing(open_store(self.state)) as connection:
            bench = open_bench(
                self.state,
                connection,
                passphrase=None,
                lane=lane,
                lang=lang,
                clock=lambda: self.clock(),
                steady=lambda: self.steady(),
            )
            if operation is not None:
                set_operation(bench, operation)
            yield bench

    def scan(self, *texts: str, operation: Operation | None = None, lane: str = "1", lang: Lang = "en") -> list[Answer]:
        """Answer texts at one bench."""
        with self.bench(operation, lane=lane, lang=lang) as bench:
            return [take(bench, text) for text in texts]

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Look into the store."""
        with contextlib.closing(open_store(self.state)) as connection:
            return list(connection.execute(query, values))
