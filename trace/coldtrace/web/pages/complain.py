"""Complaining from a code's page: the form, the receipt with how far it is, and what offices publish.

No account and no script.  Whoever has the receipt number reads the state of a complaint and nothing of what was
written; a number is 60 random bits, and asking is limited as for every visitor.
"""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session
from starlette.datastructures import UploadFile

from coldtrace.codes.refusals import MalformedShortCode
from coldtrace.codes.scan import read_scan
from coldtrace.codes.short_code import format_short_code, parse_short_code
from coldtrace.codes.trace_code import CodeKind
from coldtrace.custody.history import UnitRecord, find_unit, seller_of
from coldtrace.custody.model import UnitState
from coldtrace.env import Env
from coldtrace.errors import Refusal, Words
from coldtrace.events.facts import read_facts
from coldtrace.goods import store as goods
from coldtrace.goods.stops import judge_code
from coldtrace.parties import store as parties
from coldtrace.parties.model import Site
from coldtrace.settings import Settings
from coldtrace.verify.code import Verdict
from coldtrace.watch import complaint_work, complaints
from coldtrace.watch.complaint_counts import CountedAs, require_room
from coldtrace.watch.complaint_photo import Photo, clean_photo
from coldtrace.watch.complaint_refusals import PhotosBusy, PhotoTooLarge, PhotoUnreadable, ReceiptUnknown
from coldtrace.watch.complaint_rules import (
    COMPLAINT_STATE_WORDS,
    NOT_ACCEPTED_WORDS,
    OUTCOME_WORDS,
    SUBJECT_WORDS,
    ComplaintDays,
    ComplaintState,
    Subject,
)
from coldtrace.watch.complaint_work import NewComplaint
from coldtrace.watch.complaints import Complaint, Published
from coldtrace.web.access import Visitor
from coldtrace.web.formats import LOCAL
from coldtrace.web.looks import Looks
from coldtrace.web.page_session import is_from_elsewhere
from coldtrace.web.pages.code_asked import facts_if_registered, label_of, trust_of
from coldtrace.web.pages.complaint_views import ComplaintStatusView, ComplainView, PublishedLine, PublishedView
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.sheet import Choice
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.pages.sign_in import said as said_words
from coldtrace.web.pages.views import NOT_STATED, Bilingual
from coldtrace.web.place_words import CITY_DISTRICTS, PROVINCE_DISTRICTS, district_words
from coldtrace.web.problems import language_of, status_of, wants_page
from coldtrace.web.refusals import FormRefused, MalformedForm, WrongContentType
from coldtrace.web.words import PAGE_WORDS

router = APIRouter(include_in_schema=False, dependencies=[Visitor])
FORM_SENT = ("POST", "/complaints")
FORM = "multipart/form-data"
CODE_MAX, SAID_MAX, SHOP_MAX, CONTACT_MAX = 600, 2000, 100, 200
PAGE = 50
MIB = 1024 * 1024
GENUINE = (Verdict.VALID, Verdict.RECALLED_LOT)


def body_limit(settings: Settings) -> int:
    """Return how long the body of a complaint may be: a third more than a photo, to say of one that it is too large."""
    return settings.complaint_photo_bytes * 4 // 3 + 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A form as it came: its fields, and the bytes of a photo if one was chosen."""

    fields: dict[str, str]
    photo: bytes


@dataclass(frozen=True, kw_only=True)
class About:
    """What a complaint is about: the code as it was given, and of a genuine one what it stands for."""

    code: str = ""
    verdict: str = "none"
    is_genuine: bool = False
    label: str | None = None
    unit_id: str | None = None
    product: Bilingual = NOT_STATED
    site: Site | None = None


async def _sent(request: Request) -> Sent:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM:
        raise WrongContentType(wanted=FORM, got=kind[:200] or "-")
    async with request.form(max_files=1, max_fields=12) as form:
        photo = form.get("photo")
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        return Sent(fields=fields, photo=await photo.read() if isinstance(photo, UploadFile) else b"")


