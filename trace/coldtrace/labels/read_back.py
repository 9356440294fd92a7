"""Reading a damaged code: once as it is, then again after simple repairs, until something is read.

Each repair answers one damage; together they read what one look loses (docs/label-scoreboard.md has the figures).
The radii are in pixels, since a reader does not know the module before it has read.
"""

from collections.abc import Callable
from typing import Final

import zxingcpp
from PIL import Image, ImageChops, ImageFilter, ImageOps

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
Repair = Callable[[Image.Image], Image.Image]


def read_raw(picture: Image.Image) -> list[bytes]:
    """All QR codes that one look at the picture gives."""
    return [bytes(found.bytes) for found in zxingcpp.read_barcodes(picture, formats=_QR)]


def read_back(picture: Image.Image) -> list[bytes]:
    """The codes of the first look that reads any: the picture as it is, then each of `REPAIRS`."""
    found = read_raw(picture)
    for repair in REPAIRS:
        if found:
            break
        found = read_raw(repair(picture))
    return found


def _smooth(picture: Image.Image) -> Image.Image:
    """Against grain and a thin veil."""
    return ImageOps.autocontrast(picture.filter(ImageFilter.GaussianBlur(1.5)), cutoff=1)


def _sharp(times: int, radius: int, percent: int) -> Repair:
    """Against blur: enlarged, so that the sharpened edge finds its place between two pixels."""

    def repair(picture: Image.Image) -> Image.Image:
        large = picture.resize((picture.width * times, picture.height * times), Image.Resampling.BICUBIC)
        return large.filter(ImageFilter.UnsharpMask(radius, percent, 0))

    return repair


def _median(picture: Image.Image) -> Image.Image:
    """Against specks and crystals."""
    return ImageOps.autocontrast(picture.filter(ImageFilter.MedianFilter(3)), cutoff=1)


def _even(picture: Image.Image) -> Image.Image:
    """Against clouds of frost: each place is compared with its surroundings."""
    smooth = picture.filter(ImageFilter.GaussianBlur(1.2))
    return ImageChops.subtract(smooth, smooth.filter(ImageFilter.BoxBlur(24)), 1 / 3, 128)


def _large_and_even(picture: Image.Image) -> Image.Image:
    """Against grain under frost: smoothed between the pixels, then compared with its surroundings."""
    large = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.BICUBIC)
    smooth = large.filter(ImageFilter.GaussianBlur(2))
    return ImageChops.subtract(smooth, smooth.filter(ImageFilter.BoxBlur(28)), 1 / 3, 128)


def _small(picture: Image.Image) -> Image.Image:
    """Against coarse grain."""
    return ImageOps.autocontrast(picture.reduce(2), cutoff=1)


REPAIRS: Final[tuple[Repair, ...]] = (
    _smooth,
    _sharp(2, 6, 300),
    _sharp(3, 4, 400),
    _sharp(4, 3, 200),
    _median,
    _even,
    _small,
    _sharp(4, 4, 100),
    _large_and_even,
)
