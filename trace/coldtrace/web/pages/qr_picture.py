"""A QR symbol as one SVG path, for a page; labels are drawn by the labels room."""

import qrcode
from qrcode.constants import ERROR_CORRECT_Q

from coldtrace.web.pages.views import QrPicture


def qr_picture(text: str) -> QrPicture:
    """Return the symbol of `text` at level Q with its quiet zone; runs of dark modules are one rectangle each."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=4, mask_pattern=4)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    runs = [part for y, row in enumerate(rows) for part in _row_runs(y, row)]
    return QrPicture(size=len(rows), path="".join(runs))


def _row_runs(y: int, row: list[bool]) -> list[str]:
    runs: list[str] = []
    start: int | None = None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
            start = None
    return runs
