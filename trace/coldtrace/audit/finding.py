"""What an audit can find, in words, and the report that it makes.

Each step says whether it was checked.  A finding has a code, a place and a sentence in both languages; of each kind the
first hundred are kept and all are counted, so that a ruined log does not fill the auditor's memory.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from coldtrace.audit.finding_words import STEPS, WORDS, FindingCode
from coldtrace.errors import Lang

KEPT_OF_A_KIND = 100


class StepResult(StrEnum):
    """What became of one step."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit.  `where` names the row, path or witness; `evidence` is shown to others as it is."""

    code: FindingCode
    where: str
    evidence: tuple[str, ...] = ()

    @property
    def step(self) -> int:
        """The step that found it, 1 to 9."""
        return WORDS[self.code][0]

    def say(self, lang: Lang) -> str:
        """Return the sentence."""
        return WORDS[self.code][1].say(lang, where=self.where)


@dataclass
class Report:
    """What an audit has seen so far."""

    findings: list[Finding] = field(default_factory=list)
    counts: Counter[FindingCode] = field(default_factory=Counter)
    checked: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    unchecked: Counter[int] = field(default_factory=Counter)
    """By step: how many signatures could not be checked here, for want of their algorithm (SM2 without its extra)."""

    def find(self, code: FindingCode, where: object, *evidence: str) -> None:
        """Keep a finding."""
        self.counts[code] += 1
        if self.counts[code] <= KEPT_OF_A_KIND:
            self.findings.append(Finding(code, str(where), evidence))

    def check(self, *steps: int) -> None:
        """Note that these steps are being checked."""
        self.checked.update(steps)

    def leave_unchecked(self, step: int, count: int = 1) -> None:
        """Note that so much of a step cannot be checked here; it counts as not checked, and for nothing."""
        if count:
            self.unchecked[step] += count

    def note(self, text: str) -> None:
        """Note, once, something that could not be checked and why."""
        if text not in self.notes:
            self.notes.append(text)

    def merge(self, other: "Report") -> None:
        """Take over what another report has seen."""
        kept = Counter(each.code for each in other.findings)
        for each in other.findings:
            self.find(each.code, each.where, *each.evidence)
        self.counts.update(other.counts - kept)  # those that it counted and did not keep
        self.checked |= other.checked
        self.unchecked.update(other.unchecked)
        for text in other.notes:
            self.note(text)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    def result(self, step: int) -> StepResult:
        """Return what became of a step."""
        if any(WORDS[code][0] == step for code in self.counts):
            return StepResult.FAILED
        is_whole = step in self.checked and not self.unchecked[step]
        return StepResult.PASSED if is_whole else StepResult.NOT_CHECKED

    def to_json(self) -> dict[str, object]:
        """Return the report as one object."""
        return {
            "ok": self.ok,
            "steps": [
                {"step": step, "result": self.result(step).value, "zh": words.zh, "en": words.en}
                for step, words in STEPS.items()
            ],
            "counts": {code.value: count for code, count in sorted(self.counts.items())},
            "findings": [
                {
                    "step": each.step,
                    "code": each.code.value,
                    "where": each.where,
                    "zh": each.say("zh"),
                    "en": each.say("en"),
                    **({"evidence": list(each.evidence)} if each.evidence else {}),
                }
                for each in self.findings
            ],
            "unchecked": {str(step): count for step, count in sorted(self.unchecked.items())},
            "notes": self.notes,
        }
