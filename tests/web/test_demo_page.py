"""A demo has a button for each role on the sign-in page, and the way back to a fresh world; nobody else has."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from coldtrace.people.demo import DEMO_PASSWORD
from coldtrace.rights.model import Member, Role
from coldtrace.web.demo_world import DemoWorld
from support.databases import Databases
from support.html_tree import read_page
from support.people import Visitor, administrator, make_somebody, signed_in, visitor
from support.web_house import WebHouse, web_house


@dataclass
class Asked:
    """What a service would do, counted."""

    times: list[str] = field(default_factory=list)

    def __call__(self) -> None:
        self.times.append("reset")


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def demo(asked: Asked) -> DemoWorld:
    return DemoWorld(reset=asked)


@pytest.fixture
def house(databases: Databases, tmp_path: Path, demo: DemoWorld) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path, demo=demo) as made:
        demo.made_at = made.env.clock()
        yield made


def demo_somebody(web: WebHouse, role: Role) -> str:
    email = f"{role.value}@demo.example"
    member = administrator(web)
    member = Member(role=role, operator_id=member.operator_id, area="12" if role is Role.REGULATOR else None)
    make_somebody(web, email, member, password=DEMO_PASSWORD, demo=True)
    return email


def buttons(browser: Visitor) -> dict[str, str]:
    """Return what the sign-in page offers: role by address."""
    page = read_page(browser.get("/sign-in").text)
    return {each.attributes["value"]: each.text.strip() for each in page.all("button") if "value" in each.attributes}


def test_a_button_for_each_role_and_each_enters(house: WebHouse) -> None:
    make_somebody(house, "real@example.cn", administrator(house))
    emails = [demo_somebody(house, role) for role in (Role.REGULATOR, Role.COLD_STORE)]
    offered = buttons(visitor(house))
    assert offered == {emails[1]: "Cold store", emails[0]: "Regulator"}, "in the order of roles; nobody who is real"
    for email in emails:
        browser = visitor(house)
        assert "firms, goods and people are invented" in browser.get("/sign-in").text
        fields = {"email": email, "password": DEMO_PASSWORD, "next": "/desk"}
        entered = browser.post("/sign-in", fields, on="/sign-in")
        assert (entered.status_code, entered.headers["location"]) == (303, "/desk")


def test_a_service_without_a_demo_has_neither_buttons_nor_page(web: WebHouse) -> None:
    demo_somebody(web, Role.REGULATOR)
    browser = signed_in(web, "admin@example.cn", administrator(web))
    assert buttons(visitor(web)) == {}
    assert "frozen prawns" not in visitor(web).get("/sign-in").text
    assert browser.get("/desk/demo").status_code == 404
    assert browser.post("/desk/demo/reset", {"confirm": "yes"}, on="/account").status_code == 404
    assert "/desk/demo" not in browser.get("/desk").text


def test_a_reset_asks_once_and_is_the_administrators(house: WebHouse, demo: DemoWorld, asked: Asked) -> None:
    other = signed_in(
        house, "store@example.cn", Member(role=Role.COLD_STORE, operator_id=administrator(house).operator_id)
    )
    assert "/desk/demo" not in other.get("/desk").text
    assert other.post("/desk/demo/reset", {"confirm": "yes"}, on="/account").status_code == 403
    assert visitor(house).client.post("/desk/demo/reset", data={"confirm": "yes"}).status_code in (401, 403)
    boss, colleague = (signed_in(house, f"admin-{n}@example.cn", administrator(house)) for n in (1, 2))
    page = boss.get("/desk/demo").text
    assert "This world was made" in page
    assert "/desk/demo" in boss.get("/desk").text
    forged = boss.client.post("/desk/demo/reset", data={"confirm": "yes"})
    unsure = boss.post("/desk/demo/reset", {}, on="/desk/demo")
    assert (forged.status_code, unsure.status_code, asked.times) == (403, 409, [])
    assert "tick the box" in unsure.text
    done = boss.post("/desk/demo/reset", {"confirm": "yes"}, on="/desk/demo")
    assert (done.status_code, done.headers["location"], asked.times) == (303, "/sign-in", ["reset"])
    # Whoever comes now waits: the page looks again by itself and offers nobody of a world that is going.
    waiting = visitor(house)
    assert 'http-equiv="refresh"' in waiting.get("/sign-in").text
    assert buttons(waiting) == {}
    assert 'http-equiv="refresh"' in boss.get("/sign-in").text, "nobody is led back into the old world"
    again = colleague.post("/desk/demo/reset", {"confirm": "yes"}, on="/desk/demo")
    assert (again.status_code, asked.times) == (409, ["reset"])


def test_somebodys_own_database_is_never_wiped(house: WebHouse, demo: DemoWorld, asked: Asked) -> None:
    demo.reset = None
    boss = signed_in(house, "admin@example.cn", administrator(house))
    assert "Reset the demo" not in boss.get("/desk/demo").text
    refused = boss.post("/desk/demo/reset", {"confirm": "yes"}, on="/desk/demo")
    assert (refused.status_code, "COLDTRACE_DATABASE_URL" in refused.text, asked.times) == (409, True, [])
