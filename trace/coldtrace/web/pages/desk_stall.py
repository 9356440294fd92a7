"""A stall with nothing but a phone: receive, open to the counter, sell, by the codes on the labels; and take it back.

Statements are plain facts that the site's gateway signs, through the API's own way (`web/api/gateway.py`), by the same
right: the platform's word for what somebody entered, marked `gateway`, never taken for a scan of a handheld.  What was
entered by mistake is taken back by a correction, as any statement is (docs/guides/corrections.md).  No script takes
part: a keyboard, or whatever scans into it, is enough.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from coldtrace.codes.counter_name import counter_name
from coldtrace.codes.foreign_scheme import load_schemes
from coldtrace.codes.gln import parse_gln
from coldtrace.codes.refusals import printable
from coldtrace.custody.gateway import Plain, SaidLately, said_lately
from coldtrace.custody.model import MARK_WORDS, Mark
from coldtrace.custody.refusals import RefConflict
from coldtrace.custody.resolve import resolve
from coldtrace.custody.service import Result
from coldtrace.errors import Refusal, Words
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import Line
from coldtrace.goods.place_labels import PlaceLabels, place_labels
from coldtrace.parties import store as parties
from coldtrace.parties.gateways import OpenGateway, lock_gateway, open_gateway
from coldtrace.parties.model import Site
from coldtrace.parties.refusals import GatewayClosed, SiteUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.hashing import sha256
from coldtrace.web.access import Begin, Body, Caller
from coldtrace.web.api.gateway import say
from coldtrace.web.formats import LOCAL
from coldtrace.web.page_session import form_fields, page_needs
from coldtrace.web.pages.choose_place import choose_place
from coldtrace.web.pages.desk_form import change, show_sheet
from coldtrace.web.pages.desk_frame import frame_of
from coldtrace.web.pages.qr_picture import qr_picture
from coldtrace.web.pages.sheet import Cell, Section
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.pages.sign_in import said
from coldtrace.web.pages.views import Bilingual, StallAct, StallLine, StallView
from coldtrace.web.place_words import act_words
from coldtrace.web.problems import status_of, wants_page
from coldtrace.web.refusals import CodesMissing, CodeUnread

router = APIRouter(include_in_schema=False)
Teller = Annotated[Caller, page_needs(Kind.GATEWAY, Verb.WRITE, act="say")]
Chooser = Annotated[Caller, page_needs(Kind.GATEWAY, Verb.WRITE, act="list")]
Looker = Annotated[Caller, page_needs(Kind.GATEWAY, Verb.WRITE, act="read")]
Opener = Annotated[Caller, page_needs(Kind.DEVICE, Verb.WRITE, act="open")]
Gln = Annotated[str, Path(max_length=13)]

CODES_MAX = 100
SHOWN = 10
BY_ITSELF = timedelta(hours=24)
"""So long a firm takes back what it said without giving a reason."""

TITLE = Words("手机收发", "By phone")
ACTS: dict[StatementType, Words] = {
    StatementType.RECEIVE: Words("收货", "Receive"),
    StatementType.OPEN: Words("开箱上柜", "Open to the counter"),
    StatementType.SELL: Words("售完", "Sold out"),
    StatementType.USE: Words("用完", "Used up"),
}
OFFERED = (StatementType.RECEIVE, StatementType.OPEN, StatementType.SELL, StatementType.USE)


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What came of a form: in words, with how it is to be taken; and what was entered, if it is to be corrected."""

    tone: Literal["ok", "look", "stop"]
    words: Words
    codes: str = ""
    status: int = 200


@router.get("/desk/stall")
def stall_places(request: Request, caller: Chooser, after: str | None = None) -> Response:
    """Choose the place to speak for; who has a single one is there already."""
    return choose_place(
        request,
        caller,
        after,
        path="/desk/stall",
        title=TITLE,
        lead=Words(
            "没有手持终端的摊位，用手机输入或扫描编码即可收货、上柜、售完。",
            "A stall without a handheld receives, opens and sells by entering codes on a phone.",
        ),
        empty=Words("没有您可以代为记录的场所。", "There is no place that you may speak for."),
    )


@router.get("/desk/stall/{gln}")
def stall_page(request: Request, gln: Gln, caller: Looker) -> Response:
    """Show the stall: one field for codes, what can be done, and what was said lately."""
    return _stall(request, caller, gln)


