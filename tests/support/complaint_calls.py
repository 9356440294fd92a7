"""One good call for every route about complaints: the office's API and pages, and what is public."""

from collections.abc import Callable
from dataclasses import replace

from coldtrace.rights.model import Kind, Verb
from support.call_scene import BOUNDARY, Request, Scene, as_fields, as_json
from support.one_call import Call, at

UNKNOWN = (404, "complaint_unknown")
RECEIPT = "7QK4-M2ZX-9RTB-5"
READ, WRITE = (Kind.COMPLAINT, Verb.READ), (Kind.COMPLAINT, Verb.WRITE)
CLOSING = {"outcome": "settled", "answer": "已退款"}


def _sent(path: str, *done: str, **body: str) -> Callable[[Scene], Request]:
    return lambda scene: _for(as_json(path.format(id=scene.complaint(*done)), body))


def _for(request: Request) -> Request:
    """Say what for: only regulators have the right, and they always do."""
    return replace(request, headers=request.headers | {"Coldtrace-Purpose": "matrix"})


def _pressed(path: str, *done: str, **fields: str) -> Callable[[Scene], Request]:
    return lambda scene: as_fields(path.format(id=scene.complaint(*done)), **fields)


def _read(path: str) -> Callable[[Scene], Request]:
    return lambda scene: _for(Request(path=path.format(id=scene.complaint())))


def _call(method: str, route: str, right: tuple[Kind, Verb], make: Callable[[Scene], Request]) -> Call:
    return Call(method=method, route=route, right=right, about="market", hidden=UNKNOWN, make=make, token_only=True)


def complaint_form(scene: Scene, **fields: str) -> Request:
    """Return a complaint as a browser sends it; without a subject the form is shown again."""
    usual = {"form": str(scene.web.env.new_id()), "district": "120101", "said": "?"}
    parts = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (usual | fields).items()
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return Request(path="/complaints", body=f"{parts}--{BOUNDARY}--\r\n".encode(), headers=headers)


_API, _DESK = "/api/v1/complaints", "/desk/complaints"
COMPLAINT_CALLS = (
    Call(
        method="GET",
        route=_API,
        right=READ,
        lists="complaints.id",
        make=lambda _: _for(Request(path=_API)),
        token_only=True,
    ),
    Call(method="GET", route=f"{_API}/published", make=at(f"{_API}/published"), public=True),
    Call(method="GET", route=f"{_API}/published.csv", make=at(f"{_API}/published.csv"), public=True),
    _call("GET", _API + "/{complaint_id:uuid}", READ, _read(_API + "/{id}")),
    _call("GET", _API + "/{complaint_id:uuid}/photo", READ, _read(_API + "/{id}/photo")),
    _call("POST", _API + "/{complaint_id:uuid}/accept", WRITE, _sent(_API + "/{id}/accept")),
    _call("POST", _API + "/{complaint_id:uuid}/refuse", WRITE, _sent(_API + "/{id}/refuse", reason="same_again")),
    _call("POST", _API + "/{complaint_id:uuid}/begin", WRITE, _sent(_API + "/{id}/begin", "accept")),
    _call("POST", _API + "/{complaint_id:uuid}/close", WRITE, _sent(_API + "/{id}/close", "accept", **CLOSING)),
    _call(
        "POST",
        _API + "/{complaint_id:uuid}/unpublish",
        WRITE,
        _sent(_API + "/{id}/unpublish", "accept", "close", reason="published_in_error"),
    ),
    Call(method="GET", route="/complain", make=at("/complain"), public=True),
    Call(method="GET", route="/complaints", make=at("/complaints"), public=True),
    Call(method="POST", route="/complaints", make=complaint_form, public=True, status=422),
    Call(method="GET", route="/complaints/{receipt}", make=at(f"/complaints/{RECEIPT}"), public=True, status=404),
    Call(
        method="POST",
        route="/complaints/{receipt}/erase-contact",
        make=at(f"/complaints/{RECEIPT}/erase-contact"),
        public=True,
        status=404,
    ),
)

COMPLAINT_PAGES = (
    Call(method="GET", route=_DESK, right=READ, lists="#complaints", make=at(_DESK), token_only=True),
    _call("GET", _DESK + "/{complaint_id:uuid}", READ, _read(_DESK + "/{id}")),
    _call("GET", _DESK + "/{complaint_id:uuid}/photo", READ, _read(_DESK + "/{id}/photo")),
    _call("POST", _DESK + "/{complaint_id:uuid}/accept", WRITE, _pressed(_DESK + "/{id}/accept")),
    _call("POST", _DESK + "/{complaint_id:uuid}/refuse", WRITE, _pressed(_DESK + "/{id}/refuse", reason="same_again")),
    _call("POST", _DESK + "/{complaint_id:uuid}/begin", WRITE, _pressed(_DESK + "/{id}/begin", "accept")),
    _call("POST", _DESK + "/{complaint_id:uuid}/close", WRITE, _pressed(_DESK + "/{id}/close", "accept", **CLOSING)),
    _call(
        "POST",
        _DESK + "/{complaint_id:uuid}/unpublish",
        WRITE,
        _pressed(_DESK + "/{id}/unpublish", "accept", "close", reason="published_in_error"),
    ),
)
