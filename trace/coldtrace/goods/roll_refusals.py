"""Answers about rolls, bindings and void codes that a caller can act on."""

from coldtrace.errors import Refusal, Words


class RollUnknown(Refusal):
    """There is no such roll."""

    code = "roll_unknown"
    title = Words("没有该卷", "No such roll")
    detail = Words("没有编号为 {id} 的卷标。请核对编号。", "There is no roll {id}. Check the identifier.")


class RollUnfinished(Refusal):
    """Not all codes of the roll exist yet, so nobody can vouch for its numbers."""

    code = "roll_unfinished"
    title = Words("卷标尚未签发完", "Roll not drawn to its end")
    detail = Words(
        "卷 {id} 的 {wanted} 个码只签发了 {drawn} 个。请先运行 coldtrace codes resume 续签，再试。",
        "Only {drawn} of the {wanted} codes of roll {id} exist. Run coldtrace codes resume, then try again.",
    )


class RollTooLong(Refusal):
    """More numbers than one roll may have."""

    code = "roll_too_long"
    title = Words("卷标数量超限", "Roll too long")
    detail = Words(
        "一卷应为 1 到 {limit} 个码，收到 {count}。请分成几卷。",
        "A roll has 1 to {limit} codes, got {count}. Draw several rolls.",
    )


class LotUnknown(Refusal):
    """No open consignment has such a lot."""

    code = "lot_unknown"
    title = Words("没有该批号", "No such lot")
    detail = Words(
        "没有已导入且未撤销的批号“{lot}”。请核对批号，或先导入装箱单。",
        "No import that stands has a lot “{lot}”. Check the lot, or import its packing list first.",
    )


class LotAmbiguous(Refusal):
    """Several lots have this name."""

    code = "lot_ambiguous"
    title = Words("批号不唯一", "Several lots of this name")
    detail = Words(
        "批号“{lot}”出现在多个批次中：{choices}。请同时给出批次编号（consignment）或商品条码（gtin）。",
        "Several lots are called “{lot}”: {choices}. Name the consignment or the GTIN too.",
    )


class BindNotPermitted(Refusal):
    """A device that may not state commissions wants to bind; binding says the same: these goods are of this lot."""

    code = "bind_not_permitted"
    title = Words("该设备无权绑定", "This device may not bind")
    detail = Words(
        "本设备未被授权赋码（commission），不能绑定卷标。请换用有此权限的设备，或由管理员用令牌绑定。",
        "This device may not commission, so it may not bind labels of rolls either. Use a device that may, or have an"
        " administrator bind with a token.",
    )


class NotOnRoll(Refusal):
    """The code was issued with its lot, or for a pallet."""

    code = "not_on_roll"
    title = Words("不是卷标", "Not a label of a roll")
    detail = Words(
        "{unit} 签发时已定批次，不能再绑定。请扫描预签发卷标上的码。",
        "{unit} was issued for its lot and cannot be bound. Scan a label of a pre-issued roll.",
    )


class CodeVoided(Refusal):
    """The label was voided."""

    code = "code_voided"
    title = Words("码已作废", "The code is void")
    detail = Words(
        "{unit}（卷上第 {number} 号）已作废，不能使用。请换一张标签，并销毁这张。",
        "{unit} (number {number} of its roll) is void. Use another label and destroy this one.",
    )


class RollOver(Refusal):
    """The time in which the roll may be bound is over."""

    code = "roll_over"
    title = Words("卷标已过绑定期", "The roll's time is over")
    detail = Words(
        "卷 {roll} 的第 {number} 号只能绑定到 {bind_until}。请用新卷标签，并作废此卷余号。",
        "Number {number} of roll {roll} could be bound until {bind_until}. "
        "Use labels of a newer roll and void the rest.",
    )


class OtherStation(Refusal):
    """The label belongs to one first station, the lot to another."""

    code = "other_station"
    title = Words("卷标属于另一首站", "Label of another station")
    detail = Words(
        "第 {number} 号卷标属于首站 {station}，批次“{lot}”属于 {lot_station}。请用本站的卷标。",
        "Label number {number} belongs to station {station}, the lot “{lot}” to {lot_station}. "
        "Use a roll of the lot's station.",
    )


class GtinDiffers(Refusal):
    """The label carries the GTIN of another product."""

    code = "gtin_differs"
    title = Words("商品条码不一致", "Another GTIN")
    detail = Words(
        "第 {number} 号卷标的商品条码是 {gtin}，批次“{lot}”是 {lot_gtin}。请换用该商品的卷标。",
        "Label number {number} carries GTIN {gtin}, the lot “{lot}” is of {lot_gtin}. Use a roll of that product.",
    )


class MalformedNumbers(Refusal):
    """The text names no numbers of the roll."""

    code = "malformed_numbers"
    title = Words("序号写法有误", "Malformed numbers")
    detail = Words(
        "“{text}” 不是该卷 1 到 {last} 之间的序号；写法如 17-23, 40。",
        "“{text}” does not name numbers from 1 to {last} of this roll; write them as 17-23, 40.",
    )
