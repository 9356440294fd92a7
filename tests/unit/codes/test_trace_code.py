"""Our own codes: the strict parser, the builder, the token, the signing input, signing."""

import json
from hashlib import sha512

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.codes import token as tokens
from coldtrace.codes.check_digit import check_digit
from coldtrace.codes.digital_link import build_uri, parse_trace_code
from coldtrace.codes.refusals import MalformedToken, MalformedUri, RestrictedNumber, UnsupportedVersion
from coldtrace.codes.sign import sign_code
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.token import Token, decode_token, encode_token
from coldtrace.codes.trace_code import CodeKind, Element, TraceCode, in_signing_order, prints_plainly
from coldtrace.errors import Refusal
from coldtrace.events.unit_id import parse_unit_id
from coldtrace.seal.keys import Ed25519Signer
from support.code_vectors import own_gs1, published_gs1

FIRST = own_gs1("cct1_signed_codes.json")
ADDED = own_gs1("cct1_added_codes.json")
WORKED = FIRST["worked_example"]
CASES = FIRST["cases"] + ADDED["cases"]

CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
VALUES = st.text(CSET82, min_size=1, max_size=20)


def _checked(length: int) -> st.SearchStrategy[str]:
    digits = st.text("0123456789", min_size=length - 1, max_size=length - 1)
    return digits.map(lambda body: body + check_digit(body))


def _optional(ai: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Element, ...]]:
    return st.one_of(st.just(()), values.map(lambda value: ((ai, value),)))


def _row(*parts: st.SearchStrategy[tuple[Element, ...]]) -> st.SearchStrategy[tuple[Element, ...]]:
    return st.tuples(*parts).map(lambda row: tuple(pair for part in row for pair in part))


def _one(ai: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Element, ...]]:
    return values.map(lambda value: ((ai, value),))


TEMPERATURES = st.from_regex(r"[0-9]{6}-?", fullmatch=True).filter(str.isascii)
QUERIES = _row(
    _optional("02", _checked(14)),
    _optional("17", st.sampled_from(["270930", "280229", "261200"])),
    _optional("37", st.text("0123456789", min_size=1, max_size=8)),
    _optional("4331", TEMPERATURES),
    _optional("4333", TEMPERATURES),
)
ELEMENTS = _row(
    st.one_of(
        _row(_one("01", _checked(14)), _optional("22", VALUES), _optional("10", VALUES), _one("21", VALUES)),
        _one("00", _checked(18)),
        _row(_one("414", _checked(13)), _optional("254", VALUES)),
        _one("U", st.from_regex(r"[0-9A-Z]{13,26}", fullmatch=True)),
    ),
    QUERIES,
)


def test_the_published_cases_are_in_ours() -> None:
    path = published_gs1("cct1_signed_codes.json")
    assert path is None or json.loads(path.read_text(encoding="utf-8")) == FIRST


def test_the_worked_example_byte_for_byte() -> None:
    code = parse_trace_code(WORKED["uri"])
    assert [list(pair) for pair in code.elements] == WORKED["elements"]
    token = decode_token(WORKED["token"])
    assert token.header.hex() == WORKED["header_hex"]
    assert token.signature.hex() == WORKED["signature_hex"]
    assert signing_input(token.header, code.elements).hex() == WORKED["signing_input_hex"]
    assert encode_token(token) == code.token == WORKED["token"]
    assert build_uri(host=code.host, elements=code.elements, token=code.token) == WORKED["uri"]


