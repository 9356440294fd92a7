"""Write tests/vectors/filters again from `support.filter_vectors`.

Run it after a deliberate change of the format, look at the difference, and commit both:

    python tests/vectors/rebuild_filters.py
"""

import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
FOLDER = TESTS / "vectors" / "filters"


def main() -> None:
    """Write all files and say so."""
    sys.path.insert(0, str(TESTS))
    from support.filter_vectors import build

    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, value in build().items():
        (FOLDER / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(f"wrote tests/vectors/filters/{name}")


if __name__ == "__main__":
    main()
