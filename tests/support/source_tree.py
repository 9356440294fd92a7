"""The source tree as the tests of the building itself see it: files, modules, refusals."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import coldscan
import coldtrace
from coldtrace.errors import Refusal

REPOSITORY = Path(__file__).resolve().parents[2]
CODE = ("trace", "scanner_client")
ALL = (*CODE, "tests", "migrations", "tools")


def python_files(*folders: str) -> list[Path]:
    """Return every Python file of the given top-level folders."""
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


def inside(path: Path) -> str:
    """Return the path as it stands in the repository."""
    return str(path.relative_to(REPOSITORY))


def import_everything() -> None:
    """Import every module of both packages, so that no class of ours is unknown."""
    for package in (coldtrace, coldscan):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__") and "._migrations" not in module.name:
                importlib.import_module(module.name)


def refusals() -> list[type[Refusal]]:
    """Return every refusal of ours, bases included."""
    import_everything()
    found: dict[str, type[Refusal]] = {}

    def walk(kind: type[Refusal]) -> None:
        for below in kind.__subclasses__():
            if below.__module__.split(".")[0] in ("coldtrace", "coldscan"):
                found[f"{below.__module__}.{below.__qualname__}"] = below
            walk(below)

    walk(Refusal)
    return [found[name] for name in sorted(found)]


def placeholders(text: str) -> set[str]:
    """Return the facts that a sentence asks for."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def calls(path: Path) -> Iterator[ast.Call]:
    """Give every call in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node
