"""Answers about people that a caller can act on."""

from coldtrace.errors import Refusal, Words


class PersonUnknown(Refusal):
    """Nobody has this id, or nobody whom the caller may see."""

    code = "person_unknown"
    title = Words("没有此人", "No such person")
    detail = Words("没有编号为 {id} 的人员。请核对编号。", "There is no person with the id {id}. Check the id.")


class LastAdministrator(Refusal):
    """Without this person nobody could keep people, devices and keys any more."""

    code = "last_administrator"
    title = Words("最后一名管理员", "The last administrator")
    detail = Words(
        "{id} 是平台最后一名在用的管理员，不能移除。请先指定另一名管理员：coldtrace admin create。",
        "{id} is the last active administrator of the platform and stays. Make another one first:"
        " coldtrace admin create.",
    )
