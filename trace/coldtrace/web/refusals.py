"""What the door itself refuses, before any room is asked."""

from coldtrace.errors import Refusal, Words
from coldtrace.web.status_words import Status, advice_for


class BodyTooLarge(Refusal):
    """The body is longer than the setting allows."""

    code = "body_too_large"
    title = Words("内容过大", "Body too large")
    detail = Words("请求内容超过 {limit} 字节。请分批发送。", "The body exceeds {limit} bytes. Send it in parts.")


class MalformedPurpose(Refusal):
    """The purpose of a call cannot be kept."""

    code = "malformed_purpose"
    title = Words("用途无法读取", "The purpose cannot be read")
    detail = Words(
        "用途不含控制字符，最多 {limit} 个字；请求头 Coldtrace-Purpose 须为百分号编码的 UTF-8 文本。",
        "A purpose has no control characters and at most {limit} signs; the header Coldtrace-Purpose is percent-encoded"
        " UTF-8 text.",
    )


class PurposeRequired(Refusal):
    """An export, or a look at others' goods by an area, without its purpose."""

    code = "purpose_required"
    title = Words("请说明用途", "Say what it is for")
    detail = Words(
        "导出，以及监管、海关按辖区查阅，须说明用途，用途会记入审计日志。请加上请求头 Coldtrace-Purpose"
        "（百分号编码的 UTF-8 文本）；在页面上请填写查阅用途（/desk/purpose）。",
        "An export, and what regulators and customs see by their area, needs a purpose, which the journal keeps. Add"
        " the header Coldtrace-Purpose (percent-encoded UTF-8 text); on pages say it at /desk/purpose.",
    )


class PurposeMissing(Refusal):
    """The form about the purpose came without a reason."""

    code = "purpose_missing"
    title = Words("请填写事由", "Give a reason")
    detail = Words("请填写查阅的事由，文号可以不填。", "Say why you look; the document's number may be left out.")


class DemoNotReset(Refusal):
    """The demo's world stays as it is."""

    code = "demo_not_reset"
    title = Words("演示数据没有重置", "The demo was not reset")
    detail = Words("演示数据没有重置：{why_zh}。", "The demo was not reset: {why_en}.")


class TooManyRequests(Refusal):
    """One address asked too often without a token."""

    code = "too_many_requests"
    title = Words("请求过于频繁", "Too many requests")
    detail = Words(
        "未登录的访问每分钟最多 {limit} 次。请在 {retry_s} 秒后再试。",
        "At most {limit} requests a minute without a token. Try again in {retry_s} s.",
    )


class LabelsBusy(Refusal):
    """Making labels takes a processor each; the service does only so many at once."""

    code = "labels_busy"
    title = Words("正在生成其他标签", "Other labels are being made")
    detail = Words(
        "服务同时最多生成 {limit} 个标签文件。请在 {retry_s} 秒后再试，或使用 coldtrace labels make。",
        "The service makes at most {limit} label files at once. Try again in {retry_s} s, or use "
        "coldtrace labels make.",
    )


class WrongContentType(Refusal):
    """The body is of a type that this route does not read."""

    code = "wrong_content_type"
    title = Words("内容类型不支持", "Content type not supported")
    detail = Words(
        "此接口需要 {wanted}，收到的是 {got}。请设置 Content-Type。",
        "This needs {wanted} but got {got}. Set Content-Type.",
    )


class MalformedJson(Refusal):
    """The body is not JSON, or was cut off."""

    code = "malformed_json"
    title = Words("JSON 格式有误", "Malformed JSON")
    detail = Words(
        "第 {line} 行起不是完整的 JSON（可能被截断）。请重新发送。",
        "From line {line} on the body is not complete JSON (it may be cut off). Send it again.",
    )


class CountNotConfirmed(Refusal):
    """A whole run of labels is sent by whoever has seen how many they are."""

    code = "count_not_confirmed"
    title = Words("未确认张数", "The number of labels is not confirmed")
    detail = Words(
        "请核对张数，勾选确认后再发送。没有发送任何标签。",
        "Check how many labels it is and tick the box, then send. Nothing was sent.",
    )


class LabelOfAnotherRun(Refusal):
    """What is done on the page of a run is done with its own labels: another's was scanned by mistake."""

    code = "label_of_another_run"
    title = Words("不是这一批的标签", "A label of another run")
    detail = Words(
        "「{text}」是另一赋码批的标签。请在那一批的页面办理；这里没有做任何改动。",
        "'{text}' is a label of another code run. Do it on that run's page; nothing was changed here.",
    )


