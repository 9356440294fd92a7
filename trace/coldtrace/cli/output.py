"""What commands print: one JSON object, or lines for people; and the files they write."""

import errno
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from coldtrace.cli.refusals import FileUnwritable
from coldtrace.errors import Refusal

REFUSED, COULD_NOT_RUN = 1, 2


def print_result(result: Mapping[str, object], *, as_json: bool) -> None:
    """Print a result: as one object, or a line for each part."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    for name, value in result.items():
        print(f"{name}\t{plain(value)}")


def print_rows(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Print a list for people: one line that names the columns, then a line for each row."""
    print("\t".join(columns))
    for row in rows:
        print("\t".join(plain(row[name]) for name in columns))


def plain(value: object) -> str:
    """Return a value as people read it, with nothing of Python.

    >>> [plain(each) for each in (None, True, False, 12, "CN", ["6901234", "9521234"], [], {"ok": True})]
    ['-', 'yes', 'no', '12', 'CN', '6901234 9521234', '-', 'ok=yes']
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(f"{name}={plain(each)}" for name, each in value.items()) or "-"
    if isinstance(value, list | tuple):
        return " ".join(plain(each) for each in value) or "-"
    return str(value)


def print_refusal(refusal: Refusal, *, as_json: bool, status: int = REFUSED) -> int:
    """Print a refusal and return the exit code."""
    if as_json:
        print(json.dumps({"code": refusal.code, "zh": refusal.say("zh"), "en": refusal.say("en")}, ensure_ascii=False))
    print(refusal.say("zh"), file=sys.stderr)
    print(refusal.say("en"), file=sys.stderr)
    return status


def require_writable(path: Path) -> None:
    """Raise FileUnwritable if the file could not be written: asked before anything is kept elsewhere."""
    folder = path.parent
    if path.is_dir() or not folder.is_dir():
        raise FileUnwritable(path=str(path), reason=os.strerror(errno.EISDIR if path.is_dir() else errno.ENOENT))
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise FileUnwritable(path=str(path), reason=os.strerror(errno.EACCES))


def write_file(path: Path, data: bytes) -> None:
    """Write a file; raise FileUnwritable."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise FileUnwritable(path=str(path), reason=error.strerror or str(error)) from error
