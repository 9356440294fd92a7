"""The family of brokers' sheets: other orders, names, languages and shapes, all read to the same facts."""

from datetime import date, datetime
from pathlib import Path

from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.goods.packing_list import PackingList
from support.packing_sheets import BLOCK_EN, BLOCK_ZH, Rows, faults, read, remarks, workbook

SAMPLE = Path(__file__).parents[3] / "trace/coldtrace/interop/samples/packing-list-a.xlsx"


def understood(data: bytes, *, noted: list[str] | None = None) -> PackingList:
    """Return the list; there must be no error, and no warning but the noted ones."""
    result = read(data)
    assert faults(result) == []
    assert sorted({code for _, _, code in remarks(result)}) == sorted(noted or [])
    assert result.packing is not None
    return result.packing


def check_beef(packing: PackingList) -> None:
    """What all layouts of the same two lots must come to."""
    papers = packing.papers
    assert papers.declaration_number == "020220261000000123"
    assert papers.container_number == "TXGU0000014"
    assert papers.importer_uscc == "91120116MA05TE5T1N"
    assert (papers.origin, papers.port_code) == ("BR", "CNTXG")
    assert papers.entry_date == CalendarDate(2026, 11, 18)
    assert papers.storage_max_mdegc == -18_000
    assert (packing.cartons, packing.net_g) == (150, 2_950_000)
    shin, fore = packing.lots
    assert (shin.gtin, shin.lot, shin.cartons, shin.net_g) == ("19521234543210", "L2609A", 100, 2_000_000)
    assert (fore.gtin, fore.lot, fore.cartons, fore.net_g) == ("19521234543234", "BR337/0909", 50, 950_000)
    assert (shin.production_date, shin.expiry) == (CalendarDate(2026, 9, 3), date(2028, 9, 3))
    assert fore.production_date == CalendarDate(2026, 9, 9)
    assert (shin.intake_lot, fore.printed_lot) == (None, "BR337-0909.4CXTR")


def test_the_sample_is_read_without_a_fault_or_a_remark() -> None:
    packing = understood(SAMPLE.read_bytes())
    assert (packing.cartons, len(packing.pallets), len(packing.lots)) == (1200, 24, 3)
    assert (packing.net_g, packing.gross_g) == (23_550_000, 24_960_000)
    assert packing.papers.importer_zh == "滨海远洋冷链进出口（天津）有限公司"
    assert packing.papers.bill_of_lading == "MOLU13900781226"
    assert [lot.carton_net_g for lot in packing.lots] == [20_000, 20_000, 18_500]


def test_chinese_with_other_names_and_order() -> None:
    table: Rows = (
        (
            "毛重(公斤)",
            "净重(公斤)",
            "箱数",
            "卡板号",
            "批次号",
            "货物名称",
            "外箱条码",
            "加工日期",
            "有效期",
            "包装规格",
        ),
        (1060, 1000, 50, "A-1", "L2609A", "冷冻去骨牛腱", "19521234543210", "2026年9月3日", "24个月", "20公斤/箱"),
        (1060, 1000, 50, "A-2", "L2609A", "冷冻去骨牛腱", "19521234543210", "20260903", "2年", "20千克"),
        (1010, 950, 50, "A-3", "BR337/0909", "冷冻牛前", "19521234543234", "2026.9.9", "730日", "19kg"),
        (3130, 2950, 150, "合计"),
    )
    check_beef(understood(workbook({"明细": (*BLOCK_ZH, (), *table)})))


def test_english_only_with_carton_ranges() -> None:
    shin, fore = "Frozen boneless beef shin", "Frozen beef forequarter"
    heads = ("Item", "Carton No.", "Description of Goods", "GTIN", "Batch No.", "Prod. Date", "Best Before")
    table: Rows = (
        (*heads, "Qty (CTNS)", "N.W. (KGS)", "G.W. (KGS)"),
        (1, "1-50", shin, "19521234543210", "L2609A", "03-Sep-2026", "03-Sep-2028", 50, 1000, 1060),
        (2, "51 - 100", shin, 19521234543210, "L2609A", "Sept. 3, 2026", "2028-09-03", 50, "1,000.00", 1060),
        (3, "101~150", fore, "19521234543234", "BR337/0909", "9 Sep 2026", "9 Sep 2028", "50 ctns", 950, 1010),
        ("TOTAL:", None, None, None, None, None, None, "150 CTNS", "2,950.00", "3,130.00"),
        ("Signed by:", None, "For and on behalf of the exporter"),
    )
    packing = understood(workbook({"PL": (("PACKING LIST",), *BLOCK_EN, (), *table)}), noted=["product_not_chinese"])
    check_beef(packing)
    assert packing.pallets == ()
    assert packing.lines[1].carton_ranges == ((51, 100),)
    assert packing.papers.importer_en == "Binhai Ocean Cold Chain (Tianjin) Co., Ltd."
    assert packing.lots[0].product_zh is None


