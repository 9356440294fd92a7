"""Why something is not done with a case."""

from coldtrace.errors import Refusal, Words


class CaseUnknown(Refusal):
    """There is no such case, or the caller does not see it."""

    code = "case_unknown"
    title = Words("没有该异常", "No such case")
    detail = Words("没有编号为 {id} 的异常。请核对编号。", "There is no case {id}. Check the id.")


class CaseClosed(Refusal):
    """The case was closed before."""

    code = "case_closed"
    title = Words("该异常已结案", "The case is closed")
    detail = Words(
        "异常 {id} 已结案（{state}），未作更改。请刷新清单。",
        "The case {id} is closed ({state}); nothing was changed. Load the list again.",
    )


class CaseTaken(Refusal):
    """Somebody else works on it."""

    code = "case_taken"
    title = Words("已有人处理", "Somebody has taken it")
    detail = Words(
        "异常 {id} 正由另一人处理。请与对方联系，或由监管部门接手。",
        "Somebody else has taken the case {id}. Speak to them, or have a regulator take it over.",
    )


class AssigneeUnfit(Refusal):
    """Whoever was named may not work on the case."""

    code = "assignee_unfit"
    title = Words("此人不能处理该异常", "This person cannot work on it")
    detail = Words(
        "人员 {person} 无权处理异常 {id}，未作更改。请另选一人，或先授予其相应角色。",
        "The person {person} has no right to work on the case {id}; nothing was changed. Choose somebody else, or give"
        " them a role for it first.",
    )


class NothingChosen(Refusal):
    """A form for many cases came without any."""

    code = "nothing_chosen"
    title = Words("没有选中异常", "No case was chosen")
    detail = Words("没有选中任何异常。请勾选后再试。", "No case was chosen. Tick the boxes first, then try again.")


class NotAResolution(Refusal):
    """The statement does not settle a case of this kind."""

    code = "not_a_resolution"
    title = Words("该记录不能结案", "The statement does not settle it")
    detail = Words(
        "类型为 {type} 的记录不能处理此类异常（{kind}）。可用类型：{types}。",
        "A statement of type {type} does not settle a case of this kind ({kind}). These do: {types}.",
    )


class ResolutionUnrelated(Refusal):
    """The statement is older than the case, was blocked, or is about something else."""

    code = "resolution_unrelated"
    title = Words("该记录与异常无关", "The statement is about something else")
    detail = Words(
        "记录 {statement} 不能结案（{why}）。请扫描有关货物，作出新的记录。",
        "The statement {statement} does not settle the case ({why}). Scan the goods in question and state it anew.",
    )


class ExplanationUnfit(Refusal):
    """A case of this kind is not closed by a word, or not by this one."""

    code = "explanation_unfit"
    title = Words("不能这样说明", "Not to be explained so")
    detail = Words(
        "此类异常（{kind}）不能以 {note} 结案。可用：{notes}。涉及货物的异常须由新的记录结案。",
        "A case of this kind ({kind}) is not closed by {note}. Possible: {notes}. Cases about goods need a new"
        " statement.",
    )


class NotAPartyOfCase(Refusal):
    """The organisation has nothing to do with the case."""

    code = "not_a_party_of_case"
    title = Words("与该异常无关的单位", "Not a party of the case")
    detail = Words(
        "单位 {uscc} 与异常 {id} 无关，不能移交给它。请移交给有关各方之一。",
        "The organisation {uscc} has nothing to do with the case {id}. Hand it to one of its parties.",
    )


class NotTheOffice(Refusal):
    """The case is another office's: whoever is merely concerned does not take, close or pass it on."""

    code = "not_the_office"
    title = Words("不是责任单位", "Not the office of this case")
    detail = Words(
        "异常 {id} 由责任单位或其辖区监管部门处理。您可以扫描有关货物作出新的记录，作为依据交给对方。",
        "The case {id} is for its office and the regulator of its area to take, close or hand over. State what is so by"
        " scanning the goods, and tell them the statement.",
    )


class ProposalUnfit(Refusal):
    """There is no such proposal, or not any more, or not for the caller."""

    code = "proposal_unfit"
    title = Words("该一键处理不可用", "Not to be done at one press")
    detail = Words(
        "异常 {id} 没有可用的一键处理 {proposal}：情况已变，或您无权代该场所作记录。请刷新页面。",
        "The case {id} has no proposal {proposal} for you: things have changed, or you do not speak for that site. Load"
        " the page again.",
    )
