"""What commands print: one JSON object, or lines for people; and the files they write."""

import errno
import json
import os
import sys
from collections.abc import Mapping
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
        print(f"{name}\t{value}")


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
