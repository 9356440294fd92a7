"""Take the pictures of the README and of the consumer's guide from a live service: `make screenshots`.

    tools/screenshots.py                    start a demo world of its own, take them, stop it
    tools/screenshots.py --data-dir var     use the running service of that data folder
    tools/screenshots.py --only consumer    the ten states of the consumer's page alone (or: --only readme, desk)

They land in docs/images/, docs/images/consumer/ and docs/images/desk/, with few colours so that the repository stays
small.  Look at them beside the last ones before you commit them.  The ten states are brought about by real
statements, imports and commands (tests/support/ten_states.py): a recall and a copied code stay in a world that is
used for them.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import product
from pathlib import Path
from urllib.parse import quote

import httpx
import pypdfium2
from handheld_panels import as_page, coldscan, scanned
from PIL import Image
from playwright.sync_api import Browser, Page

from coldtrace.rights.model import Role

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))

from support.browser import open_browser  # noqa: E402  (the tests' browser, so that both look alike)
from support.ten_states import SHOP, DemoWorld, bring_about  # noqa: E402

IMAGES = REPOSITORY / "docs" / "images"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}
STORE = "9521234000020"
LOCALES = {"zh": "zh-CN", "en": "en-GB"}


def main() -> int:
    """Take all pictures; 0 if each of them could be taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help="data folder of a running service with a demo world")
    parser.add_argument("--base", default="http://127.0.0.1:8000", help="its address")
    parser.add_argument("--out", type=Path, default=IMAGES)
    parser.add_argument("--only", choices=("readme", "consumer", "desk"), help="one part of the pictures")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    running = None if given.data_dir is None else DemoWorld(given.base.rstrip("/"), given.data_dir)
    with (
        tempfile.TemporaryDirectory() as folder,
        _service(running, Path(folder)) as world,
        open_browser(Path(folder)) as browser,
    ):
        if given.only in (None, "readme"):
            _take_readme(browser, world, Path(folder), given.out)
        if given.only in (None, "desk"):
            _take_roles(browser, world, given.out / "desk")
        if given.only in (None, "consumer"):
            _take_states(browser, world, given.out / "consumer")
    taken = sorted([*given.out.glob("*.png"), *given.out.glob("desk/*"), *given.out.glob("consumer/*")])
    for image in taken:
        print(f"{image.relative_to(given.out.parent)}  {image.stat().st_size // 1024} KB")
    print(f"{sum(image.stat().st_size for image in taken) // 1024} KB")
    return 0


def _take_readme(browser: Browser, world: DemoWorld, folder: Path, out: Path) -> None:
    _take_desk(browser, world, out)
    for lang in LOCALES:
        _take_phone(browser, world, lang, out)
        _take_handheld(browser, world, folder, lang, out)
    _take_labels(world, out)


def _take_roles(browser: Browser, world: DemoWorld, out: Path) -> None:
    """Take what each role's day is about, entered by the buttons of the demo's sign-in page."""
    out.mkdir(exist_ok=True)
    with _page(browser, DESK, "zh-CN", scale=1) as page:
        page.goto(f"{world.base}/sign-in?lang=zh", wait_until="load")
        _save(page, out / "sign-in-zh.png")
    with _page(browser, DESK, "zh-CN", scale=1) as page:
        _sign_in(page, world, Role.COLD_STORE, f"/desk/stock/{STORE}?lang=zh")
        _save(page, out / "stock-zh.png")
        pallet = page.locator("tr[data-id] a", has_text="(00)").first.inner_text()
    with _page(browser, PHONE, "zh-CN", scale=1) as page:
        _sign_in(page, world, Role.RETAILER, f"/desk/stall/{SHOP}?lang=zh")
        opened = page.locator("form[action$='/open'] button")
        if opened.count():
            opened.click()
        page.goto(f"{world.base}/desk/stall/{SHOP}?lang=zh", wait_until="load")
        # Goods that nobody sent here: the page minds, and the inbox has a case.
        page.fill("[name=codes]", pallet)
        page.click("button[value=receive]")
        _save(page, out / "stall-zh.png")
    with _page(browser, DESK, "en-GB", scale=1) as page:
        _sign_in(page, world, Role.RETAILER, "/desk/cases?lang=en")
        _save(page, out / "cases-en.png")
        page.locator("tr[data-id] a").first.click()
        _save(page, out / "case-en.png")
    with _page(browser, DESK, "zh-CN", scale=1) as page:
        _sign_in(page, world, Role.REGULATOR, "/desk/purpose?lang=zh")
        page.fill("[name=reason]", "双随机抽查")
        page.fill("[name=document]", "津市监〔2026〕12号")
        page.click("main form button")
        page.goto(f"{world.base}/desk/overview?lang=zh", wait_until="load")
        _save(page, out / "overview-zh.png")
    with _page(browser, DESK, "en-GB", scale=1) as page:
        _sign_in(page, world, Role.ADMINISTRATOR, "/desk/sites?lang=en")
        _save(page, out / "sites-en.png")
        page.goto(f"{world.base}/desk/demo?lang=en", wait_until="load")
        _save(page, out / "demo-en.png")


