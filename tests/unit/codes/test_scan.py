"""One door for every scan: what it is taken for, and what it is never taken for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.codes.command import Card, Command
from coldtrace.codes.refusals import MalformedUri
from coldtrace.codes.scan import Scan, read_scan, without_reader_marks
from coldtrace.codes.trace_code import CodeKind
from coldtrace.errors import Refusal
from support.code_vectors import own_gs1, published_cases

FIRST = own_gs1("cct1_signed_codes.json")
SIGNED = FIRST["cases"] + own_gs1("cct1_added_codes.json")["cases"]
WORKED = FIRST["worked_example"]["uri"]
GTIN, SSCC = "09506000134352", "106141412345678908"
TOKEN = WORKED.partition("?s=")[2]

KINDS = [
    (WORKED, "unit", {"01": GTIN, "10": "L2409A17", "21": "7QK4M2ZX9RTB"}),
    (f"]Q1{WORKED}", "unit", {"01": GTIN, "10": "L2409A17", "21": "7QK4M2ZX9RTB"}),
    (f" {WORKED}\r\n", "unit", {"01": GTIN, "10": "L2409A17", "21": "7QK4M2ZX9RTB"}),
    (f"https://shop.example/01/{GTIN}/21/S1", "unit", {"01": GTIN, "21": "S1"}),
    (f"]d201{GTIN}21S1", "unit", {"01": GTIN, "21": "S1"}),
    ("https://TRACE.EXAMPLE.CN/U/7QK4M2ZX9RTB5", "unit", {"U": "7QK4M2ZX9RTB5"}),
    ("https://trace.example.cn/u/7qk4m2zx9rtb5", "unit", {"U": "7QK4M2ZX9RTB5"}),
    (f"https://TRACE.EXAMPLE.CN/00/{SSCC}", "pallet", {"00": SSCC}),
    (f"]C100{SSCC}", "pallet", {"00": SSCC}),
    (f"(00){SSCC}(02){GTIN}(37)60", "pallet", {"00": SSCC, "02": GTIN, "37": "60"}),
    (SSCC, "pallet", {"00": SSCC}),
    ("https://a.cn/414/6901234567892/254/D07", "place", {"414": "6901234567892", "254": "D07"}),
    ("(414)6901234567892", "place", {"414": "6901234567892"}),
    ("9506000134352", "plain", {"01": GTIN}),
    ("]E09506000134352", "plain", {"01": GTIN}),
    ("]E496385074", "plain", {"01": "00000096385074"}),
    (GTIN, "plain", {"01": GTIN}),
    (f"01{GTIN}10L1", "plain", {"01": GTIN, "10": "L1"}),
    (f"https://a.cn/01/{GTIN}/10/L1?17=270930", "plain", {"01": GTIN, "10": "L1", "17": "270930"}),
    ("https://a.cn/8004/9506ASSET", "foreign", {"8004": "9506ASSET"}),
    ("]C191_NOTE", "foreign", {"91": "_NOTE"}),
]


@pytest.mark.parametrize(("text", "kind", "ais"), KINDS, ids=[text[:40] for text, _, _ in KINDS])
def test_what_a_scan_is(text: str, kind: str, ais: dict[str, str]) -> None:
    scan = read_scan(text)
    assert (str(scan.kind), scan.ais) == (kind, ais)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        (WORKED, f"(01){GTIN}(21)7QK4M2ZX9RTB"),
        (f"https://a.cn/01/{GTIN}/10/A%2FB/21/C%25", f"(01){GTIN}(21)C%25"),
        (f"(01){GTIN}(10)A/B", f"(01){GTIN}(10)A%2FB"),
        (SSCC, f"(00){SSCC}"),
        ("https://a.cn/U/7QK4M2ZX9RTB5", "U:7QK4M2ZX9RTB5"),
        (GTIN, None),
        ("(414)6901234567892", None),
        ("CT:IN", None),
    ],
)
def test_the_unit_that_a_scan_names(text: str, unit: str | None) -> None:
    assert read_scan(text).unit_id == unit


@pytest.mark.parametrize(
    "text", ["7QK4-M2ZX-9RTB-5", "7qk4m2zx9rtb5", "７ＱＫ４Ｍ２ＺＸ９ＲＴＢ５", "91AB-CDEF-GHJK-D", "1234567890299"]
)
def test_short_codes(text: str) -> None:
    scan = read_scan(text)
    assert scan.kind == "short"
    assert scan.serial is not None
    assert len(scan.serial) == 12


@pytest.mark.parametrize("text", ["CT:IN", "ct:in", "]Q1CT:IN", "CT:IN\r"])
def test_commands(text: str) -> None:
    assert read_scan(text) == Scan(kind="command", command=Card(command=Command.IN))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "unknown_code"),
        ("   ", "unknown_code"),
        ("]Q1", "unknown_code"),
        ("]Q1]Q1" + WORKED, "unknown_code"),
        ("hello", "unknown_code"),
        ("中文", "unknown_code"),
        ("x" * 9000, "unknown_code"),
        ("CT:JUMP", "unknown_command"),
        ("7QK4-M2ZX-9RTB-6", "malformed_short_code"),
        ("9506000134353", "malformed_number"),
        ("106141412345678905", "malformed_number"),
        ("2000000000015", "restricted_number"),
        ("９506000134352", "malformed_short_code"),
        ("91AB-CDEF-GHJK-0", "malformed_short_code"),
        ("1234", "malformed_elements"),
        ("10L1", "malformed_elements"),
        ("https://trace.example.cn/about", "malformed_uri"),
        ("ftp://trace.example.cn/01/09506000134352", "unknown_code"),
        ("HtTps://trace.example.cn/01/09506000134352", "malformed_uri"),
    ],
)
def test_refused_scan(text: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_scan(text)
    assert caught.value.code == code


@pytest.mark.parametrize("case", SIGNED, ids=lambda case: case["name"])
def test_signed_codes_keep_our_rules(case: dict[str, object]) -> None:
    """What carries a token like ours is never read by the looser rules for other people's links."""
    uri, name = str(case["uri"]), case["name"]
    if case["verdict"] == "malformed_uri" or name == "own id of 12 characters":
        with pytest.raises(Refusal):
            read_scan(uri)
    else:
        scan = read_scan(uri)
        assert scan.code is not None
        assert scan.ais == dict(scan.code.elements)


