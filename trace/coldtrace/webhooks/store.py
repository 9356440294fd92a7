"""Every SQL statement about webhooks themselves, and about their messages as people look at them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.people.memberships import is_in
from coldtrace.rights.model import Member, Role, Scope
from coldtrace.rights.scopes import Within
from coldtrace.webhooks.model import EventType, Message, MessageState, Stopped, Try, Webhook, WebhookState

_COLUMNS = (
    "m.webhook_id, m.operator_id, m.role, m.sites, m.area, m.name, m.url, m.events, m.state, m.stopped, m.stopped_at,"
    " m.made_at, m.rotated_at,"
    " (SELECT count(*) FROM webhook_message w WHERE w.webhook_id = m.webhook_id AND w.state = 'waiting') AS waiting,"
    " (SELECT count(*) FROM webhook_message w WHERE w.webhook_id = m.webhook_id AND w.state = 'failed') AS failed,"
    " m.last_delivered_at"
)


def listed(session: Session, scope: Scope, *, after: UUID | None, limit: int) -> list[Webhook]:
    """Return the webhooks in the scope that were not ended, by id, behind the one named `after`."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM webhook m WHERE m.state <> 'ended' AND {is_in(within)}"
            " AND (CAST(:after AS uuid) IS NULL OR m.webhook_id > :after) ORDER BY m.webhook_id LIMIT :limit"
        ),
        {"after": after, "limit": limit, **within.values},
    )
    return [_webhook(row) for row in rows]


def found(session: Session, scope: Scope, webhook_id: UUID, *, lock: bool = False) -> Webhook | None:
    """Return a webhook in the scope that was not ended; with `lock` nobody else changes it meanwhile."""
    within = Within(scope=scope)
    row = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM webhook m WHERE m.webhook_id = :id AND m.state <> 'ended' AND {is_in(within)}"
            f"{' FOR UPDATE OF m' if lock else ''}"
        ),
        {"id": webhook_id, **within.values},
    ).first()
    return None if row is None else _webhook(row)


def count_of(session: Session, operator_id: UUID) -> int:
    """Return how many webhooks an organisation has; until the commit nobody else makes one for it."""
    session.execute(text("SELECT 1 FROM operator WHERE operator_id = :id FOR NO KEY UPDATE"), {"id": operator_id})
    return int(
        session.execute(
            text("SELECT count(*) FROM webhook WHERE operator_id = :id AND state <> 'ended'"), {"id": operator_id}
        ).scalar_one()
    )


def insert(
    session: Session,
    *,
    webhook_id: UUID,
    member: Member,
    name: str,
    url: str,
    events: Sequence[EventType],
    sealed: str,
    made_by: str,
    now: datetime,
) -> None:
    """Keep a new webhook."""
    session.execute(
        text(
            "INSERT INTO webhook (webhook_id, operator_id, role, sites, area, name, url, events, secret, state,"
            " made_at, made_by) VALUES (:id, :operator, :role, CAST(:sites AS text[]), :area, :name, :url,"
            " CAST(:events AS text[]), :secret, 'active', :now, :by)"
        ),
        {
            "id": webhook_id,
            "operator": member.operator_id,
            "role": member.role.value,
            "sites": None if member.sites is None else sorted(member.sites),
            "area": member.area,
            "name": name,
            "url": url,
            "events": [each.value for each in events],
            "secret": sealed,
            "now": now,
            "by": made_by,
        },
    )


def stop(session: Session, webhook_id: UUID, why: Stopped, *, now: datetime) -> None:
    """Tell a webhook nothing any more; what waits for it waits on."""
    session.execute(
        text(
            "UPDATE webhook SET state = 'disabled', stopped = :why, stopped_at = :now"
            " WHERE webhook_id = :id AND state = 'active'"
        ),
        {"id": webhook_id, "why": why.value, "now": now},
    )


def resume(session: Session, webhook_id: UUID, *, now: datetime) -> None:
    """Tell a stopped webhook again what it wants; what waited is due now, with all its tries before it."""
    session.execute(
        text("UPDATE webhook SET state = 'active', stopped = NULL, stopped_at = NULL WHERE webhook_id = :id"),
        {"id": webhook_id},
    )
    session.execute(
        text("UPDATE webhook_message SET due_at = :now, tries = 0 WHERE webhook_id = :id AND state = 'waiting'"),
        {"id": webhook_id, "now": now},
    )


def end(session: Session, webhook_id: UUID) -> None:
    """End a webhook for good: its secrets and what waits for it go."""
    session.execute(
        text(
            "UPDATE webhook SET state = 'ended', stopped = NULL, stopped_at = NULL, secret = '', old_secret = NULL,"
            " old_until = NULL WHERE webhook_id = :id"
        ),
        {"id": webhook_id},
    )
    session.execute(
        text("DELETE FROM webhook_message WHERE webhook_id = :id AND state = 'waiting'"), {"id": webhook_id}
    )


def rotate(session: Session, webhook_id: UUID, *, sealed: str, now: datetime, old_until: datetime) -> None:
    """Give a webhook a new secret; the one so far signs beside it until then."""
    session.execute(
        text(
            "UPDATE webhook SET old_secret = secret, old_until = :until, secret = :sealed, rotated_at = :now"
            " WHERE webhook_id = :id"
        ),
        {"id": webhook_id, "sealed": sealed, "now": now, "until": old_until},
    )


