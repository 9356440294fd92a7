"""Keys and strict signatures: one verdict everywhere, on whatever library."""

import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.exceptions import UnsupportedAlgorithm as Unavailable
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.seal import public_key, sodium
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.keys import (
    Ed25519Signer,
    KeyFileExists,
    KeyFileExposed,
    KeyFileUnencrypted,
    MalformedKey,
    P256Signer,
    UnreadableKeyFile,
    UnsupportedAlgorithm,
    key_id,
    kid,
    load_public_key,
    load_signer,
    low_s,
    replace_private_key,
    save_private_key,
)
from coldtrace.seal.passphrase import PassphraseUnusable, make_passphrase, read_passphrase
from coldtrace.seal.public_key import _SMALL_ORDER, P256_ORDER, ed25519_raw
from support import edwards
from support.tlog_vectors import frozen, signer

VECTORS = frozen("keys.json")
MESSAGE = VECTORS["message"].encode()
ED, P256 = signer("code"), P256Signer.from_seed(bytes(31) + b"\x07")


@pytest.mark.parametrize("case", VECTORS["keys"], ids=lambda case: case["alg"])
def test_key_and_its_ids(case: dict[str, str]) -> None:
    spki = unb64(case["spki"])
    key = load_public_key(spki)
    assert (key.alg, key.spki) == (case["alg"], spki)
    assert (kid(spki), b64(key_id(spki))) == (case["kid"], case["id"])


@pytest.mark.parametrize("case", VECTORS["malformed_keys"], ids=lambda case: case["why"])
def test_bad_keys_are_refused(case: dict[str, str]) -> None:
    with pytest.raises(MalformedKey):
        load_public_key(unb64(case["spki"]))


@pytest.mark.parametrize("case", VECTORS["signatures"], ids=lambda case: case["why"])
def test_signatures_have_one_verdict(case: dict[str, Any]) -> None:
    key = load_public_key(unb64(case["spki"]))
    assert key.verify(unb64(case["sig"]), MESSAGE) is case["good"]


@pytest.mark.parametrize("case", VECTORS["signatures"], ids=lambda case: case["why"])
def test_the_verdict_is_the_same_without_libsodium(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_key, "_sodium", None)
    key = load_public_key(unb64(case["spki"]))
    assert key.verify(unb64(case["sig"]), MESSAGE) is case["good"]


@given(nonce=st.integers(0, 5), twist=st.integers(0, 7), scalar=st.integers(1, 3), of_key=st.integers(0, 7))
def test_libsodium_takes_nothing_that_openssl_refuses(nonce: int, twist: int, scalar: int, of_key: int) -> None:
    """Signatures and keys with parts of small order: what an equation with the cofactor takes."""
    points = edwards.torsion()
    key = edwards.encode(edwards.add(edwards.multiply(scalar, edwards.BASE), points[of_key]))
    signature = edwards.sign_with(scalar, key=key, nonce=nonce, data=MESSAGE, twist=points[twist])
    takes = sodium.load_verify()
    assert takes is not None, "the lock has PyNaCl"
    assert not takes(signature, MESSAGE, key) or _openssl_takes(signature, key)


def _openssl_takes(signature: bytes, key: bytes) -> bool:
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, MESSAGE)
    except InvalidSignature:
        return False
    return True


def test_a_library_that_takes_more_than_we_do_is_not_used() -> None:
    def lenient(signature: bytes, data: bytes, key: bytes) -> bool:
        return edwards.verifies_with_cofactor(key, signature, data)

    assert not sodium.is_strict(lenient)
    assert not sodium.is_strict(lambda signature, data, key: True)
    assert not sodium.is_strict(lambda signature, data, key: False)


def test_without_pynacl_openssl_alone_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nacl.bindings", None)
    assert sodium.load_verify() is None


