"""What the project knows about a private key: it has a public half, and it signs."""

from typing import Protocol


class Signer(Protocol):
    """A private key behind any wall.  `alg` is `Ed25519`, `ES256` or `SM2`; `spki` is the DER of the public half."""

    @property
    def alg(self) -> str: ...

    @property
    def spki(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes:
        """Return the 64 raw bytes of a signature over `data`."""
        ...
