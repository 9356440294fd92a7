"""A photo as it came from a phone, made into one that tells nothing but its dots.

It is decoded and written anew: place, time, device, thumbnail, comments and colour profile stay behind, and so does
whatever else was hidden in the file.  One photo at a time is decoded, since each takes some hundred megabytes; a few
wait for it, since each that waits holds a thread that answers scans and pages otherwise.
"""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageOps

from coldtrace.watch.complaint_refusals import PhotosBusy, PhotoTooLarge, PhotoUnreadable

FORMATS = ("JPEG", "PNG", "WEBP")
DOTS_MAX = 50_000_000
SIDE_MAX = 1600
"""Enough to read a label; what is kept is a few hundred kilobytes."""
QUALITY = 80
SCANS_MAX = 32
"""A camera writes one, a progressive file some ten."""
_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_SCAN, _END, _BARE = b"\xda", b"\xd9", frozenset(bytes([each]) for each in (0x01, *range(0xD0, 0xD9)))
PLACES = 4
"""So many photos are decoded or wait for it."""
RETRY_S = 10
_one_at_a_time = threading.Lock()
_places = threading.BoundedSemaphore(PLACES)


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A JPEG of ours."""

    jpeg: bytes
    width: int
    height: int


def clean_photo(data: bytes, *, limit_bytes: int) -> Photo:
    """Return a photo upright, at most SIDE_MAX wide and high, without anything but its dots.

    Raises PhotoTooLarge and PhotoUnreadable, before anything is decoded where the file says so itself, and PhotosBusy
    where nothing was looked at any further.
    """
    too_large = PhotoTooLarge(mib=limit_bytes // (1024 * 1024), mpx=DOTS_MAX // 1_000_000)
    if len(data) > limit_bytes:
        raise too_large
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            # What the file says of itself; no dot is decoded yet.
            if opened.width * opened.height > DOTS_MAX:
                raise too_large
            # Any number of scans may be in some bytes, and each costs as much as a whole picture.
            if opened.format == "JPEG" and scans_of(data) > SCANS_MAX:
                raise PhotoUnreadable()
            with _place(), _one_at_a_time:
                return _written_anew(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_large from None
    except (OSError, ValueError, SyntaxError, OverflowError, EOFError, MemoryError):
        raise PhotoUnreadable() from None


def scans_of(data: bytes) -> int:
    """Return of how many scans a JPEG is made, read as a decoder reads it: what is between markers is passed over.

    >>> scans_of(bytes.fromhex("ffd8 ffe10004ffda ffda0002 12ff00 ffd0 34 ffda0002 ffd9 ffda"))
    2
    """
    scans, at = 0, 0
    while (found := _MARKER.search(data, at)) is not None and found[1] != _END:
        at = found.end()
        if found[1] not in _BARE:
            at += int.from_bytes(data[at : at + 2])
        scans += found[1] == _SCAN
    return scans


@contextmanager
def _place() -> Iterator[None]:
    """Hold one of the places of those that are decoded or wait."""
    if not _places.acquire(blocking=False):
        raise PhotosBusy(limit=PLACES, retry_s=RETRY_S)
    try:
        yield
    finally:
        _places.release()


def _written_anew(opened: Image.Image) -> Photo:
    # A JPEG is decoded at a fraction of its size where that is enough.
    opened.draft("RGB", (SIDE_MAX, SIDE_MAX))
    upright = ImageOps.exif_transpose(opened)
    upright.thumbnail((SIDE_MAX, SIDE_MAX))
    seen = upright.convert("RGBA")
    # A fresh picture: what hangs on the old one (`info`) is not written.
    fresh = Image.new("RGB", seen.size, "white")
    fresh.paste(seen, mask=seen.getchannel("A"))
    out = io.BytesIO()
    fresh.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Photo(jpeg=out.getvalue(), width=fresh.width, height=fresh.height)
