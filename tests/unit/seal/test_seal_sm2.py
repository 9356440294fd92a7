"""SM2 with SM3: the example of the standard, a second implementation, strictness, and the key file."""

from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from tongsuopy.crypto import exceptions, hashes
from tongsuopy.crypto.asymciphers import ec

from coldtrace.seal import sealed_secret
from coldtrace.seal.keys import (
    MalformedKey,
    P256Signer,
    Sm2Signer,
    UnreadableKeyFile,
    UnsupportedAlgorithm,
    generate_signer,
    load_public_key,
    load_signer,
    replace_private_key,
    save_private_key,
)
from coldtrace.seal.public_key import SM2_SPKI
from coldtrace.seal.sm2 import SM2_ORDER

# GB/T 32918.5-2017, annex A.2: private key, public key, signature over "message digest" under the usual id.
SCALAR = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
POINT = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
SPKI = SM2_SPKI + b"\x04" + POINT
SIGNER = Sm2Signer(SCALAR, POINT)


def second_verifies(point: bytes, signature: bytes, data: bytes) -> bool:
    """Ask the second implementation, Tongsuo."""
    x, y, r, s = (int.from_bytes(each, "big") for each in (point[:32], point[32:], signature[:32], signature[32:]))
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SM2()).public_key()
    try:
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SM3()))
    except exceptions.InvalidSignature:
        return False
    return True


def test_the_example_of_the_standard() -> None:
    assert load_public_key(SPKI).verify(SIGNATURE, b"message digest")
    assert second_verifies(POINT, SIGNATURE, b"message digest")
    assert not load_public_key(SPKI).verify(SIGNATURE, b"message digesT")
    numbers = ec.derive_private_key(int.from_bytes(SCALAR, "big"), ec.SM2()).public_key().public_numbers()
    assert numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big") == POINT


@given(st.binary(max_size=200))
def test_what_one_signs_the_other_verifies(data: bytes) -> None:
    signature = SIGNER.sign(data)
    assert len(signature) == 64
    assert load_public_key(SIGNER.spki).verify(signature, data)
    assert second_verifies(POINT, signature, data)
    other = ec.derive_private_key(int.from_bytes(SCALAR, "big"), ec.SM2()).sign(data, ec.ECDSA(hashes.SM3()))
    r, s = decode_dss_signature(other)
    assert load_public_key(SPKI).verify(r.to_bytes(32, "big") + s.to_bytes(32, "big"), data)


def test_new_keys_are_of_the_curve_and_differ() -> None:
    made = [generate_signer("SM2") for _ in range(3)]
    assert len({each.spki for each in made}) == 3
    for each in made:
        assert each.alg == load_public_key(each.spki).alg == "SM2"
        assert second_verifies(each.spki[27:], each.sign(b"x"), b"x")


@given(st.integers(0, 511))
def test_one_flipped_bit_never_verifies(bit: int) -> None:
    changed = (int.from_bytes(SIGNATURE, "big") ^ (1 << bit)).to_bytes(64, "big")
    assert not load_public_key(SPKI).verify(changed, b"message digest")
    assert not second_verifies(POINT, changed, b"message digest")


ORDER = SM2_ORDER.to_bytes(32, "big")
R, S = SIGNATURE[:32], SIGNATURE[32:]


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        SIGNATURE[:-1],
        SIGNATURE + b"\x00",
        bytes(32) + S,
        R + bytes(32),
        ORDER + S,
        R + ORDER,
        R + (SM2_ORDER - int.from_bytes(R, "big")).to_bytes(32, "big"),
        S + R,
        b"\xff" * 64,
    ],
    ids=["empty", "63", "65", "r = 0", "s = 0", "r = n", "s = n", "r + s = n", "swapped", "all ones"],
)
def test_signatures_out_of_range(signature: bytes) -> None:
    assert not load_public_key(SPKI).verify(signature, b"message digest")


@given(st.binary(max_size=70), st.binary(max_size=70))
def test_any_bytes_have_a_verdict(signature: bytes, data: bytes) -> None:
    assert not load_public_key(SPKI).verify(signature, data)


def test_a_scalar_out_of_range_or_a_stray_point_is_no_key() -> None:
    for scalar in (bytes(32), (SM2_ORDER - 1).to_bytes(32, "big"), ORDER, b"\xff" * 32, SCALAR[:31]):
        with pytest.raises(MalformedKey):
            Sm2Signer(scalar, POINT)
    for point in (bytes(64), POINT[:63] + b"\x14", POINT[:63], P256Signer.generate().spki[27:]):
        with pytest.raises(MalformedKey):
            Sm2Signer(SCALAR, point)


def test_without_the_extra_nothing_is_made(without_sm2: None) -> None:
    for make in (lambda: generate_signer("SM2"), lambda: Sm2Signer(SCALAR, POINT)):
        with pytest.raises(UnsupportedAlgorithm, match="gmssl-pyx"):
            make()
    assert load_public_key(SPKI).alg == "SM2", "keys are listed and carried all the same"


# The key file


def test_a_key_file_keeps_the_key(tmp_path: Path) -> None:
    path = tmp_path / "sm2.pem"
    save_private_key(SIGNER, path, b"a passphrase")
    assert path.stat().st_mode & 0o777 == 0o600
    loaded = load_signer(path, b"a passphrase")
    assert (loaded.alg, loaded.spki) == ("SM2", SPKI)
    assert load_public_key(SPKI).verify(loaded.sign(b"x"), b"x")
    assert not any(secret in path.read_bytes() for secret in (SCALAR, SCALAR.hex().encode(), b64encode(SCALAR)))
    replace_private_key(loaded, path, b"another passphrase")
    for wrong in (b"a passphrase", b"", None):
        with pytest.raises(UnreadableKeyFile):
            load_signer(path, wrong)
    assert load_signer(path, b"another passphrase").spki == SPKI
    with pytest.raises(ValueError, match="in clear"):
        SIGNER.private_pem(None)


CONTENT = sealed_secret.seal_secret(SCALAR + POINT, b"a passphrase")
SIZE = 38 + 96 + 16


@given(st.integers(0, 8 * SIZE - 1))
def test_a_changed_bit_of_the_file_does_not_open(bit: int) -> None:
    first, *lines, last = CONTENT.strip().split(b"\n")
    raw = bytearray(b64decode(b"".join(lines)))
    assert len(raw) == SIZE
    raw[bit // 8] ^= 1 << bit % 8
    if 15 < raw[7] < 24:
        raw[7] = 14  # a file may ask for a gigabyte, a test does not
    with pytest.raises(sealed_secret.NotSealed):
        sealed_secret.open_secret(b"\n".join([first, b64encode(bytes(raw)), last]), b"a passphrase")


@pytest.mark.parametrize(
    "content",
    [b"", b"x", sealed_secret.BEGIN, CONTENT[:60], CONTENT[:-40], CONTENT[40:]],
    ids=["nothing", "a letter", "first line", "cut off early", "cut off late", "without its head"],
)
def test_what_is_no_key_file(content: bytes) -> None:
    with pytest.raises(sealed_secret.NotSealed):
        sealed_secret.open_secret(content, b"a passphrase")
