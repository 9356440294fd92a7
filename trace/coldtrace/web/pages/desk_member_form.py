"""What the desk's pages of people and of tokens share: the fields of a role and of rights, and how roles are shown."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.parties import store as parties_store
from coldtrace.parties.directory import glns_within
from coldtrace.parties.model import Operator, Site
from coldtrace.people.model import Membership
from coldtrace.rights.model import PERSON_ROLE_WORDS, Kind, Reader, Role, Verb
from coldtrace.rights.rules import FIRMS, RULES, scope_of
from coldtrace.web.access import Caller
from coldtrace.web.pages.desk_form import ROLE, USCC
from coldtrace.web.pages.sheet import Cell, Choice, Field
from coldtrace.web.pages.views import Bilingual

KIND_WORDS: dict[Kind, Words] = {
    Kind.STATEMENT: Words("记录", "Statements"),
    Kind.PIECES: Words("记录原文", "Exact texts of statements"),
    Kind.UNIT: Words("货物", "Goods"),
    Kind.CASE: Words("异常", "Cases"),
    Kind.COMPLAINT: Words("投诉", "Complaints"),
    Kind.CONSIGNMENT: Words("进口批次", "Consignments"),
    Kind.PAPER: Words("单证", "Papers"),
    Kind.PAPER_CHECK: Words("单证核验", "Checking papers"),
    Kind.POLICY: Words("单证规则", "Policies of papers"),
    Kind.RUN: Words("赋码批", "Code runs"),
    Kind.ROLL: Words("标签卷", "Label rolls"),
    Kind.CODE: Words("追溯码", "Codes"),
    Kind.WORK: Words("设备离线数据", "What devices need offline"),
    Kind.GATEWAY: Words("通过网关陈述", "Speaking through the gateway"),
    Kind.DEVICE: Words("设备", "Devices"),
    Kind.SITE: Words("场所名录", "Directory of sites"),
    Kind.ORGANISATION: Words("单位", "Organisations"),
    Kind.PERSON: Words("人员", "People"),
    Kind.ACCOUNT: Words("账号关闭与恢复", "Closing and reopening accounts"),
    Kind.TOKEN: Words("令牌", "Tokens"),
    Kind.JOURNAL: Words("审计日志", "The journal"),
    Kind.LOG_ENTRIES: Words("公开日志条目", "Entries of the log"),
    Kind.METRICS: Words("运行指标", "Measurements of the service"),
}
VERB_WORDS: dict[Verb, Words] = {Verb.READ: Words("查看", "see"), Verb.WRITE: Words("更改", "change")}
SITES = Words("仅限场所（GLN，空格分隔）", "Only these sites (GLNs, with blanks between)")


def rights_field(caller: Caller, *, every: bool = False) -> Field:
    """Return the boxes that narrow a token: of the rights that the caller has, or of `every` one there is."""
    offered = [right for right in RULES if every or not caller.scope_for(*right).is_empty]
    return Field(
        name="right",
        label=Words("只给部分权限（不选即全部）", "Only some rights (none ticked: all)"),
        kind="checks",
        required=False,
        choices=tuple(
            Choice(
                value=f"{kind}:{verb}",
                label=Words(
                    f"{KIND_WORDS[kind].zh}：{VERB_WORDS[verb].zh}", f"{KIND_WORDS[kind].en}: {VERB_WORDS[verb].en}"
                ),
            )
            for kind, verb in offered
        ),
    )


def ticked_rights(fields: dict[str, str]) -> list[str] | None:
    """Return the rights whose boxes are ticked, None for none: a token with all."""
    return [name.removeprefix("right.") for name in fields if name.startswith("right.")] or None


def named_sites(fields: dict[str, str]) -> list[str] | None:
    """Return the sites of a form, None for all of them."""
    named = [part for part in fields.get("sites", "").replace(",", " ").replace("，", " ").split() if part]
    return named or None


def is_administrator(caller: Caller) -> bool:
    """Tell whether the caller is an administrator of the platform."""
    return any(each.role is Role.ADMINISTRATOR for each in caller.reader.members)


def member_fields(fields: dict[str, str]) -> dict[str, Any]:
    """Return what a form says of a role, as the API takes it."""
    return {
        "organisation": fields.get("organisation", ""),
        "role": fields.get("role", ""),
        "sites": named_sites(fields),
        "area": fields.get("area") or None,
        "manages": fields.get("manages") == "yes",
    }


def firms_of(session: Session, held: Iterable[Membership]) -> dict[UUID, Operator]:
    """Return the organisations of these roles."""
    wanted = {each.operator_id for each in held if each.operator_id is not None}
    return {each.operator_id: each for each in parties_store.operators_by_id(session, wanted)}


def own_firms(session: Session, caller: Caller) -> list[Operator]:
    """Return the caller's organisations, by credit code."""
    wanted = {each.operator_id for each in caller.reader.members if each.operator_id is not None}
    return sorted(parties_store.operators_by_id(session, wanted), key=lambda each: each.uscc)


