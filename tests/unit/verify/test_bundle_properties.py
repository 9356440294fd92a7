"""Whatever a bundle says, a report comes out; and what was changed does not pass."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldtrace.verify.bundle import Report, verify_bundle
from support.story import NOW, ORIGIN, UNIT, build_story

STORY = build_story(quorum=1, cosigned=True)
TEXT = STORY.bundle()


def verify(text: str) -> Report:
    return verify_bundle(text, root=STORY.root, now=NOW, asked=UNIT, lowest_seq=7)


def test_the_story_holds() -> None:
    assert verify(TEXT).ok


@given(st.text(max_size=80))
def test_any_text_gives_a_report(text: str) -> None:
    assert not verify(text).ok


@settings(max_examples=150)
@given(st.data())
def test_no_changed_character_passes(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TEXT) - 1))
    other = data.draw(st.sampled_from('0aA9-_"{}[]:, \\').filter(lambda sign: sign != TEXT[at]))
    changed = TEXT[:at] + other + TEXT[at + 1 :]
    if _means_the_same(changed):
        return
    assert not verify(changed).ok


def _means_the_same(changed: str) -> bool:
    """Tell whether only what nobody signs was changed: spelling of the wrapping, or the free stem of the code."""
    try:
        parts = json.loads(changed)
    except ValueError:
        return False
    ours = json.loads(TEXT)
    return bool(parts == ours)


_junk = st.none() | st.booleans() | st.integers(-3, 2**53) | st.text(max_size=6) | st.lists(st.integers(), max_size=2)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:3]):
            found += _paths(inner, (*path, index))
    return found


PATHS = _paths(json.loads(TEXT))


@settings(max_examples=200)
@given(st.sampled_from(PATHS), _junk)
def test_any_part_may_be_junk(path: tuple[Any, ...], junk: Any) -> None:
    parts = json.loads(TEXT)
    inner = parts
    for step in path[:-1]:
        inner = inner[step]
    before = inner[path[-1]]
    inner[path[-1]] = junk
    text = json.dumps(parts)
    report = verify(text)
    if path[-1] not in ("open", "facts", "parent") and before != junk:
        assert not report.ok


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        "1" * 10_000,
        '"\\ud800"',
        "NaN",
        "\x00",
        " " * (8 * 1024 * 1024 + 1),
    ],
)
def test_hostile_texts(text: str) -> None:
    assert [check.name for check in verify(text).checks] == ["format"]


def test_many_statements_are_bounded() -> None:
    parts = json.loads(TEXT)
    parts["statements"] = parts["statements"][:1] * 501
    assert [check.reason for check in verify(json.dumps(parts)).checks] == ["malformed_bundle"]


def test_the_bundle_says_nothing_it_should_not() -> None:
    for hidden in ("04:00", "09:00", "6901234567892", "冷库", "8QK4M2ZX9RT0", '"seq":1'):
        assert hidden not in TEXT
    assert ORIGIN in TEXT
