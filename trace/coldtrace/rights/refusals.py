"""The one answer to whoever has not a right."""

from coldtrace.errors import Refusal, Words


class RightMissing(Refusal):
    """The caller has not this right, whatever the thing is."""

    code = "right_missing"
    title = Words("没有权限", "Not allowed")
    detail = Words(
        "您的角色没有此项权限（{right}）。如需使用，请让本单位的管理者或平台管理员授权。",
        "Your roles do not include this right ({right}). Ask whoever manages your organisation, or the platform's"
        " administrator.",
    )
