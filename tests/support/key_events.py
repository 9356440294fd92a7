"""What the kernel writes when a USB gun types a text: event records, one report for each stroke."""

import struct
from collections.abc import Iterator

KEY, SYN, MISC, SCANCODE = 1, 0, 4, 4
SHIFT, CTRL, ALT, ENTER, KEYPAD_ENTER, TAB = 42, 29, 56, 28, 96, 15
CODES = {sign: code for code, sign in enumerate("1234567890", 2)} | {
    **{sign: code for code, sign in enumerate("QWERTYUIOP", 16)},
    **{sign: code for code, sign in enumerate("ASDFGHJKL", 30)},
    **{sign: code for code, sign in enumerate("ZXCVBNM", 44)},
    **{"-": 12, "=": 13, "[": 26, "]": 27, ";": 39, "'": 40, "`": 41, "\\": 43, ",": 51, ".": 52, "/": 53, " ": 57},
}
WITH_SHIFT = dict(zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True))
KEYPAD = {"7": 71, "8": 72, "9": 73, "4": 75, "5": 76, "6": 77, "1": 79, "2": 80, "3": 81, "0": 82}


def record(type: int, code: int, value: int) -> bytes:
    """Return one record as a 64-bit kernel writes it."""
    return struct.pack("@llHHi", 1_700_000_000, 0, type, code, value)


def stroke(code: int) -> bytes:
    """Return one key going down and up."""
    down_up = [
        record(MISC, SCANCODE, 458_752 + code) + record(KEY, code, value) + record(SYN, 0, 0) for value in (1, 0)
    ]
    return b"".join(down_up)


def held(code: int, inside: bytes) -> bytes:
    """Return strokes made while a key is held, which repeats itself meanwhile."""
    return (
        record(KEY, code, 1)
        + record(SYN, 0, 0)
        + record(KEY, code, 2)
        + inside
        + record(KEY, code, 0)
        + record(SYN, 0, 0)
    )


def typed(text: str, *, end: int | None = ENTER) -> bytes:
    """Return the records of a text and of the key behind it."""
    return b"".join(_strokes(text)) + (b"" if end is None else stroke(end))


def by_number(number: int) -> bytes:
    """Return a sign as guns in ALT mode send it."""
    return held(ALT, b"".join(stroke(KEYPAD[digit]) for digit in f"{number:03d}"))


def _strokes(text: str) -> Iterator[bytes]:
    for sign in text:
        if sign == "\x1d":
            yield held(CTRL, stroke(CODES["]"]))
        elif sign in WITH_SHIFT:
            yield held(SHIFT, stroke(CODES[WITH_SHIFT[sign]]))
        elif sign.isupper():
            yield held(SHIFT, stroke(CODES[sign]))
        else:
            yield stroke(CODES[sign.upper()])
