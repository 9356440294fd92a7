"""A label printer on a real socket: keeps the bytes it took, and can be slow, or die in the middle."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PATIENCE_S = 20
PIECE_BYTES = 4096


@dataclass
class TcpPrinter:
    """What arrived, one entry a connection.  `dies_after_bytes` resets the next connection once so much came."""

    port: int
    jobs: list[bytearray] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    dies_after_bytes: int | None = None
    stalls_after_bytes: int | None = None
    pause_s: float = 0.0

    @property
    def labels(self) -> list[bytes]:
        """All whole labels of all connections in the order in which they came."""
        return [part + b"^XZ" for job in self.jobs for part in bytes(job).split(b"^XZ\n") if part.startswith(b"^XA")]

    def wait(self) -> None:
        """Wait until the last connection has ended."""
        assert self.ended.wait(PATIENCE_S), "the connection did not end"


@contextmanager
def tcp_printer() -> Iterator[TcpPrinter]:
    """Listen on a free port until the block ends."""
    with socket.socket() as listener:
        # A small window, so that a sender meets the printer's pace soon.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE_BYTES)
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        printer = TcpPrinter(port=listener.getsockname()[1])
        stop = threading.Event()
        thread = threading.Thread(target=_serve, args=(listener, printer, stop), daemon=True)
        thread.start()
        try:
            yield printer
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_S)


def _serve(listener: socket.socket, printer: TcpPrinter, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            line, _ = listener.accept()
        except OSError:
            return
        printer.ended.clear()
        printer.jobs.append(bytearray())
        with line:
            _take(line, printer, stop)
        printer.ended.set()


def _take(line: socket.socket, printer: TcpPrinter, stop: threading.Event) -> None:
    job = printer.jobs[-1]
    while data := line.recv(PIECE_BYTES):
        job += data
        if printer.pause_s:
            time.sleep(printer.pause_s)
        if printer.stalls_after_bytes is not None and len(job) >= printer.stalls_after_bytes:
            stop.wait(PATIENCE_S)
            return
        if printer.dies_after_bytes is not None and len(job) >= printer.dies_after_bytes:
            # SO_LINGER 0: the connection is reset, as by a printer whose power went.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return
