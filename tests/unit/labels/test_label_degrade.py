"""Damages: the same for a seed, as strong as they say, and what the retries are there for."""

from collections.abc import Callable
from statistics import pstdev

import pytest
from PIL import Image, ImageChops, ImageStat

from coldtrace.labels import degrade
from coldtrace.labels.read_back import read_back, read_raw
from coldtrace.labels.symbol import qr_symbol
from support.label_cases import carton

MODULE_PX = 6
SYMBOL = qr_symbol(carton().uri, "Q")


def photo() -> Image.Image:
    """The symbol of a carton on white, 6 pixels a module, with its quiet zone."""
    side = SYMBOL.size * MODULE_PX
    code = Image.frombytes("L", (SYMBOL.size, SYMBOL.size), SYMBOL.pixels).resize(
        (side, side), Image.Resampling.NEAREST
    )
    picture = Image.new("L", (SYMBOL.full_size * MODULE_PX,) * 2, 255)
    picture.paste(code, (4 * MODULE_PX, 4 * MODULE_PX))
    return picture


BOX = (4 * MODULE_PX, 4 * MODULE_PX, (4 + SYMBOL.size) * MODULE_PX, (4 + SYMBOL.size) * MODULE_PX)

SEEDED: list[Callable[[Image.Image, int], Image.Image]] = [
    lambda picture, seed: degrade.grain(picture, seed, sigma=20),
    lambda picture, seed: degrade.occlude(picture, seed, box=BOX, share=0.1),
    lambda picture, seed: degrade.frost(picture, seed, module_px=MODULE_PX, veil=0.7),
]


@pytest.mark.parametrize("damage", SEEDED)
def test_a_seed_gives_the_same_picture_and_another_seed_another(
    damage: Callable[[Image.Image, int], Image.Image],
) -> None:
    assert damage(photo(), 7).tobytes() == damage(photo(), 7).tobytes()
    assert damage(photo(), 7).tobytes() != damage(photo(), 8).tobytes()


def test_grain_has_the_spread_that_is_asked_for() -> None:
    grey = Image.new("L", (200, 200), 128)
    noisy = degrade.grain(grey, 1, sigma=20).tobytes()
    assert pstdev(noisy) == pytest.approx(20, abs=0.5)
    assert sum(noisy) / len(noisy) == pytest.approx(128, abs=0.5)


def test_pale_leaves_the_share_of_contrast_that_is_asked_for() -> None:
    assert degrade.pale(photo(), contrast=0.2).getextrema() == (102, 153)


def test_blur_spreads_an_edge_over_its_sigma() -> None:
    edge = Image.new("L", (200, 20), 255)
    edge.paste(0, (0, 0, 100, 20))
    blurred = degrade.blur(edge, module_px=10, sigma_modules=1.0)
    across = [int(blurred.tobytes()[10 * 200 + x]) for x in range(200)]
    # The levels of a Gaussian step one sigma to each side of the edge: 16 % and 84 %.
    assert across[90] / 255 == pytest.approx(0.16, abs=0.03)
    assert across[109] / 255 == pytest.approx(0.84, abs=0.03)


def test_turn_keeps_everything_and_shows_cardboard_in_the_corners() -> None:
    turned = degrade.turn(photo(), degrees=45)
    assert turned.width == pytest.approx(photo().width * 2**0.5, abs=3)
    assert turned.getpixel((0, 0)) == degrade.GROUND
    assert read_raw(turned) == [SYMBOL.text.encode()]


@pytest.mark.parametrize("far_side", range(4))
def test_tilt_moves_both_ends_of_one_edge_inwards(far_side: int) -> None:
    white = Image.new("L", (300, 200), 255)
    tilted = degrade.tilt(white, share=0.2, far_side=far_side)
    edges = [tilted.crop(box) for box in ((0, 1, 300, 2), (298, 0, 299, 200), (0, 198, 300, 199), (1, 0, 2, 200))]
    shares = [sum(value == 255 for value in edge.tobytes()) / (edge.width * edge.height) for edge in edges]
    assert shares[far_side] == pytest.approx(0.6, abs=0.03)
    assert shares[(far_side + 2) % 4] == pytest.approx(1.0, abs=0.03)


def test_a_cover_takes_its_share_inside_the_code_and_nothing_outside() -> None:
    white = Image.new("L", photo().size, 255)
    for seed in range(40):
        covered = ImageChops.difference(white, degrade.occlude(white, seed, box=BOX, share=0.1))
        box = covered.getbbox()
        if box is None:  # a cover as white as the ground
            continue
        assert box[0] >= BOX[0]
        assert box[1] >= BOX[1]
        assert box[2] <= BOX[2]
        assert box[3] <= BOX[3]
        area = (box[2] - box[0]) * (box[3] - box[1])
        assert area / (BOX[2] - BOX[0]) ** 2 == pytest.approx(0.1, abs=0.005)


@pytest.mark.parametrize("veil", [0.3, 0.7])
def test_frost_hides_its_share_of_the_contrast_on_average(veil: float) -> None:
    black, white = (Image.new("L", (300, 300), value) for value in (0, 255))
    means = [
        ImageStat.Stat(degrade.frost(picture, 5, module_px=MODULE_PX, veil=veil)).mean[0] for picture in (black, white)
    ]
    assert (means[1] - means[0]) / 255 == pytest.approx(1 - veil, abs=0.04)


def test_half_has_half_the_side() -> None:
    assert degrade.half(photo()).width == photo().width // 2


def test_what_one_look_loses_the_repairs_read() -> None:
    expected = [SYMBOL.text.encode()]
    blurred = degrade.blur(photo(), module_px=MODULE_PX, sigma_modules=0.6)
    pale = degrade.grain(degrade.pale(photo(), contrast=0.2), 3, sigma=14)
    for picture in (blurred, pale):
        assert read_raw(picture) == []
        assert read_back(picture) == expected
    assert read_back(Image.new("L", (200, 200), 255)) == []
