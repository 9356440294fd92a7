"""The OpenAPI document: what FastAPI knows, with our problems and our two kinds of credentials put in."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import known_caller, token_holder
from coldtrace.web.curl_lines import add_curl_lines
from coldtrace.web.tagged import PREFIX

PROBLEM = "application/problem+json"
BEARER, DEVICE = "token", "device"

ANY_CALLER: list[dict[str, list[str]]] = [{BEARER: []}, {DEVICE: []}]
"""Either kind of credentials; for a route that looks at them itself (`openapi_extra`)."""

SCHEMES = {
    BEARER: {"type": "http", "scheme": "bearer", "description": "`make run` prints a development token."},
    DEVICE: {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The signature of an enrolled device over the request: `CTDevice key, at, sig`.",
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457, with a stable `code`; the facts of the refusal stand beside it.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
    },
    "additionalProperties": True,
}


def describe(document: dict[str, Any], routers: Iterable[APIRouter]) -> dict[str, Any]:
    """Complete FastAPI's document in place: refusals are problems, and guarded routes say so."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = SCHEMA
    components["securitySchemes"] = SCHEMES
    refused = {
        "description": "Refused",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operation in _operations(document):
        operation["responses"].pop("422", None)
        operation["responses"]["default"] = refused
    for path, methods in document["paths"].items():
        if path.startswith(PREFIX) and "get" in methods:
            methods["get"]["responses"].setdefault("304", {"description": "As it was: `If-None-Match` named its ETag"})
    for route in api_routes(routers):
        for method in route.methods or ():
            operation = document["paths"].get(route.path_format, {}).get(method.lower())
            if operation is None:
                continue
            if security := _security(route):
                operation["security"] = security
            if right := right_of(route):
                operation["x-right"] = ":".join(right)
                operation["responses"]["403"] = refused | {"description": f"`right_missing`: {':'.join(right)}"}
    add_curl_lines(document)
    return document


def api_routes(routers: Iterable[APIRouter]) -> Iterator[APIRoute]:
    """Give every route of the routers."""
    for router in routers:
        yield from (route for route in router.routes if isinstance(route, APIRoute))


def dependencies(dependant: Dependant) -> Iterator[object]:
    """Give everything that a route depends on, at any depth."""
    for below in dependant.dependencies:
        yield below.call
        yield from dependencies(below)


def right_of(route: APIRoute) -> tuple[Kind, Verb] | None:
    """Return the right that a route needs; None for one that needs none."""
    found = {asked.right for asked in dependencies(route.dependant) if hasattr(asked, "right")}
    assert len(found) <= 1, f"{route.path} names more than one right"
    return next(iter(found), None)


def takes_devices(route: APIRoute) -> bool:
    """Tell whether a route that needs a right takes devices."""
    return all(getattr(asked, "devices", True) for asked in dependencies(route.dependant))


def is_recorded(route: APIRoute) -> bool:
    """Tell whether a call of a route that needs a right leaves a record in the journal."""
    return all(getattr(asked, "recorded", True) for asked in dependencies(route.dependant))


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _security(route: APIRoute) -> list[dict[str, list[str]]]:
    asked = set(dependencies(route.dependant))
    if token_holder in asked or not takes_devices(route):
        return [{BEARER: []}]
    return ANY_CALLER if known_caller in asked else []
