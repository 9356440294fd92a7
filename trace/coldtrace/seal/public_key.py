"""Public keys and strict signature checks (why so strict: docs/decisions/0003-signatures.md).

A key travels as the DER of its SubjectPublicKeyInfo, in exactly one spelling per algorithm:

    Ed25519    30 2a 3005 06032b6570 0321 00 | 32 bytes A                                          (RFC 8410)
    ES256      30 59 3013 06072a8648ce3d0201 06082a8648ce3d030107 0342 00 | 04 | x | y             (RFC 5480)
    SM2        30 59 3013 06072a8648ce3d0201 06082a811ccf5501822d 0342 00 | 04 | x | y             (GM/T 0010)

A signature is always 64 bytes.  What is accepted must not depend on the library that checks it, because the
handheld, the server and a browser have different ones and must give one verdict:

    Ed25519    R | S (RFC 8032): S below the group order, R and A canonical points, A not of small order,
               and the equation without the cofactor
    ES256      r | s, big-endian: both in 1..n-1 and s in the lower half (every signature has a twin)
    SM2        r | s, big-endian, as in `sm2.py`; without the `[sm2]` extra `verify` raises UnsupportedAlgorithm
"""

from functools import lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from coldtrace.errors import Refusal, Words
from coldtrace.seal import sm2, sodium
from coldtrace.seal.hashing import sha256

ED25519_SPKI: Final = bytes.fromhex("302a300506032b6570032100")
P256_SPKI: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
SM2_SPKI: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
SIGNATURE_BYTES: Final = 64
ALGORITHMS: Final = frozenset({"Ed25519", "ES256", "SM2"})

_P: Final = 2**255 - 19
_L: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, -1, _P) % _P
_SIGN: Final = 1 << 255
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_SM2_P: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_SM2_B: Final = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93

# The eight points whose order divides the cofactor.  With such a key, one signature fits many messages.
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(text)
    for text in (
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    )
)


_sodium: Final = sodium.load_verify()


class MalformedKey(Refusal):
    """The bytes are not a public key in the one accepted spelling."""

    code = "malformed_key"
    title = Words("密钥格式有误", "Malformed key")
    detail = Words(
        "公钥不是 Ed25519、P-256 或 SM2 的规范编码，或是不安全的弱密钥；请重新生成密钥。",
        "The public key is not the canonical encoding of an Ed25519, P-256 or SM2 key, or it is a weak key; "
        "make a new one.",
    )


class UnsupportedAlgorithm(Refusal):
    """The key is well formed, but this installation cannot check its signatures."""

    code = "unsupported_algorithm"
    title = Words("不支持的算法", "Unsupported algorithm")
    detail = Words(
        "本机不支持 {alg} 签名；请安装 SM2 组件（在 coldtrace 文件夹中运行"
        " .venv/bin/pip install gmssl-pyx），或在支持该算法的设备上操作。",
        "This installation cannot make or check {alg} signatures. For SM2 run .venv/bin/pip install gmssl-pyx in the"
        " folder of coldtrace, or use an installation that can.",
    )


class PublicKey(Protocol):
    """A key that checks signatures.  `alg` is `Ed25519`, `ES256` or `SM2`; `spki` its DER."""

    @property
    def alg(self) -> str: ...

    @property
    def spki(self) -> bytes: ...

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Tell whether `signature` is this key's over `data`.  Never raises for bad bytes."""
        ...


@lru_cache(maxsize=4096)
def load_public_key(spki: bytes) -> PublicKey:
    """Return the key of a DER SubjectPublicKeyInfo; raise MalformedKey for any but the canonical one."""
    if len(spki) == 44 and spki.startswith(ED25519_SPKI):
        return _Ed25519Key(spki)
    if len(spki) == 91 and spki.startswith(P256_SPKI + b"\x04"):
        return _P256Key(spki)
    if len(spki) == 91 and spki.startswith(SM2_SPKI + b"\x04"):
        return _Sm2Key(spki)
    raise MalformedKey()


