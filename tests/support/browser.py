"""Debian's chromium under Playwright, with Chinese glyphs, and a server for rendered pages.

`tools/chromium` has made sure that a browser is there; if none is, these tests fail and say so.
"""

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from coldtrace.web.static_texts import kind_of, static_texts
from support.fonts import browser_environment

SHOTS = 3
"""Tries for one picture: chromium without a GPU now and then has none to give on a busy machine."""

CSP = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

NO_ED25519 = """const old = SubtleCrypto.prototype.importKey;
SubtleCrypto.prototype.importKey = function (form, key, algorithm, ...rest) {
  if (algorithm.name === 'Ed25519') return Promise.reject(new DOMException('Unrecognized name.', 'NotSupportedError'));
  return old.call(this, form, key, algorithm, ...rest);
};"""
"""A browser of before 2025, as a script that runs before a page's own."""


def chromium_path() -> str:
    """Return the browser's program; fail with what to install if there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    raise AssertionError("the browser tests need chromium: apt-get install chromium, or run tools/chromium")


@contextmanager
def open_browser(folder: Path, *flags: str) -> Iterator[Browser]:
    """Start a browser whose fonts and caches live in `folder`; close it at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=[*FLAGS, *flags], env=browser_environment(folder)
        )
        try:
            yield browser
        finally:
            browser.close()


def set_clock(where: Page | BrowserContext, at: datetime) -> None:
    """Let it be `at` in a page from its next load on, and time go on from there.

    Playwright's own clock fakes `performance` too, by which a page knows that it was loaded again.
    """
    where.add_init_script(f"""{{
      const [Real, early] = [Date, {at.timestamp() * 1000:.0f} - Date.now()];
      globalThis.Date = class extends Real {{
        constructor(...given) {{ super(...(given.length > 0 ? given : [Real.now() + early])); }}
        static now() {{ return Real.now() + early; }}
      }};
    }}""")


@contextmanager
def serve_pages(pages: Mapping[str, str], *, csp: str | None = CSP) -> Iterator[str]:
    """Serve pages by path, and the package's static files, as the real service does; give the base address.

    Without a `csp` as somebody else's site does.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            if path in pages:
                self._answer(200, "text/html; charset=utf-8", pages[path].encode("utf-8"))
                return
            file = path.removeprefix("/static/")
            kind = kind_of(file)
            if path.startswith("/static/") and kind is not None and file in static_texts():
                self._answer(200, kind, static_texts()[file])
            else:
                self._answer(404, "text/plain", b"not found")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if csp is not None:
                self.send_header("Content-Security-Policy", csp)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def take_picture(page: Page, path: Path) -> None:
    """Save a picture of the whole page; the browser's own "Unable to capture screenshot" says nothing of the page."""
    for left in reversed(range(SHOTS)):
        try:
            page.screenshot(path=path, full_page=True)
            return
        except Error as error:
            if not left or "Unable to capture screenshot" not in str(error):
                raise
            page.wait_for_timeout(500)
