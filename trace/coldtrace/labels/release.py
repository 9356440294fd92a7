"""A layout prints only when it has earned its release: tried with 200 labels under every damage, as it is drawn now.

    coldtrace/labels/released.json   {"60x40/unit": {"fingerprint": ..., "copies": 1, "labels": 200,
                                      "read": {"203": {"blur_50": 200, ...}, "300": {...}},
                                      "codes": {"203": {"blur_50": {"symbols": 200, "raw": 41, ...}}, ...}}, ...}

The record is written by tools/label_scoreboard.py and travels with the package.  The fingerprint is a hash over the
drawing (marks in millimetres) of a few reference contents, measured with a nominal font: change a layout and its
fingerprint is another one, and the layout is refused until the script has tried it again; a new version of Pillow or
of a font changes nothing.  Symbols stand at the same place whatever font the words are set in.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import comb, fsum
from typing import Any, Final

from coldtrace.labels.content import LabelKind
from coldtrace.labels.damage import DAMAGES, Damage
from coldtrace.labels.drawing import Box, Code, Drawing, Mark, Text
from coldtrace.labels.layouts import Draughtsman
from coldtrace.labels.metrics import NOMINAL
from coldtrace.labels.refusals import LayoutNotReleased
from coldtrace.labels.trial_contents import trial_content

LABELS: Final = 200
"""Labels a cell of the trial needs."""

RESOLUTIONS: Final = ("203", "300")
RECORD: Final = "released.json"
_REFERENCES = 16
_CHANCE = 0.01


@dataclass(frozen=True)
class Record:
    """What was measured for one layout and kind: `read[dpi][damage]` of `labels` labels were read.

    `codes` has the counts of the single codes, for the scoreboard; nothing is decided by them.
    """

    fingerprint: str
    copies: int
    labels: int
    read: dict[str, dict[str, int]]
    codes: dict[str, dict[str, dict[str, int]]]

    @property
    def passed(self) -> bool:
        """Whether every damage was tried on enough labels at both resolutions, and holds its minimum."""
        return self.labels >= LABELS and all(
            damage.name in self.read.get(dpi, {})
            and holds(damage, read=self.read[dpi][damage.name], labels=self.labels, copies=self.copies)
            for dpi in RESOLUTIONS
            for damage in DAMAGES
        )


def require_released(layout: str, kind: LabelKind) -> None:
    """Raise `LayoutNotReleased` unless this layout, as it is drawn now, has earned its release for this kind."""
    if not is_released(layout, kind):
        raise LayoutNotReleased(layout=layout, kind=kind.value)


@lru_cache
def is_released(layout: str, kind: LabelKind) -> bool:
    """Tell whether the record knows this very drawing and its rates hold today's minima."""
    record = released().get(f"{layout}/{kind.value}")
    return record is not None and record.passed and record.fingerprint == fingerprint(layout, kind)


@lru_cache
def released() -> dict[str, Record]:
    """Return the record that travels with the package; empty when there is none."""
    file = files("coldtrace.labels") / RECORD
    if not file.is_file():
        return {}
    entries: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["layouts"]
    return {name: Record(**entry) for name, entry in entries.items()}


def fingerprint(layout: str, kind: LabelKind) -> str:
    """Return the SHA-256 of how this layout draws its reference contents, on pages as it places them."""
    draughtsman = Draughtsman(NOMINAL, layout)
    digest = hashlib.sha256()
    faces = (draughtsman.face(trial_content(kind, f"reference/{number}")) for number in range(_REFERENCES))
    for page in draughtsman.pages(faces):
        digest.update(f"page {page.width:.3f} {page.height:.3f}\n{_lines(page.furniture)}".encode())
        for placed in page.faces:
            face = placed.face
            digest.update(f"face {placed.x:.3f} {placed.y:.3f} {face.width:.3f} {face.height:.3f}\n".encode())
            digest.update((_lines(face.fixed) + "own\n" + _lines(face.own)).encode())
    return digest.hexdigest()


def holds(damage: Damage, *, read: int, labels: int, copies: int) -> bool:
    """Tell whether `read` of `labels` is compatible with the damage's minimum.

    The minimum is a share of all labels, `read` is a sample of them: it fails when a layout that just held the
    minimum would do so badly less than once in a hundred samples (exact binomial).  A minimum of 100 allows no miss.
    """
    minimum = damage.minimum(copies)
    return minimum is None or _at_most(read, labels, minimum / 100) >= _CHANCE


def _at_most(read: int, labels: int, share: float) -> float:
    """The chance of at most `read` successes in `labels` tries."""
    if share >= 1.0:
        return 1.0 if read >= labels else 0.0
    return fsum(comb(labels, n) * share**n * (1 - share) ** (labels - n) for n in range(read + 1))


def _lines(drawing: Drawing) -> str:
    return "".join(_line(mark) + "\n" for mark in drawing)


def _line(mark: Mark) -> str:
    if isinstance(mark, Text):
        style = f"{mark.size:.3f} {mark.tracking:.3f} {mark.stretch:.5f} {mark.bold:d}{mark.white:d}"
        return f"text {mark.x:.3f} {mark.y:.3f} {style} {mark.text}"
    if isinstance(mark, Box):
        return f"box {mark.x:.3f} {mark.y:.3f} {mark.width:.3f} {mark.height:.3f}"
    if isinstance(mark, Code):
        symbol = mark.symbol
        return f"code {mark.x:.3f} {mark.y:.3f} {mark.module:.3f} {symbol.size} {symbol.level} {symbol.text}"
    return f"bars {mark.x:.3f} {mark.y:.3f} {mark.module:.3f} {mark.height:.3f} {mark.bars.data}"
