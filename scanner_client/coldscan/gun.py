"""One gun of a gate: which lane it serves, where it is plugged in, how it speaks.

    /dev/serial/by-id/usb-Honeywell_...-if00           a serial gun (USB serial or RS-232)
    /dev/input/by-id/usb-Zebra_...-event-kbd           a USB gun that types like a keyboard
    serial:PATH   hid:PATH                             the same, said outright, for names that udev rules made

Numbers such as /dev/ttyUSB0 and /dev/input/event5 change places when two guns are plugged in the other way round, and
"in" would be "out": they are refused.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from coldscan.refusals import BadOption, UnstableGun

_UNSTABLE: Final = re.compile(r"/dev/(?:tty(?:USB|ACM)\d+|input/(?:event|js|mouse)\d+|hidraw\d+|usb/.*)")
_STABLE_FOLDERS: Final = ("serial/by-id", "serial/by-path", "input/by-id", "input/by-path")
_SHOWN_MAX: Final = 6


class GunKind(StrEnum):
    """How a gun speaks."""

    SERIAL = "serial"
    HID = "hid"


@dataclass(frozen=True, kw_only=True)
class Gun:
    """One gun.  `baud` counts for serial guns alone; USB serial ones mostly ignore it."""

    lane: str
    kind: GunKind
    path: str
    baud: int = 9600


def read_gun(text: str, *, lane: str, baud: int, devices: Path = Path("/dev")) -> Gun:
    """Return the gun that an option names; raise BadOption or UnstableGun."""
    word, colon, path = text.partition(":")
    if not colon or word not in list(GunKind):
        word, path = "", text
    if not path.startswith("/"):
        raise BadOption(option=f"--{lane}", example="/dev/serial/by-id/... , /dev/input/by-id/...-event-kbd")
    if _UNSTABLE.fullmatch(path):
        raise UnstableGun(path=path, instead=", ".join(stable_names(devices)))
    kind = GunKind(word) if word else GunKind.HID if "/input/" in path else GunKind.SERIAL
    return Gun(lane=lane, kind=kind, path=path, baud=baud)


def stable_names(devices: Path = Path("/dev")) -> list[str]:
    """Return some names of this machine's guns and keyboards that stay the same when plugs change places."""
    found = [
        str(path)
        for folder in _STABLE_FOLDERS
        for path in sorted((devices / folder).glob("*"))
        if folder.startswith("serial") or path.name.endswith("-event-kbd")
    ]
    return found[:_SHOWN_MAX]
