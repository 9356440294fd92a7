"""House style that a machine can see (docs/decisions/0001-house.md)."""

import ast
import re

import pytest

from support.source_tree import ALL, CODE, REPOSITORY, inside, python_files

LONGEST = 600
VAGUE = {"utils", "util", "helpers", "common", "manager", "base", "misc"}
FORBIDDEN = {
    "a test left out": r"pytest\.(skip|xfail|importorskip)|pytest\.mark\.(skip|skipif|xfail)|unittest\.skip",
    "a promise instead of code": r"\b(TODO|FIXME)\b|raise NotImplementedError",
    "a type error hidden without its code": r"#\s*type:\s*ignore(?!\[)",
    "a machine's own path": r"/(work|home|root)/",
}


def test_no_file_is_too_long() -> None:
    long = {inside(path): len(path.read_text().splitlines()) for path in python_files(*ALL)}
    assert {name: lines for name, lines in long.items() if lines > LONGEST} == {}


def test_package_files_hold_a_docstring_and_nothing_else() -> None:
    for path in python_files(*CODE):
        if path.name == "__init__.py":
            body = ast.parse(path.read_text()).body
            assert len(body) == 1, inside(path)
            assert isinstance(body[0], ast.Expr), inside(path)


def test_every_module_says_what_it_is_for() -> None:
    silent = [inside(path) for path in python_files(*ALL) if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [inside(path) for path in python_files(*CODE) if path.stem in VAGUE] == []


@pytest.mark.parametrize("habit", FORBIDDEN)
def test_forbidden_habits(habit: str) -> None:
    this = REPOSITORY / "tests" / "house" / "test_habits.py"
    found = [
        f"{inside(path)}:{number}: {line.strip()}"
        for path in python_files(*ALL)
        if path != this
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(FORBIDDEN[habit], line)
    ]
    assert found == []


def test_names_of_test_modules_are_unique() -> None:
    names = [path.name for path in python_files("tests") if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def test_only_settings_reads_the_environment() -> None:
    """A handheld has no settings object: `coldscan` may look for its state folder."""
    readers = [
        inside(path)
        for path in python_files("trace")
        if re.search(r"os\.environ|os\.getenv|environ\[", path.read_text()) and path.name != "settings.py"
    ]
    assert readers == []
