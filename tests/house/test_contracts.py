"""The import contracts of pyproject.toml hold, and nothing is imported under the name of a source root."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from support.source_tree import ALL, REPOSITORY, inside, python_files


def test_import_contracts() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


SECRETS = {"passphrase", "sealed_secret"}
NEITHER = {"filter_measure", "signer"}
"""Of `seal`: what neither checks nor makes, a figure about filters and a protocol."""


def test_every_module_of_seal_is_on_one_side() -> None:
    """The contracts name modules one by one, so a new one would be on neither side until it is named."""
    contracts = {
        each["name"]: each
        for each in tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    }
    sides = contracts["What checks proofs and signatures shares nothing with what makes them"]
    checks, makes = (
        {each.removeprefix("coldtrace.seal.") for each in sides[name]}
        for name in ("source_modules", "forbidden_modules")
    )
    modules = {path.stem for path in (REPOSITORY / "trace" / "coldtrace" / "seal").glob("*.py")} - {"__init__"}
    assert modules == checks | makes | SECRETS | NEITHER
    assert checks & makes == (checks | makes) & (SECRETS | NEITHER) == set()
    forbidden = set(contracts["The auditor uses nothing of what makes the log"]["forbidden_modules"])
    assert {f"coldtrace.seal.{each}" for each in makes | SECRETS} <= forbidden


def test_source_roots_are_never_imported() -> None:
    """`trace` is a module of the standard library as well."""
    named = re.compile(r"^\s*(import|from) (trace|scanner_client)\b")
    wrong = [
        f"{inside(path)}: {line}"
        for path in python_files(*ALL)
        for line in path.read_text().splitlines()
        if named.match(line)
    ]
    assert wrong == []


def test_source_roots_hold_one_package_each() -> None:
    for root, package in (("trace", "coldtrace"), ("scanner_client", "coldscan")):
        inside_root = {path.name for path in (REPOSITORY / root).iterdir() if path.name != "__pycache__"}
        assert inside_root == {package}