def test_block_and_table_on_two_sheets() -> None:
    shin, fore = "冷冻去骨牛腱 Frozen beef shin", "冷冻牛前 Frozen forequarter"
    day = datetime(2026, 9, 3, tzinfo=None)  # noqa: DTZ001 - as a spreadsheet stores it
    table: Rows = (
        ("序号", "托盘", "品名 Description", "条码", "批号", "生产日期", "保质期(月)", "件数", "单箱净重(kg)", "毛重"),
        (1, "P01", shin, "19521234543210", "L2609A", date(2026, 9, 3), 24, 50, 20, "1060KG"),
        (2, "P02", shin, "19521234543210", "L2609A", day, "24", 50, 20, "1060KG"),
        (3, "P03", fore, "19521234543234", "BR337/0909", date(2026, 9, 9), 24, 50, 19, "1010KG"),
        ("总计", None, None, None, None, None, None, 150),
    )
    packing = understood(workbook({"单证": BLOCK_ZH, "明细": table}))
    check_beef(packing)
    assert packing.lots[0].product_en == "Frozen beef shin"
    assert packing.lines[0].gross_g == 1_060_000


def test_headings_in_two_rows_with_a_group_over_the_weights() -> None:
    table: Rows = (
        ("序号", "托盘号", "品名", "条码", "批号", "生产日期", "保质期", "件数", "重量(KG)", None, "备注"),
        (None, None, None, None, None, None, None, None, "净重", "毛重", None),
        (1, "P1", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 50, 1000, 1060, None),
        (2, "P2", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 50, 1000, 1060, None),
        (3, "P3", "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24个月", 50, 950, 1010, "破损"),
        ("合计", None, None, None, None, None, None, 150, 2950, 3130, None),
    )
    start = len(BLOCK_ZH) + 1
    merges = [("表", f"{c}{start}:{c}{start + 1}") for c in "ABCDEFGHK"] + [("表", f"I{start}:J{start}")]
    packing = understood(workbook({"表": (*BLOCK_ZH, *table)}, merges=merges))
    check_beef(packing)
    assert packing.lines[2].remark == "破损"


def test_one_language_over_the_other_and_cells_merged_downwards() -> None:
    table: Rows = (
        ("托盘号", "品名", "商品条码", "生产批号", "生产日期", "保质期", "件数", "净重"),
        ("Pallet", "Product", "GTIN", "Lot", "Production date", "Shelf life", "Cartons", "Net weight (KG)"),
        ("P1", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 50, 1000),
        ("P2", None, None, None, None, None, 50, 1000),
        ("P3", "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24个月", 50, 950),
    )
    first = len(BLOCK_ZH) + 3
    merges = [("S", f"{column}{first}:{column}{first + 1}") for column in "BCDEF"]
    check_beef(understood(workbook({"S": (*BLOCK_ZH, *table)}, merges=merges)))


def test_ditto_marks_subtotals_and_a_grand_total() -> None:
    table: Rows = (
        ("托盘号", "品名", "商品条码", "批号", "生产日期", "保质期", "箱数", "净重 KG"),
        ("P1", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 50, 1000),
        ("P2", "同上", "〃", '"', "同上", "同上", "同上", 1000),
        (None, "小计", None, None, None, None, 100, 2000),
        ("P3", "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24个月", 50, 950),
        (None, "小计", None, None, None, None, 50, 950),
        (None, "总计", None, None, None, None, 150, 2950),
    )
    check_beef(understood(workbook({"S": (*BLOCK_ZH, *table)})))


def test_one_variable_measure_gtin_above_the_table() -> None:
    block = (
        *BLOCK_EN,
        ("GTIN (case):", "99521234543216"),
        ("Product:", "冷冻牛腩 Frozen beef flank"),
        ("Lot No.:", "V-77"),
    )
    table: Rows = (
        ("C/No.", "Production date", "Shelf life (months)", "Cartons", "Net weight kg", "Gross weight kg"),
        ("1-40", "2026-09-03", 24, 40, 812.35, 850),
        ("41-80", "2026-09-03", 24, 40, 799.9, 838),
        ("Total", None, None, 80, 1612.25, 1688),
    )
    packing = understood(workbook({"PL": (*block, (), *table)}))
    (lot,) = packing.lots
    assert (lot.gtin, lot.lot, lot.carton_net_g) == ("99521234543216", "V-77", None)
    assert packing.net_g == 1_612_250
    assert all(line.variable_measure for line in packing.lines)


