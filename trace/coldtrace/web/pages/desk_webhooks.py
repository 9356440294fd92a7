"""The desk's pages of webhooks: which there are, how one does, what was delivered, and forms.

They do what the API does (`web/api/webhooks.py`), through the same services.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.rights.model import PERSON_ROLE_WORDS, Kind, Verb
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.webhooks import WebhookIn, base_url, make_webhook
from coldtrace.web.formats import LOCAL
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk_form import NAME, PAGE, ROLE, STATE, answer, change, read_fields, show_sheet
from coldtrace.web.pages.desk_member_form import member_fields, member_form, own_firms
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.webhooks import service, store
from coldtrace.webhooks.model import (
    EVENT_WORDS,
    MESSAGE_STATE_WORDS,
    STOPPED_WORDS,
    TRIES_MAX,
    WEBHOOK_STATE_WORDS,
    EventType,
    Message,
    MessageState,
    Try,
    Webhook,
    WebhookState,
)
from coldtrace.webhooks.refusals import WebhookMessageUnknown
from coldtrace.webhooks.send import TROUBLE_WORDS, Trouble

router = APIRouter(include_in_schema=False)
WebhookReader = Annotated[Caller, page_needs(Kind.TOKEN, Verb.READ)]
WebhookWriter = Annotated[Caller, page_needs(Kind.TOKEN, Verb.WRITE)]
WebhookReplayer = Annotated[Caller, page_needs(Kind.TOKEN, Verb.WRITE, act="replay")]
Act = Literal["pause", "resume", "rotate", "end", "test", "replay"]

TITLE = Words("推送", "Webhooks")
ADDRESS = Words("接收地址", "Address")
EVENTS = Words("事件", "Events")
_TONES = {
    MessageState.WAITING: "look",
    MessageState.DELIVERED: "ok",
    MessageState.FAILED: "stop",
}


@router.get("/desk/webhooks")
def webhooks_page(request: Request, caller: WebhookReader, after: UUID | None = None) -> Response:
    """List the webhooks of one's organisations."""
    return _webhooks(request, caller, after=after)


@router.post("/desk/webhooks")
def post_webhook(request: Request, caller: WebhookWriter, body: Body) -> Response:
    """Make a webhook; its secret is shown once."""
    made: list[str] = []

    def work(session: Session) -> None:
        fields = form_fields(request, body)
        events = [name.removeprefix("event.") for name in fields if name.startswith("event.")]
        wanted = read_fields(
            WebhookIn,
            member_fields(fields) | {"name": fields.get("name"), "url": fields.get("url"), "events": events},
        )
        webhook, secret = make_webhook(session, request, caller, wanted)
        caller.named(webhook.webhook_id)
        made.append(secret)

    return answer(request, caller, change(request, caller, work), _webhooks, secret=made[0] if made else None)


@router.get("/desk/webhooks/{webhook_id:uuid}")
def webhook_page(
    request: Request,
    webhook_id: UUID,
    caller: WebhookReader,
    state: MessageState | None = None,
    after: UUID | None = None,
) -> Response:
    """Show one webhook and its deliveries."""
    return _webhook(request, caller, webhook_id=webhook_id, state=state, after=after)


@router.post("/desk/webhooks/{webhook_id:uuid}/{what}")
def post_change(request: Request, webhook_id: UUID, what: Act, caller: WebhookReplayer, body: Body) -> Response:
    """Pause, resume or end a webhook, give it a new secret, send a test, or deliver a time again."""
    secret: list[str] = []
    if caller.note is not None:
        caller.note.act = what
        caller.named(webhook_id)

    def work(session: Session) -> None:
        env = request.app.state.env
        webhook = service.own(session, caller.reader, caller.scope, webhook_id)
        caller.about(webhook.operator_id)
        caller.at(webhook.sites or ())
        if what == "pause":
            service.pause(session, env, webhook)
        elif what == "resume":
            service.resume(session, env, webhook)
        elif what == "end":
            service.end(session, webhook)
        elif what == "rotate":
            secret.append(service.rotate(session, env, webhook))
        elif what == "test":
            service.test(session, env, webhook, base_url=base_url(request))
        else:
            since, until, failed_only = _asked(form_fields(request, body), env.clock())
            done = service.replay_range(session, env, webhook, since=since, until=until, failed_only=failed_only)
            caller.told(messages=done.count)

    outcome = change(request, caller, work)
    page = _webhooks if what == "end" and outcome is None else partial(_webhook, webhook_id=webhook_id)
    return answer(request, caller, outcome, page, secret=secret[0] if secret else None)


