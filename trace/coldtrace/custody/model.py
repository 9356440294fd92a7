"""Nouns of custody: where a unit is, what a statement says of it, and what contradicts what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from coldtrace.errors import Words
from coldtrace.events.mark_words import MARK_WORDS as WORDS_OF_MARKS


class UnitState(StrEnum):
    """States of a unit (domain guide, section 4).  `unknown` was never issued here."""

    UNKNOWN = "unknown"
    BLANK = "blank"
    ACTIVE = "active"
    IN_TRANSIT = "in_transit"
    OPENED = "opened"
    SOLD = "sold"
    USED = "used"
    TRANSFORMED = "transformed"
    EXPORTED = "exported"
    LOST = "lost"
    DESTROYED = "destroyed"
    VOID = "void"


STATE_WORDS: dict[UnitState, Words] = {
    UnitState.UNKNOWN: Words("未签发", "not issued here"),
    UnitState.BLANK: Words("尚未赋码", "not bound yet"),
    UnitState.ACTIVE: Words("在库", "in stock"),
    UnitState.IN_TRANSIT: Words("在途", "in transit"),
    UnitState.OPENED: Words("已开箱上柜", "opened at a counter"),
    UnitState.SOLD: Words("已售出", "sold"),
    UnitState.USED: Words("餐饮已使用", "used in catering"),
    UnitState.TRANSFORMED: Words("已分装", "made into other units"),
    UnitState.EXPORTED: Words("已退运出境", "returned abroad"),
    UnitState.LOST: Words("已报丢失", "reported lost"),
    UnitState.DESTROYED: Words("已销毁", "destroyed"),
    UnitState.VOID: Words("已作废", "void"),
}

TERMINAL = frozenset({UnitState.DESTROYED, UnitState.VOID})
"""Nothing is done to such a unit any more; what is said of it is blocked."""

ENDED = frozenset({UnitState.SOLD, UnitState.USED, UnitState.TRANSFORMED, UnitState.EXPORTED})
"""The goods have left the record.  Whoever sees them again is believed, and marked."""

STOCK = frozenset({UnitState.ACTIVE, UnitState.OPENED})
"""The goods lie at a place."""


class Level(StrEnum):
    """Who speaks: a firm that has goods and stops its own, a regulator who stops anybody's, or one who comes to look.

    A laboratory and customs look at goods and take samples where others keep them; their own site keeps none.
    """

    FIRM = "firm"
    VISITOR = "visitor"
    REGULATOR = "regulator"


class Overlay(StrEnum):
    """What lies on a unit beside its state: overlays block, states move (domain guide, section 4).

    `expired` is never stored: it follows from the day.
    """

    HOLD_FIRM = "hold:firm"
    HOLD_REGULATOR = "hold:regulator"
    RECALL = "recall"
    TEMP_BREACH = "temp_breach"
    CLONE_SUSPECT = "clone_suspect"
    EXPIRED = "expired"


OVERLAY_WORDS: dict[Overlay, Words] = {
    Overlay.HOLD_FIRM: Words("企业封存", "held by a firm"),
    Overlay.HOLD_REGULATOR: Words("监管部门扣留", "held by a regulator"),
    Overlay.RECALL: Words("已召回", "recalled"),
    Overlay.TEMP_BREACH: Words("温度超限", "temperature out of range"),
    Overlay.CLONE_SUSPECT: Words("疑似克隆码", "its code may be cloned"),
    Overlay.EXPIRED: Words("已过保质期", "past its expiry date"),
}


class Mark(StrEnum):
    """What a person should look at: the statement is kept all the same."""

    NOT_PERMITTED = "not_permitted"
    TERMINAL = "terminal"
    EXPIRED = "expired"
    STOPPED = "stopped"
    PAPERS_MISSING = "papers_missing"
    PAPERS_DUE = "papers_due"
    HELD = "held"
    RECALLED = "recalled"
    TEMP_BREACH = "temp_breach"
    CLONE_SUSPECT = "clone_suspect"
    BLOCKED_INSIDE = "blocked_inside"
    INPUT_BLOCKED = "input_blocked"
    NOT_EMPTY = "not_empty"
    HOLD_OF_HIGHER = "hold_of_higher"
    LOT_OF_OTHERS = "lot_of_others"
    HOLD_NOT_LAID = "hold_not_laid"
    NOT_CUSTODIAN = "not_custodian"
    NOT_VOIDABLE = "not_voidable"
    CORRECTION_NOT_PERMITTED = "correction_not_permitted"
    CLOCK_SKEW = "clock_skew"
    LATE = "late"
    CHAIN_FORK = "chain_fork"
    KEY_SUSPENDED = "key_suspended"
    CERTIFICATE_OVER = "certificate_over"
    NOT_ISSUED = "not_issued"
    WRONG_STATION = "wrong_station"
    CODE_MISMATCH = "code_mismatch"
    FACTS_UNKNOWN = "facts_unknown"
    DOUBLE_BOUND = "double_bound"
    BOUND_LATE = "bound_late"
    ALREADY_COMMISSIONED = "already_commissioned"
    NOT_COMMISSIONED = "not_commissioned"
    NOT_HERE = "not_here"
    ALREADY_PACKED = "already_packed"
    STILL_PACKED = "still_packed"
    NOT_IN_PARENT = "not_in_parent"
    PACKED_IN_ITSELF = "packed_in_itself"
    ALREADY_SHIPPED = "already_shipped"
    RECEIVER_UNREGISTERED = "receiver_unregistered"
    GAP = "gap"
    NOT_ADDRESSED_HERE = "not_addressed_here"
    ALREADY_RECEIVED = "already_received"
    AFTER_SALE = "after_sale"
    SOLD_TWICE = "sold_twice"
    AFTER_END = "after_end"
    FOUND_AGAIN = "found_again"
    ALREADY_OPENED = "already_opened"
    NOTHING_TO_LIFT = "nothing_to_lift"
    REASON_MISSING = "reason_missing"
    REFERENCE_MISSING = "reference_missing"
    WITNESS_MISSING = "witness_missing"
    UNKNOWN_SCHEME = "unknown_scheme"
    OUTLIVES_INPUT = "outlives_input"
    LABELS_UNPAIRED = "labels_unpaired"
    MASS_BALANCE = "mass_balance"
    LOSS_UNEXPLAINED = "loss_unexplained"
    OVER_RECEIVED = "over_received"
    SHORT = "short_stock"
    COUNT_DIFFERS = "count_differs"
    NOT_ONE = "not_one"
    LOT_NOT_PACKED = "lot_not_packed"
    REFUSED_BY_RECEIVER = "refused_by_receiver"
    CORRECTED_LATE = "corrected_late"
    CORRECTS_UNKNOWN = "corrects_unknown"


BLOCKING = frozenset(
    {
        Mark.NOT_PERMITTED,
        Mark.TERMINAL,
        Mark.EXPIRED,
        Mark.STOPPED,
        Mark.PAPERS_MISSING,
        Mark.HELD,
        Mark.RECALLED,
        Mark.TEMP_BREACH,
        Mark.CLONE_SUSPECT,
        Mark.BLOCKED_INSIDE,
        Mark.INPUT_BLOCKED,
        Mark.NOT_EMPTY,
        Mark.HOLD_OF_HIGHER,
        Mark.LOT_OF_OTHERS,
        Mark.NOT_CUSTODIAN,
        Mark.NOT_VOIDABLE,
        Mark.CORRECTION_NOT_PERMITTED,
    }
)
"""With one of these the statement stands as history but moves nothing."""

MARK_WORDS: dict[Mark, Words] = {mark: WORDS_OF_MARKS[mark.value] for mark in Mark}


class CaseKind(StrEnum):
    """What a case of the watch room is about."""

    CONFLICT = "conflict"
    GAP = "gap"
    LATE = "late"
    CLOCK_SKEW = "clock_skew"
    DUPLICATE_ID = "duplicate_id"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    UNKNOWN_CODE = "unknown_code"
    QUANTITY_MISMATCH = "quantity_mismatch"
    BLOCKED = "blocked"
    CORRECTION = "correction"
    REFUSED_HANDOVER = "refused_handover"
    DOUBLE_BOUND = "double_bound"
    REFUSED_CODE = "refused_code"
    CLONE_SUSPECT = "clone_suspect"
    OVER_RUN = "over_run"


DOUBTING = frozenset({CaseKind.IMPOSSIBLE_TRAVEL, CaseKind.CLONE_SUSPECT})
"""Kinds whose live cases doubt the codes of their goods: the overlay `clone_suspect` is told of these."""

OF_REGULATORS = frozenset({CaseKind.CLONE_SUSPECT, CaseKind.OVER_RUN})
"""Kinds that are for the regulator: whose goods they are may be whose labels they are."""

_OF_ONE_KIND: dict[CaseKind, frozenset[Mark]] = {
    CaseKind.GAP: frozenset({Mark.GAP}),
    CaseKind.LATE: frozenset({Mark.LATE}),
    CaseKind.CLOCK_SKEW: frozenset({Mark.CLOCK_SKEW}),
    CaseKind.UNKNOWN_CODE: frozenset({Mark.NOT_ISSUED, Mark.UNKNOWN_SCHEME}),
    CaseKind.QUANTITY_MISMATCH: frozenset(
        {
            Mark.OVER_RECEIVED,
            Mark.SHORT,
            Mark.COUNT_DIFFERS,
            Mark.NOT_ONE,
            Mark.MASS_BALANCE,
            Mark.LOSS_UNEXPLAINED,
        }
    ),
    CaseKind.CORRECTION: frozenset({Mark.CORRECTED_LATE, Mark.CORRECTION_NOT_PERMITTED, Mark.CORRECTS_UNKNOWN}),
    CaseKind.REFUSED_HANDOVER: frozenset({Mark.REFUSED_BY_RECEIVER}),
    CaseKind.DOUBLE_BOUND: frozenset({Mark.DOUBLE_BOUND}),
}
NO_CASE = frozenset({Mark.RECEIVER_UNREGISTERED, Mark.REFERENCE_MISSING, Mark.PAPERS_DUE})
"""Marks that are allowed and only noted: nothing in them contradicts anything."""


def _case_of(mark: Mark) -> CaseKind | None:
    own = (kind for kind, marks in _OF_ONE_KIND.items() if mark in marks)
    rest = CaseKind.BLOCKED if mark in BLOCKING else None if mark in NO_CASE else CaseKind.CONFLICT
    return next(own, rest)


CASE_OF: dict[Mark, CaseKind | None] = {mark: _case_of(mark) for mark in Mark}
"""The kind of case that a mark opens; None for what is only noted."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Where one unit is, who answers for it, and what lies on it.  A packed unit is where its outermost parent is.

    `overlays` are texts as `overlays.py` writes them: the unit's own ones.  `counter` is the code of the counter that
    sells from it once it is opened, `expires_on` the last day of goods whose statement named one, `left_g` the grams
    that are left where a statement said so; None is what its code's lot says.
    """

    state: UnitState
    gln: str | None = None
    to_gln: str | None = None
    parent: str | None = None
    overlays: frozenset[str] = frozenset()
    counter: str | None = None
    expires_on: date | None = None
    left_g: int | None = None


@dataclass(frozen=True, kw_only=True)
class Issued:
    """What is known of a code since it was issued; `bind_until` is set for a label of a pre-issued roll.

    `importer` is the USCC of whoever imported its lot, `net_g` what one unit weighs, `cartons` how many packages of a
    lot by quantity its imports declare, `lot_id` the row of the import that speaks for such a lot.
    """

    station_gln: str
    code_hash: bytes
    facts_hash: bytes | None
    expiry: date | None
    importer_id: UUID | None = None
    stopped_at: datetime | None = None
    bind_until: datetime | None = None
    importer: str | None = None
    net_g: int | None = None
    cartons: int | None = None
    lot_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What was done, where and when: all of a statement that moves goods or stops them.

    `firm` is the USCC of the site's operator.  `breach`: it says that the goods were out of their temperature.
    `ordered`: it names the document of an authority.  `abroad`: a return goes out of the country.  `sender` is whom a
    receiver names as such.  `day` is the local day of the event where that is not the one of Beijing.
    """

    type: str
    gln: str
    to_gln: str | None
    event_at: datetime
    level: Level = Level.FIRM
    firm: str | None = None
    breach: bool = False
    ordered: bool = False
    abroad: bool = False
    sender: str | None = None
    day: str | None = None

    @property
    def local_day(self) -> date:
        """The day on which it was done, where it was done."""
        return date.fromisoformat(self.day) if self.day is not None else beijing_day(self.event_at)


