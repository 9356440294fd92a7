"""The page behind a code: box, pallet, place; by `Accept` also the proof bundle and the linkset.

The address is verified as it was printed: the code is rebuilt with the public host from the bytes that arrived, so
a server behind another name still answers for the codes of its own host.
"""

import json
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session

from coldtrace.codes.trace_code import CodeKind
from coldtrace.custody.bundle import MEDIA_TYPE, build_bundle
from coldtrace.custody.history import HistoryLine, UnitRecord, find_unit, history, seller_of
from coldtrace.custody.model import Mark, UnitState
from coldtrace.env import Env
from coldtrace.events.facts import read_facts
from coldtrace.events.statement_type import StatementType
from coldtrace.goods import store as goods
from coldtrace.goods.stop_store import recall_of
from coldtrace.goods.stops import judge_code
from coldtrace.parties import store as parties
from coldtrace.parties.model import Site
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.root_document import parse_root
from coldtrace.verify.bundle import verify_bundle
from coldtrace.verify.code import CodeReport, Verdict
from coldtrace.verify.code_refusals import RecalledLot
from coldtrace.verify.report import Report, Result
from coldtrace.web.access import CurrentEnv, Visitor
from coldtrace.web.formats import LOCAL
from coldtrace.web.linkset import (
    LINKSET,
    PROOF,
    WHOLE,
    complaint_url,
    linkset_url,
    notice_url,
    proof_url,
    resolver_description,
    type_asked,
)
from coldtrace.web.pages.code_asked import (
    NOT_REGISTERED,
    OF_OVERLAYS,
    Asked,
    count_look,
    here_of,
    journey_steps,
    label_of,
    printed_text,
    scanned_text,
    trust_of,
    unknown_page,
)
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.journey import is_in_transit, journey_stops
from coldtrace.web.pages.places import pallet_page, place_page
from coldtrace.web.pages.resolving import led_away, links_of, product_page
from coldtrace.web.pages.showing import VARY, remember_language, show
from coldtrace.web.pages.views import (
    Bilingual,
    ConsumerView,
    Goods,
    ProofSummary,
    RecalledGoods,
    RefusedView,
    Repack,
    Seller,
)
from coldtrace.web.problems import status_of, wants_page
from coldtrace.web.refusals import CodeRefused, NotAcceptable
from coldtrace.web.status_words import Status, worst_first

router = APIRouter(tags=["codes"], dependencies=[Visitor])

SEEN_AGAIN = frozenset({Mark.SOLD_TWICE.value, Mark.AFTER_SALE.value})
"""Marks after which a copied label is the likeliest story; the whole clone radar comes with its own work."""


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
        if report.code is None or report.verdict is not Verdict.VALID:
            request.app.state.looks.stray(request, session, report.code, signed=False, at=now)
            return _refused(request, session, report, now, text)
        asked = Asked(request=request, session=session, env=env, now=now, report=report, code=report.code, text=text)
        kind = _wanted(request)
        if kind == LINKSET:
            return links_of(asked)
        if kind == MEDIA_TYPE:
            return _bundle(asked)
        page = led_away(asked) or _page(asked)
        page.headers["Link"] = f'<{linkset_url(asked.path)}>; rel="linkset"; type="{LINKSET}"'
        return remember_language(request, page)


@router.get("/.well-known/gs1resolver", summary="This resolver 解析服务说明")
def get_resolver(env: CurrentEnv) -> dict[str, object]:
    """Tell which keys are resolved here and which types of links there are (GS1-Conformant resolver 1.1)."""
    return resolver_description(env.public_host)


def _wanted(request: Request) -> str:
    accept = request.headers.get("accept", "*/*")
    wanted = type_asked(request.query_params.get("linkType"))
    if wanted in (WHOLE, PROOF):
        return LINKSET if wanted == WHOLE else MEDIA_TYPE
    if wanted is None and LINKSET in accept:
        return LINKSET
    return MEDIA_TYPE if wanted in (None, "traceability") and MEDIA_TYPE in accept else "text/html"


def _refused(request: Request, session: Session, report: CodeReport, now: datetime, text: str) -> Response:
    """Show a refused code: nothing about any goods, unless the code is genuine and its lot recalled."""
    refusal = CodeRefused(verdict=report.verdict.value)
    if not wants_page(request):
        raise refusal
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
    if issued is None or issued.facts is None or unit is None or unit.holding.state is UnitState.BLANK:
        return None
    return unit, issued.facts


