"""The front door for people: what this is, open a sample code, read the API; and the privacy notice."""

import json
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from coldtrace.codes.scan import read_scan
from coldtrace.codes.short_code import format_short_code
from coldtrace.custody.history import find_unit
from coldtrace.custody.story_pages import history
from coldtrace.errors import Lang, Refusal
from coldtrace.events.facts import read_facts
from coldtrace.goods import store as goods
from coldtrace.parties import store as parties
from coldtrace.rights.model import EVERYTHING
from coldtrace.web.access import Visitor
from coldtrace.web.formats import LOCAL
from coldtrace.web.pages.code_asked import journey_steps
from coldtrace.web.pages.foreign import foreign_page
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.journey import journey_stops
from coldtrace.web.pages.qr_picture import qr_picture
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.pages.views import ErrorView, FrontView, PrivacyView, Sample, SampleBox, SampleKind
from coldtrace.web.problems import code_of
from coldtrace.web.refusals import CodeNotFound, PageNotFound
from coldtrace.web.render import render

router = APIRouter(include_in_schema=False, dependencies=[Visitor])
SAMPLES_FILE = "demo.json"
"""Written by the demo into the data folder: links worth opening, and one box."""

LABELS_FILE = "sample-labels.pdf"


@router.get("/")
def front(request: Request) -> Response:
    """Show the front page."""
    state = request.app.state
    samples = read_samples(state.settings.data_dir)
    links = {kind: url for kind, url in samples.get("links", {}).items() if kind in get_args(SampleKind)}
    labels = state.settings.data_dir / LABELS_FILE
    view = FrontView(
        here="/",
        host=state.env.public_host,
        sample=_sample_box(request, samples),
        samples=tuple(Sample(kind=kind, url=url) for kind, url in links.items()),  # type: ignore[arg-type]
        base_url=str(request.base_url).rstrip("/"),
        checkpoint_url=f"/logs/{state.env.log.name}/checkpoint",
        labels_url=f"/{LABELS_FILE}" if labels.exists() else None,
        lookup_url="/find",
        demo=bool(links),
    )
    return remember_language(request, show(request, "door/front.html", view))


@router.get("/find")
def find(request: Request, code: str = "") -> Response:
    """Lead from a keyed-in short code, or a code pasted whole, to its page; one wrong sign is caught by the last."""
    code = code[:2000]
    try:
        scan = read_scan(code)
    except Refusal:
        page = foreign_page(request, code)
        if page is None:
            raise
        return page
    if scan.code is not None and scan.code.token is not None:
        return RedirectResponse(_local(code), 303)
    if scan.serial is not None:
        with request.app.state.sessions() as session:
            uri = goods.code_of_serial(session, scan.serial)
        if uri is not None:
            return RedirectResponse(_local(uri), 303)
    page = foreign_page(request, code)
    if page is not None:
        return page
    raise CodeNotFound(code=code[:60])


def _local(uri: str) -> str:
    """Return path and query of one of our codes, to open it here; never another host."""
    parts = urlsplit(uri.strip())
    return f"/{parts.path.lstrip('/')}?{parts.query}"


@router.get("/privacy")
def privacy(request: Request) -> Response:
    """Show what is kept of a visitor."""
    view = PrivacyView(here="/privacy", host=request.app.state.env.public_host)
    return remember_language(request, show(request, "privacy.html", view))


@router.get(f"/{LABELS_FILE}")
def sample_labels(request: Request) -> Response:
    """Return the printed sheet of sample codes."""
    path: Path = request.app.state.settings.data_dir / LABELS_FILE
    if not path.exists():
        raise PageNotFound(path=request.url.path)
    return FileResponse(path, media_type="application/pdf")


def read_samples(data_dir: Path) -> dict[str, dict[str, str]]:
    """Return what the demo left for the front page; nothing before there is a demo world."""
    path = data_dir / SAMPLES_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(name): {str(key): text for key, text in part.items() if isinstance(text, str)}
        for name, part in found.items()
        if isinstance(part, dict)
    }


def _sample_box(request: Request, samples: dict[str, dict[str, str]]) -> SampleBox | None:
    box = samples.get("box", {})
    if not {"unit", "url"} <= box.keys():
        return None
    with request.app.state.sessions() as session:
        issued, unit = goods.issued_code(session, box["unit"]), find_unit(session, box["unit"])
        if issued is None or issued.facts is None or issued.serial is None or unit is None:
            return None
        facts = read_goods(read_facts(issued.facts), today=request.app.state.env.clock().astimezone(LOCAL).date())
        story = [line for line in history(session, unit.unit_pk, EVERYTHING) if line.status == "accepted"]
        sites = parties.ask_sites(session, {line.gln for line in story})()
        steps = journey_steps(story, sites)
    return SampleBox(
        url=box["url"],
        code_label=format_short_code(issued.serial),
        product=facts.product,
        origin=facts.origin,
        journey=journey_stops(steps),
        qr=qr_picture(issued.uri),
    )


def error_page(request: Request, refusal: Refusal, status: int, lang: Lang) -> str:
    """Return a refusal as a page."""
    retry = refusal.facts.get("retry_s")
    view = ErrorView(
        here=request.url.path,
        host=request.app.state.env.public_host,
        http_status=status,
        title=refusal.title,
        detail=type(refusal.detail)(refusal.say("zh"), refusal.say("en")),
        code=code_of(refusal),
        request_id=str(request.scope.get("coldtrace.request_id", "")) if status >= 500 else None,
        retry_after_s=retry if isinstance(retry, int) else None,
    )
    return render("error.html", view, lang)
