"""The desk's page of rules of near expiry by city, and adding one (`web/api/near_expiry_rules.py`)."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.custody.city_rules import NearExpiryRule
from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.near_expiry_rules import RuleIn, add, rules_behind
from coldtrace.web.api.place_lots import today_of
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk_form import PAGE, answer, change, read_fields, show_sheet
from coldtrace.web.pages.sheet import Cell, Choice, Field, Form, Row, Section

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, page_needs(Kind.POLICY, Verb.READ)]
Writer = Annotated[Caller, page_needs(Kind.POLICY, Verb.WRITE)]

TITLE = Words("临期标准", "Rules of near expiry")
AREA, SHELF = Words("区域代码", "Area"), Words("保质期（天，起）", "Shelf life from (days)")
BEFORE = Words("到期前（天）", "Days before the last one")
BEGINS, ENDS = Words("生效", "Begins"), Words("失效", "Ends")
CONFIRMED = Words("已与当地原文核对", "Compared with the city's own text")


@router.get("/desk/near-expiry-rules")
def rules_page(request: Request, caller: Reader, after: Annotated[str | None, Query(max_length=40)] = None) -> Response:
    """Show all rules."""
    return _rules(request, caller, after=after)


@router.post("/desk/near-expiry-rules")
def post_rule(request: Request, caller: Writer, body: Body) -> Response:
    """Add a rule."""

    def work(session: Session) -> None:
        fields = form_fields(request, body)
        said: dict[str, Any] = {name: fields.get(name, "").strip() for name in ("shelf_days_min", "days_before")}
        said |= {
            "area": fields.get("area", "").strip(),
            "begins": fields.get("begins", "").strip(),
            "until": fields.get("until", "").strip() or None,
            "confirmed": fields.get("confirmed") == "yes",
        }
        add(session, request.app.state.env, caller, read_fields(RuleIn, said))

    return answer(request, caller, change(request, caller, work), _rules)


def _rules(request: Request, caller: Caller, *, after: str | None = None, **said: Any) -> Response:
    today = today_of(request.app.state.env)
    may = not caller.scope_for(Kind.POLICY, Verb.WRITE).is_empty
    with request.app.state.sessions() as session:
        found = rules_behind(session, after, PAGE)
    caller.told(rows=len(found))
    sections = [
        Section(
            id="rules",
            title=Words("各地的标准", "By area"),
            lead=Words(
                "按场所的区划代码取最长的匹配区域，再取达到的最长保质期档。没有标准的地方只列出已过期的货物。",
                "Of the areas that a place's district begins with the longest counts, and of its rules that of the"
                " longest shelf life reached. Where there is none, only what is past its day is listed.",
            ),
            columns=(AREA, SHELF, BEFORE, BEGINS, ENDS, CONFIRMED),
            rows=tuple(Row(id=each.id, cells=_cells(each)) for each in found),
            empty=Words("还没有任何标准，只列出已过期的货物。", "There is none yet: only what is past is listed."),
            next_url=f"/desk/near-expiry-rules?after={found[-1].id}" if len(found) == PAGE else None,
        ),
        *([_form((today + timedelta(days=1)).isoformat())] if may else []),
    ]
    return show_sheet(request, caller, TITLE, sections, here="/desk/policies", **said)


def _cells(rule: NearExpiryRule) -> tuple[Cell, ...]:
    return (
        Cell(text=rule.area) if rule.area else Cell(words=Words("全国", "Everywhere")),
        Cell(text=str(rule.shelf_days_min)),
        Cell(text=str(rule.days_before)),
        Cell(text=rule.valid_from.isoformat()),
        Cell(text="-" if rule.valid_until is None else rule.valid_until.isoformat()),
        Cell(words=Words("是", "Yes"), tone="ok") if rule.confirmed else Cell(words=Words("尚未核对", "Not yet")),
    )


def _form(begins: str) -> Section:
    return Section(
        id="add",
        title=Words("新增标准", "Add a rule"),
        lead=Words(
            "自生效日起取代同一区域、同一保质期档的标准；生效日不能早于今天。",
            "From its first day on it takes the place of the one of its area and shelf life; that day is not past.",
        ),
        forms=(
            Form(
                action="/desk/near-expiry-rules",
                submit=Words("新增标准", "Add the rule"),
                fields=(
                    Field(
                        name="area",
                        label=AREA,
                        required=False,
                        help=Words(
                            "区划代码的开头：12 为天津市，120116 为滨海新区；留空为全国。",
                            "How district codes begin: 12 is Tianjin, 120116 Binhai; empty is everywhere.",
                        ),
                    ),
                    Field(name="shelf_days_min", label=SHELF, kind="number"),
                    Field(name="days_before", label=BEFORE, kind="number"),
                    Field(name="begins", label=BEGINS, kind="date", value=begins),
                    Field(name="until", label=ENDS, kind="date", required=False),
                    Field(
                        name="confirmed",
                        label=CONFIRMED,
                        kind="select",
                        choices=(
                            Choice(value="no", label=Words("尚未", "Not yet"), is_chosen=True),
                            Choice(value="yes", label=Words("已核对", "Yes")),
                        ),
                    ),
                ),
            ),
        ),
    )