@router.get("/desk/webhooks/{webhook_id:uuid}/messages/{message_id:uuid}")
def message_page(request: Request, webhook_id: UUID, message_id: UUID, caller: WebhookReader) -> Response:
    """Show one message as it is sent, and its tries."""
    return _message(request, caller, webhook_id=webhook_id, message_id=message_id)


@router.post("/desk/webhooks/{webhook_id:uuid}/messages/{message_id:uuid}/replay")
def post_message_replay(request: Request, webhook_id: UUID, message_id: UUID, caller: WebhookReplayer) -> Response:
    """Have one message delivered again."""

    def work(session: Session) -> None:
        webhook = service.own(session, caller.reader, caller.scope, webhook_id)
        caller.about(webhook.operator_id)
        caller.at(webhook.sites or ())
        caller.named(f"{webhook_id}/messages/{message_id}")
        service.replay_one(session, request.app.state.env, webhook, message_id)

    page = partial(_message, webhook_id=webhook_id, message_id=message_id)
    return answer(request, caller, change(request, caller, work), page)


def _webhooks(request: Request, caller: Caller, *, after: UUID | None = None, **said_: Any) -> Response:
    with request.app.state.sessions() as session:
        found = store.listed(session, caller.scope_for(Kind.TOKEN, Verb.READ), after=after, limit=PAGE)
        own = own_firms(session, caller)
    caller.about(*(each.operator_id for each in found))
    table = Section(
        id="webhooks",
        title=Words("推送到本单位的系统", "Told to my organisations' systems"),
        lead=Words(
            "有事发生时，平台主动通知您的系统（HTTPS，带签名），不必轮询。内容只有编号和链接。",
            "When something happens the platform tells your system, over HTTPS and signed; nobody has to poll. A"
            " message holds ids and links alone.",
        ),
        columns=(
            NAME,
            ADDRESS,
            ROLE,
            STATE,
            Words("待投递", "Waiting"),
            Words("失败", "Failed"),
            Words("最近送达", "Last delivered"),
        ),
        rows=tuple(
            Row(
                id=str(each.webhook_id),
                cells=(
                    Cell(text=each.name, url=f"/desk/webhooks/{each.webhook_id}"),
                    Cell(text=each.url),
                    Cell(words=PERSON_ROLE_WORDS[each.role]),
                    _state_cell(each),
                    Cell(text=f"{each.waiting:,}"),
                    Cell(text=f"{each.failed:,}"),
                    Cell(moment=each.last_delivered_at) if each.last_delivered_at else Cell(text="-"),
                ),
            )
            for each in found
        ),
        empty=Words(
            "还没有推送。在下面填写接收地址和事件，保存密钥，再发送一次测试。",
            "No webhook yet. Give an address and events below, keep the secret, then send a test.",
        ),
        next_url=f"/desk/webhooks?after={found[-1].webhook_id}" if len(found) == PAGE else None,
        links=(("/api/docs#webhooks", Words("接口说明", "How the API does it")),),
    )
    sections = [table]
    if not caller.scope_for(Kind.TOKEN, Verb.WRITE).is_empty:
        sections.append(_make_section(caller, own))
    return show_sheet(request, caller, TITLE, sections, here="/desk/webhooks", **said_)


def _make_section(caller: Caller, own: list[Any]) -> Section:
    return Section(
        id="make",
        title=Words("新建推送", "Make a webhook"),
        lead=Words(
            "密钥只显示一次，请立即保存到接收系统。", "The secret is shown once; put it into the receiver at once."
        ),
        forms=(
            Form(
                action="/desk/webhooks",
                submit=Words("新建", "Make it"),
                fields=(
                    Field(name="name", label=NAME, help=Words("例如：ERP 异常提醒", "ERP cases, say")),
                    Field(name="url", label=ADDRESS, help=Words("以 https:// 开头", "It begins with https://")),
                    Field(
                        name="event",
                        label=Words("哪些事件（至少一项）", "Which events (one at least)"),
                        kind="checks",
                        choices=tuple(
                            Choice(value=each.value, label=EVENT_WORDS[each])
                            for each in EventType
                            if each is not EventType.TEST
                        ),
                    ),
                    *(each for each in member_form(caller, own) if each.name != "manages"),
                ),
            ),
        ),
    )


