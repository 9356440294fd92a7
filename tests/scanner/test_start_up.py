"""What a scan need not wait for is not imported before it is ready."""

import subprocess
import sys

from support.scanner_device import Device

LATER = {
    "shutil": "only help asks for it, and the doctor",
    "httpx": "a scan speaks with no server",
    "coldtrace.events.receipt": "only units that were held here ask for it",
    "coldtrace.events.roll_certificate": "only a sync reads one",
    "cryptography.hazmat.primitives.kdf.scrypt": "no handheld has an SM2 key",
    "coldscan.status": "only `status`",
}
_PROGRAM = """
import sys
from coldscan.main import main
status = main(sys.argv[1:])
print(*sorted(set(sys.modules)))
"""


def test_a_start_imports_nothing_that_can_wait(device: Device) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *device.options(), "scan"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert "coldscan.run_scan" in loaded
    assert {name: why for name, why in LATER.items() if name in loaded} == {}
