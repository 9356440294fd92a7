"""The static texts of the pages, and the verifier in one file.

The verifier is a dozen small modules, which a reader and a page elsewhere take one by one.  Our own page takes all of
them as one file without the comments: a phone asks once instead of thirteen times, and what repeats is compressed
together.
"""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from posixpath import dirname, join, normpath
from typing import Final

TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FOLDER: Final = Path(str(files("coldtrace.web") / "static"))
WHOLE: Final = "verify/whole.js"
"""Made of `verify/page.js` and what it imports."""

_IMPORT = re.compile(r"^import \{([^}]*)\} from '([^']+)';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async function|function|const|class) (\w+))", re.MULTILINE)
_COMMENTS = re.compile(r"^ *//.*\n|^ */\*\*(?:.|\n)*?\*/\n", re.MULTILINE)


@cache
def static_texts() -> dict[str, bytes]:
    """Return every text below `static/` by its path there."""
    found = (each for each in FOLDER.rglob("*") if each.suffix in TYPES and each.is_file())
    texts = {each.relative_to(FOLDER).as_posix(): each.read_bytes() for each in found}
    return texts | {WHOLE: one_script("verify/page.js", {path: text.decode() for path, text in texts.items()}).encode()}


def kind_of(path: str) -> str | None:
    """Return the media type of a text, None for any other file."""
    return TYPES.get(PurePosixPath(path).suffix)


def one_script(entry: str, modules: dict[str, str]) -> str:
    """Return a module as one script together with all that it imports, each in a scope of its own.

    Of the language it knows what our modules use: named imports, and exports at the declaration.
    """
    order: list[str] = []
    _walk(entry, modules, order)
    names = {path: f"module{at}" for at, path in enumerate(order)}
    return "".join(_scoped(path, modules[path], names, is_last=path == entry) for path in order)


def _walk(path: str, modules: dict[str, str], order: list[str]) -> None:
    for _, asked in _IMPORT.findall(modules[path]):
        if _place(path, asked) not in order:
            _walk(_place(path, asked), modules, order)
    order.append(path)


def _place(path: str, asked: str) -> str:
    return normpath(join(dirname(path), asked))


def _scoped(path: str, text: str, names: dict[str, str], *, is_last: bool) -> str:
    def taken(found: re.Match[str]) -> str:
        return f"const {{{found[1].replace(' as ', ': ')}}} = {names[_place(path, found[2])]};\n"

    body = _IMPORT.sub(taken, text)
    told = ", ".join(name for _, name in _EXPORT.findall(body))
    body = _COMMENTS.sub("", _EXPORT.sub(r"\1", body)).strip()
    assert not re.search(r"^(import|export)\b", body, re.MULTILINE), f"{path} imports or exports in another way"
    return f"{body}\n" if is_last else f"const {names[path]} = (() => {{\n{body}\nreturn {{ {told} }};\n}})();\n"
