"""The demo's own page: how old its world is, and the way back to a fresh one.  Only a service that runs a demo has it.

Whoever resets is an administrator of the demo.  What was signed is signed and keeps its dates, so a world that shall
be of today is made anew: other keys, a new database, the story told again (`cli/serve.py`).
"""

import logging
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Body, Caller
from coldtrace.web.demo_world import DemoWorld
from coldtrace.web.page_session import drop_session, form_fields, page_needs
from coldtrace.web.pages.desk_form import show_sheet
from coldtrace.web.pages.sheet import Cell, Field, Form, Section
from coldtrace.web.pages.sign_in import said
from coldtrace.web.problems import status_of
from coldtrace.web.refusals import DemoNotReset

router = APIRouter(include_in_schema=False)
DemoReader = Annotated[Caller, page_needs(Kind.ORGANISATION, Verb.WRITE, act="read")]
DemoKeeper = Annotated[Caller, page_needs(Kind.ORGANISATION, Verb.WRITE, act="reset")]

TITLE = Words("演示环境", "The demo")
log = logging.getLogger("coldtrace.web")


@router.get("/desk/demo")
def demo_page(request: Request, caller: DemoReader) -> Response:
    """Show how old the demo's world is, and what a reset does."""
    return _page(request, caller)


@router.post("/desk/demo/reset")
def post_reset(request: Request, caller: DemoKeeper, body: Body) -> Response:
    """Begin anew, once the box that says so is ticked; the sign-in page follows and waits for the new world."""
    demo: DemoWorld = request.app.state.demo
    refused = _refusal(demo, confirmed=form_fields(request, body).get("confirm") == "yes")
    if refused is not None:
        caller.drop()
        return _page(request, caller, problem=refused)
    assert demo.reset is not None, "it was looked at"
    demo.is_resetting = True
    log.warning("重置演示数据 / the demo is reset, by %s", caller.actor)
    demo.reset()
    answer = RedirectResponse("/sign-in", 303)
    # The session ends with its world: the sign-in page would lead back into what is going.
    drop_session(request, answer)
    return answer


def _refusal(demo: DemoWorld, *, confirmed: bool) -> DemoNotReset | None:
    if demo.reset is None:
        return DemoNotReset(
            why_zh="数据库由 COLDTRACE_DATABASE_URL 指定，不会被清空；请在该服务器上删除后重新启动",
            why_en="its database is that of COLDTRACE_DATABASE_URL, which is never wiped from here; drop it there and"
            " start again",
        )
    if demo.is_making or demo.is_resetting:
        return DemoNotReset(
            why_zh="演示数据正在建立，请稍候", why_en="its world is being made at this moment; wait for it"
        )
    if not confirmed:
        return DemoNotReset(why_zh="请先勾选确认", why_en="tick the box that says so first")
    return None


def _page(request: Request, caller: Caller, *, problem: DemoNotReset | None = None) -> Response:
    demo: DemoWorld = request.app.state.demo
    made = Cell(moment=demo.made_at) if demo.made_at else Cell(words=Words("正在建立", "being made"))
    reset = Form(
        action="/desk/demo/reset",
        submit=Words("重置演示数据", "Reset the demo"),
        fields=(
            Field(
                name="confirm",
                label=Words("清空现有数据，重新开始", "Wipe what is there and begin anew"),
                kind="check",
            ),
        ),
    )
    section = Section(
        id="reset",
        title=Words("重置", "Begin anew"),
        lead=Words(
            "企业、货物与人员都是虚构的。记录经签名，日期不能改；要得到“今天”的演示数据，就重新建立：此后做过的一切、设备登记、"
            "令牌和密钥全部清除，所有人重新登录。约需一两分钟，期间网页会等待。",
            "Firms, goods and people are invented. What was signed keeps its dates, so a world of today is made anew:"
            " everything done since, enrolled devices, tokens and keys go, and everybody signs in again. It takes a"
            " minute or two; pages wait meanwhile.",
        ),
        facts=((Words("演示数据建立于", "This world was made"), made),),
        forms=(reset,) if demo.reset is not None else (),
    )
    if problem is None:
        return show_sheet(request, caller, TITLE, (section,), here="/desk/demo")
    return show_sheet(
        request, caller, TITLE, (section,), problem=said(problem), status=status_of(problem), here="/desk/demo"
    )
