"""Nouns of the watch: states of a case, its clock, and what may become of it (docs/guides/cases.md).

A case is resolved by a new statement and by nothing else where goods are concerned: whoever says that a box is back
says so with a signature.  Where a case is about a device, a label or a time, a person may explain it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from coldtrace.custody.model import CaseKind
from coldtrace.errors import Words
from coldtrace.events.statement_type import StatementType as T
from coldtrace.settings import SettingInvalid


class CaseState(StrEnum):
    """How far a case is.  `open` and `taken` are live."""

    OPEN = "open"
    TAKEN = "taken"
    RESOLVED = "resolved"
    EXPLAINED = "explained"


CASE_STATE_WORDS: dict[CaseState, Words] = {
    CaseState.OPEN: Words("待处理", "Open"),
    CaseState.TAKEN: Words("处理中", "Taken"),
    CaseState.RESOLVED: Words("已处理", "Resolved"),
    CaseState.EXPLAINED: Words("已说明", "Explained"),
}


class Explanation(StrEnum):
    """Why a case needs no statement, as a code; never free text about people."""

    TOLD_AGAIN = "told_again"
    NO_NETWORK = "no_network"
    CLOCK_SET = "clock_set"
    DEVICE_REPLACED = "device_replaced"
    TEST_SCAN = "test_scan"
    OTHERS_LABEL = "others_label"
    LABEL_REPLACED = "label_replaced"
    SEEN_AND_RIGHT = "seen_and_right"
    CODE_SHOWN = "code_shown"


EXPLANATION_WORDS: dict[Explanation, Words] = {
    Explanation.TOLD_AGAIN: Words(
        "后到的记录或更正已消除矛盾", "A statement that came later, or a correction, took the contradiction away"
    ),
    Explanation.NO_NETWORK: Words("当时没有网络", "There was no network"),
    Explanation.CLOCK_SET: Words("设备时钟已校准", "The device's clock was set"),
    Explanation.DEVICE_REPLACED: Words("设备已更换", "The device was replaced"),
    Explanation.TEST_SCAN: Words("试扫", "Somebody tried the scanner out"),
    Explanation.OTHERS_LABEL: Words("与货物无关的其他标签", "A label of something else"),
    Explanation.LABEL_REPLACED: Words("标签已更换", "The label was replaced"),
    Explanation.SEEN_AND_RIGHT: Words("已现场核实，记录无误", "Looked at on the spot; the record is right"),
    Explanation.CODE_SHOWN: Words(
        "该码曾公开展示（新闻、广告、网店图片）", "The code was shown in public: news, advertising, a picture in a shop"
    ),
}

_TO_GOODS = (T.OBSERVE, T.COUNT, T.FIND, T.LOSE, T.CORRECT)

RESOLUTIONS: Mapping[CaseKind, tuple[T, ...]] = {
    CaseKind.BLOCKED: (T.RELEASE, T.LIFT, T.RETURN, T.SHIP, T.DESTROY, T.HOLD, T.OBSERVE, T.CORRECT),
    CaseKind.CONFLICT: (*_TO_GOODS, T.RECEIVE, T.RETURN, T.PACK, T.UNPACK, T.STORE, T.INSPECT, T.HOLD),
    CaseKind.GAP: (T.SHIP, T.RECEIVE, T.RETURN, T.MARK, T.CLOSE, *_TO_GOODS),
    CaseKind.LATE: (T.MARK, T.CLOSE, T.CORRECT),
    CaseKind.CLOCK_SKEW: (T.MARK, T.CLOSE, T.CORRECT),
    CaseKind.DUPLICATE_ID: (T.MARK, T.CLOSE, T.CORRECT),
    CaseKind.IMPOSSIBLE_TRAVEL: (T.INSPECT, T.HOLD, T.OBSERVE, T.COUNT, T.DESTROY, T.CORRECT),
    CaseKind.UNKNOWN_CODE: (T.ADOPT, T.RELABEL, T.INSPECT, T.HOLD, T.DESTROY, T.OBSERVE, T.CORRECT),
    CaseKind.REFUSED_CODE: (T.INSPECT, T.HOLD, T.RELABEL, T.DESTROY, T.RETURN, T.OBSERVE, T.CORRECT),
    CaseKind.QUANTITY_MISMATCH: (T.RECEIVE, T.RETURN, *_TO_GOODS),
    CaseKind.CORRECTION: (T.CORRECT, T.OBSERVE, T.COUNT, T.INSPECT),
    CaseKind.REFUSED_HANDOVER: (T.RECEIVE, T.RETURN, T.SHIP, T.DESTROY, T.LOSE, T.FIND, T.CORRECT),
    CaseKind.DOUBLE_BOUND: (T.RELABEL, T.VOID, T.INSPECT, T.OBSERVE, T.CORRECT),
    CaseKind.CLONE_SUSPECT: (T.INSPECT, T.HOLD, T.DESTROY, T.RELABEL, T.RECALL, T.OBSERVE),
    CaseKind.OVER_RUN: (T.INSPECT, T.HOLD, T.RECALL, T.OBSERVE, T.COUNT),
}
"""What a case is resolved by: types of new statements, the usual one first.

