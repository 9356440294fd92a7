"""A request about a code that was verified, and what every page of a code needs."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.codes.digital_link import build_uri
from coldtrace.codes.short_code import format_short_code
from coldtrace.codes.trace_code import CodeKind, TraceCode
from coldtrace.custody.bundle import MEDIA_TYPE
from coldtrace.custody.history import HistoryLine, UnitRecord
from coldtrace.custody.model import Overlay, UnitState
from coldtrace.env import Env
from coldtrace.events.facts import read_facts
from coldtrace.events.statement_type import StatementType
from coldtrace.goods import product_links
from coldtrace.goods import store as goods
from coldtrace.goods.product_link_rules import ProductLink
from coldtrace.goods.stop_store import Recall
from coldtrace.goods.store import IssuedCode
from coldtrace.parties import store as parties
from coldtrace.parties.model import Site
from coldtrace.seal.trust_entries import TrustList
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.verify.code import CodeReport
from coldtrace.web.accepted import is_accepted
from coldtrace.web.formats import LOCAL
from coldtrace.web.linkset import LINKSET, PROOF, WHOLE, complaint_url, notice_url, type_asked
from coldtrace.web.looks import Looks
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.journey import JourneyStep
from coldtrace.web.pages.showing import show
from coldtrace.web.pages.views import Queries, RecallNotice, UnknownView
from coldtrace.web.problems import wants_page
from coldtrace.web.refusals import CodeRefused
from coldtrace.web.shown import note_common, note_shown
from coldtrace.web.status_words import STATUSES, Status, Tone

NOT_REGISTERED = "not_registered"
PAGE = "text/html"


@dataclass(frozen=True, kw_only=True)
class Asked:
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
        return here_of(self.request)

    @property
    def printed(self) -> str:
        return printed_code(self.code, self.env)

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


def kind_wanted(request: Request) -> str:
    """Return the media type in which a code is to be answered."""
    accept = request.headers.get("accept", "")
    wanted = type_asked(request.query_params.get("linkType"))
    if wanted in (WHOLE, PROOF):
        return LINKSET if wanted == WHOLE else MEDIA_TYPE
    if wanted is None and is_accepted(accept, LINKSET):
        return LINKSET
    return MEDIA_TYPE if wanted in (None, "traceability") and is_accepted(accept, MEDIA_TYPE) else PAGE


def facts_if_registered(issued: IssuedCode | None, unit: UnitRecord | None) -> str | None:
    """Return the text of a box's facts; None unless it was issued here, not taken back, and bound."""
    if issued is None or unit is None or unit.holding.state is UnitState.BLANK:
        return None
    return issued.facts


def trust_of(session: Session) -> TrustList:
    """Return the newest trust list: our own, so nobody's signature of it is asked."""
    row = parties.newest_trust_list(session)
    assert row is not None, "installing publishes the first trust list"
    return open_trust_list(row.envelope, root=None)


def printed_code(code: TraceCode, env: Env) -> str:
    """Return the code as the label has it: without what a visitor's software added to the address."""
    return build_uri(host=env.public_host, elements=code.elements, token=code.token)


def here_of(request: Request) -> str:
    query = request.scope["query_string"].decode("latin-1")
    path: str = request.scope["raw_path"].decode("latin-1")
    return path + (f"?{query}" if query else "")


def printed_text(request: Request, public_host: str) -> str:
    """Return the code as printed: the public host with the exact path and query that arrived."""
    return f"https://{public_host}{here_of(request)}"


def scanned_text(text: str) -> str:
    """Return what was scanned as a page shows it: not too long, and without the language that our switch added.

    >>> scanned_text("https://TRACE.EXAMPLE.CN/U/ABC?s=XYZ&lang=en")
    'https://TRACE.EXAMPLE.CN/U/ABC?s=XYZ'
    """
    head, mark, query = text.partition("?")
    kept = "&".join(part for part in query.split("&") if part.partition("=")[0] != "lang")
    return f"{head}{mark if kept else ''}{kept}"[:300]


