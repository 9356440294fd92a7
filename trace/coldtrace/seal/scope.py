"""What identities a code key may give (docs/formats/trust-list.md, section 2, `scope`).

An entry is a kind of identity, or a kind and the beginning of a number:

    01  00  414  U       GTIN, SSCC, GLN, an identity of our own
    01:DIGITS  00:DIGITS  414:DIGITS       the same, under this GS1 company prefix

The prefix stands behind the first digit of a GTIN-14 (indicator) and of an SSCC (extension digit), and at the start of
a GLN.  No entry at all is no limit.  Place codes name no goods, and every station may sign those of its doors: any
key may give a `414` unless its scope speaks of `414`.  An entry that a reader does not understand allows nothing.

>>> covers(("01", "00:9521234"), "00", "395212340000000012")
True
>>> covers(("01", "00:9521234"), "00", "395219990000000012")
False
>>> covers(("01:9521234",), "414", "4000000000006")
True
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from coldtrace.errors import Refusal, Words

_ENTRY: Final = re.compile(r"(?:U|(?:00|01|414)(?::[0-9]{4,12})?)", re.ASCII)
_PREFIX_FROM: Final = {"00": 1, "01": 1, "414": 0}


class MalformedScope(Refusal):
    """An entry of a key's scope is none that verifiers understand."""

    code = "malformed_scope"
    title = Words("密钥范围有误", "Malformed scope")
    detail = Words(
        "密钥范围“{entry}”不被识别。请使用 01、00、414、U，或带厂商识别代码（4–12 位数字）的形式，如 00:6901234。",
        "“{entry}” is no scope. Use 01, 00, 414 or U, or a number's kind with a company prefix of 4 to 12 digits,"
        " such as 00:6901234.",
    )


def check_scope(entries: Iterable[str]) -> tuple[str, ...]:
    """Return the entries as they are given to a new key; raise MalformedScope."""
    scope = tuple(entries)
    for entry in scope:
        if not _ENTRY.fullmatch(entry):
            raise MalformedScope(entry=entry[:40])
    return scope


def covers(scope: Sequence[str], ai: str, value: str) -> bool:
    """Tell whether a key of this scope may sign an identity: the primary AI of a code and its value."""
    if not scope:
        return True
    if ai == "414" and not any(entry.partition(":")[0] == "414" for entry in scope):
        return True
    return any(_allows(entry, ai, value) for entry in scope)


def _allows(entry: str, ai: str, value: str) -> bool:
    if entry == ai:
        return True
    kind, _, prefix = entry.partition(":")
    return kind == ai and _ENTRY.fullmatch(entry) is not None and value[_PREFIX_FROM[ai] :].startswith(prefix)
