"""A real coldscan in a process of its own, fed by lines as a gun would feed it."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event
from typing import Final

from coldtrace.cli.demo.patience import DemoFailed, outcome, quiet

SAID_CHARS: Final = 300


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """One handheld: its folder is all it has.  `say` hears of a command that takes its time."""

    name: str
    state: Path
    say: Callable[[str], None] = quiet
    stopping: Event = field(default_factory=Event)

    def enrol(self, invite: str) -> None:
        """Register with an invitation; the key is made in the folder."""
        self._run("enrol", invite, "--name", self.name, "--offset", "+08:00")

    @property
    def is_enrolled(self) -> bool:
        """Tell whether this folder was registered before."""
        return self.state.exists() and any(self.state.iterdir())

    def scan(self, lines: Sequence[str]) -> list[dict[str, object]]:
        """Scan lines and return the answers; raise DemoFailed unless every line was taken."""
        answers = self._run("scan", "--quiet", lines=lines, refusals=True)
        bad = [answer for answer in answers if answer.get("verdict") not in ("valid", "command")]
        if bad:
            verdict, text = bad[0]["verdict"], str(bad[0]["text"])[:SAID_CHARS]
            raise DemoFailed(
                f"the handheld {self.name} refused {len(bad)} of {len(lines)} scans; the first: {verdict}, {text}",
                zh=f"手持机 {self.name} 拒收了 {len(lines)} 次扫描中的 {len(bad)} 次，第一次：{verdict}，{text}",
            )
        if len(answers) != len(lines):
            raise DemoFailed(
                f"the handheld {self.name} answered {len(answers)} of {len(lines)} scans",
                zh=f"手持机 {self.name} 只回答了 {len(lines)} 次扫描中的 {len(answers)} 次",
            )
        return answers

    def sync(self) -> dict[str, object]:
        """Send the queue and renew the lists."""
        return self._run("sync")[-1]

    def status(self) -> dict[str, object]:
        """Return what waits here and how old the lists are."""
        return self._run("status")[-1]

    def verify(self, text: str) -> dict[str, object]:
        """Judge one code offline; a refusal is an answer, not a failure."""
        return self._run("verify", text, refusals=True)[-1]

    def _run(
        self, *arguments: str, lines: Sequence[str] | None = None, refusals: bool = False
    ) -> list[dict[str, object]]:
        what = f"coldscan {arguments[0]} ({self.name})"
        with TemporaryFile("w+", encoding="utf-8") as given:
            given.writelines(f"{line}\n" for line in lines or ())
            given.seek(0)
            process = subprocess.Popen(
                [sys.executable, "-m", "coldscan", "--state", str(self.state), "--json", *arguments],
                stdin=subprocess.DEVNULL if lines is None else given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            out, err = outcome(process, what, say=self.say, stopping=self.stopping)
        if process.returncode not in ((0, 1) if refusals else (0,)):
            said = (err.strip() or out.strip()).splitlines()[-1:] or [f"exit {process.returncode}"]
            raise DemoFailed(f"{what}: {said[0][:SAID_CHARS]}")
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]
