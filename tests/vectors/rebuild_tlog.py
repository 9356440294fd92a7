"""Write tests/vectors/tlog again from `support.tlog_vectors` and `support.witness_vectors`.

Run it after a deliberate change of a format, look at the difference, and commit both:

    python tests/vectors/rebuild_tlog.py
"""

import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
FOLDER = TESTS / "vectors" / "tlog"


def main() -> None:
    """Write all files and say so."""
    sys.path.insert(0, str(TESTS))
    from support import tlog_vectors, witness_vectors

    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, value in {**tlog_vectors.build(), **witness_vectors.build()}.items():
        (FOLDER / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        print(f"wrote tests/vectors/tlog/{name}")


if __name__ == "__main__":
    main()