def unknown_page(asked: Asked, status: Status) -> Response:
    if not wants_page(asked.request):
        raise CodeRefused(verdict=NOT_REGISTERED)
    note_common(asked.request)
    view = UnknownView(
        here=asked.here,
        host=asked.env.public_host,
        status=status,
        decided_at=asked.now,
        code_label=label_of(asked.code),
        scanned=scanned_text(asked.text),
        complaint_url=complaint_url(asked.path),
    )
    return show(asked.request, "consumer/unknown.html", view, 404)


def label_of(code: TraceCode) -> str | None:
    if "00" in dict(code.elements):
        return grouped(code.value("00") or "")
    return None if code.serial is None else format_short_code(code.serial)


def grouped(digits: str) -> str:
    """Return an SSCC in groups that a person can read out."""
    return " ".join(digits[at : at + 3] for at in range(0, len(digits), 3))


def count_look(asked: Asked, unit_id: str) -> Queries:
    """Count this look-up at once."""
    looks: Looks = asked.request.app.state.looks
    looks.know_salt(asked.session, asked.now)
    ((count, first_at),) = looks.count_all(asked.session, [(asked.request, unit_id)], at=asked.now)
    # The same session, committed at once: a request that held its connection while it waited for a second one would
    # stand in the way of all others doing the same.
    asked.session.commit()
    note_shown(asked.request, unit_id, count)
    return Queries(count=count, first_at=first_at)


OF_OVERLAYS = {
    Overlay.HOLD_FIRM: Status.HELD,
    Overlay.HOLD_REGULATOR: Status.HELD,
    Overlay.RECALL: Status.RECALLED,
    Overlay.TEMP_BREACH: Status.TEMP_BREACH,
    Overlay.CLONE_SUSPECT: Status.CLONE_SUSPECT,
    Overlay.EXPIRED: Status.EXPIRED,
}


GONE = (UnitState.DESTROYED, UnitState.VOID, UnitState.LOST, UnitState.EXPORTED)


def is_stopped(unit: UnitRecord, facts: str, *, now: datetime) -> bool:
    """Tell whether the page of a box would say in red that it may not be sold or eaten."""
    left = read_goods(read_facts(facts), today=now.astimezone(LOCAL).date()).days_left
    past = left is not None and left < 0
    lying = any(STATUSES[OF_OVERLAYS[kind]].tone is Tone.STOP for kind in unit.lying)
    return past or lying or unit.effective.state in GONE


def recall_said(
    story: Iterable[HistoryLine], lying: Iterable[Overlay], sites: Mapping[str, Site]
) -> RecallNotice | None:
    """Return the newest recall that statements said of goods, None unless one lies on them."""
    said = [line for line in story if line.type == StatementType.RECALL]
    if not said or Overlay.RECALL not in lying:
        return None
    site = sites[said[-1].gln]
    day = said[-1].event_at.astimezone(LOCAL).date().isoformat()
    return RecallNotice(published=day, role=site.role.value, district=site.district)


def recall_noticed(recall: Recall) -> RecallNotice:
    """Return what a page says of a lot that was recalled by its number."""
    return RecallNotice(
        published=recall.recalled_at.astimezone(LOCAL).date().isoformat(),
        reason=recall.reason,
        url=notice_url(recall.gtin, recall.lot),
    )


def journey_steps(
    story: Iterable[HistoryLine], sites: Mapping[str, Site], proved: Collection[UUID] = ()
) -> list[JourneyStep]:
    """Return a unit's story as the steps of its journey: kind of place, district, local day.

    `proved` are the statements that its proof shows, none where there is no proof.
    """
    return [
        JourneyStep(
            statement_type=line.type,
            role=sites[line.gln].role.value,
            district=sites[line.gln].district,
            date=line.event_at.astimezone(LOCAL).date().isoformat(),
            site=line.gln,
            cold=line.cold.value,
            by_platform=line.by_platform,
            waiting=bool(proved) and line.entry_id not in proved,
        )
        for line in story
    ]
