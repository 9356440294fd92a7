"""What a file is, by its bytes alone: PDF, JPEG or PNG.  Nothing is ever decoded, unpacked or run.

A file that is a picture and something else behind it (a ZIP after a JPEG) is refused: whoever opens a paper gets what
it says to be.  A PDF may hold anything; it is handed out as an attachment that no browser runs.
"""

from coldtrace.goods.paper_refusals import PaperFileUnknown

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
SUFFIXES = {PDF: ".pdf", JPEG: ".jpg", PNG: ".png"}
ACCEPTED = ",".join((PDF, JPEG, PNG, *SUFFIXES.values()))
"""What a browser offers to choose."""

_PNG_BEGINS = b"\x89PNG\r\n\x1a\n"
_PNG_HEAD = b"\x00\x00\x00\rIHDR"
_PADDING = b"\x00\t\n\x0c\r "


def media_type_of(data: bytes) -> str:
    """Return the media type of a paper's bytes; raise PaperFileUnknown for anything else."""
    if data.startswith((b"%PDF-1.", b"%PDF-2.")) and data[-64:].rstrip(_PADDING).endswith(b"%%EOF"):
        return PDF
    if data.startswith(b"\xff\xd8\xff") and data[-64:].rstrip(b"\x00").endswith(b"\xff\xd9"):
        return JPEG
    if data.startswith(_PNG_BEGINS + _PNG_HEAD) and _ends_as_png(data):
        return PNG
    raise PaperFileUnknown()


def _ends_as_png(data: bytes) -> bool:
    """Tell whether the chunks of a PNG lead to its end and nothing follows."""
    place = len(_PNG_BEGINS)
    while place + 12 <= len(data):
        length, name = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        place += 12 + length
        if name == b"IEND":
            return place == len(data)
    return False
