"""Fitting words of any length into the room a label has: smaller type first, then more lines, an ellipsis last."""

from collections.abc import Sequence
from dataclasses import dataclass

from coldtrace.labels.metrics import Metrics

_NEVER_FIRST = "，。、；：！？）》」』】%％℃°,.;:!?)]}"
_NEVER_LAST = "（《「『【([{"


@dataclass(frozen=True)
class Fitted:
    """The size taken and the lines, top to bottom."""

    size: float
    lines: tuple[str, ...]


def fit(font: Metrics, text: str, *, width: float, sizes: Sequence[float], lines: int) -> Fitted:
    """Break `text` into at most `lines` lines of `width` mm at the first of `sizes` that can hold it.

    Fewer lines at a size are preferred to a smaller size; the lines are balanced, so no single character is left
    alone on the last one.  At the smallest size what does not fit ends in an ellipsis.
    """
    for size in sizes:
        broken = _break(font, text, width / size)
        if len(broken) <= lines:
            return Fitted(size, tuple(_balanced(font, text, width / size, len(broken))))
    smallest = sizes[-1]
    kept = _break(font, text, width / smallest)[:lines]
    kept[-1] = _shortened(font, kept[-1] + " ", width / smallest)
    return Fitted(smallest, tuple(kept))


def shrink(font: Metrics, text: str, *, width: float, sizes: Sequence[float], tracking: float = 0.0) -> float:
    """Return the first of `sizes` at which one line of `text` fits, else the smaller size that makes it fit."""
    em = font.width(text, tracking=tracking)
    for size in sizes:
        if em * size <= width:
            return size
    return width / em


def _break(font: Metrics, text: str, width_em: float) -> list[str]:
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        candidate = line + piece
        if not line or font.width(candidate.rstrip()) <= width_em:
            line = candidate
        else:
            lines.append(line.rstrip())
            line = piece
        while font.width(line.rstrip()) > width_em and len(line) > 1:
            cut = _longest_prefix(font, line, width_em)
            lines.append(line[:cut])
            line = line[cut:]
    if line.rstrip() or not lines:
        lines.append(line.rstrip())
    return lines


def _balanced(font: Metrics, text: str, width_em: float, count: int) -> list[str]:
    if count == 1:
        return _break(font, text, width_em)
    low, high = 0.0, width_em
    for _ in range(8):
        middle = (low + high) / 2
        if len(_break(font, text, middle)) <= count:
            high = middle
        else:
            low = middle
    return _break(font, text, high)


def _pieces(text: str) -> list[str]:
    """Cut the text at every place where a line may end."""
    pieces: list[str] = []
    for character in text:
        if pieces and not _may_break(pieces[-1][-1], character):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two characters: at blanks, signs and Chinese characters, before a bracket."""
    if after == " " or after in _NEVER_FIRST or before in _NEVER_LAST:
        return False
    if before == " " or after in _NEVER_LAST or _is_wide(before) or _is_wide(after):
        return True
    return before in "-/" and not after.isdigit()


def _is_wide(character: str) -> bool:
    return ord(character) >= 0x2E80


def _longest_prefix(font: Metrics, line: str, width_em: float) -> int:
    total = 0.0
    for count, character in enumerate(line):
        total += font.advance(character)
        if total > width_em:
            return max(count, 1)
    return len(line)


def _shortened(font: Metrics, line: str, width_em: float) -> str:
    line = line.rstrip()
    while line and font.width(line + "…") > width_em:
        line = line[:-1].rstrip()
    return line + "…"