@router.get("/complain")
def complain_page(request: Request, code: str = "") -> Response:
    """Show the form, with the code that a page gave."""
    with request.app.state.sessions() as session:
        about = about_code(session, request.app.state.env, code)
    return _form(request, about, {}, form_id=request.app.state.env.new_id())


@router.post("/complaints")
def post_complaint(request: Request, sent: Annotated[Sent, Depends(_sent)]) -> Response:
    """Take a complaint in and lead to its receipt; what is wrong is said on the form, with all that was entered."""
    if is_from_elsewhere(request):
        raise FormRefused()
    state, fields = request.app.state, sent.fields
    try:
        form_id = UUID(fields.get("form", ""))
    except ValueError:
        raise MalformedForm() from None
    env: Env = state.env
    with state.sessions() as session:
        about = about_code(session, env, fields.get("code", ""))
        counted = _counted_as(request, session, about)
        before = complaints.complaint_of_form(session, form_id)
    if before is not None:
        return _to_receipt(before.receipt)
    wrong = _wrong(fields, about)
    if wrong:
        return _form(request, about, fields, form_id=form_id, wrong=wrong)
    try:
        limit = state.settings.complaint_photo_bytes
        with state.sessions() as session:
            require_room(session, env.clock(), state.complaint_limits, counted)
        photo = clean_photo(sent.photo, limit_bytes=limit) if sent.photo else None
        new = _new(request, about, fields, form_id=form_id, counted=counted, photo=photo)
        with state.sessions.begin() as session:
            receipt = complaint_work.submit(
                session,
                env,
                new,
                days=state.complaint_days,
                limits=state.complaint_limits,
                working=state.working_days,
            )
    except Refusal as refusal:
        if not wants_page(request):
            raise
        wrong = ("photo",) if isinstance(refusal, PhotoTooLarge | PhotoUnreadable | PhotosBusy) else ()
        words, status = said_words(refusal), status_of(refusal)
        page = _form(request, about, fields, form_id=form_id, problem=words, wrong=wrong, status=status)
        if "retry_s" in refusal.facts:
            page.headers["Retry-After"] = str(refusal.facts["retry_s"])
        return page
    return _to_receipt(receipt)


def _to_receipt(receipt: str) -> Response:
    return RedirectResponse(f"/complaints/{format_short_code(receipt)}", 303)


@router.get("/complaints")
def published_page(request: Request, receipt: str = "", after: UUID | None = None) -> Response:
    """Show what offices published; lead to a complaint by its receipt number."""
    if receipt.strip():
        return RedirectResponse(f"/complaints/{format_short_code(_serial(receipt))}", 303)
    state = request.app.state
    with state.sessions() as session:
        found = complaints.published(session, now=state.env.clock(), after=after, limit=PAGE)
    view = PublishedView(
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        host=state.env.public_host,
        lines=tuple(_line(each) for each in found),
        next_url=f"/complaints?after={found[-1].publication_id}" if len(found) == PAGE else None,
    )
    return remember_language(request, show(request, "complaints/published.html", view))


@router.get("/complaints/{receipt}")
def status_page(request: Request, receipt: str) -> Response:
    """Show how far a complaint is."""
    serial = _serial(receipt)
    with request.app.state.sessions() as session:
        found = complaints.complaint_of_receipt(session, serial)
    if found is None:
        raise ReceiptUnknown(receipt=receipt[:40])
    page = remember_language(request, show(request, "complaints/status.html", _status(request, found)))
    page.headers["Cache-Control"] = "no-store"
    return page


@router.post("/complaints/{receipt}/erase-contact")
def post_erase_contact(request: Request, receipt: str) -> Response:
    """Forget how whoever complained can be reached."""
    if is_from_elsewhere(request):
        raise FormRefused()
    serial = _serial(receipt)
    with request.app.state.sessions.begin() as session:
        complaint_work.erase_contact(session, serial)
    return RedirectResponse(f"/complaints/{format_short_code(serial)}", 303)


