"""Codes of a stolen key, voided units and recalled lots, judged with filters."""

from typing import Any

import pytest

from coldtrace.clock import parse_utc
from coldtrace.codes.trace_code import unit_id_of
from coldtrace.seal.b64 import unb64
from coldtrace.seal.filter import open_filter
from coldtrace.seal.filter_header import FilterKind
from coldtrace.seal.filter_proof import read_filter_proof
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.verify.code import LotsOf, Verdict, verify_code
from support.filter_vectors import COUNT, GTIN, NOW, allow_file, code, frozen, stop_file, unit

VECTORS = frozen("allow.json")
TRUST = open_trust_list(VECTORS["trust_list"], root=parse_root(VECTORS["root"]))
WHOLE = open_filter(allow_file())


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_one_box_by_its_proof(case: dict[str, Any]) -> None:
    proofs = [] if case["proof"] is None else [read_filter_proof(case["proof"])]
    now = parse_utc(case["now"]) if "now" in case else NOW
    assert verify_code(case["uri"], trust=TRUST, now=now, allowed_units=proofs).verdict == case["verdict"]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_the_whole_filter_says_the_same(case: dict[str, Any]) -> None:
    held = [open_filter(unb64(VECTORS["file"]))]
    now = parse_utc(case["now"]) if "now" in case else NOW
    found = verify_code(case["uri"], trust=TRUST, now=now, allowed_units=held).verdict
    # Only where the case is about a proof that is missing or another's, the whole filter knows better.
    knows_better = {"the filter is not held", "the proof of another box", "a filter of another key"}
    assert found == ("valid" if case["name"] in knows_better else case["verdict"])


def test_stop_filters_stop() -> None:
    voided = open_filter(stop_file(FilterKind.REVOKED_UNITS, [unit(5)]))
    lots = open_filter(stop_file(FilterKind.RECALLED_LOTS, [str(unit_id_of({"01": GTIN, "10": "L2409A17"}))]))

    def verdict(uri: str, **lists: object) -> Verdict:
        return verify_code(uri, trust=TRUST, now=NOW, allowed_units=[WHOLE], **lists).verdict  # type: ignore[arg-type]

    assert verdict(code(5), revoked_units=voided) is Verdict.REVOKED_UNIT
    assert verdict(code(6), revoked_units=voided) is Verdict.VALID
    assert verdict(code(6), recalled_lots=LotsOf(lots)) is Verdict.RECALLED_LOT
    assert verdict(code(5), revoked_units=voided, recalled_lots=LotsOf(lots)) is Verdict.REVOKED_UNIT
    # What is not signed by a listed key is refused for that, before anybody asks about stops.
    assert verdict(code(COUNT + 7), revoked_units=voided, recalled_lots=LotsOf(lots)) is Verdict.REVOKED
    assert (GTIN, "L1") not in LotsOf(lots)
    assert "L2409A17" not in LotsOf(lots)
