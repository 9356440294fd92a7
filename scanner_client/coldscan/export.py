"""The raw queue, line by line, for a device that cannot send it any more.

Neither key nor passphrase is needed: what is signed is signed.  With `wire`, the lines are exactly what
`POST /api/v1/statements` takes as NDJSON, so the queue of a broken device can be sent from anywhere.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from coldscan.refusals import NotEnrolled, StoreFault
from coldscan.state_dir import StateDir

_COLUMNS = (
    "id",
    "key",
    "seq",
    "type",
    "at",
    "state",
    "code",
    "reason",
    "tries",
    "receipt",
    "header",
    "public",
    "private",
    "units",
    "sig",
)
_PIECES = ("header", "public", "private", "units", "sig")


def export_lines(state: StateDir, *, wire: bool) -> Iterator[str]:
    """Yield one JSON line for each statement, oldest first.

    Raises StoreFault where the file ends being readable, NotEnrolled where nothing was ever said by anybody.
    """
    try:
        with closing(sqlite3.connect(f"{state.store.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM statements{_WIRE_ONLY if wire else ''} ORDER BY number"
            )
            is_enrolled = connection.execute("SELECT 1 FROM cache WHERE name = 'key'").fetchone() is not None
            for row in rows:
                is_enrolled = True
                yield _line(dict(zip(_COLUMNS, row, strict=True)), wire=wire)
            if not is_enrolled:
                raise NotEnrolled(path=str(state.root))
    except sqlite3.Error as fault:
        raise StoreFault(path=str(state.store), reason=str(fault)) from fault


_WIRE_ONLY = " WHERE public IS NOT NULL"


def _line(row: dict[str, object], *, wire: bool) -> str:
    pieces = {name: row.pop(name) for name in _PIECES}
    if wire:
        return json.dumps(pieces, ensure_ascii=False)
    receipt = row.pop("receipt")
    return json.dumps(
        {**row, "statement": pieces, "receipt": None if receipt is None else json.loads(str(receipt))},
        ensure_ascii=False,
    )