def key_id(spki: bytes) -> bytes:
    """Return the full key id: the SHA-256 of the DER SubjectPublicKeyInfo."""
    return sha256(spki)


def kid(spki: bytes) -> str:
    """Return the short key id printed in codes: the first four bytes of `key_id`, as eight hex digits."""
    return sha256(spki)[:4].hex()


def ed25519_spki(raw: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a raw 32-byte Ed25519 key."""
    return ED25519_SPKI + raw


def ed25519_raw(spki: bytes) -> bytes:
    """Return the raw 32-byte key of an Ed25519 SubjectPublicKeyInfo; raise MalformedKey for others."""
    if len(spki) != 44 or not spki.startswith(ED25519_SPKI):
        raise MalformedKey()
    return spki[12:]


def low_s(signature: bytes) -> bytes:
    """Return the one accepted form of a raw P-256 signature: (r, n - s) if s is in the upper half.

    Bytes that are no signature come back unchanged, for `verify` to refuse.
    """
    if len(signature) != SIGNATURE_BYTES:
        return signature
    s = int.from_bytes(signature[32:], "big")
    if not P256_ORDER // 2 < s < P256_ORDER:
        return signature
    return signature[:32] + (P256_ORDER - s).to_bytes(32, "big")


class _Ed25519Key:
    alg = "Ed25519"

    def __init__(self, spki: bytes) -> None:
        raw = spki[12:]
        if not _is_canonical_point(raw) or raw in _SMALL_ORDER:
            raise MalformedKey()
        self.spki, self._raw = spki, raw
        self._key = ed25519.Ed25519PublicKey.from_public_bytes(raw)

    def verify(self, signature: bytes, data: bytes) -> bool:
        if len(signature) != SIGNATURE_BYTES:
            return False
        if int.from_bytes(signature[32:], "little") >= _L:
            return False
        if _sodium is not None and _sodium(signature, data, self._raw):
            return True
        # OpenSSL computes S*B - h*A and compares its encoding with R byte by byte: no cofactor, and a
        # non-canonical R never matches.  We say it aloud all the same, for a library that would decode R.
        if int.from_bytes(signature[:32], "little") & (_SIGN - 1) >= _P:
            return False
        try:
            self._key.verify(signature, data)
        except InvalidSignature:
            return False
        return True


class _P256Key:
    alg = "ES256"

    def __init__(self, spki: bytes) -> None:
        try:
            self._key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), spki[26:])
        except ValueError:
            raise MalformedKey() from None
        self.spki = spki

    def verify(self, signature: bytes, data: bytes) -> bool:
        if len(signature) != SIGNATURE_BYTES:
            return False
        r = int.from_bytes(signature[:32], "big")
        s = int.from_bytes(signature[32:], "big")
        if not (0 < r < P256_ORDER and 0 < s <= P256_ORDER // 2):
            return False
        try:
            self._key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


class _Sm2Key:
    alg = "SM2"

    def __init__(self, spki: bytes) -> None:
        x, y = int.from_bytes(spki[27:59], "big"), int.from_bytes(spki[59:], "big")
        if max(x, y) >= _SM2_P or (y * y - (x * x * x - 3 * x + _SM2_B)) % _SM2_P:
            raise MalformedKey()
        self.spki = spki

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Raise UnsupportedAlgorithm without the extra: a guess would be worse than no answer."""
        library = sm2.library()
        if library is None:
            raise UnsupportedAlgorithm(alg="SM2")
        return sm2.verify(library, public=self.spki[27:], signature=signature, data=data)


def _is_canonical_point(raw: bytes) -> bool:
    """Tell whether 32 bytes encode a point as RFC 8032 does: y < p, on the curve, no sign for x = 0."""
    number = int.from_bytes(raw, "little")
    y, sign = number & (_SIGN - 1), number >> 255
    if y >= _P:
        return False
    u = (y * y - 1) % _P
    v = (_D * y * y + 1) % _P
    if u == 0:
        return sign == 0
    # x*x = u/v has a root exactly when u*v is a square (Euler); v is never zero on this curve.
    return pow(u * v, (_P - 1) // 2, _P) == 1
