"""The small parts of the loop: lines, panel, pace, lanes, and that no text whatever ends it."""

import os
import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldscan.answer import LOOKS, Answer, Result
from coldscan.compose import offset_of, offset_text
from coldscan.device import read_offset
from coldscan.flush import Flushed
from coldscan.json_shape import Members, parse_object
from coldscan.lanes import own_lane
from coldscan.line_reader import LINE_BYTES, LineSplitter, lines_of
from coldscan.main import language_of
from coldscan.operation import Operation
from coldscan.panel import BELL, CLEAR, draw, plain, printable
from coldscan.refusals import BadAnswer, ServerTrouble, ServerUnreachable
from coldscan.scan import take
from coldscan.state_dir import StateDir, default_state_dir
from coldscan.sync import SyncReport
from coldscan.watch import Pace, watch
from coldtrace.clock import random_bytes
from support.scanner_device import Device
from support.scanner_server import ScannerServer, noon
from support.scanner_world import World
from support.ticking import TickingClock


@pytest.mark.parametrize(
    ("chunks", "lines", "rest"),
    [
        ([b"one\ntwo\r\nthree\rfo", b"ur"], ["one", "two", "three"], ["four"]),
        ([b"\r\n\r\n \t\n"], [], []),
        ([b"a", b"b", b"\r", b"\nc\n"], ["ab", "c"], []),
        ([b"\xff\n"], ["\ufffd"], []),
        ([b"x" * 20_000, b"y" * 20_000 + b"\nz\n"], ["x" * LINE_BYTES, "z"], []),
        ([b"]C100106141412345678908\x1d10A\n"], ["]C100106141412345678908\x1d10A"], []),
    ],
)
def test_lines(chunks: list[bytes], lines: list[str], rest: list[str]) -> None:
    splitter = LineSplitter()
    assert [line for chunk in chunks for line in splitter.feed(chunk)] == lines
    assert splitter.finish() == rest


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_lines_do_not_depend_on_how_the_bytes_arrive(chunks: list[bytes]) -> None:
    def read(parts: list[bytes]) -> list[str]:
        splitter = LineSplitter()
        return [line for part in parts for line in splitter.feed(part)] + splitter.finish()

    assert read(chunks) == read([b"".join(chunks)])


def test_lines_of_a_descriptor_end_with_it() -> None:
    read, write = os.pipe()
    os.write(write, b"one\rtwo")
    os.close(write)
    assert list(lines_of(read)) == ["one", "two"]
    os.close(read)
    assert list(lines_of(read)) == []


def test_no_text_whatever_ends_the_loop(tmp_path: Path) -> None:
    world = World(now=noon())
    device = Device(tmp_path / "state", clock=TickingClock(noon()))
    with ScannerServer(world, clock=TickingClock(noon())) as server:
        device.run("enrol", server.invite())
    code = world.carton()
    with device.bench(Operation.RECEIVE) as bench:

        @given(st.text() | st.text(st.sampled_from("CT:]Q1/?&=%s0123456789https.\x1d\ufffd ")))
        def anything(text: str) -> None:
            answer = take(bench, text)
            assert answer.say
            assert answer.queued is False
            assert printable(answer.say).isprintable()

        @given(st.integers(0, len(code) - 1), st.characters(exclude_categories=["Cs"]))
        def one_sign_changed(place: int, sign: str) -> None:
            answer = take(bench, code[:place] + sign + code[place + 1 :])
            same = answer.verdict in ("valid", "untrusted_host")
            assert same or not answer.queued
            if answer.queued:
                assert answer.unit == f"(01)09506000134352(21){world.serials[0]}"

        anything()
        one_sign_changed()


def test_every_result_has_colour_icon_word_and_sound() -> None:
    assert set(LOOKS) == set(Result)
    for result, look in LOOKS.items():
        screen = draw(Answer(text="x", verdict="valid", result=result, say="说明 words"), footer="below")
        assert screen.startswith(CLEAR)
        assert look.icon in screen
        assert look.word.zh in screen
        assert look.word.en in screen
        assert "说明 words" in screen
        assert screen.count(BELL) == look.bells
        assert f"48;2;{look.background[0]};" in screen


def test_labels_cannot_steer_the_terminal() -> None:
    answer = Answer(text="x", verdict="valid", result=Result.STOP, say="\x1b]0;owned\x07\x9b2J\u202etext")
    assert "\x1b" not in plain(answer, lang="en")
    assert draw(answer, footer="\x1b[2J").count("\x1b]") == 0
    assert printable("a\nb\x00") == "a·b·"


@pytest.mark.parametrize("say", ["很长的说明" * 30, "words and more " * 30, "x" * 300, "", " "])
def test_long_sentences_wrap_by_columns(say: str) -> None:
    screen = draw(Answer(text="x", verdict="v", result=Result.LOOK, say=say), footer="")
    plain_lines = [re.sub(r"\x1b\[[0-9;]*[mJH]", "", line) for line in screen.split("\n")[3:-3]]
    assert "".join(plain_lines).replace(" ", "") == say.replace(" ", "")
    assert not [line for line in plain_lines if line.startswith("   ") and line.strip()]
    assert "an" not in [line.split()[-1] for line in plain_lines if line.strip()]