def test_variable_measure_needs_the_weight_of_each_line() -> None:
    table: Rows = (
        ("C/No.", "Product", "GTIN", "Lot", "Production date", "Shelf life", "Cartons", "Spec"),
        ("1-40", "冷冻牛腩", "99521234543216", "V-77", "2026-09-03", "24 months", 40, "20kg"),
    )
    assert (2 + len(BLOCK_EN), "C", "variable_measure_weight") in faults(read(workbook({"PL": (*BLOCK_EN, *table)})))


def test_net_weight_from_the_specification_is_remarked() -> None:
    table: Rows = (
        ("托盘号", "品名", "条码", "批号", "生产日期", "保质期", "箱数", "规格"),
        ("P1", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 100, "10kg×2袋/箱"),
        ("P2", "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24个月", 50, "19KG/箱"),
    )
    check_beef(understood(workbook({"S": (*BLOCK_ZH, *table)}), noted=["net_computed"]))


def test_a_table_that_goes_on_over_two_sheets_and_printed_pages() -> None:
    heads = ("托盘号", "品名", "条码", "批号", "生产日期", "保质期", "箱数", "净重")
    first: Rows = (
        heads,
        ("P1", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 50, 1000),
        heads,
        ("P2", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 50, 1000),
        ("本页合计",),
    )
    second: Rows = (
        heads,
        ("P3", "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24个月", 50, 950),
    )
    check_beef(understood(workbook({"第1页": (*BLOCK_ZH, *first), "第2页": second})))


