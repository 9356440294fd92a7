"""A progress bar on a terminal; nothing at all where standard error goes to a file or a pipe."""

import sys

WIDTH = 30


class ProgressBar:
    """Shows how far a long piece of work is, on one line of standard error.

    >>> bar_text(1500, 4000, "码 codes")
    '[###########...................]  37 %  1,500 / 4,000 码 codes'
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._shown = False
        self._is_terminal = sys.stderr.isatty()

    def show(self, done: int, total: int) -> None:
        """Draw the bar again."""
        if self._is_terminal:
            self._shown = True
            print(f"\r{bar_text(done, total, self._unit)}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Go to the next line if a bar was drawn."""
        if self._shown:
            print(file=sys.stderr)
            self._shown = False


def bar_text(done: int, total: int, unit: str) -> str:
    """Return the line: a bar, the share in whole percent (never 100 before the end), and both numbers."""
    share = 1.0 if total == 0 else done / total
    full = int(share * WIDTH)
    return f"[{'#' * full}{'.' * (WIDTH - full)}] {int(share * 100):3d} %  {done:,} / {total:,} {unit}"
