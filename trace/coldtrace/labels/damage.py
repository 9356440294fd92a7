"""The damages a layout must survive, and the least share of labels that must still read: one table.

The figures begin where the measurements of plain symbols stood (level Q, retries allowed: blur 0.6 module 100,
contrast 20 % with noise 100, any turn 100, tilt 12 % and 22 % 100, a tenth covered 90, frost veil 70 % 95, all
together 85 at half size) and are raised to what these layouts hold.  A label counts as read when
one of its QR codes reads byte for byte; a label with two copies must do better where one place is hit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from PIL import Image

from coldtrace.errors import Words
from coldtrace.labels import degrade


@dataclass(frozen=True)
class Look:
    """One QR code of a label as a camera sees it: some surroundings, `box` the dark part, both in pixels."""

    text: bytes
    picture: Image.Image
    box: tuple[int, int, int, int]
    module_px: float


@dataclass(frozen=True)
class Damage:
    """`least` and `least_of_two` are per cent of labels, for one copy of the code and for two; None: only told."""

    name: str
    words: Words
    apply: Callable[[Look, int], Image.Image]
    least: int | None = None
    least_of_two: int | None = None

    def minimum(self, symbols: int) -> int | None:
        """Per cent of labels that must read."""
        return self.least_of_two if symbols > 1 and self.least_of_two is not None else self.least


def _blurred(sigma: float) -> Callable[[Look, int], Image.Image]:
    return lambda look, seed: degrade.blur(look.picture, module_px=look.module_px, sigma_modules=sigma)


def _faded(look: Look, seed: int) -> Image.Image:
    return degrade.grain(degrade.pale(look.picture, contrast=0.2), seed, sigma=14)


def _turned(look: Look, seed: int) -> Image.Image:
    return degrade.grain(degrade.turn(look.picture, degrees=Random(seed).uniform(0, 360)), seed, sigma=20)


def _tilted(share: float) -> Callable[[Look, int], Image.Image]:
    return lambda look, seed: degrade.tilt(look.picture, share=share, far_side=seed % 4)


def _covered(look: Look, seed: int) -> Image.Image:
    return degrade.occlude(look.picture, seed, box=look.box, share=0.1)


def _frosted(veil: float) -> Callable[[Look, int], Image.Image]:
    return lambda look, seed: degrade.frost(look.picture, seed, module_px=look.module_px, veil=veil)


def _all_together(look: Look, seed: int) -> Image.Image:
    """Covered 5 %, turned, tilted 6 %, blurred 0.4 module, 40 % contrast with noise, and half as large."""
    chance = Random(seed)
    picture = degrade.occlude(look.picture, seed, box=look.box, share=0.05)
    picture = degrade.turn(picture, degrees=chance.uniform(0, 360))
    picture = degrade.tilt(picture, share=0.06, far_side=chance.randrange(4))
    picture = degrade.blur(picture, module_px=look.module_px, sigma_modules=0.4)
    return degrade.half(degrade.grain(degrade.pale(picture, contrast=0.4), seed, sigma=6))


DAMAGES: Final[tuple[Damage, ...]] = (
    Damage("none", Words("无损", "As printed"), lambda look, seed: look.picture, 100),
    Damage("blur_50", Words("失焦 0.5 模块", "Blur, sigma 0.5 module"), _blurred(0.5), 100),
    Damage("blur_60", Words("失焦 0.6 模块", "Blur, sigma 0.6 module"), _blurred(0.6), 100),
    Damage("pale_20", Words("对比度 20 % 加噪声", "Contrast 20 % and noise"), _faded, 100),
    Damage("turn", Words("任意旋转加噪声", "Any turn and noise"), _turned, 100),
    Damage("tilt_12", Words("倾斜 12 %", "Tilt 12 %"), _tilted(0.12), 100),
    Damage("tilt_22", Words("倾斜 22 %", "Tilt 22 %"), _tilted(0.22), 100),
    Damage("covered_10", Words("码面遮挡 10 %", "A tenth of the code covered"), _covered, 90, 98),
    Damage("frost_70", Words("霜层 70 %", "Frost veil 70 %"), _frosted(0.7), 98, 99),
    Damage("frost_90", Words("霜层 90 %", "Frost veil 90 %"), _frosted(0.9)),
    Damage("half", Words("两倍距离", "Twice as far"), lambda look, seed: degrade.half(look.picture), 100),
    Damage("together", Words("以上多种叠加", "All together, twice as far"), _all_together, 90, 97),
)
