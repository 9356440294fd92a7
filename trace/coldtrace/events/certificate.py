"""Device certificates: which key speaks for which place, until when.

    {"district":"120116","naf":"<utc ms>","nbf":"<utc ms>","net":b64(32),"org":b64|null,
     "replaces":{"header":b64(32),"key":b64(32),"seq":int}|null,"role":"cold_store",
     "site":b64 SHA-256(salt16 | GLN),"spki":b64,"use":"device|gateway|receipt","v":1}

Signed by an enrolment key of the trust list over `"CTE1-cert" 00 | text`.  The consumer's bundle carries it, so it
names the place only by role and district; `site` is a commitment that the parties, who know the salt, open.
`nbf` and `naf` bound the times for which the key may speak: not before, not after.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from coldtrace.clock import format_utc
from coldtrace.errors import Refusal, Words
from coldtrace.events.canonical import decode, encode
from coldtrace.events.public_piece import Place, PublicPiece, read_place
from coldtrace.events.shape import Shape, read_octets
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from coldtrace.seal.public_key import PublicKey, key_id
from coldtrace.seal.signer import Signer

CERTIFICATE_PREFIX: Final = b"CTE1-cert\x00"
CERTIFICATE_MAX: Final = 2048

_KEYS: Final = frozenset({"v", "net", "spki", "use", "role", "district", "site", "org", "nbf", "naf", "replaces"})
_USES: Final = frozenset({"device", "gateway", "receipt"})
_GLN: Final = re.compile(r"\d{13}", re.ASCII)
# A public piece has a local day and no offset.  Local days run from 14 hours before UTC to 12 hours after.
_EARLIEST: Final = timedelta(hours=14)
_LATEST: Final = timedelta(days=1, hours=12)


class MalformedCertificate(Refusal):
    """The text is not a certificate of version 1."""

    code = "malformed_certificate"
    title = Words("证书格式有误", "Malformed certificate")
    detail = Words(
        "设备证书格式有误（{where}）；请重新登记设备。",
        "The device certificate is malformed ({where}); enrol the device again.",
    )


class BadCertificateSignature(Refusal):
    """No enrolment key of the trust list signed the certificate."""

    code = "bad_certificate_signature"
    title = Words("证书签名无效", "Certificate signature does not verify")
    detail = Words(
        "没有任何受信任的登记密钥签发过该设备证书；请重新登记设备。",
        "No trusted enrolment key signed this device certificate; enrol the device again.",
    )


class CertificateMismatch(Refusal):
    """The certificate does not cover what the statement says."""

    code = "certificate_mismatch"
    title = Words("超出证书范围", "Outside the certificate")
    detail = Words(
        "记录超出设备证书的范围（{what}）；请使用在该场所登记的设备。",
        "The statement is outside what the device certificate covers ({what}); "
        "use a device that is enrolled for this place.",
    )


@dataclass(frozen=True, kw_only=True)
class Replaces:
    """The key that this one continues, and where its chain ended."""

    key: bytes
    seq: int
    header: bytes


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """The parsed certificate."""

    net: bytes
    spki: bytes
    use: str
    place: Place
    site: bytes
    org: bytes | None
    nbf: datetime
    naf: datetime
    replaces: Replaces | None = None

    @property
    def key(self) -> bytes:
        """The key id of the certified key."""
        return key_id(self.spki)


def write_certificate(certificate: Certificate) -> str:
    """Return the exact text of a certificate."""
    replaces = certificate.replaces
    return encode(
        {
            "v": 1,
            "net": b64(certificate.net),
            "spki": b64(certificate.spki),
            "use": certificate.use,
            "role": certificate.place.role,
            "district": certificate.place.district,
            "site": b64(certificate.site),
            "org": None if certificate.org is None else b64(certificate.org),
            "nbf": format_utc(certificate.nbf),
            "naf": format_utc(certificate.naf),
            "replaces": None
            if replaces is None
            else {"key": b64(replaces.key), "seq": replaces.seq, "header": b64(replaces.header)},
        }
    )


@lru_cache(maxsize=4096)
def read_certificate(text: str) -> Certificate:
    """Return the parsed certificate; raise MalformedCertificate or NotCanonical."""
    if len(text) > CERTIFICATE_MAX:
        raise _wrong("length")
    shape = Shape(decode(text), _KEYS, _wrong)
    shape.version()
    certificate = Certificate(
        net=shape.octets("net", 32),
        spki=shape.octets("spki"),
        use=shape.choice("use", _USES),
        place=read_place(shape),
        site=shape.octets("site", 32),
        org=None if shape.is_null("org") else shape.octets("org"),
        nbf=shape.moment("nbf"),
        naf=shape.moment("naf"),
        replaces=_read_replaces(shape),
    )
    if certificate.naf < certificate.nbf:
        raise shape.wrong("naf")
    return certificate


def sign_certificate(text: str, enrolment_signer: Signer) -> str:
    """Return the enrolment key's signature over a certificate text, as base64url."""
    return b64(enrolment_signer.sign(CERTIFICATE_PREFIX + text.encode("utf-8")))


