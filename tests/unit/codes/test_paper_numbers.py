"""Numbers of the paperwork: the fixture values of the domain guide (section 3), and no other exception."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.codes.container_number import container_check_digit, parse_container_number
from coldtrace.codes.declaration_number import parse_declaration_number, provisional_declaration
from coldtrace.codes.hs_code import HS_NAMES, IN_SCOPE, parse_hs_code
from coldtrace.codes.overseas_registration import parse_overseas_registration
from coldtrace.codes.paper_number import MalformedPaperNumber, shown, tidy_number
from coldtrace.codes.port import PORTS, parse_port
from coldtrace.codes.quarantine_certificate import mask_certificate, parse_quarantine_certificate
from coldtrace.codes.uscc import parse_uscc, uscc_check_character

READERS: dict[str, Callable[[str], object]] = {
    "uscc": parse_uscc,
    "container": parse_container_number,
    "declaration": parse_declaration_number,
    "overseas": parse_overseas_registration,
    "quarantine": parse_quarantine_certificate,
    "hs": parse_hs_code,
    "port": parse_port,
}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("91120116MA05TE5T1N", "91120116MA05TE5T1N"),
        ("91120118MA00000011", "91120118MA00000011"),
        ("92120116MA000000XP", "92120116MA000000XP"),
        ("N2120116MA05TE5T16", "N2120116MA05TE5T16"),
        ("９１１２０１１６ＭＡ０５ＴＥ５Ｔ１Ｎ", "91120116MA05TE5T1N"),
        (" 91120116-ma05te5t1n\u200b", "91120116MA05TE5T1N"),
    ],
)
def test_good_credit_codes(text: str, code: str) -> None:
    assert parse_uscc(text) == code


@pytest.mark.parametrize(
    ("text", "refusal", "said"),
    [
        ("91350100M000100Y4Z", "uscc_character", "position 18"),
        ("91350100M000100Y44", "uscc_check_character", "should be 3"),
        ("91120116MA05TE5T1", "uscc_length", "has 17"),
        ("91120116MAO5TE5T1N", "uscc_character", "position 11"),
        ("", "uscc_length", "has 0"),
    ],
)
def test_bad_credit_codes(text: str, refusal: str, said: str) -> None:
    with pytest.raises(MalformedPaperNumber) as caught:
        parse_uscc(text)
    assert caught.value.code == refusal
    assert said in caught.value.say("en")
    assert "营业执照" in caught.value.say("zh")


def test_credit_code_remainder_zero_gives_zero() -> None:
    assert uscc_check_character("0" * 17) == "0"


@pytest.mark.parametrize("text", ["CSQU3054383", "TXGU0000014", "MWCU6789015", "TXGU 000001 4", "ｔｘｇｕ000001-4"])
def test_good_containers(text: str) -> None:
    assert parse_container_number(text) == tidy_number(text, drop="-")


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("TXGU0000015", "container_check_digit"),
        ("TXGU000001", "container_incomplete"),
        ("A1BU0000013", "container_form"),
        ("TXGA0000014", "container_form"),
        ("TXGU00000144", "container_form"),
        ("", "container_form"),
    ],
)
def test_bad_containers(text: str, refusal: str) -> None:
    with pytest.raises(MalformedPaperNumber) as caught:
        parse_container_number(text)
    assert caught.value.code == refusal


def test_container_remainder_ten_gives_zero() -> None:
    # Some number of this series leaves remainder ten; every one must be accepted with the digit we compute.
    for serial in range(60):
        body = f"CTRU{serial:06}"
        assert parse_container_number(body + container_check_digit(body)) == body + container_check_digit(body)
    assert "0" in {container_check_digit(f"CTRU{serial:06}") for serial in range(60)}


def test_declaration_of_an_import() -> None:
    number = parse_declaration_number("’020220261000000123")
    assert (number.value, number.status, number.customs_office, number.year) == (
        "020220261000000123",
        "final",
        "0202",
        2026,
    )
    assert number.notices == ()


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("020220260000000123", "declaration_export"),
        ("02022026100000012", "declaration_form"),
        ("020219261000000123", "declaration_form"),
        ("020220262000000123", "declaration_form"),
        ("", "declaration_form"),
    ],
)
def test_bad_declarations(text: str, refusal: str) -> None:
    with pytest.raises(MalformedPaperNumber) as caught:
        parse_declaration_number(text)
    assert caught.value.code == refusal


def test_declaration_of_an_export() -> None:
    assert parse_declaration_number("020220260000000123", direction="export").status == "final"
    with pytest.raises(MalformedPaperNumber) as caught:
        parse_declaration_number("020220261000000123", direction="export")
    assert caught.value.code == "declaration_import"


def test_old_and_provisional_declarations_are_kept_with_a_notice() -> None:
    old = parse_declaration_number("123456789")
    assert (old.status, [remark.code for remark in old.notices]) == ("legacy", ["declaration_legacy"])
    for text in ["预录入", "预录入编号：I20260000012345678", "Provisional", "to be advised", "TBA"]:
        number = parse_declaration_number(text)
        assert (number.status, number.customs_office, number.year) == ("provisional", None, None)
    assert parse_declaration_number("预录入编号：I20260000012345678").value == "I20260000012345678"
    assert provisional_declaration().value == ""


def test_overseas_registrations() -> None:
    gacc = parse_overseas_registration("CBRA01012201010001 ")
    assert (gacc.value, gacc.kind, gacc.country, gacc.notices) == ("CBRA01012201010001", "gacc", "BRA", ())
    foreign = parse_overseas_registration(" SIF  0337 ")
    assert (foreign.value, foreign.kind, foreign.country, foreign.notices) == ("SIF 0337", "foreign", None, ())
    short = parse_overseas_registration("CBRA0101220101001")
    assert (short.kind, [remark.code for remark in short.notices]) == ("foreign", ["overseas_registration_length"])
    odd = parse_overseas_registration("CBRA01012213010001")
    assert (odd.kind, [remark.code for remark in odd.notices]) == ("gacc", ["overseas_registration_date"])


@pytest.mark.parametrize("text", ["", "   ", "—", "A" * 31, "SIF\x000337"])
def test_bad_overseas_registrations(text: str) -> None:
    with pytest.raises(MalformedPaperNumber):
        parse_overseas_registration(text)


def test_quarantine_certificates() -> None:
    assert parse_quarantine_certificate("120000126 1118 0456") == "12000012611180456"
    assert mask_certificate("12000012611180456") == "1200…0456"
    for text in ["1234567", "1" * 25, "12000_126", "ABCDEFGH", ""]:
        with pytest.raises(MalformedPaperNumber):
            parse_quarantine_certificate(text)


def test_commodity_codes() -> None:
    beef = parse_hs_code("0202.3000.90")
    assert (beef.value, beef.ciq, beef.notices) == ("0202300090", None, ())
    assert beef.name is not None
    assert beef.name.zh == "冻去骨牛肉"
    assert parse_hs_code("0202300090 999").ciq == "999"
    assert [remark.code for remark in parse_hs_code("8703230000").notices] == ["hs_code_out_of_scope"]
    assert all(code.startswith(IN_SCOPE) for code in HS_NAMES)
    for text in ["020230", "02023000", "02023000900", "0202A00090", ""]:
        with pytest.raises(MalformedPaperNumber):
            parse_hs_code(text)


@pytest.mark.parametrize(
    ("text", "locode"),
    [
        ("天津新港 (CNTXG)", "CNTXG"),
        ("CNTXG", "CNTXG"),
        ("cn txg", "CNTXG"),
        ("Xingang, China", "CNTXG"),
        ("天津滨海国际机场", "CNTSN"),
        ("Tianjin (CNTSN)", "CNTSN"),
        ("上海洋山", "CNSHA"),
        ("PARANAGUÁ", "BRPNG"),
    ],
)
def test_ports(text: str, locode: str) -> None:
    assert parse_port(text).locode == locode


def test_tianjin_is_one_place_and_strange_ports_are_noticed() -> None:
    assert PORTS["CNTXG"].place == PORTS["CNTSN"].place
    assert len(PORTS) >= 30
    strange = parse_port("CNZZ9")
    assert (strange.listed, strange.country, [remark.code for remark in strange.notices]) == (
        False,
        "CN",
        ["port_unlisted"],
    )
    for text in ["", "somewhere", "桃花源", "CN1XG"]:
        with pytest.raises(MalformedPaperNumber):
            parse_port(text)


@pytest.mark.parametrize("name", READERS)
@given(text=st.text(max_size=60))
def test_any_text_is_read_or_refused_in_both_languages(name: str, text: str) -> None:
    said = []
    try:
        READERS[name](text)
    except MalformedPaperNumber as refusal:
        said = [refusal.say("zh"), refusal.say("en")]
    assert all(said)


@given(body=st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17), place=st.integers(0, 16))
def test_one_wrong_character_never_passes_the_credit_code(body: str, place: int) -> None:
    check = uscc_check_character(body)
    assert parse_uscc(body + check) == body + check
    other = "1" if body[place] == "0" else "0"
    with pytest.raises(MalformedPaperNumber):
        parse_uscc(body[:place] + other + body[place + 1 :] + check)


def test_what_is_shown_is_short_and_printable() -> None:
    assert shown("a\x00b\n" + "c" * 90) == "a·b·" + "c" * 35 + "…"
