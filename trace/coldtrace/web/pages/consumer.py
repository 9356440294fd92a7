"""The page behind a code: box, pallet, place; by `Accept` also the proof bundle and the linkset.

The address is verified as it was printed: the code is rebuilt with the public host from the bytes that arrived, so
a server behind another name still answers for the codes of its own host.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from sqlmodel import Session

from coldtrace.codes.digital_link import build_uri
from coldtrace.codes.scan import read_scan
from coldtrace.codes.short_code import format_short_code
from coldtrace.codes.trace_code import CodeKind, TraceCode
from coldtrace.custody.bundle import MEDIA_TYPE, build_bundle
from coldtrace.custody.history import HistoryLine, UnitRecord, find_unit, history, seller_of
from coldtrace.custody.lookups import count_lookup
from coldtrace.custody.model import Mark, Overlay, UnitState
from coldtrace.custody.overlays import kinds_of
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.events.facts import read_facts
from coldtrace.events.statement_type import StatementType
from coldtrace.goods import product_links
from coldtrace.goods import store as goods
from coldtrace.goods.product_link_rules import LINK_TYPE_WORDS, ProductLink
from coldtrace.goods.stop_store import recall_of
from coldtrace.goods.stops import judge_code
from coldtrace.parties import store as parties
from coldtrace.parties.model import Site
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_entries import TrustList
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.verify.bundle import verify_bundle
from coldtrace.verify.code import CodeReport, Verdict
from coldtrace.verify.code_refusals import RecalledLot
from coldtrace.verify.report import Report, Result
from coldtrace.web.access import CurrentEnv, Visitor
from coldtrace.web.formats import LOCAL
from coldtrace.web.language import LANGUAGE_COOKIE
from coldtrace.web.linkset import (
    LINKSET,
    LINKSET_CONTEXT,
    OURS,
    PROOF,
    WHOLE,
    by_type,
    choose,
    linkset,
    linkset_url,
    pass_on,
    product_linkset,
    proof_url,
    require_known,
    resolver_description,
    type_asked,
)
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.journey import JourneyStep, is_in_transit, journey_stops
from coldtrace.web.pages.views import (
    NOT_STATED,
    Bilingual,
    ConsumerView,
    Goods,
    PageView,
    PalletLot,
    PalletView,
    PlaceView,
    ProductView,
    ProofSummary,
    Queries,
    RecalledGoods,
    RefusedView,
    Repack,
    Seller,
    ShownLink,
    UnknownView,
)
from coldtrace.web.problems import language_of, status_of, wants_page
from coldtrace.web.refusals import CodeRefused, NotAcceptable
from coldtrace.web.render import render
from coldtrace.web.status_words import Status, worst_first

router = APIRouter(tags=["codes"], dependencies=[Visitor])

PALLET_LOTS_MAX = 20
SEEN_AGAIN = frozenset({Mark.SOLD_TWICE.value, Mark.AFTER_SALE.value})
"""Marks after which a copied label is the likeliest story; the whole clone radar comes with its own work."""
NOT_REGISTERED = "not_registered"
VARY = "Accept, Accept-Language, Cookie"


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One request about a code that was verified."""

    request: Request
    session: Session
    env: Env
    now: datetime
    report: CodeReport
    code: TraceCode
    text: str

    @property
    def here(self) -> str:
        return _here(self.request)

    @property
    def printed(self) -> str:
        """The code as the label has it: without what a visitor's software added to the address."""
        return build_uri(host=self.env.public_host, elements=self.code.elements, token=self.code.token)

    @cached_property
    def names_box(self) -> bool:
        """Tell whether the code is a box's: goods without a GTIN may carry an SSCC, which otherwise names a pallet."""
        if self.code.kind is not CodeKind.PALLET:
            return self.code.kind is CodeKind.UNIT
        issued = goods.issued_code(self.session, str(self.code.unit_id))
        return issued is not None and issued.kind == "unit"

    @cached_property
    def links(self) -> list[ProductLink]:
        """What the importer of a box has registered for it, found by walking up from the box."""
        return product_links.links_of_unit(self.session, str(self.code.unit_id)) if self.names_box else []

    @property
    def path(self) -> str:
        """Path and query of the code as printed."""
        return self.printed[len(f"https://{self.env.public_host}") :]


