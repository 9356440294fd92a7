"""Our verifier on somebody else's page: the guide's example, served from another origin, against a real service."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha384
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route

from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.canonical_text import print_canonical
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.root_document import write_root
from support.browser import NO_ED25519, open_browser, serve_pages, set_clock
from support.bundle_cases_sm2 import GARBAGE, SM2
from support.consignments import IMPORTER_ZH
from support.databases import Databases
from support.ticking import START
from support.web_house import WebHouse, web_house

REPOSITORY = Path(__file__).resolve().parents[2]
STATIC = REPOSITORY / "trace" / "coldtrace" / "web" / "static"
EXAMPLE = REPOSITORY / "docs" / "examples" / "verify-a-box.html"
GUIDE = REPOSITORY / "docs" / "guides" / "verify-on-your-page.md"
PUBLISHED = "https://trace.example.cn"
PROOF = "application/vnd.coldtrace.proof+json"
OF_OUR_PAGE = ("page.js", "compare.js")
MODULES = sorted(
    ["verify.js", *(f"verify/{path.name}" for path in STATIC.glob("verify/*.js") if path.name not in OF_OUR_PAGE)]
)


@pytest.fixture(scope="module")
def web(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    with web_house(databases, tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.fixture(scope="module")
def service(web: WebHouse) -> str:
    return str(web.client.base_url).rstrip("/")


@pytest.fixture(scope="module")
def boxes(web: WebHouse) -> list[str]:
    """Two boxes whose statements are in the log: path and query of their codes."""
    made = web.consignment(cartons=2)
    web.walk(made.pallets[0])
    web.settle()
    return [web.path(each.uri) for each in made.pallets[0].cartons]


@pytest.fixture(scope="module")
def elsewhere(web: WebHouse, service: str) -> Iterator[str]:
    """The example on another origin, as a third party would fill it in: the host, and the root that it pins."""
    text = EXAMPLE.read_text("utf-8").replace(PUBLISHED, service)
    root = httpx.get(f"{service}/api/v1/root").text
    pinned = text.replace("const ROOT = null;", f"const ROOT = {json.dumps(root)};")
    other = root.replace(json.loads(root)["roots"][0]["spki"], b64(Ed25519Signer.generate().spki))
    wrong = text.replace("const ROOT = null;", f"const ROOT = {json.dumps(other)};")
    assert pinned != text != wrong
    with serve_pages({"/check": pinned, "/other-root": wrong}, csp=None) as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("elsewhere")) as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    set_clock(opened, START)
    yield opened
    opened.close()


def ask(page: Page, address: str, code: str) -> tuple[str | None, dict[str, str]]:
    """Type a code into the third party's page; return what it says and each check."""
    page.goto(address)
    page.fill("input[name=code]", f"https://TRACE.EXAMPLE.CN{code}")
    page.click("button")
    page.wait_for_selector("#said[data-result]", timeout=60_000)
    found = page.locator("[data-check]").evaluate_all("all => all.map(e => [e.dataset.check, e.dataset.result])")
    return page.locator("#said").get_attribute("data-result"), dict(found)


def test_a_page_elsewhere_checks_a_box(page: Page, elsewhere: str, service: str, boxes: list[str]) -> None:
    assert elsewhere != service
    said, checks = ask(page, f"{elsewhere}/check", boxes[0])
    assert said == "passed", checks
    for name in (
        "root",
        "trust_list",
        "code_signature",
        "code_host",
        "code_asked",
        "facts",
        "inclusion[0]",
        "checkpoint",
    ):
        assert checks[name] == "passed", name
    facts = page.locator("[data-fact]").evaluate_all("all => all.map(e => [e.dataset.fact, e.textContent])")
    told = dict(facts)
    assert told["importer_zh"] == IMPORTER_ZH
    assert told["net_g"].endswith(" kg")
    assert told["code"].replace("-", "")[:12] in boxes[0]


