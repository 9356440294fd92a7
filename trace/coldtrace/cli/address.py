"""Where the service of a data folder answers, so that commands in another terminal need not be told its port."""

import os
from pathlib import Path

ADDRESS_FILE = "service-address"


def write_address(data_dir: Path, url: str) -> None:
    """Note the address of the running service."""
    part = data_dir / f"{ADDRESS_FILE}.part"
    part.write_text(f"{url}\n", encoding="utf-8")
    os.replace(part, data_dir / ADDRESS_FILE)


def forget_address(data_dir: Path) -> None:
    """Take the note away when the service stops."""
    (data_dir / ADDRESS_FILE).unlink(missing_ok=True)


def service_address(data_dir: Path) -> str | None:
    """Return where the service of this data folder said that it answers, None when none is running."""
    try:
        return (data_dir / ADDRESS_FILE).read_text(encoding="utf-8").strip()
    except OSError:
        return None