def test_signing_the_worked_example_gives_the_printed_code() -> None:
    signer = Ed25519Signer.from_seed(bytes.fromhex(FIRST["keys"][0]["test_seed_hex"]))
    shuffled = [tuple(pair) for pair in reversed(WORKED["elements"])]
    uri = sign_code(
        host="trace.example.cn", elements=shuffled, algorithm=tokens.ED25519, kid="28dcfa90", sign=signer.sign
    )
    assert uri == WORKED["uri"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_parser_refuses_exactly_the_malformed(case: dict[str, str]) -> None:
    if case["verdict"] == "malformed_uri":
        with pytest.raises(MalformedUri):
            parse_trace_code(case["uri"])
    elif case["name"] != "own id in lower case":  # only a verifier may give it its capitals back
        parse_trace_code(case["uri"])


@pytest.mark.parametrize(
    ("path", "reason", "at"),
    [
        ("", "no_key", ""),
        ("/", "no_key", ""),
        ("/01", "no_key", ""),
        ("/02/09506000134352/21/S", "no_key", ""),
        ("/01/09506000134352", "missing", "21"),
        ("/01//21/S", "missing_value", "01"),
        ("/01/09506000134352/21/", "missing_value", "21"),
        ("/01/09506000134353/21/S", "form", "01"),
        ("/01/9506000134352/21/S", "form", "01"),
        ("/01/09506000134352/21/S/10/L", "order", "10"),
        ("/01/09506000134352/21/S/21/S", "repeated", "21"),
        ("/01/09506000134352/21/S/17/270930", "not_allowed", "17"),
        ("/01/09506000134352/21/S/254/D", "not_allowed", "254"),
        ("/00/106141412345678908/21/S", "not_allowed", "21"),
        ("/414/6901234567892/254/D07?17=270930&17=270930", "repeated", "17"),
        ("/01/09506000134352/21/S?17=270931", "form", "17"),
        ("/01/09506000134352/21/S?37=123456789", "form", "37"),
        ("/01/09506000134352/21/S?0017=270930", "not_allowed", "0017"),
        ("/01/09506000134352/21/S?17=%", "encoding", ""),
        ("/01/09506000134352/21/S T", "characters", " "),
        ("/01/09506000134352/21/S\x1d", "characters", "\\x1d"),
    ],
)
def test_the_reason_names_what_is_wrong(path: str, reason: str, at: str) -> None:
    with pytest.raises(MalformedUri) as caught:
        parse_trace_code(f"https://TRACE.EXAMPLE.CN{path}")
    assert (caught.value.reason, caught.value.at) == (reason, at)
    assert caught.value.say("zh") != caught.value.say("en")


@pytest.mark.parametrize("host", ["", "a b", "a/b", "user@a", "trace.example.cn?", "中文.cn", "a#b"])
def test_no_code_is_built_for_what_is_no_host(host: str) -> None:
    with pytest.raises(MalformedUri):
        build_uri(host=host, elements=(("00", "106141412345678908"),), token=None)


@given(elements=ELEMENTS, token=st.one_of(st.none(), st.binary(min_size=64, max_size=64)))
def test_build_and_parse_round_trip(elements: tuple[Element, ...], token: bytes | None) -> None:
    text = None if token is None else encode_token(Token(version=1, algorithm=1, kid="28dcfa90", signature=token))
    uri = build_uri(host="Trace.Example.CN", elements=elements, token=text)
    assert uri.isascii()
    code = parse_trace_code(uri)
    assert code == TraceCode(host="trace.example.cn", elements=elements, token=text)
    assert in_signing_order(elements[::-1]) == elements
    assert build_uri(host=code.host, elements=code.elements, token=code.token) == uri
    if code.unit_id is not None:
        assert parse_unit_id(code.unit_id) == code.unit_id
    else:
        assert code.kind is CodeKind.PLACE


@given(ELEMENTS, ELEMENTS)
def test_no_two_codes_sign_the_same_bytes(one: tuple[Element, ...], other: tuple[Element, ...]) -> None:
    header = bytes.fromhex("1128dcfa90")
    assert (signing_input(header, one) == signing_input(header, other)) == (one == other)


def test_the_signing_input_falls_apart_in_one_way_only() -> None:
    """The reason why it is injective: no AI of the list is the beginning of another."""
    ais = ["00", "01", "02", "10", "17", "21", "22", "254", "37", "414", "4331", "4333", "U"]
    assert not [(one, other) for one in ais for other in ais if one != other and other.startswith(one)]


@pytest.mark.parametrize(
    "elements",
    [
        (),
        (("21", "S"),),
        (("01", "09506000134352"), ("21", "S\x1d17261231")),
        (("01", "09506000134352"), ("21", "S"), ("1", "7261231")),
        (("01", "09506000134352"), ("21", "S"), ("37", "1"), ("17", "261231")),
        (("U", "7qk4m2zx9rtb5"),),
        (("01", "09506000134352"), ("21", "中")),
    ],
)
def test_nothing_else_is_ever_signed(elements: tuple[Element, ...]) -> None:
    with pytest.raises(MalformedUri):
        signing_input(b"12345", elements)
    with pytest.raises(MalformedUri):
        TraceCode(host="a", elements=elements, token=None)


@pytest.mark.parametrize("gtin", ["02000000000015", "09990000000012"])
def test_a_restricted_number_is_read_but_never_issued(gtin: str) -> None:
    elements = (("01", gtin), ("21", "7QK4M2ZX9RTB"))
    assert parse_trace_code(build_uri(host="a.cn", elements=elements, token=None)).value("01") == gtin
    with pytest.raises(RestrictedNumber):
        sign_code(host="a.cn", elements=elements, algorithm=1, kid="28dcfa90", sign=lambda data: bytes(64))


def test_a_signer_that_gives_no_64_bytes_makes_no_code() -> None:
    with pytest.raises(MalformedToken):
        sign_code(
            host="a.cn",
            elements=(("00", "106141412345678908"),),
            algorithm=1,
            kid="28dcfa90",
            sign=lambda data: sha512(data).digest()[:63],
        )


@given(
    algorithm=st.integers(0, 15),
    kid=st.binary(min_size=4, max_size=4),
    signature=st.binary(min_size=64, max_size=64),
)
def test_token_round_trip(algorithm: int, kid: bytes, signature: bytes) -> None:
    token = Token(version=1, algorithm=algorithm, kid=kid.hex(), signature=signature)
    text = encode_token(token)
    assert len(text) == 111
    assert decode_token(text) == decode_token(text.lower()) == token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        WORKED["token"] + "A",
        WORKED["token"] + "=",
        WORKED["token"][:-1],
        WORKED["token"][:-1] + "Z",
        WORKED["token"][:-1] + "1",
        " " + WORKED["token"][1:],
        "ſ" + WORKED["token"][1:],
    ],
)
def test_a_token_has_one_spelling(text: str) -> None:
    with pytest.raises(MalformedToken):
        decode_token(text)


