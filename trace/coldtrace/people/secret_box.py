"""Secrets that the database keeps and must not tell: encrypted under a key that follows from the installation's keys.

The key is HKDF-SHA256 over the receipt key's signature of a fixed text (Ed25519 is deterministic, and no other text of
ours begins like it).  The receipt key lies in the key folder, encrypted under the passphrase, never in the database.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from coldtrace.env import Env
from coldtrace.seal.signer import Signer

_SEED = b"coldtrace secrets in the database v1"


def seal_text(env: Env, secret: str) -> str:
    """Return a secret as the database keeps it."""
    return _box(env.keyring.signer("receipt")).encrypt(secret.encode()).decode()


def open_text(env: Env, kept: str) -> str:
    """Return the secret, empty when it was sealed by another installation or altered."""
    try:
        return _box(env.keyring.signer("receipt")).decrypt(kept.encode()).decode()
    except InvalidToken:
        return ""


def derived_key(env: Env, use: bytes) -> bytes:
    """Return the installation's key of 32 bytes for one use."""
    return _derive(env.keyring.signer("receipt"), b"coldtrace " + use)


def _box(signer: Signer) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derive(signer, _SEED)))


def _derive(signer: Signer, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(signer.sign(_SEED))
