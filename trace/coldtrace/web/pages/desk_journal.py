"""The desk's page of the journal: who did what and saw what of whom, and what for; as the API tells it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coldtrace.errors import Words
from coldtrace.journal import store
from coldtrace.journal.store import Asked
from coldtrace.parties import store as parties
from coldtrace.people.token_makers import names_within
from coldtrace.rights.model import PERSON_ROLE_WORDS, Kind, Role, Verb
from coldtrace.web.access import Caller, ReadSession
from coldtrace.web.api.journal import shown
from coldtrace.web.page_session import page_needs
from coldtrace.web.pages.desk_form import PAGE, show_sheet
from coldtrace.web.pages.desk_member_form import KIND_WORDS
from coldtrace.web.pages.sheet import Cell, Row, Section

router = APIRouter(include_in_schema=False)
JournalReader = Annotated[Caller, page_needs(Kind.JOURNAL, Verb.READ)]

ACT_WORDS: dict[str, Words] = {
    "read": Words("查看", "Saw"),
    "list": Words("列表", "Listed"),
    "export": Words("导出", "Exported"),
    "make": Words("新增", "Made"),
    "change": Words("更改", "Changed"),
    "delete": Words("删除", "Deleted"),
    "erase": Words("删除个人信息", "Erased"),
    "close": Words("关闭", "Closed"),
    "reopen": Words("恢复", "Reopened"),
    "withdraw": Words("撤销", "Withdrew"),
    "remove_second_step": Words("移除两步验证", "Took a second step away"),
    "say_purpose": Words("说明用途", "Said what for"),
    "invite": Words("邀请", "Invited"),
    "print": Words("打印标签", "Printed"),
    "reprint": Words("补打标签", "Printed again"),
    "void": Words("作废", "Voided"),
    "replay": Words("重新投递", "Had delivered again"),
    "draw": Words("赋码", "Drew codes"),
    "bind": Words("绑定", "Bound"),
    "undo": Words("撤销导入", "Took an import back"),
    "import": Words("导入", "Imported"),
    "sign_in": Words("登录", "Signed in"),
    "sign_out": Words("退出", "Signed out"),
}
"""Acts that are met most; another one stands as it is written."""


@router.get("/desk/journal")
def journal_page(
    request: Request, caller: JournalReader, session: ReadSession, after: UUID | None = None, act: str = ""
) -> Response:
    """Show acts of one's organisations and sites and about their data, newest first; with `act` of one sort alone."""
    only = act if act in ACT_WORDS else None
    found = store.list_records(session, caller.scope, Asked(after=after, limit=PAGE, act=only))
    caller.told(rows=len(found))
    firms = parties.operators_of_sites(session, caller.scope.sites)
    named = {each for record in found for each in (*record.operators, *record.subjects)}
    codes = {each.operator_id: each.uscc for each in parties.operators_by_id(session, named)}
    persons = {_person(record.actor) for record in found} - {None}
    names = names_within(
        session, [each for each in persons if each is not None], caller.scope_for(Kind.PERSON, Verb.READ)
    )
    rows = []
    for record in found:
        told = shown(record, caller.scope, codes, firms)
        rows.append(
            Row(
                id=str(record.record_id),
                cells=(
                    Cell(moment=record.at),
                    _who(told["actor"], names),
                    Cell(words=_roles(record.roles), text=", ".join(map(str, told["organisations"])) or None),  # type: ignore[call-overload]
                    Cell(words=ACT_WORDS.get(record.act), text=None if record.act in ACT_WORDS else record.act),
                    Cell(words=_kind(record.kind), text=record.object),
                    Cell(text=record.purpose or "-"),
                    Cell(text=", ".join(map(str, (*told["subjects"], *told["sites"]))) or "-"),  # type: ignore[misc]
                ),
            )
        )
    section = Section(
        id="journal",
        title=Words("记录", "Records"),
        lead=Words(
            "本单位做过的，以及别人对本单位数据做过、看过的。别的单位只显示单位、角色和用途，不显示人员。",
            "What your organisations did, and what others did with their data or saw of them. Of others you see"
            " organisation, role and purpose, not the person.",
        ),
        columns=(
            Words("时间", "When"),
            Words("谁", "Who"),
            Words("角色与单位", "Role and organisation"),
            Words("做了什么", "Did"),
            Words("对象", "What"),
            Words("用途", "What for"),
            Words("谁的数据", "Whose data"),
        ),
        rows=tuple(rows),
        empty=Words("还没有记录。", "No record yet."),
        next_url=f"/desk/journal?{f'act={only}&' if only else ''}after={found[-1].record_id}"
        if len(found) == PAGE
        else None,
        links=(("/desk/journal", Words("全部记录", "All records")),)
        if only
        else (("/desk/journal?act=export", Words("只看导出", "Only exports")),),
    )
    return show_sheet(request, caller, Words("审计日志", "Journal"), (section,))


def _person(actor: str) -> UUID | None:
    kind, _, id = actor.partition(":")
    return UUID(id) if kind == "person" else None


def _who(actor: object, names: dict[UUID, str]) -> Cell:
    if actor is None:
        return Cell(words=Words("其他单位的人员", "Somebody of another organisation"))
    person = _person(str(actor))
    if person is not None:
        return Cell(text=names[person]) if person in names else Cell(text=str(actor))
    return Cell(text=str(actor))


def _roles(roles: tuple[str, ...]) -> Words | None:
    words = [PERSON_ROLE_WORDS[Role(each)] for each in roles if each in set(Role)]
    # Every role at once is a development token's.
    if not words or len(words) == len(Role):
        return None
    return Words("、".join(each.zh for each in words), ", ".join(each.en for each in words))


def _kind(kind: str) -> Words | None:
    return KIND_WORDS[Kind(kind)] if kind in set(Kind) else None
