"""The fast way to many codes says the same bytes as `sign_code`, which says what a code is."""

from collections.abc import Callable
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.refusals import MalformedToken, MalformedUri, RestrictedNumber
from coldtrace.codes.short_code import check_character, format_short_code, new_serial, new_short_codes, parse_short_code
from coldtrace.codes.sign import sign_code
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.sscc import make_sscc
from coldtrace.codes.template import CodeTemplate, prepare
from coldtrace.codes.token import Token, decode_token, encode_signed, encode_token
from coldtrace.codes.trace_code import Element, has_form
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer, P256Signer, kid
from support.ticking import counting_bytes

Signer = Ed25519Signer | P256Signer
SIGNERS: dict[str, Signer] = {"Ed25519": Ed25519Signer.from_seed(b"t" * 32), "ES256": P256Signer.from_seed(b"t" * 32)}
NIBBLES = {"Ed25519": 1, "ES256": 3}
HOST = "trace.example.cn"
GTIN = "09506000134352"

serials = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=12, max_size=12)
lots = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-.", min_size=1, max_size=20)
foreign_lots = st.text("0aZ/&=%?.-21", min_size=1, max_size=12)
expiries = st.sampled_from(["261231", "280200"])


def template(elements: list[Element], varies: str, signer: Signer) -> CodeTemplate:
    return prepare(
        host=HOST,
        elements=elements,
        varies=varies,
        algorithm=NIBBLES[signer.alg],
        kid=kid(signer.spki),
        sign=signer.sign,
    )


def reference(elements: list[Element], signer: Signer) -> str:
    return sign_code(
        host=HOST,
        elements=elements,
        algorithm=NIBBLES[signer.alg],
        kid=kid(signer.spki),
        sign=signer.sign,
    )


def agree(elements: list[Element], varies: str, value: str, signer: Signer) -> None:
    made = template(elements, varies, signer).sign(value)
    expected = reference([*elements, (varies, value)], signer)
    printed, wanted = parse_trace_code(made.uri), parse_trace_code(expected)
    assert printed.token is not None
    token = decode_token(printed.token)
    signed = signing_input(token.header, printed.elements)
    assert (printed.host, printed.elements) == (wanted.host, wanted.elements)
    assert made.unit_id == wanted.unit_id
    assert made.code_hash == sha256(signed)
    # OpenSSL before 3.2 draws the nonce of an ECDSA signature, so only what it covers can be compared there.
    same = signer.sign(b"x") == signer.sign(b"x")
    assert made.uri == expected if same else made.uri.partition("?")[0] == expected.partition("?")[0]


@pytest.mark.parametrize("alg", SIGNERS)
@given(serial=serials, lot=lots)
def test_units(alg: str, serial: str, lot: str) -> None:
    agree([("01", GTIN), ("10", lot)], "21", serial, SIGNERS[alg])


@given(serial=serials, lot=foreign_lots, expiry=expiries)
def test_units_whose_lot_looks_like_anything_and_with_a_signed_expiry(serial: str, lot: str, expiry: str) -> None:
    agree([("01", GTIN), ("17", expiry), ("10", lot)], "21", serial, SIGNERS["Ed25519"])


@pytest.mark.parametrize("lot", ["000000000000", "21", "/21/000000000000", "0" * 20])
def test_a_lot_that_looks_like_the_probe(lot: str) -> None:
    agree([("01", GTIN), ("10", lot)], "21", "7QK4M2ZX9RTB", SIGNERS["Ed25519"])


@given(serial=serials)
def test_without_a_lot(serial: str) -> None:
    agree([("01", GTIN)], "21", serial, SIGNERS["Ed25519"])


@pytest.mark.parametrize("alg", SIGNERS)
@given(extension=st.integers(0, 9), number=st.integers(0, 10**9 - 1), limit=st.sampled_from(["001800-", "000400"]))
def test_pallets(alg: str, extension: int, number: int, limit: str) -> None:
    sscc = make_sscc(extension=extension, company_prefix="9521234", reference=number)
    agree([], "00", sscc, SIGNERS[alg])
    agree([("4331", limit)], "00", sscc, SIGNERS[alg])


