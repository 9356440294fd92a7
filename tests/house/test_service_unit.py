"""The systemd unit of the production guide is whole, starts our command, and may write where the data are alone."""

import configparser
import re
import shlex

from support.source_tree import REPOSITORY

GUIDE = REPOSITORY / "docs" / "guides" / "run-in-production.md"


def test_the_unit_starts_the_service_again_and_holds_it_to_its_folder() -> None:
    (text,) = re.findall(
        r"^```ini\n(# /etc/systemd/system/coldtrace.service\n.*?)^```$", GUIDE.read_text("utf-8"), re.M | re.S
    )
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(text)
    service = unit["Service"]
    assert shlex.split(service["ExecStart"])[-2:] == ["/opt/coldtrace/.venv/bin/coldtrace", "serve"]
    assert (service["Restart"], int(service["RestartSec"]) >= 1) == ("on-failure", True)
    assert (service["User"], service["ProtectSystem"], service["NoNewPrivileges"]) == ("coldtrace", "strict", "yes")
    exported = re.search(r"^export COLDTRACE_DATA_DIR=(\S+)$", GUIDE.read_text("utf-8"), re.MULTILINE)
    assert exported is not None
    assert service["ReadWritePaths"] == exported[1]
    assert unit["Install"]["WantedBy"] == "multi-user.target"
