"""Webhooks: where an organisation's systems are told what happened, and how that went (docs/guides/webhooks.md)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, Field
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.parties import store as parties_store
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.api.organisations import Limit, Name
from coldtrace.web.api.people import MemberIn, wanted_member
from coldtrace.web.journal import purpose_of
from coldtrace.web.page_base import page_base
from coldtrace.web.refusals import PurposeRequired
from coldtrace.webhooks import service, store
from coldtrace.webhooks.model import EventType, Message, MessageState, Try, Webhook
from coldtrace.webhooks.refusals import WebhookMessageUnknown
from coldtrace.webhooks.rules import URL_CHARACTERS_MAX
from coldtrace.webhooks.service import NewWebhook

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])
WebhookReader = Annotated[Caller, needs(Kind.TOKEN, Verb.READ, devices=False)]
WebhookWriter = Annotated[Caller, needs(Kind.TOKEN, Verb.WRITE, devices=False)]
WebhookReplayer = Annotated[Caller, needs(Kind.TOKEN, Verb.WRITE, devices=False, act="replay")]
WebhookId = Annotated[UUID, Path()]


class WebhookIn(MemberIn):
    """Where to tell what, and the role by which it may be read: one that you could give to somebody."""

    name: Name
    url: str = Field(min_length=1, max_length=URL_CHARACTERS_MAX, examples=["https://erp.example.cn/hooks/coldtrace"])
    events: list[EventType] = Field(
        min_length=1, max_length=len(EventType), examples=[["case.opened", "case.resolved"]]
    )


class ReplayIn(BodyIn):
    """Of which time messages are delivered again; `failed_only` leaves out what arrived."""

    since: AwareDatetime = Field(examples=["2026-12-01T00:00:00Z"])
    until: AwareDatetime | None = None
    failed_only: bool = False


@router.post("", status_code=201, summary="Make a webhook 新建推送")
def post_webhook(request: Request, body: WebhookIn, session: WriteSession, caller: WebhookWriter) -> dict[str, object]:
    """Have an address told of events by signed requests; `secret` signs them and is shown once.

    Only what the role may read is told, as ids and links.  A role that sees by an area says what for
    (`Coldtrace-Purpose`).
    """
    made, secret = make_webhook(session, request, caller, body)
    caller.named(made.webhook_id)
    return webhook_json(session, [made])[0] | {"secret": secret}


@router.get("", summary="Webhooks 推送清单")
def get_webhooks(
    session: ReadSession, caller: WebhookReader, after: Annotated[UUID | None, Query()] = None, limit: Limit = 50
) -> dict[str, object]:
    """Return the webhooks of one's organisations, with how many messages wait or failed; `next` is the `after` of the
    next page.  `stopped` says why one is told nothing any more."""
    found = store.listed(session, caller.scope, after=after, limit=limit)
    caller.about(*(each.operator_id for each in found))
    return {
        "webhooks": webhook_json(session, found),
        "next": str(found[-1].webhook_id) if len(found) == limit else None,
    }


@router.get("/{webhook_id:uuid}", summary="One webhook 单个推送")
def get_webhook(session: ReadSession, caller: WebhookReader, webhook_id: WebhookId) -> dict[str, object]:
    """Return one webhook; never its secret."""
    found = service.held(session, caller.scope, webhook_id)
    caller.about(found.operator_id)
    return webhook_json(session, [found])[0]


@router.delete("/{webhook_id:uuid}", summary="End a webhook 删除推送")
def delete_webhook(session: WriteSession, caller: WebhookWriter, webhook_id: WebhookId) -> dict[str, str]:
    """End a webhook for good: nothing more is told, and its secret is forgotten."""
    service.end(session, _own(session, caller, webhook_id))
    return {"id": str(webhook_id)}


@router.post("/{webhook_id:uuid}/pause", summary="Pause a webhook 暂停推送")
def post_pause(
    session: WriteSession, env: CurrentEnv, caller: WebhookWriter, webhook_id: WebhookId
) -> dict[str, object]:
    """Tell it nothing until it is resumed; what waits, waits on.  What happens meanwhile is not told later."""
    service.pause(session, env, _own(session, caller, webhook_id))
    return _as_it_is(session, caller, webhook_id)


@router.post("/{webhook_id:uuid}/resume", summary="Resume a webhook 恢复推送")
def post_resume(
    session: WriteSession, env: CurrentEnv, caller: WebhookWriter, webhook_id: WebhookId
) -> dict[str, object]:
    """Tell it again, whyever it was stopped; what waited is due at once."""
    service.resume(session, env, _own(session, caller, webhook_id))
    return _as_it_is(session, caller, webhook_id)


@router.post("/{webhook_id:uuid}/rotate", summary="A new secret 更换密钥")
def post_rotate(
    session: WriteSession, env: CurrentEnv, caller: WebhookWriter, webhook_id: WebhookId
) -> dict[str, object]:
    """Return a new secret, for the only time.  For 24 hours messages carry the signatures of both."""
    secret = service.rotate(session, env, _own(session, caller, webhook_id))
    return _as_it_is(session, caller, webhook_id) | {"secret": secret}


@router.post("/{webhook_id:uuid}/test", status_code=202, summary="Send a test 发送测试")
def post_test(
    request: Request,
    session: WriteSession,
    env: CurrentEnv,
    caller: WebhookWriter,
    webhook_id: WebhookId,
) -> dict[str, str]:
    """Have a `webhook.test` delivered; what came of it stands at the message whose id is returned."""
    webhook = _own(session, caller, webhook_id)
    return {"message": str(service.test(session, env, webhook, base_url=base_url(request)))}


@router.post("/{webhook_id:uuid}/replay", status_code=202, summary="Deliver a time again 重新投递一段时间")
def post_replay(
    body: ReplayIn, session: WriteSession, env: CurrentEnv, caller: WebhookReplayer, webhook_id: WebhookId
) -> dict[str, object]:
    """Have the messages of a time delivered again under their ids, the oldest first, up to 1,000 at once.

    `next` is the `since` of the next call, null when that was all.
    """
    until = body.until or env.clock()
    webhook = _own(session, caller, webhook_id)
    done = service.replay_range(session, env, webhook, since=body.since, until=until, failed_only=body.failed_only)
    caller.told(messages=done.count)
    return {"replayed": done.count, "next": None if done.next_since is None else format_utc(done.next_since)}


@router.get("/{webhook_id:uuid}/messages", summary="Deliveries 投递记录")
def get_messages(
    session: ReadSession,
    caller: WebhookReader,
    webhook_id: WebhookId,
    state: MessageState | None = None,
    after: Annotated[UUID | None, Query()] = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Return what was sent or waits, newest first, each with its last try; `next` is the `after` of the next page."""
    webhook = service.held(session, caller.scope, webhook_id)
    caller.about(webhook.operator_id)
    found = store.messages(session, webhook_id, after=after, limit=limit, state=state)
    return {
        "messages": [message_json(each) for each in found],
        "next": str(found[-1].message_id) if len(found) == limit else None,
    }


