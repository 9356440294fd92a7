"""`coldscan gate` as a process: a serial gun over a pseudo terminal, a USB gun over recorded events in a pipe."""

import contextlib
import fcntl
import json
import os
import pty
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coldscan.gun import Gun, GunKind
from coldscan.gun_reader import open_gun
from support.key_events import record, typed
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import BUYER, OWN, World

WAIT_S = 60


class SerialGun:
    """A pseudo terminal under a name that stays; it can be pulled out and plugged in again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plug()

    @property
    def name(self) -> str:
        """What the option is given."""
        return f"serial:{self.path}"

    def plug(self) -> None:
        """Plug it in, at whatever number the system gives it."""
        self.far_end, near_end = pty.openpty()
        self._near_end = near_end
        self.path.unlink(missing_ok=True)
        self.path.symlink_to(os.ttyname(near_end))

    def pull(self) -> None:
        """Pull it out."""
        os.close(self._near_end)
        os.close(self.far_end)
        self.path.unlink()

    def read(self, text: str, end: str = "\r") -> None:
        """Read a code."""
        os.write(self.far_end, (text + end).encode())


class UsbGun:
    """Recorded events in a named pipe."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.name = f"hid:{path}"
        self.path = path
        self.pipe = os.open(path, os.O_RDWR)

    def read(self, text: str) -> None:
        """Read a code."""
        self.write(typed(text))

    def write(self, records: bytes) -> None:
        """Send records as they are."""
        os.write(self.pipe, records)


class Gate:
    """The running process; answers come in the order in which they were given."""

    def __init__(self, device: Device, *options: str) -> None:
        self.process = device.start("gate", *options)
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def answer(self) -> dict[str, object]:
        """Return the next answer."""
        value: dict[str, object] = json.loads(self._lines.get(timeout=WAIT_S))
        return value

    def codes(self, count: int) -> set[tuple[object, object]]:
        """Return lane and code of the next answers."""
        found = [self.answer() for _ in range(count)]
        return {(each["lane"], each["code"]) for each in found}

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """End it as the service manager does; return status and messages."""
        self.process.send_signal(number)
        self.process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        said = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.returncode, said


@pytest.fixture
def serial(tmp_path: Path) -> Iterator[SerialGun]:
    """A serial gun, plugged in."""
    gun = SerialGun(tmp_path / "serial-gun")
    yield gun
    with contextlib.suppress(OSError):
        gun.pull()


@pytest.fixture
def usb(tmp_path: Path) -> Iterator[UsbGun]:
    """A USB gun, plugged in."""
    gun = UsbGun(tmp_path / "usb-gun")
    yield gun
    os.close(gun.pipe)


def test_two_lanes_one_chain(
    device: Device, world: World, server: ScannerServer, serial: SerialGun, usb: UsbGun
) -> None:
    gate = Gate(device, "--in", serial.name, "--out", usb.name, "--to", BUYER, "--sound", "off")
    assert gate.codes(2) == {("in", "gun_ready"), ("out", "gun_ready")}
    door, inside, outside = world.place(OWN, "D01"), world.carton(), world.carton()
    serial.read(door)
    assert gate.answer()["verdict"] == "valid"
    for gun, text, lane, operation in ((serial, inside, "in", "receive"), (usb, outside, "out", "ship")):
        gun.read(text)
        answer = gate.answer()
        assert (answer["lane"], answer["operation"], answer["result"]) == (lane, operation, "saved"), answer
    usb.read(inside)
    assert (gate.answer()["queued"], gate.end()) == (True, (0, ""))
    assert device.run("sync").json["sent"] == 3
    (received,) = server.of_type("receive")
    assert received.private.value("door") == f"{OWN}/D01"
    shipped = server.of_type("ship")
    assert [each.private.value("to") for each in shipped] == [BUYER, BUYER]
    assert all(each.private.value("door") is None for each in shipped)
    assert [each.private.seq for each in (received, *shipped)] == [1, 2, 3]


def test_bursts_of_both_guns_are_kept_whole(device: Device, world: World, serial: SerialGun, usb: UsbGun) -> None:
    gate = Gate(device, "--in", serial.name, "--out", usb.name, "--to", BUYER, "--sound", "off")
    gate.codes(2)
    texts = [world.carton() for _ in range(40)]
    threads = [
        threading.Thread(target=lambda gun=gun: [gun.read(text) for text in texts])  # type: ignore[misc]
        for gun in (serial, usb)
    ]
    for thread in threads:
        thread.start()
    answers = [gate.answer() for _ in range(80)]
    for thread in threads:
        thread.join()
    assert all(each["queued"] for each in answers)
    for lane in ("in", "out"):
        assert [each["text"] for each in answers if each["lane"] == lane] == texts
    assert gate.end()[0] == 0


