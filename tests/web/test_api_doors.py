"""Who gets in: every route against every kind of credentials."""

import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from coldtrace.parties.model import SiteRole
from coldtrace.people import tokens
from coldtrace.rights.model import Member, Reader, Role
from coldtrace.rights.rules import permits
from coldtrace.seal.keys import Ed25519Signer, key_id
from coldtrace.web.app import ROUTERS
from coldtrace.web.openapi import api_routes
from support.call_scene import Request, Scene
from support.house import Handheld
from support.page_calls import OWN, PAGES
from support.web_calls import CALLS, Call
from support.web_house import WebHouse

EVERY = [pytest.param(call, id=call.name) for call in CALLS]
GUARDED = [pytest.param(call, id=call.name) for call in CALLS if not call.public]
DESK = [pytest.param(call, id=call.name) for call in PAGES]
"""Pages that take a session; what they show is tested in test_desk.py and test_desk_people.py."""
PUBLIC = [pytest.param(call, id=call.name) for call in CALLS if call.public]


@pytest.fixture(scope="module")
def scene(shared: WebHouse) -> Scene:
    return Scene.make(shared)


def send(scene: Scene, call: Call, request: Request, headers: dict[str, str]) -> httpx.Response:
    return scene.web.client.request(
        call.method, request.path, content=request.body, headers={**request.headers, **headers, "Accept-Language": "en"}
    )


def code_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["code"])


def in_path(scene: Scene, request: Request) -> str:
    """Return the request target as the client puts it on the wire: that is what a device signs."""
    return scene.web.client.build_request("GET", request.path).url.raw_path.decode()


def device_headers(scene: Scene, call: Call, request: Request, device: Handheld) -> dict[str, str]:
    return scene.web.signed_by(device, call.method, in_path(scene, request), request.body)


def test_every_route_has_a_call() -> None:
    ours = {f"{method} {route.path}" for route in api_routes(ROUTERS) for method in route.methods or ()}
    assert ours | {"GET /api/openapi.json", "GET /static"} == {call.name for call in (*CALLS, *PAGES)} | OWN


@pytest.mark.parametrize("call", DESK)
def test_the_desk_is_closed_to_strangers_tokens_and_devices(scene: Scene, call: Call) -> None:
    request = call.make(scene)
    device = scene.web.device(SiteRole.FIRST_STATION)
    for headers in ({}, scene.web.bearer, device_headers(scene, call, request, device)):
        answer = send(scene, call, request, headers)
        assert (answer.status_code, code_of(answer)) == (401, "sign_in_required")
    led = send(scene, call, request, {"Accept": "text/html"})
    assert led.status_code == 303
    assert led.headers["location"].startswith("/sign-in?next=%2Fdesk")


@pytest.mark.parametrize("call", EVERY)
def test_a_good_call_is_answered(scene: Scene, call: Call) -> None:
    request = call.make(scene)
    device = scene.web.device(SiteRole.MARKET)
    headers = device_headers(scene, call, request, device) if call.device_only else scene.web.bearer
    answer = send(scene, call, request, {} if call.public else headers)
    assert answer.status_code == call.status, answer.text


@pytest.mark.parametrize("call", GUARDED)
def test_without_credentials_a_guarded_route_is_closed(scene: Scene, call: Call) -> None:
    request = call.make(scene)
    if call.name == "POST /api/v1/statements":
        # A statement vouches for itself, so here it must be one that does not.
        wire = json.loads(request.body)
        request = Request(
            path=request.path, body=json.dumps(wire | {"sig": wire["sig"][::-1]}).encode(), headers=request.headers
        )
    answer = send(scene, call, request, {})
    assert (answer.status_code, code_of(answer)) == (401, "authentication_required")
    assert answer.headers["www-authenticate"] == 'Bearer realm="coldtrace", CTDevice'


def token(web: WebHouse, *, life: timedelta | None = None, revoked: bool = False) -> str:
    with web.sessions.begin() as session:
        made = tokens.make_token(session, web.env, name="other", life=life)
        if revoked:
            session.flush()
            session.execute(text("UPDATE api_token SET revoked_at = now() WHERE name = 'other'"))
    return made


WRONG_HEADERS = {
    "empty token": ("Bearer", "token_refused"),
    "unknown token": ("Bearer ct_no-such-token", "token_refused"),
    "token with odd characters": ("Bearer \xe9\xa4\xff", "token_refused"),
    "expired token": ("Bearer {expired}", "token_refused"),
    "revoked token": ("Bearer {revoked}", "token_refused"),
    "other scheme": ("Basic dXNlcjpwYXNz", "malformed_authorization"),
    "half a device header": ('CTDevice key="abc"', "malformed_authorization"),
}


@pytest.fixture(scope="module")
def dead_tokens(scene: Scene) -> dict[str, str]:
    return {"expired": token(scene.web, life=timedelta(seconds=-1)), "revoked": token(scene.web, revoked=True)}


@pytest.mark.parametrize("how", WRONG_HEADERS)
@pytest.mark.parametrize("call", GUARDED)
def test_wrong_credentials_are_refused(scene: Scene, dead_tokens: dict[str, str], call: Call, how: str) -> None:
    header, code = WRONG_HEADERS[how]
    request = call.make(scene)
    sent = header.replace("{expired}", dead_tokens["expired"]).replace("{revoked}", dead_tokens["revoked"])
    raw = [
        (name.encode(), value.encode("latin-1")) for name, value in {**request.headers, "authorization": sent}.items()
    ]
    answer = scene.web.client.request(call.method, request.path, content=request.body, headers=raw)
    assert (answer.status_code, code_of(answer)) == (401, code)


