"""The labels that were looked at by eye: which they are, and how each becomes a picture."""

import io
from collections.abc import Iterator

from PIL import Image, features

from coldtrace.codes.command import Command
from coldtrace.labels.command_words import command_label
from coldtrace.labels.content import LabelContent
from coldtrace.labels.font import load_font
from coldtrace.labels.layouts import Draughtsman
from coldtrace.labels.raster import Raster
from support.label_cases import (
    carton,
    foreign_carton,
    own_carton,
    own_roll,
    pallet,
    place,
    roll,
    sscc_carton,
    wordy_carton,
    wordy_pallet,
)

_LABELS: dict[str, LabelContent] = {
    "unit": carton(),
    "unit-wordy": wordy_carton(),
    "unit-roll": roll(),
    "pallet": pallet(),
    "place": place(),
    "command": command_label(Command.IN),
}
_MORE: dict[str, dict[str, LabelContent]] = {
    "60x40": {"unit-own": own_carton(), "unit-sscc": sscc_carton(), "unit-foreign": foreign_carton()},
    "100x100": {"unit-own-roll": own_roll(), "pallet-wordy": wordy_pallet()},
    "100x150": {},
}
_DOTS_PER_MM = 8


def golden_pictures() -> Iterator[tuple[str, Image.Image]]:
    """Yield names and black-and-white pictures at 203 dpi: every label, and two sheets."""
    font = load_font()
    raster = Raster(font, dots_per_mm=_DOTS_PER_MM)
    for layout, more in _MORE.items():
        draughtsman = Draughtsman(font, layout)
        for name, content in (_LABELS | more).items():
            yield f"{layout}-{name}", _two_tone(raster.draw(draughtsman.face(content)))
    sheets = Draughtsman(font, "a4")
    for name, contents in (
        ("cards", [command_label(command) for command in list(Command)[:11]]),
        ("pallets", [pallet(), wordy_pallet()]),
    ):
        (page,) = sheets.pages(map(sheets.face, contents))
        yield f"a4-{name}", _two_tone(raster.draw_page(page))


def png(picture: Image.Image) -> bytes:
    """Return a picture as the file that is kept."""
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def drawn_with() -> str:
    """Name what puts the letters' dots down; another version may put one elsewhere."""
    return f"Pillow with FreeType {features.version('freetype2')}"


def _two_tone(picture: Image.Image) -> Image.Image:
    return picture.convert("1", dither=Image.Dither.NONE)
