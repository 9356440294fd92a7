"""Command cards: plain texts in a QR code by which a worker with gloves drives the handheld.

    CT:IN  CT:OUT  CT:MOVE  CT:COUNT  CT:UNDO  CT:CONFIRM  CT:NEXT
    CT:COMMISSION  CT:PACK  CT:UNPACK  CT:SELL  CT:OPEN  CT:TRANSFORM  CT:HOLD  CT:DESTROY
    CT:REASON:DAMAGED  CT:METHOD:BURNT  CT:WITNESS:K17        three that carry a word

>>> parse_command("ct:in")
Card(command=<Command.IN: 'CT:IN'>, value=None)
>>> parse_command("CT:WITNESS:K17").value
'K17'
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from coldtrace.codes.refusals import UnknownCommand, printable
from coldtrace.errors import Words

PREFIX: Final = "CT:"
_VALUE: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,18}[A-Z0-9])?", re.ASCII)


class Command(StrEnum):
    """What a scanned command asks the handheld to do."""

    IN = "CT:IN"
    OUT = "CT:OUT"
    MOVE = "CT:MOVE"
    COUNT = "CT:COUNT"
    UNDO = "CT:UNDO"
    CONFIRM = "CT:CONFIRM"
    NEXT = "CT:NEXT"
    COMMISSION = "CT:COMMISSION"
    PACK = "CT:PACK"
    UNPACK = "CT:UNPACK"
    SELL = "CT:SELL"
    OPEN = "CT:OPEN"
    TRANSFORM = "CT:TRANSFORM"
    HOLD = "CT:HOLD"
    DESTROY = "CT:DESTROY"
    REASON = "CT:REASON"
    METHOD = "CT:METHOD"
    WITNESS = "CT:WITNESS"


WITH_VALUE: Final = frozenset({Command.REASON, Command.METHOD, Command.WITNESS})
"""Commands whose cards carry a word behind a second colon: 1 to 20 letters, digits and hyphens."""

VALUES: Final[dict[Command, dict[str, Words]]] = {
    Command.REASON: {
        "DAMAGED": Words("破损", "damaged"),
        "WARM": Words("温度异常", "too warm"),
        "LABEL": Words("标签有误", "wrong label"),
        "PAPERS": Words("单证不符", "papers do not match"),
        "SMELL": Words("异味或变色", "smell or colour"),
        "ORDERED": Words("上级通知", "told to by the office"),
    },
    Command.METHOD: {
        "BURNT": Words("焚烧", "burnt"),
        "RENDERED": Words("化制", "rendered"),
        "BURIED": Words("深埋", "buried"),
    },
}
"""The words that we print cards for; a handheld takes no others."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What stands on a command card; `value` is set for those of WITH_VALUE, in capitals, and None for all others."""

    command: Command
    value: str | None = None

    @property
    def text(self) -> str:
        """The text in the card's code."""
        return self.command.value if self.value is None else f"{self.command.value}:{self.value}"

    @property
    def words(self) -> Words:
        """What its word means to people; one that we do not know is said as it stands."""
        value = self.value or ""
        return VALUES.get(self.command, {}).get(value, Words(value, value))


def is_command(text: str) -> bool:
    """Tell whether `text` begins like a command, in either letter case (Caps Lock)."""
    return text[: len(PREFIX)].upper() == PREFIX


def parse_command(text: str) -> Card:
    """Return what a scanned card says; raise UnknownCommand for any other text."""
    name, colon, value = text.upper()[len(PREFIX) :].partition(":")
    try:
        command = Command(PREFIX + name)
    except ValueError:
        raise UnknownCommand(text=printable(text)) from None
    if not is_command(text) or bool(colon) is not (command in WITH_VALUE) or (colon and not _VALUE.fullmatch(value)):
        raise UnknownCommand(text=printable(text))
    return Card(command=command, value=value or None)
