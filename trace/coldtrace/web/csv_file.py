"""Tables that leave as files, row by row: what every such file has in common.

RFC 4180 with CRLF, UTF-8 with a byte order mark so that spreadsheets read the Chinese.  A cell that a spreadsheet would
run as a formula gets an apostrophe in front (`labels/csv_rows.py`).
"""

from collections.abc import Iterable, Iterator, Sequence

from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from coldtrace.labels.csv_rows import csv_line

MEDIA = "text/csv; charset=utf-8"
_MARK = b"\xef\xbb\xbf"


def csv_file(
    request: Request, name: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, cache: str = "no-store"
) -> Response:
    """Return a table as an attachment of this name; `rows` are made while it leaves.

    They open sessions of their own: that of the request is closed by then.  Whoever asks for no more than the head is
    told that there is such a file, and none of them is made.
    """
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": cache}
    if "coldtrace.head" in request.scope:
        return Response(b"", media_type=MEDIA, headers=headers)
    return StreamingResponse(_lines(columns, rows), media_type=MEDIA, headers=headers)


def _lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    yield _MARK + csv_line(columns)
    for row in rows:
        yield csv_line(row)
