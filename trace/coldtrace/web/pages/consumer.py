"""The page behind a code: box, pallet, place; by `Accept` also the proof bundle and the linkset.

The address is verified as it was printed: the code is rebuilt with the public host from the bytes that arrived, so
a server behind another name still answers for the codes of its own host.
"""

from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session

from coldtrace.codes.trace_code import CodeKind
from coldtrace.custody.bundle import MEDIA_TYPE, build_bundle
from coldtrace.custody.history import UnitRecord, find_unit
from coldtrace.env import Env
from coldtrace.events.facts import read_facts
from coldtrace.goods import store as goods
from coldtrace.goods.stop_store import Recall, recall_of
from coldtrace.goods.stops import judge_code
from coldtrace.verify.code import CodeReport, Verdict
from coldtrace.verify.code_refusals import RecalledLot
from coldtrace.web.access import CurrentEnv, Visitor
from coldtrace.web.formats import LOCAL
from coldtrace.web.linkset import (
    LINKSET,
    OURS,
    PROOF,
    complaint_url,
    linkset_url,
    notice_url,
    require_known,
    resolver_description,
    type_asked,
)
from coldtrace.web.looks import Looks
from coldtrace.web.pages.box_page import BoxAsked, box_page
from coldtrace.web.pages.code_asked import (
    NOT_REGISTERED,
    PAGE,
    Asked,
    facts_if_registered,
    here_of,
    is_stopped,
    kind_wanted,
    label_of,
    printed_text,
    scanned_text,
    trust_of,
    unknown_page,
)
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.places import pallet_page, place_page
from coldtrace.web.pages.resolving import led_away, links_of, product_page
from coldtrace.web.pages.showing import VARY, remember_language, show
from coldtrace.web.pages.views import (
    Goods,
    RecalledGoods,
    RefusedView,
)
from coldtrace.web.problems import status_of, wants_page
from coldtrace.web.refusals import CodeRefused, NotAcceptable
from coldtrace.web.shown import note_common
from coldtrace.web.status_words import Status

router = APIRouter(tags=["codes"], dependencies=[Visitor])


@router.get("/01/{rest:path}", summary="Box or product 箱码")
@router.get("/00/{rest:path}", summary="Pallet 托盘码")
@router.get("/414/{rest:path}", summary="Place 场所码")
@router.get("/U/{rest:path}", summary="Unit without GS1 identity 无商品条码的货物")
def get_code(request: Request, rest: str) -> Response:
    """Answer a scanned code: `text/html` the page, `application/linkset+json` the links,
    `application/vnd.coldtrace.proof+json` the proof bundle; a refused code is a problem with the verdict word."""
    env: Env = request.app.state.env
    now = env.clock()
    text = printed_text(request, env.public_host)
    with request.app.state.sessions() as session:
        report = judge_code(session, text, trust_list=trust_of(session), now=now)
        if report.code is None:
            product = product_page(request, session, text, now)
            if product is not None:
                return product
        if report.code is None or report.verdict not in (Verdict.VALID, Verdict.RECALLED_LOT):
            request.app.state.looks.stray(request, session, report.code, signed=False, at=now)
            return _refused(request, session, report, now, text)
        asked = Asked(request=request, session=session, env=env, now=now, report=report, code=report.code, text=text)
        if report.verdict is Verdict.RECALLED_LOT:
            return _of_recalled_lot(asked)
        kind = kind_wanted(request)
        if kind == LINKSET:
            return links_of(asked)
        if kind == MEDIA_TYPE:
            return _bundle(asked)
        page = _led_away(asked) or _page(asked)
        page.headers["Link"] = f'<{linkset_url(asked.path)}>; rel="linkset"; type="{LINKSET}"'
        return remember_language(request, page)


@router.get("/.well-known/gs1resolver", summary="This resolver 解析服务说明")
def get_resolver(env: CurrentEnv) -> dict[str, object]:
    """Tell which keys are resolved here and which types of links there are (GS1-Conformant resolver 1.1)."""
    return resolver_description(env.public_host)


def _refused(request: Request, session: Session, report: CodeReport, now: datetime, text: str) -> Response:
    """Show a refused code: nothing about any goods, unless the code is genuine and its lot recalled."""
    refusal = CodeRefused(verdict=report.verdict.value)
    if not wants_page(request):
        raise refusal
    note_common(request)
    view = RefusedView(
        here=here_of(request),
        host=request.app.state.env.public_host,
        status=Status.REFUSED,
        decided_at=now,
        verdict=report.verdict.value,
        scanned=scanned_text(text),
        recalled=_recalled(session, report, now),
        complaint_url=complaint_url(here_of(request)),
    )
    return show(request, "consumer/refused.html", view, status_of(refusal))


