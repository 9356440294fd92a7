"""Short codes: the check character, what a tired person types, fresh serials."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.codes.refusals import MalformedShortCode
from coldtrace.codes.short_code import (
    ALPHABET,
    check_character,
    format_short_code,
    is_serial,
    is_short_code,
    new_serial,
    parse_short_code,
)

RANDOM = st.binary(min_size=8 * 40, max_size=8 * 40)


def test_the_worked_example() -> None:
    assert format_short_code("7QK4M2ZX9RTB") == "7QK4-M2ZX-9RTB-5"


@pytest.mark.parametrize(
    ("body", "check"),
    # A Global Release Identifier, whose standard uses the same check; then two worked out by hand.
    [("A12425GABC1234002", "M"), ("0", "2"), ("Z", "4")],
)
def test_mod_37_36(body: str, check: str) -> None:
    assert check_character(body) == check


@pytest.mark.parametrize(
    "typed",
    [
        "7QK4-M2ZX-9RTB-5",
        "7QK4M2ZX9RTB5",
        "7qk4 m2zx 9rtb 5",
        " 7QK4–M2ZX—9RTB.5\n",
        "７ＱＫ４－Ｍ２ＺＸ－９ＲＴＢ－５",
        "7QK4_M2ZX_9RTB_5",
    ],
)
def test_what_a_person_types(typed: str) -> None:
    assert parse_short_code(typed) == "7QK4M2ZX9RTB"


def test_i_l_and_o_are_read_as_the_digits() -> None:
    serial = "10AB10CD10EF"
    code = format_short_code(serial)
    for one in "1Il":
        for zero in "0Oo":
            assert parse_short_code(code.replace("1", one).replace("0", zero)) == serial


@pytest.mark.parametrize(
    "typed",
    ["", "7QK4-M2ZX-9RTB", "7QK4-M2ZX-9RTB-6", "7QK4-M2ZX-9RTB-55", "7QK4-M2ZX-9RTU-5", "中文中文中文中文中文中文中"],
)
def test_refused(typed: str) -> None:
    with pytest.raises(MalformedShortCode):
        parse_short_code(typed)


@given(RANDOM)
def test_fresh_serials_survive_the_confusions(stream: bytes) -> None:
    serial = new_serial(_reader(stream))
    assert is_serial(serial)
    assert parse_short_code(format_short_code(serial).lower().replace("1", "l").replace("0", "o")) == serial


@given(RANDOM, st.integers(0, 12), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(stream: bytes, at: int, sign: str) -> None:
    code = format_short_code(new_serial(_reader(stream))).replace("-", "")
    if code[at] != sign:
        with pytest.raises(MalformedShortCode):
            parse_short_code(code[:at] + sign + code[at + 1 :])


def test_nearly_all_swapped_neighbours_are_found() -> None:
    """A hybrid system finds every single wrong character, and all but one or two transpositions in a thousand."""
    found = swapped = 0
    for number in range(1, 400):
        code = format_short_code(new_serial(_reader((number * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big"))))
        code = code.replace("-", "")
        for at in range(12):
            turned = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
            swapped += turned != code
            found += turned != code and not is_short_code(turned)
    assert swapped > 4_000
    assert found / swapped > 0.995


def test_a_serial_with_an_unreadable_check_character_is_drawn_again() -> None:
    counter = iter(range(10**6))
    seen = [new_serial(lambda _: (next(counter) << 4).to_bytes(8, "big")) for _ in range(300)]
    assert len(set(seen)) == 300
    assert all(check_character(serial) not in "ILOU" for serial in seen)
    assert next(counter) > 300  # some were drawn again


def test_a_stuck_random_source_is_a_bug_and_not_an_endless_loop() -> None:
    stuck = next(n for n in range(1000) if check_character(_crockford(n)) in "ILOU")
    with pytest.raises(RuntimeError):
        new_serial(lambda _: (stuck << 4).to_bytes(8, "big"))


@given(st.text())
def test_parse_raises_only_refusals(text: str) -> None:
    try:
        assert is_serial(parse_short_code(text))
    except MalformedShortCode as refusal:
        refusal.say("zh").encode("utf-8")


def _crockford(number: int) -> str:
    return "".join(ALPHABET[number >> shift & 31] for shift in range(55, -1, -5))


def _reader(stream: bytes) -> Callable[[int], bytes]:
    """Serve `stream`, then a counter, so that a redraw always finds something new."""
    chunks = [stream[at : at + 8] for at in range(0, len(stream), 8)]
    chunks += [(n * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big") for n in range(1, 100)]
    source = iter(chunks)
    return lambda count: next(source)[:count]
