"""The wheel: carries what is not Python, installs bare, and works bare."""

import json
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from support.source_tree import REPOSITORY

# The base install: what pyproject.toml asks for without extras, and what that needs in turn.
BARE = {
    "anyio", "biip", "certifi", "cffi", "coldtrace", "cryptography", "h11", "httpcore", "httpx", "idna", "pycparser",
    "rfc8785", "typing-extensions",
}  # fmt: skip


def run(command: Sequence[str | Path], folder: Path) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", folder]
    run([sys.executable, "-m", "pip", "wheel", *options, REPOSITORY], folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment into which nothing but the wheel was asked for."""
    folder = tmp_path_factory.mktemp("bare install")
    venv.create(folder / "venv", with_pip=True)
    pins = re.findall(r"^([a-z0-9-]+==[^ ]+)", (REPOSITORY / "requirements.lock").read_text(), flags=re.MULTILINE)
    (folder / "pins.txt").write_text("\n".join(pins))
    python = folder / "venv" / "bin" / "python"
    run([python, "-m", "pip", "install", "--quiet", "--constraint", "pins.txt", wheel], folder)
    return python


def test_the_wheel_carries_migrations_templates_and_static_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, packed in (
        ("migrations", "coldtrace/_migrations"),
        ("trace/coldtrace/web/templates", "coldtrace/web/templates"),
        ("trace/coldtrace/web/static", "coldtrace/web/static"),
    ):
        files = [path for path in (REPOSITORY / folder).rglob("*") if path.is_file() and path.suffix != ".pyc"]
        assert files, folder
        missing = {f"{packed}/{path.relative_to(REPOSITORY / folder)}" for path in files} - names
        assert missing == set()
    assert "coldtrace/labels/released.json" in names


def test_the_wheel_carries_no_tests_and_no_caches(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"coldtrace", "coldscan"}
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_a_bare_install_pulls_only_what_a_handheld_needs(bare: Path) -> None:
    listed = run([bare, "-m", "pip", "list", "--format=freeze"], bare.parent)
    names = {line.split("==")[0].split(" @")[0].lower().replace("_", "-") for line in listed.splitlines()}
    assert names - {"pip", "setuptools", "wheel"} - BARE == set()


def test_a_bare_install_parses_codes_and_scans(bare: Path) -> None:
    parsed = run([bare, "-I", "-m", "coldtrace", "codes", "parse", "(01)06901234567892", "--json"], bare.parent)
    assert '"06901234567892"' in parsed
    for command in ("coldtrace", "coldscan"):
        assert command in run([bare.with_name(command), "--help"], bare.parent)


def verify_bare(bare: Path, *words: str | Path) -> tuple[int, dict[str, Any]]:
    """Run `coldtrace verify` of the bare install at the moment of the vectors, whose trust list has an end."""
    at = "2026-11-26T02:00:00.000Z"
    script = (
        "import sys; from coldtrace import clock; now = clock.parse_utc(sys.argv.pop(1)); clock.now = lambda: now;"
        " from coldtrace.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [str(word) for word in (bare, "-I", "-c", script, at, "verify", *words, "--json")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=bare.parent, check=False)
    assert done.stdout, done.stderr[-3000:]
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("name", ["good_witnessed", "facts_changed", "facts_not_shown", "good_unpinned"])
def test_a_bare_install_verifies_a_proof(bare: Path, name: str, tmp_path: Path) -> None:
    """A proof bundle of our own vectors: whoever checks a box needs no service, no database and no extra."""
    vector = json.loads((REPOSITORY / "tests" / "vectors" / "events" / "bundles" / f"{name}.json").read_text("utf-8"))
    assert vector["now"] == "2026-11-26T02:00:00.000Z"
    (tmp_path / "box.json").write_text(vector["text"], encoding="utf-8")
    words: list[str | Path] = [tmp_path / "box.json"]
    if vector["root"] is not None:
        (tmp_path / "root.json").write_text(vector["root"], encoding="utf-8")
        words += ["--root", tmp_path / "root.json", "--code", json.loads(vector["text"])["code"], "--lowest-seq", "7"]
    code, told = verify_bare(bare, *words)
    found = {
        result: {check["name"]: check["reason"] for check in told["checks"] if check["result"] == result}
        for result in ("failed", "not_checked")
    }
    assert (found["failed"], found["not_checked"]) == (vector["failed"], vector["not_checked"])
    assert (told["ok"], told["result"]) == (vector["ok"], vector["result"])
    assert code == (0 if vector["ok"] else 1)


def test_the_installed_wheel_finds_its_migrations(bare: Path) -> None:
    """Looked up as `coldtrace.db.migrate.scripts_folder` does, which itself needs the server extra."""
    where = "import coldtrace, pathlib; print(pathlib.Path(coldtrace.__file__).parent / '_migrations' / 'env.py')"
    assert Path(run([bare, "-I", "-c", where], bare.parent).strip()).is_file()
