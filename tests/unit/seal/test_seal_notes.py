"""Signed notes, checkpoints and cosignatures of C2SP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.errors import Refusal
from coldtrace.seal.checkpoint import (
    Checkpoint,
    MalformedCheckpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from coldtrace.seal.cosignature import cosign, has_quorum, open_cosignatures, witness_vkey
from coldtrace.seal.hashing import EMPTY_ROOT
from coldtrace.seal.keys import P256Signer, UnsupportedAlgorithm
from coldtrace.seal.note import (
    MalformedNote,
    MalformedVkey,
    UntrustedNote,
    add_signatures,
    encode_vkey,
    open_note,
    parse_vkey,
    sign_note,
    split_note,
)
from coldtrace.seal.vkey import vkey_of
from support.tlog_vectors import ORIGIN, frozen, signer

VECTORS = frozen("notes.json")
VKEY, WITNESSES = VECTORS["vkey"], VECTORS["witnesses"]
NOTE, COSIGNED = VECTORS["checkpoint"]["note"], VECTORS["cosigned"]["note"]


def test_frozen_checkpoint_opens() -> None:
    opened = open_checkpoint(NOTE, log=VKEY)
    head = opened.checkpoint
    assert (head.origin, head.size) == (ORIGIN, 13)
    assert head.text() == opened.text == NOTE[: NOTE.index("\n\n") + 1]
    assert opened.cosignatures == ()
    assert open_checkpoint(NOTE.encode(), log=parse_vkey(VKEY)) == opened


def test_frozen_cosignatures_open_and_count() -> None:
    opened = open_checkpoint(COSIGNED, log=VKEY, witnesses=WITNESSES)
    assert [each.witness.text() for each in opened.cosignatures] == WITNESSES
    assert {each.at_s for each in opened.cosignatures} == {VECTORS["cosigned"]["at_s"]}
    assert has_quorum(opened.cosignatures, quorum=2)
    assert not has_quorum(opened.cosignatures, quorum=3)
    assert not has_quorum(opened.cosignatures[:1] * 2, quorum=2)


def test_unknown_witnesses_are_ignored() -> None:
    opened = open_checkpoint(COSIGNED, log=VKEY, witnesses=WITNESSES[:1])
    assert len(opened.cosignatures) == 1
    assert len(open_note(COSIGNED, [VKEY]).unknown) == 2


def test_witnesses_alone_can_vouch() -> None:
    checkpoint, cosignatures = open_cosignatures(COSIGNED, WITNESSES)
    assert (checkpoint.size, len(cosignatures)) == (13, 2)


def test_a_checkpoint_without_the_logs_own_signature_is_refused() -> None:
    text, lines = split_note(COSIGNED)
    only_witnesses = f"{text}\n" + "".join(each.to_line() for each in lines[1:])
    assert open_cosignatures(only_witnesses, WITNESSES)
    with pytest.raises(UntrustedNote):
        open_checkpoint(only_witnesses, log=VKEY, witnesses=WITNESSES)


def test_a_log_cannot_speak_for_another_origin() -> None:
    other = sign_note(Checkpoint("other.example", 0, EMPTY_ROOT).text(), ORIGIN, signer("log"))
    with pytest.raises(UntrustedNote):
        open_checkpoint(other, log=VKEY)


def test_kinds_of_signature_do_not_stand_in_for_each_other() -> None:
    """A witness's key under kind 01 would sign other bytes; the id tells them apart, and so does the length."""
    text, _ = split_note(NOTE)
    as_log = sign_note(text, "witness.example/one", signer("witness one"))
    with pytest.raises(UntrustedNote):
        open_note(as_log, WITNESSES)
    cosigned = f"{text}\n" + cosign(text, name=ORIGIN, signer=signer("log"), at_s=1).to_line()
    with pytest.raises(UntrustedNote):
        open_note(cosigned, [VKEY])


def test_text_with_blank_lines_is_cut_at_the_last() -> None:
    assert open_note(VECTORS["plain"], [VKEY]).text == "入库 60 箱\n\n第二段\n"


@pytest.mark.parametrize("case", VECTORS["malformed"], ids=lambda case: case["why"])
def test_malformed_notes(case: dict[str, str]) -> None:
    with pytest.raises(MalformedNote):
        open_note(case["note"], [VKEY])


@pytest.mark.parametrize("case", VECTORS["untrusted"], ids=lambda case: case["why"])
def test_untrusted_notes(case: dict[str, str]) -> None:
    with pytest.raises(UntrustedNote):
        open_note(case["note"], [VKEY])


@pytest.mark.parametrize("text", VECTORS["malformed_vkeys"], ids=repr)
def test_malformed_vkeys(text: str) -> None:
    with pytest.raises(MalformedVkey):
        parse_vkey(text)


@pytest.mark.parametrize("case", VECTORS["malformed_checkpoints"], ids=lambda case: case["why"])
def test_malformed_checkpoints(case: dict[str, str]) -> None:
    with pytest.raises(MalformedCheckpoint):
        parse_checkpoint(case["text"])


