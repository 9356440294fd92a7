"""Range certificates: which numbers a pre-issued roll of labels has (docs/formats/rolls.md).

    {"bind_until":utc,"first":int,"gtin":"14 digits"|null,"issued":utc,"key":b64(32),"last":int,"net":b64(32),
     "roll":"uuid","serials":"12 characters for each number, in order","site":"GLN","v":1}

Signed by the code key of the station that drew the roll, over `"CCROLL1" 00 | text`; what travels is
`{"certificate":"<text>","sig":b64(64)}`.  A handheld that holds it can say without a network that a label belongs to
a roll, which number it has, and until when it may be bound to a lot.  It says nothing about any goods, and a
certificate is no substitute for the signature on each label.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from coldtrace.clock import format_utc
from coldtrace.codes.check_digit import has_valid_check_digit
from coldtrace.codes.short_code import ALPHABET, check_character, is_serial
from coldtrace.errors import Lang, Refusal, Words
from coldtrace.events.canonical import decode, encode
from coldtrace.events.shape import Shape
from coldtrace.events.unit_id import own_unit, serial_unit
from coldtrace.seal.b64 import b64
from coldtrace.seal.public_key import UnsupportedAlgorithm, key_id
from coldtrace.seal.signer import Signer
from coldtrace.seal.trust_list import TrustedKey, TrustList

ROLL_PREFIX: Final = b"CCROLL1\x00"
NUMBERS_MAX: Final = 20_000
SERIAL_CHARS: Final = 12
TEXT_CHARS_MAX: Final = NUMBERS_MAX * SERIAL_CHARS + 1000

_KEYS: Final = frozenset(
    {"v", "net", "roll", "site", "key", "gtin", "first", "last", "serials", "issued", "bind_until"}
)
_ROLL: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_GLN: Final = re.compile(r"\d{13}", re.ASCII)
_GTIN: Final = re.compile(r"\d{14}", re.ASCII)
_SERIALS: Final = re.compile(rf"[{ALPHABET}]*", re.ASCII)

REASONS: Final = {
    "other_network": Words("它属于另一套系统", "it belongs to another installation"),
    "unknown_key": Words("签发它的密钥不在信任列表中", "the key that issued it is not on the trust list"),
    "other_station": Words("签发它的密钥属于另一个站点", "the key that issued it belongs to another station"),
    "revoked": Words("签发它的密钥已被吊销", "the key that issued it is revoked"),
    "window": Words(
        "签发时间不在该密钥的可打印期内，或该密钥已过有效期",
        "it was issued outside the time in which the key may print, or the key is no longer taken",
    ),
    "unsupported_algorithm": Words("本机不支持该签名算法", "this installation cannot check its algorithm"),
    "bad_signature": Words("签名不符", "its signature is wrong"),
}


class MalformedRollCertificate(Refusal):
    """The text is no range certificate of version 1; `where` names the member."""

    code = "malformed_roll_certificate"
    title = Words("卷标证书格式有误", "Malformed roll certificate")
    detail = Words(
        "卷标证书在 {where} 处不符合格式；请联网后重新下载该卷的证书。",
        "The roll's certificate is not as the format says at {where}; fetch it again when online.",
    )


class RollCertificateRefused(Refusal):
    """The certificate is well formed, and nobody on the trust list vouches for it; `reason` is a key of REASONS."""

    code = "roll_certificate_refused"
    title = Words("卷标证书无效", "Roll certificate refused")
    detail = Words(
        "卷 {roll} 的证书无效：{why}。请联网更新信任列表并重新下载证书；仍无效请勿使用该卷标签。",
        "The certificate of roll {roll} is refused: {why}. Update the trust list and fetch the certificate again when "
        "online; if it is still refused, do not use labels of this roll.",
    )

    def __init__(self, *, reason: str, roll: str) -> None:
        self.reason = reason
        super().__init__(reason=reason, roll=roll, why=REASONS[reason].say("en"))

    def say(self, lang: Lang) -> str:
        """Return the full sentence with its reason in the same language."""
        return self.detail.say(lang, roll=self.facts["roll"], why=REASONS[self.reason].say(lang))


@dataclass(frozen=True, kw_only=True)
class RollCertificate:
    """The parsed certificate.  `serials` are those of the numbers `first` to `last`, in order."""

    net: bytes
    roll: str
    site: str
    key: bytes
    gtin: str | None
    first: int
    serials: tuple[str, ...]
    issued: datetime
    bind_until: datetime

    @property
    def last(self) -> int:
        """The highest number."""
        return self.first + len(self.serials) - 1

    def unit_id(self, number: int) -> str:
        """Return the unit id of a number of this roll."""
        return roll_unit(gtin=self.gtin, serial=self.serials[number - self.first])

    def number_of(self, unit_id: str) -> int | None:
        """Return the number of a unit on this roll, None if it is not on it."""
        return self._numbers.get(unit_id)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {self.unit_id(number): number for number in range(self.first, self.last + 1)}


def roll_unit(*, gtin: str | None, serial: str) -> str:
    """Return the unit id of a label on a roll: by GTIN and serial, or `U` with the serial and its check character."""
    if gtin is None:
        return own_unit(serial + check_character(serial))
    return serial_unit(gtin=gtin, serial=serial)


def write_roll_certificate(certificate: RollCertificate) -> str:
    """Return the exact text to sign; raise MalformedRollCertificate if it could not be read back."""
    text = encode(
        {
            "v": 1,
            "net": b64(certificate.net),
            "roll": certificate.roll,
            "site": certificate.site,
            "key": b64(certificate.key),
            "gtin": certificate.gtin,
            "first": certificate.first,
            "last": certificate.last,
            "serials": "".join(certificate.serials),
            "issued": format_utc(certificate.issued),
            "bind_until": format_utc(certificate.bind_until),
        }
    )
    _read_text(text)
    return text


def sign_roll_certificate(text: str, signer: Signer) -> str:
    """Return the envelope: the text and the code key's signature over it."""
    return encode({"certificate": text, "sig": b64(signer.sign(ROLL_PREFIX + text.encode("utf-8")))})


