"""Answers about printing that a caller can act on."""

from coldtrace.errors import Refusal, Words


class PrintJobUnknown(Refusal):
    """There is no such print job."""

    code = "print_job_unknown"
    title = Words("没有该打印任务", "No such print job")
    detail = Words("没有编号为 {id} 的打印任务。请核对编号。", "There is no print job {id}. Check the identifier.")


class PrintJobBusy(Refusal):
    """Somebody is printing to this target right now."""

    code = "print_job_busy"
    title = Words("正在打印", "Printing right now")
    detail = Words(
        "目标 {target} 正有一个打印任务在进行。请等它结束后再试。",
        "A print job for {target} is at work right now. Wait until it has ended.",
    )


class RunAlreadySent(Refusal):
    """The whole run was handed to this printer before; a second set of stickers is for someone to decide."""

    code = "run_already_sent"
    title = Words("该批标签已发送过", "This run was sent before")
    detail = Words(
        "赋码批 {run} 的 {total} 张标签已全部发送到打印机 {printer}。个别补打请用 coldtrace labels reprint；"
        "确需从某张起重打，请加 --from N。",
        "All {total} labels of run {run} were sent to printer {printer} before. For single labels use "
        "coldtrace labels reprint; to print again from one on, add --from N.",
    )


class PrinterUnknown(Refusal):
    """The printer is not in the configuration; addresses are never taken from a caller."""

    code = "printer_unknown"
    title = Words("没有配置该打印机", "No such printer in the configuration")
    detail = Words(
        "打印机「{printer}」不在 COLDTRACE_PRINTERS 中（已配置：{known}）。请由管理员添加。",
        "The printer '{printer}' is not in COLDTRACE_PRINTERS (there are: {known}). Have an administrator add it.",
    )


class PositionOutOfRun(Refusal):
    """The run has no label with this number."""

    code = "label_position_unknown"
    title = Words("没有该序号的标签", "No label with that number")
    detail = Words(
        "赋码批共有 {total} 张标签，没有第 {number} 张。",
        "The run has {total} labels; there is no number {number}.",
    )


class CodeNotIssued(Refusal):
    """The text is no code that this installation gave out."""

    code = "code_not_issued"
    title = Words("没有签发过该码", "No such code was issued")
    detail = Words(
        "「{text}」不是本系统签发的码，或其导入已撤销。请扫描标签或输入短码。",
        "'{text}' is no code that this installation issued, or its import was undone. Scan the label or key in the "
        "short code.",
    )


class ReasonMissing(Refusal):
    """A reprint without a reason explains nothing to whoever reads the log."""

    code = "reprint_reason_missing"
    title = Words("缺少补打原因", "A reason is missing")
    detail = Words(
        "补打标签必须写明原因（1 到 {limit} 个字）。", "Say why the label is printed again (1 to {limit} characters)."
    )


class TooManyReprints(Refusal):
    """So many at once are a new print run, not replacements."""

    code = "too_many_reprints"
    title = Words("一次补打过多", "Too many labels at once")
    detail = Words(
        "一次最多补打 {limit} 张标签（收到 {count} 张）。", "At most {limit} labels at once; {count} were asked for."
    )


class PrintInterrupted(Refusal):
    """The service was stopped while it sent."""

    code = "print_interrupted"
    title = Words("打印被中断", "Printing was interrupted")
    detail = Words(
        "服务停止，打印任务 {id} 中断。重新发送会从下一张继续。",
        "The service stopped in the middle of print job {id}. Sending again goes on with the next label.",
    )


class CodeVoided(Refusal):
    """The code of this label was voided; it must never be on goods again."""

    code = "label_code_voided"
    title = Words("该码已作废", "The code is void")
    detail = Words(
        "第 {number} 张标签（{unit}）的码已作废，不能补打。请销毁这张标签，改用未作废的；打印整批时会自动跳过它。",
        "The code of label number {number} ({unit}) is void and is not printed again. Destroy the label and use one "
        "that is not void; printing the whole run leaves it out by itself.",
    )
