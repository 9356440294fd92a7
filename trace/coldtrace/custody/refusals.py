"""Why a statement is not kept at all: only what no honest device sends."""

from coldtrace.errors import Refusal, Words


class DeviceUnknown(Refusal):
    """The key is not enrolled here."""

    code = "unknown_device"
    title = Words("设备未注册", "Device not enrolled")
    detail = Words(
        "签名密钥 {key} 未在此注册。请用邀请码注册设备：coldscan enrol。",
        "The signing key {key} is not enrolled here. Enrol the device with an invitation: coldscan enrol.",
    )


class DeviceRevoked(Refusal):
    """The key was revoked or retired."""

    code = "device_revoked"
    title = Words("设备密钥已吊销", "Device key revoked")
    detail = Words(
        "签名密钥 {key} 已吊销或停用。请联系管理员并重新注册设备。",
        "The signing key {key} was revoked or retired. Ask the administrator and enrol the device again.",
    )


class OtherInstallation(Refusal):
    """The statement belongs to another installation."""

    code = "other_network"
    title = Words("不属于本系统", "Belongs to another installation")
    detail = Words(
        "该记录属于另一套系统（net 不同）。请发送到它自己的服务器。",
        "The statement belongs to another installation (its net differs). Send it to its own server.",
    )


class IdConflict(Refusal):
    """The id is taken by a statement with other bytes."""

    code = "id_conflict"
    title = Words("编号冲突", "Id taken by other bytes")
    detail = Words(
        "编号 {id} 已被内容不同的记录使用。请保留本机记录并联系管理员。",
        "The id {id} was used before with other bytes. Keep the record and ask the administrator.",
    )


class UnitUnknown(Refusal):
    """Nothing is known of this unit."""

    code = "unit_unknown"
    title = Words("没有该货物", "No such unit")
    detail = Words(
        "没有 {unit} 的记录。请核对编号，或重新扫描标签。",
        "Nothing is recorded of {unit}. Check the identifier or scan the label again.",
    )


class StoryTooBig(Refusal):
    """So much was ever in or around a unit that its story is not told again for one question."""

    code = "story_too_big"
    title = Words("涉及的货物或记录过多", "Too many units or statements are concerned")
    detail = Words(
        "与 {unit} 有关的货物或记录超过 {limit} 条，无法查看其历史时点。请查询其中的一箱或一托，或更早的时点。",
        "More than {limit} units or statements have to do with {unit}, so it is not told as of another moment. Ask for"
        " one carton or pallet of it, or for an earlier moment.",
    )


class VoucherUnknown(Refusal):
    """There is no such out-scan, or it is for others."""

    code = "voucher_unknown"
    title = Words("没有该凭证", "No such voucher")
    detail = Words(
        "没有发给您或由您发出的出库凭证 {id}。请核对编号，或向发货方索取。",
        "No out-scan {id} was sent to you or by you. Check the id, or ask the sender for it.",
    )


class RefConflict(Refusal):
    """The caller's number is taken by other words."""

    code = "ref_conflict"
    title = Words("编号已用于其他内容", "Number taken by other words")
    detail = Words(
        "编号 {ref} 已用于内容不同的记录，本条未保存。更正请用 corrects，另一件事请用新的编号。",
        "The number {ref} was used before for other words; nothing was kept. To correct, use `corrects`; for something"
        " else, use a new number.",
    )


class GatewayTypeRefused(Refusal):
    """A gateway does not say this."""

    code = "gateway_type_refused"
    title = Words("网关不作此类记录", "Not for a gateway")
    detail = Words(
        "网关不能作 {type} 记录：它只关乎设备自己的记录链。",
        "A gateway does not say {type}: that is about a device's own chain.",
    )


class FactMalformed(Refusal):
    """A plain fact of a firm's own system is not written as it should be; `where` names the place and its content."""

    code = "fact_malformed"
    title = Words("事实写法有误", "A fact is written wrongly")
    detail = Words(
        "{where} 写法有误。请对照接口文档改正，再以同一 ref 重发；本条未保存。",
        "Wrong: {where}. See the API document, correct it, send it again under the same ref; nothing was kept.",
    )


class GatewayFieldReserved(Refusal):
    """The gateway writes this field itself."""

    code = "gateway_field_reserved"
    title = Words("该字段由网关填写", "The gateway writes this field")
    detail = Words(
        "字段 {field} 由网关填写，请从 fields 中去掉。",
        "The field {field} is written by the gateway; leave it out of `fields`.",
    )


class InCirculation(Refusal):
    """The label is on goods that were bound, moved or sold, so voiding it is not the right word."""

    code = "in_circulation"
    title = Words("标签已在用", "The label is in use")
    detail = Words(
        "{unit}（第 {number} 号）的状态是“{state_zh}”，不能作废。作废只用于从未贴上货物的标签；"
        "货物有问题请暂停销售或召回。",
        "{unit} (number {number}) is “{state_en}” and cannot be voided. Only labels that were never stuck on goods are "
        "void; hold or recall goods that are wrong.",
    )


class LabelBound(Refusal):
    """The label has a lot, so it may be on goods; somebody has to say that it is not."""

    code = "label_bound"
    title = Words("标签已绑定批次", "The label is bound to a lot")
    detail = Words(
        "{unit}（第 {number} 号）已绑定批次，可能已贴在货物上，没有作废任何标签。请找到这张标签；"
        "确认它不在货物上，再加 --bound（接口：“bound”: true）作废。",
        "{unit} (number {number}) is bound to a lot and may be on goods; nothing was voided. Find the label; if it is "
        "not on goods, void it with --bound (API: “bound”: true).",
    )


class NothingNamed(Refusal):
    """It is not said which labels to void."""

    code = "nothing_named"
    title = Words("未指定标签", "No labels named")
    detail = Words(
        "请给出一个标签的码，或同时给出 --roll 和 --numbers；两种方式只用一种。",
        "Name one label by its code, or numbers of a roll by --roll and --numbers; one way, not both.",
    )


class AmbiguousCode(Refusal):
    """The text can be read in two ways, and both name something here."""

    code = "ambiguous_code"
    title = Words("该码有两种读法", "The code can be read in two ways")
    detail = Words(
        "“{text}” 既可读作{one_zh}（{first}），也可读作{other_zh}（{second}），两者在此都有登记。"
        "请扫描标签上的二维码，不要键入。",
        "“{text}” can be read as {one_en} ({first}) and as {other_en} ({second}), and both are known here. "
        "Scan the QR code on the label instead of keying it in.",
    )
