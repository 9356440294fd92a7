"""The whole road: the demo world made over real HTTP by real coldscan processes, then a phone opens one box."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page

from support.browser import open_browser
from support.service import Service, running_service


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("road") / "var"


@pytest.fixture(scope="module")
def service(data_dir: Path) -> Iterator[Service]:
    """A first start with the demo world in it."""
    with running_service(data_dir) as started:
        yield started


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def phone(browser: Browser, lang: str, *, scripts: bool = True) -> Page:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale=lang, java_script_enabled=scripts, device_scale_factor=2
    )
    return context.new_page()


def box_url(service: Service) -> str:
    assert service.consumer_url is not None
    return service.consumer_url


@pytest.mark.parametrize(("locale", "headline"), [("zh-CN", "正常 · 已售出"), ("en-GB", "In order, sold")])
def test_the_printed_link_opens_the_box_on_a_phone_and_the_phone_checks_it(
    service: Service, browser: Browser, locale: str, headline: str
) -> None:
    page = phone(browser, locale)
    requests: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(box_url(service))
    page.wait_for_selector("[data-proof-state]")
    assert page.locator("body").get_attribute("data-status") == "sold"
    assert page.locator("h1").inner_text().strip() == headline
    assert page.locator("[data-proof-url]").get_attribute("data-proof-state") == "ok"
    results = page.locator("[data-check]").evaluate_all("all => all.map(e => [e.dataset.check, e.dataset.result])")
    found = dict(results)
    assert "failed" not in found.values()
    for check in ("code_signature", "code_commission", "facts", "continuity", "trust_list", "inclusion[11]"):
        assert found[check] == "passed", check
    assert found["complete"] == "not_checked"
    for row in range(1, 19):
        assert page.locator(f'[data-row="{row}"]').count() >= 1, row
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert {urlsplit(url).netloc for url in requests} == {urlsplit(service.url).netloc}
    assert errors == []


def test_the_page_is_complete_without_scripts(service: Service, browser: Browser) -> None:
    page = phone(browser, "zh-CN", scripts=False)
    page.goto(box_url(service))
    text = page.locator("main").inner_text()
    for words in ("冷冻去骨牛腱", "巴西", "天津市滨海新区", "天津市和平区", "无数据", "海河生鲜店", "12315"):
        assert words in text, words
    assert page.locator("[data-check]").count() == 0


def test_a_changed_answer_is_refused_by_the_phone(service: Service, browser: Browser) -> None:
    """The server (or somebody between) tells another story about the box: the phone says so."""
    page = phone(browser, "en-GB")

    def change(route: object) -> None:
        answer = httpx.get(
            box_url(service) + "&linkType=proof", headers={"Accept": "application/vnd.coldtrace.proof+json"}
        )
        body = answer.text.replace("120101", "120102")
        assert body != answer.text
        route.fulfill(status=200, content_type="application/vnd.coldtrace.proof+json", body=body)  # type: ignore[attr-defined]

    page.route("**/*linkType=proof*", change)
    page.goto(box_url(service))
    page.wait_for_selector("[data-proof-state]")
    assert page.locator("[data-proof-url]").get_attribute("data-proof-state") == "failed"
    assert page.locator('[data-check][data-result="failed"]').count() >= 1


def test_the_world_can_be_clicked_through(service: Service, browser: Browser) -> None:
    page = phone(browser, "en-GB")
    page.goto(service.url)
    links = page.locator("main a").evaluate_all("all => all.map(a => a.href)")
    assert len(links) >= 10
    allowed = {200, 403, 404}
    for link in dict.fromkeys(links):
        if urlsplit(link).netloc == urlsplit(service.url).netloc:
            # The desk leads to the sign-in.
            answer = httpx.get(link, headers={"Accept": "text/html"}, follow_redirects=True)
            assert answer.status_code in allowed, link


def test_sample_labels_are_there(service: Service) -> None:
    assert service.labels is not None
    assert Path(service.labels).read_bytes().startswith(b"%PDF")


def test_the_proof_verifies_with_the_base_command_and_breaks_with_one_changed_sign(
    service: Service, data_dir: Path, tmp_path: Path
) -> None:
    bundle = httpx.get(box_url(service), headers={"Accept": "application/vnd.coldtrace.proof+json"}).text
    root = data_dir / "keys" / "root.json"
    for name, text, code in (
        ("good", bundle, 0),
        ("bad", bundle.replace("sold", "sald").replace("120101", "120102"), 1),
    ):
        path = tmp_path / f"{name}.json"
        path.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "coldtrace", "verify", str(path), "--root", str(root), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == code, done.stdout
        assert json.loads(done.stdout)["ok"] is (code == 0)


def test_the_story_runs_again_in_the_same_world(service: Service, data_dir: Path) -> None:
    environment = {
        "COLDTRACE_DATA_DIR": str(data_dir),
        "COLDTRACE_PORT": str(urlsplit(service.url).port),
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        [sys.executable, "-m", "coldtrace", "demo", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["ok"], summary["cartons"], summary["pallets"], summary["sold"]) == (True, 1200, 24, 3)
    assert "READY" not in done.stdout
