"""Every layout in every format: a real decoder reads the codes back from the finished file."""

import io
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from coldtrace.labels.content import LabelContent
from coldtrace.labels.make import LabelReport, make_labels
from coldtrace.labels.refusals import NoLabels, OneLabelPerFile, UnknownFormat, UnknownLayout
from support.label_cases import (
    all_contents,
    bare_carton,
    carton,
    command,
    expected_texts,
    pallet,
    pdf_pictures,
    pdf_texts,
    place,
    read_picture,
    wordy_carton,
)
from support.svg_dots import svg_picture

LAYOUTS = ["60x40", "100x100", "100x150"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pdf_reads_back_at_the_printers_resolution(layout: str, tmp_path: Path) -> None:
    contents = all_contents()
    report = make_labels(contents, layout=layout, format="pdf", out=tmp_path / "run.pdf")
    expected = [expected_texts(content, layout) for content in contents]
    assert [read_picture(picture) for picture in pdf_pictures(tmp_path / "run.pdf")] == expected
    assert report == LabelReport(count=13, pages=13, decoded=sum(map(len, expected)))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dots_per_mm", [8, 12])
def test_png_reads_back_and_prints_in_its_true_size(layout: str, dots_per_mm: int, tmp_path: Path) -> None:
    contents = [carton(), pallet(), place(), command()]
    make_labels(contents, layout=layout, format="png", out=tmp_path / "run", dots_per_mm=dots_per_mm)
    pictures = [Image.open(path) for path in sorted((tmp_path / "run").iterdir())]
    assert [read_picture(picture) for picture in pictures] == [expected_texts(content, layout) for content in contents]
    width, height = (int(side) * dots_per_mm for side in layout.split("x"))
    for picture in pictures:
        assert picture.size == (width, height)
        assert picture.mode == "1"
        assert picture.info["dpi"][0] == pytest.approx(dots_per_mm * 25.4, abs=0.1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_svg_reads_back(layout: str, tmp_path: Path) -> None:
    contents = [carton(), pallet(), command()]
    make_labels(contents, layout=layout, format="svg", out=tmp_path / "run")
    for path, content in zip(sorted((tmp_path / "run").iterdir()), contents, strict=True):
        picture = svg_picture(path.read_text("utf-8"), dots_per_unit=8)
        assert read_picture(picture) == expected_texts(content, layout)
        spoken = path.read_text("utf-8").replace("; ", "")  # lines of the description, for those who listen to it
        assert content.product_zh in spoken


def test_sheets_hold_21_cartons_and_then_pallets_on_a_page_of_their_own(tmp_path: Path) -> None:
    cartons = [carton(f"{number:012d}") for number in range(22)]
    pallets = [pallet(f"39506000000000{number:04d}") for number in range(3)]
    report = make_labels([*cartons, *pallets], layout="a4", format="pdf", out=tmp_path / "a4.pdf")
    assert report == LabelReport(count=25, pages=3, decoded=28)
    pages = [read_picture(picture) for picture in pdf_pictures(tmp_path / "a4.pdf", dots_per_mm=12)]
    assert pages[0] == [content.uri.encode() for content in cartons[:21]]
    assert pages[1] == [cartons[21].uri.encode()]
    assert pages[2] == sorted(text for content in pallets for text in expected_texts(content, "a4"))


def test_nothing_is_printed_where_office_printers_cannot(tmp_path: Path) -> None:
    contents = [wordy_carton() for _ in range(21)] + [pallet() for _ in range(4)]
    make_labels(contents, layout="a4", format="png", out=tmp_path / "a4.zip")
    with zipfile.ZipFile(tmp_path / "a4.zip") as archive:
        for name in archive.namelist():
            page = Image.open(io.BytesIO(archive.read(name))).convert("L").point(lambda value: 255 - value)
            left, top, right, bottom = page.getbbox() or (0, 0, 0, 0)
            assert min(left, top, page.width - right, page.height - bottom) >= 4.5 * 8


def test_the_words_of_a_pdf_can_be_copied(tmp_path: Path) -> None:
    make_labels([carton(), pallet(), place()], layout="100x100", format="pdf", out=tmp_path / "run.pdf")
    first, second, third = pdf_texts(tmp_path / "run.pdf")
    for words in (
        "巴西冷冻去骨牛腱子肉",
        "Frozen boneless beef shank",
        "-18℃以下冷冻保存",
        "天津海河冷链进出口有限公司",
        "7QK4-M2ZX-9RTB-5",
        "(01)09506000134352(10)L2409A17(21)7QK4M2ZX9RTB",
        "2028-09-11",
        "27.5 kg",
    ):
        assert words in first
    assert "(00) 3950 6000 0000 0000 10" in second
    assert "1,350 kg" in second
    assert "先扫此码，再扫货物" in third


def test_a_printer_is_told_not_to_scale_and_the_file_carries_its_font(tmp_path: Path) -> None:
    make_labels([carton()], layout="100x100", format="pdf", out=tmp_path / "run.pdf")
    data = (tmp_path / "run.pdf").read_bytes()
    assert b"/PrintScaling /None" in data
    assert b"/FontFile3" in data
    assert len(data) < 60_000


def test_the_same_labels_give_the_same_bytes(tmp_path: Path) -> None:
    for format, name in (("pdf", "run.pdf"), ("png", "run.zip"), ("svg", "run-svg.zip")):
        files = []
        for folder in ("one", "two"):
            out = tmp_path / folder / name
            make_labels([carton(), pallet()], layout="100x100", format=format, out=out)
            files.append(out.read_bytes())
        assert files[0] == files[1]


def test_progress_counts_each_label(tmp_path: Path) -> None:
    told: list[int] = []
    make_labels([carton()] * 3, layout="60x40", format="pdf", out=tmp_path / "run.pdf", progress=told.append)
    assert told == [1, 2, 3]


class _Pipe(io.RawIOBase):
    """A stream that can only be written to, as a response or a socket."""

    def __init__(self) -> None:
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += len(data)
        return len(data)


@pytest.mark.parametrize("format", ["pdf", "png", "svg"])
def test_pages_leave_as_they_are_made(format: str) -> None:
    pipe = _Pipe()
    seen: list[int] = []

    def contents() -> Iterator[LabelContent]:
        for number in range(6):
            seen.append(pipe.written)
            yield carton(f"{number:012d}")

    make_labels(contents(), layout="100x100", format=format, out=pipe)  # type: ignore[arg-type]
    assert all(later > earlier for earlier, later in pairwise(seen[1:]))


def test_one_picture_goes_into_one_file(tmp_path: Path) -> None:
    make_labels([carton()], layout="60x40", format="png", out=tmp_path / "one.png")
    assert read_picture(Image.open(tmp_path / "one.png")) == [carton().uri.encode()]
    with pytest.raises(OneLabelPerFile):
        make_labels([carton(), carton()], layout="60x40", format="png", out=tmp_path / "two.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.png"]


@pytest.mark.parametrize(
    ("layout", "format", "refusal"),
    [("50x30", "pdf", UnknownLayout), ("60x40", "epl", UnknownFormat)],
)
def test_unknown_names_are_refused(layout: str, format: str, refusal: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(refusal):
        make_labels([carton()], layout=layout, format=format, out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["run.pdf", "run.zip"])
def test_an_empty_run_is_refused_and_leaves_no_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(NoLabels):
        make_labels([], layout="60x40", format="pdf" if name == "run.pdf" else "png", out=tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_label_with_only_a_name_is_still_a_label(tmp_path: Path) -> None:
    report = make_labels([bare_carton()], layout="100x150", format="pdf", out=tmp_path / "run.pdf")
    assert report.decoded == 2
    assert pdf_texts(tmp_path / "run.pdf")[0].strip() == "牛肉"
