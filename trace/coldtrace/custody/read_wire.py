"""What was sent as a statement, read: its form, its hashes, its signature.  No lock, no database."""

from dataclasses import dataclass

from coldtrace.errors import Refusal
from coldtrace.events.quick_statement import read_quickly
from coldtrace.events.statement import CheckedStatement, read_statement
from coldtrace.seal.keys import PublicKey, load_public_key


@dataclass(frozen=True, kw_only=True)
class ReadWire:
    """What was sent as a statement, read: `checked`, or the `refusal` of what is none.

    `wire` is the parsed value, or the bytes of what could not be parsed.
    `signed` says whether the key that it names has signed it, where somebody looked already.
    """

    wire: object
    checked: CheckedStatement | None = None
    refusal: Refusal | None = None
    signed: bool | None = None

    def proved_by(self, key: PublicKey | None) -> "ReadWire":
        """Return it with its signature checked by the key that it names, None if that is not known."""
        if key is None or self.checked is None:
            return self
        return ReadWire(wire=self.wire, checked=self.checked, refusal=self.refusal, signed=self.checked.verify(key))

    def is_signed_by(self, spki: bytes) -> bool:
        """Tell whether the key that it names, this one, has signed it."""
        if self.signed is not None:
            return self.signed
        return self.checked is not None and self.checked.verify(load_public_key(spki))


def read_wire(wire: object) -> ReadWire:
    """Read what was sent as a statement: its form and its hashes.  No lock, no database."""
    try:
        return ReadWire(wire=wire, checked=read_quickly(wire) or read_statement(wire))
    except Refusal as refusal:
        return ReadWire(wire=wire, refusal=refusal)
