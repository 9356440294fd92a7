"""What a sweep found, what lies on goods, until when and by whom, in words for the pages of cases."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody.model import OVERLAY_WORDS, CaseKind, Overlay
from coldtrace.errors import Words
from coldtrace.people import memberships
from coldtrace.people.model import PersonState
from coldtrace.rights.model import Kind, Verb
from coldtrace.watch.cases import Case
from coldtrace.watch.radar_rules import SIGNAL_WORDS, Signal
from coldtrace.web.access import Caller
from coldtrace.web.pages.sheet import Cell

_Detail = Mapping[str, Any]
COLLEAGUES_MAX = 200
SOON = timedelta(hours=24)


def colleagues(session: Session, caller: Caller) -> dict[UUID, str]:
    """Return the people whom the caller manages, by name: to whom a case may be given.  Others know no names."""
    scope = caller.scope_for(Kind.PERSON, Verb.READ)
    if scope.is_empty:
        return {}
    found = memberships.people(session, scope=scope, limit=COLLEAGUES_MAX)
    named = {each.person_id: each.name for each in found if each.state == PersonState.ACTIVE.value and each.name}
    return dict(sorted(named.items(), key=lambda each: each[1]))


def whose_cell(caller: Caller, case: Case, known: Mapping[UUID, str]) -> Cell:
    """Return who works on a case, as far as the reader knows people."""
    if case.taken_by is None:
        return Cell(text="-")
    if case.taken_by == caller.actor:
        return Cell(words=Words("我", "me"))
    kind, _, person = case.taken_by.partition(":")
    name = known.get(UUID(person)) if kind == "person" else None
    if name is not None:
        return Cell(text=name)
    if case.taken_for_id is not None and case.taken_for_id == caller.organisation:
        return Cell(words=Words("同事", "a colleague"))
    return Cell(words=Words("已有人处理", "somebody"), text=case.taken_for)


def due_cell(case: Case, hours: Mapping[CaseKind, int], now: datetime) -> Cell:
    """Return until when a case should be closed; of a live one also how it stands with that."""
    due = case.due_at(hours)
    if not case.is_live or due >= now + SOON:
        return Cell(moment=due)
    if due < now:
        late = now - due
        many = Words(f"逾期 {_span(late).zh}", f"overdue by {_span(late).en}")
        return Cell(words=many, moment=due, tone="stop")
    left = _span(due - now)
    return Cell(words=Words(f"剩 {left.zh}", f"{left.en} left"), moment=due, tone="look")


def _span(span: timedelta) -> Words:
    """Return a span of time as people say it.

    >>> _span(timedelta(hours=49, minutes=5)).en, _span(timedelta(hours=3, minutes=59)).zh
    ('2 d 1 h', '3 小时')
    """
    hours, minutes = int(span.total_seconds()) // 3600, int(span.total_seconds()) // 60
    if hours >= 24:
        return Words(f"{hours // 24} 天 {hours % 24} 小时", f"{hours // 24} d {hours % 24} h")
    return Words(f"{hours} 小时", f"{hours} h") if hours else Words(f"{minutes} 分钟", f"{minutes} min")


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
        ("declared", "coded", "serials"),
        Words(
            "该批申报 {0} 件，已按数量赋码 {1} 件、按件赋码 {2} 件",
            "{0} cases of the lot are declared; {1} were commissioned by quantity and {2} by serial",
        ),
        lambda detail: (detail["declared"], detail["coded"], detail["serials"]),
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