@router.get("/{webhook_id:uuid}/messages/{message_id:uuid}", summary="One delivery 单次投递")
def get_message(
    session: ReadSession, caller: WebhookReader, webhook_id: WebhookId, message_id: Annotated[UUID, Path()]
) -> dict[str, object]:
    """Return a message as it is sent, and its tries, the last one first: status, time, the first 1,024 bytes of the
    answer."""
    webhook = service.held(session, caller.scope, webhook_id)
    caller.about(webhook.operator_id)
    caller.named(f"{webhook_id}/messages/{message_id}")
    found = store.message(session, webhook_id, message_id)
    if found is None:
        raise WebhookMessageUnknown(id=str(message_id))
    head, body, tries = found
    return message_json(head) | {"body": body, "all_tries": [try_json(each) for each in tries]}


@router.post(
    "/{webhook_id:uuid}/messages/{message_id:uuid}/replay", status_code=202, summary="Deliver a message again 重新投递"
)
def post_message_replay(
    session: WriteSession,
    env: CurrentEnv,
    caller: WebhookReplayer,
    webhook_id: WebhookId,
    message_id: Annotated[UUID, Path()],
) -> dict[str, str]:
    """Have one message delivered again, under the same id: a receiver that has it already may leave it."""
    caller.named(f"{webhook_id}/messages/{message_id}")
    service.replay_one(session, env, _own(session, caller, webhook_id), message_id)
    return {"message": str(message_id)}


