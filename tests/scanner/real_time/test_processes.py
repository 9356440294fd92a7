"""Real processes: bursts, two at once, a full disk, wrong streams, a watching sync."""

import contextlib
import json
import os
import pty
import resource
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import cast

from coldscan.operation import Operation
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import World

LIMIT_BYTES = 400_000


def feed(process: "subprocess.Popen[str]", texts: list[str]) -> list[dict[str, object]]:
    """Send all lines at once and return the answers."""
    out, err = process.communicate("".join(f"{text}\n" for text in texts), timeout=120)
    assert "Traceback" not in err, err
    return [json.loads(line) for line in out.splitlines()]


def test_json_line_has_the_pinned_members(device: Device, world: World) -> None:
    (answer,) = feed(device.start("scan", "--operation", "in"), [world.carton()])
    assert {"text", "verdict", "statement_id", "queued", "say", "operation"} <= answer.keys()
    assert (answer["verdict"], answer["queued"], answer["operation"]) == ("valid", True, "receive")


def test_fifty_of_fifty_at_sixty_milliseconds(device: Device, world: World) -> None:
    texts = [world.carton() for _ in range(50)]
    process = device.start("scan", "--operation", "in")
    assert process.stdin is not None
    pause = threading.Event()
    for text in texts:
        process.stdin.write(text + "\r\n")
        process.stdin.flush()
        pause.wait(0.06)
    out, _ = process.communicate(timeout=60)
    answers = [json.loads(line) for line in out.splitlines()]
    assert [each["text"] for each in answers] == texts
    assert all(each["queued"] for each in answers)


def test_a_gun_whose_suffix_is_cr_is_answered_at_once(device: Device, world: World) -> None:
    process = device.start("scan", "--operation", "in")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(world.carton() + "\r")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["queued"]
    process.communicate(timeout=30)


def test_a_pallet_a_second_in_one_burst(device: Device, world: World, server: ScannerServer) -> None:
    """1,200 cartons on 24 pallets, sent as fast as the pipe takes them, then one sync."""
    texts: list[str] = []
    for number in range(24):
        texts += [world.carton() for _ in range(50)]
        texts.append(world.pallet(number))
    answers = feed(device.start("scan", "--operation", "commission"), texts)
    assert Counter(cast(str, each["result"]) for each in answers) == {"saved": 1224}
    ran = device.run("sync")
    assert (ran.status, ran.json["sent"], ran.json["unsent"]) == (0, 1224, 0)
    assert len(set(server.units_of("commission"))) == 1200
    packs = server.of_type("pack")
    assert [len(each.units.lines) for each in packs] == [51] * 24
    assert len({line.unit for each in packs for line in each.units.lines if line.role == "child"}) == 1200


def test_two_processes_share_one_dense_chain(device: Device, world: World, server: ScannerServer) -> None:
    batches = [[world.carton() for _ in range(60)] for _ in range(2)]
    both = batches[0][:10]  # the same cartons under both guns
    processes = [device.start("scan", "--operation", "commission") for _ in batches]
    answers: list[list[dict[str, object]]] = [[], []]

    def work(number: int) -> None:
        answers[number] = feed(processes[number], batches[number] + both)

    threads = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    sync = device.run("sync")  # and a sender beside them
    for thread in threads:
        thread.join()
    assert sync.status in (0, 1)
    results = Counter(cast(str, each["result"]) for each in answers[0] + answers[1])
    assert results == {"saved": 120, "repeat": 20}
    assert device.run("sync").json["unsent"] == 0
    assert sorted(each.private.seq for each in server.stored.values()) == list(range(1, 121))
    assert {each["lane"] for each in cast(list[dict[str, object]], device.run("status").json["lanes"])} == {"1", "2"}


