"""How long a full queue takes to drain into a real service on this machine, and what a statement costs the service.

    python tests/scanner/measure_drain.py [COUNT]          prints one JSON object; 10,000 statements by default

Device, service and database share the machine.  Not a test: a shared machine would make it a coin toss.
"""

import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "simulation"))

from test_scanner_server_kills import enrolled, labels_of

from coldscan.commands import set_counterparty
from coldscan.operation import Operation
from coldscan.scan import take
from support.kills import Killed, children_of
from support.live_house import LiveHouse

ROUNDS = 10
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(process: int) -> float:
    """Return the processor seconds of a process and all that it started."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / TICKS
    return own + sum(cpu_s(child) for child in children_of(process))


def measure(folder: Path, count: int) -> dict[str, object]:
    """Return the figures."""
    house = LiveHouse(folder / "data")
    house.found()
    with ExitStack() as stack:
        killed = Killed(house, stack)
        killed.start()
        assert killed.service is not None
        codes = labels_of(house, folder, count=count // ROUNDS)
        device = enrolled(killed, folder)
        # The same goods come and go, for drawing labels takes far longer than all that is measured here.
        for number in range(ROUNDS):
            with device.bench(Operation.SHIP if number % 2 else Operation.RECEIVE) as bench:
                set_counterparty(bench, gln=None, name="elsewhere")
                assert all(take(bench, code).queued for code in codes)
        before, begun = cpu_s(killed.service.process.pid), time.perf_counter()
        own = time.process_time()
        ran = device.run("sync")
        seconds = time.perf_counter() - begun
        assert ran.json["sent"] == count, ran.out
        return {
            "statements": count,
            "seconds": round(seconds, 1),
            "per_s": round(count / seconds),
            "service_and_database_cpu_ms": round((cpu_s(killed.service.process.pid) - before) / count * 1000, 2),
            "device_cpu_ms": round((time.process_time() - own) / count * 1000, 2),
            "load": [round(each, 1) for each in os.getloadavg()],
        }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(measure(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)))
