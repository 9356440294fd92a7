"""A real coldscan in a process of its own, fed by lines as a gun would feed it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class DemoFailed(Exception):
    """A step of the story did not do what it should."""


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """One handheld: its folder is all it has."""

    name: str
    state: Path

    def enrol(self, invite: str) -> None:
        """Register with an invitation; the key is made in the folder."""
        self._run("enrol", invite, "--name", self.name, "--offset", "+08:00")

    @property
    def is_enrolled(self) -> bool:
        """Tell whether this folder was registered before."""
        return self.state.exists() and any(self.state.iterdir())

    def scan(self, lines: Sequence[str]) -> list[dict[str, object]]:
        """Scan lines and return the answers; raise DemoFailed unless every line was taken."""
        answers = self._run("scan", "--quiet", lines=lines)
        bad = [answer for answer in answers if answer.get("verdict") not in ("valid", "command")]
        if len(answers) != len(lines) or bad:
            raise DemoFailed(f"{self.name}: {len(answers)} of {len(lines)} lines answered; first bad: {bad[:1]}")
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
        done = subprocess.run(
            [sys.executable, "-m", "coldscan", "--state", str(self.state), "--json", *arguments],
            input=None if lines is None else "".join(f"{line}\n" for line in lines),
            stdin=subprocess.DEVNULL if lines is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode not in ((0, 1) if refusals else (0,)):
            raise DemoFailed(f"coldscan {arguments[0]} ({self.name}): {done.stderr.strip() or done.stdout.strip()}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
