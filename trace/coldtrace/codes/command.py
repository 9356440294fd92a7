"""Command cards: plain texts in a QR code by which a worker with gloves drives the handheld.

    CT:IN  CT:OUT  CT:MOVE  CT:COUNT  CT:UNDO  CT:CONFIRM  CT:NEXT
    CT:COMMISSION  CT:PACK  CT:UNPACK  CT:SELL

>>> parse_command("ct:in")
<Command.IN: 'CT:IN'>
"""

from enum import StrEnum
from typing import Final

from coldtrace.codes.refusals import UnknownCommand, printable

PREFIX: Final = "CT:"


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


def is_command(text: str) -> bool:
    """Tell whether `text` begins like a command, in either letter case (Caps Lock)."""
    return text[: len(PREFIX)].upper() == PREFIX


def parse_command(text: str) -> Command:
    """Return the command of a scanned card; raise UnknownCommand for any other text."""
    try:
        return Command(text.upper())
    except ValueError:
        raise UnknownCommand(text=printable(text)) from None
