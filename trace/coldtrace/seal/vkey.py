"""Verifier keys of signed notes (C2SP signed-note and tlog-cosignature): a name, a kind, and a public key.

    vkey     name "+" 8 hex digits of the key id "+" padded base64 of (kind byte | 32-byte Ed25519 key)
    key id   first 4 bytes of SHA-256(name | 0A | kind byte | key)

    kind 01  a log: Ed25519 over the note text
    kind 04  a witness: 8 bytes POSIX seconds T, big-endian
             | Ed25519 over "cosignature/v1" 0A "time " T 0A | note text

The name and the key id together say which key signed; a name alone, or an id alone, says nothing.

>>> parse_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").name
'example.com/foo'
"""

import re
from dataclasses import dataclass
from functools import cached_property

from coldtrace.errors import Refusal, Words
from coldtrace.seal.b64 import MalformedBase64, std_b64, un_std_b64
from coldtrace.seal.hashing import sha256
from coldtrace.seal.public_key import MalformedKey, PublicKey, ed25519_raw, ed25519_spki, load_public_key

LOG_KIND = 0x01
WITNESS_KIND = 0x04
MAX_TIME_S = 2**63 - 1

_VKEY = re.compile(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


class MalformedVkey(Refusal):
    """The text is no verifier key of a kind that we check."""

    code = "malformed_vkey"
    title = Words("验证公钥有误", "Malformed verifier key")
    detail = Words(
        "验证公钥（vkey）的写法、编号或类型有误；请从可信渠道重新抄录。",
        "The verifier key (vkey) has a wrong spelling, id or kind; copy it again from a place you trust.",
    )


@dataclass(frozen=True)
class Vkey:
    """One verifier key.  Build it with `parse_vkey` or `vkey_of`, which check it."""

    name: str
    kind: int
    spki: bytes

    @cached_property
    def key_id(self) -> bytes:
        """The four bytes that begin each signature line of this key."""
        return sha256(self.name.encode("utf-8") + b"\n" + self._encoded())[:4]

    @cached_property
    def public_key(self) -> PublicKey:
        """The key itself."""
        return load_public_key(self.spki)

    def text(self) -> str:
        """Return the vkey text that `parse_vkey` reads."""
        return f"{self.name}+{self.key_id.hex()}+{std_b64(self._encoded())}"

    def verify(self, signature: bytes, text: str) -> bool:
        """Tell whether `signature`, without its key id, is this key's over the note text."""
        if self.kind == LOG_KIND:
            return self.public_key.verify(signature, text.encode("utf-8"))
        if len(signature) != 72:
            return False
        at_s = int.from_bytes(signature[:8], "big")
        return at_s <= MAX_TIME_S and self.public_key.verify(signature[8:], cosigned_bytes(text, at_s=at_s))

    def _encoded(self) -> bytes:
        return bytes([self.kind]) + ed25519_raw(self.spki)


def parse_vkey(text: str) -> Vkey:
    """Return the key of a vkey text; raise MalformedVkey."""
    match = _VKEY.fullmatch(text)
    if match is None:
        raise MalformedVkey()
    name, key_id, encoded = match.groups()
    try:
        data = un_std_b64(encoded)
    except MalformedBase64:
        raise MalformedVkey() from None
    if len(data) != 33:
        raise MalformedVkey()
    vkey = vkey_of(name=name, spki=ed25519_spki(data[1:]), kind=data[0])
    if vkey.key_id.hex() != key_id:
        raise MalformedVkey()
    return vkey


def vkey_of(*, name: str, spki: bytes, kind: int = LOG_KIND) -> Vkey:
    """Return the verifier key of a name and an Ed25519 key; raise MalformedVkey."""
    if not is_key_name(name) or kind not in (LOG_KIND, WITNESS_KIND):
        raise MalformedVkey()
    try:
        if load_public_key(spki).alg != "Ed25519":
            raise MalformedVkey()
    except MalformedKey:
        raise MalformedVkey() from None
    return Vkey(name=name, kind=kind, spki=spki)


def encode_vkey(name: str, spki: bytes, *, kind: int = LOG_KIND) -> str:
    """Return the vkey text of a name and an Ed25519 key; raise MalformedVkey."""
    return vkey_of(name=name, spki=spki, kind=kind).text()


def is_key_name(name: str) -> bool:
    """Tell whether `name` may name a key: not empty, printable Unicode without spaces and `+`."""
    if not name or "+" in name or any(sign.isspace() or sign < " " for sign in name):
        return False
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def cosigned_bytes(text: str, *, at_s: int) -> bytes:
    """Return what a witness signs: the header line, the time line, and the text of the checkpoint."""
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()
