"""What works without a network and what does not: `coldscan offline`, and the table of docs/guides/coldscan.md.

A worker reads it at the door, so it says plainly what nobody can know there.
"""

from dataclasses import dataclass
from typing import Final, Literal

from coldtrace.errors import Lang, Words

Works = Literal["yes", "no", "partly"]
ICONS: Final = {"yes": "✔", "no": "✖", "partly": "!"}


@dataclass(frozen=True)
class Row:
    """One thing, whether it works offline, and what there is to know."""

    what: Words
    works: Works
    note: Words


PAGE: Final = (
    Row(
        Words("核验签名码", "verifying signed codes"),
        "yes",
        Words("并显示名单时效", "with the age of the trust list"),
    ),
    Row(
        Words("全部作业", "all operations"),
        "yes",
        Words("可持续数日，断电、强杀也不丢", "for days; dead batteries and kill -9 included"),
    ),
    Row(
        Words("赋码", "commissioning"),
        "yes",
        Words(
            "限上次同步带回的批次；无 GTIN 的货物按件列出",
            "lots that a sync brought before; goods without a GTIN too, as the sync names their units one by one",
        ),
    ),
    Row(
        Words("卷标在门口绑定批次", "labels of pre-printed rolls, bound to a lot at the door"),
        "yes",
        Words(
            "限同步过的批次和卷；无 GTIN 的批次没有可选它的条码，由办公室绑定",
            "lots and rolls that a sync brought before; without a GTIN no barcode chooses the lot: at the desk",
        ),
    ),
    Row(
        Words("短码", "short codes"),
        "yes",
        Words("限本机读过完整码的箱子", "of cartons whose full code this device has read"),
    ),
    Row(
        Words("时钟不准", "a wrong clock"),
        "yes",
        Words(
            "从不拒收：记录注明偏差，服务器标记；同步之后时钟跳变，开机期间也能算出",
            "never refused: the statement says how far it is off, the server marks it; a jump after the sync is known"
            " until the machine is started anew",
        ),
    ),
    Row(
        Words("名单过期", "an expired trust list"),
        "partly",
        Words("黄色：“签名有效，……之后的状态未知”", "amber: signature valid, status unknown since ..."),
    ),
    Row(
        Words("作废、召回、被盗密钥", "voided units, recalled lots, codes of a stolen key"),
        "yes",
        Words(
            "以上次同步为准：红色，确定。仅作废超过 20 万件时可能误命中：黄色，联网查询",
            "as of the last sync: red, and certain. Only with more than 200,000 voided units a hit may be chance:"
            " amber, look it up online",
        ),
    ),
    Row(
        Words("封存、召回、销毁的货物", "goods on hold, recalled or destroyed"),
        "yes",
        Words(
            "以上次同步为准：出库、销售、开箱、分装为红色，入库和在库为黄色；注明是单件还是整批、名单时间，"
            "不分三者（本机自己所为除外）",
            "as of the last sync: red where they would go on (ship, sell, open, repack), amber where they come in or"
            " lie; said is whether the box or its whole lot is listed and since when, not which of the three it is,"
            " unless this device said so itself",
        ),
    ),
    Row(
        Words("撤销", "undo"),
        "yes",
        Words(
            "12 小时内、原通道：追加更正，不删除",
            "within 12 hours, on the lane that scanned it: a correction behind the statement, nothing is deleted",
        ),
    ),
    Row(
        Words("上次同步之后的封存和召回", "what was held or recalled after the last sync"),
        "no",
        Words("不知道", "not known"),
    ),
    Row(
        Words("别的设备是否扫过同一箱", "whether another device has scanned the same box"),
        "no",
        Words("两边都收下，服务器立案", "both are accepted offline, the server opens a case"),
    ),
    Row(
        Words(
            "货物是否真在收货方、已售、已发",
            "whether the goods are really in the receiver's stock, sold, shipped",
        ),
        "no",
        Words("由服务器判断，记录保留", "the server judges; the fact stays"),
    ),
    Row(
        Words("上次同步之后的批次、场所、权限", "lots, places and rights made after the last sync"),
        "no",
        Words("先同步", "sync first"),
    ),
    Row(
        Words("登记新设备", "enrolling a device"),
        "no",
        Words("需要联网一次", "needs the network once"),
    ),
)
GREEN: Final = Words(
    "离线绿色的含义：由名单上的站点签发，不在上次同步的作废和召回之列，并已存入本机；从不表示“正品”。",
    "Offline green means: signed by a listed station, not on the filters of the last sync, and stored here. It never"
    ' means "original".',
)


def page_lines(lang: Lang) -> list[str]:
    """Return the page for a terminal."""
    rows = [f"{ICONS[row.works]} {row.what.say(lang)}: {row.note.say(lang)}" for row in PAGE]
    return [*rows, GREEN.say(lang)]


def page_table() -> str:
    """Return the table of the guide, in both languages."""
    head = ["| offline · 离线 | works · 可以 | |", "| --- | --- | --- |"]
    said = {"yes": "yes", "no": "**no**", "partly": "partly"}
    rows = [f"| {row.what.en}<br>{row.what.zh} | {said[row.works]} | {row.note.en}<br>{row.note.zh} |" for row in PAGE]
    return "\n".join([*head, *rows])
