"""Webhooks through the running service: made, told, replayed, and shown, by the API and on the desk."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.people.tokens import make_token
from coldtrace.rights.model import Member, Role
from coldtrace.web.page_session import csrf_token
from support.databases import Databases
from support.hook_receiver import Receiver, is_signed_by, receiver
from support.house import unit_line
from support.web_house import PAGE, WebHouse, web_house

USCC = "91120116MA05TE5T1N"
HOOKS = "/api/v1/webhooks"
PATIENCE_S = 60


@pytest.fixture(scope="module")
def inside(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """A service that may speak to 127.0.0.1."""
    folder: Path = tmp_path_factory.mktemp("web")
    with web_house(databases, folder, webhook_inside_hosts=("127.0.0.1",)) as made:
        yield made


def waited(found: Callable[[], Any]) -> Any:
    """Return what is found, once it is."""
    deadline = time.monotonic() + PATIENCE_S
    while not (said := found()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.02)
    return said


def make(web: WebHouse, url: str, **more: Any) -> dict[str, Any]:
    body = {"name": "ERP", "organisation": USCC, "role": "cold_store", "url": url, "events": ["case.opened"]} | more
    answer = web.client.post(HOOKS, json=body, headers=web.bearer)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def open_case(web: WebHouse, carton: str = "(01)19521234543210(21)7QK4M2ZX9RTX") -> None:
    """Have something received that nobody sent."""
    device = web.device(SiteRole.COLD_STORE)
    web.send(device, [device.say(T.RECEIVE, [unit_line(carton)])])


def types(came: Receiver) -> list[str]:
    return [json.loads(each.body)["type"] for each in came.came]


def test_a_case_arrives_signed_and_is_listed_and_replayed(inside: WebHouse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiver() as came:
        made = make(inside, came.url + "/key-of-somebody")
        assert inside.client.get(f"{HOOKS}/{made['id']}", headers=inside.bearer).json().get("secret") is None
        open_case(inside)
        waited(lambda: came.came)
        assert is_signed_by(made["secret"], came.came[0])
        assert types(came)[0] == "case.opened"
        listed = waited(
            lambda: [
                each
                for each in inside.client.get(f"{HOOKS}/{made['id']}/messages", headers=inside.bearer).json()[
                    "messages"
                ]
                if each["state"] == "delivered"
            ]
        )
        assert listed[0]["last_try"]["status"] == 204
        before = len(came.came)
        path = f"{HOOKS}/{made['id']}/messages/{listed[0]['id']}"
        assert inside.client.post(f"{path}/replay", headers=inside.bearer).status_code == 202
        waited(lambda: len(came.came) > before)
        assert came.came[-1].headers["webhook-id"] == listed[0]["id"]
        whole = waited(
            lambda: (
                said if len((said := inside.client.get(path, headers=inside.bearer).json())["all_tries"]) == 2 else None
            )
        )
        assert json.loads(whole["body"]) == json.loads(came.came[0].body)
        before = len(came.came)
        answer = inside.client.post(
            f"{HOOKS}/{made['id']}/replay", json={"since": "2026-11-01T00:00:00Z"}, headers=inside.bearer
        )
        assert answer.json()["replayed"] >= 1
        waited(lambda: len(came.came) > before)
        assert inside.client.delete(f"{HOOKS}/{made['id']}", headers=inside.bearer).json() == {"id": made["id"]}
        assert inside.client.get(f"{HOOKS}/{made['id']}", headers=inside.bearer).status_code == 404
    assert made["secret"][6:] not in caplog.text
    with inside.sessions() as session:
        assert session.execute(text("SELECT secret FROM webhook WHERE state = 'ended'")).scalars().all() == [""]


def test_the_example_of_the_guide_verifies_what_the_service_sends(inside: WebHouse) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "webhooks.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    with receiver() as came:
        made = make(inside, came.url)
        answer = inside.client.post(f"{HOOKS}/{made['id']}/test", headers=inside.bearer)
        assert answer.status_code == 202
        waited(lambda: came.came)
        inside.client.delete(f"{HOOKS}/{made['id']}", headers=inside.bearer)
    sent = came.came[0]
    now = int(sent.headers["webhook-timestamp"])
    assert names["verified"](made["secret"], sent.headers, sent.body, now=now)["type"] == "webhook.test"
    for secret, body, at in (
        (made["secret"], sent.body + b" ", now),
        ("whsec_AAAA", sent.body, now),
        (made["secret"], sent.body, now + 301),
    ):
        with pytest.raises(ValueError, match="webhook"):
            names["verified"](secret, sent.headers, body, now=at)


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"url": "http://erp.example.cn/"}, 422, "webhook_url_unusable"),
        ({"url": "https://10.0.0.1/"}, 422, "webhook_url_unusable"),
        ({"events": ["complaint.accepted"]}, 422, "webhook_event_unusable"),
        ({"events": ["webhook.test"]}, 422, "webhook_event_unusable"),
        ({"events": []}, 422, "invalid_request"),
        ({"organisation": "91120116MA00000010"}, 404, "organisation_unknown"),
    ],
)
def test_what_is_refused(inside: WebHouse, more: dict[str, Any], status: int, code: str) -> None:
    body = {
        "name": "x",
        "organisation": USCC,
        "role": "cold_store",
        "url": "https://8.8.8.8/",
        "events": ["case.opened"],
    }
    answer = inside.client.post(HOOKS, json=body | more, headers=inside.bearer)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_role_by_an_area_says_what_for(inside: WebHouse) -> None:
    with inside.sessions.begin() as session:
        operator_id = inside.sites[SiteRole.MARKET].operator_id
        member = Member(role=Role.REGULATOR, operator_id=operator_id, area="12", manages=True)
        made = make_token(session, inside.env, name="office", life=None, members=[member])
    body = {
        "name": "x", "organisation": USCC, "role": "regulator", "area": "1201", "url": "https://8.8.8.8/",
        "events": ["complaint.accepted"],
    }  # fmt: skip
    asked = {"Authorization": f"Bearer {made}"}
    answer = inside.client.post(HOOKS, json=body, headers=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "purpose_required")
    answer = inside.client.post(HOOKS, json=body, headers=asked | {"Coldtrace-Purpose": "oversight"})
    assert answer.status_code == 201
    inside.client.delete(f"{HOOKS}/{answer.json()['id']}", headers=asked)


def test_the_desk_makes_tests_pauses_and_ends_one(inside: WebHouse) -> None:
    desk = inside.desk
    csrf = csrf_token(desk["Cookie"].partition("=")[2])
    headers = desk | PAGE

    def post(path: str, **fields: str) -> str:
        answer = inside.client.post(path, data=fields | {"csrf": csrf}, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    empty = inside.client.get("/desk/webhooks", headers=headers).text
    assert "No webhook yet" in empty
    with receiver() as came:
        fields = {
            "name": "ERP",
            "url": came.url,
            "organisation": USCC,
            "role": "cold_store",
            "event.case.opened": "yes",
        }
        page = post("/desk/webhooks", **fields)
        (secret,) = re.findall(r"data-secret[^>]*>(whsec_[^<]+)<", page)
        (hook,) = re.findall(r'data-id="([^"]+)"', page)
        base = f"/desk/webhooks/{hook}"
        assert secret not in inside.client.get(base, headers=headers).text
        post(f"{base}/test")
        waited(lambda: came.came)
        assert is_signed_by(secret, came.came[0])
        shown = waited(lambda: said if "204" in (said := inside.client.get(base, headers=headers).text) else None)
        (message,) = re.findall(r"/messages/([0-9a-f-]{36})", shown)
        assert "webhook.test" in inside.client.get(f"{base}/messages/{message}", headers=headers).text
        post(f"{base}/messages/{message}/replay")
        waited(lambda: len(came.came) == 2)
        assert "your organisation paused it" in post(f"{base}/pause")
        assert "In use" in post(f"{base}/resume")
        (new,) = re.findall(r"data-secret[^>]*>(whsec_[^<]+)<", post(f"{base}/rotate"))
        assert new != secret
        today = inside.clock.next.date().isoformat()
        before = len(came.came)
        post(f"{base}/replay", since=today, until=today)
        waited(lambda: len(came.came) > before)
        assert is_signed_by(secret, came.came[-1])
        assert is_signed_by(new, came.came[-1])
        assert "No webhook yet" in post(f"{base}/end")
