"""A body with one statement, an array of statements, or a line for each (NDJSON)."""

import json

from fastapi import Request

from coldtrace.custody.read_wire import ReadWire, read_wire
from coldtrace.web.refusals import MalformedJson, TooManyItems, WrongContentType

ITEMS_MAX = 1000
KIND_MAX = 120


def read_items(request: Request, body: bytes) -> tuple[list[ReadWire], bool]:
    """Return the statements of a body, read, and whether it was one thing alone.

    What is no JSON is an item with its refusal and its bytes: a line of NDJSON, or a whole body of another kind.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/x-ndjson"):
        raise WrongContentType(wanted="application/json, application/x-ndjson", got=kind[:KIND_MAX] or "-")
    if kind == "application/x-ndjson":
        lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
        _refuse_many(len(lines))
        return [read_line(line, number) for number, line in lines], False
    value = _load(body, 1)
    items = value if isinstance(value, list) else [value]
    _refuse_many(len(items))
    return [item if isinstance(item, ReadWire) else read_wire(item) for item in items], not isinstance(value, list)


def read_line(line: bytes, number: int) -> ReadWire:
    """Return the statement of a line of NDJSON, read; one that is no JSON stops no other."""
    value = _load(line, number)
    return value if isinstance(value, ReadWire) else read_wire(value)


def _load(data: bytes, line: int) -> object:
    """Return the value, or as ReadWire what is no JSON."""
    try:
        value: object = json.loads(data)
    except json.JSONDecodeError as error:
        return ReadWire(wire=data, refusal=MalformedJson(line=line + error.lineno - 1))
    except (ValueError, RecursionError):
        return ReadWire(wire=data, refusal=MalformedJson(line=line))
    return value


def _refuse_many(count: int) -> None:
    if count > ITEMS_MAX:
        raise TooManyItems(limit=ITEMS_MAX, got=count)