def test_a_lane_does_one_thing_and_nothing_broken_counts(
    device: Device, world: World, serial: SerialGun, usb: UsbGun
) -> None:
    gate = Gate(device, "--in", serial.name, "--in", usb.name, "--sound", "off")
    gate.codes(2)
    for text, code, result in (
        ("CT:OUT", "lane_fixed", "look"),
        ("CT:IN", None, "noted"),
        ("CT:NEXT", None, "noted"),
        ("CT:DANCE", "unknown_command", "stop"),
    ):
        serial.read(text)
        answer = gate.answer()
        assert (answer["code"], answer["result"], answer["operation"]) == (code, result, "receive"), text
    usb.write(record(0, 3, 0) + record(0, 0, 0))
    usb.read(world.carton())
    answer = gate.answer()
    assert (answer["code"], answer["result"], answer["queued"]) == ("not_whole", "stop", False)
    text = world.carton()
    usb.read(text)
    assert gate.answer()["queued"]
    usb.read("CT:UNDO")
    assert gate.answer()["queued"]
    serial.read(text)
    assert gate.answer()["queued"], "taken back, so it may be said again"
    assert gate.end(signal.SIGINT)[0] == 1


def test_a_gun_that_is_pulled_out_is_missed_and_taken_again(device: Device, world: World, serial: SerialGun) -> None:
    gate = Gate(device, "--in", serial.name, "--sound", "off")
    assert gate.answer()["code"] == "gun_ready"
    serial.read(world.carton())
    assert gate.answer()["queued"]
    serial.read("half a co", end="")
    serial.pull()
    lost = gate.answer()
    assert (lost["code"], lost["result"], lost["lane"]) == ("gun_lost", "stop", "in")
    serial.plug()
    assert gate.answer()["code"] == "gun_back"
    text = world.carton()
    serial.read(text)
    answer = gate.answer()
    assert (answer["text"], answer["queued"]) == (text, True)
    assert gate.end() == (0, "")


def test_a_gun_that_comes_later_and_one_gate_only(device: Device, world: World, tmp_path: Path) -> None:
    path = tmp_path / "late-gun"
    gate = Gate(device, "--out", f"hid:{path}", "--to-name", "某店", "--sound", "off")
    awaited = gate.answer()
    assert (awaited["code"], awaited["result"]) == ("gun_awaited", "look")
    second = device.run("gate", "--in", "serial:/dev/late", "--sound", "off")
    assert (second.status, second.json["code"]) == (2, "gate_busy")
    gun = UsbGun(path)
    assert gate.answer()["code"] == "gun_ready"
    gun.read(world.carton())
    assert gate.answer()["queued"]
    assert gate.end()[0] == 0
    os.close(gun.pipe)


def test_what_was_read_before_the_end_is_answered(device: Device, world: World, usb: UsbGun) -> None:
    gate = Gate(device, "--in", usb.name, "--sound", "off")
    gate.answer()
    for _ in range(20):
        usb.read(world.carton())
    answers = [gate.answer()]
    gate.end()
    with contextlib.suppress(queue.Empty):
        while True:
            answers.append(json.loads(gate._lines.get_nowait()))
    assert all(each["queued"] for each in answers)
    assert len(answers) == len(device.rows("SELECT id FROM statements"))


def test_the_standing_of_a_lane_survives_kill_9(
    device: Device, world: World, server: ScannerServer, usb: UsbGun
) -> None:
    gate = Gate(device, "--out", usb.name, "--sound", "off")
    gate.answer()
    usb.read(world.place(BUYER))
    assert gate.answer()["result"] == "noted"
    gate.end(signal.SIGKILL)
    gate = Gate(device, "--out", usb.name, "--sound", "off")
    gate.answer()
    usb.read(world.carton())
    assert gate.answer()["queued"]
    gate.end()
    device.run("sync")
    assert server.of_type("ship")[0].private.value("to") == BUYER


