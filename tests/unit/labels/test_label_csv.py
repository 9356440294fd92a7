"""CSV of code texts: what Excel and a site's label program make of it."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from coldtrace.labels.csv_rows import COLUMNS
from coldtrace.labels.make import make_labels
from support.label_cases import bare_carton, carton, pallet
from support.source_tree import REPOSITORY


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_program_reads_what_is_on_the_label(tmp_path: Path) -> None:
    report = make_labels([carton(), pallet(), bare_carton()], layout="100x100", format="csv", out=tmp_path / "a.csv")
    assert (report.count, report.decoded) == (3, 0)
    data = (tmp_path / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfnumber,kind,code,")
    assert data.count(b"\r\n") == data.count(b"\n") == 4
    first, second, third = rows(data)
    assert first == {
        "number": "1",
        "kind": "unit",
        "code": carton().uri,
        "level": "Q",
        "short_code": "7QK4-M2ZX-9RTB-5",
        "gs1_text": "(01)09506000134352(10)L2409A17(21)7QK4M2ZX9RTB",
        "sscc": "",
        "product_zh": "巴西冷冻去骨牛腱子肉",
        "product_en": "Frozen boneless beef shank",
        "lot": "L2409A17",
        "production_date": "2026-09-12",
        "expiry_date": "2028-09-11",
        "origin_zh": "巴西",
        "origin_en": "Brazil",
        "net_weight": "27.5 kg",
        "net_g": "27500",
        "cartons": "",
        "storage_zh": "-18℃以下冷冻保存",
        "storage_en": "Keep frozen at or below -18 °C",
        "importer_zh": "天津海河冷链进出口有限公司",
        "importer_en": "Tianjin Haihe Cold Chain Import & Export Co., Ltd.",
        "plant_reg": "CBRA06012109230017",
    }
    assert (second["sscc"], second["cartons"]) == ("395060000000000010", "50")
    assert (third["number"], third["net_g"]) == ("3", "")


def test_no_cell_runs_as_a_formula(tmp_path: Path) -> None:
    hostile = replace(
        carton(), product_zh='=HYPERLINK("x","牛肉")', product_en="@SUM(1)", lot="+1-2", origin_en='a\r\nb,"c"'
    )
    make_labels([hostile], layout="100x100", format="csv", out=tmp_path / "a.csv")
    (row,) = rows((tmp_path / "a.csv").read_bytes())
    assert row["product_zh"] == "'" + hostile.product_zh
    assert (row["product_en"], row["lot"]) == ("'@SUM(1)", "'+1-2")
    assert row["origin_en"] == hostile.origin_en
    assert not any(cell.startswith(("=", "+", "@")) for cell in row.values())


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("-18℃以下冷冻保存", "-18℃以下冷冻保存"),
        ("-18 °C or below", "-18 °C or below"),
        ("-A1+B1", "'-A1+B1"),
        ("-@SUM(1)", "'-@SUM(1)"),
        ("-", "'-"),
        ("-18", "-18"),
        ("-18.5", "-18.5"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("-2-3", "'-2-3"),
        ("-18℃+1", "'-18℃+1"),
        ("-18℃|cmd", "'-18℃|cmd"),
        ("-18℃\n=1", "'-18℃\n=1"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff0d1", "'\uff0d1"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("=1", "'=1"),
    ],
)
def test_only_what_a_spreadsheet_would_run_has_an_apostrophe(tmp_path: Path, text: str, cell: str) -> None:
    make_labels([replace(carton(), storage_zh=text)], layout="100x100", format="csv", out=tmp_path / "a.csv")
    assert rows((tmp_path / "a.csv").read_bytes())[0]["storage_zh"] == cell


def test_every_column_is_in_the_guide() -> None:
    guide = (REPOSITORY / "docs" / "guides" / "labels-and-printers.md").read_text("utf-8")
    assert [name for name in COLUMNS if f"`{name}`" not in guide] == []
