"""Lines as guns send them: ended by CR, LF or both, in bursts, now and then with bytes that are no text.

A line is handed over the moment its end arrives.  (Text streams wait behind a lone CR to see whether an LF
follows; a gun whose suffix is CR would then always be one scan late.)
"""

import os
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress

CHUNK_BYTES = 65_536
LINE_BYTES = 8_192
"""Longer than any code; what lies beyond is cut off, and the rest is refused as no code."""


class LineSplitter:
    """Cuts a stream of bytes into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that `data` completes, without their ends; empty ones are dropped."""
        parts = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        self._rest = parts.pop()[:LINE_BYTES]
        return [_text(part) for part in parts if part.strip()]

    def finish(self) -> list[str]:
        """Return what stood after the last line end."""
        rest, self._rest = self._rest, b""
        return [_text(rest)] if rest.strip() else []


def _text(line: bytes) -> str:
    return line[:LINE_BYTES].decode("utf-8", errors="replace").strip(" \t")


def lines_of(descriptor: int) -> Iterator[str]:
    """Yield the lines of a file descriptor until it ends.

    A thread empties the descriptor at once and keeps the lines in order, so that a gun which sends its memory
    in one burst is never held up by a slow disk, and no terminal buffer runs over.
    """
    waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_pump, args=(descriptor, waiting), name="scan-reader", daemon=True).start()
    while (line := waiting.get()) is not None:
        yield line


def _pump(descriptor: int, waiting: "queue.SimpleQueue[str | None]") -> None:
    splitter = LineSplitter()
    # A gun that is unplugged (an OSError) ends the stream like one that is switched off.
    with suppress(OSError):
        while data := os.read(descriptor, CHUNK_BYTES):
            for line in splitter.feed(data):
                waiting.put(line)
    for line in splitter.finish():
        waiting.put(line)
    waiting.put(None)