def test_full_disk_stops_accepting_says_so_and_goes_on(device: Device, world: World, server: ScannerServer) -> None:
    """A limit on file size stands in for the full disk: SQLite's writes fail the same way."""

    texts = [world.carton() for _ in range(400)]
    process = device.start("scan", "--operation", "in")
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES))
    answers = feed(process, texts)
    assert process.returncode == 1
    assert len(answers) == 400
    queued = [each["statement_id"] for each in answers if each["queued"]]
    refused = [each for each in answers if not each["queued"]]
    assert queued
    assert refused
    assert {each["code"] for each in refused} == {"not_stored"}
    assert all("NOT STORED" in cast(str, each["say"]) for each in refused)
    # With room again, exactly what was confirmed is there, and the rest can be scanned.
    assert [row[0] for row in device.rows("SELECT id FROM statements ORDER BY number")] == queued
    again = feed(device.start("scan", "--operation", "in"), texts)
    assert all(each["queued"] or each["result"] == "repeat" for each in again)
    assert device.run("sync").json["unsent"] == 0
    assert len(set(server.units_of("receive"))) == 400
    assert device.run("doctor").status == 0


def test_bytes_that_are_no_text_end_nothing(device: Device, world: World) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "coldscan", *device.options(), "scan", "--operation", "in"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    good = world.carton().encode()
    out, _ = process.communicate(b"\xff\xfe\x00\r\n" + b"A" * 50_000 + b"\n\n\r\r" + good, timeout=60)
    answers = [json.loads(line) for line in out.splitlines()]
    assert [each["queued"] for each in answers] == [False, False, True]


def test_a_reader_that_goes_away(device: Device, world: World) -> None:
    process = device.start("scan", "--operation", "in")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.stdin.write("".join(f"{world.carton()}\n" for _ in range(3)))
    process.stdin.close()
    assert process.wait(timeout=30) == 2
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()


def test_watching_sync_sends_what_is_scanned_beside_it(device: Device, world: World, server: ScannerServer) -> None:
    process = device.start("sync", "--watch")
    device.scan(world.carton(), operation=Operation.RECEIVE)
    deadline = time.monotonic() + 30
    while not server.stored and time.monotonic() < deadline:
        time.sleep(0.05)
    process.terminate()
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert len(server.stored) == 1
    assert all(json.loads(line)["problems"] == [] for line in out.splitlines())


def test_panel_and_bell_on_a_terminal(device: Device, world: World) -> None:
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "coldscan", "--state", str(device.root), "--lang", "zh", "scan"],
        stdin=inside,
        stdout=inside,
        stderr=subprocess.PIPE,
    )
    os.close(inside)
    os.write(terminal, f"CT:IN\r{world.carton()}\r\x04".encode())
    shown = b""
    # Reading a terminal whose program has ended is an error on Linux, not an end of file.
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 65_536):
            shown += data
    os.close(terminal)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    screens = shown.decode().split("\x1b[2J")
    assert "作业：入库" in screens[-2]
    assert "✔  已存  Saved" in screens[-1]
    assert "48;2;0;107;60m" in screens[-1]
    assert screens[-1].count("\a") == 1
    assert "滨海首站冷库 · 入库 · 未发送 1" in screens[-1]


def test_start_up_is_quick_and_small(device: Device) -> None:
    """No HTTP library on the way to the first beep."""
    code = (
        "import re, sys, coldscan.main as m; status = m.main(sys.argv[1:]); "
        "heavy = {'httpx', 'asyncio', 'ssl'} & set(sys.modules); "
        "size = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]; "
        "print(status, sorted(heavy), size, file=sys.stderr)"
    )
    sizes_kib = []
    for _ in range(3):
        ran = subprocess.run(
            [sys.executable, "-c", code, "--state", str(device.root), "scan", "--json", "--operation", "in"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ,
        )
        status, rest = ran.stderr.strip().split(" ", 1)
        heavy, size_kib = rest.rsplit(" ", 1)
        assert (status, heavy) == ("0", "[]")
        sizes_kib.append(int(size_kib))
    # The smallest of three: other work on the machine can only add to what is measured, never take away.
    assert min(sizes_kib) <= 40 * 1024
