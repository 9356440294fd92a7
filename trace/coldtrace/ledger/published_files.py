"""Files that a log publishes, servable by any static server: written so that no reader ever sees half of one.

A file is written into `.parts`, flushed to the disk, renamed, and its folder flushed.  What a killed process left in
`.parts` goes when the next one takes the folder; a tile that it had already named is flushed with its folder again,
since nobody knows whether that was done.  Tiles and bundles are never
written twice: other bytes at a path mean that the file or the database was changed, and nobody may paper over that.
Entry bundles tell how much is traded and when; unless they are public, their folder is for this user alone.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coldtrace.ledger.refusals import PublishedDiffers

_LOCK = ".publishing"
_PARTS = ".parts"


@contextmanager
def publishing(folder: Path) -> Iterator[bool]:
    """Make the folder and give whether this process may publish into it: one at a time on one machine."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        parts = folder / _PARTS
        parts.mkdir(mode=0o700, exist_ok=True)
        for left in parts.iterdir():
            left.unlink()
        yield True
    finally:
        os.close(descriptor)


class Writer:
    """Writes files under one folder; `flush` makes the renames durable, once for each folder."""

    def __init__(self, folder: Path, *, public_entries: bool) -> None:
        self._folder = folder
        self._changed: set[Path] = set()
        self.written = 0
        entries = folder / "tile" / "entries"
        entries.mkdir(parents=True, exist_ok=True)
        entries.chmod(0o755 if public_entries else 0o700)

    def keep(self, name: str, data: bytes) -> None:
        """Write a file that never changes; the same bytes again are nothing to do, others raise PublishedDiffers."""
        path = self._folder / name
        try:
            if path.read_bytes() != data:
                raise PublishedDiffers(path=name)
            self._note(path)
        except FileNotFoundError:
            self._write(path, data)

    def replace(self, name: str, data: bytes) -> None:
        """Write a file that takes the place of an older one, after everything written before is durable."""
        self.flush()
        self._write(self._folder / name, data)
        self.flush()

    def flush(self) -> None:
        """Make what was written last through a crash of the machine."""
        for folder in self._changed:
            _fsync(folder)
        self._changed.clear()

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._folder / _PARTS, delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), 0o644)
                os.rename(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
        self._note(path)
        self.written += 1

    def _note(self, path: Path) -> None:
        """Have the folders above a name flushed, up to the log's own: each may be as new as the name."""
        above = path.parent
        while above != self._folder:
            self._changed.add(above)
            above = above.parent
        self._changed.add(above)


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
