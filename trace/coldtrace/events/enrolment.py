"""Enrolment: the invite that a person scans, and the request that the new key signs.

    invite     "CTI1." | b64 of JCS {"expires":"<utc ms>","net":b64(32),"site":"<GLN>","token":"...","url":"...","v":1}
    request    JCS {"net":b64(32),"spki":b64,"token":b64 SHA-256(token utf-8),"v":1}
               signed by the new key over "CTE1-enrol" 00 | text

The request proves that whoever asks holds the private key, and ties it to one invite.  It becomes part of the public
`enrol` leaf, so it has the hash of the token and never the token.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from coldtrace.clock import format_utc
from coldtrace.codes.check_digit import has_valid_check_digit
from coldtrace.errors import Refusal, Words
from coldtrace.events.canonical import NotCanonical, decode, encode
from coldtrace.events.shape import Shape, read_octets
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.seal.hashing import sha256
from coldtrace.seal.public_key import PublicKey, load_public_key
from coldtrace.seal.signer import Signer

ENROL_PREFIX: Final = b"CTE1-enrol\x00"
INVITE_PREFIX: Final = "CTI1."
INVITE_MAX: Final = 2048
REQUEST_MAX: Final = 2048

_URL: Final = re.compile(r"https?://[!-~]{1,400}", re.ASCII)
_TOKEN: Final = re.compile(r"[!-~]{16,200}", re.ASCII)
_GLN: Final = re.compile(r"\d{13}", re.ASCII)


class MalformedInvite(Refusal):
    """The scanned text is not an invite of version 1."""

    code = "malformed_invite"
    title = Words("邀请码格式有误", "Malformed invite")
    detail = Words(
        "邀请码有误（{where}）；请在系统中重新生成并重新扫描。",
        "The invite is malformed ({where}); make a new one on the server and scan it again.",
    )


class MalformedRequest(Refusal):
    """The text is not an enrolment request of version 1."""

    code = "malformed_enrolment_request"
    title = Words("登记请求格式有误", "Malformed enrolment request")
    detail = Words(
        "登记请求有误（{where}）；请更新设备软件后重试。",
        "The enrolment request is malformed ({where}); update the device and try again.",
    )


class BadRequestSignature(Refusal):
    """The new key did not sign the request."""

    code = "bad_request_signature"
    title = Words("登记请求签名无效", "Request signature does not verify")
    detail = Words(
        "登记请求不是由所登记的密钥签名的；请在该设备上重新登记。",
        "The enrolment request is not signed by the key it names; enrol again on the device itself.",
    )


@dataclass(frozen=True, kw_only=True)
class Invite:
    """Where to enrol, with which one-time token, for which site, until when."""

    url: str
    token: str
    net: bytes
    site: str
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class EnrolmentRequest:
    """A request whose signature was checked."""

    net: bytes
    public_key: PublicKey
    token_hash: bytes


def make_invite(invite: Invite) -> str:
    """Return the text for the QR of an invite; raise MalformedInvite if it could not be read back."""
    text = encode(
        {
            "v": 1,
            "url": invite.url,
            "token": invite.token,
            "net": b64(invite.net),
            "site": invite.site,
            "expires": format_utc(invite.expires),
        }
    )
    made = INVITE_PREFIX + b64(text.encode("utf-8"))
    read_invite(made)
    return made


def read_invite(text: str) -> Invite:
    """Return the invite in a scanned text; raise MalformedInvite."""
    if not text.startswith(INVITE_PREFIX) or len(text) > INVITE_MAX:
        raise _wrong_invite("prefix")
    try:
        inner = decode(unb64(text.removeprefix(INVITE_PREFIX)).decode("utf-8"))
    except (MalformedBase64, NotCanonical, UnicodeDecodeError):
        raise _wrong_invite("text") from None
    shape = Shape(inner, frozenset({"v", "url", "token", "net", "site", "expires"}), _wrong_invite)
    shape.version()
    site = shape.text("site", pattern=_GLN)
    if not has_valid_check_digit(site):
        raise shape.wrong("site")
    return Invite(
        url=shape.text("url", pattern=_URL),
        token=shape.text("token", pattern=_TOKEN),
        net=shape.octets("net", 32),
        site=site,
        expires=shape.moment("expires"),
    )


def token_hash(token: str) -> bytes:
    """Return the SHA-256 of a token: what the request and the server's records hold."""
    return sha256(token.encode("utf-8"))


def make_request(*, net: bytes, token: str, signer: Signer) -> tuple[str, str]:
    """Return the request text and the new key's signature over it, as base64url."""
    text = encode({"v": 1, "net": b64(net), "spki": b64(signer.spki), "token": b64(token_hash(token))})
    return text, b64(signer.sign(ENROL_PREFIX + text.encode("utf-8")))


def read_request(text: str, sig: str) -> EnrolmentRequest:
    """Return a request that the key in it has signed.

    Raises MalformedRequest, NotCanonical, MalformedKey, UnsupportedAlgorithm or BadRequestSignature.
    """
    if len(text) > REQUEST_MAX:
        raise _wrong_request("length")
    shape = Shape(decode(text), frozenset({"v", "net", "spki", "token"}), _wrong_request)
    shape.version()
    request = EnrolmentRequest(
        net=shape.octets("net", 32),
        public_key=load_public_key(shape.octets("spki")),
        token_hash=shape.octets("token", 32),
    )
    signature = read_octets(sig, 64, lambda _: _wrong_request("sig"))
    if not request.public_key.verify(signature, ENROL_PREFIX + text.encode("utf-8")):
        raise BadRequestSignature()
    return request


def _wrong_invite(where: str) -> Refusal:
    return MalformedInvite(where=where)


def _wrong_request(where: str) -> Refusal:
    return MalformedRequest(where=where)
