"""How long an offline verdict takes with a million voided units, from a filter that a sync has brought.

    python tests/scanner/measure_verdict.py [COUNT]        prints one JSON object; 1,000,000 voided units by default

Half of the codes are of voided units.  Not a test: a shared machine would make it a coin toss.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from coldscan.verdict import judge
from coldtrace import clock
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.seal.filter_header import FilterKind
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import GTIN, World

CODES = 1_000


def measure(folder: Path, count: int) -> dict[str, object]:
    """Return the figures."""
    world = World(now=clock.now())
    voided, good = ([world.carton() for _ in range(CODES // 2)] for _ in range(2))
    units = [str(parse_trace_code(uri).unit_id) for uri in voided]
    units += [f"(01){GTIN}(21)V{number:011d}" for number in range(count - len(units))]
    device = Device(folder / "state")
    times, cpu, stopped = [], [], 0
    with ScannerServer(world) as server:
        server.offer(world.stop_filter(FilterKind.REVOKED_UNITS, *units), world.stop_filter(FilterKind.RECALLED_LOTS))
        assert device.run("enrol", server.invite()).status == 0
        synced = device.run("sync")
        assert synced.json["filters"] == "new", synced.out
    with device.bench() as bench:
        (filter_of_units,) = [each for each in bench.knowledge.filters.held.stops if each.header.count == count]
        for uri in [uri for pair in zip(voided, good, strict=True) for uri in pair]:
            begun, before = time.perf_counter(), time.thread_time()
            finding = judge(uri, knowledge=bench.knowledge, now=bench.clock())
            times.append((time.perf_counter() - begun) * 1000)
            cpu.append((time.thread_time() - before) * 1000)
            stopped += finding.verdict == "revoked_unit"
    times.sort()
    cpu.sort()
    return {
        "voided": count,
        "verdicts": len(times),
        "stopped": stopped,
        "bits": filter_of_units.header.bits,
        "p50_ms": round(times[len(times) // 2], 3),
        "p99_ms": round(times[len(times) * 99 // 100], 3),
        "max_ms": round(times[-1], 3),
        # On a busy machine the wall clock tells of other people's work.
        "cpu_p99_ms": round(cpu[len(cpu) * 99 // 100], 3),
        "cpu_max_ms": round(cpu[-1], 3),
        "load": [round(each, 1) for each in os.getloadavg()],
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(measure(Path(name), int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)))
