"""The panel: one colour, one icon, one word, one sentence; readable from two metres, with gloves on.

Colour never stands alone, and nothing that was scanned reaches the terminal as it is: a label may carry escape
sequences.
"""

import os
import sys
import unicodedata
from collections.abc import Sequence
from contextlib import suppress

from coldscan.answer import LOOKS, Answer
from coldtrace.errors import Lang

WIDTH_MAX = 80
RESET = "\x1b[0m"
BELL = "\a"
CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def draw(answer: Answer, *, footer: str) -> str:
    """Return the whole screen for one answer."""
    return screen([("", answer)], footer=footer) + BELL * LOOKS[answer.result].bells


def screen(answers: Sequence[tuple[str, Answer]], *, footer: str) -> str:
    """Return the whole screen for the last answer of each lane, one panel below the other, without a bell."""
    width = min(WIDTH_MAX, terminal_width())
    body = "".join(_block(head, answer, width) for head, answer in answers)
    return f"{CLEAR}{body}{_wrap(printable(footer), width)[0]}\n"


def terminal_width() -> int:
    """Return how many columns the terminal has; as `shutil` does it, whose archives nobody needs here."""
    said = os.environ.get("COLUMNS", "")
    if said.isascii() and said.isdigit() and int(said) > 0:
        return int(said)
    with suppress(OSError, ValueError, AttributeError):
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or WIDTH_MAX  # type: ignore[union-attr]
    return WIDTH_MAX


def _block(head: str, answer: Answer, width: int) -> str:
    look = LOOKS[answer.result]
    paint = _colour(48, look.background) + _colour(38, look.ink) + "\x1b[1m"
    word = f"{look.icon}  {look.word.zh}  {look.word.en}"
    lines = ["", f"{head}  {word}" if head else word, "", *_wrap(printable(answer.say), width - 4), ""]
    return "".join(f"{paint}{_padded(line, width)}{RESET}\n" for line in lines)


def plain(answer: Answer, *, lang: Lang) -> str:
    """Return one line for a pipe or a log."""
    look = LOOKS[answer.result]
    return f"{look.icon} {look.word.say(lang)}  {printable(answer.say)}"


def printable(text: str) -> str:
    """Return the text with everything that could steer a terminal replaced."""
    return "".join(sign if sign.isprintable() else "·" for sign in text)


def _colour(place: int, rgb: tuple[int, int, int]) -> str:
    return f"\x1b[{place};2;{rgb[0]};{rgb[1]};{rgb[2]}m"


def _padded(line: str, width: int) -> str:
    return "  " + line + " " * max(0, width - 2 - _columns(line))


def _wrap(text: str, width: int) -> list[str]:
    """Cut at the width in columns: between words where there is a blank, anywhere in Chinese."""
    width, lines = max(width, 10), [""]
    for sign in text:
        if _columns(lines[-1]) + _columns(sign) > width:
            head, blank, tail = lines[-1].rpartition(" ")
            is_word = bool(blank) and sign.isascii() and tail.isascii() and sign != " "
            lines[-1:] = [head, tail] if is_word else [lines[-1], ""]
        if lines[-1] or sign != " ":
            lines[-1] += sign
    return lines


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
