"""What the law and the gate want on a label is on it, in every layout."""

from dataclasses import replace

import pytest

from coldtrace.labels.content import LabelContent
from coldtrace.labels.drawing import Face, Text
from coldtrace.labels.font import load_font
from coldtrace.labels.layouts import LAYOUTS, Draughtsman
from support.label_cases import carton, foreign_carton, own_carton, own_roll, pallet, roll, sscc_carton

FONT = load_font()
DRAUGHTSMEN = {layout: Draughtsman(FONT, layout) for layout in LAYOUTS}
GOODS = [carton(), foreign_carton(), sscc_carton(), own_carton(), pallet()]


def words_of(face: Face) -> str:
    """All words of a label in the order they are set, without blanks: a line may end anywhere."""
    texts = [mark.text for mark in (*face.fixed, *face.own) if isinstance(mark, Text)]
    return "".join(texts).replace(" ", "")


def missing(face: Face, wanted: list[str]) -> list[str]:
    found = words_of(face)
    return [text for text in wanted if text.replace(" ", "") not in found]


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("content", GOODS, ids=lambda content: content.gs1_text or content.short_code)
def test_goods_say_all_that_is_known_of_them(layout: str, content: LabelContent) -> None:
    wanted = [
        content.product_zh,
        content.product_en,
        content.gs1_text,
        content.lot,
        content.production_date,
        content.expiry_date,
        f"{content.origin_zh} {content.origin_en}",
        "27.5 kg" if content.count is None else "1,350 kg",
        content.storage_zh,
        content.importer_zh,
        content.short_code,
    ]
    assert missing(DRAUGHTSMEN[layout].face(content), wanted) == []


@pytest.mark.parametrize("layout", ["100x100", "100x150"])
def test_larger_labels_say_it_in_both_languages(layout: str) -> None:
    content = carton()
    wanted = [content.storage_en, content.importer_en, content.plant_reg]
    assert missing(DRAUGHTSMEN[layout].face(content), wanted) == []


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("content", [roll(), own_roll()], ids=["gtin", "own"])
def test_labels_of_rolls_say_their_number_and_station_and_leave_room_for_the_lot(
    layout: str, content: LabelContent
) -> None:
    face = DRAUGHTSMEN[layout].face(content)
    assert missing(face, [content.roll_text, "天津港冷链查验中心", content.short_code, content.gs1_text]) == []
    lines = [mark for mark in face.fixed if isinstance(mark, Text) and set(mark.text) == {"_"}]
    assert len(lines) == 1
    assert lines[0].width(FONT) > 10


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_labels_of_one_roll_share_all_but_their_numbers(layout: str) -> None:
    one, two = (DRAUGHTSMEN[layout].face(replace(roll(), roll_number=number)) for number in (1, 999))
    assert one.fixed is two.fixed
    assert missing(one, ["No. 1 / 1000"]) == []
    assert missing(two, ["No. 999 / 1000"]) == []


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_facts_that_nobody_stated_leave_no_caption_behind(layout: str) -> None:
    bare = LabelContent(uri=carton().uri, product_zh="牛肉")
    assert words_of(DRAUGHTSMEN[layout].face(bare)) == "牛肉"
