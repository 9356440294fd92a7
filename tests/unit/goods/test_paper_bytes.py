"""What a file is follows from its bytes alone, and nothing hangs behind a picture."""

import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from coldtrace.goods.paper_bytes import JPEG, PDF, PNG, media_type_of
from coldtrace.goods.paper_refusals import PaperFileUnknown
from coldtrace.goods.papers import plain_file_name

HTML = b"<html><script>alert(1)</script></html>"
SOUND_PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF"


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (3, 2), "white").save(out, kind)
    return out.getvalue()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("evil.html", HTML)
    return out.getvalue()


def huge_png() -> bytes:
    """Return a PNG that says to be 100,000 x 100,000 dots: whoever decodes it runs out of memory."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 6, 0, 0, 0)), (b"IDAT", b""), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (SOUND_PDF, PDF),
        (SOUND_PDF + b"\r\n", PDF),
        (SOUND_PDF.replace(b"1.7", b"2.0"), PDF),
        (picture("JPEG"), JPEG),
        (picture("JPEG") + bytes(16), JPEG),
        (picture("PNG"), PNG),
        (huge_png(), PNG),
    ],
    ids=["pdf", "pdf-newline", "pdf-2", "jpeg", "jpeg-padded", "png", "png-huge"],
)
def test_whole_files_are_known_by_their_bytes(data: bytes, found: str) -> None:
    assert media_type_of(data) == found


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HTML,
        b"%PDF-1.7\n",
        HTML + SOUND_PDF,
        SOUND_PDF + HTML,
        picture("JPEG") + zipped(),
        picture("PNG") + zipped(),
        picture("PNG")[:-12],
        picture("JPEG")[:-2],
        picture("GIF"),
        b"\x89PNG\r\n\x1a\n" + HTML,
        b"\xff\xd8\xff" + HTML,
        zipped(),
        b"MZ" + bytes(100),
    ],
    ids=[
        "empty",
        "html",
        "pdf-cut",
        "html-pdf",
        "pdf-html",
        "jpeg-zip",
        "png-zip",
        "png-cut",
        "jpeg-cut",
        "gif",
        "png-html",
        "jpeg-html",
        "zip",
        "program",
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(PaperFileUnknown):
        media_type_of(data)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\win.ini", "win.ini"),
        ('a"\r\nSet-Cookie: x=1.pdf', 'a"Set-Cookie: x=1.pdf'),
        ("\u202egpj.exe", "gpj.exe"),
        ("x" * 500, "x" * 120),
        ("检疫证.pdf", "检疫证.pdf"),
    ],
    ids=["path", "windows", "crlf", "bidi", "long", "chinese"],
)
def test_the_name_of_a_file_is_a_text_and_nothing_more(name: str, kept: str) -> None:
    assert plain_file_name(name) == kept
