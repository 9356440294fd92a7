"""The pages of a pallet, and of a place: a door, a gate, a counter with the lots that are open there."""

from collections.abc import Container
from datetime import datetime

from fastapi.responses import Response

from coldtrace.custody import counters
from coldtrace.custody.counters import OpenLot
from coldtrace.custody.history import find_unit, history
from coldtrace.custody.overlays import kinds_of
from coldtrace.events.facts import read_facts
from coldtrace.goods import store as goods
from coldtrace.parties import store as parties
from coldtrace.rights.model import EVERYTHING
from coldtrace.web.formats import LOCAL
from coldtrace.web.linkset import complaint_url
from coldtrace.web.pages.code_asked import OF_OVERLAYS, Asked, count_look, grouped, journey_steps, unknown_page
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.journey import is_in_transit, journey_stops
from coldtrace.web.pages.showing import show
from coldtrace.web.pages.views import ListedLot, PalletView, PlaceView
from coldtrace.web.status_words import Status, advice_for, worst_first

PALLET_LOTS_MAX = 20
COUNTER_LOTS_MAX = 30


def pallet_page(asked: Asked) -> Response:
    unit_id = str(asked.code.unit_id)
    unit = find_unit(asked.session, unit_id)
    if unit is None or goods.issued_code(asked.session, unit_id) is None:
        return unknown_page(asked, Status.NOT_REGISTERED)
    story = [line for line in history(asked.session, unit.unit_pk, EVERYTHING) if line.status == "accepted"]
    steps = journey_steps(story, {site.gln: site for site in parties.sites(asked.session)})
    found = counters.lots_on(asked.session, unit.unit_pk, limit=PALLET_LOTS_MAX)
    lots = [_lot(each, asked.now, told=_OF_WHOLE_LOTS) for each in found]
    view = PalletView(
        here=asked.here,
        host=asked.env.public_host,
        status=worst_first(
            [
                *(OF_OVERLAYS[kind] for kind in unit.lying),
                *(status for _, statuses in lots for status in statuses),
                *([Status.LIST_EXPIRED] if asked.report.stale else []),
            ]
        )[0],
        decided_at=asked.now,
        code_label=grouped(asked.code.value("00") or ""),
        queries=count_look(asked, unit_id),
        lots=tuple(lot for lot, _ in lots),
        journey=journey_stops(steps),
        in_transit=is_in_transit(steps),
        complaint_url=complaint_url(asked.path),
    )
    return show(asked.request, "consumer/pallet.html", view)


def place_page(asked: Asked) -> Response:
    gln = str(asked.code.value("414"))
    site = parties.site(asked.session, gln)
    if site is None:
        return unknown_page(asked, Status.NOT_REGISTERED)
    door = asked.code.value("254")
    found = counters.open_at(asked.session, gln, door, limit=COUNTER_LOTS_MAX)
    lots = [_lot(each, asked.now) for each in found[:COUNTER_LOTS_MAX]]
    view = PlaceView(
        here=asked.here,
        host=asked.env.public_host,
        status=worst_first([Status.PLACE, *(status for _, statuses in lots for status in statuses)])[0],
        decided_at=asked.now,
        role=site.role.value,
        district=site.district,
        gln=gln,
        door=door,
        open_lots=tuple(lot for lot, _ in lots),
        more=len(found) > COUNTER_LOTS_MAX,
        complaint_url=complaint_url(asked.path),
    )
    return show(asked.request, "consumer/place.html", view)


_OF_WHOLE_LOTS = frozenset({Status.RECALLED, Status.HELD, Status.EXPIRED})
"""What a pallet's page says of its lots; that one box of them was seen elsewhere is said of that box."""


def _lot(
    found: OpenLot, now: datetime, *, told: Container[Status] = frozenset(Status)
) -> tuple[ListedLot, list[Status]]:
    """Return a lot that is here and what must be said of it, the worst first."""
    facts = read_goods(read_facts(found.facts), today=now.astimezone(LOCAL).date())
    recalled = [Status.RECALLED] if found.recalled else []
    expired = [Status.EXPIRED] if facts.days_left is not None and facts.days_left < 0 else []
    stopped = [*expired, *recalled, *(OF_OVERLAYS[kind] for kind in kinds_of(found.overlays))]
    stopped = [status for status in stopped if status in told]
    statuses = worst_first(stopped) if stopped else ()
    lot = ListedLot(
        product=facts.product,
        origin=facts.origin,
        lot=facts.lot,
        expiry_date=facts.expiry_date,
        also=tuple(advice_for(status) for status in statuses),
    )
    return lot, list(statuses)
