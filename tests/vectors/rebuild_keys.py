"""Write keys/development-root.json and keys/development-trust-list.json again, from seeds that everybody can read.

    python tests/vectors/rebuild_keys.py

They are for newcomers, who can check the codes of `gs1/cct1_signed_codes.json` with them, offline.  Whatever these keys
sign is worth nothing, and a production installation refuses to start with one of them: `parties/public_test_keys.py`
has their ids.  A test compares both with what this script builds.
"""

import base64
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
FOLDER = TESTS.parent / "keys"
ISSUED, EXPIRES = datetime(2026, 11, 23, tzinfo=UTC), datetime(2036, 11, 23, tzinfo=UTC)


def build() -> dict[str, str]:
    """Return the two texts by file name."""
    sys.path.insert(0, str(TESTS))
    from coldtrace.seal.root_document import write_root
    from coldtrace.seal.trust_entries import LogEntry, Station, TrustList, trusted_key
    from coldtrace.seal.trust_list import print_list, sign_trust_list
    from coldtrace.seal.vkey import vkey_of
    from support.tlog_vectors import ORIGIN, signer

    first = json.loads((TESTS / "vectors" / "gs1" / "cct1_signed_codes.json").read_text(encoding="utf-8"))
    root_key = signer("development root")
    root = write_root(roots={"r1": root_key.spki}, threshold=1)
    codes = [trusted_key(use="code", spki=base64.b64decode(key["spki_b64"]), stn="TEST-001") for key in first["keys"]]
    others = [trusted_key(use=use, spki=signer(use).spki) for use in ("enrolment", "receipt", "status")]
    trust = TrustList(
        net=root.net,
        seq=1,
        issued=ISSUED,
        expires=EXPIRES,
        hosts=tuple(first["hosts"]),
        stations=(Station(id="TEST-001", name="测试首站", gln=None, gcp=(), status="active"),),
        keys=(*codes, *others),
        logs=(LogEntry(origin=ORIGIN, vkey=vkey_of(name=ORIGIN, spki=signer("log").spki), witnesses=(), quorum=0),),
    )
    envelope = sign_trust_list(print_list(trust), {"r1": root_key}, root=root)
    return {
        "development-root.json": root.text + "\n",
        "development-trust-list.json": json.dumps(envelope, ensure_ascii=False, indent=1) + "\n",
    }


if __name__ == "__main__":
    for name, text in build().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote keys/{name}")