def test_labels_and_values_in_one_cell_and_one_below_the_other() -> None:
    table: Rows = (
        ("Pallet No", "Product", "GTIN", "Lot", "Production date", "Shelf life", "Cartons", "Net Weight"),
        ("P1", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24M", 50, "1 T"),
        ("P2", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24M", 50, "1000 kg"),
        ("P3", "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24M", 50, "20kg/ctn"),
        ("TOTAL: 150 CTNS, 3,000.00 KGS",),
    )
    block: Rows = (
        ("CONTAINER NO.: TXGU0000014     SEAL NO.: SL-1", None, None, "报关单号：020220261000000123"),
        ("Importer: Binhai Ocean Cold Chain\nNo. 1 Harbour Road, Tianjin",),
        ("USCC：91120116MA05TE5T1N\nOrigin: Brazil",),
        ("Port of entry", "Arrival date", "CIQ cert No.", "GACC No.", "HS code", "Storage"),
        ("CNTXG", date(2026, 11, 18), "12000012611180456", "CBRA01012201010001", "0202300090", "-18℃以下"),
    )
    packing = understood(workbook({"PL": (*block, (), *table)}))
    assert packing.papers.seal_number == "SL-1"
    assert packing.papers.importer_en == "Binhai Ocean Cold Chain"
    assert packing.papers.quarantine_certificate == "12000012611180456"
    assert packing.papers.entry_date == CalendarDate(2026, 11, 18)
    assert packing.net_g == 3_000_000


def test_papers_as_columns_of_the_table() -> None:
    heads = ("柜号", "原产国", "注册编号", "托盘号", "品名", "条码", "批号", "生产日期", "保质期", "箱数", "净重")
    papers = ("TXGU0000014", "巴西", "CBRA01012201010001")
    table: Rows = (
        heads,
        (*papers, "P1", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 100, 2000),
        (*papers, "P2", "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24个月", 50, 950),
    )
    block = [row for row in BLOCK_ZH if row[0] not in ("集装箱号", "原产国", "在华注册编号")]
    check_beef(understood(workbook({"S": (*block, *table)})))


def test_hidden_and_blank_rows_an_invoice_and_a_hidden_sheet() -> None:
    table: Rows = (
        ("托盘号", "品名", "条码", "批号", "生产日期", "保质期", "箱数", "净重"),
        (),
        ("P1", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 50, 1000),
        (),
        ("P2", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 50, 1000),
        ("以下为第二批：",),
        ("P3", "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24个月", 50, 950),
    )
    invoice: Rows = (
        ("Description", "Qty (CTNS)", "Unit price", "Amount", "Net weight"),
        ("Frozen beef", 150, 5.2, 15340, 2950),
    )
    old: Rows = (table[0], ("P9", "旧货", "19521234543210", "OLD", "2025-01-01", "24个月", 1, 20))
    hidden = len(BLOCK_ZH) + 5
    data = workbook(
        {"装箱单": (*BLOCK_ZH, *table), "发票": invoice, "旧": old},
        hidden_rows=[("装箱单", hidden)],
        hidden_sheets=["旧"],
    )
    check_beef(understood(data, noted=["row_hidden", "row_not_understood", "sheet_ignored"]))


def test_a_month_is_a_legal_production_date() -> None:
    table: Rows = (
        ("托盘号", "品名", "批号", "生产日期", "保质期", "箱数", "净重"),
        ("P1", "冷冻去骨牛腱", "L1", "2026年9月", "18个月", 50, 1000),
        ("P2", "冷冻去骨牛腱", "L1", "2026-09", "18个月", 50, 1000),
    )
    packing = understood(workbook({"S": (*BLOCK_ZH, *table)}), noted=["gtin_column_missing"])
    (lot,) = packing.lots
    assert (lot.production_date, lot.expiry) == (CalendarDate(2026, 9), date(2028, 3, 1))
    assert lot.gtin is None


def test_a_mixed_pallet_stands_together() -> None:
    table: Rows = (
        ("托盘号", "品名", "条码", "批号", "生产日期", "保质期", "箱数", "净重"),
        ("P1", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 50, 1000),
        ("P2", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", 50, 1000),
        (None, "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24个月", 50, 950),
    )
    area = f"A{len(BLOCK_ZH) + 3}:A{len(BLOCK_ZH) + 4}"
    packing = understood(workbook({"S": (*BLOCK_ZH, *table)}, merges=[("S", area)]))
    check_beef(packing)
    assert [line.pallet for line in packing.lines] == ["P1", "P2", "P2"]


def test_without_papers_the_goods_are_read_and_each_paper_is_remarked() -> None:
    table: Rows = (
        ("Pallet", "Product", "GTIN", "Lot", "Production date", "Shelf life", "Cartons", "Net weight"),
        ("P1", "冷冻牛肉", "19521234543210", "L1", "2026-09-03", "24 months", 50, 1000),
    )
    result = read(workbook({"S": table}))
    assert faults(result) == []
    assert len([code for _, _, code in remarks(result) if code == "paper_missing"]) == 11


def test_headings_and_values_as_exporters_write_them() -> None:
    heads = ("No.", "Pallet ID", "Cartons", "Qty", "Product", "Lot (as on label)", "GTIN-14", "Prod. Date", "Expiry")
    shin = ("Frozen boneless beef shin", "L2609A", "19521234543210", "2026-09-03", "24 months")
    fore = ("Frozen beef forequarter", "BR337/0909", "19521234543234", "2026-09-09", "24 months")
    table: Rows = (
        (*heads, "Net kg / ctn", "Gross Weight in KGS (total)"),
        (1, "A1", "1-50", 50, *shin, 20, 1060),
        (2, "A2", "51-100", 50, None, *shin[1:], 20, 1060),
        (3, "A3", "101-150", 50, *fore, 19, 1010),
        (4, None, None, 0, None, None, None, None, None, 0, 0),
        (5, None, None, 0, None, None, None, None, None, 0, 0),
        ("TTL", "3 pallets", None, 150),
    )
    changed = {
        "Container No.:": "TXGU0000014 / SL-0098831",
        "Country of origin:": "Product of BRAZIL (Mato Grosso)",
        "HS code:": "0202.30.00",
    }
    block = [(label, changed.get(str(label), value)) for label, value in BLOCK_EN]
    packing = understood(workbook({"PL": (*block, *table)}), noted=["hs_code_short", "product_not_chinese"])
    check_beef(packing)
    assert packing.papers.seal_number == "SL-0098831"
    assert packing.lines[1].product_en == "Frozen boneless beef shin"
    assert packing.lines[0].gross_g == 1_060_000
    assert packing.lines[0].pallet == "A1"


def test_a_chinese_heading_of_validity_may_stand_over_dates() -> None:
    table: Rows = (
        ("板号", "品名", "国际条码", "批号", "生产日期", "有效期", "总箱数", "重量（吨）"),
        ("1", "冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "2028-09-03", 100, 2),
        ("2", "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "2028-09-09", 50, 0.95),
    )
    check_beef(understood(workbook({"S": (*BLOCK_ZH, *table)})))


def test_a_table_away_from_the_corner_with_a_container_column_called_box() -> None:
    block: Rows = [(None, None, *row) for row in BLOCK_ZH if row[0] != "集装箱号"]
    heads = ("箱号", "托盘号", "品名", "条码", "批号", "生产日期", "保质期", "箱数", "净重")
    table: Rows = (
        (None, None, *heads),
        (
            None,
            None,
            "TXGU0000014",
            "P1",
            "冷冻去骨牛腱",
            "19521234543210",
            "L2609A",
            "2026-09-03",
            "24个月",
            100,
            2000,
        ),
        (None, None, "TXGU0000014", "P2", "冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24个月", 50, 950),
    )
    check_beef(understood(workbook({"S": ((), ("装 箱 单",), *block, (), *table)})))
