"""What is said about single cells: errors, warnings, what was normalised; and the collector all readers share."""

from dataclasses import dataclass
from datetime import date, datetime

from openpyxl.utils import get_column_letter

from coldtrace.codes.paper_number import Notice
from coldtrace.errors import Fact, Refusal
from coldtrace.interop.workbook.catalogue import ERRORS, FIELD_WORDS, WARNINGS
from coldtrace.interop.workbook.grid import CellValue

ERRORS_MAX = 500
NORMALISED_MAX = 5_000
SHOWN_MAX = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A cell of the workbook; parts are None when the remark is about the sheet or the whole list."""

    sheet: str | None = None
    row: int | None = None
    column: int | None = None
    line: int | None = None
    """The line's own number (序号) when it has one."""

    @property
    def letter(self) -> str | None:
        """The column as Excel shows it."""
        return None if self.column is None else get_column_letter(self.column)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One error or warning with its place: worksheet row number and column letter as Excel shows them."""

    sheet: str | None
    row: int | None
    column: str | None
    line: int | None
    code: str
    zh: str
    en: str

    def to_json(self) -> dict[str, str | int | None]:
        """Return the finding as the interfaces name its parts."""
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "line": self.line,
            "code": self.code,
            "zh": self.zh,
            "en": self.en,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Normalised:
    """One cell whose text was understood as something else than it literally says."""

    sheet: str
    row: int
    column: str
    before: str
    after: str

    def to_json(self) -> dict[str, str | int]:
        """Return the change as the interfaces name its parts."""
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "from": self.before,
            "to": self.after,
        }


class Unreadable(Exception):
    """Raised by the readers of single cells: a code of the catalogue and its facts.  Never leaves this room."""

    def __init__(self, code: str, **facts: Fact) -> None:
        self.code = code
        self.facts = facts
        super().__init__(code)


class Findings:
    """Collects while a workbook is read; order is the order of reading, nothing is said twice."""

    def __init__(self) -> None:
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []
        self.normalised: list[Normalised] = []
        self._seen: set[tuple[Place, str, str]] = set()

    def error(self, place: Place, code: str, **facts: Fact) -> None:
        """Name a fault of the catalogue."""
        words = ERRORS[code]
        self._add(self.errors, place, code, words.say("zh", **facts), words.say("en", **facts))

    def warn(self, place: Place, code: str, **facts: Fact) -> None:
        """Make a remark of the catalogue."""
        words = WARNINGS[code]
        self._add(self.warnings, place, code, words.say("zh", **facts), words.say("en", **facts))

    def unreadable(self, place: Place, problem: Unreadable, *, field: str) -> None:
        """Name what a cell reader could not read; `field` is what the cell is about."""
        self.error(place, problem.code, **naming(field), **problem.facts)

    def refused(self, place: Place, refusal: Refusal) -> None:
        """Name what a number reader of `codes/` refused, in its own words."""
        self._add(self.errors, place, refusal.code, refusal.say("zh"), refusal.say("en"))

    def noticed(self, place: Place, notices: tuple[Notice, ...]) -> None:
        """Pass on what a number reader remarked."""
        for remark in notices:
            self._add(self.warnings, place, remark.code, remark.zh, remark.en)

    def change(self, place: Place, before: CellValue, after: str) -> None:
        """Record that `before` was understood as `after`, unless it says the same already."""
        text = plain(before)
        if text == after or len(self.normalised) >= NORMALISED_MAX:
            return
        if place.sheet and place.row and place.letter:
            self.normalised.append(
                Normalised(
                    sheet=place.sheet, row=place.row, column=place.letter, before=shorten(text), after=shorten(after)
                )
            )

    def _add(self, findings: list[Finding], place: Place, code: str, zh: str, en: str) -> None:
        if (place, code, zh) in self._seen or len(findings) > ERRORS_MAX:
            return
        self._seen.add((place, code, zh))
        if len(findings) == ERRORS_MAX:
            place, code = Place(), "too_many_errors"
            zh, en = ERRORS[code].say("zh", limit=ERRORS_MAX), ERRORS[code].say("en", limit=ERRORS_MAX)
        findings.append(
            Finding(
                sheet=place.sheet,
                row=place.row,
                column=place.letter,
                line=place.line,
                code=code,
                zh=zh.strip(),
                en=en.strip(),
            )
        )


def naming(field: str) -> dict[str, Fact]:
    """Return the facts `field_zh` and `field_en` for a sentence about `field`."""
    words = FIELD_WORDS[field]
    return {"field_zh": words.zh, "field_en": words.en}


def plain(value: CellValue) -> str:
    """Return a cell's value as the person who typed it sees it, nearly."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d") if value.time() == datetime.min.time() else value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def shorten(text: str) -> str:
    """Return `text` on one line and short enough for a report."""
    line = "".join(sign if sign.isprintable() else "·" for sign in text[: SHOWN_MAX * 2])
    return line if len(line) <= SHOWN_MAX else line[: SHOWN_MAX - 1] + "…"
