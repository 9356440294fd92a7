"""The fictional consignment in the template: numbers that are well formed and stand for nothing."""

from datetime import date
from typing import Final

EXAMPLE_DECLARATION: Final = "020220261000000777"
EXAMPLE_CONTAINER: Final = "CSQU3054383"

# Label, example, what to write (Chinese, English).
EXAMPLE_PAPERS: Final[tuple[tuple[str, str | int | date, str, str], ...]] = (
    (
        "报关单号 Declaration No.",
        EXAMPLE_DECLARATION,
        "18 位；尚未申报写“预录入”",
        '18 digits; write "provisional" if there is none yet',
    ),
    ("集装箱号 Container No.", EXAMPLE_CONTAINER, "4 个字母加 7 个数字", "4 letters and 7 digits"),
    ("封号 Seal No.", "SL-0000001", "可不填", "optional"),
    ("提单号 B/L No.", "EXMU0000000001", "可不填", "optional"),
    ("入境口岸 Port of entry", "天津新港 (CNTXG)", "名称或五位口岸代码", "name or UN/LOCODE"),
    ("进境日期 Date of entry", date(2026, 11, 18), "年-月-日", "year-month-day"),
    (
        "境内收货人 Importer",
        "示例冷链进出口（天津）有限公司 Example Cold Chain Co., Ltd.",
        "营业执照名称",
        "registered name",
    ),
    (
        "境内收货人统一社会信用代码 Importer USCC",
        "91120116MA0DEM001R",
        "18 位，见营业执照",
        "18 characters, see the business licence",
    ),
    (
        "境外生产企业注册编号 GACC registration No.",
        "CBRA01012201010001",
        "海关注册编号 18 位，或原厂注册号",
        "the 18-character customs number, or the plant's own",
    ),
    ("工厂号 Establishment No.", "SIF 0000", "外箱上的厂号", "as on the carton"),
    ("原产国（地区） Country of origin", "巴西 BRAZIL", "中文或英文", "Chinese or English"),
    (
        "入境货物检验检疫证明编号 CIQ certificate No.",
        "120000126000000001",
        "8 至 24 位；未出证可空",
        "8 to 24 characters; empty if not issued yet",
    ),
    ("官方卫生证书 Health certificate", "EX-BR 00001/2026", "可不填", "optional"),
    ("贮存条件 Storage", "-18℃以下冷冻保存", "写明温度", "state the temperature"),
    ("商品编码 HS code", "0202300090", "10 位（或 13 位）", "10 digits (or 13)"),
    ("总件数 Total cartons", 50, "与明细合计核对", "checked against the lines"),
    ("总净重 Total net weight (KG)", 1000, "与明细合计核对", "checked against the lines"),
)

# Heading, example, width, what to write (Chinese, English).
EXAMPLE_COLUMNS: Final[tuple[tuple[str, str | int | date, int, str, str], ...]] = (
    ("序号 No.", 1, 9, "行的编号", "number of the line"),
    ("托盘号 Pallet No.", "P01", 14, "每托一个，不重复", "one a pallet, never twice"),
    ("品名 Product (Chinese)", "冷冻去骨牛腱（示例）", 26, "中文品名", "name in Chinese"),
    ("英文品名 Description", "Frozen boneless beef shin (example)", 34, "英文品名", "name in English"),
    (
        "商品条码（箱） Case GTIN",
        "19521234543210",
        18,
        "外箱条码 14 位；9 开头为不定量，须逐行写净重",
        "14 digits of the carton; beginning with 9 means variable weight",
    ),
    ("生产批号 Lot No.", "L2609A", 14, "与外箱一致", "as on the carton"),
    ("生产日期 Production date", date(2026, 9, 3), 14, "年-月-日，一批一个", "year-month-day, one a lot"),
    ("保质期 Shelf life", "24个月", 12, "如 24个月、730天", "such as 24 months, 730 days"),
    ("规格 Specification", "20KG/箱", 14, "每箱净重", "net weight of a carton"),
    ("件数 Cartons", 50, 12, "整箱数", "whole cartons"),
    ("净重 Net weight (KG)", 1000, 14, "本行合计，公斤", "of the line, kilograms"),
    ("毛重 Gross weight (KG)", 1060, 14, "本行合计，公斤；可不填", "of the line, kilograms; optional"),
    ("备注 Remarks", "示例行，请覆盖 Example line, overwrite it", 36, "可不填", "optional"),
)
