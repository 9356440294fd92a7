"""Answers about webhooks that a caller can act on."""

from coldtrace.errors import Refusal, Words


class WebhookUnknown(Refusal):
    """No webhook has this id, as far as the caller may see."""

    code = "webhook_unknown"
    title = Words("没有该推送", "No such webhook")
    detail = Words(
        "没有编号为 {id} 的推送，或已删除。请核对推送清单。",
        "There is no webhook {id}, or it was ended. Look at the list of webhooks.",
    )


class WebhookMessageUnknown(Refusal):
    """The webhook has no message of this id."""

    code = "webhook_message_unknown"
    title = Words("没有该消息", "No such message")
    detail = Words(
        "该推送没有编号为 {id} 的消息，或已超过保存期限。请核对投递清单。",
        "The webhook has no message {id}, or it was kept long enough. Look at the list of deliveries.",
    )


class WebhookUrlUnusable(Refusal):
    """The address may not be called."""

    code = "webhook_url_unusable"
    title = Words("推送地址不可用", "This address cannot be used")
    detail = Words(
        "推送地址须为 https://，不含用户名和“#”，最长 500 个 ASCII 字符，且不得是内网地址（原因：{reason}）。"
        "内网系统请平台管理员写入 COLDTRACE_WEBHOOK_INSIDE_HOSTS（docs/guides/webhooks.md）。",
        "A webhook's address begins with https://, has no user and no #, at most 500 ASCII signs, and is no address of"
        " a private network (reason: {reason}). For a system inside, the platform's administrator names it in"
        " COLDTRACE_WEBHOOK_INSIDE_HOSTS (docs/guides/webhooks.md).",
    )


class WebhookEventUnusable(Refusal):
    """The role of the webhook may not read what the event tells of."""

    code = "webhook_event_unusable"
    title = Words("该事件不可订阅", "This event is of no use here")
    detail = Words(
        "角色 {role} 无权读取事件“{event}”所指的内容。请只选该角色可读的事件。",
        "The role {role} may not read what “{event}” tells of. Choose events that this role may read.",
    )


class TooManyWebhooks(Refusal):
    """The organisation has as many as it may have."""

    code = "too_many_webhooks"
    title = Words("推送过多", "Too many webhooks")
    detail = Words(
        "每个单位最多 {limit} 个推送。请先删除不用的。",
        "An organisation has at most {limit}. End one that is not used.",
    )


class WebhookNotActive(Refusal):
    """A webhook that is stopped is told nothing."""

    code = "webhook_not_active"
    title = Words("推送已停止", "The webhook is stopped")
    detail = Words(
        "该推送已停止。请先修复接收方，再恢复推送。", "This webhook is stopped. Mend the receiver, then resume it."
    )
