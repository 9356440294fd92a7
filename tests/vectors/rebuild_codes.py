"""Rebuild `gs1/cct1_added_codes.json`: the cases that the first 32 signed codes lack.

    python tests/vectors/rebuild_codes.py

Signs with the throw-away seed of `gs1/cct1_signed_codes.json` (Ed25519 is deterministic), in its own few lines
and not with coldtrace, so that the vectors judge the code and not the code itself.  A test compares the file
with what this script builds.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FOLDER = Path(__file__).parent / "gs1"
HOST = "TRACE.EXAMPLE.CN"
NOW = "2026-11-23T04:00:00.000Z"

Elements = list[tuple[str, str]]


class Add(Protocol):
    """Add one case."""

    def __call__(self, name: str, uri: str, verdict: str, elements: Elements | None = None, **more: object) -> None: ...


UNIT: Elements = [("01", "09506000134352"), ("10", "L2409A17"), ("21", "7QK4M2ZX9RTB")]
PALLET: Elements = [("00", "106141412345678908")]
OWN: Elements = [("U", "7QK4M2ZX9RTB5")]


class Key:
    """The throw-away Ed25519 key of the first vectors."""

    def __init__(self, seed: bytes) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        self.spki = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.kid = hashlib.sha256(self.spki).digest()[:4]

    def token(self, elements: Elements, *, first: int = 0x11) -> str:
        """Return the token over these elements as they stand."""
        return self.token_over(b"".join((ai + value).encode() + b"\x1d" for ai, value in elements), first=first)

    def token_over(self, body: bytes, *, first: int = 0x11) -> str:
        """Return the token over these bytes behind the header."""
        header = bytes([first]) + self.kid
        signature = self.private.sign(b"CCTRACE1\x00" + header + body)
        return base64.b32encode(header + signature).decode().rstrip("=")


def link(path: str, query: str, token: str) -> str:
    """Return a printed code."""
    return f"https://{HOST}{path}?{query}{'&' if query else ''}s={token}"


def path_of(elements: Elements) -> str:
    """Return the path of these elements."""
    return "".join(f"/{ai}/{quote(value, safe='')}" for ai, value in elements)


def build() -> dict[str, object]:
    """Return the whole content of the file."""
    first = json.loads((FOLDER / "cct1_signed_codes.json").read_text(encoding="utf-8"))
    key = Key(bytes.fromhex(first["keys"][0]["test_seed_hex"]))
    cases: list[dict[str, object]] = []

    def add(name: str, uri: str, verdict: str, elements: Elements | None = None, **more: object) -> None:
        shown = None if elements is None else [list(pair) for pair in elements]
        cases.append({"name": name, "uri": uri, "verdict": verdict, "elements": shown, **more})

    _injective(key, add)
    _letter_case(key, add)
    _shapes(key, add)
    _tokens(key, add)
    _windows(key, add)
    return {
        "description": "CCT1 cases beside cct1_signed_codes.json, made by tests/vectors/rebuild_codes.py with the same "
        "throw-away seed. `key` changes members of the listed key, `now` the time of the check.",
        "now": NOW,
        "hosts": ["trace.example.cn"],
        "key": {
            "kid": key.kid.hex(),
            "alg": "Ed25519",
            "spki": base64.b64encode(key.spki).decode(),
            "stn": "TEST-001",
            "scope": ["01", "00", "U"],
            "print_from": "2026-11-01",
            "print_until": "2026-12-08",
            "accept_until": "2028-12-08",
            "st": "active",
        },
        "cases": cases,
    }


def _injective(key: Key, add: Add) -> None:
    """Texts that would sign the same bytes, or hide something from some reader."""
    short: Elements = [("01", "09506000134352"), ("21", "S")]
    dated = [*short, ("17", "261231")]
    token, path = key.token(dated), path_of(short)
    add("expiry in the query", link(path, "17=261231", token), "valid", dated)
    add("same bytes: AI 1 instead of 17", link(path, "1=7261231", token), "malformed_uri")
    add("same bytes: separator inside the serial", link(f"{path}%1D17261231", "", token), "malformed_uri")
    add("same bytes: AI 172", link(path, "172=61231", token), "malformed_uri")
    add("numeric key outside the list", link(path, "99=X", key.token([*short, ("99", "X")])), "malformed_uri")
    add("lot in the query", link(path, "10=L1", key.token([*short, ("10", "L1")])), "malformed_uri")
    add("numeric key in disguise", link(path, "%31%37=261231", token), "malformed_uri")
    add("token name in disguise", link(path, "17=261231&%73=X", token), "malformed_uri")
    add("numeric key without a value", link(path, "17", key.token(short)), "malformed_uri")
    add("numeric key with an empty value", link(path, "17=", key.token(short)), "malformed_uri")
    add("full-width digits as key", link(path, "１７=261231", token), "malformed_uri")
    add("byte above 7F in the serial", link(f"{path}%C3%A9", "", key.token(short)), "malformed_uri")
    add("blank in a value", link(path, "17=26+231", key.token(short)), "malformed_uri")
    add("broken percent sign", link("/01/09506000134352/21/S%2", "", key.token(short)), "malformed_uri")
    add("expiry in the path", link(f"{path}/17/261231", "", token), "malformed_uri")
    add("token of a unit on its lot", link("/01/09506000134352/10/S", "", key.token(short)), "malformed_uri")


def _letter_case(key: Key, add: Add) -> None:
    """What wedges and Caps Lock do to a printed code."""
    uri = link(path_of(UNIT), "", key.token(UNIT))
    add("all lower case", uri.lower(), "valid", UNIT)
    add("all upper case", uri.upper(), "valid", UNIT)
    add("Caps Lock turned round", uri.swapcase(), "valid", UNIT)
    add("lower case and altered", uri.lower().replace("l2409a17", "l2409a18"), "bad_signature")
    add("only the serial in lower case", uri.replace("7QK4M2ZX9RTB", "7qk4m2zx9rtb"), "bad_signature")
    add("lower case, host not listed", uri.lower().replace("trace.", "tracé."), "malformed_uri")
    add("lower case, other host", uri.lower().replace("trace.", "tr4ce."), "untrusted_host", UNIT)
    own = link(path_of(OWN), "", key.token(OWN))
    add("own id", own, "valid", OWN)
    add("own id in lower case", own.lower(), "valid", OWN)
    add("mixed-case scheme", uri.replace("https", "Https"), "malformed_uri")
    add("mixed-case token", uri[:-20] + uri[-20:].lower(), "valid", UNIT)


def _shapes(key: Key, add: Add) -> None:
    """Paths, qualifiers and query AIs."""
    full: Elements = [("01", "09506000134352"), ("22", "A"), ("10", "L1"), ("21", "S1")]
    add("variant, lot and serial", link(path_of(full), "", key.token(full)), "valid", full)
    content: Elements = [("02", "09506000134352"), ("37", "60"), ("4331", "001800-"), ("4333", "002500-")]
    pallet = [*PALLET, *content]
    add(
        "pallet with content and temperatures, query in another order",
        link(path_of(PALLET), "4333=002500-&37=60&02=09506000134352&4331=001800-", key.token(pallet)),
        "valid",
        pallet,
    )
    add(
        "signed in the order of the query",
        link(path_of(PALLET), "37=60&02=09506000134352", key.token([*PALLET, ("37", "60"), ("02", "09506000134352")])),
        "bad_signature",
    )
    token = key.token(UNIT)
    path = path_of(UNIT)
    add("value with needless escapes", link(path.replace("L24", "%4C%32%34"), "", token), "valid", UNIT)
    add("fragment", link(path, "", token) + "#top", "valid", UNIT)
    add("empty query parts", link(path, "", token).replace("?", "?&&") + "&", "valid", UNIT)
    add(
        "token before the AIs",
        f"https://{HOST}{path}?s={key.token([*UNIT, ('17', '261200')])}&17=261200",
        "valid",
        [*UNIT, ("17", "261200")],
    )
    add("plain http", link(path, "", token).replace("https", "http"), "malformed_uri")
    add("trailing slash", link(path + "/", "", token), "malformed_uri")
    add(
        "no serial",
        link("/01/09506000134352/10/L1", "", key.token([("01", "09506000134352"), ("10", "L1")])),
        "malformed_uri",
    )
    add("serial of 21 characters", link(path + "7QK4M2ZX9", "", token), "malformed_uri")
    add("own id of 12 characters", link("/U/7QK4M2ZX9RTB", "", key.token([("U", "7QK4M2ZX9RTB")])), "malformed_uri")
    add("own id of 27 characters", link("/U/" + "7" * 27, "", key.token([("U", "7" * 27)])), "malformed_uri")
    add("month 13", link(path, "17=261331", key.token([*UNIT, ("17", "261331")])), "malformed_uri")
    add(
        "temperature of five digits",
        link(path_of(PALLET), "4331=00180", key.token([*PALLET, ("4331", "00180")])),
        "malformed_uri",
    )
    add(
        "value that looks like a key",
        link("/01/09506000134352/10/00/21/01", "", key.token([("01", "09506000134352"), ("10", "00"), ("21", "01")])),
        "valid",
        [("01", "09506000134352"), ("10", "00"), ("21", "01")],
    )
    add("user name before the host", link(path, "", token).replace(HOST, f"{HOST}@EVIL.TEST"), "malformed_uri")
    add("port behind the host", link(path, "", token).replace(HOST, f"{HOST}:8443"), "untrusted_host", UNIT)


def _tokens(key: Key, add: Add) -> None:
    """Tokens that are none, or somebody else's."""
    path, token = path_of(UNIT), key.token(UNIT)
    add("empty token", link(path, "", ""), "malformed_token")
    add("s without a value", f"https://{HOST}{path}?s", "malformed_token")
    add("padded token", link(path, "", token + "="), "malformed_token")
    add("digit outside base32", link(path, "", "1" + token[1:]), "malformed_token")
    add("s and S", link(path, "S=" + token, token), "malformed_uri")
    add("reserved algorithm 0", link(path, "", key.token(UNIT, first=0x10)), "alg_mismatch")
    add("reserved algorithm 4", link(path, "", key.token(UNIT, first=0x14)), "alg_mismatch")
    add("algorithm 3 with an Ed25519 key", link(path, "", key.token(UNIT, first=0x13)), "alg_mismatch")
    add("version 0", link(path, "", key.token(UNIT, first=0x01)), "unsupported_version")
    add("version 2", link(path, "", key.token(UNIT, first=0x21)), "unsupported_version")
    add("signature over nothing", link(path, "", key.token_over(b"")), "bad_signature")


