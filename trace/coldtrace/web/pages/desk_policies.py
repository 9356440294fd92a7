"""The desk's page of policies: which papers a shipment needs, what is in force, and adding a version.

It does what `web/api/paper_policies.py` does, by the same functions and rights.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.goods import paper_policies
from coldtrace.goods.paper_rules import (
    CHANNEL_WORDS,
    NEED_LEVEL_WORDS,
    PAPER_KIND_WORDS,
    TEMPERATURE_WORDS,
    Channel,
    NeedLevel,
    PaperKind,
    PaperPolicy,
    PaperState,
    Temperature,
)
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.paper_policies import PolicyIn, add
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk_form import PAGE, STATE, answer, change, read_fields, show_sheet
from coldtrace.web.pages.paper_sections import small
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section
from coldtrace.web.pages.views import Bilingual
from coldtrace.working_days import LOCAL

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, page_needs(Kind.POLICY, Verb.READ)]
Writer = Annotated[Caller, page_needs(Kind.POLICY, Verb.WRITE)]

TITLE = Words("单证规则", "Paper policies")
POLICY, FOR_WHAT = Words("规则", "Policy"), Words("适用范围", "For what")
NEEDS, VERSION = Words("需要的单证", "Papers it asks for"), Words("版本", "Version")
BEGINS, ENDS = Words("生效", "Begins"), Words("失效", "Ends")
NOTHING_SET = Words("不限", "Everything")
LEAST_WORDS: Mapping[PaperState, Words] = {
    PaperState.DECLARED: Words("", ""),
    PaperState.CHECKED: Words("，须经核对", ", checked"),
    PaperState.VERIFIED: Words("，须经核实", ", verified"),
}


@router.get("/desk/policies")
def policies_page(request: Request, caller: Reader, after: UUID | None = None) -> Response:
    """Show which papers a shipment needs now, and every version that there was."""
    return _policies(request, caller, after=after)


@router.post("/desk/policies")
def post_policy(request: Request, caller: Writer, body: Body) -> Response:
    """Add a version."""

    def work(session: Session) -> None:
        said = read_fields(PolicyIn, _read(form_fields(request, body)))
        add(session, request.app.state.env, caller, said)

    return answer(request, caller, change(request, caller, work), _policies)


def _read(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return a form's fields as the API takes them: boxes as lists, a choice for each kind of paper as a need."""
    needs = [
        {"kind": kind.value, "level": level, "least": least}
        for kind in PaperKind
        for level, _, least in (fields.get(f"need-{kind.value}", "").partition("."),)
        if level
    ]
    found: dict[str, Any] = {name: fields.get(name, "").strip() for name in ("name", "title_zh", "title_en", "begins")}
    found |= {
        "origins": fields.get("origins", "").upper().replace(",", " ").replace("、", " ").split(),
        "hs_chapters": fields.get("hs_chapters", "").replace(",", " ").replace("、", " ").split(),
        "channels": [each.value for each in Channel if fields.get(f"channels.{each.value}") == "yes"],
        "temperatures": [each.value for each in Temperature if fields.get(f"temperatures.{each.value}") == "yes"],
        "needs": needs,
        "until": fields.get("until", "").strip() or None,
    }
    return found


def _policies(request: Request, caller: Caller, *, after: UUID | None = None, **said: Any) -> Response:
    now = request.app.state.env.clock()
    may = not caller.scope_for(Kind.POLICY, Verb.WRITE).is_empty
    with request.app.state.sessions() as session:
        current = paper_policies.policies_in_force(session, now)
        found = paper_policies.list_policies(session, after=after, limit=PAGE)
    caller.told(rows=len(found))
    in_force = {each.policy_id for each in current}
    sections = [
        Section(
            id="in-force",
            title=Words("现行规则", "In force now"),
            lead=Words(
                "首站出库时按此检查单证：缺少时提醒，或拦截。规则互不取代，同一单证以较严的为准。",
                "By these an out-scan at the first station is judged: without a paper it is remarked on, or stopped."
                " Policies stand beside each other; of one paper the stricter counts.",
            ),
            columns=(POLICY, FOR_WHAT, NEEDS, BEGINS, ENDS),
            rows=tuple(Row(id=each.name, cells=(_name(each), *_cells(each))) for each in current),
            empty=Words(
                "现在没有要求任何单证，出库不受单证限制。新增一条规则即可要求，例如冷冻肉类须有检验检疫证明。",
                "No paper is asked for now, and nothing is stopped for one. Add a policy to ask for some: frozen meat"
                " with its quarantine certificate, for instance.",
            ),
            links=(("/desk/near-expiry-rules", Words("各地临期标准", "Rules of near expiry, by city")),),
        ),
        Section(
            id="versions",
            title=Words("全部版本", "Every version"),
            lead=Words(
                "版本永久保存，不作修改；出库按当时有效的版本判断。",
                "Versions are kept for ever and never changed; an out-scan is judged by the one in force at that time.",
            ),
            columns=(POLICY, VERSION, STATE, FOR_WHAT, NEEDS, BEGINS, ENDS),
            rows=tuple(
                Row(
                    id=str(each.policy_id),
                    cells=(
                        _name(each),
                        Cell(text=str(each.version)),
                        _state(each, is_in_force=each.policy_id in in_force, is_coming=each.in_force_from > now),
                        *_cells(each),
                    ),
                )
                for each in found
            ),
            empty=Words("还没有任何版本。", "There is no version yet."),
            next_url=f"/desk/policies?after={found[-1].policy_id}" if len(found) == PAGE else None,
        ),
        *([_form(str((now.astimezone(LOCAL) + timedelta(days=1)).date()))] if may else []),
    ]
    return show_sheet(request, caller, TITLE, sections, here="/desk/policies", **said)


