"""Who this device is: its key, its certificate, its site."""

import re
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from coldscan import cache
from coldscan.cache import Name, Site
from coldscan.refusals import KeyLocked, KeyNotLocked, NotEnrolled, WrongKeyFile, WrongPassphrase
from coldscan.state_dir import StateDir
from coldtrace.events.public_piece import Place
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.keys import KeyFileUnencrypted, Signer, UnreadableKeyFile, key_id, load_signer

_LOCKED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_OFFSET = re.compile(r"([+-])(0\d|1[0-4]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Device:
    """An enrolled device.  `offset` is its fixed local time, None for the system's."""

    signer: Signer
    key: bytes
    net: bytes
    site: Site
    operations: tuple[str, ...]
    offset: timedelta | None
    url: str
    origin: str

    @property
    def place(self) -> Place:
        """What its statements say in public of where it is."""
        return Place(role=self.site.role, district=self.site.district)


def is_enrolled(connection: sqlite3.Connection) -> bool:
    """Tell whether this state folder holds a certificate."""
    return cache.get(connection, Name.CERTIFICATE) is not None


def load_device(connection: sqlite3.Connection, state: StateDir, passphrase: bytes | None) -> Device:
    """Return the enrolled device; raise NotEnrolled, WrongKeyFile and what `load_key` raises."""
    key = cache.get(connection, Name.KEY)
    site = cache.get(connection, Name.SITE)
    if key is None or site is None or not is_enrolled(connection):
        raise NotEnrolled(path=str(state.root))
    signer = load_key(key_path(state, key), passphrase)
    if b64(key_id(signer.spki)) != key:
        raise WrongKeyFile(path=str(key_path(state, key)))
    offset = cache.get(connection, Name.OFFSET)
    return Device(
        signer=signer,
        key=unb64(key),
        net=unb64(cache.get(connection, Name.NET) or ""),
        site=Site.from_json(site),
        operations=tuple(cache.get_names(connection, Name.OPERATIONS)),
        offset=None if offset is None else read_offset(offset),
        url=cache.get(connection, Name.URL) or "",
        origin=cache.get(connection, Name.ORIGIN) or "",
    )


def load_key(path: Path, passphrase: bytes | None) -> Signer:
    """Return the signer of a key file.

    Raises KeyLocked, WrongPassphrase, KeyNotLocked, UnreadableKeyFile or KeyFileExposed.
    """
    try:
        return load_signer(path, passphrase)
    except KeyFileUnencrypted:
        raise KeyNotLocked(path=str(path)) from None
    except UnreadableKeyFile:
        with suppress(OSError):
            if path.read_bytes().startswith(_LOCKED):
                raise (KeyLocked if passphrase is None else WrongPassphrase)(path=str(path)) from None
        raise


def key_path(state: StateDir, key: str) -> Path:
    """Return where the private half of a key lies, by its key id in base64url."""
    return state.key(unb64(key)[:4].hex())


def read_offset(text: str) -> timedelta:
    """Return the offset of a text such as `+08:00`; raise ValueError."""
    found = _OFFSET.fullmatch(text)
    if found is None or text == "-00:00":
        raise ValueError("an offset looks like +08:00")
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return ahead if found[1] == "+" else -ahead


def is_private(path: Path) -> bool:
    """Tell whether only the owner may read the file."""
    return path.stat().st_mode & 0o077 == 0