def test_the_bad_signatures_are_what_lenient_verifiers_take() -> None:
    """Otherwise the refusals above would show nothing."""
    named = {case["why"]: case for case in VECTORS["signatures"]}
    for why in (
        "S + L",
        "R printed as y + p",
        "R with a small-order part: true only with the cofactor",
        "A with a small-order part: true only with the cofactor",
    ):
        key, sig = (unb64(named[why][name]) for name in ("spki", "sig"))
        assert edwards.verifies_with_cofactor(key[12:], sig, MESSAGE), why


def test_the_table_of_small_orders_is_complete() -> None:
    assert {edwards.encode(point) for point in edwards.torsion()} == _SMALL_ORDER


def test_oracle_agrees_on_a_good_signature() -> None:
    assert edwards.verifies_with_cofactor(ED.spki[12:], ED.sign(MESSAGE), MESSAGE)


def test_sm2_keys_are_known_but_not_checked_without_the_extra(without_sm2: None) -> None:
    sm2 = next(case for case in VECTORS["keys"] if case["alg"] == "SM2")
    with pytest.raises(UnsupportedAlgorithm) as refusal:
        load_public_key(unb64(sm2["spki"])).verify(bytes(64), MESSAGE)
    assert refusal.value.code == "unsupported_algorithm"


@given(
    which=st.sampled_from([ED, P256]),
    data=st.binary(max_size=40),
    bit=st.integers(0, 511),
    in_data=st.booleans(),
)
def test_one_flipped_bit_never_verifies(
    which: Ed25519Signer | P256Signer, data: bytes, bit: int, in_data: bool
) -> None:
    key, signature = load_public_key(which.spki), which.sign(data)
    assert len(signature) == 64
    assert key.verify(signature, data)
    if in_data and data:
        assert not key.verify(signature, _flipped(data, bit % (8 * len(data))))
    assert not key.verify(_flipped(signature, bit), data)


@given(st.binary(max_size=100), st.binary(max_size=70))
def test_any_bytes_give_a_verdict_or_our_refusal(spki: bytes, signature: bytes) -> None:
    assert not load_public_key(ED.spki).verify(signature, b"")
    assert not load_public_key(P256.spki).verify(signature, b"")
    with pytest.raises(MalformedKey):
        load_public_key(spki)


@given(st.binary(min_size=32, max_size=32))
def test_every_loaded_ed25519_key_is_a_canonical_point(raw: bytes) -> None:
    try:
        load_public_key(ED.spki[:12] + raw)
    except MalformedKey:
        return
    point = edwards.decode(raw)
    assert point is not None
    assert edwards.encode(point) == raw


@given(st.binary(min_size=65, max_size=65))
def test_any_point_bytes_of_p256_are_ours_to_refuse(point: bytes) -> None:
    for begin in (b"\x04", b""):
        with pytest.raises(MalformedKey):
            load_public_key(P256.spki[:26] + (begin + point)[:65])


def test_low_s_takes_either_half() -> None:
    good = P256.sign(MESSAGE)
    s = int.from_bytes(good[32:], "big")
    high = good[:32] + (P256_ORDER - s).to_bytes(32, "big")
    assert low_s(high) == low_s(good) == good
    assert low_s(b"short") == b"short"
    assert low_s(b"\xff" * 64) == b"\xff" * 64
    assert low_s(bytes(64)) == bytes(64)