def about_code(session: Session, env: Env, given: str) -> About:
    """Return what a code stands for; one that does not verify stands for itself alone."""
    given = "".join(sign for sign in given.strip()[:CODE_MAX] if sign.isprintable())
    if not given:
        return About()
    text = _whole(session, env, given)
    report = judge_code(session, text, trust_list=trust_of(session), now=env.clock())
    if report.code is None or report.verdict not in GENUINE:
        return About(code=given, verdict=report.verdict.value)
    kind = report.code.kind
    unit_id = None if kind is CodeKind.PLACE else str(report.code.unit_id)
    unit = None if unit_id is None else find_unit(session, unit_id)
    issued = None if unit_id is None else goods.issued_code(session, unit_id)
    # As on its page: of a box that is not bound yet nothing is told.
    facts = facts_if_registered(issued, unit)
    gln = report.code.value("414")
    if unit is not None:
        gln = None if unit.holding.state is UnitState.BLANK else _last_place(session, unit)
    product = NOT_STATED
    if facts is not None:
        product = read_goods(read_facts(facts), today=env.clock().astimezone(LOCAL).date()).product
    return About(
        code=text,
        verdict=report.verdict.value,
        is_genuine=True,
        label=label_of(report.code),
        unit_id=unit_id,
        product=product,
        site=None if gln is None else parties.site(session, gln),
    )


def _whole(session: Session, env: Env, given: str) -> str:
    """Return the printed code that a path of ours or a short code stands for; anything else as it is."""
    if given.startswith("/"):
        return f"https://{env.public_host}{given}"
    try:
        serial = read_scan(given).serial
    except Refusal:
        return given
    found = None if serial is None or "/" in given else goods.code_of_serial(session, serial)
    return found or given


def _last_place(session: Session, unit: UnitRecord) -> str | None:
    """Return who sold a unit; where nobody did, the place that had it last by the record."""
    sold = seller_of(session, unit.unit_pk)
    return sold[0] if sold is not None else unit.effective.gln


def _counted_as(request: Request, session: Session, about: About) -> CountedAs:
    looks: Looks = request.app.state.looks
    today = request.app.state.env.clock().astimezone(LOCAL).date()
    visitor, network = looks.known_as(request, session, today)
    return CountedAs(
        visitor=visitor, network=network, proven=(about.unit_id or about.code) if about.is_genuine else None
    )


def _wrong(fields: dict[str, str], about: About) -> tuple[str, ...]:
    given = fields.get("district", "")
    found = ["subject"] if fields.get("subject") not in set(Subject) else []
    found += ["said"] if not _text(fields, "said", SAID_MAX) else []
    known = {*CITY_DISTRICTS, *PROVINCE_DISTRICTS, about.site.district if about.site is not None else ""} - {""}
    return (*found, *(["district"] if given not in known else []))


def _text(fields: dict[str, str], name: str, most: int) -> str:
    """Return what was entered, in lines, without signs that are none."""
    lines = fields.get(name, "").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(sign for sign in line if sign.isprintable()) for line in lines).strip()[:most]


def _new(
    request: Request, about: About, fields: dict[str, str], *, form_id: UUID, counted: CountedAs, photo: Photo | None
) -> NewComplaint:
    district = fields["district"]
    return NewComplaint(
        form_id=form_id,
        visitor=counted.visitor,
        network=counted.network,
        subject=Subject(fields["subject"]),
        code=about.code,
        verdict=about.verdict,
        proven=counted.proven,
        unit_id=about.unit_id,
        product_zh=about.product.zh or "",
        product_en=about.product.en or "",
        gln=about.site.gln if about.site is not None and about.site.district == district else None,
        district=district,
        shop=_text(fields, "shop", SHOP_MAX),
        said=_text(fields, "said", SAID_MAX),
        contact=_text(fields, "contact", CONTACT_MAX),
        lang=language_of(request),
        photo=photo,
    )


