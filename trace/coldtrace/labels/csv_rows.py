"""Code texts as CSV, for the label program that a site has already (docs/guides/labels-and-printers.md).

RFC 4180 with CRLF, UTF-8 with a byte order mark so that Excel reads the Chinese, one header line.  A cell that a
spreadsheet would run as a formula gets an apostrophe in front (OWASP, "CSV Injection"): one that begins with `=`, `+`,
`@`, tab or carriage return, or with `-` before anything but a digit.  A temperature such as `-18℃` stays as it is
printed.  The `code` column never needs one, so what the site's program encodes is exactly what was signed.
"""

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

from coldtrace.labels.content import LabelContent, weight_text

COLUMNS: Final = (
    "number",
    "kind",
    "code",
    "level",
    "short_code",
    "gs1_text",
    "sscc",
    "product_zh",
    "product_en",
    "lot",
    "production_date",
    "expiry_date",
    "origin_zh",
    "origin_en",
    "net_weight",
    "net_g",
    "cartons",
    "storage_zh",
    "storage_en",
    "importer_zh",
    "importer_en",
    "plant_reg",
)
HEAD: Final = b"\xef\xbb\xbf" + ",".join(COLUMNS).encode("ascii") + b"\r\n"
_RUNS_AS_FORMULA: Final = re.compile(
    # What begins with a minus is left alone as a number, and as a temperature with nothing behind it that calculates.
    r"[=+@\t\r＝＋－＠]|-(?![0-9]+(?:\.[0-9]+)?(?:\s?(?:℃|°C)[^=+\-*/^&|!'\"()<>:;\[\]{}@#%\\]*)?\Z)"
)


def csv_row(content: LabelContent, number: int) -> bytes:
    """Return one label as a line; `number` is its place in the run."""
    cells = (
        str(number),
        str(content.kind),
        content.uri,
        content.level,
        content.short_code,
        content.gs1_text,
        content.sscc,
        content.product_zh,
        content.product_en,
        content.lot,
        content.production_date,
        content.expiry_date,
        content.origin_zh,
        content.origin_en,
        "" if content.net_g is None else weight_text(content.net_g),
        "" if content.net_g is None else str(content.net_g),
        "" if content.count is None else str(content.count),
        content.storage_zh,
        content.storage_en,
        content.importer_zh,
        content.importer_en,
        content.plant_reg,
    )
    return csv_line(cells)


def csv_line(cells: Iterable[str]) -> bytes:
    """Return cells as a line of RFC 4180 in UTF-8, none of which a spreadsheet runs as a formula."""
    line = io.StringIO()
    csv.writer(line).writerow([safe_cell(cell) for cell in cells])
    return line.getvalue().encode("utf-8")


def safe_cell(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if _RUNS_AS_FORMULA.match(cell) else cell
