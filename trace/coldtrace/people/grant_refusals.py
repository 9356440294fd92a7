"""Answers about memberships and tokens that a caller can act on."""

from coldtrace.errors import Refusal, Words


class GrantRefused(Refusal):
    """Nobody gives a role, a site, an area or a right that they do not have, or one that makes no sense."""

    code = "grant_refused"
    title = Words("不能授予此权限", "This cannot be granted")
    detail = Words(
        "只能在本单位授予自己拥有的角色，场所和区域不得超出自己的范围；监管和海关须填写区域，其他角色不填。"
        "需要更多权限请联系平台管理员。",
        "One grants one's own role in one's own organisation, for no other sites and no larger area; regulators and"
        " customs need an area, other roles have none. For more ask the platform's administrator.",
    )


class RightUnusable(Refusal):
    """A token was to be narrowed to a right that does not exist, or that its role has not."""

    code = "right_unusable"
    title = Words("权限不可用", "This right is of no use here")
    detail = Words(
        "“{right}”写错了，或角色 {role} 没有此项权限（标 * 的权限只有管理者才有）。写法如 unit:read，"
        "见 docs/guides/people-and-rights.md 的权限表。",
        "“{right}” is no right, or none that the role {role} has (those with * are for who manages). Write unit:read,"
        " say; docs/guides/people-and-rights.md has the table.",
    )


class MembershipUnknown(Refusal):
    """No membership has this id, as far as the caller may see."""

    code = "membership_unknown"
    title = Words("没有该任职", "No such membership")
    detail = Words(
        "没有编号为 {id} 的任职，或已结束。请核对人员清单。",
        "There is no membership {id}, or it has ended. Look at the list of people.",
    )


class TokenUnknown(Refusal):
    """No live token has this id, as far as the caller may see."""

    code = "token_unknown"
    title = Words("没有该令牌", "No such token")
    detail = Words(
        "没有编号为 {id} 的令牌，或已撤销。请核对令牌清单。",
        "There is no token {id}, or it was withdrawn. Look at the list of tokens.",
    )


class OrganisationUnknown(Refusal):
    """No organisation has this credit code, as far as the caller may see."""

    code = "organisation_unknown"
    title = Words("没有该单位", "No such organisation")
    detail = Words(
        "没有统一社会信用代码为 {uscc} 的单位。请核对代码，或先登记单位。",
        "No organisation has the credit code {uscc}. Check it, or register the organisation first.",
    )
