"""The report of the long counts keeps what was counted elsewhere, and a long test is not watched as a stuck one."""

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

SOAK = Path(__file__).parents[2] / "tools" / "soak.py"


@pytest.fixture
def soak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, writing into a folder of its own."""
    spec = importlib.util.spec_from_file_location("soak", SOAK)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    monkeypatch.setattr(made, "STATE", tmp_path / "var" / "soak.json")
    monkeypatch.setattr(made, "REPORT", tmp_path / "reliability.md")
    return made


def test_what_was_counted_on_another_machine_stays(soak: ModuleType) -> None:
    other = "| `tests/test_other.py` | `abc` | passed | 2026-11-28 21:25 | 1.0 | 0.1, 0.1 | 1 passed | 5 kills |"
    old = "| `tests/house/test_glossary.py` | `abc` | FAILED | 2026-11-28 21:25 | 1.0 | 0.1, 0.1 | 1 failed |  |"
    soak.REPORT.write_text(soak.HEAD.format(day="", python="", cores=1, passed=1, files=2) + f"{old}\n{other}\n")
    assert soak.main(["tests/house/test_glossary.py"]) == 0
    written = soak.REPORT.read_text(encoding="utf-8").splitlines()
    rows = [line for line in written if line.startswith("| `")]
    assert rows[1:] == [other]
    assert rows[0].startswith("| `tests/house/test_glossary.py` |")
    assert "| passed |" in rows[0]
    assert any("2 of 2 files passed" in line for line in written)


def test_a_long_test_is_not_asked_where_it_is(soak: ModuleType, tmp_path: Path) -> None:
    test = tmp_path / "test_slow.py"
    test.write_text("import time\n\ndef test_slow():\n    time.sleep(1.5)\n")
    config = tmp_path / "pytest.ini"
    config.write_text("[pytest]\nfaulthandler_timeout = 1\n")
    command = [soak.sys.executable, "-m", "pytest", "-c", str(config), "-p", "no:cacheprovider"]
    watched, not_watched = (
        subprocess.run([*command, *more, str(test)], capture_output=True, text=True, check=True)
        for more in ((), soak.UNWATCHED)
    )
    assert "Timeout (0:00:01)" in watched.stderr
    assert "Timeout" not in not_watched.stderr