@pytest.mark.parametrize("alg", SIGNERS)
@given(serial=serials)
def test_ids_of_our_own(alg: str, serial: str) -> None:
    agree([], "U", serial + check_character(serial), SIGNERS[alg])


@given(value=st.text(min_size=0, max_size=24))
def test_a_value_without_its_form_is_refused_as_the_reference_refuses_it(value: str) -> None:
    made = template([("01", GTIN)], "21", SIGNERS["Ed25519"])
    try:
        code = made.sign(value)
    except MalformedUri:
        return
    assert code.uri == reference([("01", GTIN), ("21", value)], SIGNERS["Ed25519"])


@pytest.mark.parametrize(
    ("varies", "value"),
    [
        ("21", ""),
        ("21", "A" * 21),
        ("21", "A\x1d17261231"),
        ("21", "a/b"),
        ("00", "395212340000000013"),
        ("00", "39521234000000001"),
        ("U", "7QK4M2ZX9RTB"),
        ("U", "7qk4m2zx9rtb5"),
    ],
)
def test_forms_that_never_pass(varies: str, value: str) -> None:
    elements = [("01", GTIN)] if varies == "21" else []
    with pytest.raises(MalformedUri):
        template(elements, varies, SIGNERS["Ed25519"]).sign(value)


@pytest.mark.parametrize(
    ("elements", "varies", "refusal"),
    [
        ([("01", "02000000000008")], "21", RestrictedNumber),
        ([("01", "09506000134353")], "21", MalformedUri),
        ([("01", GTIN), ("10", "L" * 21)], "21", MalformedUri),
        ([("01", GTIN)], "00", MalformedUri),
        ([("21", "X")], "21", MalformedUri),
        ([("10", "L1")], "U", MalformedUri),
    ],
)
def test_what_no_code_can_be_made_of_is_refused_at_once(
    elements: list[Element], varies: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        template(elements, varies, SIGNERS["Ed25519"])


@given(header=st.binary(min_size=5, max_size=5), signature=st.binary(min_size=64, max_size=64))
def test_tokens(header: bytes, signature: bytes) -> None:
    token = Token(version=header[0] >> 4, algorithm=header[0] & 15, kid=header[1:].hex(), signature=signature)
    assert encode_signed(header, signature) == encode_token(token)


@pytest.mark.parametrize(("header", "signature"), [(4, 64), (6, 64), (5, 63), (5, 65)])
def test_tokens_of_a_wrong_length(header: int, signature: int) -> None:
    with pytest.raises(MalformedToken):
        encode_signed(bytes(header), bytes(signature))


def one_by_one(source: Callable[[int], bytes], count: int) -> list[str]:
    """Return what `new_serial` draws from the same bytes."""
    held = b""

    def random(size: int) -> bytes:
        nonlocal held
        while len(held) < size:
            held += source(4096)
        found, held = held[:size], held[size:]
        return found

    return [new_serial(random) for _ in range(count)]


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_many_serials_are_those_that_would_be_drawn_one_by_one(seed: str) -> None:
    count = 2000
    drawn = list(islice(new_short_codes(counting_bytes(seed)), count))
    assert [code[:12] for code in drawn] == one_by_one(counting_bytes(seed), count)
    assert all(has_form("21", code[:12]) and parse_short_code(code) == code[:12] for code in drawn)
    assert [format_short_code(code[:12]).replace("-", "") for code in drawn] == drawn


def test_every_character_is_equally_likely_at_every_place() -> None:
    """A draw of 20,000: each of 32 signs is expected 625 times at a place; 6 standard deviations are 148."""
    drawn = list(islice(new_short_codes(counting_bytes("even")), 20_000))
    for place in range(12):
        seen = [code[place] for code in drawn]
        for sign in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            assert abs(seen.count(sign) - 625) < 148


def test_a_source_that_only_repeats_itself_ends() -> None:
    found = next(serial for number in range(100) if check_character(serial := f"{number:012d}") in "ILOU")
    number = 0
    for sign in found:
        number = number << 5 | "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(sign)
    stuck = (number << 4).to_bytes(8, "big")
    with pytest.raises(RuntimeError):
        next(new_short_codes(lambda size: stuck * (size // 8)))
