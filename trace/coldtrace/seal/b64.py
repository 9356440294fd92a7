"""Base64, one spelling per byte string: unpadded base64url (RFC 4648, section 5) with zero spare bits.

This is what `b64` means in all our formats.  Two texts that decode to the same bytes would let somebody
change a signed text without changing what it says, so the reader accepts exactly what the writer writes.  The
C2SP formats (notes, checkpoints, proofs) use the padded standard alphabet instead, as strictly.

>>> b64(bytes([251, 239]))
'--8'
>>> unb64("--8").hex()
'fbef'
>>> std_b64(bytes([251, 239]))
'++8='
"""

import base64
import binascii
import re

from coldtrace.errors import Refusal, Words

_TO_URL, _FROM_URL = bytes.maketrans(b"+/", b"-_"), str.maketrans("-_", "+/")
_PADDING = ("", "===", "==", "=")
_STANDARD = re.compile(r"[A-Za-z0-9+/]*={0,2}", re.ASCII)


class MalformedBase64(Refusal):
    """The text is not the one canonical base64 spelling of any byte string."""

    code = "malformed_base64"
    title = Words("编码有误", "Malformed base64")
    detail = Words(
        "一段 base64 文本含有不允许的字符、填充或多余的位；请向发送方索取原文。",
        "A base64 text has characters, padding or spare bits that are not allowed; ask the sender for the original.",
    )


def b64(data: bytes) -> str:
    """Return `data` as unpadded base64url."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def unb64(text: str) -> bytes:
    """Return the bytes of an unpadded base64url text; raise MalformedBase64 for any other spelling."""
    try:
        data = binascii.a2b_base64(text.translate(_FROM_URL) + _PADDING[len(text) % 4])
    except ValueError:
        raise MalformedBase64() from None
    # Python passes over foreign letters and ignores spare bits: print it again and compare, which refuses both.
    if b64(data) != text:
        raise MalformedBase64()
    return data


def std_b64(data: bytes) -> str:
    """Return `data` as padded standard base64, the alphabet of C2SP notes."""
    return base64.b64encode(data).decode("ascii")


def un_std_b64(text: str) -> bytes:
    """Return the bytes of a padded standard base64 text; raise MalformedBase64 for any other spelling."""
    if not _STANDARD.fullmatch(text):
        raise MalformedBase64()
    return _decode(text)


def _decode(standard: str) -> bytes:
    try:
        data = base64.b64decode(standard, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedBase64() from None
    # Python ignores spare bits, and padding beyond what is needed: print it again and compare.
    if base64.b64encode(data).decode("ascii") != standard:
        raise MalformedBase64()
    return data
