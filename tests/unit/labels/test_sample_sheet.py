"""The day-one sheet: twelve codes, each read back in its place, each with words that say what it shows."""

from pathlib import Path

import pytest

from coldtrace.labels.make import LabelReport
from coldtrace.labels.refusals import NoLabels
from coldtrace.labels.sample_sheet import Sample, make_sample_sheet
from support.label_cases import carton, pallet, pdf_pictures, pdf_texts, place, read_picture


def samples(count: int) -> list[Sample]:
    uris = [carton(f"{number:012d}").uri for number in range(count - 4)]
    uris += [pallet().uri, place().uri, "CT:IN", "CT:UNDO"]
    return [
        Sample(
            label_zh=f"样品{number}",
            label_en=f"Sample {number}",
            explain_zh="签名有效，首次查询。显示产品、批次、全程路线和温度，写明由谁、何时发布。" * (1 + number % 3),
            explain_en="Signature valid. Shows product, lot, route and temperatures, and who said so. "
            * (1 + number % 3),
            uri=uri,
        )
        for number, uri in enumerate(uris, start=1)
    ]


def test_twelve_codes_read_back_from_the_printed_page(tmp_path: Path) -> None:
    report = make_sample_sheet(samples(12), tmp_path / "sample-labels.pdf")
    assert report == LabelReport(count=12, pages=1, decoded=12)
    for dots_per_mm in (8, 23.6):  # a label printer's 203 dpi and an office printer's 600
        [picture] = pdf_pictures(tmp_path / "sample-labels.pdf", dots_per_mm=dots_per_mm)
        assert read_picture(picture) == sorted(sample.uri.encode() for sample in samples(12))
    [text] = pdf_texts(tmp_path / "sample-labels.pdf")
    for sample in samples(12):
        assert sample.label_zh in text
        assert sample.label_en in text


def test_a_thirteenth_begins_a_second_page(tmp_path: Path) -> None:
    report = make_sample_sheet(samples(13), tmp_path / "sample-labels.pdf")
    assert (report.pages, report.decoded) == (2, 13)
    assert len(pdf_texts(tmp_path / "sample-labels.pdf")) == 2


def test_nothing_to_print_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoLabels):
        make_sample_sheet([], tmp_path / "sample-labels.pdf")
    assert list(tmp_path.iterdir()) == []
