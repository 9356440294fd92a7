"""Why a complaint is not taken in, or not gone on with."""

from coldtrace.errors import Refusal, Words


class ComplaintUnknown(Refusal):
    """There is no such complaint, or the caller does not see it."""

    code = "complaint_unknown"
    title = Words("没有该投诉", "No such complaint")
    detail = Words("没有编号为 {id} 的投诉。请核对编号。", "There is no complaint {id}. Check the id.")


class ReceiptUnknown(Refusal):
    """There is no complaint with this receipt number."""

    code = "receipt_unknown"
    title = Words("没有此回执号", "No such receipt number")
    detail = Words(
        "没有回执号为 {receipt} 的投诉。请按提交后显示的号码逐字核对，末位是校验码。",
        "There is no complaint with the receipt number {receipt}. Compare it with what was shown when you sent it; its"
        " last sign checks the others.",
    )


class ComplaintNotThere(Refusal):
    """A complaint is in another state than what somebody wants to do needs."""

    code = "complaint_not_there"
    title = Words("当前状态不能这样处理", "Not in this state")
    detail = Words(
        "投诉 {id} 的状态是 {state}，此操作需要 {wanted}。请刷新页面，未作更改。",
        "The complaint {id} is {state}, and this needs {wanted}. Load it again; nothing was changed.",
    )


class RespondentMissing(Refusal):
    """A result is to be published without the firm that it is about."""

    code = "respondent_missing"
    title = Words("请填写被投诉单位", "Name the firm")
    detail = Words(
        "公示须写明被投诉单位。请填写单位名称，或选择不公示。",
        "What is published names the firm complained about. Name it, or do not publish.",
    )


class NotPublished(Refusal):
    """A result that was never published is to be published no more."""

    code = "not_published"
    title = Words("未公示", "It is not published")
    detail = Words(
        "投诉 {id} 的结果没有公示，无需撤下。",
        "The result of complaint {id} is not published; there is nothing to take off.",
    )


class TooManyComplaints(Refusal):
    """A visitor complained often enough for a day."""

    code = "too_many_complaints"
    title = Words("今天的投诉已达上限", "Enough complaints for today")
    detail = Words(
        "今天从您这里已收到 {limit} 件投诉，本次未保存。请明天再试，或拨打 12315。",
        "{limit} complaints came from you today; this one was not kept. Try again tomorrow, or call 12315.",
    )


class TooManyFromNetwork(Refusal):
    """Enough was complained of from one network for a day, by however many browsers."""

    code = "too_many_from_network"
    title = Words("此网络今天的投诉已达上限", "Enough complaints from this network for today")
    detail = Words(
        "今天从您所用的网络已收到 {limit} 件投诉，本次未保存。请换用手机流量等其他网络提交，或明天再试，或拨打 12315。",
        "{limit} complaints came through your network today; this one was not kept. Send it through another one (say,"
        " mobile data), try again tomorrow, or call 12315.",
    )


class TooManyAlike(Refusal):
    """Enough was complained of one code, or without a genuine one, from one network for a day."""

    code = "too_many_alike"
    title = Words("此网络今天的同类投诉已达上限", "Enough complaints of this kind from this network for today")
    detail = Words(
        "今天从您所用的网络已收到 {limit} 件关于此码（或都没有有效编码）的投诉，本次未保存。"
        "请换用手机流量等其他网络提交，或明天再试，或拨打 12315。",
        "{limit} complaints about this code (or without any genuine one) came through your network today; this one was"
        " not kept. Send it through another one (say, mobile data), try again tomorrow, or call 12315.",
    )


class TooManyAboutCode(Refusal):
    """Enough was complained of one code for a day."""

    code = "too_many_about_code"
    title = Words("此码今天的投诉已达上限", "Enough complaints about this code for today")
    detail = Words(
        "今天已收到 {limit} 件关于此码的投诉，主管部门已能看到，本次未保存。请明天再试，或拨打 12315。",
        "{limit} complaints about this code came today, and its office sees them; this one was not kept. Try again"
        " tomorrow, or call 12315.",
    )


class TooManyUnproven(Refusal):
    """Enough was complained of in a day without a genuine code."""

    code = "too_many_unproven"
    title = Words("无有效追溯码的投诉今天已达上限", "Enough complaints without a genuine code for today")
    detail = Words(
        "没有本平台有效追溯码的投诉每天最多 {limit} 件，本次未保存。请扫描包装上的追溯码后投诉，或拨打 12315。",
        "At most {limit} complaints a day are taken without a genuine code of this platform; this one was not kept."
        " Scan the code on the package and complain from its page, or call 12315.",
    )


class PhotoUnreadable(Refusal):
    """The file is no picture that we read."""

    code = "photo_unreadable"
    title = Words("照片无法读取", "The photo cannot be read")
    detail = Words(
        "所选文件不是可读取的照片。请选择 JPEG、PNG 或 WebP 照片（HEIC 请先转换），或不附照片提交。",
        "The file is no photo that can be read here. Choose a JPEG, PNG or WebP picture (convert HEIC first), or send"
        " without a photo.",
    )


class PhotosBusy(Refusal):
    """As many photos are being decoded, or wait for it, as may."""

    code = "photos_busy"
    title = Words("正在处理其他照片", "Other photos are being read")
    detail = Words(
        "同时处理的照片已达上限（{limit} 张），本次未保存。请在 {retry_s} 秒后重新选择照片提交，或不附照片提交。",
        "As many photos as can be ({limit}) are being read; this complaint was not kept. Choose the photo again and"
        " send it in {retry_s} s, or send without a photo.",
    )


class PhotoTooLarge(Refusal):
    """The photo has too many bytes or too many dots."""

    code = "photo_too_large"
    title = Words("照片过大", "The photo is too large")
    detail = Words(
        "照片最大 {mib} MB、{mpx} 百万像素。请选择小一些的照片，或不附照片提交。",
        "A photo has at most {mib} MB and {mpx} million dots. Choose a smaller one, or send without a photo.",
    )
