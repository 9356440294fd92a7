"""The quick reader of statements takes nothing that the general one refuses, and reads the same content."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldtrace.clock import format_utc
from coldtrace.codes.check_digit import check_digit
from coldtrace.errors import Refusal
from coldtrace.events.canonical import JsonValue
from coldtrace.events.quick_statement import read_quickly
from coldtrace.events.statement import CheckedStatement, draft_statement, read_statement, sign_statement
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import key_id
from support.published import own_vectors_dir
from support.story import GTIN, PORT, PORT_DEVICE, PORT_GLN, day_id
from support.ticking import counting_bytes

VECTORS = own_vectors_dir() / "events"
STATEMENTS = json.loads((VECTORS / "statements.json").read_text("utf-8"))
REFUSED = json.loads((VECTORS / "refused_statements.json").read_text("utf-8"))
AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TEXTS = ("header", "public", "private", "units", "sig")


def wire(
    *more: tuple[str, JsonValue],
    at: datetime = AT,
    offset: str = "+08:00",
    seq: int = 1,
    date: str = "2026-11-23",
    **changes: Any,
) -> dict[str, str]:
    parts: dict[str, Any] = {
        "id": day_id(AT, 1), "net": bytes(32), "key": key_id(PORT_DEVICE.spki),
        "prev": None if seq == 1 else bytes(range(32)), "seen": None, "type": StatementType.OBSERVE, "date": date,
        "place": PORT, "by": "device", "cold": "unknown", "facts": None, "corrects": None,
        "fields": [("at", format_utc(at)), ("offset", offset), ("seq", seq), ("site", PORT_GLN), *more],
        "lines": [Line("unit", f"(01){GTIN}(21)A1", None, 1, {})], "random": counting_bytes(),
    }  # fmt: skip
    return sign_statement(draft_statement(**{**parts, **changes}), PORT_DEVICE).to_json()


def agree(statement: object) -> CheckedStatement | None:
    """Check that what is taken here is taken by the general reader too, with the same content; return it."""
    quick = read_quickly(statement)
    if quick is None:
        return None
    general = read_statement(statement)
    assert quick == general
    assert type(quick.public.type) is type(general.public.type)
    assert type(quick.public.by) is type(general.public.by)
    for name in ("at", "offset", "local_date", "seq", "site"):
        assert getattr(quick.private, name) == getattr(general.private, name)
        assert type(getattr(quick.private, name)) is type(getattr(general.private, name))
    assert quick.private.at.tzinfo is UTC
    return quick


USUAL = [
    wire(),
    wire(("to", "9521234000020"), ("note", "第 3 车"), ("count", -5), ("ok", True), ("none", None), seq=7),
    wire(at=datetime(2026, 11, 23, 23, 59, 59, 999000, tzinfo=UTC), offset="-03:30", seen=bytes(32)),
    wire(type=StatementType.ADOPT, facts=bytes(31) + b"\x04", evidence=[bytes(32), bytes(range(32))]),
    wire(
        type=StatementType.PACK,
        lines=[
            Line("parent", f"(00)19521239000000001{check_digit('19521239000000001')}", None, 1, {}),
            *(
                Line("child", f"(01){GTIN}(21)A{at}", f"(00)19521239000000001{check_digit('19521239000000001')}", 1, {})
                for at in range(20)
            ),
        ],
    ),
    wire(
        type=StatementType.COMMISSION,
        lines=[Line("unit", f"(01){GTIN}(21)A1", None, 3, {"code": b64(bytes(32)), "lot": "批 1", "n": 1})],
    ),
]


def test_what_is_usual_is_read_here() -> None:
    assert all(agree(each) is not None for each in USUAL)


def test_the_published_statements_are_read_the_same() -> None:
    taken = [agree(vector["wire"]) for vector in STATEMENTS]
    assert len([each for each in taken if each is not None]) > len(taken) // 2


@pytest.mark.parametrize("vector", REFUSED, ids=lambda vector: str(vector.get("why")))
def test_what_is_refused_is_not_taken(vector: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        read_statement(vector["wire"])
    assert read_quickly(vector["wire"]) is None


@settings(max_examples=600)
@given(
    at=st.integers(0, len(USUAL) - 1),
    name=st.sampled_from(TEXTS),
    place=st.integers(0, 10**6),
    new=st.text(max_size=2) | st.sampled_from("0123456789AQgw_-+/=\n"),
    cut=st.integers(0, 2),
)
def test_a_change_is_never_taken_that_the_general_reader_refuses(
    at: int, name: str, place: int, new: str, cut: int
) -> None:
    text = USUAL[at][name]
    where = place % (len(text) + 1)
    agree(USUAL[at] | {name: text[:where] + new + text[where + cut :]})


@given(
    first=st.integers(0, len(USUAL) - 1), second=st.integers(0, len(USUAL) - 1), names=st.sets(st.sampled_from(TEXTS))
)
def test_texts_of_two_statements_do_not_mix(first: int, second: int, names: set[str]) -> None:
    mixed = USUAL[first] | {name: USUAL[second][name] for name in names}
    quick = agree(mixed)
    assert (quick is None) == _is_refused(mixed)


def _is_refused(statement: object) -> bool:
    try:
        read_statement(statement)
    except Refusal:
        return True
    return False


@pytest.mark.parametrize(
    "changed",
    [
        wire(seq=7) | {"private": wire(seq=1)["private"]},
        wire(date="2026-11-23") | {"public": wire()["public"].replace("2026-11-23", "2026-11-24")},
        wire() | {"sig": wire()["sig"] + "A"},
        wire() | {"sig": wire()["sig"][:-1] + "B"},
        wire() | {"sig": "\ud800"},
        wire() | {"private": wire()["private"] + "\ud800"},
        wire() | {"more": ""},
        {name: text for name, text in wire().items() if name != "sig"},
        wire() | {"units": 1},
        list(wire().items()),
        None,
        "text",
    ],
    ids=range(12),
)
def test_what_does_not_fit_together_is_for_the_general_reader(changed: object) -> None:
    assert read_quickly(changed) is None
    with pytest.raises(Refusal):
        read_statement(changed)


def test_first_and_last_days_are_no_trouble() -> None:
    for day in ("0001-01-01", "9999-12-31"):
        moment = datetime.fromisoformat(f"{day}T23:59:00+00:00")
        for offset in ("+14:00", "-14:00", "+00:00"):
            for said in (day, "0001-01-02", "9999-12-30"):
                try:
                    statement = wire(at=moment, offset=offset, date=said)
                except Refusal:
                    continue
                agree(statement)
