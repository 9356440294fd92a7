"""Take the pictures of the README again: `make screenshots`.

Starts the service with a demo world of its own in a temporary folder, opens its pages in chromium as a phone and as a
desk see them, and writes docs/images/.
"""

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))

from playwright.sync_api import ViewportSize  # noqa: E402

from support.browser import open_browser  # noqa: E402
from support.service import running_service  # noqa: E402

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 800}


class Picture(NamedTuple):
    """One picture: its file, which address of the READY line it shows, in which language and how."""

    name: str
    address: str
    lang: str
    viewport: ViewportSize
    whole_page: bool


PICTURES = [
    Picture("front-zh.png", "url", "zh", DESK, whole_page=False),
    Picture("front-en.png", "url", "en", DESK, whole_page=False),
    Picture("consumer-zh.png", "consumer_url", "zh", PHONE, whole_page=True),
    Picture("consumer-en.png", "consumer_url", "en", PHONE, whole_page=True),
]


def main() -> None:
    """Take all pictures."""
    folder = REPOSITORY / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="coldtrace-pictures-", ignore_cleanup_errors=True) as temporary,
        running_service(Path(temporary) / "var") as ready,
        open_browser(Path(temporary)) as browser,
    ):
        for picture in PICTURES:
            page = browser.new_page(viewport=picture.viewport, device_scale_factor=2)
            address = str(ready[picture.address])
            page.goto(f"{address}{'&' if '?' in address else '?'}lang={picture.lang}", wait_until="networkidle")
            page.screenshot(path=folder / picture.name, full_page=picture.whole_page)
            page.close()
            print(f"docs/images/{picture.name}")


if __name__ == "__main__":
    main()
