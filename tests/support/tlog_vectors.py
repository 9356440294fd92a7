"""Builds our own vectors of tests/vectors/tlog: what is signed, hashed or parsed by coldtrace.seal.

The files are frozen and any language can read them; `tests/vectors/rebuild_tlog.py` writes them again, and a test
compares.  They cover the ground of the published vectors, so that the tests mean something without these, and
what is ours alone: key strictness, root documents, trust lists, device requests.  All keys are throw-away.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from coldtrace.seal.b64 import b64, std_b64
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.cosignature import cosign, witness_vkey
from coldtrace.seal.device_request import sign_request
from coldtrace.seal.entry_bundle import write_bundle
from coldtrace.seal.hashing import leaf_hash, sha256
from coldtrace.seal.keys import Ed25519Signer, P256Signer, key_id, kid
from coldtrace.seal.merkle import Frontier, consistency_path, inclusion_path, tree_root
from coldtrace.seal.note import add_signatures, sign_note
from coldtrace.seal.public_key import P256_ORDER, P256_SPKI, SM2_SPKI, ed25519_spki
from coldtrace.seal.root_document import RootDocument, sign_root_change, write_root
from coldtrace.seal.sealed_secret import seal_secret
from coldtrace.seal.tile_path import TilePath
from coldtrace.seal.tlog_proof import TlogProof
from coldtrace.seal.trust_list import (
    Allow,
    Cut,
    LogEntry,
    Station,
    TrustList,
    print_list,
    sign_trust_list,
    trusted_key,
)
from coldtrace.seal.vkey import vkey_of
from support import edwards
from support.published import own_vectors_dir

ORIGIN = "log.example.cn/cn-2026"
MESSAGE = b"coldtrace"
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


def build() -> dict[str, object]:
    """Return all files: name to JSON value."""
    return {
        "base64.json": _base64(),
        "keys.json": _keys(),
        "merkle.json": _merkle(),
        "tiles.json": _tiles(),
        "notes.json": _notes(),
        "proof.json": _proof(),
        "trust_list.json": _trust_list(),
        "device_request.json": _device_request(),
        "key_file.json": _key_file(),
    }


def frozen(name: str) -> Any:
    """Return what one of the frozen files says."""
    return json.loads((own_vectors_dir() / "tlog" / name).read_text(encoding="utf-8"))


def signer(name: str) -> Ed25519Signer:
    """Return the throw-away Ed25519 key of a name."""
    return Ed25519Signer.from_seed(_seed(name))


def leaves(count: int) -> list[bytes]:
    """Return the leaves of our test tree: the hash-free texts `leaf 0`, `leaf 1`, ..."""
    return [b"leaf %d" % at for at in range(count)]


def _seed(name: str) -> bytes:
    return hashlib.sha256(b"coldtrace test key " + name.encode()).digest()


def _base64() -> object:
    data = [b"", b"\x00", b"\xfb\xef", b"\xff\xff\xff", bytes(range(32))]
    return {
        "valid": [{"hex": each.hex(), "b64": b64(each), "standard": std_b64(each)} for each in data],
        "malformed_b64": ["A", "AB", "AA==", "AAB", "--9", "++8", "AA A", "AA\n", "A-é", "AAAAA"],
        "malformed_standard": ["A", "AA", "AB==", "AA=", "AA===", "--8=", "AAB=", "AA==AA==", " AA==", "="],
    }


def _keys() -> object:
    ed, p256 = signer("code"), P256Signer.from_seed(_seed("code p256"))
    sm2 = SM2_SPKI + b"\x04" + bytes.fromhex(SM2_POINT)
    keys = [
        {"alg": each.alg, "spki": b64(each.spki), "kid": kid(each.spki), "id": b64(key_id(each.spki))}
        for each in (ed, p256)
    ]
    keys.append({"alg": "SM2", "spki": b64(sm2), "kid": kid(sm2), "id": b64(key_id(sm2))})
    bad = [{"why": why, "spki": b64(spki)} for why, spki in _bad_keys(ed.spki, p256.spki)]
    return {
        "message": MESSAGE.decode(),
        "keys": keys,
        "malformed_keys": bad,
        "signatures": [
            {"why": why, "spki": b64(spki), "sig": b64(sig), "good": good}
            for why, spki, sig, good in (*_ed25519_signatures(ed), *_p256_signatures(p256))
        ],
    }


def _bad_keys(ed: bytes, p256: bytes) -> list[tuple[str, bytes]]:
    small = [
        (f"point of small order {at}", ed25519_spki(edwards.encode(point)))
        for at, point in enumerate(edwards.torsion())
    ]
    y_of_p = edwards.P.to_bytes(32, "little")
    return [
        *small,
        ("y = p, another spelling of y = 0", ed25519_spki(y_of_p)),
        ("y = p + 3, another spelling of y = 3", ed25519_spki((edwards.P + 3).to_bytes(32, "little"))),
        ("x = 0 with a sign", ed25519_spki((1 | 1 << 255).to_bytes(32, "little"))),
        ("not on the curve", ed25519_spki((2).to_bytes(32, "little"))),
        ("one byte short", ed[:-1]),
        ("one byte long", ed + b"\x00"),
        ("empty", b""),
        ("P-256 point not on the curve", P256_SPKI + b"\x04" + bytes(63) + b"\x01"),
        ("P-256 compressed", p256[:26] + bytes([2 + p256[-1] % 2]) + p256[27:59]),
        ("P-256 x not below the field prime", p256[:27] + b"\xff" * 32 + p256[59:]),
        ("P-256 hybrid form", p256[:26] + bytes([6 + p256[-1] % 2]) + p256[27:]),
        ("SM2 point not on the curve", SM2_SPKI + b"\x04" + bytes.fromhex(SM2_POINT)[:-1] + b"\xa1"),
    ]


def _ed25519_signatures(ed: Ed25519Signer) -> list[tuple[str, bytes, bytes, bool]]:
    seed, key = _seed("code"), ed.spki[12:]
    good = ed.sign(MESSAGE)
    s = int.from_bytes(good[32:], "little")
    twisted = edwards.torsion()[1]
    scalar = edwards.secret_scalar(seed)
    mixed = edwards.encode(edwards.add(edwards.multiply(scalar, edwards.BASE), twisted))
    # R printed as y + p is possible only for the nineteen lowest y; with the identity, y = 1, as R and S = h*a.
    odd_r = (edwards.P + 1).to_bytes(32, "little")
    odd_s = edwards.challenge(odd_r, key, MESSAGE) * scalar % edwards.L
    plain_r = (1).to_bytes(32, "little")
    plain_s = edwards.challenge(plain_r, key, MESSAGE) * scalar % edwards.L
    with_torsion = next(
        each
        for nonce in range(1, 100)
        if (each := edwards.sign_with(scalar, key=mixed, nonce=nonce, data=MESSAGE))
        and edwards.challenge(each[:32], mixed, MESSAGE) % 8
    )
    return [
        ("Ed25519 as it should be", ed.spki, good, True),
        ("R of small order is allowed by RFC 8032", ed.spki, plain_r + plain_s.to_bytes(32, "little"), True),
        ("S + L", ed.spki, good[:32] + (s + edwards.L).to_bytes(32, "little"), False),
        ("S with its top bit set", ed.spki, good[:63] + bytes([good[63] | 0x80]), False),
        ("R printed as y + p", ed.spki, odd_r + odd_s.to_bytes(32, "little"), False),
        (
            "R = the neutral point with a sign",
            ed.spki,
            (1 | 1 << 255).to_bytes(32, "little") + plain_s.to_bytes(32, "little"),
            False,
        ),
        (
            "R with a small-order part: true only with the cofactor",
            ed.spki,
            edwards.sign_with(scalar, key=key, nonce=7, data=MESSAGE, twist=twisted),
            False,
        ),
        ("A with a small-order part: true only with the cofactor", ed25519_spki(mixed), with_torsion, False),
        ("63 bytes", ed.spki, good[:-1], False),
        ("65 bytes", ed.spki, good + b"\x00", False),
        ("empty", ed.spki, b"", False),
        ("of another key", ed.spki, signer("other").sign(MESSAGE), False),
        ("of another message", ed.spki, ed.sign(MESSAGE + b"."), False),
    ]


def _p256_signatures(p256: P256Signer) -> list[tuple[str, bytes, bytes, bool]]:
    good = p256.sign(MESSAGE)
    r, s = good[:32], int.from_bytes(good[32:], "big")
    order = P256_ORDER.to_bytes(32, "big")
    return [
        ("ES256 as it should be", p256.spki, good, True),
        ("high s", p256.spki, r + (P256_ORDER - s).to_bytes(32, "big"), False),
        ("r = 0", p256.spki, bytes(32) + good[32:], False),
        ("s = 0", p256.spki, r + bytes(32), False),
        ("r = n", p256.spki, order + good[32:], False),
        ("s = n", p256.spki, r + order, False),
        ("63 bytes", p256.spki, good[:-1], False),
        ("r and s swapped", p256.spki, good[32:] + r, False),
        ("of another message", p256.spki, p256.sign(MESSAGE + b"."), False),
    ]


# The base point of the SM2 curve (GB/T 32918.5), which is the public key of the secret number one.
SM2_POINT = (
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)


def _merkle() -> object:
    hashes = [leaf_hash(each) for each in leaves(300)]
    sizes = [*range(18), 31, 32, 33, 255, 256, 257, 300]
    frontier = Frontier()
    frontier.extend(hashes[:13])
    return {
        "leaf": "the ASCII text `leaf N`, N from 0",
        "roots": {str(size): tree_root(hashes[:size]).hex() for size in sizes},
        "frontier_13": frontier.to_bytes().hex(),
        "inclusion": [case for at, size in _PLACES for case in _inclusion_cases(hashes, at, size)],
        "consistency": [case for old, new in _STEPS for case in _consistency_cases(hashes, old, new)],
    }


_PLACES = [(0, 1), (0, 2), (2, 3), (0, 8), (5, 8), (4, 5), (12, 13), (255, 257), (256, 257), (299, 300)]
_STEPS = [(1, 1), (1, 2), (1, 8), (2, 3), (3, 8), (6, 8), (7, 13), (8, 13), (255, 257), (256, 257), (256, 300)]


def _inclusion_cases(hashes: list[bytes], index: int, size: int) -> list[dict[str, object]]:
    path, root, leaf = inclusion_path(hashes, index, size), tree_root(hashes[:size]), hashes[index]

    def case(why: str, **other: object) -> dict[str, object]:
        given = {"leafIdx": index, "treeSize": size, "root": root, "leafHash": leaf, "proof": path} | other
        printed = {name: _printed(value) for name, value in given.items()}
        return {"desc": f"{index} in {size}: {why}", **printed, "wantErr": why != "good"}

    other_leaf = hashes[(index + 1) % 300]
    cases = [
        case("good"),
        case("another leaf", leafHash=other_leaf),
        case("another root", root=other_leaf),
        case("index one up", leafIdx=index + 1),
        case("index below zero", leafIdx=-1),
        case("index past the size", leafIdx=size),
        case("size zero", treeSize=0),
        case("hash too many", proof=[*path, root]),
        case("hash in front", proof=[leaf, *path]),
        case("leaf cut short", leafHash=leaf[:31]),
        case("empty root", root=b""),
    ]
    if path:
        cases += [
            case("hash missing at the end", proof=path[:-1]),
            case("hash missing at the start", proof=path[1:]),
            case("one bit", proof=[_flip(path[0]), *path[1:]]),
            case("a hash of 33 bytes", proof=[path[0] + b"\x00", *path[1:]]),
        ]
    return cases


def _consistency_cases(hashes: list[bytes], old: int, new: int) -> list[dict[str, object]]:
    path = consistency_path(hashes, old, new)
    old_root, new_root = tree_root(hashes[:old]), tree_root(hashes[:new])

    def case(why: str, **other: object) -> dict[str, object]:
        given = {"size1": old, "size2": new, "root1": old_root, "root2": new_root, "proof": path} | other
        printed = {name: _printed(value) for name, value in given.items()}
        return {"desc": f"{old} to {new}: {why}", **printed, "wantErr": why != "good"}

    cases = [
        case("good"),
        case("another old root", root1=_flip(old_root)),
        case("another new root", root2=_flip(new_root)),
        case("old size zero", size1=0),
        case("old size past the new", size1=new + 1),
        case("hash too many", proof=[*path, new_root]),
        case("hash in front", proof=[old_root, *path]),
        case("empty old root", root1=b""),
    ]
    if path:
        cases += [
            case("empty", proof=[]),
            case("hash missing at the end", proof=path[:-1]),
            case("one bit", proof=[_flip(path[0]), *path[1:]]),
            case("roots swapped", root1=new_root, root2=old_root),
        ]
    return cases


def _printed(value: object) -> object:
    if isinstance(value, bytes):
        return std_b64(value)
    return [_printed(each) for each in value] if isinstance(value, list) else value


def _flip(data: bytes) -> bytes:
    return bytes([data[0] ^ 0x10]) + data[1:]


def _tiles() -> object:
    some = leaves(5)
    level_1 = tree_root([leaf_hash(each) for each in leaves(256)])
    tiles = [(0, 0, 256), (0, 1234067, 256), (1, 3, 112), (63, 999, 1), (None, 0, 255), (None, 123456789, 256)]
    return {
        "paths": [
            {"level": level, "number": number, "width": width, "path": _path(level, number, width)}
            for level, number, width in tiles
        ],
        "malformed_paths": [
            "",
            "tile",
            "/tile/0/000",
            "tile/0/000/",
            "tile/0/0",
            "tile/0/x000/001",
            "tile/0/1000",
            "tile/0/x1/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/00/000",
            "tile/-1/000",
            "tile/64/000",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/entry/000",
            "tile/entries/٠٠٠",
            "tile/0/000\n",
            "tile/0/x000/000.p/5",
        ],
        "widths": [
            {"size": 70_000, "level": 0, "full": 273, "partial": 112},
            {"size": 70_000, "level": 1, "full": 1, "partial": 17},
            {"size": 70_000, "level": 2, "full": 0, "partial": 1},
            {"size": 256, "level": 0, "full": 1, "partial": 0},
            {"size": 256, "level": 1, "full": 0, "partial": 1},
            {"size": 0, "level": 0, "full": 0, "partial": 0},
        ],
        "bundle_hex": write_bundle(some).hex(),
        "bundle_count": 5,
        "level_0_tile_hex": b"".join(map(leaf_hash, some)).hex(),
        "level_1_tile_of_256_hex": level_1.hex(),
    }


def _path(level: int | None, number: int, width: int) -> str:
    return TilePath(level=level, number=number, width=width).text()


def _notes() -> object:
    log, one, two = signer("log"), signer("witness one"), signer("witness two")
    vkey = vkey_of(name=ORIGIN, spki=log.spki)
    root = tree_root([leaf_hash(each) for each in leaves(13)])
    head = Checkpoint(ORIGIN, 13, root)
    note = sign_checkpoint(head, log)
    lines = [
        cosign(head.text(), name=f"witness.example/{name}", signer=key, at_s=1_795_406_400)
        for name, key in (("one", one), ("two", two))
    ]
    text = note[: note.index("\n\n") + 1]
    block = note[note.index("\n\n") + 2 :]
    return {
        "vkey": vkey.text(),
        "witnesses": [
            witness_vkey(name="witness.example/one", spki=one.spki).text(),
            witness_vkey(name="witness.example/two", spki=two.spki).text(),
        ],
        "checkpoint": {"origin": ORIGIN, "size": 13, "root": std_b64(root), "note": note},
        "cosigned": {"note": add_signatures(note, lines), "at_s": 1_795_406_400},
        "plain": sign_note("入库 60 箱\n\n第二段\n", ORIGIN, log),
        "malformed": [
            {"why": "empty", "note": ""},
            {"why": "no signature block", "note": text},
            {"why": "no signature line", "note": f"{text}\n"},
            {"why": "no newline at the end", "note": note[:-1]},
            {"why": "empty text", "note": f"\n{block}"},
            {"why": "control character", "note": f"\x01{note}"},
            {"why": "carriage return", "note": note.replace("\n", "\r\n")},
            {"why": "hyphen for the dash", "note": note.replace("— ", "- ")},
            {"why": "two spaces", "note": note.replace("— ", "—  ")},
            {"why": "space at the end", "note": note[:-1] + " \n"},
            {"why": "base64 without padding", "note": note.rstrip("=\n") + "\n"},
            {"why": "signature without a key id", "note": f"{text}\n— {ORIGIN} AAAA\n"},
            {"why": "101 signatures", "note": note + block * 100},
        ],
        "untrusted": [
            {"why": "text changed", "note": note.replace("\n13\n", "\n14\n")},
            {"why": "text appended", "note": f"{text}more\n\n{block}"},
            {"why": "only a stranger", "note": sign_note(text, "other.example", signer("other"))},
            {"why": "our name, another key", "note": sign_note(text, ORIGIN, signer("other"))},
            {"why": "bad line beside a good one", "note": note + f"— {ORIGIN} {_bad_line(vkey.key_id)}\n"},
        ],
        "malformed_vkeys": [
            "",
            ORIGIN,
            vkey.text().replace("+", "-"),
            vkey.text()[:-1],
            vkey.text() + "=",
            vkey.text().replace(vkey.key_id.hex(), "00000000"),
            vkey.text().replace(vkey.key_id.hex(), vkey.key_id.hex().upper()),
            "+" + vkey.text().split("+", 1)[1],
            "a b+" + vkey.text().split("+", 1)[1],
        ],
        "malformed_checkpoints": [
            {"why": why, "text": text}
            for why, text in (
                ("two lines", f"{ORIGIN}\n13\n"),
                ("no newline", f"{ORIGIN}\n13\n{std_b64(root)}"),
                ("leading zero", f"{ORIGIN}\n013\n{std_b64(root)}\n"),
                ("sign", f"{ORIGIN}\n+13\n{std_b64(root)}\n"),
                ("other digits", f"{ORIGIN}\n١٣\n{std_b64(root)}\n"),
                ("too large", f"{ORIGIN}\n{2**63}\n{std_b64(root)}\n"),
                ("root of 31 bytes", f"{ORIGIN}\n13\n{std_b64(root[1:])}\n"),
                ("root in hex", f"{ORIGIN}\n13\n{root.hex()}\n"),
                ("empty origin", f"\n13\n{std_b64(root)}\n"),
                ("empty extension", f"{ORIGIN}\n13\n{std_b64(root)}\n\nmore\n"),
                ("empty tree with another root", f"{ORIGIN}\n0\n{std_b64(root)}\n"),
            )
        ],
    }


def _bad_line(id: bytes) -> str:
    return std_b64(id + bytes(64))


def _proof() -> object:
    log, one = signer("log"), signer("witness one")
    hashes = [leaf_hash(each) for each in leaves(13)]
    head = Checkpoint(ORIGIN, 13, tree_root(hashes))
    cosigned = add_signatures(
        sign_checkpoint(head, log),
        [cosign(head.text(), name="witness.example/one", signer=one, at_s=1_795_406_400)],
    )
    proof = TlogProof(index=9, path=tuple(inclusion_path(hashes, 9, 13)), checkpoint=cosigned)
    text = proof.text()
    return {
        "vkey": vkey_of(name=ORIGIN, spki=log.spki).text(),
        "witness": witness_vkey(name="witness.example/one", spki=one.spki).text(),
        "leaf": "leaf 9",
        "proof": text,
        "with_extra": TlogProof(index=9, path=proof.path, checkpoint=cosigned, extra=b"hi").text(),
        "malformed": [
            {"why": "empty", "proof": ""},
            {"why": "another version", "proof": text.replace("@v1", "@v2", 1)},
            {"why": "no index", "proof": text.replace("index 9\n", "", 1)},
            {"why": "leading zero", "proof": text.replace("index 9", "index 09", 1)},
            {"why": "extra behind the index", "proof": text.replace("index 9\n", "index 9\nextra aGk=\n", 1)},
            {"why": "no blank line", "proof": text.split("\n\n")[0] + "\n"},
            {"why": "no checkpoint", "proof": text.split("\n\n")[0] + "\n\n"},
            {"why": "short hash", "proof": text.replace("index 9\n", "index 9\nAAAA\n", 1)},
            {"why": "carriage returns", "proof": text.replace("\n", "\r\n")},
        ],
    }


def root_document() -> RootDocument:
    """Return the first root document of the test installation: two of three roots, one of them P-256."""
    return write_root(roots={name: key.spki for name, key in root_signers().items()}, threshold=2)


def root_signers() -> dict[str, Ed25519Signer | P256Signer]:
    """Return the root keys of the test installation."""
    return {"r1": signer("root 1"), "r2": P256Signer.from_seed(_seed("root 2")), "r3": signer("root 3")}


def trust_list(root: RootDocument) -> TrustList:
    """Return the trust list of the test installation."""
    log, one = signer("log"), signer("witness one")
    return TrustList(
        net=root.net,
        seq=412,
        issued=NOW,
        expires=NOW + timedelta(days=7),
        hosts=("trace.example.cn",),
        stations=(Station(id="TJ-BH-001", name="滨海首站", gln="6901234567892", gcp=("6901234",), status="active"),),
        keys=(
            trusted_key(
                use="code",
                spki=signer("code").spki,
                stn="TJ-BH-001",
                scope=("01", "00"),
                print_from=NOW - timedelta(days=22),
                print_until=NOW + timedelta(days=15),
                accept_until=NOW + timedelta(days=746),
            ),
            trusted_key(use="enrolment", spki=P256Signer.from_seed(_seed("enrolment")).spki),
            trusted_key(use="receipt", spki=signer("receipt").spki, st="verify-only"),
            trusted_key(use="status", spki=signer("status").spki),
            trusted_key(
                use="code",
                spki=signer("stolen code").spki,
                stn="TJ-BH-001",
                scope=("01:6901234", "00:6901234"),
                st="revoked",
                allow=Allow(sha256=sha256(b"a filter file"), units=48_000),
            ),
        ),
        logs=(
            LogEntry(
                origin=ORIGIN,
                vkey=vkey_of(name=ORIGIN, spki=log.spki),
                witnesses=(witness_vkey(name="witness.example/one", spki=one.spki),),
                quorum=1,
            ),
        ),
        cuts=(Cut(key=key_id(signer("stolen").spki), origin=ORIGIN, size=13),),
    )


def _trust_list() -> object:
    root, signers = root_document(), root_signers()
    text = print_list(trust_list(root))
    envelope = sign_trust_list(text, {"r1": signers["r1"], "r2": signers["r2"]}, root=root)
    later = write_root(roots={"r1": signer("root 1").spki, "r4": signer("root 4").spki}, threshold=1, previous=root)
    change = sign_root_change(later, [("r1", signers["r1"]), ("r2", signers["r2"])])
    return {
        "root": root.text,
        "net": b64(root.net),
        "list": text,
        "envelope": envelope,
        "root_change": change,
    }


def _key_file() -> object:
    """The key of GB/T 32918.5, annex A.2, in a file; its salt and nonce are the numbers from zero."""
    scalar = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
    point = (
        "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
    )
    passphrase = "a passphrase of some length"
    content = seal_secret(bytes.fromhex(scalar + point), passphrase.encode(), lambda count: bytes(range(count)))
    return {"passphrase": passphrase, "scalar": scalar, "point": point, "content": content.decode()}


def _device_request() -> object:
    device = signer("device")
    net = root_document().net
    body = '{"hello":"冷库"}'
    header = sign_request(
        signer=device,
        net=net,
        method="POST",
        path="/api/v1/statements?dry=1",
        body=body.encode(),
        at=NOW,
    )
    return {
        "spki": b64(device.spki),
        "net": b64(net),
        "method": "POST",
        "path": "/api/v1/statements?dry=1",
        "body": body,
        "authorization": header,
        "at": "2026-11-23T04:00:00.000Z",
        "malformed": [
            "",
            "Bearer abc",
            header.lower(),
            header.replace(", ", ","),
            header.replace('"', ""),
            header + " ",
            header.replace("T04", "T24"),
            header.replace("2026-11-23", "2026-13-23"),
            header[:-2] + 'B"',
        ],
    }