DOOR: Elements = [("414", "6901234567892"), ("254", "D07")]
_SCOPES: list[tuple[str, Elements, list[str], bool]] = [
    ("GTIN of the prefix, behind the indicator", UNIT, ["01:9506000"], True),
    ("GTIN prefix counted from the indicator", UNIT, ["01:0950600"], False),
    ("GTIN of another prefix", UNIT, ["01:9506001", "00:9506000"], False),
    ("one entry of several fits", UNIT, ["00", "01:4012345", "01:950600013435"], True),
    ("SSCC of the prefix, behind the extension digit", PALLET, ["00:0614141"], True),
    ("SSCC prefix counted from the extension digit", PALLET, ["00:1061414"], False),
    ("SSCC of another prefix", PALLET, ["01", "00:0614142"], False),
    ("U is no number with a prefix", OWN, ["U:7QK4"], False),
    ("U", OWN, ["U"], True),
    ("GLN of the prefix, from its first digit", DOOR, ["00", "414:6901234"], True),
    ("GLN of another prefix", DOOR, ["00", "414:6901235"], False),
    ("GLN limited twice", DOOR, ["414:6901235", "414"], True),
    ("a prefix without a limit beside it", UNIT, ["01:4012345", "01"], True),
    ("an entry that nobody knows allows nothing", UNIT, ["01:", "01:95", "01:95060A", "8003", "*"], False),
]


