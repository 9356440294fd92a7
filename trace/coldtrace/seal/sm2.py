"""SM2 signatures with SM3 (GB/T 32918.2), through the optional library of the `[sm2]` extra.

    signer's id   the 16 ASCII digits 1234567812345678, as GM/T 0009 has it where nothing else is agreed
    signature     r | s, 32 bytes each, big-endian: both in 1..n-1, and r + s not n
    public key    x | y of a point on the curve, 32 bytes each

`cryptography` has SM3 but no SM2.  The library speaks DER, which is turned into the raw form here, and it prints two
lines to standard error for a signature that is wrong (docs/decisions/0009-sm2.md).
"""

from functools import cache
from types import ModuleType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

SM2_ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
SIGNER_ID: Final = b"1234567812345678"


@cache
def library() -> ModuleType | None:
    """Return the library, or None where the extra is not installed."""
    try:
        import gmssl_pyx
    except ImportError:
        return None
    found: ModuleType = gmssl_pyx
    return found


def generate(sm2: ModuleType) -> tuple[bytes, bytes]:
    """Return a new pair: 32 bytes of private scalar, 64 bytes of public point."""
    public, private = sm2.sm2_key_generate()
    return bytes(private), bytes(public)


def sign(sm2: ModuleType, *, private: bytes, public: bytes, data: bytes) -> bytes:
    """Return r | s over `data`."""
    r, s = decode_dss_signature(sm2.sm2_sign(private, public, data, SIGNER_ID))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(sm2: ModuleType, *, public: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether 64 raw bytes are this point's signature over `data`.  The point must be one of the curve."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not (0 < r < SM2_ORDER and 0 < s < SM2_ORDER) or (r + s) % SM2_ORDER == 0:
        return False
    return bool(sm2.sm2_verify(public, data, encode_dss_signature(r, s), SIGNER_ID))
