"""Send the queue: batches out, one verdict for each statement back.

A statement leaves the queue only on a checked receipt, or into the visible list of refused ones.  Whatever else
happens - no answer, a forged receipt, a fault - it stays pending.  A batch that is refused as a whole is cut in two
until the one bad statement stands alone, so it never delays the rest.
"""

import sqlite3
from dataclasses import dataclass
from typing import Final, Literal

from coldscan import statements
from coldscan.device import Device
from coldscan.json_shape import Members
from coldscan.receipt_check import checked_receipt
from coldscan.refusals import ServerRefused, ServerTrouble
from coldscan.statements import Unsent
from coldscan.store import immediate
from coldscan.wire import Reply, Wire
from coldtrace.errors import Refusal
from coldtrace.seal.trust_list import TrustList

STATEMENTS_PATH: Final = "/api/v1/statements"
BATCH: Final = 50
RUN_MAX: Final = 20_000
BODY_MAX: Final = 2_000_000
"""Characters in one request, well below the server's limit of 4 MiB whatever the language."""
TOO_LARGE: Final = 413
FAULTS_MAX: Final = 12
"""So many faults in a row, and the server is broken rather than the statements."""

# A refusal with one of these may be about a statement; any other is about the device, the address or the version.
_ABOUT_A_STATEMENT: Final = frozenset({400, 409, 413, 422})


@dataclass
class Flushed:
    """What one run did."""

    sent: int = 0
    repeats: int = 0
    blocked: int = 0
    refused: int = 0
    unverified: int = 0
    faults: int = 0

    @property
    def moved(self) -> int:
        """How many statements left the queue."""
        return self.sent + self.refused


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Everything a batch needs."""

    connection: sqlite3.Connection
    device: Device
    wire: Wire
    trust: TrustList
    flushed: Flushed

    @property
    def origins(self) -> frozenset[str]:
        """The logs into which a receipt may promise to put a statement."""
        return frozenset({self.device.origin, *(log.origin for log in self.trust.logs)})


def flush(sender: Sender, *, batch: int = BATCH) -> None:
    """Send everything that is pending now; what was done so far is in `sender.flushed` even if this raises.

    Raises ServerUnreachable, ServerTrouble, ServerRefused or BadAnswer; nothing is lost by any of them.
    """
    while ids := statements.unsent_ids(sender.connection, limit=RUN_MAX):
        before = sender.flushed.moved
        for start in range(0, len(ids), batch):
            _send(sender, ids[start : start + batch])
        if len(ids) < RUN_MAX or sender.flushed.moved == before:
            return


def _send(sender: Sender, ids: list[str]) -> None:
    rows = statements.load_unsent(sender.connection, ids)
    if not rows:
        return
    if len(rows) > 1 and sum(row.size for row in rows) > BODY_MAX:
        _halve(sender, rows)
        return
    with immediate(sender.connection):
        statements.mark_tried(sender.connection, [row.id for row in rows])
    reply = sender.wire.post(STATEMENTS_PATH, [row.statement.to_json() for row in rows])
    if reply.status in (200, 202):
        sender.flushed.faults = 0
        _settle(sender, rows, reply.members("statements"))
    elif reply.status == 500:
        _fault(sender, rows, reply)
    elif reply.is_trouble:
        raise ServerTrouble(status=reply.status)
    else:
        _refused_whole(sender, rows, reply)


def _settle(sender: Sender, rows: list[Unsent], answer: Members) -> None:
    answers = answer.objects("results")
    results: dict[str, Members] = {}
    for place, each in enumerate(answers):
        id = each.optional_text("id")
        # A statement that the server could not read has no id for it; then its place in the answer tells.
        if id is None and len(answers) == len(rows):
            id = rows[place].id
        if id is not None:
            results.setdefault(id, each)
    # Signatures are checked before the lock is taken: a gun beside us must not wait for them.
    outcomes = [_outcome(sender, row, results.get(row.id)) for row in rows]
    with immediate(sender.connection):
        for outcome in outcomes:
            _keep(sender, outcome)


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What is to be done with one statement.  `state` None leaves it pending."""

    id: str
    state: Literal["sent", "refused"] | None = None
    code: str | None = None
    reason: str | None = None
    receipt: str | None = None
    is_repeat: bool = False


