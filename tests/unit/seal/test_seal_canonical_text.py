"""Our narrow JCS prints what the reference implementation prints, and reads nothing else."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.errors import Refusal, Words
from coldtrace.seal.canonical_text import NotInProfile, print_canonical, read_canonical, read_json
from coldtrace.seal.members import Members

KEYS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_same_bytes_as_the_reference(value: object) -> None:
    text = print_canonical(value)
    assert text.encode() == rfc8785.dumps(value)  # type: ignore[arg-type]
    assert read_canonical(text) == value


@pytest.mark.parametrize(
    "value",
    [1.0, 2**53, -(2**53), "\ud800", {"é": 1}, {"a\n": 1}, {1: 1}, b"", {1, 2}, float("nan"), object()],
    ids=lambda value: type(value).__name__,
)
def test_values_outside_the_profile(value: object) -> None:
    with pytest.raises(NotInProfile):
        print_canonical(value)


def test_depth_has_an_end() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(NotInProfile):
        print_canonical(deep)
    with pytest.raises(NotInProfile):
        read_canonical("[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a":1,"a":1}',
        '{"b":1,"a":1}',
        '{"a": 1}',
        ' {"a":1}',
        '{"a":1}\n',
        "1.0",
        "1e3",
        "-0",
        "NaN",
        "Infinity",
        '"\\ud800"',
        '"\\u0041"',
        '"\\/"',
        '"\x7f\t"',
        "9" * 5000,
        "\ufeff{}",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(NotInProfile):
        read_canonical(text)


@given(st.text(max_size=30) | st.text('{}[]",:0123456789\\u ab', max_size=30))
def test_any_text_is_read_exactly_or_refused(text: str) -> None:
    try:
        value = read_canonical(text)
    except NotInProfile:
        return
    assert print_canonical(value) == text


def test_a_repeated_key_is_refused_even_in_loose_text() -> None:
    assert read_json(' {"a" : [1, true, null]} ') == {"a": [1, True, None]}
    for text in ('{"a":1,"a":2}', '{"x":{"a":1,"a":1}}', "[1.5]", "[NaN]"):
        with pytest.raises(NotInProfile):
            read_json(text)


class Bad(Refusal):
    """A refusal of a format that only this test knows."""

    code = "bad_in_test"
    title = Words("有误", "Bad")
    detail = Words("{where} 有误", "bad at {where}")


@pytest.mark.parametrize(
    ("value", "take", "where"),
    [
        ([], "text", "$"),
        ({}, "text", "top.x"),
        ({"x": 1}, "text", "top.x"),
        ({"x": "1"}, "number", "top.x"),
        ({"x": True}, "number", "top.x"),
        ({"x": -1}, "number", "top.x"),
        ({"x": {}}, "items", "top.x"),
        ({"x": ["a", 1]}, "texts", "top.x"),
        ({"x": [{}, 1]}, "objects", "top.x[1]"),
        ({"y": 1}, "close", "top.y"),
        ({"\n": 1}, "close", "top.?"),
    ],
)
def test_members_point_at_what_is_wrong(value: object, take: str, where: str) -> None:
    def read() -> None:
        members = Members(value, where="" if where == "$" else "top", refusal=Bad)
        getattr(members, take)(*([] if take == "close" else ["x"]))

    with pytest.raises(Bad) as refusal:
        read()
    assert refusal.value.facts["where"] == where


@pytest.mark.parametrize("text", ["A", "AAAA", "=="])
def test_members_data_has_its_length(text: str) -> None:
    with pytest.raises(Bad):
        Members({"x": text}, where="", refusal=Bad).data("x", length=2)
