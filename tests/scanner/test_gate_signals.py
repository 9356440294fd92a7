"""Beside the scanning: lamps, loudspeakers, the watchdog, names of guns."""

import os
import socket
import sys
import time
import wave
from pathlib import Path

import pytest

from coldscan.answer import Result
from coldscan.errands import Errands, Job, run_command
from coldscan.gun import Gun, GunKind, read_gun, stable_names
from coldscan.refusals import BadOption, UnstableGun
from coldscan.sounds import GRAVITY, RATE, TONES, find_player, write_sounds
from coldscan.watchdog import Watchdog


def command(folder: Path, body: str) -> list[str]:
    """Return a command that runs some lines of Python with its arguments in `args`."""
    script = folder / "command.py"
    script.write_text(f"import os, sys, time\nargs = sys.argv[1:]\n{body}\n")
    return [sys.executable, str(script)]


def until(found: Path, size: int) -> list[str]:
    """Wait until so many lines are written, and return them."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        lines = found.read_text().splitlines() if found.exists() else []
        if len(lines) >= size:
            return lines
        time.sleep(0.02)
    raise AssertionError(lines)


def test_the_newest_wins_and_the_gravest_goes_first(tmp_path: Path) -> None:
    said, go = tmp_path / "said", tmp_path / "go"
    body = f"""
open({str(said)!r}, 'a').write(' '.join(args) + '\\n')
while args[0] == 'wait' and not os.path.exists({str(go)!r}): time.sleep(0.01)
"""
    run = command(tmp_path, body)
    errands = Errands(lambda fault: None, timeout_s=30)
    errands.ask(Job(key="first", arguments=[*run, "wait"]))
    until(said, 1)
    for number in range(5):
        errands.ask(Job(key="saved", arguments=[*run, f"saved {number}"], gravity=GRAVITY[Result.SAVED]))
    errands.ask(Job(key="stop", arguments=[*run, "stop"], gravity=GRAVITY[Result.STOP]))
    errands.ask(Job(key="look", arguments=[*run, "look"], gravity=GRAVITY[Result.LOOK]))
    go.touch()
    errands.close()
    assert until(said, 4) == ["wait", "stop", "look", "saved 4"]


def test_a_command_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    children = tmp_path / "children"
    body = f"""
for number in (1, 2):
    child = os.fork()
    if not child: time.sleep(600)
    open({str(children)!r}, 'a').write(f'{{child}}\\n')
time.sleep(600)
"""
    fault = run_command(command(tmp_path, body), {}, timeout_s=1.5)
    assert "> 1.5 s" in fault
    for child in until(children, 2):
        deadline = time.monotonic() + 10
        while _is_running(int(child)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not _is_running(int(child))


def _is_running(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_no_secret_in_the_environment_of_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDSCAN_PASSPHRASE", "secret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    said = tmp_path / "said"
    run = command(tmp_path, f"open({str(said)!r}, 'w').write('\\n'.join(os.environ) + '\\n')")
    assert run_command(run, {"COLDSCAN_RESULT": "saved"}) == ""
    names = set(said.read_text().split())
    assert {"COLDSCAN_RESULT", "PATH"} <= names
    assert not names & {"COLDSCAN_PASSPHRASE", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"}


def test_faults_are_told_once_in_a_row(tmp_path: Path) -> None:
    told: list[str] = []
    errands = Errands(told.append)
    for number in range(3):
        errands.ask(Job(key=str(number), arguments=[str(tmp_path / "nothing")]))
    errands.ask(Job(key="3", arguments=[sys.executable, "-c", "raise SystemExit(3)"], gravity=-1))
    errands.close()
    assert len(told) == 2
    assert told[1].endswith("exit 3")


def test_sounds_are_told_apart(tmp_path: Path) -> None:
    paths = write_sounds(tmp_path / "sounds")
    lengths = {}
    for result, path in paths.items():
        with wave.open(str(path)) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
            lengths[result] = file.getnframes() / RATE
    assert set(paths) == set(Result)
    assert len({(tone.hertz, tone.ms, tone.times) for tone in TONES.values()}) == len(Result)
    assert lengths[Result.STOP] == max(lengths.values())
    assert max(GRAVITY, key=GRAVITY.__getitem__) is Result.STOP


def test_a_player_of_the_machine_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_player() is None
    (tmp_path / "paplay").write_text("#!/bin/sh\n")
    (tmp_path / "paplay").chmod(0o755)
    assert find_player() == ("paplay",)


@pytest.mark.parametrize("abstract", [False, True])
def test_signs_of_life(tmp_path: Path, abstract: bool) -> None:
    name = f"\0coldscan-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name)
        manager.settimeout(10)
        watchdog = Watchdog({"NOTIFY_SOCKET": name.replace("\0", "@"), "WATCHDOG_USEC": "600000"})
        watchdog.say("READY=1")
        assert manager.recv(100) == b"READY=1"
        assert watchdog.beat_s == 0.3
        watchdog.close()


@pytest.mark.parametrize("said", [{}, {"NOTIFY_SOCKET": "/nowhere"}, {"WATCHDOG_USEC": "soon"}])
def test_no_manager_is_no_fault(said: dict[str, str]) -> None:
    watchdog = Watchdog(said)
    watchdog.say("WATCHDOG=1")
    watchdog.close()
    assert watchdog.beat_s == 1.0


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ("/dev/serial/by-id/usb-gun-if00", GunKind.SERIAL, "/dev/serial/by-id/usb-gun-if00"),
        ("/dev/input/by-path/pci-event-kbd", GunKind.HID, "/dev/input/by-path/pci-event-kbd"),
        ("/dev/ttyS0", GunKind.SERIAL, "/dev/ttyS0"),
        ("hid:/dev/gun-left", GunKind.HID, "/dev/gun-left"),
        ("serial:/dev/input/odd", GunKind.SERIAL, "/dev/input/odd"),
    ],
)
def test_names_of_guns(text: str, kind: GunKind, path: str) -> None:
    assert read_gun(text, lane="in", baud=9600) == Gun(lane="in", kind=kind, path=path)


@pytest.mark.parametrize(
    "text", ["/dev/ttyUSB0", "serial:/dev/ttyACM12", "/dev/input/event5", "hid:/dev/input/event5", "/dev/hidraw1"]
)
def test_names_that_change_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "serial" / "by-id").mkdir(parents=True)
    (tmp_path / "serial" / "by-id" / "usb-gun-if00").touch()
    (tmp_path / "input" / "by-id").mkdir(parents=True)
    (tmp_path / "input" / "by-id" / "usb-mouse-event-mouse").touch()
    (tmp_path / "input" / "by-id" / "usb-gun-event-kbd").touch()
    names = [str(tmp_path / "serial/by-id/usb-gun-if00"), str(tmp_path / "input/by-id/usb-gun-event-kbd")]
    assert stable_names(tmp_path) == names
    with pytest.raises(UnstableGun) as refused:
        read_gun(text, lane="in", baud=9600, devices=tmp_path)
    assert all(name in refused.value.say("en") for name in names)


@pytest.mark.parametrize("text", ["", "ttyUSB0", "hid:", "usb:/dev/x"])
def test_what_is_no_name_of_a_gun(text: str) -> None:
    with pytest.raises(BadOption):
        read_gun(text, lane="out", baud=9600)
