"""What one scan is answered with."""

from dataclasses import dataclass
from enum import StrEnum

from coldtrace.errors import Words


class Result(StrEnum):
    """How the panel looks and sounds; what happened in detail is in `verdict` and `code`."""

    SAVED = "saved"
    NOTED = "noted"
    REPEAT = "repeat"
    LOOK = "look"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True)
class Look:
    """Colour, icon and word, bells; never colour alone."""

    background: tuple[int, int, int]
    ink: tuple[int, int, int]
    icon: str
    word: Words
    bells: int


_WHITE = (255, 255, 255)

LOOKS: dict[Result, Look] = {
    Result.SAVED: Look(background=(0, 107, 60), ink=_WHITE, icon="✔", word=Words("已存", "Saved"), bells=1),
    Result.NOTED: Look(background=(31, 95, 191), ink=_WHITE, icon="•", word=Words("已设", "Set"), bells=1),
    Result.REPEAT: Look(background=(31, 95, 191), ink=_WHITE, icon="↻", word=Words("重复", "Repeat"), bells=2),
    Result.LOOK: Look(background=(255, 208, 0), ink=(11, 31, 42), icon="!", word=Words("注意", "Check"), bells=3),
    Result.STOP: Look(background=(164, 0, 0), ink=_WHITE, icon="✖", word=Words("拒收", "STOP"), bells=5),
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to one line.  `queued` is True only when the statement is on the disk."""

    text: str
    verdict: str
    result: Result
    say: str
    code: str | None = None
    operation: str | None = None
    unit: str | None = None
    statement_id: str | None = None
    queued: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the object that `--json` prints."""
        return {
            "text": self.text,
            "verdict": self.verdict,
            "statement_id": self.statement_id,
            "queued": self.queued,
            "say": self.say,
            "operation": self.operation,
            "result": self.result.value,
            "code": self.code,
            "unit": self.unit,
        }
