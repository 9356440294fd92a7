"""What happens to a label between the printer and the scanner, as small functions over pictures.

Every function takes an 8-bit grey picture and gives a new one; those that need chance take a seed and give the same
picture for the same seed on every machine (Pillow's own noise does not, so grain is made from `random.Random` here).
Distances are in modules of the code or in shares of a side, never in pixels, so a damage means the same on every
label; grey levels run from 0 to 255.  These are simulations: no printer, ice or scanner window took part.
"""

import math
from random import Random
from statistics import NormalDist

from PIL import Image, ImageChops, ImageFilter

GROUND = 150
_GRAIN_LEVELS = 256


def blur(picture: Image.Image, *, module_px: float, sigma_modules: float) -> Image.Image:
    """Out of focus: a Gaussian whose sigma is a share of a module."""
    return picture.filter(ImageFilter.GaussianBlur(sigma_modules * module_px))


def grain(picture: Image.Image, seed: int, *, sigma: float) -> Image.Image:
    """Sensor noise: every pixel moves by its own normal amount of standard deviation `sigma` grey levels."""
    levels = bytes(_clipped(128 + sigma * NormalDist().inv_cdf((n + 0.5) / _GRAIN_LEVELS)) for n in range(256))
    chance = Random(seed).randbytes(picture.width * picture.height).translate(levels)
    return ImageChops.add(picture, Image.frombytes("L", picture.size, chance), 1, -128)


def pale(picture: Image.Image, *, contrast: float) -> Image.Image:
    """A worn ribbon: black and white come closer to the middle until `contrast` of their distance is left."""
    return picture.point([_clipped(128 + (value - 128) * contrast) for value in range(256)])


def turn(picture: Image.Image, *, degrees: float) -> Image.Image:
    """Held at an angle; the picture grows, the new corners are cardboard."""
    return picture.rotate(degrees, Image.Resampling.BILINEAR, expand=True, fillcolor=GROUND)


def tilt(picture: Image.Image, *, share: float, far_side: int) -> Image.Image:
    """Seen from the side: both ends of one edge (0 top, 1 right, 2 bottom, 3 left) move inwards by `share` of it."""
    width, height = picture.size
    corners = [(0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height))]
    seen = list(corners)
    first, second = far_side % 4, (far_side + 1) % 4
    seen[first] = _between(corners[first], corners[second], share)
    seen[second] = _between(corners[second], corners[first], share)
    return picture.transform(
        picture.size,
        Image.Transform.PERSPECTIVE,
        _perspective(seen, corners),
        Image.Resampling.BILINEAR,
        fillcolor=GROUND,
    )


def occlude(picture: Image.Image, seed: int, *, box: tuple[int, int, int, int], share: float) -> Image.Image:
    """Ice, tape or a tear: one square of any grey over `share` of the area of `box`, anywhere inside it."""
    chance = Random(seed)
    left, top, right, bottom = box
    side = round(math.sqrt(share * (right - left) * (bottom - top)))
    x, y = chance.randint(left, right - side), chance.randint(top, bottom - side)
    covered = picture.copy()
    covered.paste(chance.randint(0, 255), (x, y, x + side, y + side))
    return covered


def frost(picture: Image.Image, seed: int, *, module_px: float, veil: float) -> Image.Image:
    """A white veil, cloudy and with crystals, that hides `veil` of the contrast on average, and its scattered light.

    The veil's thickness swings over some 8 modules (clouds) and over half a module (crystals); below it the light is
    scattered by 0.3 module, above it lies the noise of a camera that looks at something nearly white.
    """
    scattered = blur(picture, module_px=module_px, sigma_modules=0.3)
    clouds = _cloud(picture.size, seed, cell_px=8 * module_px, swing=40)
    crystals = _cloud(picture.size, seed + 1, cell_px=0.5 * module_px, swing=20)
    thickness = ImageChops.add(clouds, crystals, 1, round(veil * 255) - 256)
    veiled = Image.composite(Image.new("L", picture.size, 235), scattered, thickness)
    return grain(veiled, seed + 2, sigma=6)


def half(picture: Image.Image) -> Image.Image:
    """Twice as far away."""
    return picture.reduce(2)


def _cloud(size: tuple[int, int], seed: int, *, cell_px: float, swing: int) -> Image.Image:
    """Smooth chance around 128, at most `swing` to each side, one free value every `cell_px`."""
    across, down = (max(math.ceil(side / cell_px), 2) for side in size)
    low = bytes(_clipped(128 - swing + 2 * swing * n / 255) for n in range(256))
    cells = Image.frombytes("L", (across, down), Random(seed).randbytes(across * down).translate(low))
    return cells.resize(size, Image.Resampling.BICUBIC)


def _between(start: tuple[float, float], end: tuple[float, float], share: float) -> tuple[float, float]:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _perspective(seen: list[tuple[float, float]], real: list[tuple[float, float]]) -> list[float]:
    """The eight numbers with which Pillow finds, for a place that is seen, the real place it shows."""
    rows = []
    for (x, y), (u, v) in zip(seen, real, strict=True):
        rows.append([x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, u])
        rows.append([0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, v])
    for column in range(8):
        pivot = max(range(column, 8), key=lambda row: abs(rows[row][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for row in range(8):
            if row != column:
                factor = rows[row][column] / rows[column][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column], strict=True)]
    return [rows[row][8] / rows[row][row] for row in range(8)]


def _clipped(value: float) -> int:
    return min(max(round(value), 0), 255)
