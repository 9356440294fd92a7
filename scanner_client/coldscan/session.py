"""What every command gets: where the state is, how to speak, the clock."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from coldscan.panel import printable
from coldscan.state_dir import StateDir
from coldscan.steady import SteadyClock, no_steady
from coldtrace.errors import Lang, Refusal

OK, FINDINGS, COULD_NOT_RUN = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Session:
    """One run of the program."""

    state: StateDir
    lang: Lang
    as_json: bool
    passphrase: bytes | None
    clock: Callable[[], datetime]
    steady: SteadyClock = no_steady

    def tell(self, value: dict[str, object], words: str) -> None:
        """Print the object for programs, or the words for people."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False), flush=True)
        else:
            print(printable_lines(words), flush=True)

    def refuse(self, refusal: Refusal) -> None:
        """Say why the command ended."""
        title, said = refusal.title.say(self.lang), refusal.say(self.lang)
        # Where the words begin with the title, it is not said twice.
        print(printable_lines(said if said.startswith(title) else f"{title}: {said}"), file=sys.stderr)
        if self.as_json:
            value = {"ok": False, "code": refusal.code, "say": refusal.say(self.lang)}
            print(json.dumps(value, ensure_ascii=False), flush=True)


def printable_lines(words: str) -> str:
    """Return the words with nothing in them that could steer a terminal, line by line."""
    return "\n".join(printable(line) for line in words.split("\n"))
