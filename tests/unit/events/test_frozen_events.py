"""The vectors and the browser's words are what their makers would write today."""

import importlib.util
from pathlib import Path

from support.published import REPOSITORY, own_vectors_dir


def _rebuilt() -> dict[Path, str]:
    path = own_vectors_dir() / "rebuild_events.py"
    spec = importlib.util.spec_from_file_location("rebuild_events", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files: dict[Path, str] = module.rebuilt()
    return files


def test_nothing_has_drifted() -> None:
    rebuilt = _rebuilt()
    stale = [str(path.relative_to(REPOSITORY)) for path, text in rebuilt.items() if path.read_text("utf-8") != text]
    assert stale == [], "run python tests/vectors/rebuild_events.py and look at the difference"


def test_nothing_is_left_over() -> None:
    folder = own_vectors_dir() / "events"
    assert set(folder.rglob("*.json")) == {path for path in _rebuilt() if path.suffix == ".json"}
