"""A device vouches for an HTTP request with its own key; there is no password or session to steal.

    Authorization: CTDevice key="<b64 key id>", at="<UTC, milliseconds>", sig="<b64>"
    signed         "CTE1-request" 00 | JCS {"v":1,"net","method","path","body","at"}

`path` is the request target with its query, as sent; `body` is b64 of the SHA-256 of the body, empty or not.  The
three members come in this order with exactly these separators.  A handheld's clock may be hours off, so the claimed
time is signed and handed to the caller, who decides; what must not be done twice is idempotent by its own id.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from coldtrace import clock
from coldtrace.errors import Refusal, Words
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.seal.canonical_text import NotInProfile, print_canonical
from coldtrace.seal.hashing import sha256
from coldtrace.seal.public_key import PublicKey, UnsupportedAlgorithm, key_id
from coldtrace.seal.signer import Signer

REQUEST_PREFIX = b"CTE1-request\x00"

_HEADER = re.compile(
    r'CTDevice key="([A-Za-z0-9_-]{43})", '
    r'at="(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)", '
    r'sig="([A-Za-z0-9_-]{86})"',
    re.ASCII,
)


class MalformedAuthorization(Refusal):
    """The Authorization header is not that of a device."""

    code = "malformed_authorization"
    title = Words("设备凭证格式有误", "Malformed device authorization")
    detail = Words(
        "Authorization 请求头不是 CTDevice 格式；请升级手持端程序后再试。",
        "The Authorization header is not of the form CTDevice; update the handheld and try again.",
    )


class RequestSignatureRefused(Refusal):
    """The header is not this key's word for this request."""

    code = "request_signature_refused"
    title = Words("设备签名无效", "Device signature refused")
    detail = Words(
        "设备签名与本次请求不符；请重新同步，如仍失败请重新登记该设备。",
        "The device's signature does not fit this request; sync again, and enrol the device anew if that fails.",
    )


@dataclass(frozen=True, kw_only=True)
class DeviceAuthorization:
    """What the header claims: which key, when, and the signature that should show it."""

    key: bytes
    at: datetime
    signature: bytes


def sign_request(*, signer: Signer, net: bytes, method: str, path: str, body: bytes, at: datetime) -> str:
    """Return the value of the Authorization header for one request."""
    signature = signer.sign(_signed_bytes(net=net, method=method, path=path, body=body, at=at))
    return f'CTDevice key="{b64(key_id(signer.spki))}", at="{clock.format_utc(at)}", sig="{b64(signature)}"'


def parse_authorization(header: str) -> DeviceAuthorization:
    """Return what a header claims; raise MalformedAuthorization."""
    match = _HEADER.fullmatch(header)
    if match is None:
        raise MalformedAuthorization()
    try:
        return DeviceAuthorization(key=unb64(match[1]), at=clock.parse_utc(match[2]), signature=unb64(match[3]))
    except (MalformedBase64, ValueError):
        raise MalformedAuthorization() from None


def verify_request(
    authorization: DeviceAuthorization,
    *,
    public_key: PublicKey,
    net: bytes,
    method: str,
    path: str,
    body: bytes,
) -> datetime:
    """Return the time that the device claims; raise RequestSignatureRefused.

    Whether the key belongs to a device that may ask this, and whether the time is believable, is for the caller.
    """
    try:
        data = _signed_bytes(net=net, method=method, path=path, body=body, at=authorization.at)
        good = key_id(public_key.spki) == authorization.key and public_key.verify(authorization.signature, data)
    except (NotInProfile, UnsupportedAlgorithm):
        good = False
    if not good:
        raise RequestSignatureRefused()
    return authorization.at


def _signed_bytes(*, net: bytes, method: str, path: str, body: bytes, at: datetime) -> bytes:
    # Put together by hand, which takes a quarter of the time: of these the path alone may hold any sign.
    text = (
        f'{{"at":"{clock.format_utc(at)}","body":"{b64(sha256(body))}","method":{_printed(method.upper())},'
        f'"net":"{b64(net)}","path":{_printed(path)},"v":1}}'
    )
    return REQUEST_PREFIX + text.encode("utf-8")


@lru_cache(maxsize=256)  # scans come by one method and path
def _printed(text: str) -> str:
    return print_canonical(text)
