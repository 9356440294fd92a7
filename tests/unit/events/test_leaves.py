"""Log leaves and product facts: exact bytes, the day and no more, limits."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.errors import Refusal
from coldtrace.events.canonical import decode
from coldtrace.events.facts import MalformedFacts, facts_hash, read_facts, write_facts
from coldtrace.events.leaf import LeafKind, LeafTooLarge, leaf_bytes, received_day
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.hashing import leaf_hash
from support.published import own_vectors_dir
from support.ticking import counting_bytes

VECTORS = json.loads((own_vectors_dir() / "events" / "leaves.json").read_text("utf-8"))
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["kind"])
def test_frozen_leaves(vector: dict[str, str]) -> None:
    value: Any = decode(vector["leaf"])
    sig = None if value["sig"] is None else unb64(value["sig"])
    leaf = leaf_bytes(LeafKind(vector["kind"]), value["body"], sig, AT)
    assert leaf.decode("utf-8") == vector["leaf"]
    assert b64(leaf_hash(leaf)) == vector["leaf_hash"]


def test_the_hour_does_not_show() -> None:
    leaves = {leaf_bytes(LeafKind.CTE1, "{}", None, AT.replace(hour=hour, minute=59)) for hour in range(24)}
    assert len(leaves) == 1
    assert b"2026-11-23T00:00:00.000Z" in leaves.pop()


def test_the_day_is_that_of_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    assert received_day(datetime(2026, 11, 24, 7, 59, tzinfo=shanghai)) == datetime(2026, 11, 23, tzinfo=UTC)


def test_a_leaf_fits_into_an_entry_bundle() -> None:
    room = 65535 - len(leaf_bytes(LeafKind.ERASE, "", None, AT))
    assert len(leaf_bytes(LeafKind.ERASE, "x" * room, None, AT)) == 65535
    with pytest.raises(LeafTooLarge):
        leaf_bytes(LeafKind.ERASE, "x" * (room + 1), None, AT)


def test_facts_round_trip() -> None:
    text = write_facts({"product_zh": "冻牛肉", "net_g": 19625}, counting_bytes())
    facts = read_facts(text)
    assert (facts["product_zh"], facts["net_g"]) == ("冻牛肉", 19625)
    again = write_facts({"product_zh": "冻牛肉", "net_g": 19625}, counting_bytes("other"))
    assert facts_hash(again) != facts_hash(text)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"salt":"AAAA"}',
        '{"a":true,"salt":"AAAAAAAAAAAAAAAAAAAAAA"}',
        '{"a":null,"salt":"AAAAAAAAAAAAAAAAAAAAAA"}',
        '{"a":[],"salt":"AAAAAAAAAAAAAAAAAAAAAA"}',
        '{"A":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA"}',
        '{"a":"' + "x" * 2001 + '","salt":"AAAAAAAAAAAAAAAAAAAAAA"}',
        " " * 20000,
    ],
)
def test_malformed_facts(text: str) -> None:
    with pytest.raises(MalformedFacts):
        read_facts(text)


@given(st.text(max_size=60))
def test_any_facts_are_refused(text: str) -> None:
    with pytest.raises(Refusal):
        read_facts(text)
