"""Answers of the log that a caller can act on."""

from coldtrace.errors import Refusal, Words


class NotLogged(Refusal):
    """There is no such entry."""

    code = "not_logged"
    title = Words("日志中没有该记录", "Not in the log")
    detail = Words("日志中没有编号 {id} 的记录。请核对编号。", "The log has no entry {id}. Check the identifier.")


class NotYetIncluded(Refusal):
    """The entry is stored and receipted, but no checkpoint covers it yet."""

    code = "not_yet_included"
    title = Words("尚未入树", "Not yet included")
    detail = Words(
        "记录 {id} 已保存，正在等待下一个检查点，请稍后再试。",
        "Entry {id} is stored and waits for the next checkpoint; try again in a moment.",
    )


class NoCheckpoint(Refusal):
    """No checkpoint of this size was ever signed."""

    code = "no_checkpoint"
    title = Words("没有该检查点", "No such checkpoint")
    detail = Words(
        "日志没有大小为 {size} 的检查点。请使用已发布的大小。",
        "The log has no checkpoint of size {size}. Use a published size.",
    )
