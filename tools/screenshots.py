"""Take the pictures of the README from a live service: `make screenshots`.

    tools/screenshots.py                                     start a demo world of its own, take them, stop it
    tools/screenshots.py --base http://127.0.0.1:8000 --consumer URL    use a running one

They land in docs/images/, with few colours so that the repository stays small.  Look at them beside the last ones
before you commit them.
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
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from PIL import Image
from playwright.sync_api import Browser, Page

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))

from support.browser import open_browser  # noqa: E402  (the tests' browser, so that both look alike)

IMAGES = REPOSITORY / "docs" / "images"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 860}


def main() -> int:
    """Take all pictures; 0 if each of them could be taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", help="address of a running service")
    parser.add_argument("--consumer", help="address of a box's page; by default the one on the front page")
    parser.add_argument("--out", type=Path, default=IMAGES)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        _service(given.base, Path(folder)) as base,
        open_browser(Path(folder)) as browser,
    ):
        consumer = _on(base, given.consumer) if given.consumer else _sample(browser, base)
        _take_all(browser, base, consumer, given.out)
    for image in sorted(given.out.glob("*.png")):
        print(f"{image.relative_to(given.out.parent)}  {image.stat().st_size // 1024} KB")
    return 0


def _take_all(browser: Browser, base: str, consumer: str, out: Path) -> None:
    with _page(browser, DESK, "zh-CN", scale=1) as page:
        page.goto(f"{base}/?lang=zh", wait_until="load")
        _save(page, out / "front-zh.png")
        page.goto(f"{base}/api/docs", wait_until="networkidle")
        _save(page, out / "api-docs.png")
    with _page(browser, DESK, "zh-CN", scale=2) as page:
        page.goto(f"{base}/?lang=zh", wait_until="load")
        page.locator(".label").screenshot(path=out / "label.png")
        _fewer_colours(out / "label.png")
    for lang, locale in (("zh", "zh-CN"), ("en", "en-GB")):
        with _page(browser, PHONE, locale, scale=2) as page:
            page.goto(_with_language(consumer, lang), wait_until="load")
            _save(page, out / f"consumer-{lang}-390.png")
            page.evaluate("() => document.querySelector(\"[data-row='13']\").scrollIntoView()")
            _save(page, out / f"consumer-{lang}-390-journey.png")
            if page.locator("[data-proof-url]").count():
                page.wait_for_selector("[data-proof-list] [data-check]", timeout=15_000)
                page.evaluate("() => document.querySelector('#proof').scrollIntoView()")
                _save(page, out / f"consumer-{lang}-390-proof.png")


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


def _sample(browser: Browser, base: str) -> str:
    """Return the address of the box on the front page."""
    with _page(browser, DESK, "zh-CN", scale=1) as page:
        page.goto(base, wait_until="load")
        href = page.locator("a.label").get_attribute("href")
    if href is None:
        raise SystemExit("the front page has no sample box; run the demo first")
    return base + href


def _on(base: str, consumer: str) -> str:
    """Return the consumer's address at the service that runs: codes carry the public host."""
    there, here = urlsplit(consumer), urlsplit(base)
    return urlunsplit((here.scheme, here.netloc, there.path, there.query, ""))


def _with_language(address: str, lang: str) -> str:
    parts = urlsplit(address)
    kept = [part for part in parts.query.split("&") if part and not part.startswith("lang=")]
    return urlunsplit(parts._replace(query="&".join([*kept, f"lang={lang}"])))


@contextmanager
def _service(base: str | None, folder: Path) -> Iterator[str]:
    """Give the address of the running service, or of one started for the pictures with a demo world of its own."""
    if base is not None:
        yield base.rstrip("/")
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
                yield str(json.loads(line.removeprefix("READY "))["url"]).rstrip("/")
                return
        raise SystemExit("the service ended before it was ready")
    finally:
        started.send_signal(signal.SIGINT)
        started.wait(timeout=60)


if __name__ == "__main__":
    raise SystemExit(main())
