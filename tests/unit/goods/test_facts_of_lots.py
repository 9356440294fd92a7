"""The product facts that consumers read: complete, masked, frozen, salted."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from coldtrace.codes.gtin import parse_gtin
from coldtrace.events.facts import facts_hash, read_facts
from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.facts import lot_facts, masked
from coldtrace.goods.packing_list import ConsignmentPapers, PackedLot, PackingList
from coldtrace.parties.model import Operator
from support.consignments import (
    BILL_OF_LADING,
    CERTIFICATE,
    CONTAINER,
    DECLARATION,
    HEALTH_CERTIFICATE,
    SEAL,
    packing_list,
)
from support.ticking import counting_bytes

IMPORTER = Operator(
    operator_id=UUID(int=1),
    uscc="91120118MA00000011",
    name_zh="天津渤海进口食品有限公司",
    name_en="Tianjin Bohai Imported Foods Co., Ltd.",
    city_zh="天津",
    city_en="Tianjin",
)


def facts_of(packing: PackingList, **changes: object) -> dict[str, str | int]:
    lot = replace(packing.lots[0], **changes)  # type: ignore[arg-type]
    return read_facts(lot_facts(packing.papers, lot, importer=IMPORTER, random=counting_bytes()))


def test_what_a_consumer_reads() -> None:
    facts = facts_of(packing_list())
    facts.pop("salt")
    assert facts == {
        "product_zh": "冻去骨牛腩",
        "product_en": "Frozen boneless beef brisket",
        "gtin": "19521234543210",
        "lot": "L2409A17",
        "origin": "BR",
        "origin_zh": "巴西",
        "origin_en": "Brazil",
        "production_date": "2026-09-03",
        "shelf_life": "P24M",
        "expiry_date": "2028-09-03",
        "storage_zh": "-18℃以下冷冻保存",
        "storage_en": "Keep frozen at or below -18 °C",
        "spec": "20kg/箱",
        "net_g": 20_000,
        "plant": "SIF 385",
        "plant_reg": "CBRA01012201010001",
        "importer_zh": "天津渤海进口食品有限公司",
        "importer_en": "Tianjin Bohai Imported Foods Co., Ltd.",
        "importer_city_zh": "天津",
        "importer_city_en": "Tianjin",
        "port_zh": "天津新港",
        "port_en": "Tianjin Xingang",
        "entry_date": "2026-11-20",
        "quarantine_cert": "1200…7001",
        "quarantine_state": "importer_declared",
        "source": "importer_declared",
    }


def test_no_paper_is_shown_whole() -> None:
    packing = packing_list()
    text = lot_facts(packing.papers, packing.lots[0], importer=IMPORTER, random=counting_bytes())
    for secret in (DECLARATION, CERTIFICATE, HEALTH_CERTIFICATE, BILL_OF_LADING, CONTAINER, SEAL, IMPORTER.uscc):
        assert secret not in text


def test_what_the_papers_do_not_say_is_left_out() -> None:
    bare = PackingList(papers=ConsignmentPapers(), lines=packing_list().lines)
    facts = facts_of(bare, expiry=None, shelf_life=None, product_en=None, spec=None)
    for name in ("origin", "expiry_date", "shelf_life", "product_en", "quarantine_cert", "quarantine_state", "spec"):
        assert name not in facts
    assert facts["source"] == "importer_declared"


def test_a_lot_that_codes_cannot_print_keeps_its_name_and_says_what_is_printed() -> None:
    facts = facts_of(packing_list(), lot="BR337/0909", intake_lot="BR337-0909.4CXTR")
    assert (facts["lot"], facts["maker_lot"]) == ("BR337-0909.4CXTR", "BR337/0909")
    assert "maker_lot" not in facts_of(packing_list())


def test_a_production_month() -> None:
    assert facts_of(packing_list(), production_date=CalendarDate(2026, 9))["production_date"] == "2026-09"


def test_cartons_that_differ_have_no_common_weight() -> None:
    assert "net_g" not in facts_of(packing_list(), carton_net_g=None)


def test_every_lot_has_its_own_salt() -> None:
    packing, random = packing_list(), counting_bytes()
    texts = {lot_facts(packing.papers, packing.lots[0], importer=IMPORTER, random=random) for _ in range(3)}
    assert len({facts_hash(text) for text in texts}) == 3


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("120000226099887001", "1200…7001"),
        ("123456789012", "1234…9012"),
        ("12345678901", "…8901"),
        ("12345", "…2345"),
        ("1234", "1234"),
        ("", ""),
    ],
)
def test_masked(number: str, shown: str) -> None:
    assert masked(number) == shown


def two_lots() -> PackingList:
    first = packing_list(pallets=3, cartons=4)
    lines = list(first.lines)
    lines[1] = replace(lines[1], lot="L2409B01", expiry=date(2028, 10, 1), cartons=7, net_g=140_001)
    lines[2] = replace(lines[2], pallet="P01", expiry=date(2028, 8, 1))
    return replace(first, lines=tuple(lines))


def test_lines_of_one_lot_are_one_lot() -> None:
    packing = two_lots()
    assert [(lot.lot, lot.cartons, lot.net_g, len(lot.lines)) for lot in packing.lots] == [
        ("L2409A17", 8, 160_000, 2),
        ("L2409B01", 7, 140_001, 1),
    ]
    assert [lot.carton_net_g for lot in packing.lots] == [20_000, None]
    assert packing.lots[0].expiry == date(2028, 8, 1), "the earliest expiry of a lot counts"
    assert (packing.cartons, packing.net_g, packing.pallets) == (15, 300_001, ("P01", "P02"))
    assert packing.gross_g is None


def test_two_products_may_share_a_lot_name() -> None:
    packing = packing_list(pallets=2)
    other = replace(packing.lines[1], gtin=parse_gtin("19521234543227"))
    lots: tuple[PackedLot, ...] = replace(packing, lines=(packing.lines[0], other)).lots
    assert [lot.gtin for lot in lots] == ["19521234543210", "19521234543227"]
