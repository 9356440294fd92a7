"""Every page behind a sign-in has the desk's frame: where else to go, who is signed in, the way out."""

import re

import pytest
from fastapi.dependencies.models import Dependant

from coldtrace.rights.model import Kind
from coldtrace.web.app import ROUTERS
from coldtrace.web.openapi import api_routes
from coldtrace.web.page_session import signed_in
from coldtrace.web.pages.desk_member_form import KIND_WORDS
from support.call_scene import Request, Scene
from support.page_calls import PAGES
from support.web_house import PAGE, WebHouse

FILES = {
    "GET /account/data",
    "GET /desk/runs/{run_id}/labels",
    "GET /desk/rolls/{roll_id:uuid}/certificate",
    "GET /desk/complaints/{complaint_id:uuid}/photo",
    "GET /desk/consignments/import/template",
    "GET /desk/consignments/import/annotated",
    "GET /desk/history/evidence.csv",
    "GET /desk/papers/{paper_id:uuid}/file",
    "GET /desk/quarantine/{id}/bytes",
    "GET /desk/near-expiry/{gln}/file.csv",
    "GET /desk/stock/{gln}/lots.csv",
    "GET /desk/overview/quality.csv",
}
"""Answers that are no pages."""


def asks_for_somebody(dependant: Dependant) -> bool:
    return dependant.call is signed_in or any(asks_for_somebody(each) for each in dependant.dependencies)


SIGNED_IN = {
    route.path: f"GET {route.path}"
    for route in api_routes(ROUTERS)
    if "GET" in (route.methods or ()) and asks_for_somebody(route.dependant)
}
MAKERS = {call.route: call.make for call in PAGES if call.method == "GET"}


@pytest.fixture(scope="module")
def scene(shared: WebHouse) -> Scene:
    return Scene.make(shared)


def test_every_right_has_words_on_the_forms_that_give_it() -> None:
    assert set(KIND_WORDS) == set(Kind)


def test_the_pages_are_found() -> None:
    assert set(MAKERS) <= set(SIGNED_IN)
    assert {"/desk/runs", "/desk/runs/{run_id}", "/desk/people/{person_id}", "/account"} <= set(SIGNED_IN)
    assert set(SIGNED_IN.values()) >= FILES
    assert [path for path in SIGNED_IN if "{" in path and path not in MAKERS] == []


@pytest.mark.parametrize("path", [path for path, name in SIGNED_IN.items() if name not in FILES])
def test_a_page_behind_a_sign_in_leads_on_and_out(scene: Scene, path: str) -> None:
    request = MAKERS[path](scene) if path in MAKERS else Request(path=path)
    headers = PAGE | {"Accept-Language": "en"} | scene.web.desk
    answer = scene.web.client.get(request.path, headers=headers)
    if answer.status_code == 303:
        answer = scene.web.client.get(answer.headers["location"], headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    nav = re.search(r'<nav class="desk" aria-label="Desk">(.*?)</nav>', answer.text, re.DOTALL)
    assert nav is not None, path
    links = re.findall(r'href="([^"?]+)', nav[1])
    assert {"/desk/runs", "/desk/people", "/account"} <= set(links)
    assert nav[1].count("aria-current") <= 1
    out = re.search(r'action="/sign-out"><input type="hidden" name="csrf" value="([^"]+)"', answer.text)
    assert out is not None, path
    cookie = headers["Cookie"]
    left = scene.web.client.post("/sign-out", data={"csrf": out[1]}, headers={"Cookie": cookie, "Accept": "text/html"})
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in"), "the form is this session's"
