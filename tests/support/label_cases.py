"""Contents of labels for tests: usual, wordy and bare ones, and readers for what came out."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image

from coldtrace.labels.content import LabelContent, LabelKind

HOST = "https://TRACE.EXAMPLE.CN"
TOKEN = (
    "CEUNZ6UQ"
    + "LZOVOIY6SGZI6ED5CZ36ZJPHSQ53MUHQ5W4X23OVYCAFICFTMCDJ6I5KGPSHHMPULMLAVTME752Y5KLWSH4C4YJH6LBFSTF2FV4EOAY"
)
GTIN, SSCC, GLN = "09506000134352", "395060000000000010", "6901234567892"

WORDY = {
    "product_zh": "阿根廷冷冻带骨牛小排（草饲、速冻、二级分割、真空包装、带标准脂肪层）出口规格甲级",
    "product_en": "Frozen bone-in beef short ribs, grass-fed, individually quick frozen, second cut, vacuum packed, "
    "with standard fat cover, export grade A",
    "origin_zh": "大不列颠及北爱尔兰联合王国",
    "origin_en": "United Kingdom of Great Britain and Northern Ireland",
    "storage_zh": "请在零下十八摄氏度以下冷冻保存，解冻后请勿再次冷冻",
    "storage_en": "Store frozen at or below minus 18 degrees Celsius; do not refreeze after thawing",
    "importer_zh": "中国（天津）自由贸易试验区东疆保税港区国际冷链食品进出口贸易股份有限公司",
    "importer_en": "China (Tianjin) Pilot Free Trade Zone Dongjiang Bonded Port International Cold Chain Food "
    "Import & Export Trading Co., Ltd.",
}


def carton(serial: str = "7QK4M2ZX9RTB", *, lot: str = "L2409A17", check: str = "5") -> LabelContent:
    """A carton with everything stated."""
    return LabelContent(
        uri=f"{HOST}/01/{GTIN}/10/{lot}/21/{serial}?s={TOKEN}",
        product_zh="巴西冷冻去骨牛腱子肉",
        product_en="Frozen boneless beef shank",
        gs1_text=f"(01){GTIN}(10){lot}(21){serial}",
        lot=lot,
        production_date="2026-09-12",
        expiry_date="2028-09-11",
        origin_zh="巴西",
        origin_en="Brazil",
        net_g=27_500,
        storage_zh="-18℃以下冷冻保存",
        storage_en="Keep frozen at or below -18 °C",
        importer_zh="天津海河冷链进出口有限公司",
        importer_en="Tianjin Haihe Cold Chain Import & Export Co., Ltd.",
        plant_reg="CBRA06012109230017",
        short_code=f"{serial[:4]}-{serial[4:8]}-{serial[8:]}-{check}",
    )


def wordy_carton() -> LabelContent:
    """The longest names, lot and weight a label has to hold."""
    return replace(carton(lot="LOT-2409-ABCDEFGHJKL"), net_g=27_333_333, **WORDY)  # type: ignore[arg-type]


def bare_carton() -> LabelContent:
    """A code and a name, nothing else stated."""
    return LabelContent(uri=carton().uri, product_zh="牛肉")


def pallet(sscc: str = SSCC) -> LabelContent:
    """A pallet of 50 cartons."""
    return replace(
        carton(),
        uri=f"{HOST}/00/{sscc}?s={TOKEN}",
        kind=LabelKind.PALLET,
        gs1_text=f"(00){sscc}",
        net_g=1_350_000,
        count=50,
        short_code="",
    )


def wordy_pallet() -> LabelContent:
    """A pallet with long words and a note."""
    return replace(pallet(), note_zh="客户自提", note_en="Collected by the customer", **WORDY)  # type: ignore[arg-type]


def sscc_carton() -> LabelContent:
    """A carton of a firm without GTINs: known by an SSCC."""
    return replace(carton(), uri=f"{HOST}/00/{SSCC}?s={TOKEN}", gs1_text=f"(00){SSCC}", short_code="")


def foreign_carton() -> LabelContent:
    """A carton with a maker's serial of 20 characters, which has no short code, and a lot as long."""
    lot, serial = "LOT-2409-ABCDEFGHJKL", "SN-20260912-00417-XY"
    return replace(
        carton(),
        uri=f"{HOST}/01/{GTIN}/10/{lot}/21/{serial}?s={TOKEN}",
        gs1_text=f"(01){GTIN}(10){lot}(21){serial}",
        lot=lot,
        short_code="",
    )