@router.get("/01/{rest:path}", summary="Box or product 箱码")
@router.get("/00/{rest:path}", summary="Pallet 托盘码")
@router.get("/414/{rest:path}", summary="Place 场所码")
@router.get("/U/{rest:path}", summary="Unit without GS1 identity 无商品条码的货物")
def get_code(request: Request, rest: str) -> Response:
    """Answer a scanned code: `text/html` the page, `application/linkset+json` the links,
    `application/vnd.coldtrace.proof+json` the proof bundle; a refused code is a problem with the verdict word."""
    env: Env = request.app.state.env
    now = env.clock()
    text = _printed(request, env.public_host)
    with request.app.state.sessions() as session:
        report = judge_code(session, text, trust_list=_trust(session), now=now)
        if report.code is None:
            product = _product(request, session, text, now)
            if product is not None:
                return product
        if report.code is None or report.verdict is not Verdict.VALID:
            return _refused(request, session, report, now, text)
        asked = _Asked(request=request, session=session, env=env, now=now, report=report, code=report.code, text=text)
        kind = _wanted(request)
        if kind == LINKSET:
            return _links(asked)
        if kind == MEDIA_TYPE:
            return _bundle(asked)
        page = _led_away(asked) or _page(asked)
        page.headers["Link"] = f'<{linkset_url(asked.path)}>; rel="linkset"; type="{LINKSET}"'
        return remember_language(request, page)


@router.get("/.well-known/gs1resolver", summary="This resolver 解析服务说明")
def get_resolver(env: CurrentEnv) -> dict[str, object]:
    """Tell which keys are resolved here and which types of links there are (GS1-Conformant resolver 1.1)."""
    return resolver_description(env.public_host)


def _links(asked: _Asked) -> Response:
    links = linkset(
        f"https://{asked.env.public_host}{asked.path}",
        has_proof=asked.names_box,
        is_box=asked.names_box,
        links=asked.links,
    )
    return _json_links(links)


def _json_links(links: dict[str, object]) -> Response:
    return JSONResponse(links, media_type=LINKSET, headers={"Vary": VARY, "Link": LINKSET_CONTEXT})


def _led_away(asked: _Asked) -> Response | None:
    """Return the way to a registered link, if its type was asked for; None where our own page is the answer.

    Raises LinkTypeUnknown for a type that there is none of.
    """
    wanted = type_asked(asked.request.query_params.get("linkType"))
    if wanted is None:
        return None
    return _way(asked.request, asked.links, wanted, ours=OURS if asked.names_box else OURS[:1])


def _way(request: Request, links: Sequence[ProductLink], wanted: str, *, ours: Sequence[str]) -> Response | None:
    require_known(wanted, [*ours, *(type for type in by_type(links) if type not in ours)])
    link = choose(links, wanted, language_of(request))
    if link is None:
        return None
    return RedirectResponse(pass_on(link.href, request.url.query), 307, {"Vary": VARY, "Cache-Control": "no-cache"})


