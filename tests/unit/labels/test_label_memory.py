"""Memory does not grow with a run of labels, and stays under 300 MB."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]
LIMIT_KB = 300_000
GROWTH_KB = 3_000
"""From the middle of a run to its last label.  At the end a PDF takes in its font, once."""
LABELS = {"small": 300, "full": 20_000}

CHILD = """
import re, sys
from pathlib import Path
from coldtrace.labels.make import make_labels
from support.signed_labels import seals, signed_cartons

format, count, out = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
peaks = []

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

def progress(done):
    if done in (count // 2, count):
        peaks.append(peak())

make_labels(signed_cartons(count), layout="100x100", format=format, out=out, seals=seals(), progress=progress)
print(*peaks, peak())
"""


@pytest.mark.parametrize("format", ["pdf", "zpl"])
def test_memory_does_not_grow_with_the_run(format: str, scale: str, tmp_path: Path) -> None:
    # A process of its own: the peak of this one is that of other tests.
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, format, str(LABELS[scale]), str(tmp_path / "labels")],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    half, whole, closed = map(int, ran.stdout.split())
    print(f"{LABELS[scale]:,} labels as {format}: {half:,} kB at the half, {whole:,} at the last, {closed:,} in all")
    assert whole - half < GROWTH_KB
    assert closed < LIMIT_KB
