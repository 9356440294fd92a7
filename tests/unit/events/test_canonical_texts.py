"""Canonical texts: what is accepted, what is refused, and that rfc8785 agrees."""

import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.events.canonical import JsonValue, NotCanonical, decode, encode
from support.published import own_vectors_dir

VECTORS = json.loads((own_vectors_dir() / "events" / "canonical.json").read_text("utf-8"))

keys = st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20), max_size=8)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("text", VECTORS["accepted"])
def test_accepted(text: str) -> None:
    assert encode(decode(text)) == text


@pytest.mark.parametrize("text", VECTORS["refused"])
def test_refused(text: str) -> None:
    with pytest.raises(NotCanonical):
        decode(text)


@given(values)
def test_prints_what_the_reference_prints(value: JsonValue) -> None:
    text = encode(value)
    assert text.encode("utf-8") == rfc8785.dumps(value)
    assert decode(text) == value


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = decode(text)
    except NotCanonical:
        return
    assert encode(value) == text


@pytest.mark.parametrize("value", [1.0, 2**53, -(2**53), b"x", {1: 2}, {"é": 1}, "\ud800", {"a": {1.5}}, object()])
def test_values_outside_the_profile(value: object) -> None:
    with pytest.raises(NotCanonical):
        encode(value)


def test_depth_is_bounded() -> None:
    nested: object = 1
    for _ in range(20):
        nested = [nested]
    with pytest.raises(NotCanonical):
        encode(nested)


@pytest.mark.parametrize("inside", ['""', '"冷"', "1"])
def test_nesting_ends_at_one_depth_for_every_text_and_every_python(inside: str) -> None:
    decode("[" * 15 + inside + "]" * 15)
    decode("[" * 16 + "]" * 16)
    for depth in (16, 100, 5_000):
        with pytest.raises(NotCanonical):
            decode("[" * depth + inside + "]" * depth)
    with pytest.raises(NotCanonical):
        decode('{"a":' * 17 + "{}" + "}" * 17)