def _product(request: Request, session: Session, text: str, now: datetime) -> Response | None:
    """Answer the code of a product or a lot, which nobody signs, by what importers registered for it; None for nothing.

    It tells nothing of any goods: whether they were imported here is no business of whoever can write a GTIN.
    """
    try:
        scan = read_scan(text)
    except Refusal:
        return None
    gtin, lot = scan.ais.get("01"), scan.ais.get("10")
    if scan.kind is not CodeKind.PLAIN or gtin is None:
        return None
    links = product_links.links_of_product(session, gtin=gtin, lot=lot)
    if not links:
        return None
    env: Env = request.app.state.env
    path = request.url.path
    wanted = type_asked(request.query_params.get("linkType"))
    if wanted == WHOLE or (wanted is None and LINKSET in request.headers.get("accept", "")):
        return _json_links(product_linkset(f"https://{env.public_host}{path}", links))
    away = None if wanted is None else _way(request, links, wanted, ours=OURS[:1])
    if away is not None:
        away.headers["Link"] = f'<{linkset_url(path)}>; rel="linkset"; type="{LINKSET}"'
        return away
    if not wants_page(request):
        return _json_links(product_linkset(f"https://{env.public_host}{path}", links))
    view = ProductView(
        here=_here(request),
        host=env.public_host,
        decided_at=now,
        verdict=Verdict.UNSIGNED.value,
        gtin=gtin,
        lot=lot,
        links=tuple(
            ShownLink(
                kind=LINK_TYPE_WORDS[link.type], title=Bilingual(zh=link.title_zh, en=link.title_en), href=link.href
            )
            for link in links
        ),
    )
    page = show(request, "consumer/product.html", view)
    page.headers["Link"] = f'<{linkset_url(path)}>; rel="linkset"; type="{LINKSET}"'
    return remember_language(request, page)


def _here(request: Request) -> str:
    query = request.scope["query_string"].decode("latin-1")
    path: str = request.scope["raw_path"].decode("latin-1")
    return path + (f"?{query}" if query else "")


def _printed(request: Request, public_host: str) -> str:
    """Return the code as printed: the public host with the exact path and query that arrived."""
    return f"https://{public_host}{_here(request)}"


def _wanted(request: Request) -> str:
    accept = request.headers.get("accept", "*/*")
    wanted = type_asked(request.query_params.get("linkType"))
    if wanted in (WHOLE, PROOF):
        return LINKSET if wanted == WHOLE else MEDIA_TYPE
    if wanted is None and LINKSET in accept:
        return LINKSET
    return MEDIA_TYPE if wanted in (None, "traceability") and MEDIA_TYPE in accept else "text/html"


def _trust(session: Session) -> TrustList:
    row = parties.newest_trust_list(session)
    assert row is not None, "installing publishes the first trust list"
    return open_trust_list(row.envelope, root=None)


def _refused(request: Request, session: Session, report: CodeReport, now: datetime, text: str) -> Response:
    """Show a refused code: nothing about any goods, unless the code is genuine and its lot recalled."""
    refusal = CodeRefused(verdict=report.verdict.value)
    if not wants_page(request):
        raise refusal
    view = RefusedView(
        here=_here(request),
        host=request.app.state.env.public_host,
        status=Status.REFUSED,
        decided_at=now,
        verdict=report.verdict.value,
        scanned=text[:300],
        recalled=_recalled(session, report, now),
    )
    return show(request, "consumer/refused.html", view, status_of(refusal))


def _recalled(session: Session, report: CodeReport, now: datetime) -> RecalledGoods | None:
    """Return what is known of the recalled lot of a genuine code."""
    refusal = report.refusal
    if not isinstance(refusal, RecalledLot) or report.code is None:
        return None
    lot = str(refusal.facts["lot"])
    recall = recall_of(session, str(refusal.facts["gtin"]), lot)
    if recall is None:
        return None
    issued = goods.issued_code(session, str(report.code.unit_id))
    stated = None if issued is None else issued.facts
    product = (
        NOT_STATED if stated is None else read_goods(read_facts(stated), today=now.astimezone(LOCAL).date()).product
    )
    published = recall.recalled_at.astimezone(LOCAL).date().isoformat()
    return RecalledGoods(product=product, lot=lot, published=published, reason=recall.reason)