def make_webhook(session: Session, request: Request, caller: Caller, body: WebhookIn) -> tuple[Webhook, str]:
    """Make a webhook as asked, for the API and the page; raise PurposeRequired for one by an area without purpose."""
    state = request.app.state
    member = wanted_member(session, body)
    if member.area is not None and purpose_of(request) is None:
        raise PurposeRequired()
    command = NewWebhook(
        member=member, name=body.name, url=body.url, events=body.events, by=caller.reader, made_by=caller.actor
    )
    webhook_id, secret = service.make(session, state.env, command, inside=state.settings.webhook_inside_hosts or ())
    caller.about(member.operator_id)
    caller.at(member.sites or ())
    return service.held(session, caller.scope_for(Kind.TOKEN, Verb.WRITE), webhook_id), secret


def base_url(request: Request) -> str:
    """Return where links of messages begin."""
    settings = request.app.state.settings
    return page_base(settings, otherwise=f"http://{settings.host}:{settings.port}")


def webhook_json(session: Session, found: list[Webhook]) -> list[dict[str, object]]:
    """Return webhooks as the API tells them."""
    firms = parties_store.operators_by_id(session, {each.operator_id for each in found})
    codes = {each.operator_id: each.uscc for each in firms}
    return [_webhook_json(each, codes) for each in found]


def _webhook_json(webhook: Webhook, codes: Mapping[UUID, str]) -> dict[str, object]:
    return {
        "id": str(webhook.webhook_id),
        "organisation": codes[webhook.operator_id],
        "role": webhook.role.value,
        "sites": None if webhook.sites is None else list(webhook.sites),
        "area": webhook.area,
        "name": webhook.name,
        "url": webhook.url,
        "events": [each.value for each in webhook.events],
        "state": webhook.state.value,
        "stopped": None if webhook.stopped is None else webhook.stopped.value,
        "stopped_at": _moment(webhook.stopped_at),
        "made_at": _moment(webhook.made_at),
        "rotated_at": _moment(webhook.rotated_at),
        "last_delivered_at": _moment(webhook.last_delivered_at),
        "waiting": webhook.waiting,
        "failed": webhook.failed,
    }


def message_json(message: Message) -> dict[str, object]:
    """Return a message with its last try as the API tells it."""
    return {
        "id": str(message.message_id),
        "type": message.type.value,
        "about": message.about,
        "made_at": _moment(message.made_at),
        "state": message.state.value,
        "tries": message.tries,
        "due_at": _moment(message.due_at),
        "last_try": None if message.last is None else try_json(message.last),
    }


def try_json(each: Try) -> dict[str, object]:
    """Return one try as the API tells it."""
    return {
        "number": each.number,
        "at": _moment(each.at),
        "status": each.status,
        "trouble": each.trouble,
        "answer": each.answer,
        "took_ms": each.took_ms,
    }


def _own(session: Session, caller: Caller, webhook_id: UUID) -> Webhook:
    found = service.own(session, caller.reader, caller.scope, webhook_id)
    caller.about(found.operator_id)
    caller.at(found.sites or ())
    return found


def _as_it_is(session: Session, caller: Caller, webhook_id: UUID) -> dict[str, object]:
    return webhook_json(session, [service.held(session, caller.scope, webhook_id)])[0]


def _moment(at: datetime | None) -> str | None:
    return None if at is None else format_utc(at)