def test_lamp_sound_and_watchdog(device: Device, world: World, usb: UsbGun, tmp_path: Path) -> None:
    seen, heard = tmp_path / "seen", tmp_path / "heard"
    lamp, player = tmp_path / "lamp", tmp_path / "player"
    lamp.write_text(f'#!/bin/sh\necho "$* $COLDSCAN_RESULT $COLDSCAN_CODE $COLDSCAN_PASSPHRASE" >> {seen}\n')
    player.write_text(f'#!/bin/sh\ntest -s "$1" && basename "$1" >> {heard}\n')
    for script in (lamp, player):
        script.chmod(0o755)
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(WAIT_S)
        device.environment = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "400000"}
        gate = Gate(device, "--in", usb.name, "--light", f"{lamp} --port 3", "--sound", str(player))
        assert [manager.recv(64) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        assert gate.answer()["code"] == "gun_ready"
        _until(seen, "--port 3 in noted noted gun_ready")
        usb.read(world.carton())
        assert gate.answer()["queued"]
        _until(seen, "--port 3 in saved saved")
        usb.read("https://example.org/nothing")
        assert gate.answer()["result"] == "stop"
        assert gate.end() == (1, "")
        while (said := manager.recv(64)) != b"STOPPING=1":
            assert said == b"WATCHDOG=1"
    assert heard.read_text().split() == ["noted.wav", "saved.wav", "stop.wav"]
    assert len(seen.read_text().splitlines()) == 3


def test_a_lamp_that_hangs_holds_nothing_up(device: Device, world: World, usb: UsbGun) -> None:
    gate = Gate(device, "--in", usb.name, "--light", "sh -c 'sleep 600'", "--sound", "/nowhere/player")
    gate.answer()
    start = time.monotonic()
    for _ in range(10):
        usb.read(world.carton())
    assert all(gate.answer()["queued"] for _ in range(10))
    assert time.monotonic() - start < 10, "ten lamps of two seconds each would have taken twenty"
    status, said = gate.end()
    assert (status, "sh: > 2 s" in said, "/nowhere/player" in said) == (0, True, True)


def test_two_panels_on_a_terminal(device: Device, world: World, serial: SerialGun, usb: UsbGun) -> None:
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "coldscan", "--state", str(device.root), "--lang", "en", "gate"),
            *("--in", serial.name, "--out", usb.name, "--to", BUYER, "--sound", "bell"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=inside,
        stderr=subprocess.PIPE,
    )
    os.close(inside)
    shown = _shown_until(terminal, b"", b"IN  ", b"OUT  ")
    usb.read(world.carton())
    shown = _shown_until(terminal, shown, b"Shipped")
    process.terminate()
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 65_536):
            shown += data
    os.close(terminal)
    _, err = process.communicate(timeout=WAIT_S)
    assert (process.returncode, err) == (0, b"")
    last = shown.decode().split("\x1b[2J")[-1]
    assert last.index("IN  •") < last.index("Gun ready") < last.index("OUT  ✔  已存  Saved")
    assert last.count("\a") == 1


def _shown_until(terminal: int, shown: bytes, *pieces: bytes) -> bytes:
    while not all(piece in shown for piece in pieces):
        shown += os.read(terminal, 65_536)
    return shown


def test_doctor_looks_at_guns_and_sound(device: Device, serial: SerialGun, usb: UsbGun, tmp_path: Path) -> None:
    assert _checks(device) == ("not_checked", "not_checked"), "no gate was ever started"
    player = tmp_path / "player"
    player.write_text("#!/bin/sh\nexit 0\n")
    player.chmod(0o755)
    gate = Gate(device, "--in", serial.name, "--out", usb.name, "--to", BUYER, "--sound", str(player))
    gate.codes(2)
    assert _checks(device) == ("passed", "not_checked"), "the running gate has them"
    gate.end()
    assert _checks(device) == ("passed", "passed")
    serial.pull()
    player.write_text("#!/bin/sh\nexit 1\n")
    assert _checks(device) == ("failed", "failed")


def test_a_gun_is_opened_for_us_alone(serial: SerialGun, usb: UsbGun, tmp_path: Path) -> None:
    guns = [
        Gun(lane="in", kind=GunKind.SERIAL, path=str(serial.path)),
        Gun(lane="out", kind=GunKind.HID, path=str(usb.path)),
    ]
    for gun in guns:
        descriptor = open_gun(gun)
        with pytest.raises(BlockingIOError):
            open_gun(gun)
        os.close(descriptor)
        os.close(open_gun(gun))


@pytest.mark.parametrize("kind", list(GunKind))
def test_a_file_is_no_gun(kind: GunKind, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(typed("CT:IN"))
    with pytest.raises(OSError, match=r".") as refused:
        open_gun(Gun(lane="in", kind=kind, path=str(path)))
    assert not isinstance(refused.value, BlockingIOError)


def test_a_real_device_is_grabbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No input device is at hand in a test: a character device stands in, and the request is caught."""
    asked: list[tuple[int, object]] = []
    monkeypatch.setattr(fcntl, "ioctl", lambda descriptor, request, argument: asked.append((request, argument)))
    os.close(open_gun(Gun(lane="in", kind=GunKind.HID, path="/dev/null")))
    assert asked == [(0x40044590, 1)]


def test_rights_and_options_of_a_gate(device: Device, server: ScannerServer) -> None:
    assert device.run("gate").json["code"] == "bad_option"
    assert device.run("gate", "--in", "/dev/ttyUSB0").json["code"] == "unstable_gun"
    assert device.run("gate", "--in", "serial:/dev/x", "--light", "'").json["code"] == "bad_option"
    server.operations.remove("receive")
    device.run("sync")
    assert device.run("gate", "--in", "serial:/dev/x").json["code"] == "not_allowed"


def _checks(device: Device) -> tuple[str, str]:
    checks = {each["name"]: each["result"] for each in device.run("doctor").json["checks"]}  # type: ignore[attr-defined]
    return checks["sound"], checks["guns"]


def _until(path: Path, line: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if path.exists() and any(each.strip() == line for each in path.read_text().splitlines()):
            return
        time.sleep(0.02)
    raise AssertionError(path.read_text() if path.exists() else "nothing")
