"""Nouns of custody: where a unit is, what a statement says of it, and what contradicts what."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from coldtrace.errors import Words


class UnitState(StrEnum):
    """States of a unit (domain guide, section 4).  `unknown` was never issued here."""

    UNKNOWN = "unknown"
    BLANK = "blank"
    ACTIVE = "active"
    IN_TRANSIT = "in_transit"
    SOLD = "sold"
    DESTROYED = "destroyed"
    VOID = "void"


STATE_WORDS: dict[UnitState, Words] = {
    UnitState.UNKNOWN: Words("未签发", "not issued here"),
    UnitState.BLANK: Words("尚未赋码", "not bound yet"),
    UnitState.ACTIVE: Words("在库", "in stock"),
    UnitState.IN_TRANSIT: Words("在途", "in transit"),
    UnitState.SOLD: Words("已售出", "sold"),
    UnitState.DESTROYED: Words("已销毁", "destroyed"),
    UnitState.VOID: Words("已作废", "void"),
}

TERMINAL = frozenset({UnitState.DESTROYED, UnitState.VOID})


class Mark(StrEnum):
    """What a person should look at: the statement is kept all the same."""

    NOT_PERMITTED = "not_permitted"
    TERMINAL = "terminal"
    EXPIRED = "expired"
    STOPPED = "stopped"
    CLOCK_SKEW = "clock_skew"
    LATE = "late"
    CHAIN_FORK = "chain_fork"
    KEY_SUSPENDED = "key_suspended"
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


BLOCKING = frozenset({Mark.NOT_PERMITTED, Mark.TERMINAL, Mark.EXPIRED, Mark.STOPPED})
"""With one of these the statement stands as history but moves nothing."""

MARK_WORDS: dict[Mark, Words] = {
    Mark.NOT_PERMITTED: Words("该设备无权进行此操作", "This device may not state this"),
    Mark.TERMINAL: Words("该单元已销毁或作废", "The unit was destroyed or voided before"),
    Mark.EXPIRED: Words("商品已过保质期", "The goods are past their expiry date"),
    Mark.STOPPED: Words(
        "该码已作废、批次已召回或签发密钥已失窃", "The code was voided, its lot recalled or its key stolen before"
    ),
    Mark.CLOCK_SKEW: Words("设备时钟有偏差，已按到达时间排序", "The device clock is off; ordered by time of arrival"),
    Mark.LATE: Words("超过 72 小时才送达", "Arrived more than 72 hours after the event"),
    Mark.CHAIN_FORK: Words("设备记录链出现分叉", "The device's chain has a fork"),
    Mark.KEY_SUSPENDED: Words("设备密钥已暂停", "The device key is suspended"),
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
}


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Where one unit is and who answers for it.  A packed unit is where its outermost parent is."""

    state: UnitState
    gln: str | None = None
    to_gln: str | None = None
    parent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Issued:
    """What is known of a code since it was issued; `bind_until` is set for a label of a pre-issued roll."""

    station_gln: str
    code_hash: bytes
    facts_hash: bytes | None
    expiry: date | None
    importer_id: UUID | None = None
    stopped_at: datetime | None = None
    bind_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What was done, where and when: all of a statement that moves goods."""

    type: str
    gln: str
    to_gln: str | None
    event_at: datetime


@dataclass(frozen=True, kw_only=True)
class Fact(Deed):
    """A deed with what is judged once, when its statement arrives; `names_lot` says that its facts are a lot's here."""

    local_date: date
    permitted: bool
    receiver_registered: bool = True
    facts_hash: bytes | None = None
    names_lot: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a line does to its unit, and what it contradicts; `from_gln` is whence a receiver took the unit."""

    holding: Holding
    marks: tuple[Mark, ...]
    from_gln: str | None = None

    @property
    def blocked(self) -> bool:
        """Tell whether the line moves nothing."""
        return any(mark in BLOCKING for mark in self.marks)
