"""The pages of a pallet, and of a place: a door, a gate, a counter with the lots that are open there."""

from collections.abc import Container, Iterable
from datetime import date

from fastapi.responses import Response

from coldtrace.custody import counters
from coldtrace.custody.counters import Behind, OpenLot
from coldtrace.custody.history import find_unit
from coldtrace.custody.model import Overlay
from coldtrace.custody.shown_statements import ShownStatements
from coldtrace.custody.story_pages import history
from coldtrace.events.facts import read_facts
from coldtrace.goods import store as goods
from coldtrace.ledger import service as ledger
from coldtrace.parties import store as parties
from coldtrace.rights.model import EVERYTHING
from coldtrace.web.formats import LOCAL
from coldtrace.web.linkset import complaint_url, notice_url
from coldtrace.web.pages.code_asked import (
    OF_OVERLAYS,
    Asked,
    count_look,
    grouped,
    journey_steps,
    recall_said,
    unknown_page,
)
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.journey import is_in_transit, journey_stops, temperature
from coldtrace.web.pages.showing import show
from coldtrace.web.pages.views import ListedLot, PalletView, PlaceView
from coldtrace.web.shown import note_common
from coldtrace.web.status_words import Status, advice_for, worst_first

PALLET_LOTS_MAX = 20
COUNTER_LOTS_MAX = 30
"""On one page: the next one is a link away, and whoever follows them sees all that is open."""
AFTER = "after"


def pallet_page(asked: Asked) -> Response:
    unit_id = str(asked.code.unit_id)
    unit = find_unit(asked.session, unit_id)
    if unit is None or goods.issued_code(asked.session, unit_id) is None:
        return unknown_page(asked, Status.NOT_REGISTERED)
    story = [line for line in history(asked.session, unit.unit_pk, EVERYTHING) if line.status == "accepted"]
    sites = parties.ask_sites(asked.session, {line.gln for line in story})()
    head = ledger.checkpoint(asked.session, asked.env.log)
    steps = journey_steps(ShownStatements(asked.session, asked.env, [story], head).told(story), sites)
    stops = journey_stops(steps)
    today = asked.now.astimezone(LOCAL).date()
    found = counters.lots_on(asked.session, unit.unit_pk, today=today, limit=PALLET_LOTS_MAX)
    lying = _said_of(found.overlays, told=_OF_WHOLE_LOTS)
    view = PalletView(
        here=asked.here,
        host=asked.env.public_host,
        status=worst_first(
            [
                *(OF_OVERLAYS[kind] for kind in unit.lying),
                *lying,
                *([Status.LIST_EXPIRED] if asked.report.stale else []),
            ]
        )[0],
        decided_at=asked.now,
        code_label=grouped(asked.code.value("00") or ""),
        queries=count_look(asked, unit_id),
        lots=tuple(_lot(each, today, told=_OF_WHOLE_LOTS) for each in found.listed),
        more=found.more,
        journey=stops,
        in_transit=is_in_transit(steps),
        temperature=temperature(steps, stops, warm=Overlay.TEMP_BREACH in unit.lying),
        recall=recall_said(story, unit.lying, sites),
        complaint_url=complaint_url(asked.path),
    )
    return show(asked.request, "consumer/pallet.html", view)


def place_page(asked: Asked) -> Response:
    gln = str(asked.code.value("414"))
    site = parties.site(asked.session, gln)
    if site is None:
        return unknown_page(asked, Status.NOT_REGISTERED)
    door = asked.code.value("254")
    today = asked.now.astimezone(LOCAL).date()
    behind = Behind.read(asked.request.query_params.get(AFTER, ""))
    found = counters.open_at(asked.session, gln, door, today=today, limit=COUNTER_LOTS_MAX, behind=behind)
    if behind is not None and not found.listed:
        # All that came behind is sold meanwhile: what is here stands on the first page.
        behind = None
        found = counters.open_at(asked.session, gln, door, today=today, limit=COUNTER_LOTS_MAX)
    view = PlaceView(
        here=asked.here,
        host=asked.env.public_host,
        status=worst_first([Status.PLACE, *_said_of(found.overlays)])[0],
        decided_at=asked.now,
        role=site.role.value,
        district=site.district,
        gln=gln,
        door=door,
        open_lots=tuple(_lot(each, today) for each in found.listed),
        more=found.more,
        next_url=None if found.behind is None else f"{asked.path}&{AFTER}={found.behind.text}",
        first_url=None if behind is None else asked.path,
        complaint_url=complaint_url(asked.path),
    )
    note_common(asked.request)
    return show(asked.request, "consumer/place.html", view)


_OF_WHOLE_LOTS = frozenset({Status.RECALLED, Status.HELD, Status.EXPIRED})
"""What a pallet's page says of its lots; that one box of them was seen elsewhere is said of that box."""


def _said_of(overlays: Iterable[Overlay], *, told: Container[Status] = frozenset(Status)) -> tuple[Status, ...]:
    """Return what must be said of goods on which these overlays lie, the worst first."""
    found = [status for status in (OF_OVERLAYS[kind] for kind in overlays) if status in told]
    return worst_first(found) if found else ()


def _lot(found: OpenLot, today: date, *, told: Container[Status] = frozenset(Status)) -> ListedLot:
    """Return a lot that is here, with what must be said of it."""
    facts = read_goods(read_facts(found.facts), today=today)
    return ListedLot(
        product=facts.product,
        origin=facts.origin,
        lot=facts.lot,
        expiry_date=facts.expiry_date,
        also=tuple(advice_for(status) for status in _said_of(found.overlays, told=told)),
        notice_url=None if found.notice is None else notice_url(*found.notice),
    )
