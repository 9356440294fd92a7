"""A theft: codes drawn before and after it by the station, and one that the thief signed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.sign import sign_code
from coldtrace.codes.token import decode_token
from coldtrace.goods.store import IssuedCode
from coldtrace.seal.keys import Signer
from support.consignments import GTIN, LOT, Consignment
from support.ticking import TickingClock

FORGED = "7QK4M2ZX9RTB"


@dataclass(frozen=True, kw_only=True)
class Theft:
    """The key, when it was stolen, and what it signed: `before` counts, `after` and `forged` do not."""

    kid: str
    stolen_at: datetime
    before: IssuedCode
    pallet: IssuedCode
    after: IssuedCode
    forged: str


def steal(open_consignment: Callable[..., Consignment], clock: TickingClock, signer: Signer, host: str) -> Theft:
    """Let a station draw codes, lose its key, and draw codes again before anybody knows."""
    first = open_consignment()
    clock.forward(timedelta(hours=1))
    stolen_at = clock.next
    clock.forward(timedelta(hours=1))
    second = open_consignment(declaration="020220261000000456")
    clock.forward(timedelta(hours=1))
    kid = decode_token(parse_trace_code(first.carton.uri).token or "").kid
    forged = sign_code(
        host=host, elements=(("01", GTIN), ("10", LOT), ("21", FORGED)), algorithm=1, kid=kid, sign=signer.sign
    )
    return Theft(
        kid=kid,
        stolen_at=stolen_at,
        before=first.carton,
        pallet=first.pallets[0].label,
        after=second.carton,
        forged=forged,
    )
