"""Statements: draft, sign, read; what is bound to what, and what is refused."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.clock import format_utc
from coldtrace.errors import Refusal
from coldtrace.events.canonical import decode, encode
from coldtrace.events.header import statement_id
from coldtrace.events.private_piece import erase_fields, read_erased, read_private
from coldtrace.events.public_piece import CorrectionMode, Corrects, read_public
from coldtrace.events.refusals import HashMismatch, MalformedStatement, StatementTooLarge
from coldtrace.events.statement import Draft, Statement, draft_statement, read_statement, sign_statement
from coldtrace.events.statement_type import StatementType, roles_of
from coldtrace.events.units_piece import LINES_MAX, Line
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.keys import key_id, load_public_key
from support.published import own_vectors_dir
from support.story import GTIN, PORT, PORT_DEVICE, PORT_GLN, SHOP_DEVICE, build_story, day_id
from support.ticking import counting_bytes

VECTORS = own_vectors_dir() / "events"
STATEMENTS = json.loads((VECTORS / "statements.json").read_text("utf-8"))
REFUSED = json.loads((VECTORS / "refused_statements.json").read_text("utf-8"))
AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def draft(**changes: Any) -> Draft:
    parts: dict[str, Any] = {
        "id": day_id(AT, 1),
        "net": bytes(32),
        "key": key_id(PORT_DEVICE.spki),
        "prev": None,
        "seen": None,
        "type": StatementType.OBSERVE,
        "date": "2026-11-23",
        "place": PORT,
        "by": "device",
        "cold": "unknown",
        "facts": None,
        "corrects": None,
        "fields": [("at", format_utc(AT)), ("offset", "+08:00"), ("seq", 1), ("site", PORT_GLN)],
        "lines": [Line("unit", f"(01){GTIN}(21)A1", None, 1, {})],
        "random": counting_bytes(),
    }
    return draft_statement(**{**parts, **changes})


@pytest.mark.parametrize("vector", STATEMENTS, ids=lambda vector: vector["type"])
def test_frozen_statements_are_read(vector: dict[str, Any]) -> None:
    checked = read_statement(vector["wire"])
    assert checked.public.type == vector["type"]
    assert b64(checked.header_hash) == vector["header_hash"]
    assert [b64(each) for each in checked.private.tree().levels[0]] == vector["private_leaves"]
    assert [b64(each) for each in checked.units.tree().levels[0]] == vector["units_leaves"]
    public_key = load_public_key(unb64(vector["spki"]))
    assert public_key.alg == vector["alg"]
    assert checked.verify(public_key)


@pytest.mark.parametrize("vector", REFUSED, ids=lambda vector: vector["name"])
def test_frozen_refusals(vector: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        read_statement(vector["wire"])
    assert (caught.value.code, caught.value.facts) == (vector["code"], vector["facts"])


def test_round_trip() -> None:
    signed = sign_statement(draft(), PORT_DEVICE)
    again = Statement.from_json(json.loads(json.dumps(signed.to_json())))
    assert again == signed
    checked = read_statement(again)
    assert checked.private.at == AT
    assert checked.private.seq == 1
    assert checked.units.lines[0].quantity == 1
    assert checked.verify(load_public_key(PORT_DEVICE.spki))


def test_only_the_named_key_verifies() -> None:
    checked = read_statement(sign_statement(draft(), PORT_DEVICE))
    assert not checked.verify(load_public_key(SHOP_DEVICE.spki))


def test_nobody_signs_for_another_key() -> None:
    with pytest.raises(ValueError, match="another key"):
        sign_statement(draft(), SHOP_DEVICE)


def test_no_flipped_bit_of_the_signature_verifies() -> None:
    signed = sign_statement(draft(), PORT_DEVICE)
    public_key = load_public_key(PORT_DEVICE.spki)
    for bit in range(0, 512, 7):
        data = bytearray(unb64(signed.sig))
        data[bit // 8] ^= 1 << bit % 8
        spoilt = Statement(signed.header, signed.public, signed.private, signed.units, b64(bytes(data)))
        assert not read_statement(spoilt).verify(public_key)


@given(st.sampled_from(["header", "public", "private", "units"]), st.data())
def test_no_changed_character_goes_unseen(piece: str, data: st.DataObject) -> None:
    signed = build_story().logged[0].statement
    wire = signed.to_json()
    at = data.draw(st.integers(0, len(wire[piece]) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda sign: sign != wire[piece][at]))
    wire[piece] = wire[piece][:at] + other + wire[piece][at + 1 :]
    try:
        checked = read_statement(wire)
    except Refusal:
        return
    assert not checked.verify(load_public_key(PORT_DEVICE.spki))


@given(
    st.dictionaries(st.sampled_from(["header", "public", "private", "units", "sig", "more"]), st.text(max_size=40))
    | st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3))
)
def test_any_object_is_read_or_refused(wire: object) -> None:
    with pytest.raises(Refusal):
        read_statement(wire)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=4), lambda inner: (
    st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["salt", "fields", "lines", "type", "v"]), inner)
)))  # fmt: skip
def test_any_piece_is_read_or_refused(value: object) -> None:
    wire = build_story().logged[0].statement.to_json()
    try:
        text = encode(value)
    except Refusal:
        return
    for piece in ("header", "public", "private", "units"):
        with pytest.raises(Refusal):
            read_statement({**wire, piece: text})


def test_lines_in_another_order_are_the_same_statement() -> None:
    wire = build_story().logged[1].statement.to_json()
    units: Any = decode(wire["units"])
    units["lines"].reverse()
    assert read_statement({**wire, "units": encode(units)}).header_hash == read_statement(wire).header_hash


def test_the_public_day_is_the_day_of_the_private_time() -> None:
    late = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    fields = [("at", format_utc(late)), ("offset", "+08:00"), ("seq", 1), ("site", PORT_GLN)]
    with pytest.raises(MalformedStatement):
        draft(fields=fields)
    assert read_public(draft(fields=fields, date="2026-11-24").public).date.day == 24


@pytest.mark.parametrize(
    ("changes", "piece"),
    [
        ({"type": StatementType.CORRECT}, "public"),
        ({"facts": bytes(32)}, "public"),
        ({"by": "somebody"}, "public"),
        ({"cold": "warm"}, "public"),
        ({"evidence": [bytes(32)] * 65}, "public"),
        ({"evidence": [bytes(31)]}, "public"),
        ({"prev": bytes(32)}, "header"),
        ({"net": bytes(31)}, "header"),
        ({"id": UUID(int=1)}, "header"),
        ({"lines": []}, "units"),
        ({"type": StatementType.MARK}, "units"),
        ({"type": StatementType.PACK}, "units"),
        ({"lines": [Line("unit", "box", None, 1, {})]}, "units"),
        ({"lines": [Line("unit", "zjcold:1", None, 1, {"a": "x" * 301})]}, "units"),
        ({"lines": [Line("unit", "zjcold:1", None, 1, {"A": 1})]}, "units"),
        ({"lines": [Line("unit", "zjcold:1", None, 1, {"a": [1]})]}, "units"),
        ({"lines": [Line("unit", "zjcold:1", None, 1, {f"a{n}": 1 for n in range(17)})]}, "units"),
        ({"fields": [("at", format_utc(AT))]}, "private"),
    ],
)
def test_drafts_that_nobody_would_read(changes: dict[str, Any], piece: str) -> None:
    with pytest.raises(MalformedStatement) as caught:
        draft(**changes)
    assert caught.value.facts["piece"] == piece


def test_a_draft_that_is_not_read_back_is_the_same() -> None:
    assert draft(read_back=False) == draft()
    read_statement(sign_statement(draft(read_back=False), PORT_DEVICE))


def test_limits() -> None:
    most = [Line("unit", f"zjcold:{number}", None, 1, {}) for number in range(LINES_MAX)]
    checked = read_statement(sign_statement(draft(lines=most), PORT_DEVICE))
    assert checked.header.units_width == 8192
    with pytest.raises(StatementTooLarge):
        draft(lines=[*most, Line("unit", "zjcold:more", None, 1, {})])
    long = [("at", format_utc(AT)), ("offset", "+08:00"), ("seq", 1), ("site", PORT_GLN)]
    with pytest.raises(StatementTooLarge):
        draft(fields=[*long, *((f"note{n}", "冷" * 1900) for n in range(80))])
    with pytest.raises(MalformedStatement):
        draft(fields=[*long, ("note", "x" * 2001)])


def test_chain_statements_have_no_lines() -> None:
    for kind in (StatementType.MARK, StatementType.CLOSE):
        assert read_statement(sign_statement(draft(type=kind, lines=[]), PORT_DEVICE)).units.lines == ()


def test_corrections_name_a_header() -> None:
    mend = Corrects(header=bytes(32), mode=CorrectionMode.DID_NOT_OCCUR)
    checked = read_statement(sign_statement(draft(type=StatementType.CORRECT, corrects=mend), PORT_DEVICE))
    assert checked.public.corrects == mend


def test_every_type_has_roles() -> None:
    assert all(roles_of(kind) for kind in StatementType)


def test_erased_fields_keep_the_root() -> None:
    piece = read_private(draft().private)
    erased = read_erased(erase_fields(piece, {"site"}))
    assert erased.value("site") is None
    assert erased.tree().root == piece.tree().root
    twice = read_erased(erase_fields(erased, {"at"}))
    assert twice.tree().root == piece.tree().root
    assert PORT_GLN not in erase_fields(piece, {"site"})
    vector = json.loads((VECTORS / "private_erased.json").read_text("utf-8"))
    assert b64(read_erased(vector["text"]).tree().root) == vector["root"]
    assert b64(read_private(vector["private"]).tree().root) == vector["root"]


def test_ids_tell_the_day_only() -> None:
    moment = datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)
    made = statement_id(moment)
    assert made.version == 7
    assert datetime.fromtimestamp((made.int >> 80) / 1000, UTC) == datetime(2026, 11, 23, tzinfo=UTC)
    assert made != statement_id(moment)


def test_a_piece_of_another_statement_is_refused() -> None:
    one, two = (each.statement.to_json() for each in build_story().logged[2:4])
    for piece in ("private", "units"):
        with pytest.raises((HashMismatch, MalformedStatement)):
            read_statement({**one, piece: two[piece]})
