"""The report of a verification: one line for each named check, never stopping at the first bad thing.

A check has passed, has failed, or was not made; the reason is a stable code whose words in both languages are in
`words.py`.  Nothing failed is not enough: whoever sends a file could leave out whatever would fail.  So a report is
`incomplete` when something was not checked that a true and whole file would have passed (decision 0049).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from coldtrace.errors import Lang
from coldtrace.verify.words import name_words, reason_words


class Result(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


class Outcome(StrEnum):
    """How it all ended: what a proof rests on passed, some of it was not checked, or something failed."""

    PASSED = "passed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


_NOT_PINNED = "root_not_pinned"
OPEN = frozenset(
    {
        "no_earlier_list",
        "nothing_asked",
        "no_witness_yet",
        "no_facts",
        "no_seen",
        "seen_not_shown",
        "only_what_is_shown",
    }
)
"""Why a check may be left open in a proof that holds.  A reason that is not here makes the report incomplete."""


@dataclass(frozen=True)
class Check:
    """One line of the report.  `reason` is empty where `passed` says it all."""

    name: str
    result: Result
    reason: str = ""

    def say(self, lang: Lang) -> str:
        """Return the check's name and reason in words."""
        name, reason = name_words(self.name).say(lang), reason_words(self.reason).say(lang)
        return f"{name}：{reason}" if lang == "zh" and reason else f"{name}: {reason}" if reason else name

    def to_json(self) -> dict[str, str]:
        """Return the check for machines, with the words beside the codes."""
        return {
            "name": self.name,
            "result": self.result,
            "reason": self.reason,
            "zh": self.say("zh"),
            "en": self.say("en"),
        }


@dataclass(frozen=True)
class Report:
    """All checks in the order in which a reader wants them."""

    checks: tuple[Check, ...]

    @property
    def result(self) -> Outcome:
        """How it ended: `passed` only with a pinned root, and with nothing left open that a whole proof would pass."""
        if any(check.result is Result.FAILED for check in self.checks):
            return Outcome.FAILED
        return Outcome.INCOMPLETE if self._left_open() else Outcome.PASSED

    @property
    def root_pinned(self) -> bool:
        """Whether the file was held to a root that the reader chose; without one a forger brings a root of his own."""
        return any(check.name == "root" and check.result is Result.PASSED for check in self.checks)

    @property
    def ok(self) -> bool:
        """Whether the proof holds by itself: nothing failed and nothing is open, but for the pin of the root."""
        return self.result is not Outcome.FAILED and self._left_open() <= {_NOT_PINNED}

    def _left_open(self) -> set[str]:
        return {check.reason for check in self.checks if check.result is Result.NOT_CHECKED} - OPEN

    def check(self, name: str) -> Check:
        """Return the check of this name; KeyError if the report has none."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)

    def to_json(self) -> dict[str, object]:
        """Return the report for machines."""
        return {
            "ok": self.ok,
            "result": self.result,
            "root_pinned": self.root_pinned,
            "checks": [check.to_json() for check in self.checks],
        }


class Failed(Exception):
    """Raised inside a check that has found its reason to fail."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class NotChecked(Exception):
    """Raised inside a check that cannot be made."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def run_check(name: str, make: Callable[[], str]) -> Check:
    """Return the check that `make` makes: it returns the reason of a pass, or raises Failed or NotChecked."""
    try:
        return Check(name, Result.PASSED, make())
    except Failed as failed:
        return Check(name, Result.FAILED, failed.reason)
    except NotChecked as skipped:
        return Check(name, Result.NOT_CHECKED, skipped.reason)