def beijing_day(at: datetime) -> date:
    """Return the day in Beijing at a moment."""
    return at.astimezone(_BEIJING).date()


_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one line says of its unit; `details` are those of its attributes that the rules need (`details.py`)."""

    role: str
    parent: str | None = None
    quantity: int = 1
    details: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What is inside a unit, as far as it may keep it from going on: the earliest expiry, and all overlays."""

    expiry: date | None = None
    overlays: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a statement made other units of: a unit as it was before, and whether it might be used at all.

    `around` are the overlays of what it was in, `of_lot` those of its whole lot (`lot`, its row `lot_id`, recalled at
    `lot_recalled_at`), `here` tells whether the record had it where it was used.  `left_g` is what it weighed then, as
    far as anybody said.
    """

    unit_id: str
    holding: Holding
    around: frozenset[str]
    of_lot: frozenset[str] = frozenset()
    lot: tuple[str, str] | None = None
    lot_id: int | None = None
    lot_recalled_at: datetime | None = None
    left_g: int | None = None
    expires_on: date | None
    here: bool
    blocked: bool


@dataclass(frozen=True, kw_only=True)
class Fact(Deed):
    """A deed with what is judged once, when its statement arrives; `names_lot` says that its facts are a lot's here."""

    local_date: date
    permitted: bool
    correction_permitted: bool = True
    receiver_registered: bool = True
    facts_hash: bytes | None = None
    names_lot: bool = False

    @property
    def local_day(self) -> date:
        """The day on which it was done, where it was done."""
        return self.local_date


class StockPlace(NamedTuple):
    """Where some of a lot is and whose: `here` at `gln`, or in `transit` from there to `to_gln` (empty: to nobody).

    Noted beside the goods: `lost` at `gln` and not found since, and ever `coded` there (of no owner).
    """

    kind: str
    gln: str
    to_gln: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a line does to its unit, and what it contradicts; `from_gln` is whence a receiver took the unit.

    `stock` is how much of a lot is where afterwards (`lots.py`); other units have none.
    """

    holding: Holding
    marks: tuple[Mark, ...]
    from_gln: str | None = None
    stock: Mapping[StockPlace, int] | None = None

    @property
    def blocked(self) -> bool:
        """Tell whether the line moves nothing."""
        return any(mark in BLOCKING for mark in self.marks)