@pytest.mark.parametrize("version", [0, 2, 15])
def test_other_versions_are_named(version: int) -> None:
    text = encode_token(Token(version=version, algorithm=1, kid="28dcfa90", signature=bytes(64)))
    with pytest.raises(UnsupportedVersion) as caught:
        decode_token(text)
    assert caught.value.facts["version"] == version


@pytest.mark.parametrize("kid", ["28DCFA90", "28dcfa9", "28dcfa900", "28dcfa9g", ""])
def test_a_kid_is_eight_lower_case_hex_digits(kid: str) -> None:
    with pytest.raises(MalformedToken):
        encode_token(Token(version=1, algorithm=1, kid=kid, signature=bytes(64)))


@pytest.mark.parametrize(
    ("value", "plain"),
    [("L2409A17", True), ("A-1.B", True), ("", False), ("l2409", False), ("L/24", False), ("A" * 21, False)],
)
def test_what_our_labels_print(value: str, plain: bool) -> None:
    assert prints_plainly(value) is plain


LINKISH = st.text("/?&=%#:+sS01U24731.-ABCabc \x1d１é", max_size=60).map(
    lambda text: "https://TRACE.EXAMPLE.CN/" + text
)


@given(st.one_of(st.text(), LINKISH, st.binary().map(lambda data: data.decode("utf-8", "surrogateescape"))))
def test_arbitrary_text_raises_only_our_errors(text: str) -> None:
    for parse in (parse_trace_code, decode_token):
        try:
            parse(text)
        except Refusal as refusal:
            refusal.say("zh").encode("utf-8")
            refusal.say("en").encode("utf-8")
