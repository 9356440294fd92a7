"""The font: the one of the install, another by path, a clear refusal when there is none; and fitting words with it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.labels.fit import fit, shrink
from coldtrace.labels.font import LabelFont, load_font
from coldtrace.labels.make import make_labels
from coldtrace.labels.refusals import CharacterMissing, FontMissing
from support.box_font import box_font
from support.label_cases import carton, expected_texts, pdf_pictures, pdf_texts, read_picture

FONT = load_font()


def characters_of_a_carton() -> str:
    content = carton()
    fixed = "批号生产日期保质期至净含量原产国进口商境外注册号手输码到重0123456789ABCabc()-.:/ LOTBESTBEFOREPRODUCED"
    texts = [value for value in vars(content).values() if isinstance(value, str)]
    return "".join(sorted(set(fixed + "NETORIGINKey in Importer Plant reg. 27.5 kg" + "".join(texts))))


def test_the_font_of_the_install_is_the_simplified_chinese_face() -> None:
    assert FONT.name == "NotoSansCJKsc-Regular"
    assert load_font() is FONT


@pytest.mark.parametrize("name", ["absent.ttf", "folder", "text.ttf", "latin.ttf"])
def test_a_font_that_cannot_be_used_is_refused_in_words(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.ttf").write_text("not a font", "utf-8")
    box_font(tmp_path / "latin.ttf", "ABC0123456789")
    with pytest.raises(FontMissing) as caught:
        make_labels([carton()], layout="60x40", format="pdf", out=tmp_path / "run.pdf", font=tmp_path / name)
    assert "COLDTRACE_LABEL_FONT" in caught.value.say("zh")
    assert name in caught.value.say("en")
    assert not (tmp_path / "run.pdf").exists()


def test_another_font_by_path_is_embedded_and_read(tmp_path: Path) -> None:
    path = box_font(tmp_path / "boxes.ttf", characters_of_a_carton())
    make_labels([carton()], layout="100x100", format="pdf", out=tmp_path / "run.pdf", font=path)
    data = (tmp_path / "run.pdf").read_bytes()
    assert b"/FontFile2" in data
    assert b"/FontName /LABELS+Boxes-Regular" in data
    assert b"NotoSansCJK" not in data
    assert "巴西冷冻去骨牛腱子肉" in pdf_texts(tmp_path / "run.pdf")[0]
    [picture] = pdf_pictures(tmp_path / "run.pdf")
    assert read_picture(picture) == expected_texts(carton(), "100x100")
    make_labels([carton()], layout="100x100", format="svg", out=tmp_path / "run.svg", font=path)


def test_a_missing_character_is_named() -> None:
    with pytest.raises(CharacterMissing) as caught:
        FONT.require("牛肉\ue000")
    assert caught.value.facts["code_point"] == "U+E000"


def test_a_subset_is_small_and_keeps_its_characters(tmp_path: Path) -> None:
    assert len(FONT.subset("巴西冷冻牛肉ABC123")) < 20_000
    truetype = LabelFont(box_font(tmp_path / "boxes.ttf", characters_of_a_carton()))
    assert len(truetype.subset("A")) < len(truetype.subset(characters_of_a_carton()))


@given(
    text=st.text("冷冻牛肉（），。 abcdefg-/(01)0123456789ABC", min_size=1, max_size=120),
    width=st.floats(8, 90),
    lines=st.integers(1, 4),
)
def test_fitted_text_fits_and_loses_nothing_unless_it_says_so(text: str, width: float, lines: int) -> None:
    fitted = fit(FONT, text, width=width, sizes=[7.0, 5.0, 3.5, 2.0], lines=lines)
    assert len(fitted.lines) <= lines
    for line in fitted.lines:
        assert FONT.width(line) * fitted.size <= width + 1e-6
    kept = "".join(fitted.lines).replace(" ", "")
    if kept.endswith("…"):
        assert text.replace(" ", "").startswith(kept[:-1])
    else:
        assert kept == text.replace(" ", "")


def test_lines_are_balanced_and_break_where_a_reader_would() -> None:
    assert fit(FONT, "巴西冷冻去骨牛腱子肉", width=36, sizes=[4.0], lines=2).lines == ("巴西冷冻去", "骨牛腱子肉")
    gs1 = "(01)09506000134352(10)L2409A17(21)7QK4M2ZX9RTB"
    assert fit(FONT, gs1, width=55, sizes=[3.0], lines=2).lines == (
        "(01)09506000134352",
        "(10)L2409A17(21)7QK4M2ZX9RTB",
    )
    assert fit(FONT, "-18℃以下冷冻，勿复冻", width=30, sizes=[5.0], lines=3).lines[0].startswith("-18℃")


def test_shrinking_takes_the_largest_size_that_fits() -> None:
    assert shrink(FONT, "0000", width=10, sizes=[5.0, 4.0]) == 4.0
    assert shrink(FONT, "0000", width=5, sizes=[5.0, 4.0]) == pytest.approx(5 / FONT.width("0000"))
