"""A body with one thing, an array of things, or a line for each (NDJSON)."""

import json

from fastapi import Request

from coldtrace.web.refusals import MalformedJson, TooManyItems, WrongContentType

ITEMS_MAX = 1000
KIND_MAX = 120


def read_items(request: Request, body: bytes) -> tuple[list[object], bool]:
    """Return the wire objects of a body, and whether it was one object alone."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/x-ndjson"):
        raise WrongContentType(wanted="application/json, application/x-ndjson", got=kind[:KIND_MAX] or "-")
    if kind == "application/x-ndjson":
        lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
        _refuse_many(len(lines))
        return [_load(line, number) for number, line in lines], False
    value = _load(body, 1)
    items = value if isinstance(value, list) else [value]
    _refuse_many(len(items))
    return items, not isinstance(value, list)


def _load(data: bytes, line: int) -> object:
    try:
        value: object = json.loads(data)
    except json.JSONDecodeError as error:
        raise MalformedJson(line=line + error.lineno - 1) from None
    except (ValueError, RecursionError):
        raise MalformedJson(line=line) from None
    return value


def _refuse_many(count: int) -> None:
    if count > ITEMS_MAX:
        raise TooManyItems(limit=ITEMS_MAX, got=count)
