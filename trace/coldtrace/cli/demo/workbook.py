"""The broker's workbook of the demo: as it came the first time, with the next declaration number after that."""

from importlib.resources import files
from io import BytesIO

NAME = "packing-list-a.xlsx"
DECLARATION_CELL = "C4"
FIRST_SERIAL = 123


def workbook(number: int) -> bytes:
    """Return the workbook for the `number`-th run of the demo, from 0: each run is another consignment."""
    data = (files("coldtrace.interop") / "samples" / NAME).read_bytes()
    if number == 0:
        return data
    from openpyxl import load_workbook

    book = load_workbook(BytesIO(data))
    book.worksheets[0][DECLARATION_CELL] = f"020220261{FIRST_SERIAL + number:09d}"
    out = BytesIO()
    book.save(out)
    return out.getvalue()