@router.post("/desk/stall/{gln}")
def post_stall(request: Request, gln: Gln, caller: Teller, begin: Begin, body: Body) -> Response:
    """Say what was done with the goods of some codes."""
    fields = form_fields(request, body)
    entered = fields.get("codes", "")

    def facts() -> Plain:
        with request.app.state.sessions() as session:
            _site(session, gln, caller)
            units = _units(request, session, caller, entered)
        counter = fields.get("counter", "").strip().upper()
        attributes = {"counter": counter_name(counter)} if counter and fields.get("act") == StatementType.OPEN else {}
        return _plain(request, fields, [Line("unit", unit, None, 1, attributes) for unit in units])

    return _say(request, caller, gln, begin, facts, entered)


@router.post("/desk/stall/{gln}/undo")
def post_undo(request: Request, gln: Gln, caller: Teller, begin: Begin, body: Body) -> Response:
    """Take back what was said by mistake: a correction, which everybody whom it concerned sees."""
    fields = form_fields(request, body)

    def facts() -> Plain:
        with request.app.state.sessions.begin() as session:
            gateway = lock_gateway(session, request.app.state.env, _site(session, gln, caller))
            found = _one(session, gateway, fields.get("statement", ""))
        if found is None:
            raise CodesMissing(limit=1, got=0)
        return Plain(
            ref=f"undo-{found.entry_id}",
            type=StatementType.CORRECT,
            at=_now(request),
            lines=(),
            fields={},
            corrects=Corrects(header=found.header, mode=CorrectionMode.DID_NOT_OCCUR),
        )

    return _say(request, caller, gln, begin, facts, "")


@router.post("/desk/stall/{gln}/open")
def post_open(request: Request, gln: Gln, caller: Opener) -> Response:
    """Open the place's gateway, so that its people may speak by phone."""

    def act(session: Session) -> None:
        site = parties.site_in(session, parse_gln(gln), caller.scope, Kind.DEVICE)
        if site is None:
            raise SiteUnknown(gln=gln)
        open_gateway(session, request.app.state.env, site, made_by=caller.actor)
        caller.at([site.gln])

    refused = change(request, caller, act)
    if refused is not None:
        raise refused
    return RedirectResponse(f"/desk/stall/{gln}", 303)


@router.get("/desk/stall/{gln}/sign")
def sign_page(request: Request, gln: Gln, caller: Looker) -> Response:
    """Show the code of the place, to be printed and put on the counter."""
    env = request.app.state.env
    with request.app.state.sessions() as session:
        site = _site(session, gln, caller)
        (sign,) = place_labels(session, env, PlaceLabels(gln=site.gln))
    caller.at([site.gln])
    section = Section(
        id="sign",
        title=Words(site.name_zh, site.name_en),
        lead=Words(
            "打印后贴在柜台：顾客扫描即可看到此刻开箱销售的批次。",
            "Print it and put it on the counter: whoever scans it sees the lots that are on sale here at that moment.",
        ),
        picture=qr_picture(sign.uri),
        facts=((Words("场所码", "Code of the place"), Cell(text=sign.gs1_text)),),
        links=((f"/desk/stall/{gln}", TITLE),),
    )
    return show_sheet(request, caller, Words("柜台码", "Code of the counter"), (section,))


def _say(
    request: Request, caller: Caller, gln: str, begin: Begin, facts: Callable[[], Plain], entered: str
) -> Response:
    """Say it through the gateway, and answer with the stall's page and what came of it."""
    try:
        (result,) = say(begin, request.app.state.env, caller, gln, [facts()], dry_run=False)
        told = _of_result(result)
        if result.refusal is not None:
            caller.drop()
    except Refusal as refusal:
        caller.drop()
        if isinstance(refusal, SiteUnknown) or not wants_page(request):
            raise
        told = _Told(tone="stop", words=said(refusal), codes=entered, status=status_of(refusal))
    return _stall(request, caller, gln, told)


def _of_result(result: Result) -> _Told:
    again = Words("刚才已经记录过，没有重复。", "That was recorded already; nothing was doubled.")
    if result.status == "repeat" or isinstance(result.refusal, RefConflict):
        return _Told(tone="ok", words=again)
    if result.refusal is not None:
        return _Told(tone="stop", words=said(result.refusal), status=status_of(result.refusal))
    marks = [MARK_WORDS[Mark(each)] for each in result.marks if each in set(Mark)]
    odd = Words("；".join(each.zh for each in marks), "; ".join(each.en for each in marks))
    if result.status == "blocked":
        return _Told(tone="stop", words=Words(f"没有生效：{odd.zh}。", f"It had no effect: {odd.en}."))
    if marks:
        return _Told(tone="look", words=Words(f"已记录，请注意：{odd.zh}。", f"Recorded. Mind: {odd.en}."))
    return _Told(tone="ok", words=Words("已记录。", "Recorded."))


