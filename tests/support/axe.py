"""axe-core in a page: what hinders people who read with their ears, their keys or a magnifier.

`tools/npm_files` fetches it.  https://github.com/dequelabs/axe-core; its rules are those of WCAG 2.2 A and AA, and
good practices beside them.
"""

from functools import lru_cache

from playwright.sync_api import Page

from support.source_tree import REPOSITORY

AXE = REPOSITORY / ".venv" / "npm" / "axe-core" / "4.14.1" / "axe.min.js"
_RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 120)}`));
}"""


@lru_cache(maxsize=1)
def _source() -> str:
    assert AXE.exists(), "axe-core is missing: run tools/npm_files, as `make test` does"
    return AXE.read_text(encoding="utf-8")


def axe_findings(page: Page) -> list[str]:
    """Return each rule that the page as it is shown now breaks, with the element that breaks it; empty for none."""
    page.evaluate(_source())
    found: list[str] = page.evaluate(_RUN)
    return found