def _unit_page(asked: Asked) -> Response:
    registered = _registered(asked)
    if registered is None:
        asked.request.app.state.looks.stray(asked.request, asked.session, asked.code, signed=True, at=asked.now)
        return unknown_page(asked, Status.NOT_REGISTERED)
    unit, text = registered
    facts = read_goods(read_facts(text), today=asked.now.astimezone(LOCAL).date())
    story = [line for line in history(asked.session, unit.unit_pk, EVERYTHING) if line.status == "accepted"]
    sites = {site.gln: site for site in parties.sites(asked.session)}
    steps = journey_steps(story, sites)
    proof = _proof(asked, unit, text)
    statuses = _statuses(unit, facts, asked.report, proof, story)
    view = ConsumerView(
        here=asked.here,
        host=asked.env.public_host,
        status=statuses[0],
        also=tuple(statuses[1:]),
        decided_at=asked.now,
        verdict=asked.report.verdict.value,
        code_label=label_of(asked.code),
        queries=count_look(asked, unit.unit_id),
        goods=facts,
        journey=journey_stops(steps),
        in_transit=is_in_transit(steps),
        repacks=repacks(story, sites, unit.unit_id),
        seller=_seller(asked.session, unit, sites),
        proof=proof,
        complaint_url=complaint_url(asked.path),
    )
    return show(asked.request, "consumer/unit.html", view)


def _statuses(
    unit: UnitRecord, facts: Goods, report: CodeReport, proof: ProofSummary, story: list[HistoryLine]
) -> list[Status]:
    """Return every status that holds, the worst first."""
    found = []
    if facts.days_left is not None and facts.days_left < 0:
        found.append(Status.EXPIRED)
    if any(SEEN_AGAIN.intersection(line.marks) for line in story):
        found.append(Status.CLONE_SUSPECT)
    found += [OF_OVERLAYS[kind] for kind in unit.lying]
    if unit.effective.state in (UnitState.DESTROYED, UnitState.VOID, UnitState.LOST, UnitState.EXPORTED):
        found.append(Status.NOT_FOR_SALE)
    if report.stale:
        found.append(Status.LIST_EXPIRED)
    if proof.result == "failed":
        found.append(Status.PROOF_FAILED)
    if unit.effective.state in (UnitState.SOLD, UnitState.USED):
        found.append(Status.SOLD)
    return list(worst_first(found)) or [Status.NORMAL]


def repacks(story: list[HistoryLine], sites: dict[str, Site], unit_id: str) -> tuple[Repack, ...]:
    """Return what a box was made of, made into or relabelled as; who repacked is named, other places are not."""
    return tuple(
        Repack(
            act=f"{line.type}.{line.role if line.unit == unit_id else 'parent'}",
            role=sites[line.gln].role.value,
            date=line.event_at.astimezone(LOCAL).date().isoformat(),
            district=sites[line.gln].district,
            name=_name(sites[line.gln]) if line.type == StatementType.TRANSFORM else None,
            by_platform=line.by_platform,
        )
        for line in story
        if line.type in _REPACKING
    )


_REPACKING = (StatementType.TRANSFORM, StatementType.RELABEL)


def _name(site: Site) -> Bilingual:
    return Bilingual(zh=site.name_zh, en=site.name_en)


def _seller(session: Session, unit: UnitRecord, sites: dict[str, Site]) -> Seller | None:
    """Return the shop that sold the box; nobody else's name is shown."""
    sold = seller_of(session, unit.unit_pk)
    if sold is None:
        return None
    gln, at = sold
    site = sites[gln]
    return Seller(
        name=_name(site),
        district=site.district,
        date=at.astimezone(LOCAL).date().isoformat(),
    )


def _proof(asked: Asked, unit: UnitRecord, facts: str) -> ProofSummary:
    bundle, waiting = build_bundle(asked.session, asked.env, code=asked.printed, unit_pk=unit.unit_pk, facts=facts)
    if not bundle["statements"]:
        return ProofSummary(result="pending" if waiting else "none")
    report = _verify(asked, bundle)
    counts = {result: sum(check.result is result for check in report.checks) for result in Result}
    return ProofSummary(
        result="passed" if report.ok else "failed",
        # A plain link sends `Accept: text/html`, so the bundle has an address of its own.
        url=proof_url(asked.path),
        passed=counts[Result.PASSED],
        failed=counts[Result.FAILED],
        not_checked=counts[Result.NOT_CHECKED],
    )


def _verify(asked: Asked, bundle: dict[str, object]) -> Report:
    installation = parties.installation(asked.session)
    assert installation is not None, "a server never runs before its installation"
    return verify_bundle(json.dumps(bundle, ensure_ascii=False), root=parse_root(installation.root), now=asked.now)


def _bundle(asked: Asked) -> Response:
    if not asked.names_box:
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
