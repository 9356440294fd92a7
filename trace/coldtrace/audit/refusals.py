"""Why an audit could not run at all."""

from coldtrace.errors import Refusal, Words


class AuditDatabase(Refusal):
    """The database cannot be read."""

    code = "audit_database"
    title = Words("无法读取数据库", "The database cannot be read")
    detail = Words(
        "无法读取数据库（{reason}）。请检查地址和权限。",
        "The database cannot be read ({reason}). Check address and rights.",
    )


class AuditWorkerLost(Refusal):
    """A worker process was ended from outside, for want of memory most often."""

    code = "audit_worker_lost"
    title = Words("审计进程中断", "A worker of the audit was lost")
    detail = Words(
        "一个审计子进程被系统终止（多为内存不足），本次审计没有结论。请减少进程数（--processes 1）后重试。",
        "A worker process of the audit was ended, most often for want of memory; there is no result. Try again with"
        " fewer of them (--processes 1).",
    )


class AuditBroke(Refusal):
    """A fault of the auditor's own: there is no result."""

    code = "audit_broke"
    title = Words("审计程序出错", "The auditor failed")
    detail = Words(
        "审计程序自身出错（{reason}），本次审计没有结论，日志好坏均未证明。请保留上方的错误信息并报告开发者。",
        "The auditor itself failed ({reason}): there is no result, and nothing was shown of the log, good or bad."
        " Keep the trace above and report it.",
    )


class NoSuchLog(Refusal):
    """There is no log of that name, or there are several."""

    code = "audit_no_such_log"
    title = Words("没有该日志", "No such log")
    detail = Words("请用 --log 指明一个日志；现有：{names}。", "Name one log with --log; there are: {names}.")


class SavedUnreadable(Refusal):
    """The auditor's own state cannot be used."""

    code = "audit_saved_unreadable"
    title = Words("无法使用已保存的状态", "The saved state cannot be used")
    detail = Words(
        "审计状态文件 {path} 无法使用（{reason}）。不要删除它：先查明原因，或改用备份。",
        "The auditor's state file {path} cannot be used ({reason}). Do not delete it: find out why, or take a backup.",
    )


class SinceUnknown(Refusal):
    """There is no saved frontier of that size."""

    code = "audit_since_unknown"
    title = Words("没有该起点", "No such start")
    detail = Words(
        "只能从上次保存的大小 {saved} 继续（--since {saved} 或 --since saved），或省略 --since 从头审计。",
        "An audit goes on from the size saved last, {saved} (--since {saved} or --since saved), or from the start"
        " without --since.",
    )


class SourceUnreachable(Refusal):
    """What is served cannot be read at all."""

    code = "audit_source_unreachable"
    title = Words("无法读取日志", "The log cannot be read")
    detail = Words(
        "无法读取 {what}（{reason}）。请检查地址和网络。",
        "{what} cannot be read ({reason}). Check address and network.",
    )


class KeyNeeded(Refusal):
    """Without a database somebody must say whose log it is."""

    code = "audit_key_needed"
    title = Words("需要日志的公钥", "The log's key is needed")
    detail = Words(
        "请用 --vkey 给出日志的公钥（来自公布的渠道，不要取自日志本身）。",
        "Give the log's key with --vkey (from where it was published, not from the log itself).",
    )