def _of_recalled_lot(asked: Asked) -> Response:
    """Answer a genuine code of a recalled lot: the page of its box, with the recall before all else, and the proof to
    whoever follows the page's link; to programs and of what is not registered only that it is recalled."""
    request, session = asked.request, asked.session
    follows = type_asked(request.query_params.get("linkType")) == PROOF
    registered = _registered(asked) if asked.names_box else None
    if registered is not None and follows:
        return _bundle(asked)
    facts = asked.report.refusal.facts if isinstance(asked.report.refusal, RecalledLot) else {}
    recall = recall_of(session, str(facts.get("gtin")), str(facts.get("lot")))
    if registered is None or recall is None or not wants_page(request) or kind_wanted(request) != PAGE:
        request.app.state.looks.stray(request, session, asked.code, signed=False, at=asked.now)
        return _refused(request, session, asked.report, asked.now, asked.text)
    return remember_language(request, _box_page(asked, *registered, recall=recall))


def _recalled(session: Session, report: CodeReport, now: datetime) -> RecalledGoods | None:
    """Return what is known of the recalled lot of a genuine code."""
    refusal = report.refusal
    if not isinstance(refusal, RecalledLot) or report.code is None:
        return None
    gtin, lot = str(refusal.facts["gtin"]), str(refusal.facts["lot"])
    recall = recall_of(session, gtin, lot)
    if recall is None:
        return None
    issued = goods.issued_code(session, str(report.code.unit_id))
    stated = None if issued is None else issued.facts
    told = Goods() if stated is None else read_goods(read_facts(stated), today=now.astimezone(LOCAL).date())
    published = recall.recalled_at.astimezone(LOCAL).date().isoformat()
    return RecalledGoods(
        product=told.product,
        lot=told.lot or lot,  # the maker's number is what the package shows
        published=published,
        reason=recall.reason,
        url=notice_url(gtin, lot),
    )


def _led_away(asked: Asked) -> Response | None:
    """Return the way to a registered link, None where our own page is the answer: always for goods that are stopped.

    `linkType` is not signed: a label could bear it, so nobody would read that its goods are recalled, nor how often its
    code was looked up.  So the way there is a look like any other.
    """
    away = led_away(asked)
    if away is None:
        return None
    registered = _registered(asked)
    if registered is None:
        return None
    unit, facts = registered
    if is_stopped(unit, facts, now=asked.now):
        return None
    looks: Looks = asked.request.app.state.looks
    looks.know_salt(asked.session, asked.now)
    looks.count_all(asked.session, [(asked.request, unit.unit_id)], at=asked.now)
    asked.session.commit()
    return away


def _page(asked: Asked) -> Response:
    match asked.code.kind:
        case CodeKind.UNIT:
            return _unit_page(asked)
        case CodeKind.PALLET:
            return _unit_page(asked) if asked.names_box else pallet_page(asked)
        case CodeKind.PLACE:
            return place_page(asked)
        case _:
            return unknown_page(asked, Status.UNKNOWN)


def _registered(asked: Asked) -> tuple[UnitRecord, str] | None:
    """Return the box's record and facts text; None unless it was issued here, not taken back, and bound."""
    unit_id = str(asked.code.unit_id)
    issued, unit = goods.issued_code(asked.session, unit_id), find_unit(asked.session, unit_id)
    facts = facts_if_registered(issued, unit)
    return None if unit is None or facts is None else (unit, facts)


def _unit_page(asked: Asked) -> Response:
    registered = _registered(asked)
    if registered is None:
        looks: Looks = asked.request.app.state.looks
        looks.stray(asked.request, asked.session, asked.code, signed=True, at=asked.now)
        return unknown_page(asked, Status.NOT_REGISTERED)
    return _box_page(asked, *registered)


def _box_page(asked: Asked, unit: UnitRecord, facts: str, *, recall: Recall | None = None) -> Response:
    looks: Looks = asked.request.app.state.looks
    box = BoxAsked(request=asked.request, report=asked.report, code=asked.code, unit=unit, facts=facts, recall=recall)
    return box_page(asked.session, asked.env, looks, box, now=asked.now)


def _bundle(asked: Asked) -> Response:
    if not asked.names_box:
        if type_asked(asked.request.query_params.get("linkType")) == PROOF:
            require_known(PROOF, OURS[:1])
        raise NotAcceptable(wanted=MEDIA_TYPE)
    registered = _registered(asked)
    if registered is None:
        raise CodeRefused(verdict=NOT_REGISTERED)
    unit, facts = registered
    bundle, _ = build_bundle(asked.session, asked.env, code=asked.printed, unit_pk=unit.unit_pk, facts=facts)
    name = label_of(asked.code) or "proof"
    headers = {
        "Vary": VARY,
        "Cache-Control": "no-cache",
        "Content-Disposition": f'attachment; filename="coldtrace-{name}.proof.json"',
    }
    return JSONResponse(bundle, media_type=MEDIA_TYPE, headers=headers)
