"""The demo's handheld, a real process: what it says when a scan is refused is one sentence."""

import pytest

from coldtrace.cli.demo.patience import DemoFailed
from coldtrace.cli.demo.terminal import Terminal
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.seal.filter_header import FilterKind
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import World


def test_refused_scans_are_one_sentence_in_each_language(device: Device, world: World, server: ScannerServer) -> None:
    voided, *good = [world.carton() for _ in range(20)]
    unit = str(parse_trace_code(voided).unit_id)
    server.offer(world.stop_filter(FilterKind.REVOKED_UNITS, unit), world.stop_filter(FilterKind.RECALLED_LOTS))
    assert device.run("sync").json["ok"] is True
    terminal = Terminal(name="port", state=device.root)
    assert len(terminal.scan(["CT:RECEIVE", *good])) == 20
    with pytest.raises(DemoFailed) as failed:
        terminal.scan(["CT:NEXT", *good[:3], voided, world.carton()[:-4]])
    for said, count in ((failed.value.en, "refused 2 of 6 scans"), (failed.value.zh, "拒收了 6 次扫描中的 2 次")):
        assert count in said
        assert "revoked_unit" in said
        assert voided in said
        assert len(said) < 400
        assert "\n" not in said
        assert "{" not in said