def _webhook(
    request: Request,
    caller: Caller,
    *,
    webhook_id: UUID,
    state: MessageState | None = None,
    after: UUID | None = None,
    **said_: Any,
) -> Response:
    now = request.app.state.env.clock()
    with request.app.state.sessions() as session:
        webhook = service.held(session, caller.scope_for(Kind.TOKEN, Verb.READ), webhook_id)
        found = store.messages(session, webhook_id, after=after, limit=PAGE, state=state)
    caller.about(webhook.operator_id)
    may = not caller.scope_for(Kind.TOKEN, Verb.WRITE).is_empty
    sections = [_about(webhook, may=may), _deliveries(webhook, found, state)]
    if may:
        sections.append(_again(webhook, now))
    here = f"/desk/webhooks/{webhook_id}"
    return show_sheet(request, caller, TITLE, sections, here=here, **said_)


def _about(webhook: Webhook, *, may: bool) -> Section:
    base = f"/desk/webhooks/{webhook.webhook_id}"
    active = webhook.state is WebhookState.ACTIVE
    forms = (
        Form(action=f"{base}/test", submit=Words("发送测试", "Send a test")) if active else None,
        Form(action=f"{base}/pause", submit=Words("暂停", "Pause"), quiet=True)
        if active
        else Form(action=f"{base}/resume", submit=Words("恢复推送", "Resume")),
        Form(action=f"{base}/rotate", submit=Words("更换密钥", "New secret"), quiet=True),
        Form(action=f"{base}/end", submit=Words("删除", "End it"), quiet=True),
    )
    return Section(
        id="webhook",
        title=Words("这个推送", "This webhook"),
        lead=_stopped_lead(webhook),
        facts=(
            (NAME, Cell(text=webhook.name)),
            (STATE, _state_cell(webhook)),
            (ADDRESS, Cell(text=webhook.url)),
            (EVENTS, Cell(words=_joined([EVENT_WORDS[each] for each in webhook.events]))),
            (ROLE, Cell(words=PERSON_ROLE_WORDS[webhook.role])),
            (Words("新建", "Made"), Cell(moment=webhook.made_at)),
            (
                Words("最近送达", "Last delivered"),
                Cell(moment=webhook.last_delivered_at)
                if webhook.last_delivered_at
                else Cell(words=Words("还没有", "Nothing yet")),
            ),
        ),
        forms=tuple(each for each in forms if each is not None) if may else (),
        links=(("/desk/webhooks", Words("所有推送", "All webhooks")),),
    )


def _stopped_lead(webhook: Webhook) -> Words | None:
    if webhook.stopped is None:
        return None
    why = STOPPED_WORDS[webhook.stopped]
    return Words(
        f"已停止：{why.zh}。修复后按“恢复推送”，等待中的消息会立即投递；停止期间发生的事不会补发，请到清单中查看。",
        f"Stopped: {why.en}. Mend it and resume: what waits is delivered at once. What happened meanwhile is not told"
        " later; read it in the lists.",
    )


def _deliveries(webhook: Webhook, found: list[Message], state: MessageState | None) -> Section:
    base = f"/desk/webhooks/{webhook.webhook_id}"
    asked = f"state={state.value}&" if state is not None else ""
    return Section(
        id="messages",
        title=Words("投递记录", "Deliveries"),
        lead=Words(
            f"未成功的消息在约三天内最多尝试 {TRIES_MAX} 次。",
            f"A message that is not taken is tried {TRIES_MAX} times within about three days.",
        ),
        columns=(
            EVENTS,
            Words("时间", "When"),
            STATE,
            Words("最近一次答复", "Last answer"),
            Words("次数", "Tries"),
            Words("下次", "Next"),
        ),
        rows=tuple(
            Row(
                id=str(each.message_id),
                cells=(
                    Cell(words=EVENT_WORDS[each.type], url=f"{base}/messages/{each.message_id}"),
                    Cell(moment=each.made_at),
                    Cell(words=MESSAGE_STATE_WORDS[each.state], tone=_TONES[each.state]),  # type: ignore[arg-type]
                    _answer_cell(each.last),
                    Cell(text=str(each.tries)),
                    Cell(moment=each.due_at) if each.due_at and each.tries else Cell(text="-"),
                ),
            )
            for each in found
        ),
        empty=Words("还没有消息。发送一次测试看看。", "No message yet. Send a test."),
        next_url=f"{base}?{asked}after={found[-1].message_id}" if len(found) == PAGE else None,
        links=((base, Words("全部", "All")),)
        if state is not None
        else ((f"{base}?state=failed", Words("只看失败", "Only failed")),),
    )


