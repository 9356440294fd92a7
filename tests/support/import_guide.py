"""The table of codes in docs/guides/import-a-packing-list.md, made from the code.

Write it anew after a change of the catalogue, with tests/ on the path: `python -m support.import_guide`.
"""

from coldtrace.codes import (
    container_number,
    declaration_number,
    hs_code,
    overseas_registration,
    port,
    quarantine_certificate,
    uscc,
)
from coldtrace.codes.paper_number import MalformedPaperNumber
from coldtrace.errors import Refusal, Words
from coldtrace.interop.workbook.catalogue import ERRORS, WARNINGS
from coldtrace.interop.workbook.refusals import WorkbookRefused
from support.source_tree import REPOSITORY

GUIDE = REPOSITORY / "docs" / "guides" / "import-a-packing-list.md"
BEGIN, END = "<!-- codes: begin -->\n", "<!-- codes: end -->\n"

READERS = (container_number, declaration_number, hs_code, overseas_registration, quarantine_certificate, uscc)
NOTICING = (declaration_number, hs_code, overseas_registration, port)
NEVER_SEEN = "declaration_import"
"""The importer cannot meet it; an unknown port it turns into a remark."""


def table() -> str:
    """Return the lines of the table."""
    lines = ["| code | what · 类别 | 中文 | English |", "| --- | --- | --- | --- |"]
    lines += [_row(kind.code, "file 文件", kind.detail) for kind in _below(WorkbookRefused)]
    lines += [_row(code, "error 错误", words) for code, words in sorted(ERRORS.items())]
    for reader in READERS:
        kinds = [kind for kind in _below(MalformedPaperNumber) if kind.__module__ == reader.__name__]
        lines += [_row(kind.code, "error 错误", kind.detail) for kind in kinds if kind.code != NEVER_SEEN]
    lines += [_row(code, "note 提醒", words) for code, words in sorted(WARNINGS.items())]
    for reader in NOTICING:
        lines += [_row(code, "note 提醒", words) for code, words in sorted(reader.NOTICES.items())]
    return "\n".join(lines) + "\n"


def written() -> str:
    """Return the table as it stands in the guide."""
    return GUIDE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def _below(family: type[Refusal]) -> list[type[Refusal]]:
    return sorted(family.__subclasses__(), key=lambda kind: kind.code)


def _row(code: str, level: str, words: Words) -> str:
    said = (text.replace("|", "/").replace("{", "⟨").replace("}", "⟩") for text in words)
    return f"| `{code}` | {level} | " + " | ".join(said) + " |"


if __name__ == "__main__":
    head, _, rest = GUIDE.read_text(encoding="utf-8").partition(BEGIN)
    GUIDE.write_text(head + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")