def _form(
    request: Request,
    about: About,
    fields: dict[str, str],
    *,
    form_id: UUID,
    problem: Words | None = None,
    wrong: tuple[str, ...] = (),
    status: int = 200,
) -> Response:
    state = request.app.state
    days: ComplaintDays = state.complaint_days
    chosen = fields.get("district", "")
    record = about.site.district if about.site is not None else None
    if wrong and problem is None:
        status, problem = 422, PAGE_WORDS["complain.missing_choice" if "said" not in wrong else "complain.missing_said"]
    view = ComplainView(
        here=f"{request.url.path}?{request.url.query}" if request.method == "GET" else "/complain",
        host=state.env.public_host,
        form_id=form_id,
        code=about.code,
        is_genuine=about.is_genuine,
        code_label=about.label,
        product=about.product,
        subjects=tuple(
            Choice(value=each.value, label=words, is_chosen=fields.get("subject") == each.value)
            for each, words in SUBJECT_WORDS.items()
        ),
        record=()
        if record is None
        else (Choice(value=record, label=_by_record(record), is_chosen=chosen in ("", record)),),
        districts=_districts(CITY_DISTRICTS, chosen, record),
        provinces=_districts(PROVINCE_DISTRICTS, chosen, record),
        said=_text(fields, "said", SAID_MAX),
        shop=_text(fields, "shop", SHOP_MAX),
        contact=_text(fields, "contact", CONTACT_MAX),
        photo_mib=state.settings.complaint_photo_bytes // MIB,
        accept_days=days.accept,
        answer_days=days.answer,
        problem=problem,
        wrong=wrong,
    )
    page = remember_language(request, show(request, "complaints/form.html", view, status))
    page.headers["Cache-Control"] = "no-store"
    return page


def _by_record(district: str) -> Words:
    words = district_words(district)
    return Words(f"{words.zh}（按流通记录）", f"{words.en} (by the record)")


def _districts(codes: tuple[str, ...], chosen: str, record: str | None) -> tuple[Choice, ...]:
    return tuple(
        Choice(value=code, label=district_words(code), is_chosen=code == chosen) for code in codes if code != record
    )


def _serial(receipt: str) -> str:
    try:
        return parse_short_code(receipt)
    except MalformedShortCode:
        raise ReceiptUnknown(receipt=receipt[:40]) from None


def _status(request: Request, found: Complaint) -> ComplaintStatusView:
    decided = found.state is not ComplaintState.RECEIVED
    return ComplaintStatusView(
        here=request.url.path,
        host=request.app.state.env.public_host,
        receipt=format_short_code(found.receipt),
        state=found.state.value,
        state_words=COMPLAINT_STATE_WORDS[found.state],
        district=found.district,
        subject=SUBJECT_WORDS[found.subject],
        product=Bilingual(zh=found.product_zh, en=found.product_en),
        received_at=found.received_at,
        decide_by=None if decided else found.due_at,
        answer_by=found.due_at if decided else None,
        overdue=found.is_overdue(request.app.state.env.clock()),
        decided_at=found.decided_at,
        closed_at=found.closed_at,
        reason=None if found.not_accepted is None else NOT_ACCEPTED_WORDS[found.not_accepted],
        outcome=None if found.outcome is None else OUTCOME_WORDS[found.outcome],
        answer=found.answer,
        has_contact=found.contact is not None,
    )


def _line(found: Published) -> PublishedLine:
    return PublishedLine(
        id=found.publication_id,
        respondent=found.respondent,
        subject=SUBJECT_WORDS[found.subject],
        product=Bilingual(zh=found.product_zh, en=found.product_en),
        district=found.district,
        outcome=OUTCOME_WORDS[found.outcome],
        closed=found.closed_at.astimezone(LOCAL).date().isoformat(),
    )
