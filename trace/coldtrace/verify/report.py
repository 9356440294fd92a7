"""The report of a verification: one line for each named check, never stopping at the first bad thing.

A check has passed, has failed, or was not made; the reason is a stable code whose words in both languages are in
`words.py`.  The report is ok when nothing failed.  What was not checked is for the reader to weigh, so it is shown.
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
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(check.result is not Result.FAILED for check in self.checks)

    def check(self, name: str) -> Check:
        """Return the check of this name; KeyError if the report has none."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)

    def to_json(self) -> dict[str, object]:
        """Return the report for machines."""
        return {"ok": self.ok, "checks": [check.to_json() for check in self.checks]}


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
