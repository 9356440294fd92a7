"""Why a declaration is not completed or corrected."""

from coldtrace.errors import Refusal, Words


class DeclarationFieldRefused(Refusal):
    """Something of the final declaration cannot be so."""

    code = "declaration_field_refused"
    title = Words("报关信息有误", "Something of the declaration cannot be so")
    detail = Words(
        "“{field}”不能是“{value}”。请照正式报关单填写；号码须为正式编号，不能是预录入编号。",
        "“{field}” cannot be “{value}”. Copy it from the final declaration; its number is the final one, not a"
        " pre-entry reference.",
    )


class DeclarationReasonMissing(Refusal):
    """A final declaration is corrected without a word."""

    code = "declaration_reason_missing"
    title = Words("请写明更正原因", "Say why")
    detail = Words(
        "批次 {id} 已有正式报关单，更正须写明原因。",
        "Consignment {id} has a final declaration; say why it is corrected.",
    )