def _outcome(sender: Sender, row: Unsent, result: Members | None) -> _Outcome:
    if result is None:
        return _Outcome(id=row.id, reason="no_result")
    status, code = result.text("status"), result.optional_text("code")
    receipt, fault = _receipt(sender, row, result.raw("receipt"))
    if status == "refused" or (status == "blocked" and receipt is None):
        reason = result.optional_text("detail") or result.optional_text("title") or code or status
        return _Outcome(id=row.id, state="refused", code=code or status, reason=reason, receipt=receipt)
    if receipt is None or status not in ("accepted", "repeat", "blocked"):
        return _Outcome(id=row.id, reason=fault)
    shown = (code or status) if status == "blocked" else None
    why = (result.optional_text("detail") or result.optional_text("title")) if shown else None
    return _Outcome(id=row.id, state="sent", code=shown, reason=why, receipt=receipt, is_repeat=status == "repeat")


def _receipt(sender: Sender, row: Unsent, wire: object) -> tuple[str | None, str]:
    """Return the receipt if it proves itself, else None and the reason."""
    if wire is None:
        return None, "no_receipt"
    try:
        checked = checked_receipt(wire, row, net=sender.device.net, origins=sender.origins, trust=sender.trust)
    except Refusal as refusal:
        return None, refusal.code
    return checked, ""


def _keep(sender: Sender, outcome: _Outcome) -> None:
    connection, flushed = sender.connection, sender.flushed
    if outcome.state == "sent" and outcome.receipt is not None:
        statements.mark_sent(connection, outcome.id, receipt=outcome.receipt, code=outcome.code)
        if outcome.reason is not None:
            statements.note_reason(connection, outcome.id, reason=outcome.reason)
        flushed.sent += 1
        flushed.repeats += outcome.is_repeat
        flushed.blocked += outcome.code is not None
    elif outcome.state == "refused":
        code, reason = outcome.code or "refused", outcome.reason or ""
        statements.mark_refused(connection, outcome.id, code=code, reason=reason, receipt=outcome.receipt)
        flushed.refused += 1
    else:
        statements.note_reason(connection, outcome.id, reason=outcome.reason or "")
        flushed.unverified += 1


def _fault(sender: Sender, rows: list[Unsent], reply: Reply) -> None:
    """Find the statement that trips the server, but do not knock for ever at one that is down."""
    sender.flushed.faults += 1
    if sender.flushed.faults > FAULTS_MAX:
        raise ServerTrouble(status=reply.status)
    if len(rows) > 1:
        _halve(sender, rows)
        return
    with immediate(sender.connection):
        statements.mark_trouble(sender.connection, rows[0].id, reason=reply.problem()[1])


def _refused_whole(sender: Sender, rows: list[Unsent], reply: Reply) -> None:
    code, said = reply.problem()
    # Without a code it is not our server that speaks (a login page of a guest network, a proxy); but whoever
    # says "too large" means the body.
    is_ours = not code.startswith("http_") or reply.status == TOO_LARGE
    if reply.status not in _ABOUT_A_STATEMENT or not is_ours:
        raise ServerRefused(status=reply.status, reason=code, words=said)
    if len(rows) > 1:
        _halve(sender, rows)
        return
    with immediate(sender.connection):
        statements.mark_refused(sender.connection, rows[0].id, code=code, reason=said, receipt=None)
    sender.flushed.refused += 1


def _halve(sender: Sender, rows: list[Unsent]) -> None:
    middle = len(rows) // 2
    _send(sender, [row.id for row in rows[:middle]])
    _send(sender, [row.id for row in rows[middle:]])
