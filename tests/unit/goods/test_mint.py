"""A code run: every code verifies, every SSCC is valid and new, weights add up to the gram."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.gtin import parse_gtin
from coldtrace.codes.short_code import format_short_code, parse_short_code
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.sscc import make_sscc, parse_sscc
from coldtrace.codes.token import decode_token
from coldtrace.events.unit_id import read_unit_id
from coldtrace.goods.mint import MintedCode, Minter
from coldtrace.goods.packing_list import PackedLine
from coldtrace.goods.plan import consignment_plan, pieces, positions
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer, P256Signer, Sm2Signer
from coldtrace.seal.trust_entries import Station, TrustList, trusted_key
from coldtrace.verify.code import Verdict, verify_code
from support.consignments import packing_list
from support.ticking import counting_bytes

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
GLN = "9521234000013"
Signer = Ed25519Signer | P256Signer | Sm2Signer
SIGNERS: dict[str, Signer] = {
    "Ed25519": Ed25519Signer.from_seed(b"m" * 32),
    "ES256": P256Signer.from_seed(b"m" * 32),
    "SM2": Sm2Signer.generate(),
}


def trust(signer: Signer) -> TrustList:
    key = trusted_key(
        use="code",
        spki=signer.spki,
        stn=GLN,
        scope=("01", "00"),
        print_from=NOW - timedelta(days=1),
        print_until=NOW + timedelta(days=37),
        accept_until=NOW + timedelta(days=768),
        st="active",
    )
    return TrustList(
        net=bytes(32),
        seq=1,
        issued=NOW,
        expires=NOW + timedelta(days=7),
        hosts=("trace.example.cn",),
        stations=(Station(id=GLN, name="港口冷库", gln=GLN, gcp=(GLN[:7],), status="active"),),
        keys=(key,),
        logs=(),
    )


def minted(lines: Sequence[PackedLine], signer: Signer = SIGNERS["Ed25519"]) -> list[MintedCode]:
    steps = consignment_plan(lines, {place: 1000 + place for place in range(len(lines))})
    minter = Minter(
        host="trace.example.cn",
        signer=signer,
        random=counting_bytes(),
        ssccs=(make_sscc(extension=3, company_prefix=GLN[:7], reference=number) for number in count(1)),
    )
    return list(minter.mint(pieces(steps, drawn=0, most=positions(steps))))


@pytest.mark.parametrize("alg", SIGNERS)
def test_every_code_verifies_and_says_what_it_is(alg: str) -> None:
    signer = SIGNERS[alg]
    codes = minted(packing_list(pallets=3, cartons=20).lines, signer)
    assert len(codes) == 63
    for code in codes:
        report = verify_code(code.uri, trust=trust(signer), now=NOW)
        assert report.verdict is Verdict.VALID
        assert report.code is not None
        assert report.code.unit_id == code.unit_id
        assert len(code.uri) <= 184
    cartons = [code for code in codes if code.kind == "unit"]
    assert {parse_trace_code(code.uri).value("10") for code in cartons} == {"L2409A17"}


def test_a_changed_code_does_not_verify() -> None:
    for code in minted(packing_list(cartons=2).lines):
        digit = code.unit_id[-1]
        other = code.uri.replace(f"{code.unit_id[-6:]}?", f"{code.unit_id[-6:-1]}{'7' if digit != '7' else '3'}?")
        assert other != code.uri
        assert verify_code(other, trust=trust(SIGNERS["Ed25519"]), now=NOW).verdict is not Verdict.VALID


def test_the_kept_hash_is_that_of_the_signed_bytes() -> None:
    for code in minted(packing_list(cartons=2).lines):
        printed = parse_trace_code(code.uri)
        assert printed.token is not None
        assert code.code_hash == sha256(signing_input(decode_token(printed.token).header, printed.elements))


def test_serials_and_ssccs_are_valid_and_never_double() -> None:
    codes = minted(packing_list(pallets=24, cartons=50).lines)
    assert len({code.unit_id for code in codes}) == 1224
    serials = [code.serial for code in codes if code.serial is not None]
    assert len(set(serials)) == 1200
    for serial in serials:
        assert parse_short_code(format_short_code(serial)) == serial
    pallets = [read_unit_id(code.unit_id).value for code in codes if code.kind == "pallet"]
    assert len({parse_sscc(sscc) for sscc in pallets}) == 24
    assert {sscc[:8] for sscc in pallets} == {"3" + GLN[:7]}


def test_labels_come_pallet_by_pallet_with_its_own_label_last() -> None:
    codes = minted(packing_list(pallets=2, cartons=3).lines)
    assert [code.position for code in codes] == list(range(1, 9))
    assert [(code.pallet, code.kind) for code in codes] == [
        *[("P01", "unit")] * 3, ("P01", "pallet"), *[("P02", "unit")] * 3, ("P02", "pallet")
    ]  # fmt: skip


def test_lines_of_one_pallet_that_are_not_neighbours() -> None:
    lines = list(packing_list(pallets=3, cartons=2).lines)
    lines[2] = replace(lines[2], pallet="P01")
    assert [code.pallet for code in minted(lines)] == ["P01"] * 5 + ["P02"] * 3


def test_loose_cartons_have_no_pallet_label() -> None:
    lines = [replace(line, pallet=None) for line in packing_list(cartons=3).lines]
    assert [(code.kind, code.pallet, code.position) for code in minted(lines)] == [
        ("unit", "", 1), ("unit", "", 2), ("unit", "", 3)
    ]  # fmt: skip


@given(net_g=st.integers(1, 40_000_000), cartons=st.integers(1, 60))
def test_weights_add_up_to_the_gram(net_g: int, cartons: int) -> None:
    line = replace(packing_list().lines[0], net_g=net_g, cartons=cartons)
    codes = minted([line])
    weights = [code.net_g for code in codes if code.kind == "unit" and code.net_g is not None]
    assert len(weights) == cartons
    assert sum(weights) == net_g == codes[-1].net_g
    assert max(weights) - min(weights) <= 1


def test_cartons_of_variable_measure_are_not_given_an_average() -> None:
    variable = parse_gtin("99521234543216")
    line = replace(packing_list(cartons=3).lines[0], gtin=variable, net_g=61_234)
    codes = minted([line])
    assert [code.net_g for code in codes] == [None, None, None, 61_234]
    single = replace(line, cartons=1, net_g=20_411)
    assert [code.net_g for code in minted([single])] == [20_411, 20_411]
    assert line.carton_net_g is None


def test_the_printed_lot_is_the_one_that_codes_can_carry() -> None:
    line = replace(packing_list().lines[0], lot="BR337/0909", intake_lot="BR337-0909.4CXTR")
    codes = minted([line])
    assert parse_trace_code(codes[0].uri).value("10") == "BR337-0909.4CXTR"
    assert codes[0].lot_id == 1000
