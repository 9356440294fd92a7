"""The systemd units of the gate's guide start commands that exist, and watch them."""

import configparser
import re
import shlex

from coldscan.main import _parser
from support.source_tree import REPOSITORY

GUIDE = REPOSITORY / "docs" / "guides" / "gate.md"


def units() -> dict[str, configparser.ConfigParser]:
    """Return the units of the guide by the name in their first line."""
    found = {}
    for name, text in re.findall(
        r"^```ini\n# /etc/systemd/system/(\S+)\n(.*?)^```$", GUIDE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    ):
        unit = configparser.ConfigParser(interpolation=None)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string(text.replace("\\\n", " "))
        found[name] = unit
    return found


def test_both_units_start_a_command_of_coldscan_and_start_it_again() -> None:
    found = units()
    assert set(found) == {"coldscan-gate.service", "coldscan-sync.service"}
    commands = {}
    for name, unit in found.items():
        program, *words = shlex.split(unit["Service"]["ExecStart"])
        assert program.endswith("/coldscan")
        commands[name] = _parser().parse_args(words)
        assert unit["Service"]["Restart"] == "always"
        assert commands[name].state == f"/var/lib/{unit['Service']['StateDirectory']}"
    gate, sync = commands["coldscan-gate.service"], commands["coldscan-sync.service"]
    assert (gate.command, len(gate.incoming), len(gate.outgoing)) == ("gate", 1, 1)
    assert gate.light
    assert (sync.command, sync.watch) == ("sync", True)


def test_the_gate_tells_that_it_is_alive() -> None:
    service = units()["coldscan-gate.service"]["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) >= 10
    assert {"input", "dialout"} <= set(service["SupplementaryGroups"].split())