class MalformedForm(Refusal):
    """A form was cut off or is not one."""

    code = "malformed_form"
    title = Words("表单格式有误", "Malformed form")
    detail = Words(
        "上传的表单不完整或格式有误（可能被截断）。请重新上传。",
        "The uploaded form is incomplete or malformed (it may be cut off). Upload it again.",
    )


class ConcurrentChange(Refusal):
    """Somebody else changed the same thing at the same moment."""

    code = "concurrent_change"
    title = Words("同时有其他更改", "Changed at the same moment")
    detail = Words(
        "同一内容正被另一请求更改，本次未保存。请重新发送。",
        "Another request changed the same thing at the same moment; nothing of this one was kept. Send it again.",
    )


class TooManyItems(Refusal):
    """A batch holds more items than one call may."""

    code = "too_many_items"
    title = Words("一次提交的记录过多", "Too many items at once")
    detail = Words(
        "一次最多 {limit} 条，收到 {got} 条。请分批发送。", "At most {limit} at once, got {got}. Send them in parts."
    )


class InvalidRequest(Refusal):
    """A parameter or field has a wrong value."""

    code = "invalid_request"
    title = Words("请求参数有误", "Invalid request")
    detail = Words("参数 {where} 有误：{what}。", "The value of {where} is wrong: {what}.")


class PageNotFound(Refusal):
    """Nothing is at this address."""

    code = "not_found"
    title = Words("没有此页面", "Not found")
    detail = Words("没有 {path} 这个地址。请核对链接。", "There is nothing at {path}. Check the address.")


class MethodNotAllowed(Refusal):
    """The address does not take this method."""

    code = "method_not_allowed"
    title = Words("不支持的方法", "Method not allowed")
    detail = Words("{path} 不支持 {method}。", "{path} does not take {method}.")


class NotReady(Refusal):
    """The database does not answer."""

    code = "not_ready"
    title = Words("服务尚未就绪", "Not ready")
    detail = Words("数据库暂时不可用，请稍后再试。", "The database does not answer at the moment; try again soon.")


class Busy(Refusal):
    """More requests with statements wait already than the service lets wait; nothing of this one was looked at."""

    code = "busy"
    title = Words("服务繁忙", "Busy")
    detail = Words(
        "等待处理的提交过多，本次内容未处理，请在 {retry_s} 秒后原样重新提交。",
        "Too many uploads wait already. Nothing of this one was looked at; send it again, unchanged, in {retry_s} s.",
    )


class PagesBusy(Refusal):
    """More people wait for pages of codes than the service lets wait; nothing was looked up or counted."""

    code = "pages_busy"
    title = Words("查询繁忙", "Busy")
    detail = Words(
        "此刻查询的人过多，请在 {retry_s} 秒后重新扫码或刷新页面。",
        "Too many people are looking up codes at this moment. Scan again, or reload the page, in {retry_s} s.",
    )


class StreamsTaken(Refusal):
    """No place is left for a further stream of counts, or this session has its few already."""

    code = "streams_taken"
    title = Words("实时数字暂不可用", "No live numbers now")
    detail = Words(
        "同时更新的页面已达上限；页面上的数字仍然有效，{retry_s} 秒后可刷新再试。",
        "As many pages keep up by themselves as can. Its numbers are good; reload it in {retry_s} s to try again.",
    )


class CodeUnread(Refusal):
    """One of the codes that somebody entered is not one that goods here have; nothing was said of any."""

    code = "code_unread"
    title = Words("编码无法识别", "A code cannot be read")
    detail = Words(
        "第 {line} 个编码“{text}”不是本平台货物的有效编码（{why}）。请核对标签后改正；所有编码都还没有提交。",
        "Code {line}, “{text}”, is no good code of goods here ({why}). Check the label and correct it; none was sent.",
    )


class CodesMissing(Refusal):
    """No code was entered, or more than one page takes."""

    code = "codes_missing"
    title = Words("没有编码", "No code")
    detail = Words(
        "请输入或扫描 1 到 {limit} 个编码，每行一个；收到 {got} 个。",
        "Enter or scan 1 to {limit} codes, one a line; there were {got}.",
    )


class InternalError(Refusal):
    """A bug; the request id leads to it in the log."""

    code = "internal_error"
    title = Words("内部错误", "Internal error")
    detail = Words(
        "服务器出错，已记录（编号 {request_id}）。没有数据丢失，请稍后重试。",
        "The server failed; it was logged under {request_id}. Nothing was lost; try again later.",
    )


class NotAcceptable(Refusal):
    """The address has no such representation."""

    code = "not_acceptable"
    title = Words("没有该格式", "No such representation")
    detail = Words("此编码没有 {wanted} 格式的内容。", "This code has nothing to show as {wanted}.")


