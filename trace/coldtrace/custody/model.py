"""Nouns of custody: where a unit is, what a statement says of it, and what contradicts what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from coldtrace.errors import Words


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

MARK_WORDS: dict[Mark, Words] = {
    Mark.NOT_PERMITTED: Words("该设备无权进行此操作", "This device may not state this"),
    Mark.TERMINAL: Words("该单元已销毁或作废", "The unit was destroyed or voided before"),
    Mark.EXPIRED: Words("商品已过保质期", "The goods are past their expiry date"),
    Mark.STOPPED: Words(
        "该码已作废、批次已召回或签发密钥已失窃", "The code was voided, its lot recalled or its key stolen before"
    ),
    Mark.HELD: Words("货物已被封存或扣留", "The goods are on hold"),
    Mark.RECALLED: Words("货物已被召回", "The goods are recalled"),
    Mark.TEMP_BREACH: Words("货物曾超温，尚未解除", "The goods were out of their temperature and not released since"),
    Mark.CLONE_SUSPECT: Words("该码疑似被克隆，尚未查清", "The code may be cloned; not cleared yet"),
    Mark.BLOCKED_INSIDE: Words("内有被封存或召回的货物", "Something inside is on hold or recalled"),
    Mark.INPUT_BLOCKED: Words("投入的货物不得分装", "What went into it was blocked"),
    Mark.NOT_EMPTY: Words(
        "内有货物，不能换码：请重打原标签，或先拆托",
        "Something is inside, so it keeps its code: print the same label again, or unpack it first",
    ),
    Mark.HOLD_OF_HIGHER: Words(
        "封存或召回由上级或他人作出，无权解除", "The hold or recall is of a higher level or of another firm"
    ),
    Mark.LOT_OF_OTHERS: Words(
        "整批封存或召回只能由进口商、首站或监管部门作出",
        "Only its importer, its first station or a regulator stops a whole lot",
    ),
    Mark.HOLD_NOT_LAID: Words(
        "抽样有效，但抽样方不保管该货物，未予封存；请由保管方或监管部门封存",
        "The sample counts; who took it does not keep the goods, so nothing is held: ask their keeper or a regulator",
    ),
    Mark.NOT_CUSTODIAN: Words(
        "记录显示货物不归本站保管，不得由此封存、报失或销毁",
        "By the record the goods are not kept here: they are not held, reported lost or destroyed from here",
    ),
    Mark.NOT_VOIDABLE: Words(
        "只有签发首站可作废，且货物尚在本站", "Only its station voids a code, and only while the goods are there"
    ),
    Mark.CORRECTION_NOT_PERMITTED: Words("无权更正该记录", "Not entitled to correct that statement"),
    Mark.CLOCK_SKEW: Words("设备时钟有偏差，已按到达时间排序", "The device clock is off; ordered by time of arrival"),
    Mark.LATE: Words("超过 72 小时才送达", "Arrived more than 72 hours after the event"),
    Mark.CHAIN_FORK: Words("设备记录链出现分叉", "The device's chain has a fork"),
    Mark.KEY_SUSPENDED: Words("设备密钥已暂停", "The device key is suspended"),
    Mark.CERTIFICATE_OVER: Words(
        "设备证书已过期：请更换设备密钥", "The device's certificate is over: give the device a new key"
    ),
    Mark.NOT_ISSUED: Words("该码未由本系统签发", "This code was not issued here"),
    Mark.WRONG_STATION: Words("该码签发给另一首站", "The code was issued to another station"),
    Mark.CODE_MISMATCH: Words("扫描的码与签发的码不一致", "The scanned code differs from the one issued"),
    Mark.FACTS_UNKNOWN: Words("商品信息与登记不一致", "The product facts differ from those registered"),
    Mark.DOUBLE_BOUND: Words("该卷标已绑定另一批次", "The label is bound to another lot"),
    Mark.BOUND_LATE: Words("超过卷标的绑定期才绑定", "Bound after the time of its roll"),
    Mark.ALREADY_COMMISSIONED: Words("重复赋码", "Bound before"),
    Mark.NOT_COMMISSIONED: Words("尚未赋码", "Not bound yet"),
    Mark.NOT_HERE: Words("记录显示货物不在此处", "The record has the goods elsewhere"),
    Mark.ALREADY_PACKED: Words("已在另一托盘上", "On another pallet already"),
    Mark.STILL_PACKED: Words("未拆托即单独处理", "Handled apart while still on its pallet"),
    Mark.NOT_IN_PARENT: Words("不在该托盘上", "Not on this pallet"),
    Mark.PACKED_IN_ITSELF: Words("被装入自己所含的包装", "Packed into something that is inside it"),
    Mark.ALREADY_SHIPPED: Words("已在途，重复出库", "Shipped before and still in transit"),
    Mark.RECEIVER_UNREGISTERED: Words("收货方未注册", "The receiver is not registered"),
    Mark.GAP: Words("缺少上一站出库记录", "No out-scan of the station before"),
    Mark.NOT_ADDRESSED_HERE: Words("出库记录的收货方是另一场所", "The out-scan names another receiver"),
    Mark.ALREADY_RECEIVED: Words("重复入库", "Received here before"),
    Mark.AFTER_SALE: Words("售出后又被扫描", "Scanned after it was sold"),
    Mark.SOLD_TWICE: Words("重复销售", "Sold twice"),
    Mark.AFTER_END: Words("已使用、分装或退运后又被扫描", "Scanned after it was used, transformed or exported"),
    Mark.FOUND_AGAIN: Words("曾报丢失，又被扫描", "Scanned after it was reported lost"),
    Mark.ALREADY_OPENED: Words("重复开箱上柜", "Opened at this counter before"),
    Mark.NOTHING_TO_LIFT: Words("该货物本身没有可解除的封存或召回", "The unit itself has no hold or recall to lift"),
    Mark.REASON_MISSING: Words("未写明理由或文书编号", "No reason, or no number of the document, was given"),
    Mark.REFERENCE_MISSING: Words(
        "未写明记录、文书或交货单编号",
        "No number of the record, of the document or of the delivery was given",
    ),
    Mark.WITNESS_MISSING: Words(
        "未写明销毁方式，或见证人与操作人相同", "No method, or no witness other than who did it"
    ),
    Mark.UNKNOWN_SCHEME: Words("外来码的体系未登记", "The scheme of the foreign code is not known here"),
    Mark.OUTLIVES_INPUT: Words("产出的到期日晚于最早到期的原料", "The output expires after its earliest input"),
    Mark.LABELS_UNPAIRED: Words("新旧码未一一对应", "New and old labels are not named one for one"),
    Mark.MASS_BALANCE: Words("产出或使用的重量超过原有重量", "More weight came out, or was used, than there was"),
    Mark.LOSS_UNEXPLAINED: Words("损耗超过 3% 且未说明原因", "More than 3 % was lost without a reason"),
    Mark.OVER_RECEIVED: Words("收货数量多于发货数量", "More was received than was shipped here"),
    Mark.SHORT: Words("账面数量不足", "The books have less than that"),
    Mark.COUNT_DIFFERS: Words("数量与账面或申报不符", "The number differs from the books, or from what was declared"),
    Mark.NOT_ONE: Words("单件货物的数量不是 1", "One unit under one code, but another quantity than 1"),
    Mark.LOT_NOT_PACKED: Words("按数量管理的批次不随托盘移动", "A lot by quantity does not move with a pallet"),
    Mark.REFUSED_BY_RECEIVER: Words("收货方拒收", "The receiver refused it"),
    Mark.CORRECTED_LATE: Words("超过 24 小时才更正", "Corrected more than 24 hours after"),
    Mark.CORRECTS_UNKNOWN: Words("被更正的记录尚未送达", "The statement that it corrects has not arrived yet"),
}


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
NO_CASE = frozenset({Mark.RECEIVER_UNREGISTERED, Mark.REFERENCE_MISSING})
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
    lot by quantity its imports declare.
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


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What was done, where and when: all of a statement that moves goods or stops them.

    `firm` is the USCC of the site's operator.  `breach`: it says that the goods were out of their temperature.
    `ordered`: it names the document of an authority.  `abroad`: a return goes out of the country.  `sender` is whom a
    receiver names as such.
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

    `around` are the overlays of what it was in, `of_lot` those of its whole lot (`lot`), `here` tells whether the
    record had it where it was used.  `left_g` is what it weighed then, as far as anybody said.
    """

    unit_id: str
    holding: Holding
    around: frozenset[str]
    of_lot: frozenset[str] = frozenset()
    lot: tuple[str, str] | None = None
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
