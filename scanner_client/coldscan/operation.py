"""The operations of the scan loop, by the names of the statements they make."""

from enum import StrEnum

from coldtrace.errors import Words


class Operation(StrEnum):
    """What the next scan means."""

    COMMISSION = "commission"
    PACK = "pack"
    UNPACK = "unpack"
    SHIP = "ship"
    RECEIVE = "receive"
    SELL = "sell"
    STORE = "store"
    COUNT = "count"
    OPEN = "open"
    TRANSFORM = "transform"
    HOLD = "hold"
    DESTROY = "destroy"


NAMES: dict[Operation, Words] = {
    Operation.COMMISSION: Words("赋码", "Commission"),
    Operation.PACK: Words("组托", "Pack"),
    Operation.UNPACK: Words("拆托", "Unpack"),
    Operation.SHIP: Words("出库", "Ship"),
    Operation.RECEIVE: Words("入库", "Receive"),
    Operation.SELL: Words("销售", "Sell"),
    Operation.STORE: Words("移库", "Move"),
    Operation.COUNT: Words("盘点", "Count"),
    Operation.OPEN: Words("开箱上柜", "Open"),
    Operation.TRANSFORM: Words("分装", "Repack"),
    Operation.HOLD: Words("封存", "Hold"),
    Operation.DESTROY: Words("销毁", "Destroy"),
}

DOORWAYS: dict[str, Operation] = {"in": Operation.RECEIVE, "out": Operation.SHIP, "move": Operation.STORE}
"""How the command sheet calls three of them."""


def read_operation(text: str) -> Operation:
    """Return the operation of a word such as `ship` or `out`; raise ValueError."""
    word = text.strip().lower()
    return DOORWAYS.get(word) or Operation(word)
