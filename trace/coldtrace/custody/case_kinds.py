"""What the marks of a statement make cases of: pure (domain guide, section 4; docs/guides/cases.md).

A statement has at most one case of each kind, however many of its lines say so.  The cases of a statement follow from
its marks alone (`model.CASE_OF`), so they are opened in the transaction that keeps it, and told again when a late
statement changes what its lines contradict.  Kinds that no mark has come from the watch (`coldtrace.watch`).
"""

from collections.abc import Collection, Iterable
from uuid import UUID, uuid5

from coldtrace.custody.model import CASE_OF, CaseKind, Mark
from coldtrace.errors import Words

CASE_WORDS: dict[CaseKind, Words] = {
    CaseKind.BLOCKED: Words("被拦下的操作", "Something that was blocked"),
    CaseKind.CONFLICT: Words("与记录矛盾", "Contradicts the record"),
    CaseKind.GAP: Words("记录缺失", "Something is missing in the record"),
    CaseKind.LATE: Words("迟到的记录", "Arrived late"),
    CaseKind.CLOCK_SKEW: Words("设备时钟有偏差", "A device's clock is off"),
    CaseKind.DUPLICATE_ID: Words("同一编号、不同内容", "One id, two contents"),
    CaseKind.IMPOSSIBLE_TRAVEL: Words("来不及的移动", "Faster than the road"),
    CaseKind.UNKNOWN_CODE: Words("不认识的码", "A code that nothing here reads"),
    CaseKind.REFUSED_CODE: Words("未通过验证的码", "A code that does not verify or was never issued"),
    CaseKind.QUANTITY_MISMATCH: Words("数量不符", "Quantities do not agree"),
    CaseKind.CORRECTION: Words("更正待核对", "A correction to look at"),
    CaseKind.REFUSED_HANDOVER: Words("收货方拒收", "The receiver refused the goods"),
    CaseKind.CLONE_SUSPECT: Words("同一个码像是贴在了不止一件货上", "One code seems to be on more than one box"),
    CaseKind.OVER_RUN: Words("该批有未签发的码流通", "Codes of this lot that were never issued are about"),
    CaseKind.DOUBLE_BOUND: Words("同一卷标绑定了两个批次", "One label bound to two lots"),
}


def kinds_of(marks: Iterable[str]) -> set[CaseKind]:
    """Return the kinds of cases that a statement with these marks has, its lines' marks among them.

    >>> sorted(kinds_of(["gap", "not_here", "already_packed", "receiver_unregistered"]))
    [<CaseKind.CONFLICT: 'conflict'>, <CaseKind.GAP: 'gap'>]
    """
    said = frozenset(map(Mark, marks))
    return {kind for mark in said if (kind := _kind_of(mark, said)) is not None}


def marks_of(kind: CaseKind, marks: Iterable[str]) -> list[Mark]:
    """Return those of a statement's marks that make its case of one kind, each once."""
    said = list(map(Mark, dict.fromkeys(marks)))
    return [mark for mark in said if _kind_of(mark, said) is kind]


def _kind_of(mark: Mark, said: Collection[Mark]) -> CaseKind | None:
    """Return the kind of case that a mark belongs to: a refusal and that it has no reason are one matter, not two."""
    if mark is Mark.REASON_MISSING and Mark.REFUSED_BY_RECEIVER in said:
        return CaseKind.REFUSED_HANDOVER
    return CASE_OF[mark]


_CASES = UUID("6d0c3f52-6c0f-5d1a-9a55-0f2b6c1d7e10")
"""The name space of the ids of cases."""


def case_id(kind: CaseKind, about: str) -> UUID:
    """Return the id of the case of one kind about one thing: the same whenever and by whomever it is opened.

    `about` names the thing: `statement:ID`, `device:KEY:NUMBER` and so on (`case_store.py`).
    """
    return uuid5(_CASES, f"{kind.value} {about}")
