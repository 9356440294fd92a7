"""The locks: complete, hashed, and silent about the machine that wrote them."""

import re
import tomllib
from itertools import pairwise

import pytest

from support.source_tree import REPOSITORY

LOCKS = ["requirements.lock", "requirements-dev.lock"]
PIN = re.compile(r"^([a-z0-9][a-z0-9-]*)==([^ ;]+)( ;.*)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(name: str) -> dict[str, str]:
    lines = (REPOSITORY / name).read_text().splitlines()
    return {found[1]: found[2] for line in lines if (found := PIN.match(line))}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_pins_and_hashes_only(name: str) -> None:
    head, *lines = (REPOSITORY / name).read_text().splitlines()
    assert head.startswith("# Written by `make lock`; do not edit. ")
    assert head.endswith(f" pip install --require-hashes -r {name}")
    strange = [line for line in lines if not PIN.match(line) and not HASH.match(line)]
    assert strange == []
    for line, after in pairwise(lines):
        if PIN.match(line):
            assert HASH.match(after)


def test_what_runs_is_what_is_tested() -> None:
    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run


def test_everything_asked_for_is_locked() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    served = [
        *project["project"]["dependencies"],
        *extras["server"],
        *extras["build"],
        *project["build-system"]["requires"],
    ]
    for wanted, lock in (
        (served, pins("requirements.lock")),
        ([*extras["dev"], *extras["sm2"]], pins("requirements-dev.lock")),
    ):
        for requirement in wanted:
            name = re.split(r"[\[<>=~! ]", requirement, maxsplit=1)[0]
            assert name.lower().replace("_", "-") in lock, f"{requirement}: run make lock"