def show(request: Request, template: str, view: PageView, status: int = 200) -> HTMLResponse:
    """Return a page in the caller's language."""
    lang = language_of(request)
    return HTMLResponse(
        render(template, view, lang),
        status,
        {
            "Cache-Control": "no-cache",
            "Content-Language": lang,
            "Vary": VARY,
        },
    )


def remember_language(request: Request, response: Response) -> Response:
    """Remember a language that the visitor chose; nothing else is ever put into a cookie here."""
    lang = request.query_params.get("lang")
    if lang in ("zh", "en"):
        response.set_cookie(LANGUAGE_COOKIE, lang, max_age=31_536_000, samesite="lax", httponly=True)
    return response


def _page(asked: _Asked) -> Response:
    match asked.code.kind:
        case CodeKind.UNIT:
            return _unit_page(asked)
        case CodeKind.PALLET:
            return _unit_page(asked) if asked.names_box else _pallet_page(asked)
        case CodeKind.PLACE:
            return _place_page(asked)
        case _:
            return _unknown_page(asked, Status.UNKNOWN)


def _unknown_page(asked: _Asked, status: Status) -> Response:
    if not wants_page(asked.request):
        raise CodeRefused(verdict=NOT_REGISTERED)
    view = UnknownView(
        here=asked.here,
        host=asked.env.public_host,
        status=status,
        decided_at=asked.now,
        code_label=_label(asked.code),
        scanned=asked.text[:300],
    )
    return show(asked.request, "consumer/unknown.html", view, 404)


def _label(code: TraceCode) -> str | None:
    if "00" in dict(code.elements):
        return _grouped(code.value("00") or "")
    return None if code.serial is None else format_short_code(code.serial)


def _registered(asked: _Asked) -> tuple[UnitRecord, str] | None:
    """Return the box's record and facts text; None unless it was issued here, not taken back, and bound."""
    unit_id = str(asked.code.unit_id)
    issued, unit = goods.issued_code(asked.session, unit_id), find_unit(asked.session, unit_id)
    if issued is None or issued.facts is None or unit is None or unit.holding.state is UnitState.BLANK:
        return None
    return unit, issued.facts


def _unit_page(asked: _Asked) -> Response:
    registered = _registered(asked)
    if registered is None:
        return _unknown_page(asked, Status.NOT_REGISTERED)
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
        code_label=_label(asked.code),
        queries=_count(asked, unit.unit_id),
        goods=facts,
        journey=journey_stops(steps),
        in_transit=is_in_transit(steps),
        repacks=repacks(story, sites, unit.unit_id),
        seller=_seller(asked.session, unit, sites),
        proof=proof,
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
    found += [_OF_OVERLAYS[kind] for kind in kinds_of(unit.effective.overlays)]
    if unit.effective.state in (UnitState.DESTROYED, UnitState.VOID, UnitState.LOST, UnitState.EXPORTED):
        found.append(Status.NOT_FOR_SALE)
    if report.stale:
        found.append(Status.LIST_EXPIRED)
    if proof.result == "failed":
        found.append(Status.PROOF_FAILED)
    if unit.effective.state in (UnitState.SOLD, UnitState.USED):
        found.append(Status.SOLD)
    return list(worst_first(found)) or [Status.NORMAL]


_OF_OVERLAYS = {
    Overlay.HOLD_FIRM: Status.HELD,
    Overlay.HOLD_REGULATOR: Status.HELD,
    Overlay.RECALL: Status.RECALLED,
    Overlay.TEMP_BREACH: Status.TEMP_BREACH,
    Overlay.CLONE_SUSPECT: Status.CLONE_SUSPECT,
    Overlay.EXPIRED: Status.EXPIRED,
}


def journey_steps(story: list[HistoryLine], sites: dict[str, Site]) -> list[JourneyStep]:
    """Return a unit's story as the steps of its journey: kind of place, district, local day."""
    return [
        JourneyStep(
            statement_type=line.type,
            role=sites[line.gln].role.value,
            district=sites[line.gln].district,
            date=line.event_at.astimezone(LOCAL).date().isoformat(),
            site=line.gln,
            by_platform=line.by_platform,
        )
        for line in story
    ]


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


