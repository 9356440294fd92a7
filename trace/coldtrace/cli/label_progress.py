"""How far a run of labels is, on one line of a terminal; nothing where standard error goes to a file or a pipe."""

import sys
import time

_REDRAW_S = 0.2
_WIDTH = 24


class LabelProgress:
    """Told labels done and in all; shows the share, the rate of this run and the time that is left."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._first: tuple[int, float] | None = None
        self._drawn_at = 0.0
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        """Draw the line again, at most five times a second."""
        now = time.monotonic()
        if self._first is None:
            self._first = (max(done - 1, 0), now)
        if not self._is_terminal or (now - self._drawn_at < _REDRAW_S and done < total):
            return
        before, since = self._first
        self._drawn_at, self._shown = now, True
        print(f"\r{progress_line(done, total, done - before, now - since)}\x1b[K", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Go to the next line if one was drawn."""
        if self._shown:
            print(file=sys.stderr)
            self._shown = False


def progress_line(done: int, total: int, made: int, seconds: float) -> str:
    """Return the line; `made` labels took `seconds` in this run.

    >>> progress_line(600, 1200, 600, 3.0)
    '[############............]  50 %  600 / 1,200 张 labels  200/s  剩余 3 s left'
    """
    share = 1.0 if total == 0 else done / total
    full = int(share * _WIDTH)
    bar = f"[{'#' * full}{'.' * (_WIDTH - full)}] {int(share * 100):3d} %  {done:,} / {total:,} 张 labels"
    if made < 1 or seconds <= 0:
        return bar
    rate = made / seconds
    left = round((total - done) / rate)
    clock = f"{left} s" if left < 120 else f"{left // 60} min {left % 60:02d} s"
    return f"{bar}  {rate:,.0f}/s  剩余 {clock} left"
