"""The file before anything is read from it: is it an .xlsx, is it whole, is it small enough to open safely?

Order of the checks: the size of the file, its first bytes, the list of its parts (count and unpacked sizes, which the
zip reader then enforces), the parts' names, and last each XML part for a document type, which no workbook needs and
which is how entity bombs begin.  Only then does a spreadsheet library see it.
"""

import io
import zipfile
import zlib

from coldtrace.interop.workbook.refusals import (
    BrokenWorkbook,
    EncryptedWorkbook,
    MacroWorkbook,
    NotAWorkbook,
    OldWorkbook,
    OversizedWorkbook,
)

FILE_BYTES_MAX = 8 * 1024 * 1024
UNPACKED_BYTES_MAX = 48 * 1024 * 1024
PARTS_MAX = 1_000

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_LOOKS = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"{\\rtf", "RTF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"<?xml", "XML"),
    (b"<html", "HTML"),
    (b"<!doctype", "HTML"),
    (b"<table", "HTML"),
)
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))
_READ_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


def open_archive(data: bytes, *, filename: str) -> zipfile.ZipFile:
    """Return the opened parts of a workbook that is safe to parse; raise a `WorkbookRefused` otherwise."""
    if len(data) > FILE_BYTES_MAX:
        raise _too_large(filename, "文件大小（字节）", "its size in bytes", FILE_BYTES_MAX)
    if data.startswith(_OLE):
        if _ENCRYPTED_STREAM in data:
            raise EncryptedWorkbook(file=filename)
        raise OldWorkbook(file=filename, kind=".xls")
    if not data.startswith(b"PK\x03\x04"):
        raise NotAWorkbook(file=filename, kind=_kind_of(data))
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        parts = archive.infolist()
    except _READ_ERRORS as error:
        raise BrokenWorkbook(file=filename) from error
    _check_parts(parts, filename)
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            _check_xml(archive, part, filename)
    return archive


def _check_parts(parts: list[zipfile.ZipInfo], filename: str) -> None:
    if len(parts) > PARTS_MAX:
        raise _too_large(filename, "文件内的部件数", "the number of its parts", PARTS_MAX)
    if sum(part.file_size for part in parts) > UNPACKED_BYTES_MAX:
        raise _too_large(filename, "解压后的大小（字节）", "its unpacked size in bytes", UNPACKED_BYTES_MAX)
    names = {part.filename for part in parts}
    if len(names) != len(parts) or any(part.flag_bits & 1 for part in parts):
        # One name twice means that two readers may see two different workbooks.
        raise BrokenWorkbook(file=filename)
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise MacroWorkbook(file=filename)
    if "xl/workbook.bin" in names:
        raise OldWorkbook(file=filename, kind=".xlsb")
    if "[Content_Types].xml" not in names or "_rels/.rels" not in names:
        kind = "OpenDocument" if "mimetype" in names else "ZIP"
        raise NotAWorkbook(file=filename, kind=kind)
    if not any(name.startswith("xl/") for name in names):
        raise NotAWorkbook(file=filename, kind="Word/PowerPoint")


def _check_xml(archive: zipfile.ZipFile, part: zipfile.ZipInfo, filename: str) -> None:
    longest = max(map(len, _FORBIDDEN))
    before = b""
    try:
        with archive.open(part) as stream:
            while chunk := stream.read(1 << 20):
                window = before + chunk
                if any(sign in window for sign in _FORBIDDEN):
                    raise BrokenWorkbook(file=filename)
                before = chunk[-longest:]
    except _READ_ERRORS as error:
        raise BrokenWorkbook(file=filename) from error


def _too_large(filename: str, what_zh: str, what_en: str, limit: int) -> OversizedWorkbook:
    return OversizedWorkbook(file=filename, what_zh=what_zh, what_en=what_en, limit=limit)


def _kind_of(data: bytes) -> str:
    start = data[:200].lstrip(b"\xef\xbb\xbf \r\n\t")
    for sign, kind in _LOOKS:
        if start[: len(sign)].lower() == sign.lower():
            return kind
    if not data:
        return "0 B"
    return "CSV/TXT" if b"\x00" not in data[:4096] else "BIN"
