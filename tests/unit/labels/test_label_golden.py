"""Labels look as they did when they were looked at: every dot, at 203 dpi."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops

from support.golden_labels import drawn_with, golden_pictures
from support.label_cases import read_picture

FOLDER = Path(__file__).resolve().parents[2] / "vectors" / "labels"
PICTURES = dict(golden_pictures())


@pytest.mark.parametrize("name", list(PICTURES))
def test_a_label_is_the_one_that_was_looked_at(name: str) -> None:
    kept = Image.open(FOLDER / f"{name}.png")
    picture = PICTURES[name]
    assert kept.mode == "1"
    assert kept.size == picture.size
    changed = ImageChops.logical_xor(kept, picture).getbbox()
    assert changed is None, f"dots differ inside {changed}; this run drew with {drawn_with()}"
    assert read_picture(kept.convert("L"))


def test_no_picture_is_kept_that_nobody_draws() -> None:
    assert {path.stem for path in FOLDER.glob("*.png")} == set(PICTURES)
