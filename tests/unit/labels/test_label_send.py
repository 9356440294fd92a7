"""Sending to a printer over a real socket: every byte, a slow one, one that dies, one that stops taking."""

from collections.abc import Iterator

import pytest

from coldtrace.labels.press import Printed
from coldtrace.labels.refusals import PrinterStopped
from coldtrace.labels.send import BATCH_LABELS, send_labels
from coldtrace.settings import Printer
from support.tcp_printer import TcpPrinter, tcp_printer

LABEL_BYTES = 6000


@pytest.fixture
def printer() -> Iterator[TcpPrinter]:
    with tcp_printer() as made:
        yield made


def at(printer: TcpPrinter) -> Printer:
    return Printer(name="dock1", host="127.0.0.1", port=printer.port)


def labels(count: int) -> list[Printed]:
    return [
        Printed(number, str(number), 1, 1, b"^XA" + b"%06d" % number * (LABEL_BYTES // 6) + b"^XZ\n")
        for number in range(1, count + 1)
    ]


def test_every_label_arrives_in_order_and_each_batch_is_confirmed(printer: TcpPrinter) -> None:
    told: list[int] = []
    pages = labels(2 * BATCH_LABELS + 3)
    assert send_labels(at(printer), pages, patience_s=10, confirmed=told.append) == len(pages)
    printer.wait()
    assert [label + b"\n" for label in printer.labels] == [page.body for page in pages]
    assert told == [BATCH_LABELS, 2 * BATCH_LABELS, len(pages)]


def test_a_slow_printer_is_waited_for(printer: TcpPrinter) -> None:
    printer.pause_s = 0.02
    pages = labels(30)
    assert send_labels(at(printer), pages, patience_s=1, confirmed=lambda count: None) == 30
    printer.wait()
    assert len(printer.labels) == 30


def test_a_confirmed_label_had_reached_a_printer_that_dies(printer: TcpPrinter) -> None:
    printer.dies_after_bytes = 50 * LABEL_BYTES
    told: list[int] = []
    with pytest.raises(PrinterStopped) as caught:
        send_labels(at(printer), labels(500), patience_s=10, confirmed=told.append)
    printer.wait()
    assert told
    assert caught.value.facts["sent"] == told[-1]
    # TCP confirms what the network card has; the printer had read all but its last buffer of it.
    assert len(printer.labels) <= told[-1] + BATCH_LABELS
    assert told[-1] < 500


def test_a_printer_that_takes_nothing_more_is_given_up(printer: TcpPrinter) -> None:
    printer.stalls_after_bytes = LABEL_BYTES
    with pytest.raises(PrinterStopped) as caught:
        send_labels(at(printer), labels(2000), patience_s=0.5, confirmed=lambda count: None)
    assert caught.value.facts["reason"] == "timed out"


def test_a_printer_that_is_not_there() -> None:
    with tcp_printer() as gone:
        nowhere = at(gone)
    with pytest.raises(PrinterStopped) as caught:
        send_labels(nowhere, labels(1), patience_s=1, confirmed=lambda count: None)
    assert caught.value.facts["sent"] == 0
