"""`coldscan bench` measures a throw-away installation; what depends on the weather is not judged here."""

from typing import cast

import pytest

from support.scanner_device import Device


def test_bench_measures_and_leaves_nothing_behind(device: Device) -> None:
    before = sorted(path.name for path in device.root.iterdir())
    ran = device.run("bench", "--count", "100")
    figures = cast(dict[str, float], ran.json)
    assert ran.status in (0, 1)
    assert figures["scans"] == 100
    assert 0 < figures["scan_p50_ms"] <= figures["scan_p99_ms"]
    assert 0 < figures["insert_p50_ms"] <= figures["insert_p99_ms"]
    assert 0 < figures["start_cpu_s"] < 5
    assert 0 < figures["bare_start_s"] < figures["start_s"]
    assert 1 < figures["start_ratio"] <= figures["start_s"] / figures["bare_start_s"] * 1.1
    assert 5 < figures["memory_mib"] <= 40
    assert sorted(path.name for path in device.root.iterdir()) == before
    assert device.rows("SELECT COUNT(*) FROM statements") == [(0,)]


def test_bench_needs_no_enrolment(blank: Device) -> None:
    assert blank.run("bench", "--count", "100").json["scans"] == 100


@pytest.mark.parametrize("count", ["1", "many"])
def test_a_count_that_measures_nothing(blank: Device, count: str) -> None:
    with pytest.raises(SystemExit):
        blank.run("bench", "--count", count)
