"""Asking every guarded route and page as somebody: what the table of rules says against what is answered."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from coldtrace.web.page_session import csrf_token
from support.call_scene import Request, with_token
from support.databases import Databases
from support.page_calls import PAGES
from support.rights_world import Asker, World
from support.web_calls import CALLS, Call
from support.web_house import web_house

EVERY = (*CALLS, *PAGES)
GUARDED = [call for call in EVERY if call.right is not None]


@contextmanager
def matrix_world(databases: Databases, folder: Path) -> Iterator[World]:
    """Give the world that is asked."""
    with pytest.MonkeyPatch.context() as patch:
        # Every ten minutes the caretaker looks for what no statement says; the cases it opens are told by other tests,
        # and on a slow machine one came between the rows of the database and the answer.
        patch.setattr("coldtrace.web.app.CARE_EVERY_S", 86_400.0)
        with web_house(databases, folder) as web:
            yield World.make(web)


def send(world: World, asker: Asker, call: Call, request: Request, method: str | None = None) -> httpx.Response:
    """Send a call as somebody."""
    client, verb = world.web.client, method or call.method
    if asker.device is not None:
        target = client.build_request(verb, request.path).url.raw_path.decode()
        headers = world.web.signed_by(asker.device, verb, target, request.body)
    elif call in PAGES:
        headers = {"Cookie": f"coldtrace={asker.secret}"} if asker.secret else {}
        if verb == "POST":
            request = with_token(request, csrf_token(asker.secret))
    else:
        headers = {"Authorization": f"Bearer {asker.token}", "Coldtrace-Purpose": "matrix"}
    return client.request(verb, request.path, content=request.body, headers={**request.headers, **headers})


def code_of(answer: httpx.Response) -> str | None:
    """Return the code of a refusal."""
    kind = answer.headers.get("content-type", "")
    return str(answer.json()["code"]) if kind == "application/problem+json" and answer.status_code >= 400 else None


def ids(answer: httpx.Response, call: Call) -> list[str]:
    """Return what the page of a list holds, in its order."""
    if call.lists.startswith("data-"):
        return re.findall(rf'{call.lists}="([^"]+)"', answer.text)
    if call.lists.startswith("#"):
        (section,) = re.findall(
            rf'<section [^>]*aria-labelledby="{call.lists[1:]}".*?</section>', answer.text, flags=re.DOTALL
        )
        # A row of people is a role of somebody, who may have several.
        row = r'href="/desk/people/([^"?]+)' if call.lists == "#people" else r'data-id="([^"]+)"'
        return list(dict.fromkeys(re.findall(row, section)))
    many, one = call.lists.split(".")
    return [row[one] for row in answer.json()[many]]


def walk(world: World, name: str) -> list[object]:
    """Ask everything as one asker, about things of the own firm and of the other; return what is not as expected."""
    asker = world.askers[name]
    wrong: list[object] = []
    for call in GUARDED:
        for scene in (world.ours, world.theirs) if call.about else (world.ours,):
            status, code = world.expected(asker, call, scene)
            # Before the call: the journal holds the call itself afterwards.
            listed = world.visible(asker, call) if call.lists and status == 200 else []
            answer = send(world, asker, call, call.make(scene))
            got = answer.status_code, code_of(answer)
            if got != (status, code) and not (call.status >= 400 and got[0] == status == call.status):
                wrong.append((call.name, "ours" if scene is world.ours else "theirs", got, (status, code)))
            elif call.lists and status == 200 and ids(answer, call) != listed:
                wrong.append((call.name, "list", ids(answer, call), listed))
    return wrong
