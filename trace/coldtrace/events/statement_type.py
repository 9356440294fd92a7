"""The types of statement and what each may carry (events.md section 4).

Only structure is judged here: which lines and references a type has.  Whether the goods allow it is custody's
question.
"""

from enum import StrEnum
from typing import Final


class StatementType(StrEnum):
    """What is said about the goods, or about the device's own chain (`mark`, `close`)."""

    COMMISSION = "commission"
    ADOPT = "adopt"
    PACK = "pack"
    UNPACK = "unpack"
    SHIP = "ship"
    RECEIVE = "receive"
    STORE = "store"
    OBSERVE = "observe"
    COUNT = "count"
    TRANSFORM = "transform"
    OPEN = "open"
    SAMPLE = "sample"
    INSPECT = "inspect"
    HOLD = "hold"
    RELEASE = "release"
    RECALL = "recall"
    LIFT = "lift"
    DESTROY = "destroy"
    LOSE = "lose"
    FIND = "find"
    RETURN = "return"
    SELL = "sell"
    USE = "use"
    RELABEL = "relabel"
    VOID = "void"
    CORRECT = "correct"
    TEMPERATURE = "temperature"
    MARK = "mark"
    CLOSE = "close"


class Role(StrEnum):
    """What a unit is in its statement."""

    UNIT = "unit"
    PARENT = "parent"
    CHILD = "child"
    INPUT = "input"
    OUTPUT = "output"


WITH_FACTS: Final = frozenset({StatementType.COMMISSION, StatementType.ADOPT, StatementType.TRANSFORM})
"""Types that may carry the hash of the product facts: here goods get their identity."""

CHAIN_ONLY: Final = frozenset({StatementType.MARK, StatementType.CLOSE})
"""Types about the device's chain: they have no lines."""

MAY_BE_WITHOUT_LINES: Final = CHAIN_ONLY | {StatementType.CORRECT, StatementType.TEMPERATURE}

_ROLES: Final = {
    StatementType.PACK: frozenset({Role.PARENT, Role.CHILD}),
    StatementType.UNPACK: frozenset({Role.PARENT, Role.CHILD}),
    StatementType.TRANSFORM: frozenset({Role.INPUT, Role.OUTPUT}),
    StatementType.RELABEL: frozenset({Role.UNIT, Role.INPUT, Role.OUTPUT}),
}
# A correction repeats the lines of the statement it corrects, whatever their roles.
_ANY_ROLE: Final = frozenset(Role)
_UNIT_ROLES: Final = frozenset({Role.UNIT, Role.PARENT})


def roles_of(kind: StatementType) -> frozenset[Role]:
    """Return the roles that the lines of a type may have."""
    if kind is StatementType.CORRECT:
        return _ANY_ROLE
    return _ROLES.get(kind, _UNIT_ROLES)
