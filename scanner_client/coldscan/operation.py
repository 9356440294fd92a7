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


NAMES: dict[Operation, Words] = {
    Operation.COMMISSION: Words("赋码", "Commission"),
    Operation.PACK: Words("组托", "Pack"),
    Operation.UNPACK: Words("拆托", "Unpack"),
    Operation.SHIP: Words("出库", "Ship"),
    Operation.RECEIVE: Words("入库", "Receive"),
    Operation.SELL: Words("销售", "Sell"),
}

DOORWAYS: dict[str, Operation] = {"in": Operation.RECEIVE, "out": Operation.SHIP}
"""How the command sheet calls two of them."""


def read_operation(text: str) -> Operation:
    """Return the operation of a word such as `ship` or `out`; raise ValueError."""
    word = text.strip().lower()
    return DOORWAYS.get(word) or Operation(word)
