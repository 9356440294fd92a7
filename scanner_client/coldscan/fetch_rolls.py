"""Bring home the range certificates of the site's rolls: each once, since a roll never changes."""

import sqlite3
from datetime import datetime

from coldscan.device import Device
from coldscan.refusals import BadAnswer, ServerRefused
from coldscan.rolls import drop_roll, held_rolls, keep_roll
from coldscan.store import immediate
from coldscan.wire import Wire
from coldtrace.events.canonical import NotCanonical
from coldtrace.events.roll_certificate import (
    MalformedRollCertificate,
    RollCertificateRefused,
    open_roll_certificate,
)
from coldtrace.seal.trust_list import TrustList


def fetch_rolls(
    connection: sqlite3.Connection, wire: Wire, *, wanted: list[str], device: Device, trust: TrustList, now: datetime
) -> str:
    """Keep exactly the rolls that the server names; return `new`, `same`, or why one of them is refused.

    A roll that nobody vouches for is left out and asked for again at the next sync; its labels need the desk, and all
    else goes on.  Raises BadAnswer and what the wire raises.
    """
    held = held_rolls(connection)
    gone, fresh = held - set(wanted), [each for each in wanted if each not in held]
    if gone:
        with immediate(connection):
            for id in sorted(gone):
                drop_roll(connection, id)
    refused = ""
    for id in fresh:
        refused = _fetch(connection, wire, id, device=device, trust=trust, now=now) or refused
    return refused or ("new" if gone or fresh else "same")


def _fetch(
    connection: sqlite3.Connection, wire: Wire, id: str, *, device: Device, trust: TrustList, now: datetime
) -> str:
    """Take one certificate; return why it is refused, an empty text if it is not."""
    try:
        reply = wire.get(f"/api/v1/rolls/{id}/certificate").require(200)
        roll = open_roll_certificate(reply.members("roll").text("envelope"), trust=trust, now=now)
    except (ServerRefused, MalformedRollCertificate, NotCanonical, RollCertificateRefused) as refusal:
        return refusal.code
    if roll.roll != id or roll.site != device.site.gln:
        raise BadAnswer(what="roll")
    with immediate(connection):
        keep_roll(connection, roll)
    return ""
