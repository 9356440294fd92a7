"""The demo begins anew while its service runs: the same process and port, another database, other keys, a new story."""

import re
import threading
from pathlib import Path

import httpx

from coldtrace.people.demo import DEMO_PASSWORD
from support.live_house import LiveHouse
from support.service import running_service

BOSS, PASSWORD = "boss@example.cn", "tulip harbour nine"
PATIENCE_S = 480
CSRF = re.compile(r'name="csrf" value="([^"]*)"')


def press(browser: httpx.Client, page: str, action: str, **fields: str) -> httpx.Response:
    """Send a form of a page."""
    found = CSRF.search(browser.get(page).text)
    assert found is not None
    return browser.post(action, data={"csrf": found[1]} | fields)


def test_a_reset_of_the_running_demo(tmp_path: Path) -> None:
    house = LiveHouse(tmp_path / "var")
    house.found()
    (tmp_path / "password").write_text(PASSWORD)
    firm = ("--organisation", "91120116MA05TE5T1N", "--password-file", tmp_path / "password")
    assert house.run("admin", "create", "--email", BOSS, "--name", "赵磊", *firm)[0] == 0
    # A world that was told before: the story itself is told once here, after the reset.
    (house.data_dir / "demo.json").write_text('{"box": {"unit": "-", "url": "/"}, "links": {}}')
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    with (
        running_service(house.data_dir, ANONYMOUS_REQUESTS_PER_MINUTE="100000") as service,
        httpx.Client(base_url=service.url, timeout=PATIENCE_S) as browser,
    ):
        browser.headers.update(headers)
        root = browser.get("/api/v1/root").text
        entered = press(browser, "/sign-in", "/sign-in", email=BOSS, password=PASSWORD, next="/desk/demo")
        assert entered.headers["location"] == "/desk/demo"
        assert "This world was made" in browser.get("/desk/demo").text
        asked = press(browser, "/desk/demo", "/desk/demo/reset", confirm="yes")
        assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in")
        # No call is refused meanwhile: the port is held, and whoever calls waits in line.
        waited, pause = 0, threading.Event()
        while "regulator@demo.example" not in (page := browser.get("/sign-in")).text:
            assert page.status_code == 200, page.text
            waited += 1
            assert waited < PATIENCE_S, "the demo does not come back"
            pause.wait(1)
        assert service.process.poll() is None
        assert browser.get("/api/v1/root").text != root, "the keys are others"
        bearer = {"Authorization": f"Bearer {service.token}", "Accept": "application/json"}
        assert browser.get("/api/v1/organisations", headers=bearer).status_code == 401
        browser.cookies.clear()
        gone = press(browser, "/sign-in", "/sign-in", email=BOSS, password=PASSWORD, next="/desk")
        assert gone.status_code == 403, "nobody of the old world is known"
        one = press(
            browser, "/sign-in", "/sign-in", email="cold_store@demo.example", password=DEMO_PASSWORD, next="/desk"
        )
        assert one.status_code == 303
        assert browser.get("/desk/stock", follow_redirects=True).status_code == 200
        token = (house.data_dir / "development-token").read_text().strip()
        fresh = browser.get("/api/v1/today", headers=bearer | {"Authorization": f"Bearer {token}"})
        assert fresh.status_code == 200, fresh.text
