"""What whoever sees others' goods by an area looks for: asked once a session, changed whenever it changes."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.journal import service as journal
from coldtrace.journal.model import Act
from coldtrace.people.sessions import set_purpose
from coldtrace.rights.model import Kind
from coldtrace.web.access import Body, Caller
from coldtrace.web.journal import checked_purpose
from coldtrace.web.page_session import SignedIn, form_fields, own_path, secret_of
from coldtrace.web.pages.desk_form import show_sheet
from coldtrace.web.pages.sheet import Cell, Field, Form, Section
from coldtrace.web.pages.sign_in import attempt_change, said
from coldtrace.web.problems import status_of
from coldtrace.web.refusals import PurposeMissing

router = APIRouter(include_in_schema=False)
TITLE = Words("查阅用途", "What do you look for?")


@router.get("/desk/purpose")
def purpose_page(request: Request, caller: SignedIn, next: str = "/desk") -> Response:
    """Ask what somebody looks for."""
    return _page(request, caller, next=own_path(next))


@router.post("/desk/purpose")
def post_purpose(request: Request, caller: SignedIn, body: Body) -> Response:
    """Keep it with the session, and go on to where somebody wanted to."""
    fields = form_fields(request, body)
    next = own_path(fields.get("next", ""))

    def work(session: Session) -> None:
        reason, document = (fields.get(name, "").strip() for name in ("reason", "document"))
        if not reason:
            raise PurposeMissing()
        purpose = checked_purpose(f"{reason} · {document}" if document else reason)
        assert purpose is not None, "there is a reason"
        set_purpose(session, secret_of(request) or "", purpose)
        who = str(caller.person_id)
        act = Act(actor=caller.actor, act="say_purpose", kind=Kind.PERSON.value, object=who, purpose=purpose)
        journal.record(session, request.app.state.env, act)

    outcome = attempt_change(request, work)
    if outcome is not None:
        return _page(request, caller, next=next, problem=said(outcome), status=status_of(outcome))
    return RedirectResponse(next, 303)


def _page(request: Request, caller: Caller, *, next: str, problem: Words | None = None, status: int = 200) -> Response:
    purpose: str | None = getattr(request.state, "purpose", None)
    section = Section(
        id="purpose",
        title=Words("说明用途", "Say what for"),
        lead=Words(
            "您按辖区查阅其他单位的货物，每次查阅连同用途记入审计日志，被查阅单位可以看到用途和您的单位。本次登录内有效，可随时更改。",
            "By your area you see goods of others. Each look stands in the journal with its purpose; those whose goods"
            " they are see the purpose and your authority. It holds until you sign out and can be changed at any time.",
        ),
        facts=() if purpose is None else ((Words("当前用途", "At present"), Cell(text=purpose)),),
        forms=(
            Form(
                action="/desk/purpose",
                submit=Words("保存并继续", "Keep it and go on"),
                fields=(
                    Field(
                        name="reason",
                        label=Words("事由", "Reason"),
                        help=Words("例如：抽查、投诉核查、召回", "Spot check, complaint, recall"),
                    ),
                    Field(
                        name="document",
                        label=Words("文号", "Number of the document"),
                        required=False,
                        help=Words("例如：津市监〔2026〕12号", "As it stands on the order, if there is one"),
                    ),
                    Field(name="next", label=TITLE, kind="hidden", value=next),
                ),
            ),
        ),
    )
    return show_sheet(request, caller, TITLE, (section,), here="/desk/purpose", problem=problem, status=status)
