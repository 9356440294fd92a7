"""The auditor's fast reader of pieces takes nothing that the general readers refuse, and finds the same roots."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldtrace.audit.pieces import private_root as any_private
from coldtrace.audit.pieces import units_root as any_units
from coldtrace.errors import Refusal
from coldtrace.events.piece_text import Rooted, private_root, type_of, units_root
from coldtrace.events.private_piece import PrivateField, write_private
from coldtrace.events.public_piece import Place, read_public, write_public
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line, write_units
from coldtrace.seal.b64 import b64

SALT = bytes(range(16))
HEAD = [("at", "2026-11-23T04:00:00.000Z"), ("offset", "+08:00"), ("seq", 7), ("site", "9521234000013")]
UNITS = [
    "(01)09521234543213(21)7QK4M2ZX9RTB",
    "(01)09521234543213(10)L2409A17",
    "(00)195212390000000015",
    "U:7QK4M2ZX9RTB5",
    "zjcold:91%2F0042",
    "zjcold:0042",
]
ROLES = ("unit", "parent", "child", "input", "output")


def private(*more: tuple[str, object], **other: object) -> bytes:
    fields = [(name, other.get(name, value)) for name, value in HEAD] + list(more)
    return write_private(salt=SALT, fields=[PrivateField(SALT, name, value) for name, value in fields]).encode()  # type: ignore[arg-type]


def units(*lines: tuple[str, str, str | None, int, dict[str, object]]) -> bytes:
    return write_units(salt=SALT, lines=[Line(*line) for line in lines]).encode()  # type: ignore[arg-type]


def public(**other: object) -> bytes:
    given: dict[str, object] = {
        "salt": SALT, "type": T.RECEIVE, "date": "2026-11-23", "place": Place(role="market", district="120116"),
        "by": "device", "cold": "ok",
    }  # fmt: skip
    return write_public(**{**given, **other}).encode()  # type: ignore[arg-type]


def general(read: Callable[[], Rooted]) -> Rooted | None:
    """What the general readers say; None where they refuse."""
    try:
        return read()
    except (Refusal, UnicodeDecodeError):
        return None


def agree_private(data: bytes) -> bool:
    """Check that what is taken here is taken there too; tell whether it is."""
    fast = private_root(data)
    assert fast is None or fast == general(lambda: any_private(data.decode()))
    return fast is not None


def agree_units(data: bytes, kind: T) -> bool:
    fast = units_root(data, kind)
    assert fast is None or fast == general(lambda: any_units(data.decode(), kind))
    return fast is not None


def agree_public(data: bytes) -> bool:
    kind = type_of(data)
    if kind is not None:
        assert read_public(data.decode()).type is kind
    return kind is not None


TEXT = st.text(max_size=12) | st.sampled_from(["", "冷库", "a\x7f", 'q"', "\\", "\n", "\U0001f41f"])
VALUE = TEXT | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.none()
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


@given(more=st.lists(st.tuples(NAMES, VALUE | st.lists(VALUE, max_size=3)), max_size=6))
def test_private_fields_of_any_kind(more: list[tuple[str, object]]) -> None:
    agree_private(private(*more))


@given(
    lines=st.lists(
        st.tuples(
            st.sampled_from(ROLES),
            st.sampled_from(UNITS),
            st.none() | st.sampled_from(UNITS),
            st.integers(0, 2**53 - 1),
            st.dictionaries(NAMES, VALUE, max_size=3) | st.just({"code": b64(bytes(32))}),
        ),
        max_size=20,
    ),
    kind=st.sampled_from(T),
)
def test_lines_of_any_kind(lines: list[tuple[str, str, str | None, int, dict[str, object]]], kind: T) -> None:
    agree_units(units(*lines), kind)


USUAL = [
    private(),
    private(("to", "9521234000020"), ("note", "第 3 车"), ("count", -5), ("ok", True), ("none", None)),
    private(at="2026-01-31T23:59:59.999Z", offset="-03:30", seq=1),
]
LINES = [
    (units(("unit", UNITS[0], None, 1, {})), T.RECEIVE),
    (units(("unit", UNITS[0], None, 1, {"code": b64(bytes(32)), "lot": "批 1"})), T.COMMISSION),
    (units(("parent", UNITS[2], None, 1, {}), *(("child", unit, UNITS[2], 1, {}) for unit in UNITS[:2])), T.PACK),
    (units(*(("unit", f"(01)09521234543213(21)S{at}", None, 1, {}) for at in range(40))), T.SHIP),
    (units(), T.MARK),
]
PUBLICS = [public(), public(type=T.ADOPT, facts=bytes(32)), public(evidence=[bytes(32), bytes(31) + b"\x04"])]


def test_what_is_usual_is_read_here() -> None:
    assert all(agree_private(each) for each in USUAL)
    assert all(agree_units(data, kind) for data, kind in LINES)
    assert all(agree_public(each) for each in PUBLICS)
    assert private_root(USUAL[0]) == Rooted(root=private_root(USUAL[0]).root, width="16", seq=7)  # type: ignore[union-attr]
    assert units_root(*LINES[3]).width == "64"  # type: ignore[union-attr]


CHANGE = st.tuples(st.integers(0, 10**6), st.binary(max_size=2), st.integers(0, 3))


def changed(data: bytes, change: tuple[int, bytes, int]) -> bytes:
    """Put bytes of chance, or of the text itself, into a text."""
    place, new, cut = change
    at = place % len(data)
    return data[:at] + new + data[at + cut :]


@settings(max_examples=400)
@given(at=st.integers(0, 2), change=CHANGE)
def test_a_change_is_never_taken_that_the_general_readers_refuse(at: int, change: tuple[int, bytes, int]) -> None:
    agree_private(changed(USUAL[at], change))
    agree_units(changed(LINES[at][0], change), LINES[at][1])
    agree_public(changed(PUBLICS[at], change))


@given(data=st.data())
def test_parts_exchanged_doubled_and_dropped(data: st.DataObject) -> None:
    """Changes that keep the text JSON: what a pattern could take for good."""
    value = json.loads(data.draw(st.sampled_from(USUAL)))
    order = data.draw(st.lists(st.integers(0, len(value["fields"]) - 1), max_size=8))
    value["fields"] = [value["fields"][at] for at in order]
    agree_private(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    text, kind = data.draw(st.sampled_from(LINES[:4]))
    lines = json.loads(text)
    order = data.draw(st.lists(st.integers(0, len(lines["lines"]) - 1), max_size=4))
    lines["lines"] = [lines["lines"][at] for at in order]
    agree_units(json.dumps(lines, ensure_ascii=False, separators=(",", ":")).encode(), kind)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (private(("a", 1)).replace(b'"a",1', b'"a",-0'), None),
        (private(("a", 1)).replace(b'"a",1', b'"a",1.0'), None),
        (private(("a", 1)).replace(b'"a",1', b'"seq",1'), None),
        (private(("a", 1), ("b", 2)).replace(b'"b",2', b'"a",2'), None),
        (private().replace(b"2026-11-23", b"2026-02-30"), None),
        (private().replace(b"+08:00", b"-00:00"), None),
        (private().replace(b"+08:00", b"+15:00"), None),
        (private().replace(b"9521234000013", b"9521234000014"), None),
        (private().replace(b",7]", b",0]"), None),
        (private() + b"\n", None),
        (private(("a", "b")).replace(b'"b"', b'"\xff"'), None),
        (LINES[0][0], T.MARK),
        (LINES[0][0], T.TRANSFORM),
        (LINES[0][0], T.COMMISSION),
        (LINES[2][0], T.RECEIVE),
        (LINES[4][0], T.RECEIVE),
        (LINES[0][0].replace(b"43213", b"43214"), T.RECEIVE),
        (LINES[0][0].replace(b",1,{}", b",01,{}"), T.RECEIVE),
        (LINES[1][0].replace(b'"lot"', b'"aaa"'), T.COMMISSION),
        (LINES[2][0].replace(b'"child"', b'"parent"'), T.PACK),
        (LINES[2][0].replace(UNITS[0].encode(), UNITS[2].encode()), T.PACK),
        (LINES[2][0].replace(UNITS[0].encode(), UNITS[1].encode()), T.PACK),
    ],
)
def test_what_is_wrong_is_taken_by_none(data: bytes, kind: T | None) -> None:
    if kind is None:
        assert private_root(data) is None
        assert general(lambda: any_private(data.decode())) is None
    else:
        assert units_root(data, kind) is None
        assert general(lambda: any_units(data.decode(), kind)) is None
