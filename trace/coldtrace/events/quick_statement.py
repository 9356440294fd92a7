"""Reading a statement on the way of a scan: what nearly every one looks like, by patterns (`piece_text.py`).

Parsing each text, printing it again and comparing took half a millisecond a statement, all else that is done to it the
same again.  What is not known here, or does not fit together, is not wrong: None comes back, and `read_statement`
judges it and has the refusal.  What is taken here it takes too, with the same content (a property test).
"""

import re
from collections.abc import Mapping
from datetime import timezone
from typing import Final
from uuid import UUID

from coldtrace.events.header import HEADER_MAX, Header
from coldtrace.events.piece_text import HASH_TEXT, octets, private_piece, public_piece, units_piece
from coldtrace.events.statement import CheckedStatement, Statement
from coldtrace.seal.hashing import sha256

_SIGNATURE: Final = re.compile(r"[A-Za-z0-9_-]{85}[AQgw]", re.ASCII)
_ID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_WIDTH: Final = r"16|32|64|128|256|512|1024|2048|4096|8192"
_HASHED: Final = f'"({HASH_TEXT})"'
_HEADER: Final = re.compile(
    rf'\{{"id":"({_ID})","key":{_HASHED},"net":{_HASHED},"prev":(?:null|{_HASHED}),"private":{_HASHED},'
    rf'"public":{_HASHED},"pw":({_WIDTH}),"seen":(?:null|{_HASHED}),"units":{_HASHED},"uw":({_WIDTH}),"v":1\}}'.encode()
)
_NAMES: Final = ("header", "public", "private", "units", "sig")


def read_quickly(wire: object) -> CheckedStatement | None:
    """Return what `read_statement` returns for a wire object, None where that is to be asked."""
    if not isinstance(wire, Mapping) or len(wire) != len(_NAMES):
        return None
    texts = [text for name in _NAMES if type(text := wire.get(name)) is str]
    if len(texts) != len(_NAMES):
        return None
    statement = Statement(*texts)
    try:
        return _read(statement)
    except (UnicodeEncodeError, OverflowError):  # a lone surrogate; a day before the first one
        return None


def _read(statement: Statement) -> CheckedStatement | None:
    header_text, public_text = statement.header.encode(), statement.public.encode()
    found = _HEADER.fullmatch(header_text) if len(header_text) <= HEADER_MAX else None
    public = public_piece(public_text)
    private = private_piece(statement.private.encode())
    if found is None or public is None or private is None or not _SIGNATURE.fullmatch(statement.sig):
        return None
    units = units_piece(statement.units.encode(), public.type)
    if units is None:
        return None
    header = _header(found)
    said, private_root = private
    if header.public != sha256(public_text) or (header.private, header.private_width) != private_root:
        return None
    if (header.units, header.units_width) != units[1] or (said.seq == 1) != (header.prev is None):
        return None
    if said.at.astimezone(timezone(said.offset)).date() != public.date:
        return None
    return CheckedStatement(
        wire=statement,
        header=header,
        header_hash=sha256(header_text),
        public=public,
        private=said,
        units=units[0],
        signature=octets(statement.sig.encode()),
    )


def _header(found: re.Match[bytes]) -> Header:
    id, key, net, prev, private, public, private_width, seen, units, units_width = found.groups()
    return Header(
        net=octets(net),
        id=UUID(id.decode()),
        key=octets(key),
        prev=None if prev is None else octets(prev),
        seen=None if seen is None else octets(seen),
        public=octets(public),
        private=octets(private),
        private_width=int(private_width),
        units=octets(units),
        units_width=int(units_width),
    )
