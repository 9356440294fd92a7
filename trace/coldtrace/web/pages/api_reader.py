"""/api/docs: the API for people to read, made from the same OpenAPI document that programs get; no script."""

import re
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coldtrace.errors import Words
from coldtrace.web.access import Visitor
from coldtrace.web.openapi import DEVICE
from coldtrace.web.pages import api_words
from coldtrace.web.pages.api_words import ACCESS, ACCESS_MEANING, CHINESE, GROUPS, SHOWN_AS
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.pages.views import PageView

router = APIRouter(include_in_schema=False, dependencies=[Visitor])

_CHINESE = re.compile("[\u3400-\u9fff].*")


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter in path or query."""

    name: str
    kind: str
    required: bool


@dataclass(frozen=True, kw_only=True)
class Call:
    """One operation."""

    anchor: str
    method: str
    path: str
    name: Words
    access: str
    description: Words
    parameters: tuple[Parameter, ...]
    bodies: tuple[str, ...]
    statuses: tuple[str, ...]

    @property
    def access_words(self) -> Words:
        """Who may call it."""
        return ACCESS[self.access]


@dataclass(frozen=True, kw_only=True)
class Group:
    """The operations of one tag."""

    anchor: str
    name: Words
    calls: tuple[Call, ...]


@dataclass(frozen=True, kw_only=True)
class ApiView(PageView):
    """The whole API."""

    groups: tuple[Group, ...]
    example: str

    words = api_words
    credentials = tuple((ACCESS[kind], meaning) for kind, meaning in ACCESS_MEANING.items())


@router.get("/api/docs")
def api_docs(request: Request) -> Response:
    """Show the API."""
    base = str(request.base_url).rstrip("/")
    view = ApiView(
        here="/api/docs",
        host=request.app.state.env.public_host,
        groups=api_groups(request.app.openapi()),
        example=f"curl -s {base}/api/v1/trust-list\n"
        f'curl -s {base}/api/v1/cases \\\n  -H "Authorization: Bearer $TOKEN"\n'
        f'curl -s {base}/api/v1/imports \\\n  -H "Authorization: Bearer $TOKEN" \\\n  -F file=@packing-list.xlsx',
    )
    return remember_language(request, show(request, "door/api.html", view))


def api_groups(document: dict[str, Any]) -> tuple[Group, ...]:
    """Return the operations of an OpenAPI document, tag by tag in the order of the words."""
    found: dict[str, list[Call]] = {tag: [] for tag in GROUPS}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found[operation["tags"][0]].append(_call(method.upper(), path, operation))
    return tuple(Group(anchor=tag, name=GROUPS[tag], calls=tuple(calls)) for tag, calls in found.items() if calls)


def _call(method: str, path: str, operation: dict[str, Any]) -> Call:
    summary = operation["summary"]
    chinese = _CHINESE.search(summary)
    english = summary if chinese is None else summary[: chinese.start()].strip()
    hidden = "rest" if path in SHOWN_AS else None
    return Call(
        anchor=re.sub(r"[^a-z0-9]+", "-", f"{method}{path}".lower()).strip("-"),
        method=method,
        path=SHOWN_AS.get(path, path),
        name=Words(english if chinese is None else chinese[0], english),
        access=_access(operation),
        description=Words(CHINESE[f"{method} {path}"], " ".join(operation["description"].split())),
        parameters=tuple(
            Parameter(name=each["name"], kind=_kind(each["schema"]), required=each.get("required", False))
            for each in operation.get("parameters", [])
            if each["name"] != hidden
        ),
        bodies=tuple(operation.get("requestBody", {}).get("content", ())),
        statuses=tuple(status for status in operation["responses"] if status.startswith("2")),
    )


def _access(operation: dict[str, Any]) -> str:
    schemes = {name for choice in operation.get("security", []) for name in choice}
    if not schemes:
        return "public"
    return "either" if DEVICE in schemes else "token"


def _kind(schema: dict[str, Any]) -> str:
    """Return what a value may be, in the terms of the schema: `integer 1-200`, `uuid`, `a | b`."""
    if "anyOf" in schema:
        return " | ".join(_kind(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    kind = str(schema.get("format") or schema.get("type") or "")
    if "minimum" in schema and "maximum" in schema:
        kind += f" {schema['minimum']}-{schema['maximum']}"
    return kind