class Tape:
    """Stands in for a stop event: counts the pauses and stops after the last."""

    def __init__(self, count: int) -> None:
        self.pauses: list[float] = []
        self.count = count

    def is_set(self) -> bool:
        return len(self.pauses) >= self.count

    def wait(self, pause: float) -> None:
        self.pauses.append(pause)


def test_watch_backs_off_with_chance_and_recovers() -> None:
    pace = Pace(batch_max=50, random=lambda count: bytes(count))
    down = SyncReport(problems=[ServerUnreachable(url="x", reason="y")])
    reports = [down] * 7 + [SyncReport()]
    batches: list[int] = []
    tape = Tape(8)

    def sync(batch: int, lists: bool) -> SyncReport:
        batches.append(batch)
        return reports[len(batches) - 1]

    watch(
        sync,
        pace=pace,
        waiting=lambda: True,
        lists_due=lambda: False,
        tell=lambda report: None,
        stop=tape,  # type: ignore[arg-type]
    )
    assert tape.pauses == [2, 4, 8, 16, 32, 60, 60, 3]
    assert batches == [50, 25, 12, 6, 5, 5, 5, 5]
    assert pace.batch == 50


def test_pauses_are_never_the_same_for_all_devices() -> None:
    pauses = {
        Pace(batch_max=50, random=random_bytes).after(SyncReport(problems=[ServerTrouble(status=503)]))
        for _ in range(20)
    }
    assert len(pauses) > 10
    assert all(1.0 <= pause <= 2.0 for pause in pauses)


def test_watch_asks_nothing_while_nothing_waits() -> None:
    def sync(batch: int, lists: bool) -> SyncReport:
        raise AssertionError

    tape = Tape(3)
    watch(
        sync,
        pace=Pace(batch_max=5, random=random_bytes),
        waiting=lambda: False,
        lists_due=lambda: False,
        tell=lambda report: None,
        stop=tape,  # type: ignore[arg-type]
    )
    assert tape.pauses == [3.0] * 3


def test_a_report_is_only_ok_when_everything_was_acknowledged() -> None:
    assert SyncReport().ok
    assert not SyncReport(unsent=1).ok
    assert not SyncReport(flushed=Flushed(refused=1)).ok
    assert not SyncReport(flushed=Flushed(unverified=1)).ok
    assert not SyncReport(chain="ahead").ok


def test_lanes_of_running_programs_differ(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    with own_lane(state, None) as first, own_lane(state, None) as second:
        assert (first, second) == ("1", "2")
    with own_lane(state, None) as again, own_lane(state, "gate") as named:
        assert (again, named) == ("1", "gate")


@given(st.binary() | st.text().map(str.encode))
def test_answers_of_the_server_raise_our_refusal_only(body: bytes) -> None:
    try:
        members = parse_object(body, where="x")
        members.text("a")
    except BadAnswer:
        return


def test_members_check_their_kind() -> None:
    members = Members({"n": 1, "t": "x", "b": True, "l": [1], "o": {"t": "y"}}, where="x")
    assert (members.number("n"), members.text("t"), members.inner("o").text("t")) == (1, "x", "y")
    for ask in (
        lambda: members.number("b"),
        lambda: members.text("n"),
        lambda: members.texts("l"),
        lambda: members.objects("l"),
        lambda: members.inner("t"),
        lambda: members.items("missing"),
    ):
        with pytest.raises(BadAnswer):
            ask()


@pytest.mark.parametrize("text", ["+08:00", "-03:30", "+00:00", "+14:00"])
def test_offsets(text: str) -> None:
    assert offset_text(read_offset(text)) == text


@pytest.mark.parametrize("text", ["8", "+8:00", "-00:00", "+15:00", "+08:60", ""])
def test_offsets_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="offset"):
        read_offset(text)


def test_offset_of_the_system_is_whole_minutes() -> None:
    assert offset_of(noon(), None) % timedelta(minutes=1) == timedelta(0)
    assert offset_of(noon(), timedelta(hours=8)) == timedelta(hours=8)


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "zh"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "en", "LANG": "zh"}, "en"),
    ],
)
def test_language(environment: dict[str, str], lang: str) -> None:
    assert language_of(environment) == lang


def test_state_folder_is_the_platforms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_state_dir() == tmp_path / "coldscan"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_state_dir().name == "coldscan"


def test_only_one_thread_reads_and_nothing_blocks_it() -> None:
    """A burst is taken off the descriptor at once, however slowly it is answered."""
    read, write = os.pipe()
    lines = lines_of(read)
    os.write(write, b"first\n")
    assert next(lines) == "first"
    done = threading.Event()

    def burst() -> None:
        for number in range(5_000):
            os.write(write, b"%0150d\n" % number)
        os.close(write)
        done.set()

    threading.Thread(target=burst, daemon=True).start()
    assert done.wait(10)
    assert len(list(lines)) == 5_000
    os.close(read)
