"""Everybody else's codes: Digital Links, element strings, and the published judges."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.codes import ai_content, calendar
from coldtrace.codes.ai_association import excluding, lacking
from coldtrace.codes.ai_content import has_company_prefix
from coldtrace.codes.ai_table import find_ai, leading_ai
from coldtrace.codes.check_digit import has_valid_check_digit, is_digits
from coldtrace.codes.foreign import _KEYS, _NEVER_ATTRIBUTES, read_elements, read_link
from coldtrace.codes.iso_codes import COUNTRY_LETTERS, COUNTRY_NUMBERS, CURRENCY_NUMBERS
from coldtrace.codes.link_text import is_cset82
from coldtrace.codes.refusals import MalformedElements, MalformedUri
from coldtrace.errors import Refusal
from support.code_vectors import own_gs1, published_cases, published_gs1

LINKS = own_gs1("digital_links.json")["cases"]
ENGINE = published_cases("dl_uri_parse.json")

GTIN, SSCC = "09506000134352", "106141412345678908"


@pytest.mark.parametrize("case", LINKS, ids=lambda case: case["name"])
def test_digital_link(case: dict[str, object]) -> None:
    assert _link_or_none(str(case["uri"])) == case["elements"]


def test_what_the_gs1_engine_says() -> None:
    for case in ENGINE:
        says = case["engine_full_validation"]
        assert _link_or_none(case["uri"]) == (says["elements"] if says["accepted"] else None), case["uri"]


@pytest.mark.parametrize("separator", ["^", "\x1d", "{GS}", "|"])
def test_the_same_elements_as_an_element_string(separator: str) -> None:
    for case in ENGINE:
        says = case["engine_full_validation"]
        if says["accepted"]:
            text = case["fnc1_element_string"].replace("^", separator)
            assert [list(pair) for pair in read_elements(text)] == says["elements"], text


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        (f"01{GTIN}", {"01": GTIN}),
        (f"01{GTIN}10L2409A17\x1d21S1", {"01": GTIN, "10": "L2409A17", "21": "S1"}),
        (f"\x1d01{GTIN}21S1\x1d10L1\x1d", {"01": GTIN, "21": "S1", "10": "L1"}),
        (f"01{GTIN}\x1d1727093010L1", {"01": GTIN, "17": "270930", "10": "L1"}),
        (f"00{SSCC}02{GTIN}3760", {"00": SSCC, "02": GTIN, "37": "60"}),
        (f"01{GTIN}3102002340|422076", {"01": GTIN, "3102": "002340", "422": "076"}),
        (f"(01){GTIN}(10)L2409A17(21)S1", {"01": GTIN, "10": "L2409A17", "21": "S1"}),
        (f"(01) {GTIN} (10) L2409A17", {"01": GTIN, "10": "L2409A17"}),
        (f"(01){GTIN}(10)A\\(1)B", {"01": GTIN, "10": "A(1)B"}),
        (f"(01){GTIN}(01){GTIN}", {"01": GTIN}),
        ("4146901234567892254D07", {"414": "6901234567892", "254": "D07"}),
        ("8004950600ASSET1", {"8004": "950600ASSET1"}),
        ("91FREE TEXT".replace(" ", "_"), {"91": "FREE_TEXT"}),
    ],
)
def test_element_string(text: str, elements: dict[str, str]) -> None:
    assert dict(read_elements(text)) == elements


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_key"),
        ("\x1d\x1d", "no_key"),
        ("01", "form"),
        (f"01{GTIN[:-1]}3", "form"),
        ("0109506000134352\x1d10", "form"),
        (f"01{GTIN}10" + "A" * 21, "no_separator"),
        (f"01{GTIN}42207610L1", "no_separator"),
        (f"01{GTIN}89X", "unknown_ai"),
        (f"01{GTIN}15270230", "form"),
        (f"01{GTIN}3060", "no_reason"),
        (f"01{GTIN}37", "form"),
        (f"01{GTIN}3760", "excludes"),
        ("10L1", "needs"),
        ("21S1", "needs"),
        (f"00{SSCC}3760", "needs"),
        (f"02{GTIN}", "needs"),
        (f"(01){GTIN}(01)19506000134359", "repeated"),
        (f"(01){GTIN}(10)", "form"),
        (f"(01){GTIN})", "form"),
        (f"(1){GTIN}", "form"),
        (f"(01){GTIN}(10)A B", "form"),
        (f"(01){GTIN}8030AAAA", "form"),
        (f"01{GTIN}8030AAAA", "needs"),
        ("253950600013435280301AAAA", "no_reason"),
        ("2539506000134352\x1d8030AAAA", "needs"),
        ("0１09506000134352", "unknown_ai"),
        (f"01{GTIN}10中", "form"),
    ],
)
def test_refused_element_string(text: str, reason: str) -> None:
    if reason == "no_reason":
        read_elements(text)  # a well-formed neighbour of the cases around it
        return
    with pytest.raises(MalformedElements) as caught:
        read_elements(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("ai", "right", "wrong"),
    [
        ("8013", "1987654Ad4X4bL5ttr2310c2K", "1987654Ad4X4bL5ttr2310c2L"),
        ("8014", "1987654Ad4X4bL5ttr2310c2K", "1987654Ad4X4bL5ttr2310cK2"),
        ("8007", "GB82WEST12345698765432", "GB82WEST12345698765433"),
        ("8001", "00010000100110", "00000000100110"),
        ("8001", "00010000100190", "00010000100120"),
        ("8003", "09506000134352SER", "09506000134353SER"),
        ("8006", "095060001343520102", "095060001343520201"),
        ("8008", "2611232359", "2611232459"),
        ("8008", "261123235959", "261123235960"),
        ("8011", "1", "01"),
        ("402", "95060001343520017", "95060001343520018"),
        ("253", "9506000134352DOC", "9506000134353DOC"),
        ("4309", "18000000003600000000", "18000000013600000000"),
        ("4307", "CN", "XX"),
        ("421", "156300000", "157300000"),
        ("423", "156076", "156000"),
        ("4324", "2611230000", "2611232500"),
        ("4324", "2611239999", "2613239999"),
        ("4301", "A%E4%B8", "A%E4%B"),
        ("7003", "2611231200", "2611001200"),
        ("7007", "261123261124", "261123261100"),
        ("7011", "261123", "261100"),
        ("7030", "999PLANT", "000PLANT"),
        ("7040", "1ABC", "1AB/"),
        ("7241", "80", "11"),
        ("7250", "19991231", "19990231"),
        ("7251", "199912312359", "199912310060"),
        ("7252", "9", "3"),
        ("7258", "1/2", "2/1"),
        ("3912", "1561000", "0001000"),
        ("401", "9506CONSIGN", "95O6CONSIGN"),
        ("7041", "CT", "CTX"),
        ("8030", "Ab-_9=", "Ab-_=9"),
    ],
)
def test_content(ai: str, right: str, wrong: str) -> None:
    form = find_ai(ai)
    assert form is not None
    assert form.fits(right)
    assert ai_content.has_right_content(ai, right)
    assert not (form.fits(wrong) and ai_content.has_right_content(ai, wrong))


@pytest.mark.parametrize(
    ("elements", "missing"),
    [
        ("01 10 17", None),
        ("00 02 37 10", None),
        ("01 3922", "3922"),
        ("01 3922 3103", None),
        ("01 3922 30", None),
        ("3932 3103 01", None),
        ("250 01", "250"),
        ("250 01 21", None),
        ("4303 00", "4303"),
        ("7004 01", "7004"),
        ("8041 8040 01 21", None),
    ],
)
def test_what_belongs_together(elements: str, missing: str | None) -> None:
    assert lacking(dict.fromkeys(elements.split(), "X" * 99)) == missing


@pytest.mark.parametrize(
    ("elements", "pair"),
    [
        ("01 02 37", ("01", "37")),
        ("3102 3103 01", ("3102", "3103")),
        ("3102 3302 01", None),
        ("4330 4331 00", ("4330", "4331")),
        ("4330 4333 00", None),
        ("422 426 01", ("422", "426")),
    ],
)
def test_what_excludes_each_other(elements: str, pair: tuple[str, str] | None) -> None:
    assert excluding(elements.split()) == pair


def test_country_and_currency_numbers_are_those_of_a_country_library() -> None:
    assert {country.numeric for country in pycountry.countries} == COUNTRY_NUMBERS
    assert {country.alpha_2 for country in pycountry.countries} == COUNTRY_LETTERS
    assert {money.numeric for money in pycountry.currencies if hasattr(money, "numeric")} == CURRENCY_NUMBERS


def test_leading_ai_needs_a_whole_one() -> None:
    assert leading_ai("4") is None
    assert leading_ai("433") is None
    assert leading_ai("") is None
    form = leading_ai("4331001800-")
    assert form is not None
    assert form.ai == "4331"


@given(st.one_of(st.text(), st.text("()0123456789AB\x1d|^%?&=/ ", max_size=60)))
def test_element_parser_raises_only_our_errors(text: str) -> None:
    try:
        read_elements(text)
    except Refusal as refusal:
        refusal.say("zh").encode("utf-8")


@given(st.text("/?&=%#:+01278495.-Aa \x1d１", max_size=60))
def test_link_parser_raises_only_our_errors(text: str) -> None:
    try:
        read_link("https://shop.example/" + text)
    except Refusal as refusal:
        refusal.say("en").encode("utf-8")


@dataclass(frozen=True)
class DictionaryEntry:
    ai: str
    flags: str
    components: tuple[str, ...]
    attributes: tuple[str, ...]

    def attribute(self, name: str) -> list[str]:
        return [text.removeprefix(name + "=") for text in self.attributes if text.startswith(name + "=")]


def _dictionary() -> list[DictionaryEntry]:
    """Read the published GS1 syntax dictionary, the judge of our rules; empty where there is none."""
    path = published_gs1("gs1-syntax-dictionary.txt")
    entries: list[DictionaryEntry] = []
    for line in [] if path is None else path.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        first, _, last = words[0].partition("-")
        flags = words[1] if re.fullmatch(r"[*?]+", words[1]) else ""
        rest = words[2:] if flags else words[1:]
        attributes = tuple(word for word in rest if re.match(r"(req|ex|dlpkey)\b", word))
        components = tuple(word for word in rest if word not in attributes)
        for number in range(int(first), int(last or first) + 1):
            entries.append(DictionaryEntry(str(number).zfill(len(first)), flags, components, attributes))
    return entries


def test_the_dictionary_knows_the_same_ais() -> None:
    for entry in _dictionary():
        form = find_ai(entry.ai)
        assert form is not None, entry.ai
        assert form.separator_required is ("*" not in entry.flags), entry.ai


def test_the_dictionary_has_the_same_attributes_and_keys() -> None:
    for entry in _dictionary():
        assert (entry.ai in _NEVER_ATTRIBUTES) is ("?" not in entry.flags), entry.ai
        keys = entry.attribute("dlpkey")
        assert (entry.ai in _KEYS) is bool(keys or "dlpkey" in entry.attributes), entry.ai
        rows = tuple(tuple(row.split(",")) for row in keys[0].split("|")) if keys else ()
        assert _KEYS.get(entry.ai, ()) == rows


def test_the_dictionary_has_the_same_associations() -> None:
    for entry in _dictionary():
        for alternatives in entry.attribute("req"):
            assert lacking({entry.ai: "X"}) == entry.ai
            for group in alternatives.split(","):
                others = [pattern.replace("n", "1") for pattern in group.split("+")]
                found = lacking(dict.fromkeys([entry.ai, *others], "X" * 99))
                assert found != entry.ai, (entry.ai, group)
        if not entry.attribute("req"):
            assert lacking({entry.ai: "X"}) is None, entry.ai


def test_the_dictionary_has_the_same_exclusions() -> None:
    # Measures repeat themselves for every place of the decimal point; two of them stand for all.
    entries = [entry for entry in _dictionary() if not re.fullmatch(r"3[1-6][0-9][2-9]", entry.ai)]
    excluded: set[tuple[str, str]] = set()
    for entry in entries:
        patterns = [pattern.replace("n", "[0-9]") for text in entry.attribute("ex") for pattern in text.split(",")]
        for other in entries:
            if other.ai != entry.ai and any(re.fullmatch(pattern, other.ai) for pattern in patterns):
                excluded |= {(entry.ai, other.ai), (other.ai, entry.ai)}
    for entry in entries:
        for other in entries:
            if entry.ai != other.ai:
                pair = (entry.ai, other.ai)
                assert (excluding(pair) is not None) is (pair in excluded), pair


def test_the_dictionary_has_the_same_lengths() -> None:
    for entry in _dictionary():
        form = find_ai(entry.ai)
        assert form is not None
        least = most = 0
        for component in entry.components:
            optional = component.startswith("[")
            variable, length = re.findall(r"[NXYZ](\.\.)?(\d+)", component)[0]
            most += int(length)
            least += 0 if optional else 1 if variable else int(length)
        fitting = {size for size in range(1, 100) if any(form.fits(text) for text in _samples(size))}
        assert not fitting or (least <= min(fitting) and max(fitting) == most), entry.ai
        assert fitting or entry.ai in {"11", "7258"}, entry.ai


def test_the_linters_agree() -> None:
    path = published_gs1("linter_cases.json")
    linters = {} if path is None else json.loads(path.read_text(encoding="utf-8"))["linters"]
    checks: dict[str, Callable[[str], bool]] = {
        "csum": has_valid_check_digit,
        "cset82": lambda value: value == "" or is_cset82(value),
        "yymmd0": calendar.is_yymmd0,
        "hhmi": calendar.is_hhmi,
        "iso3166": COUNTRY_NUMBERS.__contains__,
        "pcenc": ai_content.has_whole_escapes,
        "pieceoftotal": ai_content.is_piece_of_total,
        "nonzero": lambda value: is_digits(value) and value.strip("0") != "",
        "cset64": ai_content.is_cset64,
        "hyphen": ai_content.is_minus,
        "importeridx": ai_content.is_importer_index,
        "packagetype": ai_content.is_package_type,
    }
    registers = {"GS1_LINTER_INVALID_GCP_PREFIX": False, "GS1_LINTER_GCP_DATASOURCE_OFFLINE": None}
    assert set(linters) - {*checks, "gcppos2"} == set()
    for name, cases in linters.items():
        for case in cases:
            said = registers.get(case["error"])
            check = checks.get(name, lambda value, said=said: has_company_prefix(value, at=1, register=lambda _: said))
            assert check(case["value"]) is case["ok"], (name, case["value"])


def test_a_company_prefix_and_its_register() -> None:
    assert has_company_prefix("I0123", at=1)
    assert has_company_prefix("I0123A", at=1, register=lambda digits: digits == "0123A")
    assert not has_company_prefix("I012", at=1)
    assert not has_company_prefix("I012A4", at=1)
    assert not has_company_prefix("I01234", at=1, register=lambda _: None)


def test_the_refusals_of_links_and_elements_differ() -> None:
    with pytest.raises(MalformedUri):
        read_link("https://a/10/L1")
    with pytest.raises(MalformedElements):
        read_elements("10L1")


def _samples(size: int) -> list[str]:
    made = [
        "0" * size,
        "1" * size,
        "A" * size,
        "1" * (size - 1) + "-",
        ("01" * 50)[:size],
        "0" + "1" * (size - 1),
        "1/1",
    ]
    return [text for text in made if len(text) == size]


def _link_or_none(uri: str) -> list[list[str]] | None:
    try:
        return [list(pair) for pair in read_link(uri)]
    except MalformedUri:
        return None
