"""The one condition on which a statement's texts are wiped: a receipt that this device can check itself."""

import json
from uuid import UUID

from coldscan.refusals import UnsafeAnswer
from coldscan.statements import Unsent
from coldtrace.events.receipt import receipt_key, verify_receipt
from coldtrace.seal.b64 import unb64
from coldtrace.seal.trust_list import TrustList


def checked_receipt(wire: object, sent: Unsent, *, net: bytes, origins: frozenset[str], trust: TrustList) -> str:
    """Return the receipt's text form to keep; raise a refusal unless it is for exactly this statement.

    The key must stand on the trust list with use `receipt`, not revoked; the signature must be its own; network,
    log, id, header hash and leaf hash must be those of what was sent.
    """
    key = trust.key_of(receipt_key(wire), "receipt")
    if key is None or key.is_revoked:
        raise UnsafeAnswer(what="receipt.key")
    receipt = verify_receipt(
        wire,
        public_key=key.public_key,
        net=net,
        id=UUID(sent.id),
        header=sent.statement.header,
        sig=unb64(sent.statement.sig),
    )
    if receipt.origin not in origins:
        raise UnsafeAnswer(what="receipt.origin")
    return json.dumps(wire, ensure_ascii=False, separators=(",", ":"))