def test_a_changed_answer_is_refused(page: Page, elsewhere: str, boxes: list[str]) -> None:
    def change(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace("120116", "120117")
        assert body != answer.text()
        route.fulfill(response=answer, body=body)

    page.route("**/01/**", change)
    said, checks = ask(page, f"{elsewhere}/check", boxes[0])
    assert said == "failed"
    assert "failed" in checks.values()
    assert page.locator("[data-fact]").count() == 0, "nothing is told that is not signed"


def test_the_proof_of_another_box_is_refused(page: Page, elsewhere: str, service: str, boxes: list[str]) -> None:
    other = httpx.get(service + boxes[1], headers={"Accept": PROOF}).text
    page.route("**/01/**", lambda route: route.fulfill(response=route.fetch(), body=other))
    said, checks = ask(page, f"{elsewhere}/check", boxes[0])
    assert (said, checks["code_asked"]) == ("failed", "failed")


def test_another_root_than_the_pinned_one_is_refused(page: Page, elsewhere: str, boxes: list[str]) -> None:
    said, checks = ask(page, f"{elsewhere}/other-root", boxes[0])
    assert (said, checks["root"]) == ("failed", "failed")


def test_without_ed25519_nothing_is_told_as_signed(page: Page, elsewhere: str, boxes: list[str]) -> None:
    page.add_init_script(NO_ED25519)
    said, checks = ask(page, f"{elsewhere}/check", boxes[0])
    assert (said, checks["trust_list"], checks["facts"]) == ("incomplete", "not_checked", "passed")
    assert "failed" not in checks.values()
    assert page.locator("[data-fact]").count() == 0, "no signature was checked"
    assert "Not settled" in page.locator("#said").inner_text()


def test_a_forger_who_claims_an_sm2_root_signature_tells_nothing(
    page: Page, web: WebHouse, service: str, boxes: list[str]
) -> None:
    """The pinned root has an SM2 root beside: 64 bytes of anything stand in its place, all the rest is self-made."""
    forged = httpx.get(service + boxes[0], headers={"Accept": PROOF}).json()
    root = json.loads(forged["root"])
    sm2 = {"alg": "SM2", "id": "sm2", "spki": b64(SM2)}
    pinned = write_root(roots={**{each["id"]: unb64(each["spki"]) for each in root["roots"]}, "sm2": SM2}, threshold=1)
    assert sm2 in json.loads(pinned.text)["roots"]
    told = json.loads(forged["trust_list"]["list"])
    forged["net"], forged["root"] = b64(pinned.net), pinned.text
    forged["trust_list"] = {"list": print_canonical({**told, "net": b64(pinned.net)}), "sigs": [GARBAGE]}
    text = EXAMPLE.read_text("utf-8").replace(PUBLISHED, service)
    text = text.replace("const ROOT = null;", f"const ROOT = {json.dumps(pinned.text)};")
    text = re.sub(r'<script type="importmap">.*?</script>', "", text, flags=re.S)
    page.route("**/01/**", lambda route: route.fulfill(response=route.fetch(), body=json.dumps(forged)))
    with serve_pages({"/sm2": text}, csp=None) as address:
        said, checks = ask(page, f"{address}/sm2", boxes[0])
        assert (said == "passed", checks["root"], checks["trust_list"]) == (False, "passed", "not_checked")
        assert page.locator("[data-fact]").count() == 0


@pytest.mark.parametrize("module", ["verify.js", "verify/crypto.js"])
def test_a_changed_verifier_is_not_run(page: Page, elsewhere: str, module: str) -> None:
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))

    def change(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text() + "\n// changed")

    page.route(f"**/static/{module}", change)
    page.goto(f"{elsewhere}/check")
    page.wait_for_timeout(500)
    assert page.locator("button").is_disabled()
    assert any("integrity" in each for each in errors), errors


def test_the_files_may_be_hosted_by_oneself(browser: Browser, service: str, boxes: list[str]) -> None:
    """`serve_pages` has the package's static files, as a site that copied them."""
    text = re.sub(r'<script type="importmap">.*?</script>', "", EXAMPLE.read_text("utf-8"), flags=re.S)
    text = text.replace("import(`${HOST}/static/", "import(`/static/").replace(PUBLISHED, service)
    with serve_pages({"/own": text}, csp=None) as address:
        opened = browser.new_page()
        set_clock(opened, START)
        requests: list[str] = []
        opened.on("request", lambda request: requests.append(request.url))
        said, checks = ask(opened, f"{address}/own", boxes[0])
        told = opened.locator("[data-fact]").count()
        opened.close()
    assert (said, told) == ("incomplete", 0), "a root that nobody pinned may be anybody's"
    assert checks["root"] == "not_checked"
    assert "failed" not in checks.values()
    assert [url for url in requests if "/static/" in url and not url.startswith(address)] == []


@pytest.mark.parametrize("document", [EXAMPLE, GUIDE], ids=["example", "guide"])
def test_the_documents_name_the_digests_of_all_modules(document: Path) -> None:
    """Print them again with: tests/browser/test_elsewhere.py's `digests`, see the failure."""
    told = dict(
        re.findall(r'"https://trace\.example\.cn/static/([\w/.]+)": "(sha384-[\w+/=]+)"', document.read_text("utf-8"))
    )
    assert told == digests(), json.dumps(digests(), indent=2)


def digests() -> dict[str, str]:
    """Return what Subresource Integrity names each module by."""
    return {name: f"sha384-{b64encode(sha384((STATIC / name).read_bytes()).digest()).decode()}" for name in MODULES}
