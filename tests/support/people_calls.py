"""Requests about people, roles and tokens, for `support/web_calls.py` and `support/page_calls.py`."""

from collections.abc import Callable

from support.call_scene import Request, Scene, as_fields, as_json

ADMINISTRATORS_ONLY = (403, "right_missing")
"""How everybody else is answered, whatever the thing."""
NOBODYS_CODE = "91120116MA00000010"
"""A credit code that nobody has registered: a role in that organisation is refused for everybody alike."""


def member(**more: str) -> dict[str, str]:
    """Return a role in nobody's organisation, with what else the body has."""
    return {"organisation": NOBODYS_CODE, "role": "retailer"} | more


def person(path: str, kind: str, **fields: str) -> Callable[[Scene], Request]:
    """Return a request about a person, a membership or a token of the scene's firm, made for it."""

    def make(scene: Scene) -> Request:
        request = path.format(id=scene.somebody(kind))
        return as_fields(request, **fields) if path.startswith("/desk") else Request(path=request)

    return make


def spare(path: str) -> Callable[[Scene], Request]:
    """Return a request about a site or an organisation made for it."""

    def make(scene: Scene) -> Request:
        named = scene.spare_site() if "{gln}" in path else scene.spare_organisation()
        request = path.format(gln=named, uscc=named)
        return as_fields(request) if path.startswith("/desk") else Request(path=request)

    return make


def grant(path: str) -> Callable[[Scene], Request]:
    def make(scene: Scene) -> Request:
        request = path.format(id=scene.somebody("person"))
        return as_fields(request, **member()) if path.startswith("/desk") else as_json(request, member())

    return make
