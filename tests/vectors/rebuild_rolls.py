"""Rebuild `rolls/certificates.json`: range certificates of pre-issued rolls, right and wrong.

    python tests/vectors/rebuild_rolls.py

Signs with throw-away seeds in its own few lines and not with coldtrace, so that the vectors judge the code and not the
code itself.  A test compares the file with what this script builds.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FOLDER = Path(__file__).parent / "rolls"
NOW = "2026-11-23T04:00:00.000Z"
SITE, OTHER_SITE = "6901234567892", "6901234567908"
GTIN = "09506000134352"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MOD36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NET = hashlib.sha256(b"an installation of its own").digest()

Certificate = dict[str, object]


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jcs(value: object) -> str:
    """Return the canonical text of values with ASCII keys and no floats."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def check_character(serial: str) -> str:
    """Return the ISO/IEC 7064 MOD 37,36 check character."""
    product = 36
    for sign in serial:
        product = ((product + MOD36.index(sign)) % 36 or 36) * 2 % 37
    return MOD36[(37 - product) % 36]


def serials(count: int, seed: bytes = b"roll") -> list[str]:
    """Return so many serials, the same at every run."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        digest = hashlib.sha256(seed + number.to_bytes(4, "big")).digest()
        serial = "".join(ALPHABET[byte & 31] for byte in digest[:12])
        if check_character(serial) in ALPHABET:
            found.append(serial)
        number += 1
    return found


class Key:
    """A throw-away Ed25519 key."""

    def __init__(self, number: int) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        self.spki = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.id = hashlib.sha256(self.spki).digest()

    def listed(self, **more: object) -> dict[str, object]:
        """Return the key as a trust list has it."""
        return {
            "kid": self.id[:4].hex(),
            "use": "code",
            "alg": "Ed25519",
            "spki": b64(self.spki),
            "stn": "S1",
            "scope": [],
            "print_from": "2026-11-01T00:00:00.000Z",
            "print_until": "2026-12-08T00:00:00.000Z",
            "accept_until": "2028-12-08T00:00:00.000Z",
            "st": "active",
            **more,
        }


def build() -> dict[str, object]:
    """Return the whole content of the file."""
    key, other = Key(1), Key(2)
    cases: list[dict[str, object]] = []

    def certificate(**changed: object) -> Certificate:
        usual: Certificate = {
            "v": 1,
            "net": b64(NET),
            "roll": "01939f6e-1c00-7000-8000-00000000c0de",
            "site": SITE,
            "key": b64(key.id),
            "gtin": GTIN,
            "first": 1,
            "last": 5,
            "serials": "".join(serials(5)),
            "issued": "2026-11-20T00:00:00.000Z",
            "bind_until": "2027-02-18T00:00:00.000Z",
        }
        return {name: value for name, value in (usual | changed).items() if value != "left out"}

    def add(name: str, says: str, content: object, *, signer: Key = key, **more: object) -> None:
        text = content if isinstance(content, str) else jcs(content)
        sig = b64(signer.private.sign(b"CCROLL1\x00" + text.encode()))
        cases.append({"name": name, "says": says, "envelope": jcs({"certificate": text, "sig": sig}), **more})

    _right(add, certificate, other)
    _refused(add, certificate, key, other)
    _malformed(add, certificate, cases)
    return {
        "description": "Range certificates (docs/formats/rolls.md), made by tests/vectors/rebuild_rolls.py with "
        "throw-away seeds 32 times 01 and 02. `says` is `valid`, the code of the refusal, or its reason; `units` the "
        "unit ids from `first` on; `key` changes members of the first listed key, `now` the time of the check.",
        "now": NOW,
        "trust_list": {
            "v": 1,
            "net": b64(NET),
            "seq": 7,
            "issued": "2026-11-23T00:00:00.000Z",
            "expires": "2026-11-30T00:00:00.000Z",
            "hosts": ["trace.example.cn"],
            "stations": [
                {"id": "S1", "name": "Port", "gln": SITE, "gcp": [], "status": "active"},
                {"id": "S2", "name": "Other port", "gln": OTHER_SITE, "gcp": [], "status": "active"},
            ],
            "keys": [key.listed(), other.listed(stn="S2")],
        },
        "cases": cases,
    }


def _right(add: Callable[..., None], certificate: Callable[..., Certificate], other: Key) -> None:
    five, three = serials(5), serials(3, b"own")
    add("by GTIN", "valid", certificate(), units=[f"(01){GTIN}(21){serial}" for serial in five])
    add(
        "without GTIN, numbers from 101",
        "valid",
        certificate(gtin=None, first=101, last=103, serials="".join(three)),
        units=[f"U:{serial}{check_character(serial)}" for serial in three],
    )
    add(
        "another station",
        "valid",
        certificate(site=OTHER_SITE, key=b64(other.id)),
        signer=other,
        units=[f"(01){GTIN}(21){serial}" for serial in five],
    )
    add("retired key", "valid", certificate(), key={"st": "verify-only"}, units=[f"(01){GTIN}(21){s}" for s in five])
    add(
        "bind_until is over: for the caller to judge",
        "valid",
        certificate(),
        now="2027-03-01T00:00:00.000Z",
        units=[f"(01){GTIN}(21){serial}" for serial in five],
    )


def _refused(add: Callable[..., None], certificate: Callable[..., Certificate], key: Key, other: Key) -> None:
    add("another installation", "other_network", certificate(net=b64(bytes(32))))
    add("key not listed", "unknown_key", certificate(key=b64(bytes(32))))
    add("key of another use", "unknown_key", certificate(), key={"use": "receipt"})
    add("key of another station", "other_station", certificate(site=OTHER_SITE))
    add("key of no station", "other_station", certificate(), key={"stn": None})
    add("revoked key", "revoked", certificate(), key={"st": "revoked"})
    add("revoked comes before the signature", "revoked", certificate(), signer=other, key={"st": "revoked"})
    add("issued before the print window", "window", certificate(issued="2026-10-31T23:59:59.999Z"))
    add("issued at the end of the print window", "window", certificate(issued="2026-12-08T00:00:00.000Z"))
    add("key no longer accepted", "window", certificate(), now="2028-12-08T00:00:00.000Z")
    add("signed by another key", "bad_signature", certificate(), signer=other)


def _malformed(
    add: Callable[..., None], certificate: Callable[..., Certificate], cases: list[dict[str, object]]
) -> None:
    bad, five = "malformed_roll_certificate", serials(5)
    add("version 2", bad, certificate(v=2))
    add("member left out", bad, certificate(gtin="left out"))
    add("member too many", bad, certificate(note="x"))
    add("upper-case roll", bad, certificate(roll="01939F6E-1C00-7000-8000-00000000C0DE"))
    add("wrong check digit of the site", bad, certificate(site="6901234567893"))
    add("wrong check digit of the GTIN", bad, certificate(gtin="09506000134353"))
    add("first is 0", bad, certificate(first=0))
    add("last before first", bad, certificate(first=6, last=5, serials=""))
    add("too many numbers", bad, certificate(last=20_001))
    add("a serial too few", bad, certificate(serials="".join(five[:4])))
    add("a serial twice", bad, certificate(serials="".join([*five[:4], five[0]])))
    add("serial with a letter that serials lack", bad, certificate(serials="".join([*five[:4], five[4][:11] + "U"])))
    add("serial that would not be drawn", bad, certificate(serials="".join([*five[:4], _undrawn()])))
    add("bind_until not after issued", bad, certificate(bind_until="2026-11-20T00:00:00.000Z"))
    add("time without milliseconds", bad, certificate(issued="2026-11-20T00:00:00Z"))
    add("certificate is no object", bad, "[]")
    add("certificate is not canonical", "not_canonical", jcs(certificate()).replace(",", ", ", 1))
    good = json.loads(str(cases[0]["envelope"]))
    cases.append({"name": "envelope without sig", "says": bad, "envelope": jcs({"certificate": good["certificate"]})})
    cases.append({"name": "short signature", "says": bad, "envelope": jcs(good | {"sig": good["sig"][:-2]})})
    cases.append({"name": "envelope not canonical", "says": "not_canonical", "envelope": json.dumps(good)})
    cases.append({"name": "no JSON", "says": "not_canonical", "envelope": "roll"})


def _undrawn() -> str:
    """Return a serial whose check character would be I, L, O or U."""
    return next(serial for number in range(1000) if check_character(serial := f"{number:012}") not in ALPHABET)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(build(), ensure_ascii=False, indent=1) + "\n"
    (FOLDER / "certificates.json").write_text(text, encoding="utf-8")
