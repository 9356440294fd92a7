"""Builds tests/vectors/filters: filter files, proofs of single units, and the verdicts on codes of a stolen key.

All keys are throw-away.  `tests/vectors/rebuild_filters.py` writes the files again, and a test compares.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from coldtrace.clock import format_utc
from coldtrace.codes.sign import sign_code
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.filter import Filter, open_filter
from coldtrace.seal.filter_build import build_allow_filter, build_stop_filter
from coldtrace.seal.filter_header import MAGIC, FilterKind, places
from coldtrace.seal.filter_prove import prove_item
from coldtrace.seal.keys import Ed25519Signer, key_id, kid
from coldtrace.seal.root_document import write_root
from coldtrace.seal.trust_entries import Allow
from coldtrace.seal.trust_list import TrustList, print_list, sign_trust_list, trusted_key
from support.published import own_vectors_dir

NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)
ISSUED = datetime(2026, 11, 28, tzinfo=UTC)
LIFE = timedelta(days=7)
GTIN = "09506000134352"
COUNT = 1000


def build() -> dict[str, object]:
    """Return all files: name to JSON value."""
    return {"allow.json": _allow(), "stops.json": _stops(), "places.json": _places()}


def frozen(name: str) -> Any:
    """Return what one of the frozen files says."""
    return json.loads((own_vectors_dir() / "filters" / name).read_text(encoding="utf-8"))


def signer(name: str) -> Ed25519Signer:
    """Return the throw-away key of a name."""
    return Ed25519Signer.from_seed(hashlib.sha256(b"coldtrace filter test key " + name.encode()).digest())


def unit(number: int) -> str:
    """Return the unit id of a box."""
    return f"(01){GTIN}(21){serial(number)}"


def serial(number: int) -> str:
    """Return a serial that is the same in each run."""
    return hashlib.sha256(b"%d" % number).hexdigest()[:12].upper()


def salts(name: str) -> Callable[[int], bytes]:
    """Return a source of salts that gives the same ones in each run."""
    tries = iter(range(100))
    return lambda size: hashlib.sha256(f"{name} {next(tries)}".encode()).digest()[:size]


def root() -> Any:
    """Return the root document of the vectors."""
    return write_root(roots={"r1": signer("root").spki}, threshold=1)


def allow_file(name: str = "allow", *, first: int = 0, key: str = "stolen") -> bytes:
    """Return an allow-filter of COUNT units from number `first` on."""
    return build_allow_filter(
        lambda: (unit(first + number) for number in range(COUNT)),
        net=root().net,
        key=key_id(signer(key).spki),
        issued=ISSUED,
        random=salts(name),
    )


def stop_file(
    kind: FilterKind,
    items: list[str],
    *,
    seq: int = 3,
    by: str = "status",
    net: bytes = b"",
    bits: int | None = None,
) -> bytes:
    """Return a filter of voided units or recalled lots, with slots of `bits` or as their number asks."""
    return build_stop_filter(
        lambda: items,
        kind=kind,
        net=net or root().net,
        seq=seq,
        issued=ISSUED,
        expires=ISSUED + LIFE,
        signer_id=key_id(signer(by).spki),
        signer=signer(by),
        random=salts(f"{kind} {len(items)}"),
        bits=bits,
    )


def trust_list(allow: Filter | None = None) -> TrustList:
    """Return the list: a stolen key with its filter, one without, a good one, and the status key."""
    pinned = open_filter(allow_file()) if allow is None else allow
    code_key = partial(
        trusted_key, use="code", print_from=ISSUED - timedelta(days=30), accept_until=ISSUED + timedelta(days=700)
    )
    return TrustList(
        net=root().net,
        seq=9,
        issued=ISSUED,
        expires=ISSUED + LIFE,
        hosts=("trace.example.cn",),
        stations=(),
        keys=(
            code_key(
                spki=signer("stolen").spki,
                st="revoked",
                allow=Allow(sha256=pinned.id, units=pinned.header.count),
            ),
            code_key(spki=signer("stolen, no filter").spki, st="revoked"),
            code_key(spki=signer("good").spki),
            trusted_key(use="status", spki=signer("status").spki),
        ),
    )


def envelope() -> dict[str, object]:
    """Return the signed list."""
    return sign_trust_list(print_list(trust_list()), {"r1": signer("root")}, root=root())


def code(number: int, *, key: str = "stolen", host: str = "trace.example.cn") -> str:
    """Return the signed code of a box."""
    elements = (("01", GTIN), ("10", "L2409A17"), ("21", serial(number)))
    return sign_code(host=host, elements=elements, algorithm=1, kid=kid(signer(key).spki), sign=signer(key).sign)


def _allow() -> object:
    file = allow_file()
    forged = COUNT + 7
    other = allow_file("of the thief", first=forged)
    foreign = allow_file("of another key", key="good")
    door = sign_code(
        host="trace.example.cn",
        elements=(("414", "6901234567892"),),
        algorithm=1,
        kid=kid(signer("stolen").spki),
        sign=signer("stolen").sign,
    )
    broken = code(5).replace("/10/L2409A17", "/10/L2409A18")
    late = format_utc(ISSUED + timedelta(days=701))
    cases: list[dict[str, object]] = []

    def add(name: str, uri: str, proof: object, verdict: str, **more: object) -> None:
        cases.append({"name": name, "uri": uri, "proof": proof, "verdict": verdict, **more})

    add("registered before the theft", code(5), prove_item(file, unit(5)), "valid")
    add("without capitals", code(5).lower(), prove_item(file, unit(5)), "valid")
    add("the filter is not held", code(5), None, "revoked")
    add("forged after the theft", code(forged), prove_item(file, unit(forged)), "revoked")
    add("the proof of another box", code(6), prove_item(file, unit(5)), "revoked")
    add("a filter that nobody pinned", code(forged), prove_item(other, unit(forged)), "revoked")
    add("a filter of another key", code(5), prove_item(foreign, unit(5)), "revoked")
    add("registered, but altered", broken, prove_item(file, unit(5)), "bad_signature")
    add("registered, past accept_until", code(5), prove_item(file, unit(5)), "revoked", now=late)
    add("a door", door, prove_item(file, unit(5)), "revoked")
    add("a key without a filter", code(5, key="stolen, no filter"), prove_item(file, unit(5)), "revoked")
    add("another address", code(5, host="other.example.cn"), prove_item(file, unit(5)), "untrusted_host")
    add("a good key needs no proof", code(forged, key="good"), None, "valid")
    return {
        "now": format_utc(NOW),
        "root": root().text,
        "trust_list": envelope(),
        "file": b64(file),
        "id": open_filter(file).id.hex(),
        "members": [unit(number) for number in range(0, COUNT, 97)],
        "strangers": [unit(number) for number in range(forged, forged + 10)],
        "cases": cases,
        "malformed_proofs": [
            {"name": name, "proof": proof} for name, proof in _malformed(prove_item(file, unit(5))).items()
        ],
    }


def _malformed(proof: dict[str, Any]) -> dict[str, object]:
    first = proof["pieces"][0]

    def with_first(**changes: object) -> object:
        return proof | {"pieces": [first | changes, *proof["pieces"][1:]]}

    flipped = bytearray(unb64(first["bytes"]))
    flipped[3] ^= 1
    return {
        "no object": [proof],
        "no header": {"pieces": proof["pieces"]},
        "one member too many": proof | {"more": 1},
        "header in another spelling": proof | {"header": proof["header"].replace(":", ": ", 1)},
        "header of a stop-filter": proof | {"header": proof["header"].replace("allowed", "revoked")},
        "no piece": proof | {"pieces": []},
        "a piece twice": proof | {"pieces": [first, first]},
        "a piece with a flipped bit": with_first(bytes=b64(bytes(flipped))),
        "a piece cut off": with_first(bytes=first["bytes"][:-4]),
        "at another index": with_first(index=first["index"] + 1),
        "outside the body": with_first(index=10_000),
        "a path cut off": with_first(path=first["path"][:-1]),
        "a path of short hashes": with_first(path=[each[:-4] for each in first["path"]]),
        "a piece in padded base64": with_first(bytes=first["bytes"] + "="),
    }


def _stops() -> object:
    units = [unit(number) for number in range(50)]
    lots = [f"(01){GTIN}(10)L{number}" for number in range(5)] + [f"(01){GTIN}(10)A%2FB"]
    good = [
        (FilterKind.REVOKED_UNITS, stop_file(FilterKind.REVOKED_UNITS, units), units),
        (FilterKind.RECALLED_LOTS, stop_file(FilterKind.RECALLED_LOTS, lots), lots),
        *(
            (FilterKind.REVOKED_UNITS, stop_file(FilterKind.REVOKED_UNITS, units, bits=bits), units)
            for bits in (8, 16, 32)
        ),
        (FilterKind.RECALLED_LOTS, stop_file(FilterKind.RECALLED_LOTS, lots, bits=8), lots),
    ]
    file = good[0][1]
    untrusted = {
        "signed by a code key": stop_file(FilterKind.REVOKED_UNITS, units, by="good"),
        "signed by nobody known": stop_file(FilterKind.REVOKED_UNITS, units, by="stranger"),
        "of another installation": stop_file(FilterKind.REVOKED_UNITS, units, net=bytes(32)),
        "an allow-filter that nobody pinned": allow_file("of the thief"),
    }
    return {
        "trust_list": envelope(),
        "files": [
            {
                "kind": str(kind),
                "bits": open_filter(data).header.bits,
                "file": b64(data),
                "seq": 3,
                "expires": format_utc(ISSUED + LIFE),
                "items": items,
                "strangers": [{"item": unit(at), "hit": unit(at) in open_filter(data)} for at in range(5000, 5600)],
            }
            for kind, data, items in good
        ],
        "empty": b64(stop_file(FilterKind.RECALLED_LOTS, [])),
        "untrusted": [{"name": name, "file": b64(data)} for name, data in untrusted.items()],
        "malformed": [{"name": name, "file": b64(data)} for name, data in _broken(file).items()],
    }


def _broken(file: bytes) -> dict[str, bytes]:
    length = int.from_bytes(file[4:8], "big")
    header, rest = file[8 : 8 + length], file[8 + length :]

    def with_header(old: bytes, new: bytes) -> bytes:
        changed = header.replace(old, new)
        assert changed != header
        return MAGIC + len(changed).to_bytes(4, "big") + changed + rest

    allow = bytearray(allow_file())
    allow[8 + int.from_bytes(allow[4:8], "big")] ^= 1
    return {
        "empty": b"",
        "the magic alone": MAGIC,
        "another magic": b"CCF2" + file[4:],
        "header longer than the file": MAGIC + b"\xff\xff\xff\xff" + file[8:],
        "one byte short": file[:-1],
        "one byte more": file + b"\x00",
        "other slots": with_header(b'"bits":48', b'"bits":32'),
        "slots of a size that nobody has": stop_file(FilterKind.REVOKED_UNITS, [unit(5)], bits=24),
        "other count": with_header(b'"count":50', b'"count":60'),
        "too many": with_header(b'"count":50', b'"count":100000001'),
        "no key for an allow-filter": with_header(b"revoked_units", b"allowed_units"),
        "unknown kind": with_header(b"revoked_units", b"revoked_lorry"),
        "expires before it is issued": with_header(b"2026-12-05", b"2026-11-05"),
        "a time without its fraction": with_header(b"2026-12-05T00:00:00.000Z", b"2026-12-05T00:00:00Z"),
        "a number for no signature": with_header(b'"seq":3', b'"seq":0'),
        "a later version": with_header(b'"v":1', b'"v":2'),
        "a member too many": with_header(b'"v":1', b'"v":1,"w":1'),
        "an allow-filter with a signature": bytes(allow),
    }


def _places() -> object:
    salt = bytes(range(16))
    return {
        "salt": salt.hex(),
        "cases": [
            {
                "item": unit(number),
                "block": block,
                "bits": bits,
                "places": places(unit(number), salt=salt, block=block, bits=bits),
            }
            for number, (block, bits) in enumerate(
                [(12, 8), (12, 48), (421, 48), (410_011, 8), (41_000_011, 48), (410_011, 16), (82_011, 32)]
            )
        ],
    }