class LinkTypeUnknown(Refusal):
    """A code has no link of the type that was asked for."""

    code = "link_type_unknown"
    title = Words("没有这类链接", "No link of this type")
    detail = Words(
        "此编码没有 {wanted} 类链接。可用的有：{known}；全部链接用 linkType=linkset 查询。",
        "This code has no link of type {wanted}. There are: {known}; linkType=linkset tells them all.",
    )


class CodeRefused(Refusal):
    """A scanned code did not pass; `code` is the verdict word."""

    code = "refused_code"
    title = Words("编码未通过验证", "The code was refused")
    detail = Words(
        "{meaning_zh}请重新扫描标签；如仍失败，请勿购买并拨打 12315。",
        "{meaning_en} Scan the label again; if it fails again, do not buy and call 12315.",
    )

    def __init__(self, *, verdict: str) -> None:
        unregistered = verdict == Status.NOT_REGISTERED.value
        status = Status.NOT_REGISTERED if unregistered else Status.REFUSED
        meaning = advice_for(status, verdict=verdict).meaning
        super().__init__(verdict=str(verdict), meaning_zh=meaning.zh, meaning_en=meaning.en)
        self.verdict = str(verdict)


class WorkbookErrors(Refusal):
    """The workbook has faults; each is listed, and nothing was kept."""

    code = "workbook_errors"
    title = Words("装箱单有误", "The workbook has errors")
    detail = Words(
        "装箱单有 {count} 处错误，未导入任何内容。请按列表逐处更正后重新导入。",
        "The workbook has {count} errors; nothing was imported. Correct each one listed and import again.",
    )


class CodeNotFound(Refusal):
    """Nothing was issued under a keyed-in code."""

    code = "code_not_found"
    title = Words("没有这个编码", "No such code")
    detail = Words(
        "本平台没有签发过编码“{code}”。请逐字核对标签上的编码，或直接扫描二维码。",
        "No code “{code}” was issued here. Compare it sign by sign with the label, or scan the QR code.",
    )


class FilterUnknown(Refusal):
    """No filter of this id is kept here, perhaps not any more."""

    code = "filter_unknown"
    title = Words("没有这份筛查表", "No such filter")
    detail = Words(
        "没有编号为 {id} 的筛查表，可能已被新的替代；请先读取 /api/v1/filters。",
        "There is no filter {id}, perhaps a newer one has replaced it; read /api/v1/filters first.",
    )


class QuarantineUnknown(Refusal):
    """Nothing that was refused is kept under this hash, perhaps not any more."""

    code = "quarantine_unknown"
    title = Words("没有这份原文", "No such refused bytes")
    detail = Words(
        "没有编号为 {id} 的被拒收原文，可能已到期删除；请先读取 /api/v1/quarantine。",
        "No refused bytes {id} are kept, perhaps their time is over; read /api/v1/quarantine first.",
    )


class SignInRequired(Refusal):
    """The page is for people who are signed in; a browser is led to the form."""

    code = "sign_in_required"
    title = Words("请先登录", "Sign in first")
    detail = Words("此页面需要登录。登录后返回：{next}", "This page needs a sign-in; afterwards you return to {next}.")


class FormRefused(Refusal):
    """The form did not come from our own page, or its session has ended."""

    code = "form_refused"
    title = Words("表单已失效", "The form is no longer valid")
    detail = Words(
        "表单不是从本站页面提交的，或登录已结束。请返回页面、刷新后重试；请允许本站使用 Cookie。",
        "The form was not sent from a page of this site, or the session has ended. Go back, load the page again and"
        " retry; allow this site its cookies.",
    )


class ErasureUnconfirmed(Refusal):
    """The word that says that one means it was not typed."""

    code = "erasure_unconfirmed"
    title = Words("请确认删除", "Confirm the erasure")
    detail = Words(
        "未删除任何内容。删除个人信息无法撤销：请在确认栏输入“删除”。",
        "Nothing was erased. An erasure cannot be undone: type “erase” into the field beside the button.",
    )


class InsecureSignIn(Refusal):
    """In production passwords travel over TLS alone."""

    code = "insecure_sign_in"
    title = Words("连接未加密", "The connection is not encrypted")
    detail = Words(
        "正式环境只允许通过 https 登录。请使用 https 地址；管理员请检查代理是否发送 X-Forwarded-Proto。",
        "In production one signs in over https alone. Use the https address; administrators: see to it that the proxy"
        " sends X-Forwarded-Proto.",
    )