def put_message(
    session: Session, *, message_id: UUID, webhook_id: UUID, type: EventType, about: str, body: str, now: datetime
) -> None:
    """Put one message of no event in the post."""
    session.execute(
        text(
            "INSERT INTO webhook_message (message_id, webhook_id, type, about, body, made_at, state, due_at)"
            " VALUES (:id, :webhook, :type, :about, :body, :now, 'waiting', :now)"
        ),
        {"id": message_id, "webhook": webhook_id, "type": type.value, "about": about, "body": body, "now": now},
    )


_MESSAGES = (
    "SELECT w.message_id, w.type, w.about, w.made_at, w.state, w.tries, w.due_at, t.number, t.at AS tried_at, t.status,"
    " t.trouble, t.answer, t.took_ms FROM webhook_message w LEFT JOIN LATERAL (SELECT * FROM webhook_try x"
    " WHERE x.message_id = w.message_id ORDER BY x.number DESC LIMIT 1) t ON TRUE WHERE w.webhook_id = :webhook"
)


def messages(
    session: Session, webhook_id: UUID, *, after: UUID | None, limit: int, state: MessageState | None = None
) -> list[Message]:
    """Return messages of a webhook, newest first, behind the one named `after`; None if there is no such one."""
    rows = session.execute(
        text(
            f"{_MESSAGES} AND (CAST(:state AS text) IS NULL OR w.state = :state) AND (CAST(:after AS uuid) IS NULL OR"
            " (w.made_at, w.message_id) < (SELECT a.made_at, a.message_id FROM webhook_message a"
            " WHERE a.message_id = :after AND a.webhook_id = :webhook))"
            " ORDER BY w.made_at DESC, w.message_id DESC LIMIT :limit"
        ),
        {"webhook": webhook_id, "after": after, "limit": limit, "state": None if state is None else state.value},
    )
    return [_message(row) for row in rows]


def message(session: Session, webhook_id: UUID, message_id: UUID) -> tuple[Message, str, list[Try]] | None:
    """Return a message with what is sent, and every try; None if the webhook has none of this id."""
    values = {"webhook": webhook_id, "id": message_id}
    row = session.execute(text(f"{_MESSAGES} AND w.message_id = :id"), values).first()
    if row is None:
        return None
    body = session.execute(text("SELECT body FROM webhook_message WHERE message_id = :id"), values).scalar_one()
    tries = session.execute(
        text("SELECT *, at AS tried_at FROM webhook_try WHERE message_id = :id ORDER BY number DESC LIMIT 100"), values
    )
    return _message(row), body, [_try(each) for each in tries]


def replay(session: Session, webhook_id: UUID, message_ids: Sequence[UUID], *, now: datetime) -> int:
    """Have messages delivered again, as if for the first time, under their ids; return how many were not waiting."""
    return int(
        session.connection()
        .execute(
            text(
                "UPDATE webhook_message SET state = 'waiting', due_at = :now, done_at = NULL, tries = 0"
                " WHERE webhook_id = :webhook AND message_id = ANY(CAST(:ids AS uuid[])) AND state <> 'waiting'"
            ),
            {"webhook": webhook_id, "ids": list(message_ids), "now": now},
        )
        .rowcount
    )


def made_between(
    session: Session, webhook_id: UUID, *, since: datetime, until: datetime, failed_only: bool, limit: int
) -> list[tuple[UUID, datetime]]:
    """Return the messages of a time that are done, oldest first, with when they were made."""
    rows = session.execute(
        text(
            "SELECT message_id, made_at FROM webhook_message WHERE webhook_id = :webhook AND made_at >= :since"
            " AND made_at < :until AND state <> 'waiting' AND (NOT :failed OR state = 'failed')"
            " ORDER BY made_at, message_id LIMIT :limit"
        ),
        {"webhook": webhook_id, "since": since, "until": until, "failed": failed_only, "limit": limit},
    )
    return [(row.message_id, row.made_at) for row in rows]


def forget(session: Session, *, before: datetime, batch: int = 1000) -> int:
    """Delete up to `batch` messages that are done, or whose webhook is stopped, and were made before then."""
    return int(
        session.connection()
        .execute(
            text(
                "DELETE FROM webhook_message WHERE message_id = ANY(ARRAY(SELECT m.message_id FROM webhook_message m"
                " JOIN webhook w USING (webhook_id) WHERE m.made_at < :before"
                " AND (m.state <> 'waiting' OR w.state <> 'active')"
                " LIMIT :batch FOR UPDATE OF m SKIP LOCKED))"
            ),
            {"before": before, "batch": batch},
        )
        .rowcount
    )


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        **{
            **row._mapping,
            "role": Role(row.role),
            "sites": None if row.sites is None else tuple(row.sites),
            "events": tuple(EventType(each) for each in row.events),
            "state": WebhookState(row.state),
            "stopped": None if row.stopped is None else Stopped(row.stopped),
        }
    )


def _message(row: Row[Any]) -> Message:
    return Message(
        message_id=row.message_id,
        type=EventType(row.type),
        about=row.about,
        made_at=row.made_at,
        state=MessageState(row.state),
        tries=row.tries,
        due_at=row.due_at,
        last=None if row.number is None else _try(row),
    )


def _try(row: Row[Any]) -> Try:
    return Try(
        number=row.number,
        at=row.tried_at,
        status=row.status,
        trouble=row.trouble,
        answer=row.answer,
        took_ms=row.took_ms,
    )
