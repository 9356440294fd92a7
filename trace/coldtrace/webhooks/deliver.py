"""Deliveries: take a message that is due, send it, and write down what became of it.

A message is leased while it is sent: a process that is killed meanwhile loses nothing, the message is due again when
its lease is over, and arrives a second time rather than never.
"""

import logging
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.people.secret_box import open_text
from coldtrace.webhooks import store
from coldtrace.webhooks.model import RETRY_AFTER, Claimed, Stopped
from coldtrace.webhooks.rules import headers, next_try
from coldtrace.webhooks.send import Outcome, Sender, Trouble

log = logging.getLogger("coldtrace.webhooks")
LEASE = timedelta(seconds=60)
GONE = 410
Begin = Callable[[], AbstractContextManager[Session]]


def claim(session: Session, *, now: datetime, most: int, busy: Collection[UUID]) -> list[Claimed]:
    """Take up to `most` messages that are due, one of each webhook, of those that are not `busy`."""
    rows = session.execute(
        text(
            "WITH due AS (SELECT m.message_id FROM webhook w JOIN operator o USING (operator_id) CROSS JOIN LATERAL"
            " (SELECT x.message_id, x.due_at FROM webhook_message x WHERE x.webhook_id = w.webhook_id"
            "  AND x.state = 'waiting' AND x.due_at <= :now ORDER BY x.due_at, x.message_id LIMIT 1"
            "  FOR UPDATE SKIP LOCKED) m"
            " WHERE w.state = 'active' AND w.webhook_id <> ALL(CAST(:busy AS uuid[]))"
            " AND (o.closed_at IS NULL OR w.role = 'administrator') ORDER BY m.due_at LIMIT :most)"
            " UPDATE webhook_message m SET due_at = :lease FROM due, webhook w WHERE m.message_id = due.message_id"
            " AND w.webhook_id = m.webhook_id RETURNING m.message_id, m.webhook_id, w.url, m.body, m.tries,"
            " (SELECT coalesce(max(t.number), 0) + 1 FROM webhook_try t WHERE t.message_id = m.message_id) AS number,"
            " CASE WHEN w.old_until > :now THEN ARRAY[w.secret, w.old_secret] ELSE ARRAY[w.secret] END AS sealed"
        ),
        {"now": now, "lease": now + LEASE, "most": most, "busy": list(busy)},
    )
    return [Claimed(**{**row._mapping, "sealed": tuple(row.sealed)}) for row in rows]


def deliver(begin: Begin, env: Env, sender: Sender, claimed: Claimed) -> Outcome:
    """Send a message that was claimed, and write down what came back."""
    secrets = [secret for secret in (open_text(env, each) for each in claimed.sealed) if secret]
    body = claimed.body.encode()
    now = env.clock()
    if secrets:
        outcome = sender.post(
            claimed.url, headers(secrets, message_id=str(claimed.message_id), at=now, body=body), body
        )
    else:  # sealed with another receipt key: nothing leaves unsigned
        outcome = Outcome(trouble=Trouble.NO_SECRET)
    with begin() as session:
        settle(session, env, claimed, outcome, at=now)
    return outcome


def settle(session: Session, env: Env, claimed: Claimed, outcome: Outcome, *, at: datetime) -> None:
    """Write down a try, and what follows from it: delivered, tried again, failed for good, the webhook stopped."""
    now = env.clock()
    # The webhook first, as everybody else takes them; it may have been ended meanwhile.
    session.execute(text("SELECT 1 FROM webhook WHERE webhook_id = :id FOR UPDATE"), {"id": claimed.webhook_id})
    known = session.execute(
        text("SELECT state FROM webhook_message WHERE message_id = :id FOR UPDATE"), {"id": claimed.message_id}
    ).first()
    if known is None:
        return
    session.execute(
        text(
            "INSERT INTO webhook_try (message_id, number, at, status, trouble, answer, took_ms)"
            " VALUES (:id, :number, :at, :status, :trouble, :answer, :took) ON CONFLICT DO NOTHING"
        ),
        {
            "id": claimed.message_id,
            "number": claimed.number,
            "at": at,
            "status": outcome.status,
            "trouble": None if outcome.trouble is None else outcome.trouble.value,
            "answer": outcome.answer,
            "took": outcome.took_ms,
        },
    )
    tries = claimed.tries + 1
    again = None
    if not outcome.is_taken and outcome.status != GONE:
        again = next_try(now, tries=tries, chance=env.random(1)[0])
    state = "delivered" if outcome.is_taken else "failed" if again is None else "waiting"
    session.execute(
        text(
            "UPDATE webhook_message SET state = :state, tries = :tries, due_at = :due,"
            " done_at = CASE WHEN CAST(:due AS timestamptz) IS NULL THEN CAST(:now AS timestamptz) END"
            " WHERE message_id = :id"
        ),
        {"id": claimed.message_id, "state": state, "tries": tries, "due": again, "now": now},
    )
    if outcome.is_taken:
        session.execute(
            text("UPDATE webhook SET last_delivered_at = :now WHERE webhook_id = :id"),
            {"now": now, "id": claimed.webhook_id},
        )
    elif outcome.status == GONE:
        store.stop(session, claimed.webhook_id, Stopped.GONE, now=now)
        log.warning("webhook %s stopped: its receiver is gone (410)", claimed.webhook_id)
    elif again is None and _took_nothing_since(session, claimed.webhook_id, now - sum(RETRY_AFTER, timedelta())):
        store.stop(session, claimed.webhook_id, Stopped.FAILING, now=now)
        log.warning("webhook %s stopped: nothing was delivered for days", claimed.webhook_id)


def _took_nothing_since(session: Session, webhook_id: UUID, since: datetime) -> bool:
    last = session.execute(
        text("SELECT last_delivered_at FROM webhook WHERE webhook_id = :id"), {"id": webhook_id}
    ).scalar_one()
    return last is None or last < since
