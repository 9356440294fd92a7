"""A photo as it came from a phone, made into one that tells nothing but its dots.

It is decoded and written anew: place, time, device, thumbnail, comments and colour profile stay behind, and so does
whatever else was hidden in the file.  One photo at a time is decoded, since each takes some hundred megabytes.
"""

import io
import threading
from dataclasses import dataclass

from PIL import Image, ImageOps

from coldtrace.watch.complaint_refusals import PhotoTooLarge, PhotoUnreadable

FORMATS = ("JPEG", "PNG", "WEBP")
DOTS_MAX = 50_000_000
SIDE_MAX = 1600
"""Enough to read a label; what is kept is a few hundred kilobytes."""
QUALITY = 80
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A JPEG of ours."""

    jpeg: bytes
    width: int
    height: int


def clean_photo(data: bytes, *, limit_bytes: int) -> Photo:
    """Return a photo upright, at most SIDE_MAX wide and high, without anything but its dots.

    Raises PhotoTooLarge and PhotoUnreadable.
    """
    too_large = PhotoTooLarge(mib=limit_bytes // (1024 * 1024), mpx=DOTS_MAX // 1_000_000)
    if len(data) > limit_bytes:
        raise too_large
    try:
        with _one_at_a_time, Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > DOTS_MAX:
                raise too_large
            return _written_anew(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_large from None
    except (OSError, ValueError, SyntaxError, OverflowError, EOFError, MemoryError):
        raise PhotoUnreadable() from None


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