def _windows(key: Key, add: Add) -> None:
    """The key's state, window and scope."""
    uri = link(path_of(UNIT), "", key.token(UNIT))
    altered = uri.replace("L2409A17", "L2409A18")
    door: Elements = [("414", "6901234567892"), ("254", "D07")]
    add("retired key, still accepted", uri, "valid", UNIT, key={"st": "verify-only"})
    add("revoked key", uri, "revoked", key={"st": "revoked"})
    add("revoked key comes before the signature", altered, "revoked", key={"st": "revoked"})
    add("before the window", uri, "revoked", now="2026-10-31T23:59:59.000Z")
    add("first moment of the window", uri, "valid", UNIT, now="2026-11-01T00:00:00.000Z")
    add("printing is over, still accepted", uri, "valid", UNIT, now="2027-06-01T00:00:00.000Z")
    add("behind the window", uri, "revoked", now="2028-12-10T00:00:00.000Z")
    add("key not for units", uri, "unknown_key", key={"scope": ["00"]})
    add("key of another use", uri, "unknown_key", key={"use": "receipt"})
    add("door code whatever the scope", link(path_of(door), "", key.token(door)), "valid", door, key={"scope": ["00"]})
    for name, elements, scope, good in _SCOPES:
        other = link(path_of(elements), "", key.token(elements))
        verdict = "valid" if good else "unknown_key"
        add(f"scope {name}", other, verdict, elements if good else None, key={"scope": scope})
    add("key of the status files", uri, "unknown_key", key={"use": "status"})
    add("revoked comes before the host", uri.replace(HOST, "EVIL.TEST"), "revoked", key={"st": "revoked"})


if __name__ == "__main__":
    text = json.dumps(build(), ensure_ascii=False, indent=1) + "\n"
    (FOLDER / "cct1_added_codes.json").write_text(text, encoding="utf-8")