def open_roll_certificate(envelope: str, *, trust: TrustList, now: datetime) -> RollCertificate:
    """Return the certificate of an envelope that a station on this trust list issued.

    The key must be a code key of the certificate's own site, not revoked, in its print window at `issued`, and still
    accepted at `now`.  Raises MalformedRollCertificate, NotCanonical or RollCertificateRefused and nothing else.
    Whether `bind_until` is over is for the caller, who knows when the label was stuck on.
    """
    if len(envelope) > 2 * TEXT_CHARS_MAX:
        raise _wrong("length")
    shape = Shape(decode(envelope), frozenset({"certificate", "sig"}), _wrong)
    text = shape.text("certificate", limit=TEXT_CHARS_MAX)
    signature = shape.octets("sig", 64)
    certificate = _read_text(text)
    reason = _judge(certificate, ROLL_PREFIX + text.encode("utf-8"), signature, trust=trust, now=now)
    if reason is not None:
        raise RollCertificateRefused(reason=reason, roll=certificate.roll)
    return certificate


def _judge(
    certificate: RollCertificate, signed: bytes, signature: bytes, *, trust: TrustList, now: datetime
) -> str | None:
    """Return why the certificate is refused, None if it is not."""
    if trust.net and certificate.net != trust.net:
        return "other_network"
    key = trust.key_of(certificate.key, "code")
    if key is None:
        return "unknown_key"
    station = None if key.stn is None else trust.station(key.stn)
    if station is None or station.gln != certificate.site:
        return "other_station"
    if key.is_revoked:
        return "revoked"
    if not _printed_at(key, certificate.issued) or not key.accepts_at(now):
        return "window"
    try:
        right = key.public_key.verify(signature, signed)
    except UnsupportedAlgorithm:
        return "unsupported_algorithm"
    return None if right and key_id(key.spki) == certificate.key else "bad_signature"


def _printed_at(key: TrustedKey, moment: datetime) -> bool:
    """Tell whether the key might print at that moment; a key that was retired since could."""
    if key.print_from is not None and moment < key.print_from:
        return False
    return key.print_until is None or moment < key.print_until


def _read_text(text: str) -> RollCertificate:
    shape = Shape(decode(text), _KEYS, _wrong)
    shape.version()
    first = shape.integer("first", low=1, high=NUMBERS_MAX)
    last = shape.integer("last", low=first, high=first + NUMBERS_MAX - 1)
    certificate = RollCertificate(
        net=shape.octets("net", 32),
        roll=shape.text("roll", pattern=_ROLL),
        site=_number(shape, "site", _GLN),
        key=shape.octets("key", 32),
        gtin=None if shape.is_null("gtin") else _number(shape, "gtin", _GTIN),
        first=first,
        serials=_serials(shape, last - first + 1),
        issued=shape.moment("issued"),
        bind_until=shape.moment("bind_until"),
    )
    if certificate.bind_until <= certificate.issued:
        raise shape.wrong("bind_until")
    return certificate


def _number(shape: Shape, name: str, pattern: re.Pattern[str]) -> str:
    digits = shape.text(name, pattern=pattern)
    if not has_valid_check_digit(digits):
        raise shape.wrong(name)
    return digits


def _serials(shape: Shape, count: int) -> tuple[str, ...]:
    """Return the serials: as many as there are numbers, each one that we could have drawn, none twice."""
    text = shape.text("serials", limit=NUMBERS_MAX * SERIAL_CHARS, pattern=_SERIALS)
    if len(text) != count * SERIAL_CHARS:
        raise shape.wrong("serials")
    serials = tuple(text[at : at + SERIAL_CHARS] for at in range(0, len(text), SERIAL_CHARS))
    if len(set(serials)) != count or not all(is_serial(serial) for serial in serials):
        raise shape.wrong("serials")
    return serials


def _wrong(where: str) -> Refusal:
    return MalformedRollCertificate(where=where)
