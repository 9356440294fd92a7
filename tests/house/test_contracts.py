"""The import contracts of pyproject.toml hold, and nothing is imported under the name of a source root."""

import re
import subprocess
import sys
from pathlib import Path

from support.source_tree import ALL, REPOSITORY, inside, python_files


def test_import_contracts() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


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