def _take_states(browser: Browser, world: DemoWorld, out: Path) -> None:
    """Take each state of the consumer's page in both languages, on a phone and on a desk, whole."""
    out.mkdir(exist_ok=True)
    pages = bring_about(world)
    for lang, size in product(LOCALES, (PHONE, DESK)):
        with _page(browser, size, LOCALES[lang], scale=1) as page:
            for state, path in pages.items():
                page.goto(f"{world.base}{path}&lang={lang}", wait_until="load")
                if page.locator("[data-proof-url]").count():
                    page.wait_for_selector("[data-proof-list] [data-check]", timeout=60_000)
                if state == "no-temperature":
                    page.evaluate("() => document.querySelector(\"[data-row='14']\").scrollIntoView({block: 'center'})")
                picture = out / f"{state}-{lang}-{size['width']}.webp"
                _save_small(page.screenshot(full_page=state != "no-temperature"), picture)
    for lang in LOCALES:
        _overview([out / f"{state}-{lang}-{PHONE['width']}.webp" for state in pages], out / f"overview-{lang}.webp")


def _overview(pictures: list[Path], path: Path) -> None:
    """Put the first screens of the phone side by side, in two rows."""
    width, height, gap, columns = PHONE["width"] * 2 // 3, PHONE["height"] * 2 // 3, 12, -(-len(pictures) // 2)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, 2 * (height + gap) + gap), "#5b6770")
    for number, picture in enumerate(pictures):
        with Image.open(picture) as image:
            first = image.convert("RGB").crop((0, 0, PHONE["width"], PHONE["height"])).resize((width, height))
        sheet.paste(first, (gap + number % columns * (width + gap), gap + number // columns * (height + gap)))
    sheet.save(path, quality=70, method=6)


def _save_small(taken: bytes, path: Path) -> None:
    with Image.open(BytesIO(taken)) as image:
        few = image.convert("RGB").quantize(48, dither=Image.Dither.NONE)
        few.convert("RGB").save(path, lossless=True, method=6)


def _take_desk(browser: Browser, world: DemoWorld, out: Path) -> None:
    with _page(browser, DESK, "zh-CN", scale=1) as page:
        page.goto(f"{world.base}/?lang=zh", wait_until="load")
        _save(page, out / "front-zh.png")
    with _page(browser, PHONE, "zh-CN", scale=2) as page:
        _sign_in(page, world, Role.FIRST_STATION, "/desk/runs?lang=zh")
        page.locator("tr[data-run] a").last.click()
        page.wait_for_selector("h1#run")
        _save(page, out / "run-zh.png")
    with _page(browser, DESK, "zh-CN", scale=1) as page:
        _sign_in(page, world, Role.FIRST_STATION, "/desk/people?lang=zh")
        _save(page, out / "people-zh.png")


def _sign_in(page: Page, world: DemoWorld, role: Role, next: str) -> None:
    page.goto(f"{world.base}/sign-in?next={quote(next, safe='')}", wait_until="load")
    page.click(f"button[value='{role.value}@demo.example']")
    page.wait_for_url(f"{world.base}{next}")


def _take_phone(browser: Browser, world: DemoWorld, lang: str, out: Path) -> None:
    with _page(browser, PHONE, LOCALES[lang], scale=2) as page:
        page.goto(f"{world.base}{world.links['sold']}&lang={lang}", wait_until="load")
        _save(page, out / f"consumer-{lang}.png")
        page.evaluate("() => document.querySelector(\"[data-row='13']\").scrollIntoView()")
        _save(page, out / f"consumer-{lang}-journey.png")
        page.wait_for_selector("[data-proof-list] [data-check]", timeout=15_000)
        page.evaluate("() => document.querySelector('#proof').scrollIntoView()")
        _save(page, out / f"consumer-{lang}-proof.png")
        page.goto(f"{world.base}{world.links['tampered']}&lang={lang}", wait_until="load")
        _save(page, out / f"refused-{lang}.png")


def _take_handheld(browser: Browser, world: DemoWorld, folder: Path, lang: str, out: Path) -> None:
    """Enrol a handheld at the shop and scan: nothing chosen yet, a sale, the same again, a tampered code."""
    state = folder / f"handheld-{lang}"
    credentials = {"Authorization": f"Bearer {world.token}"}
    invited = httpx.post(f"{world.base}/api/v1/devices/invites", json={"site": SHOP}, headers=credentials)
    invite = invited.raise_for_status().json()["invite"]
    coldscan(state, "enrol", invite, "--name", f"picture-{lang}", "--offset", "+08:00")
    coldscan(state, "sync")
    host = json.loads(httpx.get(f"{world.base}/api/v1/trust-list").json()["list"])["hosts"][0]
    box, tampered = (f"https://{host}{world.links[kind]}" for kind in ("box", "tampered"))
    env = {**os.environ, "LC_ALL": {"zh": "zh_CN.UTF-8", "en": "en_GB.UTF-8"}[lang]}
    screens = scanned(state, [box, "CT:SELL", box, box, tampered], env=env)
    with _page(browser, {"width": 1008, "height": 100}, "zh-CN", scale=1) as page:
        page.set_content(as_page([screens[number] for number in (0, 2, 3, 4)]))
        page.screenshot(path=out / f"handheld-{lang}.png", full_page=True)
        _fewer_colours(out / f"handheld-{lang}.png")


def _take_labels(world: DemoWorld, out: Path) -> None:
    for name, file, scale in (
        ("label-carton", world.data_dir / "demo" / "labels-100x100.pdf", 2.2),
        ("sample-labels", world.data_dir / "sample-labels.pdf", 1.6),
    ):
        document = pypdfium2.PdfDocument(file)
        document[0].render(scale=scale).to_pil().save(out / f"{name}.png")
        document.close()
        _fewer_colours(out / f"{name}.png")


def _save(page: Page, path: Path) -> None:
    page.screenshot(path=path)
    _fewer_colours(path)


def _fewer_colours(path: Path) -> None:
    with Image.open(path) as image:
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


@contextmanager
def _page(browser: Browser, size: dict[str, int], locale: str, *, scale: int) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        locale=locale,
        device_scale_factor=scale,
        color_scheme="light",
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


@contextmanager
def _service(running: DemoWorld | None, folder: Path) -> Iterator[DemoWorld]:
    """Give the running service, or one started for the pictures with a demo world of its own."""
    if running is not None:
        yield running
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = subprocess.Popen(
        [sys.executable, "-m", "coldtrace", "serve", "--demo-world", "--port", str(port)],
        env={**os.environ, "COLDTRACE_DATA_DIR": str(folder / "var")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        for line in started.stdout:
            if line.startswith("READY "):
                yield DemoWorld(str(json.loads(line.removeprefix("READY "))["url"]).rstrip("/"), folder / "var")
                return
        raise SystemExit("the service ended before it was ready")
    finally:
        started.send_signal(signal.SIGINT)
        started.wait(timeout=60)


if __name__ == "__main__":
    raise SystemExit(main())
