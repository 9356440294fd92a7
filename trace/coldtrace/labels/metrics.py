"""What a layout must know about a font: how wide characters are, and which it has.

A real font and `NOMINAL` both answer.  A drawing made with `NOMINAL` depends on our code alone, so its fingerprint
(release.py) stays the same when a font package, Pillow or FreeType brings a new version.
"""

from math import fsum
from typing import Final, Protocol

_WIDE_FROM = 0x2E80
_LATIN_EM = 0.58


class Metrics(Protocol):
    """Widths in em, and the refusal of a character that cannot be drawn."""

    def require(self, text: str) -> str:
        """Return `text` when every character can be drawn, else raise `CharacterMissing`."""

    def advance(self, character: str) -> float:
        """Width of one character in em."""

    def width(self, text: str, *, tracking: float = 0.0) -> float:
        """Width of a line in em; `tracking` em are added behind each character but the last."""


class _Nominal:
    """A font in which every Chinese character is a square and every other has one width."""

    def require(self, text: str) -> str:
        return text

    def advance(self, character: str) -> float:
        return 1.0 if ord(character) >= _WIDE_FROM else _LATIN_EM

    def width(self, text: str, *, tracking: float = 0.0) -> float:
        # `fsum`: since Python 3.12 `sum` rounds otherwise than before, and a fingerprint must not.
        return fsum(map(self.advance, text)) + tracking * max(len(text) - 1, 0)


NOMINAL: Final[Metrics] = _Nominal()
