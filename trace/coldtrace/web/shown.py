"""What a route says of the page of a code that it made, to whoever may keep it for others (`kept_pages.py`).

A page is kept only if it says that it may be: it is some unit's, with its number of look-ups in it, or it is the same
for everybody who asks.  Nothing is said where nobody keeps pages.
"""

from dataclasses import dataclass

from fastapi import Request

from coldtrace.codes.trace_code import TraceCode

NOTE = "coldtrace.shown"


@dataclass(kw_only=True)
class Shown:
    """Whose page it is, and the number of look-ups in it; or that it is `common`: no number, the same for all.

    `stray` is a code under which nothing is known, and whether it is well signed: whoever looks at it is noted.
    """

    unit_id: str = ""
    count: int = 0
    common: bool = False
    stray: tuple[TraceCode, bool] | None = None


def note_shown(request: Request, unit_id: str, count: int) -> None:
    """Note that the page of a unit is shown as look-up number `count`."""
    shown: Shown | None = request.scope.get(NOTE)
    if shown is not None:
        shown.unit_id, shown.count = unit_id, count


def note_common(request: Request) -> None:
    """Note that the page is the same for everybody who asks with this address in this language."""
    shown: Shown | None = request.scope.get(NOTE)
    if shown is not None:
        shown.common = True


def note_stray(request: Request, code: TraceCode, *, signed: bool) -> None:
    """Note that whoever sees the page has seen a code under which nothing is known."""
    shown: Shown | None = request.scope.get(NOTE)
    if shown is not None:
        shown.stray = (code, signed)
