"""Write the frozen vectors of statements and bundles, and the browser's tables of words.

    python tests/vectors/rebuild_events.py

Everything is deterministic; a change of any file is a change of the format.  tests/unit/events/test_frozen_events.py
compares what this would write with what is there.
"""

import json
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> None:
    """Write all files."""
    for path, text in rebuilt().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def rebuilt() -> dict[Path, str]:
    """Return the text of every file under its path."""
    from support.bundle_cases import all_cases
    from support.event_vectors import bundle_vector, event_vectors
    from support.words_js import shown_words_js, words_js

    folder = REPOSITORY / "tests" / "vectors" / "events"
    files = {folder / f"{name}.json": _print(value) for name, value in event_vectors().items()}
    for case in all_cases():
        files[folder / "bundles" / f"{case.name}.json"] = _print(bundle_vector(case))
    scripts = REPOSITORY / "trace" / "coldtrace" / "web" / "static" / "verify"
    files[scripts / "words.js"] = words_js()
    files[scripts / "shown_words.js"] = shown_words_js()
    return files


def _print(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY / "tests"))
    main()
