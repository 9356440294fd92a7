"""A spoiled label replaced: the same code, checked like any other label, logged, and only then handed out.

A label that may not leave (voided, not valid) is refused before anything is logged.  What is logged may in the worst
case not have come out of the printer, never the other way round.
"""

from dataclasses import dataclass
from pathlib import Path

from coldtrace.env import Env
from coldtrace.goods import printing
from coldtrace.goods.print_runner import Sessions, order_of
from coldtrace.goods.printing import PrintAgain
from coldtrace.labels.make import stream_labels
from coldtrace.labels.outputs import PICTURES
from coldtrace.labels.press import PRINTER_FORMATS, Press, groups
from coldtrace.labels.send import send_labels
from coldtrace.settings import Printer


@dataclass(frozen=True, kw_only=True)
class Look:
    """How the labels are to be made."""

    layout: str
    format: str
    dpi: int
    font: Path | None


@dataclass(frozen=True, kw_only=True)
class Reprinted:
    """The units whose labels were made again, and the file: one picture, a zip file of several, or what was asked."""

    units: tuple[str, ...]
    data: bytes
    is_zip: bool


def reprint_file(sessions: Sessions, env: Env, wanted: PrintAgain, look: Look) -> Reprinted:
    """Make labels again as a file, and log it."""
    with sessions() as session:
        labels = printing.labels_again(session, wanted)
    contents = [content for _, content in labels]
    order = order_of(sessions, env, layout=look.layout, format=look.format, dpi=look.dpi, font=look.font)
    pages = list(groups(contents, look.layout))
    alone = look.format in PICTURES and len(pages) == 1
    data = Press(order).print(pages[0]).body if alone else b"".join(stream_labels(contents, order))
    assert isinstance(data, bytes)
    units = tuple(code.unit_id for code, _ in labels)
    with sessions.begin() as session:
        printing.log_reprints(session, env, wanted, units)
    return Reprinted(units=units, data=data, is_zip=look.format in PICTURES and not alone)


def reprint_to(
    sessions: Sessions, env: Env, wanted: PrintAgain, look: Look, *, printer: Printer, patience_s: float
) -> tuple[str, ...]:
    """Send labels again to a printer, and log it; return the units.  Raises PrinterStopped."""
    format = look.format if look.format in PRINTER_FORMATS else "zpl"
    order = order_of(sessions, env, layout=look.layout, format=format, dpi=printer.dpi, font=look.font, z64=printer.z64)
    with sessions() as session:
        labels = printing.labels_again(session, wanted)
    press = Press(order)
    pages = [press.print(group) for group in groups([content for _, content in labels], look.layout)]
    units = tuple(code.unit_id for code, _ in labels)
    with sessions.begin() as session:
        printing.log_reprints(session, env, wanted, units)
    send_labels(printer, pages, patience_s=patience_s, confirmed=lambda count: None)
    return units
