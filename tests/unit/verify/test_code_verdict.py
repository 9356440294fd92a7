"""The offline verdict on a code: the vectors, the order, one changed bit, staleness, lists."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace import clock
from coldtrace.codes.digital_link import build_uri, parse_trace_code
from coldtrace.codes.sign import sign_code
from coldtrace.codes.token import ES256, SM2, Token, decode_token, encode_token
from coldtrace.codes.trace_code import QUERY_AIS, Element
from coldtrace.seal.keys import Ed25519Signer, P256Signer, kid
from coldtrace.seal.public_key import P256_ORDER
from coldtrace.seal.signer import Signer
from coldtrace.seal.trust_list import TrustList, trusted_key
from coldtrace.verify.code import CodeReport, Verdict, verify_code
from support.code_vectors import NOW, listed, own_gs1, published_cases, trust_of
from support.published import own_vectors_dir

FIRST = own_gs1("cct1_signed_codes.json")
ADDED = own_gs1("cct1_added_codes.json")
KEYS = {key["kid"]: key for key in FIRST["keys"]}
TRUST = trust_of(*(listed(key) for key in FIRST["keys"]))
SM2_CASES = [case for case in FIRST["cases"] if case["alg"] == "SM2"]
WORKED = FIRST["worked_example"]["uri"]
ELEMENTS = (("01", "09506000134352"), ("10", "L2409A17"), ("21", "7QK4M2ZX9RTB"))


SIGNED_ELEMENTS: dict[str, tuple[Element, ...]] = {
    "carton": (*ELEMENTS, ("17", "261231")),
    "label of a roll": (("01", "09506000134352"), ("21", "7QK4M2ZX9RTB")),
    "label of a roll without GTIN": (("U", "7QK4M2ZX9RTB5"),),
    "pallet": (("00", "106141412345678908"), ("02", "09506000134352"), ("37", "60"), ("4331", "001800-")),
    "place": (("414", "6901234567892"), ("254", "D07")),
}
"""Every kind of code that is signed."""
SIGNERS: dict[str, Signer] = {"Ed25519": Ed25519Signer.from_seed(bytes(32)), "ES256": P256Signer.generate()}
SIGNED_CODES = {
    (alg, name): sign_code(
        host="trace.example.cn",
        elements=elements,
        algorithm={"Ed25519": 1, "ES256": ES256}[alg],
        kid=kid(signer.spki),
        sign=signer.sign,
    )
    for alg, signer in SIGNERS.items()
    for name, elements in SIGNED_ELEMENTS.items()
}
SIGNED_TRUST = TrustList(
    net=b"",
    seq=1,
    issued=NOW,
    expires=NOW + timedelta(days=7),
    hosts=("trace.example.cn",),
    stations=(),
    keys=tuple(trusted_key(use="code", spki=signer.spki) for signer in SIGNERS.values()),
)


def _verdict(uri: str, trust: TrustList = TRUST, now: datetime = NOW) -> CodeReport:
    return verify_code(uri, trust=trust, now=now)


@pytest.mark.parametrize(
    "case", FIRST["cases"] + published_cases("cct1_signed_codes.json"), ids=lambda case: case["name"]
)
def test_first_vectors(case: dict[str, object]) -> None:
    report = _verdict(str(case["uri"]))
    assert report.verdict == case["verdict"]
    assert [list(pair) for pair in report.elements] == (case["elements"] or [])


@pytest.mark.parametrize("case", SM2_CASES, ids=lambda case: case["name"])
def test_sm2_codes_without_the_extra(case: dict[str, object], without_sm2: None) -> None:
    """The signature is right, but only an installation with the [sm2] extra can say so."""
    report = _verdict(str(case["uri"]))
    assert (report.verdict, report.elements) == (Verdict.UNSUPPORTED_ALGORITHM, ())


@pytest.mark.parametrize("case", ADDED["cases"], ids=lambda case: case["name"])
def test_added_vectors(case: dict[str, object]) -> None:
    key = ADDED["key"] | case.get("key", {})
    trust = trust_of(key, hosts=ADDED["hosts"])
    report = _verdict(str(case["uri"]), trust, clock.parse_utc(str(case.get("now", ADDED["now"]))))
    assert report.verdict == case["verdict"]
    assert [list(pair) for pair in report.elements] == (case["elements"] or [])
    assert (report.refusal is None) is (report.verdict is Verdict.VALID)
    if report.refusal is not None:
        assert report.refusal.code == report.verdict
        assert report.refusal.say("zh") != report.refusal.say("en")


def test_the_added_vectors_are_what_their_script_builds() -> None:
    spec = spec_from_file_location("rebuild_codes", own_vectors_dir() / "rebuild_codes.py")
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.build() == ADDED


def test_every_verdict_of_the_format_occurs_in_the_vectors() -> None:
    seen = {case["verdict"] for case in FIRST["cases"] + ADDED["cases"]}
    elsewhere = {"unsupported_algorithm", "revoked_unit", "recalled_lot"}
    assert seen | elsewhere == {str(verdict) for verdict in Verdict}


@given(st.integers(0, 69 * 8 - 1))
def test_one_changed_bit_of_the_token_never_verifies(bit: int) -> None:
    code = parse_trace_code(WORKED)
    assert code.token is not None
    token = decode_token(code.token)
    raw = bytearray(token.header + token.signature)
    raw[bit // 8] ^= 1 << bit % 8
    changed = Token(version=raw[0] >> 4, algorithm=raw[0] & 15, kid=raw[1:5].hex(), signature=bytes(raw[5:]))
    report = _verdict(build_uri(host=code.host, elements=code.elements, token=encode_token(changed)))
    assert report.verdict in (
        Verdict.UNSUPPORTED_VERSION,
        Verdict.ALG_MISMATCH,
        Verdict.UNKNOWN_KEY,
        Verdict.BAD_SIGNATURE,
    )
    assert report.elements == ()


@given(st.integers(len("https://TRACE.EXAMPLE.CN"), len(WORKED) - 1), st.integers(0, 6))
def test_one_changed_bit_of_the_text_never_verifies(at: int, bit: int) -> None:
    changed = WORKED[:at] + chr(ord(WORKED[at]) ^ 1 << bit) + WORKED[at + 1 :]
    report = _verdict(changed)
    if report.verdict is Verdict.VALID:
        # Only what the format calls the same text: another letter case of the token or of its name.
        assert changed.upper() == WORKED.upper()
        assert at > WORKED.index("?")
    else:
        assert report.elements == ()


SIGNED_BITS = [
    (name, place, at, bit)
    for name, elements in SIGNED_ELEMENTS.items()
    for place, (_, value) in enumerate(elements)
    for at in range(len(value))
    for bit in range(7)
]


@pytest.mark.parametrize("alg", ["Ed25519", "ES256"])
@given(changed=st.sampled_from(SIGNED_BITS))
def test_one_changed_bit_of_a_signed_element_never_verifies(alg: str, changed: tuple[str, int, int, int]) -> None:
    name, place, at, bit = changed
    code = parse_trace_code(SIGNED_CODES[alg, name])
    ai, value = code.elements[place]
    other = value[:at] + chr(ord(value[at]) ^ 1 << bit) + value[at + 1 :]
    path = [(key, other if number == place else old) for number, (key, old) in enumerate(code.elements)]
    query = "&".join(f"{key}={quote(old, safe='')}" for key, old in path if key in QUERY_AIS)
    steps = "".join(f"/{key}/{quote(old, safe='')}" for key, old in path if key not in QUERY_AIS)
    report = _verdict(f"https://TRACE.EXAMPLE.CN{steps}?{query}&s={code.token}", SIGNED_TRUST)
    assert report.verdict in (Verdict.MALFORMED_URI, Verdict.BAD_SIGNATURE)
    assert (report.elements, ai) == ((), code.elements[place][0])


@given(changed=st.sampled_from(sorted(SIGNED_ELEMENTS)), other=st.sampled_from(sorted(SIGNED_ELEMENTS)))
def test_the_token_of_one_code_never_verifies_another(changed: str, other: str) -> None:
    token = parse_trace_code(SIGNED_CODES["Ed25519", other]).token
    report = _verdict(build_uri(host="trace.example.cn", elements=SIGNED_ELEMENTS[changed], token=token), SIGNED_TRUST)
    assert (report.verdict is Verdict.VALID) is (changed == other)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_have_a_verdict(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for each in (text, f"https://TRACE.EXAMPLE.CN/{text}", f"https://TRACE.EXAMPLE.CN/U/7QK4M2ZX9RTB5?s={text}"):
        report = _verdict(each, SIGNED_TRUST)
        assert report.verdict is not Verdict.VALID
        assert report.refusal is not None
        report.refusal.say("zh").encode("utf-8")
        report.refusal.say("en").encode("utf-8")


@given(st.text(max_size=200))
def test_arbitrary_text_has_a_verdict(text: str) -> None:
    assert _verdict(text).verdict is Verdict.MALFORMED_URI


@given(st.text("/?&=%#:+sS01U24731.-ABCabc", max_size=60))
def test_arbitrary_links_have_a_verdict(text: str) -> None:
    assert _verdict("https://TRACE.EXAMPLE.CN/" + text + "&s=" + WORKED[-111:]).verdict is not Verdict.VALID


def test_reader_marks_do_no_harm() -> None:
    assert _verdict(f"]Q1{WORKED}\r\n").verdict is Verdict.VALID


def test_a_code_in_lower_case_comes_back_as_printed() -> None:
    report = _verdict(WORKED.lower())
    assert report.code is not None
    assert report.code.elements == report.elements == ELEMENTS


def test_both_forms_of_an_ecdsa_signature_are_taken() -> None:
    uri = next(case["uri"] for case in FIRST["cases"] if case["alg"] == "ES256")
    code = parse_trace_code(uri)
    assert code.token is not None
    token = decode_token(code.token)
    r, s = token.signature[:32], int.from_bytes(token.signature[32:], "big")
    for other in (s, P256_ORDER - s):
        twin = Token(version=1, algorithm=ES256, kid=token.kid, signature=r + other.to_bytes(32, "big"))
        again = build_uri(host=code.host, elements=code.elements, token=encode_token(twin))
        assert _verdict(again).verdict is Verdict.VALID
    for other in (0, P256_ORDER, 2**256 - 1):
        broken = Token(version=1, algorithm=ES256, kid=token.kid, signature=r + other.to_bytes(32, "big"))
        again = build_uri(host=code.host, elements=code.elements, token=encode_token(broken))
        assert _verdict(again).verdict is Verdict.BAD_SIGNATURE


def test_a_fresh_p256_key() -> None:
    signer = P256Signer.generate()
    trust = trust_of(listed({"kid": kid(signer.spki), "alg": "ES256", "spki_b64": _b64(signer.spki)}))
    uri = sign_code(host="trace.example.cn", elements=ELEMENTS, algorithm=ES256, kid=kid(signer.spki), sign=signer.sign)
    assert _verdict(uri, trust).verdict is Verdict.VALID


def test_unsupported_algorithm_comes_behind_key_questions_and_before_the_signature(without_sm2: None) -> None:
    sm2 = KEYS["f9d22522"]
    code = parse_trace_code(next(case["uri"] for case in FIRST["cases"] if case["alg"] == "SM2"))
    garbage = encode_token(Token(version=1, algorithm=SM2, kid=sm2["kid"], signature=bytes(64)))
    wrong = encode_token(Token(version=1, algorithm=1, kid=sm2["kid"], signature=bytes(64)))

    def verdict(token: str, **key: object) -> Verdict:
        uri = build_uri(host="evil.test", elements=code.elements, token=token)
        return _verdict(uri, trust_of(listed(sm2, **key))).verdict

    assert verdict(wrong) is Verdict.ALG_MISMATCH
    assert verdict(garbage, st="revoked") is Verdict.REVOKED
    assert verdict(garbage) is Verdict.UNSUPPORTED_ALGORITHM


def test_with_two_keys_of_one_kid_the_best_verdict_counts() -> None:
    right = trusted_key(use="code", spki=_spki("28dcfa90"))
    signer = Ed25519Signer.from_seed(bytes(32))
    other = trusted_key(use="code", spki=signer.spki)
    clash = type(other)(kid="28dcfa90", id=other.id, use="code", alg=other.alg, spki=other.spki)
    for keys in ((right, clash), (clash, right)):
        trust = TrustList(
            net=b"",
            seq=1,
            issued=NOW,
            expires=NOW + timedelta(days=7),
            hosts=("trace.example.cn",),
            stations=(),
            keys=keys,
        )
        assert _verdict(WORKED, trust).verdict is Verdict.VALID


@pytest.mark.parametrize(
    ("now", "age", "stale"),
    [
        ("2026-11-23T02:00:00.000Z", 0, False),
        ("2026-11-23T03:00:01.900Z", 3601, False),
        ("2026-11-30T01:59:59.000Z", 604799, False),
        ("2026-11-30T02:00:00.000Z", 604800, True),
        ("2026-11-22T00:00:00.000Z", 0, False),
    ],
)
def test_the_age_of_the_list(now: str, age: int, stale: bool) -> None:
    report = _verdict(WORKED, now=clock.parse_utc(now))
    assert (report.verdict, report.list_age_s, report.stale) == (Verdict.VALID, age, stale)


def test_voided_units_and_recalled_lots() -> None:
    unit, lot = "(01)09506000134352(21)7QK4M2ZX9RTB", ("09506000134352", "L2409A17")

    def verdict(uri: str = WORKED, **lists: object) -> Verdict:
        return verify_code(uri, trust=TRUST, now=NOW, **lists).verdict  # type: ignore[arg-type]

    assert verdict(revoked_units={"(01)09506000134352(21)OTHER"}) is Verdict.VALID
    assert verdict(revoked_units={unit}) is Verdict.REVOKED_UNIT
    assert verdict(recalled_lots={lot}) is Verdict.RECALLED_LOT
    assert verdict(recalled_lots={("09506000134352", "L2409A18")}) is Verdict.VALID
    assert verdict(revoked_units={unit}, recalled_lots={lot}) is Verdict.REVOKED_UNIT
    assert verdict(WORKED.replace("TRACE.EXAMPLE.CN", "EVIL.TEST"), revoked_units={unit}) is Verdict.UNTRUSTED_HOST


def test_the_report_names_the_station() -> None:
    report = _verdict(WORKED)
    assert report.key is not None
    assert (report.kid, report.key.stn) == ("28dcfa90", "TEST-001")
    unknown = _verdict(WORKED, trust_of())
    assert (unknown.verdict, unknown.kid, unknown.key) == (Verdict.UNKNOWN_KEY, "28dcfa90", None)


def test_a_moment_needs_its_offset() -> None:
    assert _verdict(WORKED, now=datetime(2026, 11, 23, 12, 0, tzinfo=UTC)).verdict is Verdict.VALID


def _spki(name: str) -> bytes:
    return next(key.spki for key in TRUST.keys if key.kid == name)


def _b64(data: bytes) -> str:
    return b64encode(data).decode()
