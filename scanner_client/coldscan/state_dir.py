"""Where a device keeps what it has: one folder, readable by its owner alone.

coldscan.db      queue, cache and open piles (SQLite)
device.pem       the private key, 0600; older ones beside it as device-<kid>.pem
*.lock           held by a running process, empty, safe to delete when none runs
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StateDir:
    """The folder of one device."""

    root: Path

    @property
    def store(self) -> Path:
        """The SQLite file."""
        return self.root / "coldscan.db"

    def key(self, kid: str) -> Path:
        """The private key with this short id."""
        return self.root / f"device-{kid}.pem"

    def lock(self, name: str) -> Path:
        """The lock file called `name`."""
        return self.root / f"{name}.lock"

    def create(self) -> None:
        """Make the folder if it is missing; only its owner may look inside."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)


def default_state_dir() -> Path:
    """Return the platform's place for a program's state (XDG on Linux)."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "coldscan"
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "coldscan"
