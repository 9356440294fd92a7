"""A form with a file, read from the bytes that the door let through: `multipart/form-data` (RFC 7578).

The door bounds the whole body (`web/limits.py`); here the number of parts and the length of what is no file are
bounded, so that a form of a million empty parts is refused soon.
"""

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from coldtrace.web.refusals import MalformedForm

FORM = "multipart/form-data"
PARTS_MAX = 64
FIELD_MAX = 20_000
HEADER_MAX = 2_000
NAME_MAX = 200


@dataclass(frozen=True, kw_only=True)
class SentFile:
    """A file as it came; its name has printable signs only, and no folders."""

    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class FormParts:
    """The fields of a form, the last of a name, and the files in it."""

    fields: dict[str, str]
    files: dict[str, SentFile]


@dataclass(kw_only=True)
class _Part:
    headers: dict[str, bytes] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    is_file: bool = False


def is_multipart(content_type: str) -> bool:
    """Tell whether a body is a form that may carry files."""
    return content_type.partition(";")[0].strip().lower() == FORM


def read_form_parts(content_type: str, body: bytes) -> FormParts:
    """Return what a form holds; raise MalformedForm for one that is cut off, or none."""
    options = parse_options_header(content_type)[1]
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 200:
        raise MalformedForm()
    reader = _Reader()
    try:
        parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise MalformedForm() from None
    if not reader.is_ended:
        raise MalformedForm()
    return FormParts(fields=reader.fields, files=reader.files)


class _Reader:
    """Puts a form together from what the parser tells."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.files: dict[str, SentFile] = {}
        self.is_ended = False
        self._count = 0
        self._part = _Part()
        self._name = bytearray()
        self._value = bytearray()

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._count += 1
        if self._count > PARTS_MAX:
            raise MalformedForm()
        self._part = _Part()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._refuse_long()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._refuse_long()

    def _refuse_long(self) -> None:
        if len(self._name) + len(self._value) > HEADER_MAX:
            raise MalformedForm()

    def _header_end(self) -> None:
        self._part.headers[self._name.decode("latin-1").lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _headers_end(self) -> None:
        self._part.is_file = b"filename" in self._options()

    def _options(self) -> dict[bytes, bytes]:
        return parse_options_header(self._part.headers.get("content-disposition", b""))[1]

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._part.data += memoryview(data)[start:end]
        if not self._part.is_file and len(self._part.data) > FIELD_MAX:
            raise MalformedForm()

    def _end_part(self) -> None:
        options = self._options()
        try:
            name = options.get(b"name", b"").decode("utf-8")
            if self._part.is_file:
                self.files[name] = SentFile(name=_plain_name(options[b"filename"]), data=bytes(self._part.data))
            else:
                self.fields[name] = self._part.data.decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedForm() from None

    def _end(self) -> None:
        self.is_ended = True


def _plain_name(raw: bytes) -> str:
    last = raw.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:NAME_MAX]