def test_p256_signs_the_same_each_time_here_and_verifiably_on_an_old_openssl(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert P256.sign(MESSAGE) == P256.sign(MESSAGE)
    real = ec.ECDSA

    def old(algorithm: HashAlgorithm, deterministic_signing: bool = False) -> ec.ECDSA:
        if deterministic_signing:
            raise Unavailable("no deterministic ECDSA")
        return real(algorithm)

    monkeypatch.setattr("coldtrace.seal.keys.ec.ECDSA", old)
    signature = P256.sign(MESSAGE)
    monkeypatch.undo()
    assert load_public_key(P256.spki).verify(signature, MESSAGE)


def test_new_keys_differ() -> None:
    assert Ed25519Signer.generate().spki != Ed25519Signer.generate().spki
    assert P256Signer.generate().spki != P256Signer.generate().spki


def test_p256_draws_again_outside_its_order() -> None:
    draws = iter([bytes(32), b"\xff" * 32, bytes(31) + b"\x07"])
    assert P256Signer.generate(lambda _: next(draws)).spki == P256.spki


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_seeds_have_32_bytes(seed: bytes) -> None:
    with pytest.raises(MalformedKey):
        Ed25519Signer.from_seed(seed)
    with pytest.raises(MalformedKey):
        P256Signer.from_seed(seed)


def test_other_curves_are_no_signers() -> None:
    with pytest.raises(MalformedKey):
        P256Signer(ec.generate_private_key(ec.SECP384R1()))


def test_only_ed25519_has_a_raw_form() -> None:
    assert ed25519_raw(ED.spki) == ED.spki[12:]
    with pytest.raises(MalformedKey):
        ed25519_raw(P256.spki)


@pytest.mark.parametrize("which", [ED, P256], ids=["Ed25519", "ES256"])
@pytest.mark.parametrize("passphrase", [None, b"frost"])
def test_key_files(which: Ed25519Signer | P256Signer, passphrase: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    save_private_key(which, path, passphrase)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = load_signer(path, passphrase)
    assert (loaded.alg, loaded.spki) == (which.alg, which.spki)
    with pytest.raises(KeyFileExists):
        save_private_key(which, path)
    assert load_signer(path, passphrase).spki == which.spki


def test_unreadable_key_files(tmp_path: Path) -> None:
    locked, garbage, foreign, curve = (tmp_path / name for name in ("locked", "garbage", "rsa", "p384"))
    save_private_key(ED, locked, b"frost")
    garbage.write_bytes(b"-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n")
    for path, key in (
        (foreign, rsa.generate_private_key(65537, 2048)),
        (curve, ec.generate_private_key(ec.SECP384R1())),
    ):
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for path in (garbage, foreign, curve):
        path.chmod(0o600)
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    for path in (locked, garbage, foreign, curve, tmp_path / "missing", folder):
        with pytest.raises(UnreadableKeyFile) as refusal:
            load_signer(path)
        assert str(path) in refusal.value.say("zh")
    with pytest.raises(UnreadableKeyFile):
        load_signer(locked, b"thaw")


def test_seed_is_rfc_8032() -> None:
    """RFC 8032, section 7.1, test 1."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    made = Ed25519Signer.from_seed(seed)
    assert made.spki[12:].hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert made.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")
    assert isinstance(ed25519.Ed25519PrivateKey.from_private_bytes(seed), ed25519.Ed25519PrivateKey)


def _flipped(data: bytes, bit: int) -> bytes:
    number = int.from_bytes(data, "big") ^ (1 << bit)
    return number.to_bytes(len(data), "big")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key.pem"
    save_private_key(ED, path, b"frost")
    path.chmod(mode)
    with pytest.raises(KeyFileExposed, match=f"mode {mode:03o}.*chmod 600"):
        load_signer(path, b"frost")
    path.chmod(0o400)
    assert load_signer(path, b"frost").spki == ED.spki


def test_a_key_in_clear_is_refused_where_a_passphrase_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    save_private_key(ED, path)
    with pytest.raises(KeyFileUnencrypted):
        load_signer(path, b"frost")
    replace_private_key(load_signer(path), path, b"frost")
    assert (load_signer(path, b"frost").spki, stat.S_IMODE(path.stat().st_mode)) == (ED.spki, 0o600)


@pytest.mark.parametrize("content", [b"", b"fifteen signs..", b"two lines of a\npassphrase file\n"])
def test_a_weak_or_odd_passphrase_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "passphrase"
    with pytest.raises(PassphraseUnusable):
        read_passphrase(path)
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(PassphraseUnusable):
        read_passphrase(path)


def test_a_passphrase_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    made = make_passphrase(path)
    assert (len(made) >= 43, make_passphrase(path), read_passphrase(path)) == (True, made, made)
    assert [each.name for each in tmp_path.iterdir()] == ["passphrase"]
    path.chmod(0o644)
    with pytest.raises(PassphraseUnusable):
        read_passphrase(path)
