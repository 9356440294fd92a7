"""From the kernel's event records to lines: every sign of a code, whatever the gun's mode; nothing lost unsaid."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldscan.hid_keys import KEYS, LOST, KeyReader, Line
from support.key_events import ALT, CODES, KEY, KEYPAD_ENTER, SYN, TAB, by_number, held, record, stroke, typed
from support.scanner_world import World

PRINTABLE = string.digits + string.ascii_letters + string.punctuation + "\x1d"
SYN_DROPPED = record(SYN, 3, 0)


def test_every_sign_of_the_american_keyboard() -> None:
    assert KeyReader().feed(typed(PRINTABLE)) == [Line(PRINTABLE)]


def test_no_key_of_the_table_makes_two_signs() -> None:
    assert all(len(plain) == len(shifted) == 1 for plain, shifted in KEYS.values())


@given(st.text(PRINTABLE + " ", min_size=1), st.integers(1, 97))
def test_any_text_in_pieces_of_any_size(text: str, size: int) -> None:
    reader, data = KeyReader(), typed(text)
    lines = [line for start in range(0, len(data), size) for line in reader.feed(data[start : start + size])]
    assert lines == ([Line(text.strip(" "))] if text.strip(" ") else [])


def test_a_code_of_ours(world: World) -> None:
    text = world.carton()
    assert KeyReader().feed(typed(text) * 3) == [Line(text)] * 3


@pytest.mark.parametrize("end", [KEYPAD_ENTER, TAB])
def test_other_ends_of_a_line(end: int) -> None:
    assert KeyReader().feed(typed("CT:IN", end=end)) == [Line("CT:IN")]


def test_alt_mode_sends_signs_by_number() -> None:
    said = b"".join(by_number(ord(sign)) for sign in "]C101\x1d10L1")
    assert KeyReader().feed(said + typed("")) == [Line("]C101\x1d10L1")]


def test_alt_alone_and_numbers_beyond_ascii() -> None:
    assert KeyReader().feed(held(ALT, b"") + typed("A")) == [Line("A")]
    assert KeyReader().feed(by_number(233) + typed("A")) == [Line(LOST + "A")]


def test_a_key_that_nobody_knows_is_not_left_out() -> None:
    assert KeyReader().feed(stroke(183) + typed("A")) == [Line(LOST + "A")]


def test_locks_and_empty_lines_say_nothing() -> None:
    assert KeyReader().feed(stroke(58) + typed("") + stroke(69) + typed("a")) == [Line("a")]


def test_what_the_kernel_lost_spoils_one_line_only() -> None:
    data = typed("FIRST") + typed("SEC", end=None) + SYN_DROPPED + record(KEY, CODES["X"], 1) + record(SYN, 0, 0)
    assert KeyReader().feed(data + typed("OND") + typed("THIRD")) == [
        Line("FIRST"),
        Line("SECOND", whole=False),
        Line("THIRD"),
    ]


def test_a_lost_end_of_line_spoils_what_ran_into_it_even_with_shift_down() -> None:
    data = typed("FIRST", end=None) + record(KEY, 42, 1) + SYN_DROPPED + record(SYN, 0, 0)
    assert KeyReader().feed(data + typed("second")) == [Line("FIRSTsecond", whole=False)]


def test_a_line_of_which_nothing_is_left_is_told_too() -> None:
    assert KeyReader().feed(SYN_DROPPED + record(SYN, 0, 0) + typed("")) == [Line("", whole=False)]


def test_a_gun_that_never_ends_its_line_fills_no_memory() -> None:
    (line,) = KeyReader().feed(typed("A" * 9_000))
    assert len(line.text) == 8_192