def verify_certificate(text: str, sig: str, enrolment_keys: Iterable[PublicKey]) -> Certificate:
    """Return the certificate if one of these enrolment keys signed it.

    Raises MalformedCertificate, NotCanonical or BadCertificateSignature.
    """
    certificate = read_certificate(text)
    signature = read_octets(sig, 64, lambda _: _wrong("sig"))
    signed = CERTIFICATE_PREFIX + text.encode("utf-8")
    if not any(key.verify(signature, signed) for key in enrolment_keys):
        raise BadCertificateSignature()
    return certificate


def site_commitment(*, salt: bytes, gln: str) -> bytes:
    """Return what a certificate's `site` holds: SHA-256(16 bytes of salt | GLN)."""
    if len(salt) != 16 or not _GLN.fullmatch(gln):
        raise _wrong("site")
    return sha256(salt + gln.encode("ascii"))


def opens_site(certificate: Certificate, *, salt: bytes, gln: str) -> bool:
    """Tell whether this salt and GLN open the certificate's commitment to its site."""
    return hmac.compare_digest(site_commitment(salt=salt, gln=gln), certificate.site)


def mismatches(certificate: Certificate, *, net: bytes, key: bytes, public: PublicPiece) -> list[str]:
    """Return what the certificate does not cover of a statement, as reason codes; nothing if all is covered.

    The window is judged by the local day, all that the public piece has: some moment of it must lie inside.
    Parties, who know the exact time, ask `speaks_at` too.
    """
    found = []
    if certificate.net != net:
        found.append("certificate_other_network")
    if certificate.key != key:
        found.append("certificate_other_key")
    if certificate.use != public.by:
        found.append("certificate_other_use")
    if certificate.place != public.place:
        found.append("certificate_other_place")
    first, last = day_bounds(public.date)
    if last < certificate.nbf or certificate.naf < first:
        found.append("certificate_window")
    return found


def speaks_at(certificate: Certificate, moment: datetime) -> bool:
    """Tell whether the exact time lies inside the certificate's window."""
    return certificate.nbf <= moment <= certificate.naf


def require_speaker(
    certificate: Certificate,
    *,
    net: bytes,
    key: bytes,
    public: PublicPiece,
    at: datetime,
    site: str,
    site_salt: bytes,
) -> None:
    """Raise CertificateMismatch unless the certificate covers all that the parties can see of a statement."""
    for what in mismatches(certificate, net=net, key=key, public=public):
        raise CertificateMismatch(what=what)
    if not speaks_at(certificate, at):
        raise CertificateMismatch(what="certificate_window")
    if not opens_site(certificate, salt=site_salt, gln=site):
        raise CertificateMismatch(what="certificate_other_site")


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the first and last moment that may belong to a local day of unknown offset."""
    midnight = datetime.combine(day, time(), UTC)
    try:
        return midnight - _EARLIEST, midnight + _LATEST
    except OverflowError:
        return midnight, midnight


def _read_replaces(shape: Shape) -> Replaces | None:
    if shape.is_null("replaces"):
        return None
    inner = shape.inner("replaces", frozenset({"key", "seq", "header"}))
    return Replaces(key=inner.octets("key", 32), seq=inner.integer("seq", low=1), header=inner.octets("header", 32))


def _wrong(where: str) -> Refusal:
    return MalformedCertificate(where=where)