A device states them by scanning the goods; what takes one press a site's gateway states (`proposals.py`).
"""

EXPLANATIONS: Mapping[CaseKind, tuple[Explanation, ...]] = {
    CaseKind.LATE: (
        Explanation.NO_NETWORK,
        Explanation.SEEN_AND_RIGHT,
        Explanation.CLOCK_SET,
        Explanation.DEVICE_REPLACED,
    ),
    CaseKind.CLOCK_SKEW: (Explanation.CLOCK_SET, Explanation.DEVICE_REPLACED, Explanation.SEEN_AND_RIGHT),
    CaseKind.DUPLICATE_ID: (Explanation.DEVICE_REPLACED, Explanation.SEEN_AND_RIGHT),
    CaseKind.IMPOSSIBLE_TRAVEL: (Explanation.CLOCK_SET, Explanation.SEEN_AND_RIGHT),
    CaseKind.UNKNOWN_CODE: (Explanation.TEST_SCAN, Explanation.OTHERS_LABEL),
    CaseKind.REFUSED_CODE: (Explanation.TEST_SCAN, Explanation.OTHERS_LABEL, Explanation.LABEL_REPLACED),
    CaseKind.DOUBLE_BOUND: (Explanation.LABEL_REPLACED, Explanation.SEEN_AND_RIGHT),
    CaseKind.CORRECTION: (Explanation.SEEN_AND_RIGHT,),
    CaseKind.CLONE_SUSPECT: (Explanation.SEEN_AND_RIGHT, Explanation.CODE_SHOWN, Explanation.TEST_SCAN),
    CaseKind.OVER_RUN: (Explanation.SEEN_AND_RIGHT, Explanation.CODE_SHOWN, Explanation.TEST_SCAN),
}
"""Kinds that a person may close with a word alone; of all others only a statement, or the record itself, does."""

LOOKED_AT = frozenset(
    {CaseKind.LATE, CaseKind.CLOCK_SKEW, CaseKind.DUPLICATE_ID, CaseKind.CORRECTION, CaseKind.OVER_RUN}
)
"""Kinds that end as a rule by somebody having looked, with nothing to correct: closing by a word is offered first."""

OF_A_DEVICE_THAT_ENDED = (Explanation.DEVICE_REPLACED,)
"""By what an office settles a hole in the chain of a device that was revoked, or has a new key: nobody will fill it."""

DUE_HOURS: Mapping[CaseKind, int] = {
    CaseKind.BLOCKED: 4,
    CaseKind.CONFLICT: 24,
    CaseKind.GAP: 24,
    CaseKind.LATE: 72,
    CaseKind.CLOCK_SKEW: 72,
    CaseKind.DUPLICATE_ID: 24,
    CaseKind.IMPOSSIBLE_TRAVEL: 4,
    CaseKind.UNKNOWN_CODE: 24,
    CaseKind.REFUSED_CODE: 24,
    CaseKind.QUANTITY_MISMATCH: 24,
    CaseKind.CORRECTION: 72,
    CaseKind.REFUSED_HANDOVER: 24,
    CaseKind.DOUBLE_BOUND: 24,
    CaseKind.CLONE_SUSPECT: 72,
    CaseKind.OVER_RUN: 72,
}
"""Within how many hours an office should have closed a case; the setting `COLDTRACE_CASE_HOURS` changes single ones."""


def due_hours(chosen: Mapping[str, int]) -> dict[CaseKind, int]:
    """Return the clock of every kind, single ones as chosen; raise SettingInvalid for what is no kind."""
    unknown = sorted(set(chosen) - {kind.value for kind in CaseKind})
    if unknown:
        raise SettingInvalid(name="COLDTRACE_CASE_HOURS", reason=f"no kind of case: {unknown[0]}")
    return {kind: chosen.get(kind.value, hours) for kind, hours in DUE_HOURS.items()}


SAID_ELSEWHERE = (
    T.HOLD,
    T.RELEASE,
    T.RECALL,
    T.LIFT,
    T.INSPECT,
    T.SAMPLE,
    T.LOSE,
    T.VOID,
    T.CORRECT,
    T.TEMPERATURE,
)
"""Types that do not say that the goods are where the device is registered."""

UNITS_NAMED = 20
"""How many of its goods a case that a sweep opened names at most."""
SUSPECTS_MAX = 1000
"""Of how many goods a case doubts the codes at most."""


@dataclass(frozen=True, kw_only=True)
class SweepTimes:
    """How long the sweep waits before it calls something missing, and how fast goods may travel.

    `hole_hours`: a place in a device's chain is empty though a later one came.  `remainder_hours`: part of an out-scan
    was received, the rest is still on the road.  `overdue_hours`: none of it was.  The road between two districts takes
    at least so many minutes in one city (the same four digits), between cities of one province, between provinces.
    """

    hole_hours: int = 2
    remainder_hours: int = 24
    overdue_hours: int = 168
    same_city_min: int = 5
    other_city_min: int = 20
    other_province_min: int = 40

    @classmethod
    def of(cls, chosen: Mapping[str, int]) -> "SweepTimes":
        """Return the times, single ones as chosen; raise SettingInvalid for what is none of them."""
        unknown = sorted(set(chosen) - set(cls.__dataclass_fields__))
        if unknown:
            raise SettingInvalid(name="COLDTRACE_CASE_SWEEP", reason=f"no time of the sweep: {unknown[0]}")
        return cls(**chosen)
