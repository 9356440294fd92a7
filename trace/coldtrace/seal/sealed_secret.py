"""A small file for private keys that have no PKCS#8 in our library: SM2 (docs/formats/key-files.md).

    -----BEGIN COLDTRACE SM2 KEY-----
    base64, 64 signs a line, of    "CCKEY1" 02 | log2 N | r | p | salt 16 | nonce 12 | sealed
    -----END COLDTRACE SM2 KEY-----

02 is the algorithm's nibble in codes.  `sealed` is AES-256-GCM of scalar 32 | x 32 | y 32 and its tag, under
scrypt(passphrase, salt, N, r, p) and bound to everything in front of it.  There is no form without a passphrase.
"""

import binascii
from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag

from coldtrace import clock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BEGIN: Final = b"-----BEGIN COLDTRACE SM2 KEY-----"
_END: Final = b"-----END COLDTRACE SM2 KEY-----"
_MAGIC: Final = b"CCKEY1\x02"
_COST: Final = (15, 8, 1)
_COST_MAX: Final = 20  # a file asks for at most a gigabyte
_HEAD: Final = len(_MAGIC) + 3 + 16 + 12


class NotSealed(ValueError):
    """The bytes are not such a file, or the passphrase is another one."""


def seal_secret(secret: bytes, passphrase: bytes, random: Callable[[int], bytes] = clock.random_bytes) -> bytes:
    """Return the content of a file that holds these 96 bytes; only tests give bytes that are not `random`."""
    head = _MAGIC + bytes(_COST) + random(28)
    sealed = _cipher(head, passphrase).encrypt(head[-12:], secret, head)
    text = b64encode(head + sealed)
    lines = (text[at : at + 64] for at in range(0, len(text), 64))
    return b"\n".join([BEGIN, *lines, _END, b""])


def open_secret(data: bytes, passphrase: bytes) -> bytes:
    """Return the secret in a file's content; raise NotSealed."""
    first, *lines = data.strip().split(b"\n")
    if first.strip() != BEGIN or not lines or lines[-1].strip() != _END:
        raise NotSealed()
    try:
        raw = binascii.a2b_base64(b"".join(lines[:-1]), strict_mode=False)
        head = raw[:_HEAD]
        if (
            len(head) < _HEAD
            or not head.startswith(_MAGIC)
            or not 1 <= head[7] <= _COST_MAX
            or head[8:10] != b"\x08\x01"
        ):
            raise NotSealed()
        return _cipher(head, passphrase).decrypt(head[-12:], raw[_HEAD:], head)
    except (binascii.Error, InvalidTag):
        raise NotSealed() from None


def _cipher(head: bytes, passphrase: bytes) -> "AESGCM":
    # Most keys are not kept like this, and a handheld's start waits for every import.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    cost, r, p = head[7:10]
    return AESGCM(Scrypt(salt=head[10:26], length=32, n=1 << cost, r=r, p=p).derive(passphrase))
