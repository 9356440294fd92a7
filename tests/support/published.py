"""Where the published test vectors lie.  They are read from outside the project and never copied into it."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def vectors_dir() -> Path | None:
    """Return the folder of published vectors (`gs1/...`), or None when this machine has none.

    Then tests use our own vectors in tests/vectors; the end of the test report says so.
    """
    folder = Path(os.environ.get("COLDTRACE_VECTORS") or REPOSITORY.parent / "shared" / "vectors")
    return folder if folder.is_dir() else None


def own_vectors_dir() -> Path:
    """Return the folder of our own frozen vectors."""
    return REPOSITORY / "tests" / "vectors"