def _name(policy: PaperPolicy) -> Cell:
    return Cell(name=Bilingual(zh=policy.title.zh, en=policy.title.en), text=policy.name)


def _state(policy: PaperPolicy, *, is_in_force: bool, is_coming: bool) -> Cell:
    if is_in_force:
        return Cell(words=Words("现行", "In force"), tone="ok")
    return Cell(words=Words("尚未生效", "Still to come") if is_coming else Words("已不适用", "Past"))


def _cells(policy: PaperPolicy) -> tuple[Cell, Cell, Cell, Cell]:
    return (
        Cell(words=_for_what(policy)),
        Cell(words=_needs(policy)),
        Cell(moment=policy.in_force_from),
        Cell(text="-") if policy.in_force_until is None else Cell(moment=policy.in_force_until),
    )


def _for_what(policy: PaperPolicy) -> Words:
    scope = policy.scope
    parts = [
        *(CHANNEL_WORDS[each] for each in Channel if each in scope.channels),
        *(TEMPERATURE_WORDS[each] for each in Temperature if each in scope.temperatures),
        *(Words(f"原产地 {each}", f"from {each}") for each in sorted(scope.origins)),
        *(Words(f"商品编码 {each} 章", f"HS chapter {each}") for each in sorted(scope.hs_chapters)),
    ]
    if not parts:
        return NOTHING_SET
    return Words("；".join(each.zh for each in parts), "; ".join(each.en for each in parts))


def _needs(policy: PaperPolicy) -> Words:
    each_need = [
        Words(
            f"{PAPER_KIND_WORDS[each.kind].zh}（{NEED_LEVEL_WORDS[each.level].zh}{LEAST_WORDS[each.least].zh}）",
            f"{PAPER_KIND_WORDS[each.kind].en} ({NEED_LEVEL_WORDS[each.level].en.lower()}{LEAST_WORDS[each.least].en})",
        )
        for each in policy.needs
    ]
    return Words("；".join(each.zh for each in each_need), "; ".join(each.en for each in each_need))


def _form(begins: str) -> Section:
    choices = tuple(
        Choice(
            value=f"{level.value}.{least.value}",
            label=Words(
                f"{NEED_LEVEL_WORDS[level].zh}{LEAST_WORDS[least].zh}",
                f"{NEED_LEVEL_WORDS[level].en}{LEAST_WORDS[least].en}",
            ),
        )
        for level in NeedLevel
        for least in LEAST_WORDS
    )
    return Section(
        id="add",
        title=Words("新增版本", "Add a version"),
        lead=Words(
            "同名规则自生效日起由新版本取代；要停用，请新增一个带失效日的版本。范围留空表示不限。",
            "From its first day on it takes the place of earlier versions of its name; to end a policy, add a version"
            " with a last day. An empty scope is everything.",
        ),
        forms=(
            Form(
                action="/desk/policies",
                submit=Words("新增版本", "Add the version"),
                fields=(
                    Field(
                        name="name",
                        label=Words("代号", "Short name"),
                        help=Words(
                            "小写字母、数字、连字符，如 frozen-meat；用已有代号即为其新版本。",
                            "Small letters, digits, hyphens, such as frozen-meat; one that exists gets a new version.",
                        ),
                    ),
                    Field(name="title_zh", label=Words("中文名称", "Name in Chinese")),
                    Field(name="title_en", label=Words("英文名称", "Name in English")),
                    Field(name="begins", label=BEGINS, kind="date", value=begins),
                    Field(name="until", label=ENDS, kind="date", required=False),
                    Field(
                        name="channels",
                        label=Words("进口方式", "Channels"),
                        kind="checks",
                        required=False,
                        choices=tuple(Choice(value=each.value, label=CHANNEL_WORDS[each]) for each in Channel),
                    ),
                    Field(
                        name="temperatures",
                        label=Words("温区", "Temperature"),
                        kind="checks",
                        required=False,
                        choices=tuple(Choice(value=each.value, label=TEMPERATURE_WORDS[each]) for each in Temperature),
                    ),
                    Field(
                        name="origins",
                        label=Words("原产国（地区）", "Countries of origin"),
                        required=False,
                        help=Words("两位代码，空格分开，如 BR AU。", "Two letters each, with blanks between: BR AU."),
                    ),
                    Field(
                        name="hs_chapters",
                        label=Words("商品编码章", "HS chapters"),
                        required=False,
                        help=Words("前两位，空格分开，如 02 03。", "Two digits each, with blanks between: 02 03."),
                    ),
                    *(
                        Field(
                            name=f"need-{kind.value}",
                            label=Words(
                                f"要求：{PAPER_KIND_WORDS[kind].zh}", f"Asks for: {small(PAPER_KIND_WORDS[kind].en)}"
                            ),
                            kind="select",
                            required=False,
                            choices=(Choice(value="", label=Words("不需要", "Not asked for")), *choices),
                        )
                        for kind in PaperKind
                    ),
                ),
            ),
        ),
    )