def test_two_tokens_are_not_somebody_elses_link() -> None:
    with pytest.raises(MalformedUri):
        read_scan(f"{WORKED}&S={TOKEN}")


def test_a_short_s_parameter_is_an_extension() -> None:
    scan = read_scan(f"https://shop.example/01/{GTIN}/21/S1?s=abc&3102=000100")
    assert scan.code is None
    assert scan.ais["3102"] == "000100"


def test_the_door_accepts_what_the_gs1_engine_accepts() -> None:
    for case in published_cases("dl_uri_parse.json"):
        says = case["engine_full_validation"]
        try:
            read: list[list[str]] | None = [list(pair) for pair in read_scan(case["uri"]).ais.items()]
        except Refusal:
            read = None
        assert read == (says["elements"] if says["accepted"] else None), case["uri"]


def test_only_one_prefix_is_taken_off_and_separators_stay() -> None:
    assert without_reader_marks("\x1d01]") == ("\x1d01]", None)
    assert without_reader_marks("\t]C1\x1dX\x1d \n") == ("\x1dX\x1d", "C1")
    assert without_reader_marks("]C") == ("]C", None)


@given(st.one_of(st.text(), st.text("]Q1CTIN:()0123456789AB\x1d-/ ", max_size=40)))
def test_a_scan_raises_only_our_errors(text: str) -> None:
    try:
        scan = read_scan(text)
    except Refusal as refusal:
        refusal.say("zh").encode("utf-8")
        refusal.say("en").encode("utf-8")
    else:
        assert scan.ais or scan.serial or scan.command
        assert isinstance(scan.kind, CodeKind) or scan.kind in ("short", "command")
