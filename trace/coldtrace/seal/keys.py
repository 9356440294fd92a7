"""Private keys: make them, sign with them, keep them in files.  Checking lives in `public_key.py`.

A key file is a PKCS#8 PEM of mode 0600, encrypted with a passphrase (PBES2) wherever the service or a root's holder
keeps it; an SM2 key, for which the library has no such form, lies in a small container of our own (`sealed_secret.py`).

`Signer` is the only thing the rest of the project knows about a private key, so a station may put a PKCS#11
token or a key service behind it.  All signers give 64 raw bytes that `public_key` accepts: P-256 signatures
are normalised to the low half here, and foreign ones (WebCrypto gives either half) by `public_key.low_s`.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm as _Unavailable
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from coldtrace import clock
from coldtrace.errors import Refusal, Words
from coldtrace.seal import sealed_secret, sm2
from coldtrace.seal.public_key import (
    P256_ORDER,
    SM2_SPKI,
    MalformedKey,
    PublicKey,
    UnsupportedAlgorithm,
    ed25519_spki,
    key_id,
    kid,
    load_public_key,
    low_s,
)
from coldtrace.seal.sealed_secret import seal_secret
from coldtrace.seal.signer import Signer

__all__ = [
    "CLEAR_PEM",
    "Ed25519Signer",
    "FileSigner",
    "KeyFileExists",
    "KeyFileExposed",
    "KeyFileUnencrypted",
    "MalformedKey",
    "P256Signer",
    "PublicKey",
    "Signer",
    "Sm2Signer",
    "UnreadableKeyFile",
    "UnsupportedAlgorithm",
    "generate_signer",
    "key_id",
    "kid",
    "load_public_key",
    "load_signer",
    "low_s",
    "replace_private_key",
    "save_private_key",
]

CLEAR_PEM: Final = b"-----BEGIN PRIVATE KEY-----"
"""How the file of an unencrypted key begins."""


class KeyFileExists(Refusal):
    """A key file is written once; nobody overwrites a key by accident."""

    code = "key_file_exists"
    title = Words("密钥文件已存在", "Key file exists")
    detail = Words(
        "文件 {path} 已存在，密钥不会被覆盖；请换一个文件名，或先移走旧文件。",
        "The file {path} exists and keys are never overwritten; choose another name or move the old file away.",
    )


class UnreadableKeyFile(Refusal):
    """The file is missing, is no PKCS#8 PEM of a kind we sign with, or the passphrase is wrong."""

    code = "unreadable_key_file"
    title = Words("无法读取密钥文件", "Unreadable key file")
    detail = Words(
        "无法从 {path} 读取私钥：文件不存在、口令不对，或不是 Ed25519 / P-256 的 PKCS#8 PEM 或本系统的 SM2 密钥文件。",
        "No private key could be read from {path}: the file is missing, the passphrase is wrong, or it is "
        "neither the PKCS#8 PEM of an Ed25519 or P-256 key nor our file of an SM2 key.",
    )


class KeyFileExposed(Refusal):
    """Others than the owner may read the private key."""

    code = "key_file_exposed"
    title = Words("密钥文件权限过宽", "Key file open to others")
    detail = Words(
        "密钥文件 {path} 可被其他用户读取（权限 {mode}）。请运行 chmod 600 {path}；若已有他人能读到它，请吊销该密钥。",
        "Others may read the key file {path} (mode {mode}). Run: chmod 600 {path} - and revoke the key if somebody else"
        " had the chance.",
    )


class KeyFileUnencrypted(Refusal):
    """The private key lies there in clear, where keys are encrypted."""

    code = "key_file_unencrypted"
    title = Words("密钥文件未加密", "Key file not encrypted")
    detail = Words(
        "密钥文件 {path} 没有用口令加密。请停止服务后运行：coldtrace keys passphrase --new FILE（FILE 为口令文件）。",
        "The key file {path} is not encrypted. Stop the service and run: coldtrace keys passphrase --new FILE, where"
        " FILE"
        " holds the passphrase.",
    )


class Ed25519Signer:
    """Signs with Ed25519 (RFC 8032)."""

    alg = "Ed25519"

    def __init__(self, private_key: ed25519.Ed25519PrivateKey) -> None:
        self._key = private_key
        self.spki = ed25519_spki(private_key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, random: Callable[[int], bytes] = clock.random_bytes) -> "Ed25519Signer":
        """Return a signer with a new key."""
        return cls.from_seed(random(32))

    @classmethod
    def from_seed(cls, seed: bytes) -> "Ed25519Signer":
        """Return the signer of a 32-byte RFC 8032 seed; raise MalformedKey for another length."""
        if len(seed) != 32:
            raise MalformedKey()
        return cls(ed25519.Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, data: bytes) -> bytes:
        """Return R | S over `data`."""
        return self._key.sign(data)

    def private_pem(self, passphrase: bytes | None = None) -> bytes:
        """Return the PKCS#8 PEM of the private key, encrypted if there is a passphrase."""
        return _pem(self._key, passphrase)