def _again(webhook: Webhook, now: datetime) -> Section:
    today = now.astimezone(LOCAL).date()
    return Section(
        id="again",
        title=Words("重新投递", "Deliver again"),
        lead=Words(
            "把一段时间内的消息按原编号再投递一次，先旧后新，每次最多一千条。接收方按 webhook-id 去重。",
            "The messages of these days are delivered again under their ids, the oldest first, a thousand at once. A"
            " receiver knows them by webhook-id.",
        ),
        forms=(
            Form(
                action=f"/desk/webhooks/{webhook.webhook_id}/replay",
                submit=Words("重新投递", "Deliver again"),
                fields=(
                    Field(name="since", label=Words("从", "From"), kind="date", value=str(today)),
                    Field(name="until", label=Words("到（含）", "To, included"), kind="date", value=str(today)),
                    Field(
                        name="failed_only",
                        label=Words("只要失败的", "Only what failed"),
                        kind="check",
                        value="yes",
                        required=False,
                    ),
                ),
            ),
        ),
    )


def _message(request: Request, caller: Caller, *, webhook_id: UUID, message_id: UUID, **said_: Any) -> Response:
    with request.app.state.sessions() as session:
        webhook = service.held(session, caller.scope_for(Kind.TOKEN, Verb.READ), webhook_id)
        found = store.message(session, webhook_id, message_id)
    caller.about(webhook.operator_id)
    caller.named(f"{webhook_id}/messages/{message_id}")
    if found is None:
        raise WebhookMessageUnknown(id=str(message_id))
    head, body, tries = found
    base = f"/desk/webhooks/{webhook_id}"
    again = Form(action=f"{base}/messages/{message_id}/replay", submit=Words("重新投递", "Deliver again"), quiet=True)
    may = not caller.scope_for(Kind.TOKEN, Verb.WRITE).is_empty
    about = Section(
        id="message",
        title=EVENT_WORDS[head.type],
        facts=(
            (Words("编号（webhook-id）", "Id (webhook-id)"), Cell(text=str(head.message_id))),
            (Words("时间", "When"), Cell(moment=head.made_at)),
            (STATE, Cell(words=MESSAGE_STATE_WORDS[head.state], tone=_TONES[head.state])),  # type: ignore[arg-type]
            (Words("内容", "Body"), Cell(text=body)),
        ),
        forms=(again,) if may and head.state is not MessageState.WAITING else (),
        links=((base, Words("这个推送", "This webhook")),),
    )
    table = Section(
        id="tries",
        title=Words("每次尝试", "Every try"),
        columns=(
            Words("次", "Try"),
            Words("时间", "When"),
            Words("答复", "Answer"),
            Words("用时", "Took"),
            Words("答复内容（前 1 KB）", "What it said (1 KB)"),
        ),
        rows=tuple(
            Row(
                id=str(each.number),
                cells=(
                    Cell(text=str(each.number)),
                    Cell(moment=each.at),
                    _answer_cell(each),
                    Cell(text=f"{each.took_ms:,} ms"),
                    Cell(text=each.answer or "-"),
                ),
            )
            for each in tries
        ),
        empty=Words("还没有尝试；几秒后刷新。", "Not tried yet; look again in a few seconds."),
    )
    here = f"{base}/messages/{message_id}"
    return show_sheet(request, caller, TITLE, (about, table), here=here, **said_)


def _asked(fields: dict[str, str], now: datetime) -> tuple[datetime, datetime, bool]:
    """Return the days of a form as moments, in the time of the country; what is no day is today."""

    def day(name: str) -> datetime:
        try:
            found = datetime.strptime(fields.get(name, ""), "%Y-%m-%d").replace(tzinfo=LOCAL)
        except ValueError:
            found = now.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
        return found.astimezone(UTC)

    return day("since"), day("until") + timedelta(days=1), fields.get("failed_only") == "yes"


def _state_cell(webhook: Webhook) -> Cell:
    tone: Literal["ok", "stop"] = "ok" if webhook.state is WebhookState.ACTIVE else "stop"
    return Cell(words=WEBHOOK_STATE_WORDS[webhook.state], tone=tone)


def _answer_cell(last: Try | None) -> Cell:
    if last is None:
        return Cell(text="-")
    if last.trouble is not None:
        return Cell(words=TROUBLE_WORDS[Trouble(last.trouble)])
    return Cell(text=str(last.status))


def _joined(words: list[Words]) -> Words:
    return Words("、".join(each.zh for each in words), "; ".join(each.en for each in words))
