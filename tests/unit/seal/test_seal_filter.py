"""Filter files: nothing put in is missed, chance hits stay within the rate, and no changed byte is read."""

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldtrace.seal.b64 import unb64
from coldtrace.seal.filter import Filter, UntrustedFilter, check_filter, map_filter, open_filter
from coldtrace.seal.filter_build import build_allow_filter, build_stop_filter
from coldtrace.seal.filter_header import FilterKind, MalformedFilter, bits_for, block_of, places, read_header
from coldtrace.seal.filter_proof import read_filter_proof
from coldtrace.seal.filter_prove import prove_item
from coldtrace.seal.keys import key_id
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import open_trust_list
from support.filter_vectors import ISSUED, LIFE, allow_file, build, frozen, signer, stop_file, trust_list, unit

ALLOW, STOPS, PLACES = frozen("allow.json"), frozen("stops.json"), frozen("places.json")
TRUST = open_trust_list(STOPS["trust_list"], root=parse_root(ALLOW["root"]))
ITEMS = st.lists(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=40), max_size=60)


def stops_of(items: list[str], salt: int = 0, bits: int | None = None) -> Filter:
    """Return a filter of voided units."""
    source = random.Random(salt)
    return open_filter(
        build_stop_filter(
            lambda: items,
            kind=FilterKind.REVOKED_UNITS,
            net=bytes(32),
            seq=1,
            issued=ISSUED,
            expires=ISSUED + LIFE,
            signer_id=key_id(signer("status").spki),
            signer=signer("status"),
            random=source.randbytes,
            bits=bits,
        )
    )


def allow_of(items: list[str], salt: int = 0) -> bytes:
    """Return the file of an allow-filter."""
    source = random.Random(salt)
    return build_allow_filter(lambda: items, net=bytes(32), key=bytes(32), issued=ISSUED, random=source.randbytes)


def strangers(count: int, seed: int) -> Iterator[str]:
    """Return units that are in no filter of these tests."""
    source = random.Random(seed)
    return (f"(00){source.getrandbits(60):019}" for _ in range(count))


@pytest.mark.parametrize("name", sorted(build()))
def test_frozen_file_is_what_we_would_write(name: str) -> None:
    assert frozen(name) == json.loads(json.dumps(build()[name]))