class P256Signer:
    """Signs with ECDSA over P-256 and SHA-256; the nonce is derived as in RFC 6979 where OpenSSL can."""

    alg = "ES256"

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        if not isinstance(private_key.curve, ec.SECP256R1):
            raise MalformedKey()
        self._key = private_key
        self.spki = private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @classmethod
    def generate(cls, random: Callable[[int], bytes] = clock.random_bytes) -> "P256Signer":
        """Return a signer with a new key."""
        while True:
            seed = random(32)
            if 0 < int.from_bytes(seed, "big") < P256_ORDER:
                return cls.from_seed(seed)

    @classmethod
    def from_seed(cls, seed: bytes) -> "P256Signer":
        """Return the signer whose secret scalar is these 32 bytes, big-endian; raise MalformedKey."""
        scalar = int.from_bytes(seed, "big")
        if len(seed) != 32 or not 0 < scalar < P256_ORDER:
            raise MalformedKey()
        return cls(ec.derive_private_key(scalar, ec.SECP256R1()))

    def sign(self, data: bytes) -> bytes:
        """Return r | s over `data`, s in the lower half."""
        r, s = decode_dss_signature(self._key.sign(data, _ecdsa()))
        return low_s(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def private_pem(self, passphrase: bytes | None = None) -> bytes:
        """Return the PKCS#8 PEM of the private key, encrypted if there is a passphrase."""
        return _pem(self._key, passphrase)


class Sm2Signer:
    """Signs with SM2 and SM3 (GB/T 32918.2); needs the `[sm2]` extra."""

    alg = "SM2"

    def __init__(self, private: bytes, public: bytes) -> None:
        """Take a scalar of 32 bytes and its point of 64; raise MalformedKey or UnsupportedAlgorithm."""
        library = sm2.library()
        if library is None:
            raise UnsupportedAlgorithm(alg=self.alg)
        self._library, self._private, self._public = library, private, public
        self.spki = load_public_key(SM2_SPKI + b"\x04" + public).spki
        if len(private) != 32 or not 0 < int.from_bytes(private, "big") < sm2.SM2_ORDER - 1:
            raise MalformedKey()

    @classmethod
    def generate(cls, random: Callable[[int], bytes] = clock.random_bytes) -> "Sm2Signer":
        """Return a signer with a new key; the library draws it from the system itself."""
        library = sm2.library()
        if library is None:
            raise UnsupportedAlgorithm(alg=cls.alg)
        return cls(*sm2.generate(library))

    def sign(self, data: bytes) -> bytes:
        """Return r | s over `data`."""
        return sm2.sign(self._library, private=self._private, public=self._public, data=data)

    def private_pem(self, passphrase: bytes | None = None) -> bytes:
        """Return the content of the key file; there is none without a passphrase (ValueError)."""
        if passphrase is None:
            raise ValueError("an SM2 key is never written in clear")
        return seal_secret(self._private + self._public, passphrase)


FileSigner = Ed25519Signer | P256Signer | Sm2Signer
"""The signers whose private half can be written to a file."""

_SIGNERS: Final[dict[str, type[Ed25519Signer] | type[P256Signer] | type[Sm2Signer]]] = {
    "Ed25519": Ed25519Signer,
    "ES256": P256Signer,
    "SM2": Sm2Signer,
}


def generate_signer(alg: str, random: Callable[[int], bytes] = clock.random_bytes) -> FileSigner:
    """Return a signer with a new key of this algorithm; raise UnsupportedAlgorithm."""
    if alg not in _SIGNERS:
        raise UnsupportedAlgorithm(alg=alg)
    return _SIGNERS[alg].generate(random)


def save_private_key(signer: FileSigner, path: Path, passphrase: bytes | None = None) -> None:
    """Write the private key to a new file that only its owner can read; raise KeyFileExists if there is one.

    The file is created exclusively with mode 0600 and synced to disk before the function returns, so that a
    key whose public half was handed out is never lost to a power cut.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileExists(path=str(path)) from None
    _write_synced(descriptor, signer.private_pem(passphrase))


def replace_private_key(signer: FileSigner, path: Path, passphrase: bytes) -> None:
    """Write a key file again, under another passphrase: a crash leaves the old file or the new one, whole."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    _write_synced(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), signer.private_pem(passphrase))
    part.rename(path)


def _write_synced(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def load_signer(path: Path, passphrase: bytes | None = None) -> FileSigner:
    """Return the signer kept in a file.

    Raises UnreadableKeyFile, KeyFileExposed when others may read it, and KeyFileUnencrypted when there is a passphrase
    and the file does without.
    """
    try:
        mode, data = path.stat().st_mode, path.read_bytes()
    except OSError:
        raise UnreadableKeyFile(path=str(path)) from None
    if mode & 0o077:
        raise KeyFileExposed(path=str(path), mode=f"{mode & 0o777:03o}")
    if passphrase is not None and data.startswith(CLEAR_PEM):
        raise KeyFileUnencrypted(path=str(path))
    if data.startswith(sealed_secret.BEGIN):
        return _load_sm2(path, data, passphrase)
    try:
        key = serialization.load_pem_private_key(data, passphrase)
    except (ValueError, TypeError, _Unavailable):
        raise UnreadableKeyFile(path=str(path)) from None
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return Ed25519Signer(key)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return P256Signer(key)
    raise UnreadableKeyFile(path=str(path))


def _load_sm2(path: Path, data: bytes, passphrase: bytes | None) -> Sm2Signer:
    try:
        secret = sealed_secret.open_secret(data, passphrase or b"")
        return Sm2Signer(secret[:32], secret[32:])
    except (sealed_secret.NotSealed, MalformedKey):
        raise UnreadableKeyFile(path=str(path)) from None


def _ecdsa() -> ec.ECDSA:
    try:
        return ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    except _Unavailable:  # OpenSSL before 3.2: a random nonce is as good while the system's CSPRNG is.
        return ec.ECDSA(hashes.SHA256())


def _pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, passphrase: bytes | None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
