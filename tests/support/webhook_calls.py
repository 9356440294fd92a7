"""Good calls about webhooks, and of the API for the administrator: `support/web_calls.py`, `support/page_calls.py`."""

from collections.abc import Callable

from coldtrace.rights.model import Kind, Verb
from support.call_scene import Request, Scene, as_fields, as_json
from support.keeping_calls import KEEPING
from support.one_call import Call, at
from support.people_calls import member

HIDDEN = (404, "webhook_unknown")
BASE = "/api/v1/webhooks/{webhook_id:uuid}"
PAGE = "/desk/webhooks/{webhook_id:uuid}"
MESSAGE = "/messages/{message_id:uuid}"
WANTED = {"name": "x", "url": "https://8.8.8.8/hook"}
DAY = {"since": "2026-11-23T00:00:00Z", "until": "2026-11-24T00:00:00Z"}


def _hook(path: str, *, body: dict[str, str] | None = None) -> Callable[[Scene], Request]:
    """Return a request about a webhook of the scene, or about a message of it."""

    def make(scene: Scene) -> Request:
        webhook = scene.webhook()
        message = scene.webhook_message(webhook) if "{message}" in path else ""
        named = path.format(webhook=webhook, message=message)
        return Request(path=named) if body is None else as_json(named, body)

    return make


def _form(path: str) -> Callable[[Scene], Request]:
    return lambda scene: as_fields(_hook(path)(scene).path)


def _changed(rest: str, *, status: int = 200, method: str = "POST", body: dict[str, str] | None = None) -> Call:
    return Call(
        method=method,
        route=BASE + rest.replace("{message}", "{message_id:uuid}"),
        right=(Kind.TOKEN, Verb.WRITE),
        about="person",
        hidden=HIDDEN,
        make=_hook("/api/v1/webhooks/{webhook}" + rest, body=body),
        status=status,
        token_only=True,
        ends_roles=True,
    )


def _read(base: str, rest: str) -> Call:
    address = base.partition("{")[0] + "{webhook}" + rest
    return Call(
        method="GET",
        route=base + rest.replace("{message}", "{message_id:uuid}"),
        right=(Kind.TOKEN, Verb.READ),
        about="person",
        hidden=HIDDEN,
        make=_hook(address),
        token_only=True,
    )


WEBHOOKS = (
    Call(
        method="GET",
        route="/api/v1/webhooks",
        right=(Kind.TOKEN, Verb.READ),
        lists="webhooks.id",
        make=at("/api/v1/webhooks?limit=200"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/webhooks",
        right=(Kind.TOKEN, Verb.WRITE),
        make=lambda scene: as_json("/api/v1/webhooks", member(**WANTED) | {"events": ["case.opened"]}),
        status=404,
        token_only=True,
    ),
    _read(BASE, ""),
    _changed("/pause"),
    _changed("/resume"),
    _changed("/rotate"),
    _changed("/test", status=202),
    _changed("/replay", status=202, body=DAY),
    _read(BASE, "/messages"),
    _read(BASE, "/messages/{message}"),
    _changed("/messages/{message}/replay", status=202),
    _changed("", method="DELETE"),
    *KEEPING,
)
WEBHOOK_PAGES = (
    Call(
        method="GET",
        route="/desk/webhooks",
        right=(Kind.TOKEN, Verb.READ),
        lists="#webhooks",
        make=at("/desk/webhooks"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/desk/webhooks",
        right=(Kind.TOKEN, Verb.WRITE),
        make=lambda scene: as_fields("/desk/webhooks", **member(**WANTED), **{"event.case.opened": "yes"}),
        status=404,
        token_only=True,
    ),
    _read(PAGE, ""),
    _read(PAGE, "/messages/{message}"),
    Call(
        method="POST",
        route=PAGE + "/{what}",
        right=(Kind.TOKEN, Verb.WRITE),
        about="person",
        hidden=HIDDEN,
        make=_form("/desk/webhooks/{webhook}/test"),
        token_only=True,
        ends_roles=True,
    ),
    Call(
        method="POST",
        route=PAGE + MESSAGE + "/replay",
        right=(Kind.TOKEN, Verb.WRITE),
        about="person",
        hidden=HIDDEN,
        make=_form("/desk/webhooks/{webhook}/messages/{message}/replay"),
        token_only=True,
        ends_roles=True,
    ),
)