def _count(asked: _Asked, unit_id: str) -> Queries:
    """Count this look-up at once; HEAD and reloads for another language do not count."""
    counts = "coldtrace.head" not in asked.request.scope and "lang" not in asked.request.query_params
    count, first_at = count_lookup(asked.session, unit_id, at=asked.now, counts=counts)
    # The same session, committed at once: a request that held its connection while it waited for a second one would
    # stand in the way of all others doing the same.
    asked.session.commit()
    return Queries(count=count, first_at=first_at)


def _proof(asked: _Asked, unit: UnitRecord, facts: str) -> ProofSummary:
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


def _verify(asked: _Asked, bundle: dict[str, object]) -> Report:
    installation = parties.installation(asked.session)
    assert installation is not None, "a server never runs before its installation"
    return verify_bundle(json.dumps(bundle, ensure_ascii=False), root=parse_root(installation.root), now=asked.now)


def _bundle(asked: _Asked) -> Response:
    if not asked.names_box:
        raise NotAcceptable(wanted=MEDIA_TYPE)
    registered = _registered(asked)
    if registered is None:
        raise CodeRefused(verdict=NOT_REGISTERED)
    unit, facts = registered
    bundle, _ = build_bundle(asked.session, asked.env, code=asked.printed, unit_pk=unit.unit_pk, facts=facts)
    name = _label(asked.code) or "proof"
    headers = {
        "Vary": VARY,
        "Cache-Control": "no-cache",
        "Content-Disposition": f'attachment; filename="coldtrace-{name}.proof.json"',
    }
    return JSONResponse(bundle, media_type=MEDIA_TYPE, headers=headers)


def _pallet_page(asked: _Asked) -> Response:
    unit_id = str(asked.code.unit_id)
    unit = find_unit(asked.session, unit_id)
    if unit is None or goods.issued_code(asked.session, unit_id) is None:
        return _unknown_page(asked, Status.NOT_REGISTERED)
    today = asked.now.astimezone(LOCAL).date()
    story = [line for line in history(asked.session, unit.unit_pk, EVERYTHING) if line.status == "accepted"]
    steps = journey_steps(story, {site.gln: site for site in parties.sites(asked.session)})
    lots = []
    for text in goods.lots_inside(asked.session, unit.unit_pk, limit=PALLET_LOTS_MAX):
        facts = read_goods(read_facts(text), today=today)
        lots.append(PalletLot(product=facts.product, origin=facts.origin, lot=facts.lot, expiry_date=facts.expiry_date))
    view = PalletView(
        here=asked.here,
        host=asked.env.public_host,
        status=worst_first(
            [
                *(_OF_OVERLAYS[kind] for kind in kinds_of(unit.effective.overlays)),
                *([Status.LIST_EXPIRED] if asked.report.stale else []),
            ]
        )[0],
        decided_at=asked.now,
        code_label=_grouped(asked.code.value("00") or ""),
        queries=_count(asked, unit_id),
        lots=tuple(lots),
        journey=journey_stops(steps),
        in_transit=is_in_transit(steps),
    )
    return show(asked.request, "consumer/pallet.html", view)


def _grouped(digits: str) -> str:
    """Return an SSCC in groups that a person can read out."""
    return " ".join(digits[at : at + 3] for at in range(0, len(digits), 3))


def _place_page(asked: _Asked) -> Response:
    gln = str(asked.code.value("414"))
    site = parties.site(asked.session, gln)
    if site is None:
        return _unknown_page(asked, Status.NOT_REGISTERED)
    view = PlaceView(
        here=asked.here,
        host=asked.env.public_host,
        decided_at=asked.now,
        role=site.role.value,
        district=site.district,
        gln=gln,
        door=asked.code.value("254"),
    )
    return show(asked.request, "consumer/place.html", view)
