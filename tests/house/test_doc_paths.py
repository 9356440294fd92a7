"""What the documents name exists: every path in code marks, every link, every picture."""

import re
from pathlib import Path

import pytest

from support.source_tree import REPOSITORY

DOCUMENTS = sorted(
    [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "keys" / "README.md"],
)
ROOTS = ("trace/", "scanner_client/", "docs/", "tests/", "tools/", "migrations/", "keys/", ".ci/")
CODE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
IN_A_COMMAND = re.compile(r"(?<![\w./$-])(?:trace|scanner_client|docs|tests|tools|migrations)/[\w./-]+")
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
IMAGE_KIB_MAX = 300


def inside(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def named_paths(text: str) -> list[str]:
    """Return the paths of this repository in code marks; patterns and numbered placeholders are no paths."""
    words = [word for code in CODE.findall(FENCED.sub("", text)) for word in code.split()]
    in_commands = [word for block in FENCED.findall(text) for word in IN_A_COMMAND.findall(block)]
    return [word for word in [*words, *in_commands] if word.startswith(ROOTS) and not re.search(r"[*<>{}]|NNNN", word)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=inside)
def test_paths_exist(document: Path) -> None:
    missing = [name for name in named_paths(document.read_text(encoding="utf-8")) if not (REPOSITORY / name).exists()]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=inside)
def test_links_and_pictures_exist(document: Path) -> None:
    targets = [first or second for first, second in LINK.findall(document.read_text(encoding="utf-8"))]
    inner = [target.partition("#")[0] for target in targets if not re.match(r"https?:|mailto:|#", target)]
    assert [target for target in inner if not (document.parent / target).exists()] == []


def test_functions_named_beside_a_file_are_in_it() -> None:
    """`name` (`path`) and `name` in `path`; the walk of a scan is worth nothing if it leads past the door."""
    text = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)`\s+(?:\(|in\s+)`([\w/]+\.py)`", text)
    named += re.findall(r"`(\w+)`, `\w+` in `([\w/]+\.py)`", text)
    assert len(named) >= 25
    missing = [
        (name, path)
        for name, path in named
        if not re.search(rf"^ *(?:async )?(?:def|class) {name}\b", (REPOSITORY / path).read_text(), flags=re.MULTILINE)
    ]
    assert missing == []


def test_the_documents_that_matter_name_many() -> None:
    """The patterns above still find something."""
    for name, least in (("docs/architecture.md", 40), ("README.md", 9)):
        assert len(named_paths((REPOSITORY / name).read_text(encoding="utf-8"))) >= least, name


def test_pictures_are_small_and_in_use() -> None:
    everything = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    for picture in sorted((REPOSITORY / "docs" / "images").iterdir()):
        assert picture.stat().st_size <= IMAGE_KIB_MAX * 1024, picture.name
        assert f"images/{picture.name}" in everything, f"{picture.name} is in no document"


def test_no_document_names_a_machine() -> None:
    own = re.compile(r"/(?:work|home|root|tmp)/|localhost:\d{4,5}/simple|pypi\.[a-z-]+\.")
    wrong = [inside(document) for document in DOCUMENTS if own.search(document.read_text(encoding="utf-8"))]
    assert wrong == []
