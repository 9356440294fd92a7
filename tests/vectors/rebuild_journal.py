"""Rebuild `journal/chain.json`: a chain of records, and the ways in which somebody may have changed it.

    python tests/vectors/rebuild_journal.py

Prints and hashes in its own few lines and not with coldtrace, so that the vectors judge the code and not the code
itself.  A test compares the file with what this script builds.
"""

import base64
import hashlib
import json
from pathlib import Path

FILE = Path(__file__).parent / "journal" / "chain.json"
NET = hashlib.sha256(b"an installation of its own").digest()
FIRM, SHOP = "019aac00-0000-7000-8000-0000000000f1", "019aac00-0000-7000-8000-0000000000f2"
PERSON = "person:019aac00-0000-7000-8000-0000000000a1"


def jcs(value: object) -> str:
    """Return the canonical text of values with ASCII keys and no floats."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def record(seq: int, **differs: object) -> dict[str, object]:
    """Return a record with the usual values and some of its own."""
    usual: dict[str, object] = {
        "v": 1,
        "seq": seq,
        "id": f"019aac00-0000-7000-8000-{seq:012x}",
        "at": f"2026-11-28T04:00:0{seq}.000000Z",
        "actor": PERSON,
        "for": [FIRM],
        "as": ["importer"],
        "act": "read",
        "kind": "unit",
        "object": "(00)106141412345678908",
        "purpose": None,
        "subjects": [FIRM],
        "detail": {},
    }
    return usual | differs


RECORDS = [
    record(1),
    record(2, act="list", kind="run", object="/api/v1/runs?limit=5", detail={"count": 2}, subjects=[FIRM, SHOP]),
    record(3, act="export", kind="journal", object="*", purpose='食品安全检查 第12号 "抽查"', **{"as": ["regulator"]}),
    record(4, actor="command line", act="invite", kind="device", object="9521234000044", **{"for": [], "as": []}),
    record(5, at="2026-11-28T04:00:05.123456Z", detail={"numbers": "3-5", "reason": "wet\n湿"}),
    record(6, sites=["9521234000044", "9521234000051"]),
]


def chain(net: bytes, texts: list[str]) -> list[str]:
    """Return the hash after each text, in hex."""
    found, before = [], net
    for text in texts:
        before = hashlib.sha256(b"coldtrace-journal-v1\n" + before + text.encode()).digest()
        found.append(before.hex())
    return found


def build() -> str:
    """Return the whole file."""
    texts = [jcs(each) for each in RECORDS]
    hashes = chain(NET, texts)
    body = {
        "about": "hash(0) = net; hash(n) = SHA-256('coldtrace-journal-v1' 0A | hash(n-1) | text(n))",
        "net": NET.hex(),
        "records": [{"text": text, "hash": hash_} for text, hash_ in zip(texts, hashes, strict=True)],
        "anchor": jcs(
            {
                "v": 1,
                "what": "journal",
                "day": "2026-11-28",
                "seq": 6,
                "head": _b64(bytes.fromhex(hashes[-1])),
            }
        ),
    }
    return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(build())
