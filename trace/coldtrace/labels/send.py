"""Hand labels to a printer over raw TCP (port 9100), in batches, each confirmed before the next is counted.

What a confirmation means is little, and is said so to people: the printer's network card has the bytes.  TCP says
nothing about paper.  A printer that is switched off may have taken some labels more than it printed.
"""

import fcntl
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress

from coldtrace.labels.press import Printed
from coldtrace.labels.refusals import PrinterStopped
from coldtrace.settings import Printer

BATCH_LABELS = 20
_CONNECT_S = 10.0
_PIECE_BYTES = 16 * 1024
_POLL_S = 0.01
_TIOCOUTQ = 0x5411


def send_labels(
    printer: Printer, pages: Iterable[Printed], *, patience_s: float, confirmed: Callable[[int], None]
) -> int:
    """Send finished ZPL pages and return how many labels the printer took.

    `confirmed` is told the number of labels so far after each batch.  Raises PrinterStopped when the printer cannot
    be reached, closes the connection, or takes nothing for `patience_s` seconds.
    """
    count = waiting = 0
    batch: list[bytes] = []
    try:
        with closing(socket.create_connection((printer.host, printer.port), timeout=_CONNECT_S)) as line:
            line.settimeout(patience_s)
            for page in pages:
                assert isinstance(page.body, bytes)
                batch.append(page.body)
                waiting += page.labels
                if waiting >= BATCH_LABELS:
                    _hand_over(line, b"".join(batch), patience_s)
                    count, waiting, batch = count + waiting, 0, []
                    confirmed(count)
            _hand_over(line, b"".join(batch), patience_s)
            line.shutdown(socket.SHUT_WR)
    except OSError as error:
        raise PrinterStopped(printer=printer.name, sent=count, reason=_reason(error)) from error
    count += waiting
    confirmed(count)
    return count


def _hand_over(line: socket.socket, data: bytes, patience_s: float) -> None:
    """Send all of `data` and wait until the other side's network has it; raise OSError."""
    view = memoryview(data)
    while view:
        # Each piece has the whole patience: a slow printer is not a dead one.
        sent = line.send(view[:_PIECE_BYTES])
        view = view[sent:]
    deadline, last = time.monotonic() + patience_s, -1
    while left := _on_the_way(line):
        _raise_if_closed(line)
        if left != last:
            deadline, last = time.monotonic() + patience_s, left
        if time.monotonic() > deadline:
            raise TimeoutError("timed out")
        time.sleep(_POLL_S)
    _raise_if_closed(line)


def _on_the_way(line: socket.socket) -> int:
    """Bytes that the other side has not confirmed (SIOCOUTQ); 0 where the system cannot say."""
    if not sys.platform.startswith("linux"):
        return 0
    return int(struct.unpack("i", fcntl.ioctl(line.fileno(), _TIOCOUTQ, b"\0\0\0\0"))[0])


def _raise_if_closed(line: socket.socket) -> None:
    """Raise when the printer reset or closed the connection; what it says is of no use and thrown away."""
    patience_s = line.gettimeout()
    line.settimeout(0.0)  # with a time limit, Python would wait for bytes before it asks for them
    try:
        with suppress(BlockingIOError):
            while line.recv(4096):
                pass
            raise ConnectionResetError("closed by the printer")
    finally:
        line.settimeout(patience_s)


def _reason(error: OSError) -> str:
    return "timed out" if isinstance(error, TimeoutError) else error.strerror or str(error)