def own_carton() -> LabelContent:
    """A carton with no GS1 identity at all: a `/U/` code, keyed in by its short code."""
    return replace(carton(), uri=f"{HOST}/U/7QK4M2ZX9RTB5?s={TOKEN}", gs1_text="")


def roll(number: int = 118) -> LabelContent:
    """One label of a pre-issued roll of 1,000: product known, lot not yet."""
    return replace(
        carton(),
        uri=f"{HOST}/01/{GTIN}/21/7QK4M2ZX9RTB?s={TOKEN}",
        gs1_text=f"(01){GTIN}(21)7QK4M2ZX9RTB",
        lot="",
        production_date="",
        expiry_date="",
        net_g=None,
        roll_number=number,
        roll_count=1000,
        station_zh="天津港冷链查验中心",
        station_en="Tianjin Port Cold-chain Centre",
    )


def own_roll() -> LabelContent:
    """One label of a roll for goods of which nothing is known before."""
    return LabelContent(
        uri=own_carton().uri,
        product_zh="冷链货物",
        product_en="Cold-chain goods",
        short_code="7QK4-M2ZX-9RTB-5",
        roll_number=7,
        roll_count=1000,
        station_zh="天津港冷链查验中心",
        station_en="Tianjin Port Cold-chain Centre",
    )


def place() -> LabelContent:
    """A dock door."""
    return LabelContent(
        uri=f"{HOST}/414/{GLN}/254/D03?s={TOKEN}",
        kind=LabelKind.PLACE,
        product_zh="天津港冷链查验中心 3号门",
        product_en="Tianjin Port Cold-chain Centre, door 3",
        gs1_text=f"(414){GLN}(254)D03",
        note_zh="先扫此码，再扫货物",
        note_en="Scan this first, then the goods",
    )


def command() -> LabelContent:
    """A command card."""
    return LabelContent(
        uri="CT:IN",
        kind=LabelKind.COMMAND,
        product_zh="入库",
        product_en="IN: receive goods",
        note_zh="扫此码后，之后扫的货物都记为入库",
        note_en="After this, every scan is a receipt",
    )


def all_contents() -> list[LabelContent]:
    """One of each, at its longest and its barest."""
    return [
        carton(),
        wordy_carton(),
        bare_carton(),
        replace(carton(), retail=True),
        foreign_carton(),
        sscc_carton(),
        own_carton(),
        roll(),
        own_roll(),
        pallet(),
        wordy_pallet(),
        place(),
        command(),
    ]


def expected_texts(content: LabelContent, layout: str) -> list[bytes]:
    """What a scanner must find on the label, in sorted order."""
    bars = content.kind is LabelKind.PALLET and layout != "60x40"
    copies = 2 if layout == "100x150" and content.kind in (LabelKind.UNIT, LabelKind.PALLET) else 1
    return sorted([content.uri.encode()] * copies + ([f"00{content.sscc}".encode()] if bars else []))


def read_picture(picture: Image.Image) -> list[bytes]:
    """All codes of a picture, in sorted order."""
    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128])
    return sorted(bytes(found.bytes) for found in zxingcpp.read_barcodes(picture, formats=formats))


def pdf_pictures(path: Path, *, dots_per_mm: float = 8) -> Iterator[Image.Image]:
    """The pages of a PDF as a printer of this resolution sees them, drawn by pdfium."""
    document = pypdfium2.PdfDocument(path)
    try:
        for page in document:
            yield page.render(scale=dots_per_mm * 25.4 / 72, grayscale=True).to_pil().copy()
    finally:
        document.close()


def pdf_texts(path: Path) -> list[str]:
    """The text of each page as a reader would copy it."""
    document = pypdfium2.PdfDocument(path)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
