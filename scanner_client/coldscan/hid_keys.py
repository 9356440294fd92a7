"""What a USB gun types, read from the kernel's event records (`struct input_event`, linux/input.h).

A record is two longs of time, type, code and value: 24 bytes on 64-bit machines.  Guns type as an American keyboard
does.  A control character comes as Ctrl and a key (GS is Ctrl-]) or, from guns that are set to "ALT mode", as its
number on the keypad with Alt held.  Enter or Tab ends a line.

When we are slower than the kernel's buffer is long, it drops records and says so (SYN_DROPPED).  What was lost may have
been a digit or the end of a line: the line that ends next is not whole, and nobody may act on it.
"""

import struct
from dataclasses import dataclass
from typing import Final

RECORD: Final = struct.Struct("@llHHi")
EV_SYN, EV_KEY = 0, 1
SYN_REPORT, SYN_DROPPED = 0, 3
RELEASED, PRESSED = 0, 1

_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
    (86, "\\", "|"),
)
KEYS: Final = {first + place: both for first, *rows in _ROWS for place, both in enumerate(zip(*rows, strict=True))}
"""Key code to the sign without and with Shift."""

KEYPAD: Final = {71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0"} | {
    55: "*",
    74: "-",
    78: "+",
    83: ".",
    98: "/",
}
_SHIFTS: Final = frozenset({42, 54})
_CTRLS: Final = frozenset({29, 97})
_ALTS: Final = frozenset({56, 100})
_ENDS: Final = frozenset({15, 28, 96})
_SILENT: Final = frozenset({58, 69, 70, 125, 126})
"""Caps, number and scroll lock, the two logo keys: they make no sign."""

LOST: Final = "\ufffd"
"""A key that the table does not know; no code holds this sign, so the line is refused instead of being short by one."""
LINE_CHARS: Final = 8_192


@dataclass(frozen=True)
class Line:
    """One line of a gun; not `whole` when the kernel lost a part of it."""

    text: str
    whole: bool = True


class KeyReader:
    """Turns event records into lines."""

    def __init__(self) -> None:
        self._rest = b""
        self._signs: list[str] = []
        self._held: set[int] = set()
        self._number = ""
        self._dropping = False
        self._whole = True

    def feed(self, data: bytes) -> list[Line]:
        """Return the lines that `data` completes; empty ones are dropped."""
        data = self._rest + data
        end = len(data) - len(data) % RECORD.size
        self._rest = data[end:]
        lines = []
        for _, _, type, code, value in RECORD.iter_unpack(data[:end]):
            line = self._take(type, code, value)
            if line is not None:
                lines.append(line)
        return lines

    def _take(self, type: int, code: int, value: int) -> Line | None:
        if type == EV_SYN:
            if code == SYN_DROPPED:
                # What was held down then is not known any more.
                self._whole, self._dropping, self._number = False, True, ""
                self._held.clear()
            elif code == SYN_REPORT:
                self._dropping = False
            return None
        if type != EV_KEY or self._dropping:
            return None
        if code in _SHIFTS | _CTRLS | _ALTS:
            self._modifier(code, value)
        elif value == PRESSED:
            return self._end() if code in _ENDS else self._press(code)
        return None

    def _modifier(self, code: int, value: int) -> None:
        if value != RELEASED:
            self._held.add(code)
            return
        self._held.discard(code)
        if code in _ALTS and self._number:
            number, self._number = int(self._number), ""
            self._add(chr(number) if number < 128 else LOST)

    def _press(self, code: int) -> Line | None:
        if code in _SILENT:
            return None
        if self._held & _ALTS and KEYPAD.get(code, "").isdigit():
            self._number += KEYPAD[code]
            return None
        plain, shifted = KEYS.get(code) or (KEYPAD.get(code, LOST),) * 2
        sign = shifted if self._held & _SHIFTS else plain
        if self._held & _CTRLS:
            sign = chr(ord(sign.upper()) & 0x1F) if sign.isascii() else LOST
            if sign in "\r\n":
                return self._end()
        self._add(sign)
        return None

    def _add(self, sign: str) -> None:
        if len(self._signs) < LINE_CHARS:
            self._signs.append(sign)

    def _end(self) -> Line | None:
        line = Line("".join(self._signs).strip(" \t"), self._whole)
        self._signs, self._whole = [], True
        return line if line.text or not line.whole else None
