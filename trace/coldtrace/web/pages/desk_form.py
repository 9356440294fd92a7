"""What the desk's forms share: one transaction with its journal, the answer as a page, fields as the API reads them."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from coldtrace.errors import Refusal, Words
from coldtrace.people.model import PersonState
from coldtrace.seal.b64 import MalformedBase64, unb64
from coldtrace.web.access import Caller
from coldtrace.web.pages.desk_frame import frame_of
from coldtrace.web.pages.sheet import Section, SheetView
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.pages.sign_in import TEMPLATE, attempt_change, said
from coldtrace.web.problems import status_of, wants_page
from coldtrace.web.refusals import InvalidRequest

PAGE = 50
M = TypeVar("M", bound=BaseModel)

ACTION = Words("操作", "Action")
NAME = Words("名称", "Name")
USCC = Words("统一社会信用代码", "Credit code (USCC)")
ROLE = Words("角色", "Role")
STATE = Words("状态", "State")
SITE = Words("场所（GLN）", "Site (GLN)")
DONE = Words("已完成。", "Done.")
STATES: dict[str, Words] = {
    "active": Words("使用中", "In use"),
    "suspended": Words("已暂停（链分叉）", "Suspended (chain forked)"),
    "revoked": Words("已吊销", "Revoked"),
    "retired": Words("已停用", "Retired"),
    PersonState.INVITED.value: Words("已邀请，未设密码", "Invited, no password yet"),
    PersonState.CLOSED.value: Words("已关闭", "Closed"),
}


def change(request: Request, caller: Caller, work: Callable[[Session], None]) -> Refusal | None:
    """Do some work and write the journal in one transaction; a refusal leaves neither."""

    def recorded(session: Session) -> None:
        work(session)
        if caller.note is not None:
            caller.note.write(session)

    outcome = attempt_change(request, recorded)
    if outcome is not None and caller.note is not None:
        caller.note.drop()
    return outcome


def read_fields(model: type[M], fields: dict[str, Any]) -> M:
    # A form has more than the model: the session's token, fields of other forms' kind.
    try:
        return model.model_validate({name: value for name, value in fields.items() if name in model.model_fields})
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidRequest(where=".".join(str(part) for part in first["loc"]), what=first["msg"]) from None


def id_bytes(text: str, otherwise: type[Refusal]) -> bytes:
    try:
        return unb64(text)
    except MalformedBase64:
        raise otherwise(id=text[:64], key=text[:64]) from None


def answer(
    request: Request,
    caller: Caller,
    outcome: Refusal | None,
    page: Callable[..., Response],
    *,
    secret: str | None = None,
) -> Response:
    """Answer a form with `page(request, caller, ...)`, which says what came of it; only a page that is given a secret
    need take one."""
    if outcome is not None and not wants_page(request):
        raise outcome
    if outcome is not None:
        return page(request, caller, problem=said(outcome), status=status_of(outcome))
    return page(request, caller, notice=DONE, **({} if secret is None else {"secret": secret}))


def show_sheet(
    request: Request,
    caller: Caller,
    title: Words,
    sections: Iterable[Section],
    *,
    notice: Words | None = None,
    problem: Words | None = None,
    secret: str | None = None,
    status: int = 200,
    here: str | None = None,
    is_busy: bool = False,
) -> Response:
    query = request.scope["query_string"].decode("latin-1")
    query = "" if request.method != "GET" else query
    here = here or (request.url.path if request.method == "GET" else "/desk/" + request.url.path.split("/")[2])
    view = SheetView(
        here="/desk/people" if here == "/desk/memberships" else here + (f"?{query}" if query else ""),
        host=request.app.state.env.public_host,
        title=title,
        sections=tuple(sections),
        frame=frame_of(request, caller),
        notice=notice,
        problem=problem,
        secret=secret,
        wide=True,
        is_busy=is_busy,
    )
    answer = remember_language(request, show(request, TEMPLATE, view, status))
    answer.headers["Cache-Control"] = "no-store"
    return answer
