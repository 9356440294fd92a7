"""Use cases: make a webhook, pause, resume, rotate and end it; try it out; have messages delivered again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.people.memberships import require_grantable
from coldtrace.people.secret_box import seal_text
from coldtrace.rights.granting import may_end
from coldtrace.rights.model import Member, Reader, Scope, Verb
from coldtrace.rights.rules import permits
from coldtrace.webhooks import store
from coldtrace.webhooks.model import (
    OVERLAP,
    RIGHT_OF,
    WEBHOOKS_MAX,
    EventType,
    Stopped,
    Webhook,
    WebhookState,
)
from coldtrace.webhooks.refusals import (
    TooManyWebhooks,
    WebhookEventUnusable,
    WebhookMessageUnknown,
    WebhookNotActive,
    WebhookUnknown,
)
from coldtrace.webhooks.rules import SECRET_BYTES, checked_url, new_secret
from coldtrace.webhooks.spread import body_of

REPLAYED_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True)
class NewWebhook:
    """Who wants to be told what, where; `member` is the role by which it may read it."""

    member: Member
    name: str
    url: str
    events: Sequence[EventType]
    by: Reader
    made_by: str


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """How many messages are delivered again, and from when on the next call goes on; None when that was all."""

    count: int
    next_since: datetime | None


def make(session: Session, env: Env, command: NewWebhook, *, inside: Collection[str]) -> tuple[UUID, str]:
    """Make a webhook and return its id and its secret, for the only time.

    Raises GrantRefused where the maker could not make a token of this role, WebhookEventUnusable for an event that the
    role may not read, WebhookUrlUnusable, TooManyWebhooks, and OrganisationClosed.
    """
    url = checked_url(command.url, inside=inside)
    events = tuple(dict.fromkeys(command.events))
    needed = {f"{RIGHT_OF[each]}:{Verb.READ}" for each in events if each in RIGHT_OF}
    require_grantable(session, command.by, command.member, sorted(needed))
    for each in events:
        if each not in RIGHT_OF or not permits(Reader(members=(command.member,)), RIGHT_OF[each], Verb.READ):
            raise WebhookEventUnusable(event=each.value, role=command.member.role.value)
    operator_id = command.member.operator_id
    assert operator_id is not None, "nobody grants a role in every organisation"
    if store.count_of(session, operator_id) >= WEBHOOKS_MAX:
        raise TooManyWebhooks(limit=WEBHOOKS_MAX)
    secret = new_secret(env.random(SECRET_BYTES))
    webhook_id = env.new_id()
    store.insert(
        session,
        webhook_id=webhook_id,
        member=command.member,
        name=command.name,
        url=url,
        events=events,
        sealed=seal_text(env, secret),
        made_by=command.made_by,
        now=env.clock(),
    )
    return webhook_id, secret


def held(session: Session, scope: Scope, webhook_id: UUID) -> Webhook:
    """Return a webhook in the scope; raise WebhookUnknown."""
    found = store.found(session, scope, webhook_id)
    if found is None:
        raise WebhookUnknown(id=str(webhook_id))
    return found


def own(session: Session, by: Reader, scope: Scope, webhook_id: UUID) -> Webhook:
    """Return a webhook that the caller may change, locked: one whose role it could give.  Raises WebhookUnknown."""
    found = store.found(session, scope, webhook_id, lock=True)
    if found is None or not may_end(by, _member(found)):
        raise WebhookUnknown(id=str(webhook_id))
    return found


def pause(session: Session, env: Env, webhook: Webhook) -> None:
    """Tell it nothing until it is resumed; what waits, waits on.  Again changes nothing."""
    store.stop(session, webhook.webhook_id, Stopped.PAUSED, now=env.clock())


def resume(session: Session, env: Env, webhook: Webhook) -> None:
    """Tell it again; what waited is due at once.  Again changes nothing."""
    if webhook.state is WebhookState.DISABLED:
        store.resume(session, webhook.webhook_id, now=env.clock())


def end(session: Session, webhook: Webhook) -> None:
    """End it for good."""
    store.end(session, webhook.webhook_id)


def rotate(session: Session, env: Env, webhook: Webhook) -> str:
    """Give it a new secret and return it for the only time; the old one signs beside it for a day."""
    secret, now = new_secret(env.random(SECRET_BYTES)), env.clock()
    store.rotate(session, webhook.webhook_id, sealed=seal_text(env, secret), now=now, old_until=now + OVERLAP)
    return secret


def test(session: Session, env: Env, webhook: Webhook, *, base_url: str) -> UUID:
    """Put a test message in the post and return its id; raise WebhookNotActive."""
    if webhook.state is not WebhookState.ACTIVE:
        raise WebhookNotActive()
    now, message_id = env.clock(), env.new_id()
    store.put_message(
        session,
        message_id=message_id,
        webhook_id=webhook.webhook_id,
        type=EventType.TEST,
        about=str(webhook.webhook_id),
        body=body_of(EventType.TEST, "", None, now, base_url),
        now=now,
    )
    return message_id


def replay_one(session: Session, env: Env, webhook: Webhook, message_id: UUID) -> None:
    """Have one message delivered again, under its id; one that waits is left waiting.  Raises WebhookMessageUnknown."""
    if store.message(session, webhook.webhook_id, message_id) is None:
        raise WebhookMessageUnknown(id=str(message_id))
    store.replay(session, webhook.webhook_id, [message_id], now=env.clock())


def replay_range(
    session: Session, env: Env, webhook: Webhook, *, since: datetime, until: datetime, failed_only: bool
) -> Replayed:
    """Have what was made in a time delivered again, the oldest first, so many at once."""
    found = store.made_between(
        session,
        webhook.webhook_id,
        since=since,
        until=until,
        failed_only=failed_only,
        limit=REPLAYED_AT_ONCE + 1,
    )
    now = env.clock()
    count = store.replay(session, webhook.webhook_id, [each for each, _ in found[:REPLAYED_AT_ONCE]], now=now)
    return Replayed(count=count, next_since=found[-1][1] if len(found) > REPLAYED_AT_ONCE else None)


def _member(webhook: Webhook) -> Member:
    return Member(
        role=webhook.role,
        operator_id=webhook.operator_id,
        sites=None if webhook.sites is None else frozenset(webhook.sites),
        area=webhook.area,
    )