@pytest.mark.parametrize("call", GUARDED)
def test_a_device_signature_opens_what_devices_may_open(scene: Scene, call: Call) -> None:
    request = call.make(scene)
    answer = send(scene, call, request, device_headers(scene, call, request, scene.web.device(SiteRole.MARKET)))
    site = scene.web.sites[SiteRole.MARKET]
    reader = Reader(members=(Member(role=Role.MARKET, operator_id=site.operator_id, sites=frozenset({site.gln})),))
    if call.token_only:
        assert (answer.status_code, code_of(answer)) == (401, "authentication_required")
    elif call.right is not None and not permits(reader, *call.right):
        assert (answer.status_code, code_of(answer)) == (403, "right_missing")
    else:
        assert answer.status_code == call.status, answer.text


def test_a_token_is_no_device(scene: Scene) -> None:
    answer = scene.web.client.get("/api/v1/devices/work", headers=scene.web.bearer)
    assert (answer.status_code, code_of(answer)) == (401, "authentication_required")


@pytest.fixture(scope="module")
def gone(scene: Scene) -> Iterator[dict[str, Handheld]]:
    """Devices that were revoked and retired."""
    made = {}
    for state in ("revoked", "retired"):
        with scene.web.sessions.begin() as session:
            made[state] = Handheld.enrol(session, scene.web.env, scene.web.sites[SiteRole.MARKET])
            session.execute(
                text("UPDATE device SET state = :state WHERE key_id = :key"),
                {"state": state, "key": key_id(made[state].signer.spki)},
            )
    return made


@pytest.mark.parametrize("call", GUARDED)
def test_a_device_signature_covers_method_path_query_body_and_key(
    scene: Scene, gone: dict[str, Handheld], call: Call
) -> None:
    web, market = scene.web, scene.web.device(SiteRole.MARKET)
    request = call.make(scene)
    path = in_path(scene, request)
    stranger = Handheld(env=web.env, site=web.sites[SiteRole.MARKET], signer=Ed25519Signer.generate())
    other = web.device(SiteRole.RETAILER)
    mixed = web.signed_by(other, call.method, path, request.body)["Authorization"].split('sig="')[1]
    swapped = (
        web.signed_by(market, call.method, path, request.body)["Authorization"].split('sig="')[0] + f'sig="{mixed}'
    )
    refused = {
        "another body": web.signed_by(market, call.method, path, request.body + b" "),
        "another path": web.signed_by(market, call.method, path + "?x=1", request.body),
        "another method": web.signed_by(market, "PATCH", path, request.body),
        "another device's signature": {"Authorization": swapped},
    }
    for how, headers in refused.items():
        answer = send(scene, call, request, headers)
        assert (answer.status_code, code_of(answer)) == (401, "request_signature_refused"), how
    answer = send(scene, call, request, web.signed_by(stranger, call.method, path, request.body))
    assert (answer.status_code, code_of(answer)) == (403, "unknown_device")
    for state, device in gone.items():
        answer = send(scene, call, request, web.signed_by(device, call.method, path, request.body))
        assert (answer.status_code, code_of(answer)) == (403, "device_revoked"), state


@pytest.mark.parametrize("call", PUBLIC)
def test_wrong_credentials_hide_nothing_that_is_public(scene: Scene, call: Call) -> None:
    answer = send(scene, call, call.make(scene), {"Authorization": "Bearer ct_no-such-token"})
    assert answer.status_code == call.status, answer.text


@pytest.mark.parametrize("call", EVERY)
def test_head_is_get_without_the_body(scene: Scene, call: Call) -> None:
    request = call.make(scene)
    headers = {} if call.public else request.headers | scene.web.bearer
    if call.method == "GET" and not call.device_only:
        got = scene.web.client.get(request.path, headers=headers)
        head = scene.web.client.head(request.path, headers=headers)
        assert (head.status_code, head.content) == (call.status, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
    elif call.method == "POST" and f"GET {call.route}" not in {each.name for each in CALLS}:
        head = scene.web.client.head(request.path, headers=headers)
        assert head.status_code in (404, 405)


def test_a_device_may_sign_a_head(scene: Scene) -> None:
    web, market = scene.web, scene.web.device(SiteRole.MARKET)
    path = "/api/v1/devices/work"
    assert web.client.head(path, headers=web.signed_by(market, "HEAD", path)).status_code == 200
    assert web.client.head(path, headers=web.signed_by(market, "GET", path)).status_code == 401


def test_production_refuses_the_development_token(scene: Scene) -> None:
    with scene.web.sessions.begin() as session:
        tokens.keep_development_token(session, scene.web.env, token="ct_dev")
    headers = {"Authorization": "Bearer ct_dev"}
    assert scene.web.client.get("/api/v1/cases", headers=headers).status_code == 200
    scene.web.app.state.settings = scene.web.settings.model_copy(update={"env": "production"})
    try:
        assert code_of(scene.web.client.get("/api/v1/cases", headers=headers)) == "token_refused"
    finally:
        scene.web.app.state.settings = scene.web.settings
