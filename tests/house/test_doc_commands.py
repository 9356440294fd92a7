"""Commands that the documents show exist, with the options that they are shown with."""

import re
import shlex
from collections.abc import Callable, Sequence

import pytest

from coldscan.main import main as coldscan
from coldtrace.cli.main import main as coldtrace
from support.source_tree import REPOSITORY

DOCUMENTS = [
    "README.md",
    "docs/guides/run-in-production.md",
    "docs/guides/upgrade.md",
    "docs/guides/coldscan.md",
    "docs/guides/gate.md",
    "docs/guides/be-a-witness.md",
    "docs/guides/audit-the-log.md",
]
PROGRAMS: dict[str, Callable[[Sequence[str]], int]] = {"coldtrace": coldtrace, "coldscan": coldscan}
# Not where a user, a group or a folder has the program's name.
SHOWN = re.compile(
    r"(?:^|[\s($/`])(?<!--owner )(?<!-o )(?<!-g )(?<!lib/)(coldtrace|coldscan) ((?!-m\b)[^\n|`#]+)", re.MULTILINE
)
WORD = re.compile(r"[a-z][a-z-]+")
_NESTED = (
    "admin", "bench", "codes", "custody", "db", "devices", "filters", "journal", "keys", "labels", "ledger", "lots",
    "people", "rolls", "sites", "tokens", "trust-list", "witness",
)  # fmt: skip
_NESTED_TWICE = {("keys", "root"), ("keys", "station"), ("witness", "keys"), ("witness", "logs")}


def shown_commands() -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Return program, command words and long options of each command in a shell block."""
    found = set()
    for name in DOCUMENTS:
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        blocks = re.findall(r"^```sh$(.*?)^```$|((?:^    coldscan .*\n)+)", text, flags=re.MULTILINE | re.DOTALL)
        for program, rest in (each for block in blocks for each in SHOWN.findall("".join(block).replace("\\\n", " "))):
            words = _words(rest)
            options = tuple(sorted({word for word in words if word.startswith("--")}))
            # `--state DIR` stands before the command; it has a value, the command follows.
            bare = words[2:] if words[:1] == ["--state"] else words
            found.add((program, tuple(_commands(program, bare)), options))
    return sorted(found, key=str)


def _words(rest: str) -> list[str]:
    try:
        return shlex.split(rest, comments=True)
    except ValueError:  # cut off inside a quotation
        return rest.split()


def _commands(program: str, words: list[str]) -> list[str]:
    """Return the command and, where the program has one, its sub-command."""
    most = 2 if program == "coldtrace" and words[0] in _NESTED else 1
    most += tuple(words[:2]) in _NESTED_TWICE
    return [word for word in words[:most] if WORD.fullmatch(word)]


@pytest.mark.parametrize(("program", "words", "options"), shown_commands(), ids=str)
def test_shown_command_exists(
    program: str, words: tuple[str, ...], options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert words
    with pytest.raises(SystemExit) as stopped:
        PROGRAMS[program]([*words, "--help"])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert {option for option in options if option not in said} == set()


def test_many_commands_are_shown() -> None:
    programs = [program for program, _, _ in shown_commands()]
    assert programs.count("coldtrace") >= 8
    assert programs.count("coldscan") >= 5
