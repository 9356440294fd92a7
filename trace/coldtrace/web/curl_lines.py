"""An example of each operation of the OpenAPI document, and the curl line that sends it (`x-codeSamples`).

Both are made of the document itself: paths and parameters by their `examples`, bodies by their schema.  So an operation
is never without one, and none tells of a field that is not there any more.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

BASE: Final = "http://127.0.0.1:8000"
ID: Final = "01a1f0aa-0000-7000-8000-000000000001"
DEPTH_MAX: Final = 12

BY_NAME: Final[Mapping[str, object]] = {
    "gln": "9521234000020",
    "site": "9521234000020",
    "sites": ["9521234000020"],
    "uscc": "91120116MA05TE5T1N",
    "organisation": "91120116MA05TE5T1N",
    "importer": "91120116MA05TE5T1N",
    "unit": "(01)19521234543210(21)7QK4M2ZX9RTB",
    "units": ["(01)19521234543210(21)7QK4M2ZX9RTB"],
    "gtin": "19521234543210",
    "lot": "L2409A17",
    "email": "li.na@example.cn",
    "name": "李娜",
    "name_zh": "三号库",
    "name_en": "Store 3",
    "district": "120104",
    "role": "cold_store",
    "reason": "spot check",
    "text": "(01)19521234543210(21)7QK4M2ZX9RTB",
    "code": "7QK4-M2ZX-9RTB-5",
    "codes": ["7QK4-M2ZX-9RTB-5"],
    "texts": ["7QK4-M2ZX-9RTB-5"],
    "url": BASE,
    "key": "KEY",
    "id": "ID",
}
"""What the house's own names look like, where a schema gives no example of them."""

BY_FORMAT: Final[Mapping[str, object]] = {
    "uuid": ID,
    "date": "2026-11-28",
    "date-time": "2026-11-28T12:00:00Z",
    "binary": "@FILE",
}


def add_curl_lines(document: dict[str, Any]) -> None:
    """Give every operation an example of its body, if it takes one as JSON, and its curl line, in place."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = _body(document, operation)
            operation["x-codeSamples"] = [
                {"lang": "curl", "label": "curl", "source": _line(document, path, method, operation, body)}
            ]


def example_of(document: Mapping[str, Any], schema: Mapping[str, Any], *, name: str = "", depth: int = 0) -> object:
    """Return a value that a schema takes: its own example, else one by name, format and type."""
    schema = _resolved(document, schema)
    fitting = next((each for each in schema.get("anyOf", schema.get("oneOf", ())) if each.get("type") != "null"), None)
    for found in (schema.get("examples") or ())[:1]:
        return found
    for key in ("example", "const"):
        if key in schema:
            return schema[key]
    if fitting is not None:
        return example_of(document, fitting, name=name, depth=depth + 1)
    if enum := schema.get("enum"):
        return BY_NAME[name] if BY_NAME.get(name) in enum else enum[0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        # Where nothing is required the first thing that may be said stands for the rest.
        wanted = (schema.get("required") or list(properties)[:1]) if depth < DEPTH_MAX else ()
        return {each: example_of(document, properties[each], name=each, depth=depth + 1) for each in wanted}
    if kind == "array":
        if isinstance(BY_NAME.get(name), list):
            return BY_NAME[name]
        return [example_of(document, schema.get("items", {}), name=name, depth=depth + 1)]
    if kind in ("integer", "number"):
        return schema.get("default") or max(1, schema.get("minimum", 1))
    if kind == "boolean":
        return True
    if schema.get("format") in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    known = BY_NAME.get(name)
    return known if isinstance(known, str) else f"{name or 'text'}"


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        found: Mapping[str, Any] = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def _body(document: dict[str, Any], operation: dict[str, Any]) -> object | None:
    """Return an example of the body, and note it where the body is JSON and has none yet."""
    content = operation.get("requestBody", {}).get("content", {})
    told = content.get("application/json")
    if told is None:
        return None
    if "example" in told or "examples" in told:
        given: object = told.get("example") or next(iter(told["examples"].values())).get("value")
        return given
    told["example"] = example_of(document, told.get("schema", {}))
    body: object = told["example"]
    return body


def _line(document: dict[str, Any], path: str, method: str, operation: dict[str, Any], body: object | None) -> str:
    """Return the curl line; credentials as the operation wants them."""
    filled, query = path, []
    for each in operation.get("parameters", ()):
        if each["in"] == "header" or not each.get("required"):
            continue
        schema = {**each.get("schema", {}), **({"example": each["example"]} if "example" in each else {})}
        value = quote(str(example_of(document, schema, name=each["name"])), safe="()")
        if each["in"] == "path":
            filled = filled.replace("{" + each["name"] + "}", value)
        else:
            query.append(f"{each['name']}={value}")
    parts = [f"curl -s{'' if method == 'get' else f' -X {method.upper()}'}"]
    parts.append(f"'{BASE}{filled}{'?' if query else ''}{'&'.join(query)}'")
    if any("token" in each for each in operation.get("security", ())):
        parts.append('-H "Authorization: Bearer $TOKEN"')
    content = operation.get("requestBody", {}).get("content", {})
    if body is not None:
        parts += ["-H 'Content-Type: application/json'", f"-d {_quoted(json.dumps(body, ensure_ascii=False))}"]
    elif "multipart/form-data" in content:
        fields = _resolved(document, content["multipart/form-data"].get("schema", {}))
        parts += [f"-F {name}=@FILE" for name in fields.get("required", ("file",))]
    elif content:
        parts.append(f"-H 'Content-Type: {next(iter(content))}' --data-binary @FILE")
    return " \\\n  ".join(parts)


def _quoted(text: str) -> str:
    """Return a text in a shell's single quotes."""
    return "'" + text.replace("'", "'\\''") + "'"