def _units(request: Request, session: Session, caller: Caller, entered: str) -> list[str]:
    """Return the units of the codes, in their order, each once; raise CodesMissing and CodeUnread."""
    texts = [line.strip() for line in entered.replace("\r", "\n").split("\n") if line.strip()]
    if not 1 <= len(texts) <= CODES_MAX:
        raise CodesMissing(limit=CODES_MAX, got=len(texts))
    env, scope = request.app.state.env, caller.scope_for(Kind.UNIT, Verb.READ)
    schemes = load_schemes(request.app.state.settings.foreign_schemes)
    units: dict[str, None] = {}
    for number, text in enumerate(texts, 1):
        found = resolve(session, env, scope, text, schemes=schemes)
        if found.unit_id is None or found.trouble is not None:
            raise CodeUnread(line=number, text=printable(text)[:60], why=found.trouble or found.kind or "-")
        units[found.unit_id] = None
    return list(units)


def _plain(request: Request, fields: dict[str, str], lines: Sequence[Line]) -> Plain:
    wanted = fields.get("act", "")
    type = next((each for each in OFFERED if each == wanted), StatementType.RECEIVE)
    ref = fields.get("ref", "")
    # The page's own number makes pressing twice one statement, whenever: it is of what was said, not of the time.
    words = [ref or _ref(request), type.value, *(f"{each.unit} {each.attributes}" for each in lines)]
    number = sha256("\n".join(words).encode()).hex()[:40]
    return Plain(ref=f"phone-{number}", type=type, at=_now(request), lines=lines, fields={})


def _ref(request: Request) -> str:
    fresh: bytes = request.app.state.env.random(12)
    return fresh.hex()


def _now(request: Request) -> datetime:
    now: datetime = request.app.state.env.clock().astimezone(LOCAL)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _site(session: Session, gln: str, caller: Caller) -> Site:
    site = parties.site_in(session, parse_gln(gln), caller.scope_for(Kind.GATEWAY, Verb.WRITE), Kind.GATEWAY)
    if site is None:
        raise SiteUnknown(gln=gln)
    return site


def _one(session: Session, gateway: OpenGateway, statement: str) -> SaidLately | None:
    try:
        wanted = UUID(statement)
    except ValueError:
        return None
    return next(iter(said_lately(session, gateway.device.key_id, limit=1, entry_id=wanted)), None)


def _stall(request: Request, caller: Caller, gln: str, told: _Told | None = None) -> Response:
    env = request.app.state.env
    with request.app.state.sessions.begin() as session:
        site = _site(session, gln, caller)
        may_open = parties.site_in(session, site.gln, caller.scope_for(Kind.DEVICE, Verb.WRITE), Kind.DEVICE)
        try:
            gateway = lock_gateway(session, env, site)
        except GatewayClosed:
            gateway = None
        lately = [] if gateway is None else said_lately(session, gateway.device.key_id, limit=SHOWN)
    caller.at([site.gln])
    operations = set() if gateway is None else set(gateway.device.operations)
    view = StallView(
        here=f"/desk/stall/{site.gln}",
        host=env.public_host,
        frame=frame_of(request, caller),
        name=Bilingual(zh=site.name_zh, en=site.name_en),
        gln=site.gln,
        is_open=gateway is not None,
        may_open=may_open is not None,
        acts=tuple(StallAct(value=each.value, words=ACTS[each]) for each in OFFERED if each.value in operations),
        counters=StatementType.OPEN.value in operations,
        ref=_ref(request),
        codes="" if told is None else told.codes,
        tone=None if told is None else told.tone,
        said=None if told is None else told.words,
        lately=tuple(
            StallLine(
                id=str(each.entry_id),
                act=act_words(each.type),
                at=each.at,
                units=each.units,
                annulled=each.annulled,
                may_undo=not each.annulled
                and each.type in {kind.value for kind in OFFERED}
                and each.recorded_at > env.clock() - BY_ITSELF,
            )
            for each in lately
        ),
    )
    answer = remember_language(request, show(request, "desk/stall.html", view, 200 if told is None else told.status))
    answer.headers["Cache-Control"] = "no-store"
    return answer
