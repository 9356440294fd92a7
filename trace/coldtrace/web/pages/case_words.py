"""What a sweep found and what lies on goods, in words for a case's page."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from coldtrace.custody.model import OVERLAY_WORDS, Overlay
from coldtrace.errors import Words
from coldtrace.watch.radar_rules import SIGNAL_WORDS, Signal
from coldtrace.web.pages.sheet import Cell

_Detail = Mapping[str, Any]


def detail_cells(detail: _Detail) -> list[Cell]:
    """Return what a case keeps of what was found, one cell a fact; nothing of what is not for people."""
    return [
        Cell(words=Words(*(each.format(*values) for each in words)))
        for names, words, values_of in _DETAILS
        if all(detail.get(name) is not None for name in names)
        for values in [values_of(detail)]
    ]


def overlay_words(kinds: Iterable[str]) -> Words:
    """Return the names of overlays.

    >>> overlay_words(["recall", "temp_breach"]).en
    'recalled, temperature out of range: '
    """
    found = [OVERLAY_WORDS[Overlay(kind)] for kind in kinds]
    return Words("、".join(each.zh for each in found) + "：", ", ".join(each.en for each in found) + ": ")


_DETAILS: tuple[tuple[tuple[str, ...], Words, Callable[[_Detail], tuple[object, ...]]], ...] = (
    (
        ("missing",),
        Words("设备记录链缺第 {0} 至 {1} 条", "Statements {0} to {1} of the device's chain are missing"),
        lambda detail: tuple(detail["missing"]),
    ),
    (
        ("sent", "left"),
        Words("发出 {0} 件，{1} 件未到", "{0} sent, {1} of them not arrived"),
        lambda detail: (detail["sent"], detail["left"]),
    ),
    (
        ("units",),
        Words("有关货物：{0}", "The goods in question: {0}"),
        lambda detail: (", ".join(detail["units"]) or "-",),
    ),
    (
        ("apart_s", "road_min"),
        Words("相隔 {0} 分钟，路程至少 {1} 分钟", "{0} minutes apart; the road takes at least {1}"),
        lambda detail: (round(detail["apart_s"] / 60, 1), detail["road_min"]),
    ),
    (
        ("signals",),
        Words("所见：{0}", "What was seen: {1}"),
        lambda detail: (
            "、".join(SIGNAL_WORDS[Signal(each)].zh for each in detail["signals"]),
            "; ".join(SIGNAL_WORDS[Signal(each)].en for each in detail["signals"]),
        ),
    ),
    (
        ("looks", "visitors", "days", "provinces"),
        Words(
            "共 {0} 次查询，至少 {1} 人，{2} 天，{3} 个省份",
            "{0} looks by at least {1} people, on {2} days, from {3} provinces",
        ),
        lambda detail: (detail["looks"], detail["visitors"], detail["days"], detail["provinces"]),
    ),
    (
        ("boxes", "visitors"),
        Words("同批 {0} 件在别处被 {1} 人查询", "{0} boxes of the lot looked up elsewhere by {1} people"),
        lambda detail: (detail["boxes"], detail["visitors"]),
    ),
    (
        ("strays", "issued", "visitors"),
        Words(
            "{2} 人查询了 {0} 个未签发的码（本批签发 {1} 个）",
            "{2} people saw {0} codes never issued ({1} were issued)",
        ),
        lambda detail: (detail["strays"], detail["issued"], detail["visitors"]),
    ),
    (
        ("day", "worst_s"),
        Words("{0} 送达的记录，最多迟 {1} 小时", "Of what arrived on {0}, the latest by {1} hours"),
        lambda detail: (detail["day"], round(detail["worst_s"] / 3600, 1)),
    ),
)
