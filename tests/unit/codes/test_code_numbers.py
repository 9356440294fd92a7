"""GTIN, SSCC and GLN: check digits, lengths, restricted prefixes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.codes.check_digit import check_digit, has_valid_check_digit
from coldtrace.codes.gln import parse_gln
from coldtrace.codes.gtin import parse_gtin
from coldtrace.codes.refusals import MalformedNumber, RestrictedNumber
from coldtrace.codes.scan import read_scan
from coldtrace.codes.sscc import make_sscc, parse_sscc
from coldtrace.errors import Refusal
from support.code_vectors import own_gs1, published_cases

CASES = own_gs1("check_digits.json")["cases"]
PARSERS = {"GTIN-14": parse_gtin, "SSCC": parse_sscc, "GLN": parse_gln}
DIGITS = st.text("0123456789", min_size=1, max_size=30)


def test_the_published_cases_agree() -> None:
    for case in published_cases("check_digits.json"):
        length = {"GTIN-14": 14, "SSCC": 18, "GLN": 13}[case["kind"]]
        assert (len(case["value"]) == length and has_valid_check_digit(case["value"])) is case["valid"], case


def test_prefix_400_is_germany() -> None:
    # The published file calls this number a case of prefix 040; refusing it would refuse German makers.
    assert parse_gtin("04000000000013") == "04000000000013"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['value']} {case['note']}")
def test_check_digit_vector(case: dict[str, Any]) -> None:
    length = {"GTIN-14": 14, "SSCC": 18, "GLN": 13}[case["kind"]]
    assert (len(case["value"]) == length and has_valid_check_digit(case["value"])) is case["valid"]
    if case["note"].startswith("policy"):
        with pytest.raises(RestrictedNumber):
            parse_gtin(case["value"])
    elif case["valid"]:
        assert PARSERS[case["kind"]](case["value"]) == case["value"]
    elif len(case["value"]) != 13:  # 13 digits are a GTIN-13, which a person may enter
        with pytest.raises(MalformedNumber):
            PARSERS[case["kind"]](case["value"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['ai']} {case['value']} {case['note']}")
def test_the_parser_of_scans_agrees(case: dict[str, Any]) -> None:
    text = f"({case['ai']}){case['value']}"
    if case["valid"]:
        assert read_scan(text).ais == {case["ai"]: case["value"]}
    else:
        with pytest.raises(Refusal):
            read_scan(text)


@pytest.mark.parametrize(
    ("given_text", "gtin"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("9506000134352", "09506000134352"),
        ("19506000134359", "19506000134359"),
    ],
)
def test_short_gtins_are_padded(given_text: str, gtin: str) -> None:
    assert parse_gtin(given_text) == gtin


@pytest.mark.parametrize("prefix", ["020", "029", "040", "049", "050", "200", "299", "951", "977", "980", "990", "999"])
def test_restricted_prefixes(prefix: str) -> None:
    body = f"0{prefix}000000001"
    with pytest.raises(RestrictedNumber) as caught:
        parse_gtin(body + check_digit(body))
    assert caught.value.facts["prefix"] == prefix


@pytest.mark.parametrize("prefix", ["019", "030", "060", "139", "300", "690", "952", "976", "985"])
def test_neighbours_of_restricted_prefixes_are_public(prefix: str) -> None:
    body = f"0{prefix}000000001"
    assert parse_gtin(body + check_digit(body)).startswith(body)


@pytest.mark.parametrize("text", ["00000000000000", "20000004", "00000020000004"])
def test_gtin_8_for_one_shop(text: str) -> None:
    with pytest.raises(RestrictedNumber):
        parse_gtin(text)


@given(DIGITS)
def test_every_single_wrong_digit_is_found(body: str) -> None:
    whole = body + check_digit(body)
    assert has_valid_check_digit(whole)
    for at, digit in enumerate(whole):
        assert not has_valid_check_digit(whole[:at] + str((int(digit) + 1) % 10) + whole[at + 1 :])


@pytest.mark.parametrize("text", ["", "5", "９506000134352", "950600013435 2", "-9506000134352", "²"])
def test_only_ascii_digits(text: str) -> None:
    assert not has_valid_check_digit(text)


@given(
    st.integers(0, 9),
    st.text("0123456789", min_size=4, max_size=12),
    st.integers(0, 10**4 - 1),
)
def test_sscc_is_made_and_read(extension: int, prefix: str, reference: int) -> None:
    made = make_sscc(extension=extension, company_prefix=prefix, reference=reference)
    assert parse_sscc(made) == made
    assert made.startswith(f"{extension}{prefix}")
    assert int(made[1 + len(prefix) : 17]) == reference


@pytest.mark.parametrize(
    ("extension", "prefix", "reference"),
    [
        (10, "6901234", 1),
        (-1, "6901234", 1),
        (3, "690", 1),
        (3, "6901234567890", 1),
        (3, "69O1234", 1),
        (3, "６９０１２３４", 1),
        (3, "6901234", 10**9),
        (3, "6901234", -1),
    ],
)
def test_sscc_that_does_not_fit(extension: int, prefix: str, reference: int) -> None:
    with pytest.raises(MalformedNumber):
        make_sscc(extension=extension, company_prefix=prefix, reference=reference)


@given(st.text(max_size=20))
def test_number_parsers_raise_only_refusals(text: str) -> None:
    for parse in PARSERS.values():
        try:
            assert parse(text).isdigit()
        except Refusal as refusal:
            refusal.say("zh").encode("utf-8")
            refusal.say("en").encode("utf-8")