@given(ITEMS, st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_everything_put_in_is_found(items: list[str], salt: int) -> None:
    for built in (stops_of(items, salt), open_filter(allow_of(items, salt))):
        assert built.header.count == len(set(items))
        assert all(item in built for item in items)


@given(ITEMS, st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_the_proof_of_one_says_what_the_file_says(items: list[str], salt: int) -> None:
    file = allow_of(items, salt)
    for item in [*items[:3], "(00)000000000000000017"]:
        if items:
            assert (item in read_filter_proof(prove_item(file, item))) is (item in set(items))


def test_a_filter_of_nothing_contains_nothing() -> None:
    empty = stops_of([])
    assert empty.header.body_bytes == 0
    assert not any(item in empty for item in ["", "a", *strangers(1000, 1)])
    assert check_filter(open_filter(unb64(STOPS["empty"])), TRUST) is None


def test_what_is_no_item_is_not_in() -> None:
    built = stops_of([unit(1)])
    assert [each in built for each in ("码", 7, None, b"(00)1", "\ud800")] == [False] * 5


def test_repeated_items_count_once() -> None:
    built = stops_of([unit(number % 40) for number in range(4000)])
    assert built.header.count == 40
    assert all(unit(number) in built for number in range(40))


def test_chance_hits_of_the_smallest_slots_are_one_in_256() -> None:
    built = stops_of([unit(number) for number in range(20_000)], bits=8)
    hits = built.chance_hits(strangers(200_000, 5))
    # 781 expected, and 28 is the standard deviation: five of them either way.
    assert 640 < hits < 922
    bits = 8 * built.header.body_bytes / built.header.count
    assert 9.8 < bits < 9.9


def test_a_hit_of_an_ordinary_stop_filter_is_as_good_as_certain() -> None:
    for count, bits in ((1, 48), (20_000, 48), (20_001, 32)):
        built = stops_of([unit(number) for number in range(count)])
        assert (built.header.bits, built.header.may_hit_by_chance) == (bits, False)
        assert built.chance_hits(strangers(100_000, 5)) == 0
        assert unit(0) in built


@pytest.mark.parametrize(
    ("count", "units", "lots"),
    [(0, 48, 48), (20_000, 48, 48), (20_001, 32, 48), (200_000, 32, 48), (200_001, 16, 48), (10**8, 16, 48)],
)
def test_long_lists_of_units_have_smaller_slots(count: int, units: int, lots: int) -> None:
    assert bits_for(FilterKind.REVOKED_UNITS, count) == units
    assert bits_for(FilterKind.RECALLED_LOTS, count) == lots
    assert bits_for(FilterKind.ALLOWED_UNITS, count) == 48


def test_an_allow_filter_of_small_slots_is_refused() -> None:
    text = open_filter(allow_of([unit(1)])).header.text
    assert read_header(text).bits == 48
    for bits in (8, 16, 32):
        with pytest.raises(MalformedFilter):
            read_header(text.replace('"bits":48', f'"bits":{bits}'))


def test_chance_hits_of_allow_filters_are_out_of_reach() -> None:
    built = open_filter(allow_of([unit(number) for number in range(20_000)]))
    assert built.header.bits == 48
    assert built.chance_hits(strangers(200_000, 6)) == 0


@pytest.mark.parametrize("kind", ["stop", "allow"])
def test_one_flipped_bit_anywhere_is_refused(kind: str) -> None:
    items = [unit(number) for number in range(30)]
    file = allow_file() if kind == "allow" else stop_file(FilterKind.REVOKED_UNITS, items)
    trust = trust_list()
    check_filter(open_filter(file), trust)
    source = random.Random(11)
    head = 8 * (8 + int.from_bytes(file[4:8], "big") + 64)
    spots = [*range(0, head, 7), *(source.randrange(8 * len(file)) for _ in range(200))]
    for spot in spots:
        changed = bytearray(file)
        changed[spot // 8] ^= 1 << spot % 8
        with pytest.raises((MalformedFilter, UntrustedFilter)):
            check_filter(open_filter(bytes(changed)), trust)


@given(st.binary(max_size=600), st.integers(0, 400), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_bytes_raise_only_our_refusal(data: bytes, at: int, inside: bool) -> None:
    good = stop_file(FilterKind.RECALLED_LOTS, [unit(1)])
    with pytest.raises(MalformedFilter):
        open_filter(good[:at] + data + good[at + len(data) + 1 :] if inside else data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["header", "pieces", "x"]), inner),
)


@given(JSON)
@settings(max_examples=200, deadline=None)
def test_any_json_for_a_proof_raises_only_our_refusal(value: Any) -> None:
    with pytest.raises(MalformedFilter):
        read_filter_proof(value)


@pytest.mark.parametrize("case", STOPS["malformed"], ids=lambda case: case["name"])
def test_malformed_files(case: dict[str, str]) -> None:
    with pytest.raises(MalformedFilter):
        open_filter(unb64(case["file"]))


@pytest.mark.parametrize("case", STOPS["untrusted"], ids=lambda case: case["name"])
def test_untrusted_files(case: dict[str, str]) -> None:
    with pytest.raises(UntrustedFilter):
        check_filter(open_filter(unb64(case["file"])), TRUST)


@pytest.mark.parametrize("case", ALLOW["malformed_proofs"], ids=lambda case: case["name"])
def test_malformed_proofs(case: dict[str, object]) -> None:
    with pytest.raises(MalformedFilter):
        read_filter_proof(case["proof"])


@pytest.mark.parametrize("case", STOPS["files"], ids=lambda case: f"{case['kind']} {case['bits']}")
def test_frozen_stops_say_what_they_said(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "stops.ccf1"
    path.write_bytes(unb64(case["file"]))
    built = map_filter(path)
    check_filter(built, TRUST)
    assert (built.header.kind, built.header.bits, built.header.seq) == (case["kind"], case["bits"], case["seq"])
    assert all(item in built for item in case["items"])
    assert [each["item"] in built for each in case["strangers"]] == [each["hit"] for each in case["strangers"]]
    assert any(each["hit"] for each in case["strangers"]) is (case["bits"] == 8)
    assert not built.is_stale(ISSUED)
    assert built.is_stale(ISSUED + LIFE)


def test_frozen_allow_filter() -> None:
    built = open_filter(unb64(ALLOW["file"]))
    check_filter(built, TRUST)
    assert built.id.hex() == ALLOW["id"]
    assert all(item in built for item in ALLOW["members"])
    assert not any(item in built for item in ALLOW["strangers"])
    assert not built.is_stale(ISSUED + timedelta(days=9000))


def test_frozen_places() -> None:
    for case in PLACES["cases"]:
        found = places(case["item"], salt=bytes.fromhex(PLACES["salt"]), block=case["block"], bits=case["bits"])
        assert list(found) == case["places"]


def test_an_empty_or_missing_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(MalformedFilter):
        map_filter(tmp_path / "empty")
    with pytest.raises(OSError, match="missing"):
        map_filter(tmp_path / "missing")


@pytest.mark.parametrize(("count", "block"), [(0, 0), (1, 12), (1000, 421), (1_000_000, 410_011)])
def test_size_of_a_block(count: int, block: int) -> None:
    assert block_of(count) == block


def test_a_proof_is_small() -> None:
    proof = prove_item(allow_of([unit(number) for number in range(20_000)]), unit(7))
    assert len(json.dumps(proof)) < 6_000
    assert all(len(unb64(piece["bytes"])) <= 768 for piece in proof["pieces"])  # type: ignore[attr-defined]
