"""Trying a layout: seeded labels, damaged one way after another, read back; how many still read is counted.

A camera frames one code, not the label: each QR code is cut out with 2 mm of what stands around its quiet zone, on
cardboard-grey ground, and seen with at most 6 pixels a module, as a handheld at working distance sees it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from zlib import crc32

from PIL import Image

from coldtrace.labels.content import LabelKind
from coldtrace.labels.damage import DAMAGES, Damage, Look
from coldtrace.labels.drawing import Code, Face
from coldtrace.labels.font import load_font
from coldtrace.labels.layouts import Draughtsman
from coldtrace.labels.raster import Raster
from coldtrace.labels.read_back import read_back, read_raw
from coldtrace.labels.trial_contents import trial_content

SEED: Final = "coldtrace-labels-1"
DPI: Final = {203: 8, 300: 12}
"""Dots an inch of a print head, and its dots a millimetre as the drawing's grid counts them."""

_AROUND_MM = 2.0
_CARDBOARD = 150
_MODULE_PX = 6.0
_FOR_INFORMATION = 10
"""A damage without a minimum is tried on every tenth label: all repairs fail on it, and that takes the most time."""


@dataclass
class Tally:
    """What was counted under one damage.  `misread` texts are wrong ones: a verifier refuses them by signature."""

    labels: int = 0
    read: int = 0
    symbols: int = 0
    raw: int = 0
    retried: int = 0
    misread: int = 0

    def add(self, other: "Tally") -> None:
        """Take over another part's counts."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Trial:
    """One layout and kind at one resolution: copies of the code on the label, and a tally for every damage."""

    copies: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)

    def add(self, other: "Trial") -> None:
        """Take over another part's counts."""
        self.copies = max(self.copies, other.copies)
        for name, tally in other.tallies.items():
            self.tallies.setdefault(name, Tally()).add(tally)


def try_labels(
    layout: str, kind: LabelKind, *, dpi: int, numbers: Iterable[int], damages: Iterable[Damage] = DAMAGES
) -> Trial:
    """Draw the labels with these numbers, damage each in every way and count what reads."""
    raster, draughtsman = _raster(dpi), _draughtsman(layout)
    wanted = tuple(damages)
    trial = Trial(tallies={damage.name: Tally() for damage in wanted})
    for number in numbers:
        name = f"{SEED}/{layout}/{kind.value}/{number}"
        face = draughtsman.face(trial_content(kind, name))
        seen = looks(raster.draw(face), face, raster)
        trial.copies = max(trial.copies, len(seen))
        for damage in wanted:
            if damage.least is None and number % _FOR_INFORMATION:
                continue
            _count(trial.tallies[damage.name], damage, seen, f"{name}/{dpi}/{damage.name}")
    return trial


def looks(picture: Image.Image, face: Face, raster: Raster) -> list[Look]:
    """What a camera sees of each QR code of a label."""
    return [_look(picture, mark, raster) for mark in face.symbols if isinstance(mark, Code)]


def _count(tally: Tally, damage: Damage, seen: list[Look], name: str) -> None:
    read = False
    for number, look in enumerate(seen):
        damaged = damage.apply(look, crc32(f"{name}/{number}".encode()))
        raw = read_raw(damaged)
        found = raw or read_back(damaged)
        tally.symbols += 1
        tally.raw += raw == [look.text]
        tally.retried += found == [look.text]
        tally.misread += any(text != look.text for text in found)
        read = read or found == [look.text]
    tally.labels += 1
    tally.read += read


def _look(picture: Image.Image, code: Code, raster: Raster) -> Look:
    left, top, right, bottom = code.quiet_box
    corner = raster.dots(left - _AROUND_MM), raster.dots(top - _AROUND_MM)
    size = raster.dots(right - left + 2 * _AROUND_MM), raster.dots(bottom - top + 2 * _AROUND_MM)
    seen = Image.new("L", size, _CARDBOARD)
    seen.paste(picture, (-corner[0], -corner[1]))
    module_px = code.module * raster.dots_per_mm
    scale = min(_MODULE_PX / module_px, 1.0)
    if scale < 1.0:
        seen = seen.resize((round(size[0] * scale), round(size[1] * scale)), Image.Resampling.BOX)
    x, y = (raster.dots(code.x) - corner[0]) * scale, (raster.dots(code.y) - corner[1]) * scale
    side = code.symbol.size * module_px * scale
    box = round(x), round(y), round(x + side), round(y + side)
    return Look(code.symbol.text.encode("ascii"), seen, box, module_px * scale)


@lru_cache
def _raster(dpi: int) -> Raster:
    return Raster(load_font(), dots_per_mm=DPI[dpi])


@lru_cache
def _draughtsman(layout: str) -> Draughtsman:
    return Draughtsman(load_font(), layout)
