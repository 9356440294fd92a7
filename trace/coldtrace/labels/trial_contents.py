"""Contents that labels really have, made up by seed: what a layout is tried with before it is released.

Long and short names, lots up to 20 characters, serials of 12 and of 20, codes without GS1 identity, cartons known by
an SSCC, labels of rolls, retail packs; pallets with and without their contents in the code; doors; all commands.
The tokens are random letters of the right length: a trial is about dots, not about signatures.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from coldtrace.codes.check_digit import check_digit
from coldtrace.codes.command import Command
from coldtrace.codes.short_code import ALPHABET, format_short_code
from coldtrace.labels.command_words import command_label
from coldtrace.labels.content import LabelContent, LabelKind

_HOSTS = ("TRACE.EXAMPLE.CN", "T.CN", "COLD.PORT.CN")
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TOKEN = 111
_ORIGINS = (("巴西", "Brazil"), ("挪威", "Norway"), ("大不列颠及北爱尔兰联合王国", "United Kingdom"), ("", ""))
_NAMES = (
    ("冻牛肉", "Frozen beef"),
    ("巴西冷冻去骨牛腱子肉", "Frozen boneless beef shank"),
    ("冰鲜大西洋鲑鱼（三文鱼）整条去脏", "Chilled Atlantic salmon, whole, gutted"),
    ("厄瓜多尔冻南美白虾（带头、规格40/50、单冻）", "Frozen head-on vannamei shrimp 40/50, individually quick frozen"),
    (
        "阿根廷冷冻带骨牛小排（草饲、速冻、二级分割、真空包装）出口规格甲级",
        "Frozen bone-in beef short ribs, grass-fed, second cut, vacuum packed, export grade A",
    ),
)
_IMPORTERS = (
    ("天津海河冷链进出口有限公司", "Tianjin Haihe Cold Chain Import & Export Co., Ltd."),
    ("中国（天津）自由贸易试验区东疆国际冷链食品贸易股份有限公司", "Dongjiang International Cold Chain Food Trading"),
    ("海河冷链", ""),
)


def trial_content(kind: LabelKind, seed: str) -> LabelContent:
    """Return one content of this kind; the same for the same seed."""
    return _MAKERS[kind](Random(seed))


def _unit(chance: Random) -> LabelContent:
    sort = chance.choice(("gtin", "gtin", "gtin", "retail", "foreign", "own", "own_long", "sscc", "roll"))
    host, serial = chance.choice(_HOSTS), _serial(chance)
    gtin = _gtin(chance)
    lot = _lot(chance, 20 if sort == "foreign" else chance.randint(1, 14))
    short = format_short_code(serial)
    if sort == "sscc":
        sscc = _sscc(chance)
        return _facts(chance, uri=_uri(chance, host, f"00/{sscc}"), gs1_text=f"(00){sscc}", lot=lot)
    if sort.startswith("own"):
        own = serial + _from(chance, ALPHABET, 14 if sort == "own_long" else 1)
        return _facts(chance, uri=_uri(chance, host, f"U/{own}"), gs1_text=f"(U){own}", lot=lot)
    if sort == "roll":
        return _facts(
            chance,
            uri=_uri(chance, host, f"01/{gtin}/21/{serial}"),
            gs1_text=f"(01){gtin}(21){serial}",
            short_code=short,
            roll_number=chance.randint(1, 1000),
            roll_count=1000,
            station_zh="天津港冷链查验中心",
            station_en="Tianjin Port Cold-chain Centre",
        )
    if sort == "foreign":
        host, short, serial = _HOSTS[0], "", _from(chance, ALPHABET, 20)
    return _facts(
        chance,
        uri=_uri(chance, host, f"01/{gtin}/10/{lot}/21/{serial}"),
        gs1_text=f"(01){gtin}(10){lot}(21){serial}",
        lot=lot,
        short_code=short,
        plant_reg="CBRA06012109230017",
        retail=sort == "retail",
    )


def _pallet(chance: Random) -> LabelContent:
    sscc, host = _sscc(chance), chance.choice(_HOSTS)
    query = chance.choice(("", "4331=001800-&", f"02={_gtin(chance)}&37=50&"))
    return _facts(
        chance,
        kind=LabelKind.PALLET,
        uri=_uri(chance, host, f"00/{sscc}", query),
        gs1_text=f"(00){sscc}",
        lot=_lot(chance, chance.randint(4, 20)),
        count=chance.randint(1, 80),
    )


def _place(chance: Random) -> LabelContent:
    gln, door = _with_check(chance, 12), f"D{chance.randint(1, 60):02d}"
    door = chance.choice((door, door, f"DOCK-NORTH-{door}"))
    return LabelContent(
        kind=LabelKind.PLACE,
        uri=_uri(chance, chance.choice(_HOSTS), f"414/{gln}/254/{door}"),
        gs1_text=f"(414){gln}(254){door}",
        product_zh=f"天津港冷链查验中心 {door}",
        product_en=f"Tianjin Port Cold-chain Centre, door {door}",
        note_zh="先扫此码，再扫货物",
        note_en="Scan this first, then the goods",
    )


_TRIED: Final = list(Command)[:11]
"""Those on which the released figures rest; later cards are drawn alike."""


def _command(chance: Random) -> LabelContent:
    return command_label(chance.choice(_TRIED))


_MAKERS: Final[dict[LabelKind, Callable[[Random], LabelContent]]] = {
    LabelKind.UNIT: _unit,
    LabelKind.PALLET: _pallet,
    LabelKind.PLACE: _place,
    LabelKind.COMMAND: _command,
}


def _facts(chance: Random, **code: object) -> LabelContent:
    """The words around a code; what `code` states counts."""
    zh, en = chance.choice(_NAMES)
    origin, importer = chance.choice(_ORIGINS), chance.choice(_IMPORTERS)
    made = f"2026-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    stated: dict[str, object] = {
        "product_zh": zh,
        "product_en": en,
        "origin_zh": origin[0],
        "origin_en": origin[1],
        "importer_zh": importer[0],
        "importer_en": importer[1],
        "storage_zh": "-18℃以下冷冻保存",
        "storage_en": "Keep frozen at or below -18 °C",
    }
    if "roll_number" not in code:
        stated |= {"production_date": made, "expiry_date": made.replace("2026", "2028")}
        stated["net_g"] = chance.choice((850, 10_000, 27_500, 27_333, 1_350_000))
    return LabelContent(**(stated | code))  # type: ignore[arg-type]  # names and types are checked by the trial's tests


def _uri(chance: Random, host: str, path: str, query: str = "") -> str:
    return f"https://{host}/{path}?{query}s={_from(chance, _BASE32, _TOKEN)}"


def _serial(chance: Random) -> str:
    return _from(chance, ALPHABET, 12)


def _lot(chance: Random, length: int) -> str:
    return _from(chance, ALPHABET, length)


def _gtin(chance: Random) -> str:
    return _with_check(chance, 13)


def _sscc(chance: Random) -> str:
    return _with_check(chance, 17)


def _with_check(chance: Random, digits: int) -> str:
    body = _from(chance, "0123456789", digits)
    return body + check_digit(body)


def _from(chance: Random, alphabet: str, length: int) -> str:
    return "".join(chance.choice(alphabet) for _ in range(length))
