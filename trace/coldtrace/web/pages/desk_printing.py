"""The forms of a code run: its labels to a printer, spoiled ones again, lost ones void.

They do what the API does (`web/api/labels.py`, `web/api/resolve.py`), by the same functions, with the labels of the
run whose page it is.
"""

from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlmodel import Session

from coldtrace.custody import voiding
from coldtrace.custody.refusals import NothingNamed
from coldtrace.errors import Refusal, Words
from coldtrace.goods import printing, roll_store, run_store
from coldtrace.goods.firms import firms_of_units
from coldtrace.goods.print_refusals import RunAlreadySent
from coldtrace.goods.refusals import RunUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Body, Caller
from coldtrace.web.api.labels import PrintIn, ReprintIn, post_print, post_reprint
from coldtrace.web.api.resolve import VoidIn
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.desk import show_run
from coldtrace.web.pages.desk_form import change, read_fields
from coldtrace.web.pages.run_forms import DOWNLOAD, Entered
from coldtrace.web.pages.sign_in import said
from coldtrace.web.problems import status_of, wants_page
from coldtrace.web.refusals import CountNotConfirmed, LabelOfAnotherRun

router = APIRouter(include_in_schema=False)
Printing = Annotated[Caller, page_needs(Kind.RUN, Verb.WRITE, act="print")]
Reprinting = Annotated[Caller, page_needs(Kind.CODE, Verb.WRITE, act="reprint")]
Voiding = Annotated[Caller, page_needs(Kind.CODE, Verb.WRITE, act="void")]

TEXT_SHOWN = 60


@router.post("/desk/runs/{run_id}/print")
def post_run_print(request: Request, run_id: UUID, caller: Printing, body: Body) -> Response:
    """Send the labels of the run to a printer, or go on; the page then shows how far it is."""
    fields = form_fields(request, body)

    def work() -> None:
        _own(request, caller, run_id)
        wanted = read_fields(PrintIn, fields | {"position": fields.get("position") or None})
        if fields.get("confirm") != "yes":
            raise CountNotConfirmed()
        post_print(run_id, wanted, request, request.app.state.env, request.app.state.settings, caller)

    refused = _tried(caller, work)
    if refused is not None:
        return _refused(request, caller, run_id, refused, Entered(form="print", fields=fields))
    # Led on to, not shown here: the page keeps up by itself, and this address is no page.
    return RedirectResponse(f"/desk/runs/{run_id}", 303, {"Cache-Control": "no-store"})


@router.post("/desk/runs/{run_id}/reprint")
def post_run_reprint(request: Request, run_id: UUID, caller: Reprinting, body: Body) -> Response:
    """Make spoiled labels again: as a file, or at a printer."""
    fields = form_fields(request, body)
    made: list[Response] = []

    def work() -> None:
        _own(request, caller, run_id)
        texts, to = lines(fields.get("codes", "")), fields.get("printer", DOWNLOAD)
        wanted = read_fields(ReprintIn, fields | {"texts": texts, "printer": None if to == DOWNLOAD else to})
        with request.app.state.sessions() as session:
            for text in wanted.texts:
                _same_run(run_id, printing.issued(session, text, caller.scope).run_id, text)
        made.append(post_reprint(wanted, request, request.app.state.env, request.app.state.settings, caller))

    refused = _tried(caller, work)
    if refused is not None:
        return _refused(request, caller, run_id, refused, Entered(form="reprint", fields=fields))
    if not isinstance(made[0], JSONResponse):
        return made[0]
    sent = Words("已送到打印机，并记入补打记录。", "Sent to the printer, and logged as printed again.")
    return show_run(request, caller, run_id=run_id, notice=sent)


@router.post("/desk/runs/{run_id}/void")
def post_run_void(request: Request, run_id: UUID, caller: Voiding, body: Body) -> Response:
    """Void labels of the run, all or none: those whose codes are named, or numbers of a roll."""
    fields = form_fields(request, body)
    done: list[voiding.Voided] = []

    def work(session: Session) -> None:
        if run_store.find_run(session, run_id, caller.scope) is None:
            raise RunUnknown(id=str(run_id))
        units, asked = _named(session, caller, run_id, fields)
        env = request.app.state.env
        done.append(voiding.void_units(session, env, units, caller.scope, reason=asked.reason, bound=asked.bound))
        caller.about(*firms_of_units(session, units))
        caller.told(voided=len(done[0].units))

    refused = change(request, caller, work)
    if refused is not None:
        return _refused(request, caller, run_id, refused, Entered(form="void", fields=fields))
    count, already = len(done[0].units), done[0].already
    notice = Words(
        f"已作废 {count:,} 张。" + (f"另有 {already:,} 张原已作废。" if already else ""),
        f"Voided: {count:,}." + (f" Void already: {already:,}." if already else ""),
    )
    return show_run(request, caller, run_id=run_id, notice=notice)


def lines(text: str) -> list[str]:
    """Return what stands on each line of a field, without blank ones.

    >>> lines(" a \\n\\nb")
    ['a', 'b']
    """
    return [line.strip() for line in text.splitlines() if line.strip()]


def _named(session: Session, caller: Caller, run_id: UUID, fields: dict[str, str]) -> tuple[Sequence[str], VoidIn]:
    """Return the units that the form names, with what else it says as the API reads it."""
    if "numbers" in fields:
        asked = read_fields(VoidIn, {**fields, "roll": str(run_id)})
        return voiding.units_numbered(session, run_id, asked.numbers or "", caller.scope), asked
    units: dict[str, str] = {}
    asked_last = None
    for text in lines(fields.get("codes", "")):
        asked_last = read_fields(VoidIn, fields | {"text": text})
        units[voiding.unit_named(session, text, caller.scope)] = text
    if asked_last is None:
        raise NothingNamed()
    for unit, code in roll_store.lock_codes(session, units, caller.scope).items():
        _same_run(run_id, code.run_id, units[unit])
    return list(units), asked_last


def _own(request: Request, caller: Caller, run_id: UUID) -> None:
    with request.app.state.sessions() as session:
        if run_store.find_run(session, run_id, caller.scope) is None:
            raise RunUnknown(id=str(run_id))


def _same_run(run_id: UUID, other: UUID, text: str) -> None:
    if other != run_id:
        raise LabelOfAnotherRun(text=text[:TEXT_SHOWN])


def _tried(caller: Caller, work: Callable[[], None]) -> Refusal | None:
    """Do what has transactions of its own; return why it was refused, with no record left."""
    try:
        work()
    except Refusal as refusal:
        caller.drop()
        return refusal
    return None


def _refused(request: Request, caller: Caller, run_id: UUID, refused: Refusal, entered: Entered) -> Response:
    if not wants_page(request) or isinstance(refused, RunUnknown):
        raise refused
    words = said(refused)
    if isinstance(refused, RunAlreadySent):
        # Its own words name options of the command line.
        total, printer = refused.facts["total"], refused.facts["printer"]
        words = Words(
            f"这一批的 {total} 张标签已全部发送到 {printer}。个别损坏请用“补打标签”；确需再次打印，请填写从第几张起。",
            f"All {total} labels of this run were sent to {printer} before. For single ones use Print again; to send"
            " them once more, give the number to begin at.",
        )
    return show_run(request, caller, run_id=run_id, problem=words, status=status_of(refused), entered=entered)