def own_sites(session: Session, caller: Caller) -> dict[str, Site]:
    """Return the sites of the caller's firms, as far as the caller's roles reach, by GLN."""
    # An authority's own sites are no firm's: a token for one of them would have no right at all (`members.at_sites`).
    firms = Reader(members=tuple(each for each in caller.reader.members if each.role in FIRMS))
    scope = scope_of(firms, Kind.WORK, Verb.READ)
    if scope.is_empty:
        return {}
    sites = {site.gln: site for site in parties_store.sites(session)}
    return {gln: sites[gln] for gln in sorted(glns_within(session, list(sites), scope=scope))}


def role_cell(each: Membership | None) -> Cell:
    """Return a role as a table shows it."""
    if each is None:
        return Cell(text="-")
    words = PERSON_ROLE_WORDS[each.role]
    more_zh = "".join(
        (
            f"（区域 {each.area or '全国'}）" if each.area is not None else "",
            f"（仅 {len(each.sites)} 个场所）" if each.sites is not None else "",
            "，可管理" if each.manages else "",
        )
    )
    more_en = "".join(
        (
            f" (area {each.area or 'whole country'})" if each.area is not None else "",
            f" ({len(each.sites)} sites only)" if each.sites is not None else "",
            ", manages" if each.manages else "",
        )
    )
    return Cell(words=Words(words.zh + more_zh, words.en + more_en))


def firm_cell(each: Membership | None, firms: dict[UUID, Operator]) -> Cell:
    """Return the organisation of a role as a table shows it."""
    if each is None or each.operator_id is None:
        return Cell(text="-")
    firm = firms[each.operator_id]
    return Cell(name=Bilingual(zh=firm.name_zh, en=firm.name_en), text=firm.uscc)


def member_form(caller: Caller, own: list[Operator]) -> tuple[Field, ...]:
    """Return the fields of a role: an administrator may give any, everybody else what they have."""
    roles = list(Role) if is_administrator(caller) else [each for each in Role if each in _managed(caller)]
    return (
        Field(
            name="organisation",
            label=USCC,
            value=own[0].uscc if own else "",
            help=None if not own else Words("默认为本单位", "Your own unless you change it"),
        ),
        Field(
            name="role",
            label=ROLE,
            kind="select",
            choices=tuple(Choice(value=role.value, label=PERSON_ROLE_WORDS[role]) for role in roles),
        ),
        Field(
            name="sites",
            label=SITES,
            required=False,
        ),
        Field(
            name="area",
            label=Words("区域代码（监管、海关）", "Area (regulators, customs)"),
            required=False,
            help=Words("例如 12 为天津市，120116 为滨海新区", "12 is Tianjin, 120116 Binhai"),
        ),
        Field(
            name="manages",
            label=Words("可管理本单位的人员、设备和令牌", "May manage people, devices and tokens"),
            kind="check",
        ),
    )


def _managed(caller: Caller) -> set[Role]:
    return {each.role for each in caller.reader.members if each.manages}