def test_extension_lines_of_others_are_kept_and_signed() -> None:
    text = Checkpoint(ORIGIN, 0, EMPTY_ROOT, ("one", "two")).text()
    note = sign_note(text, ORIGIN, signer("log"))
    assert open_checkpoint(note, log=VKEY).checkpoint.extensions == ("one", "two")


def test_notes_take_sixteen_signatures_and_up_to_a_hundred() -> None:
    text, lines = split_note(NOTE)
    note = f"{text}\n" + lines[0].to_line() * 100
    assert len(open_note(note, [VKEY]).verified) == 1
    assert len(split_note(note)[1]) == 100


def test_a_note_over_a_megabyte_is_refused() -> None:
    with pytest.raises(MalformedNote):
        open_note(sign_note("冷" * 400_000 + "\n", ORIGIN, signer("log")), [VKEY])


def test_no_known_key_no_note() -> None:
    with pytest.raises(UntrustedNote):
        open_note(NOTE, [])
    with pytest.raises(MalformedVkey):
        open_note(NOTE, ["nonsense"])


def test_bytes_that_are_no_text() -> None:
    for note in (b"\xff" + NOTE.encode(), "\ud800" + NOTE):
        with pytest.raises(MalformedNote):
            open_note(note, [VKEY])


@pytest.mark.parametrize("text", ["", "\n", "no newline", "bell\x07\n", "cr\r\n"], ids=repr)
def test_texts_that_no_note_can_hold(text: str) -> None:
    with pytest.raises(MalformedNote):
        sign_note(text, ORIGIN, signer("log"))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb", "\ud800"], ids=repr)
def test_names_that_no_key_can_have(name: str) -> None:
    with pytest.raises(MalformedVkey):
        encode_vkey(name, signer("log").spki)


def test_only_ed25519_signs_notes() -> None:
    p256 = P256Signer.from_seed(bytes(31) + b"\x07")
    with pytest.raises(UnsupportedAlgorithm):
        sign_note("text\n", ORIGIN, p256)
    with pytest.raises(UnsupportedAlgorithm):
        cosign(split_note(NOTE)[0], name="w", signer=p256, at_s=0)
    with pytest.raises(MalformedVkey):
        encode_vkey(ORIGIN, p256.spki)
    with pytest.raises(MalformedVkey):
        encode_vkey(ORIGIN, b"no key")
    with pytest.raises(MalformedVkey):
        vkey_of(name=ORIGIN, spki=signer("log").spki, kind=6)


def test_only_checkpoints_are_cosigned_and_signed_as_such() -> None:
    with pytest.raises(MalformedCheckpoint):
        cosign("buy milk\n", name="w", signer=signer("witness one"), at_s=0)
    for bad in (Checkpoint("a\nb", 0, EMPTY_ROOT), Checkpoint(ORIGIN, 1, b"short"), Checkpoint("", 0, EMPTY_ROOT)):
        with pytest.raises(MalformedCheckpoint):
            sign_checkpoint(bad, signer("log"))


def test_a_cosignature_past_the_end_of_time_is_refused() -> None:
    text, _ = split_note(NOTE)
    line = cosign(text, name="w", signer=signer("witness one"), at_s=2**63)
    with pytest.raises(UntrustedNote):
        open_note(f"{text}\n{line.to_line()}", [witness_vkey(name="w", spki=signer("witness one").spki)])


def test_adding_lines_needs_a_note() -> None:
    line = split_note(NOTE)[1][0]
    with pytest.raises(MalformedNote):
        add_signatures("no note", [line])


@given(st.integers(0, len(COSIGNED.encode()) * 8 - 1))
def test_one_flipped_bit_never_gives_the_same_trust(bit: int) -> None:
    """A flip in a name or key id makes a stranger's line; anywhere else the note falls."""
    data = COSIGNED.encode()
    flipped = (int.from_bytes(data, "big") ^ (1 << bit)).to_bytes(len(data), "big")
    try:
        opened = open_checkpoint(flipped, log=VKEY, witnesses=WITNESSES)
    except Refusal:
        return
    assert opened.text == split_note(COSIGNED)[0]
    assert len(opened.cosignatures) < 2


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=9),
)
def test_notes_round_trip(text: str, name: str) -> None:
    log = signer("log")
    try:
        note = sign_note(f"{text}.\n", name, log)
    except MalformedVkey:
        return
    assert open_note(note, [encode_vkey(name, log.spki)]).text == f"{text}.\n"
    assert parse_vkey(encode_vkey(name, log.spki)).name == name


@given(st.text(max_size=60) | st.binary(max_size=60) | st.text("— ab\n=+", max_size=40))
def test_any_text_is_ours_to_refuse(text: str | bytes) -> None:
    with pytest.raises((MalformedNote, UntrustedNote)):
        open_note(text, [VKEY])
    if isinstance(text, str):
        with pytest.raises(MalformedVkey):
            parse_vkey(text)
        with pytest.raises(MalformedCheckpoint):
            parse_checkpoint(text)
