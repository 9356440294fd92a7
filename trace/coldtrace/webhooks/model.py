"""Nouns of webhooks: what is told, to whom, and how a delivery went (docs/guides/webhooks.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Role


class EventType(StrEnum):
    """What is told.  Each is a fact of the record; its row is written in the transaction of the fact."""

    CASE_OPENED = "case.opened"
    CASE_RESOLVED = "case.resolved"
    HOLD_ANNOUNCED = "hold.announced"
    RECALL_ANNOUNCED = "recall.announced"
    VOUCHER_SENT = "voucher.sent"
    VOUCHER_RECEIVED = "voucher.received"
    VOUCHER_MISMATCH = "voucher.mismatch"
    CONSIGNMENT_CODED = "consignment.coded"
    COMPLAINT_ACCEPTED = "complaint.accepted"
    DEVICE_REVOKED = "device.revoked"
    TEST = "webhook.test"


EVENT_WORDS: dict[EventType, Words] = {
    EventType.CASE_OPENED: Words("出现异常", "A case was opened"),
    EventType.CASE_RESOLVED: Words("异常结案", "A case was resolved or explained"),
    EventType.HOLD_ANNOUNCED: Words("货物被暂控", "Goods were put on hold"),
    EventType.RECALL_ANNOUNCED: Words("货物被召回", "Goods were recalled"),
    EventType.VOUCHER_SENT: Words("发货或退货", "Goods were sent, or sent back"),
    EventType.VOUCHER_RECEIVED: Words("收货", "Goods were received"),
    EventType.VOUCHER_MISMATCH: Words("收发数量不符", "What was received is not what was sent"),
    EventType.CONSIGNMENT_CODED: Words("批次赋码完成", "All codes of a consignment are drawn"),
    EventType.COMPLAINT_ACCEPTED: Words("受理投诉", "A complaint was accepted"),
    EventType.DEVICE_REVOKED: Words("设备被吊销（如遗失）", "A device was revoked: lost, say"),
    EventType.TEST: Words("测试", "A test"),
}

RIGHT_OF: Mapping[EventType, Kind] = MappingProxyType(
    {
        EventType.CASE_OPENED: Kind.CASE,
        EventType.CASE_RESOLVED: Kind.CASE,
        EventType.HOLD_ANNOUNCED: Kind.STATEMENT,
        EventType.RECALL_ANNOUNCED: Kind.STATEMENT,
        EventType.VOUCHER_SENT: Kind.STATEMENT,
        EventType.VOUCHER_RECEIVED: Kind.STATEMENT,
        EventType.VOUCHER_MISMATCH: Kind.CASE,
        EventType.CONSIGNMENT_CODED: Kind.RUN,
        EventType.COMPLAINT_ACCEPTED: Kind.COMPLAINT,
        EventType.DEVICE_REVOKED: Kind.DEVICE,
    }
)
"""Of what kind of thing an event tells: it goes only to whoever may read this thing.  A test is about nothing."""

LINKS: Mapping[EventType, tuple[str, str | None]] = MappingProxyType(
    {
        EventType.CASE_OPENED: ("/api/v1/cases/{id}", "/desk/cases/{id}"),
        EventType.CASE_RESOLVED: ("/api/v1/cases/{id}", "/desk/cases/{id}"),
        EventType.HOLD_ANNOUNCED: ("/api/v1/statements/{id}/pieces", None),
        EventType.RECALL_ANNOUNCED: ("/api/v1/statements/{id}/pieces", None),
        EventType.VOUCHER_SENT: ("/api/v1/vouchers/{id}", "/desk/vouchers/{id}"),
        EventType.VOUCHER_RECEIVED: ("/api/v1/statements/{id}/pieces", None),
        EventType.VOUCHER_MISMATCH: ("/api/v1/cases/{id}", "/desk/cases/{id}"),
        EventType.CONSIGNMENT_CODED: ("/api/v1/runs/{id}", "/desk/runs/{id}"),
        EventType.COMPLAINT_ACCEPTED: ("/api/v1/complaints/{id}", "/desk/complaints/{id}"),
        EventType.DEVICE_REVOKED: ("/api/v1/devices/{id}/chain", "/desk/devices/{id}"),
    }
)
"""Where the thing is read, by the API and on the desk: there rights are asked again."""


class WebhookState(StrEnum):
    """Whether a webhook is told anything."""

    ACTIVE = "active"
    DISABLED = "disabled"
    ENDED = "ended"


WEBHOOK_STATE_WORDS: dict[WebhookState, Words] = {
    WebhookState.ACTIVE: Words("使用中", "In use"),
    WebhookState.DISABLED: Words("已停止", "Stopped"),
    WebhookState.ENDED: Words("已删除", "Ended"),
}


class Stopped(StrEnum):
    """Why a webhook is told nothing any more."""

    GONE = "gone"
    FAILING = "failing"
    PAUSED = "paused"


STOPPED_WORDS: dict[Stopped, Words] = {
    Stopped.GONE: Words("接收方答复 410：此地址不再接收", "the receiver answered 410: it takes nothing any more"),
    Stopped.FAILING: Words("连续数日投递失败", "every try failed for days"),
    Stopped.PAUSED: Words("由本单位暂停", "your organisation paused it"),
}


class MessageState(StrEnum):
    """How far a message is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


MESSAGE_STATE_WORDS: dict[MessageState, Words] = {
    MessageState.WAITING: Words("待投递", "Waiting"),
    MessageState.DELIVERED: Words("已送达", "Delivered"),
    MessageState.FAILED: Words("投递失败", "Failed"),
}

RETRY_AFTER: tuple[timedelta, ...] = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""How long after each failed try the next one is: the schedule of the Standard Webhooks specification, three days."""
TRIES_MAX = len(RETRY_AFTER) + 1

ANSWER_BYTES_MAX = 1024
"""So much of an answer is kept: enough for an error's text."""
OVERLAP = timedelta(hours=24)
"""How long after a rotation messages carry the old secret's signature beside the new one's."""
WEBHOOKS_MAX = 20
"""Of one organisation: every fact is told to each."""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Where an organisation wants to be told what, with the role by which it may read it.

    `stopped` is why it is told nothing any more.  The secret is not here.
    """

    webhook_id: UUID
    operator_id: UUID
    role: Role
    sites: tuple[str, ...] | None
    area: str | None
    name: str
    url: str
    events: tuple[EventType, ...]
    state: WebhookState
    stopped: Stopped | None
    stopped_at: datetime | None
    made_at: datetime
    rotated_at: datetime | None
    waiting: int
    failed: int
    last_delivered_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try to deliver: the status that came back, or why none did; the first bytes of the answer."""

    number: int
    at: datetime
    status: int | None
    trouble: str | None
    answer: str
    took_ms: int


@dataclass(frozen=True, kw_only=True)
class Message:
    """One event on its way to one webhook; `last` is the latest try."""

    message_id: UUID
    type: EventType
    about: str
    made_at: datetime
    state: MessageState
    tries: int
    due_at: datetime | None
    last: Try | None


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A message that somebody delivers now.  `number` is which try it is."""

    message_id: UUID
    webhook_id: UUID
    url: str
    body: str
    number: int
    tries: int
    sealed: tuple[str, ...]
