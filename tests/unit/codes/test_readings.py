"""Every way to read a text: real shapes, and that no text is read in two ways but for the pairs that we know."""

import json
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.codes.foreign_scheme import MalformedSchemes, known_schemes, match_scheme, parse_schemes
from coldtrace.codes.readings import Reading, Resolver, all_readings
from coldtrace.codes.scan import read_scan
from coldtrace.codes.trace_code import CodeKind
from coldtrace.errors import Refusal
from support.code_vectors import own_gs1, published_cases

CASES = own_gs1("resolvers.json")["cases"]
MAY_MEET = (
    {Resolver.SHORT, Resolver.GTIN, Resolver.PLACE},
    {Resolver.LINK, Resolver.FOREIGN},
    {Resolver.FOREIGN},
)
ALIKE = st.one_of(
    st.text(),
    st.text("0123456789", max_size=22),
    st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ-", min_size=12, max_size=17),
    st.text("]Q1Cd2E0()0123456789AB\x1d|-/ ", max_size=40),
    st.sampled_from(CASES).map(lambda case: case["text"]),
    st.tuples(st.sampled_from(CASES), st.sampled_from(["", "]C1", "]E0", "]Q1", "]d2"]), st.integers(0, 40)).map(
        lambda drawn: drawn[1] + drawn[0]["text"][: drawn[2]]
    ),
)


def what(reading: Reading) -> object:
    """Return what a reading reads, as the vectors write it."""
    if reading.scan is None:
        return [reading.scheme, reading.value]
    if reading.scan.command is not None:
        return reading.scan.command.text
    return reading.scan.serial or reading.scan.ais


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_readings_of_real_shapes(case: dict[str, object]) -> None:
    readings = all_readings(str(case["text"]))
    assert [[reading.resolver.value, what(reading)] for reading in readings.found] == case["readings"]
    assert (readings.refusal.code if readings.refusal else None) == case["refusal"]


def test_the_vectors_have_every_resolver_and_every_meeting() -> None:
    seen = {resolver for case in CASES for resolver, _ in case["readings"]}
    assert seen == {resolver.value for resolver in Resolver}
    assert max(len(case["readings"]) for case in CASES) == 3


@given(ALIKE)
def test_no_text_is_read_in_two_ways_but_for_the_known_pairs(text: str) -> None:
    readings = all_readings(text)
    assert bool(readings.found) is (readings.refusal is None)
    resolvers = {reading.resolver for reading in readings.found}
    assert len(resolvers) <= 1 or any(resolvers <= pair for pair in MAY_MEET)
    for one, other in combinations(readings.found, 2):
        assert what(one) != what(other) or one.resolver is not other.resolver


@given(ALIKE)
def test_the_reader_of_the_handheld_gives_one_of_the_readings(text: str) -> None:
    try:
        scan = read_scan(text)
    except Refusal as refusal:
        refusal.say("zh").encode("utf-8")
        return
    readings = all_readings(text).found
    assert scan in [reading.scan for reading in readings]
    if scan.kind is CodeKind.FOREIGN:
        assert len(readings) == 1


def test_no_published_link_has_a_second_reading() -> None:
    for case in published_cases("dl_uri_parse.json"):
        assert len(all_readings(case["uri"]).found) <= 1, case["uri"]


@given(ALIKE, st.sampled_from("0123456789AZ-"))
def test_a_rival_needs_two_right_check_characters(text: str, sign: str) -> None:
    """With one digit more, nothing that had rivals keeps them."""
    before = {reading.resolver for reading in all_readings(text).found}
    if {Resolver.SHORT, Resolver.GTIN} <= before:
        assert not {Resolver.SHORT, Resolver.GTIN} <= {r.resolver for r in all_readings(text.strip() + sign).found}


def _table(**changed: object) -> str:
    usual = {
        "scheme": "abcold",
        "name_zh": "某",
        "name_en": "A",
        "address": "*.ab.example/q/{value}",
        "confirmed": True,
    }
    return json.dumps({"schemes": [{k: v for k, v in (usual | changed).items() if v is not None}]})


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("https://x.ab.example/q/91%2F0042", "91/0042"),
        ("HTTP://X.AB.EXAMPLE/q/A", "A"),
        ("https://ab.example/q/A", "A"),
        ("https://x.ab.example:8443/q/A", "A"),
        ("https://x.ab.example/q/A/B", None),
        ("https://x.ab.example/q/", None),
        ("https://x.ab.example/r/A", None),
        ("https://xab.example/q/A", None),
        ("https://ab.example.evil.test/q/A", None),
        ("https://x.ab.example/q/" + "A" * 91, None),
        ("https://x.ab.example/q/%00", None),
        ("https://[x.ab.example/q/A", None),
        ("abcold:A", "A"),
        ("abcold:", None),
        ("ABCOLD:A", None),
    ],
)
def test_addresses_of_a_scheme(address: str, value: str | None) -> None:
    found = match_scheme(address, parse_schemes(_table()))
    assert [each for _, each in found] == ([] if value is None else [value])


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"scheme": "AB"}, "schemes[0].scheme"),
        ({"scheme": ""}, "schemes[0].scheme"),
        ({"name_zh": 1}, "schemes[0].name_zh"),
        ({"address": "https://ab.example/{value}"}, "schemes[0].address"),
        ({"address": "ab.example/x"}, "schemes[0].address"),
        ({"confirmed": "yes"}, "schemes[0].confirmed"),
        ({"confirmed": None}, "schemes[0]"),
        ({"note": "x"}, "schemes[0]"),
    ],
)
def test_a_table_is_read_strictly(changed: dict[str, object], where: str) -> None:
    with pytest.raises(MalformedSchemes) as caught:
        parse_schemes(_table(**changed))
    assert caught.value.facts["where"] == where


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schemes":{}}', '{"schemes":[1]}', "[" * 9000])
def test_what_is_no_table(text: str) -> None:
    with pytest.raises(MalformedSchemes):
        parse_schemes(text)


def test_a_scheme_stands_once() -> None:
    row = json.loads(_table())["schemes"][0]
    with pytest.raises(MalformedSchemes):
        parse_schemes(json.dumps({"schemes": [row, row]}))


def test_the_table_that_comes_with_the_install_claims_nothing() -> None:
    schemes = known_schemes()
    assert len(schemes) == 3
    assert not any(scheme.confirmed for scheme in schemes)
    assert all(scheme.host.endswith(".example") for scheme in schemes)
