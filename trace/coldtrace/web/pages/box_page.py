"""The page of a box: many at a time, because what is asked for one can be asked for all in the same few questions.

Whoever comes here has a good code, of a box that is registered; its lot may be recalled.  What lies on the goods, where
they are and what was said of them is read for every page; what was checked of a statement's very bytes before is not
checked again (`custody/shown_statements.py`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.codes.trace_code import TraceCode
from coldtrace.custody.bundle import allow_proof, frame, to_show, waiting
from coldtrace.custody.history import HistoryLine, UnitRecord, ask_stories, seller_in
from coldtrace.custody.model import Mark, Overlay, UnitState
from coldtrace.custody.shown_statements import ShownStatements
from coldtrace.env import Env
from coldtrace.events.facts import read_facts
from coldtrace.events.statement_type import StatementType
from coldtrace.goods.stop_store import Recall
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import SignedHead
from coldtrace.parties import store as parties
from coldtrace.parties.model import Anchors, Site
from coldtrace.seal.root_document import parse_root
from coldtrace.verify.bundle import verify_shown
from coldtrace.verify.code import CodeReport
from coldtrace.verify.report import Outcome, Result
from coldtrace.web.formats import LOCAL
from coldtrace.web.linkset import complaint_url, proof_url
from coldtrace.web.looks import Looks
from coldtrace.web.pages.code_asked import (
    OF_OVERLAYS,
    here_of,
    journey_steps,
    label_of,
    printed_code,
    recall_noticed,
    recall_said,
)
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.journey import is_in_transit, journey_stops, temperature
from coldtrace.web.pages.showing import show
from coldtrace.web.pages.views import Bilingual, ConsumerView, Goods, ProofSummary, Queries, Repack, Seller
from coldtrace.web.problems import status_of
from coldtrace.web.refusals import CodeRefused
from coldtrace.web.shown import note_shown
from coldtrace.web.status_words import Status, worst_first

SEEN_AGAIN = frozenset({Mark.SOLD_TWICE.value, Mark.AFTER_SALE.value})
"""Marks after which a copied label is the likeliest story; the whole clone radar comes with its own work."""


@dataclass(frozen=True, kw_only=True)
class BoxAsked:
    """A request for the page of a registered box; `facts` is the text of its signed facts, `allow` the proof that a
    code of a stolen key is older than the theft, `recall` that of its lot by number, which the page is refused with."""

    request: Request
    report: CodeReport
    code: TraceCode
    unit: UnitRecord
    facts: str
    allow: dict[str, object] | None = None
    recall: Recall | None = None


class BoxPages:
    """The pages of some boxes: `read` what they tell, in a session that may be hot, then `pages` makes them."""

    def __init__(self, env: Env, looks: Looks, asked: Sequence[BoxAsked], *, now: datetime) -> None:
        self._env, self._looks, self._asked, self._now = env, looks, asked, now

    def read(self, session: Session, anchors: Anchors, head: SignedHead) -> None:
        """Ask everything, and count who looks."""
        stories = ask_stories(session, [each.unit.unit_pk for each in self._asked])
        self._looked = self._looks.count_all(
            session, [(each.request, each.unit.unit_id) for each in self._asked], at=self._now
        )
        self._stories = stories()
        sites = parties.ask_sites(session, {line.gln for story in self._stories.values() for line in story})
        self._anchors, self._head = anchors, head
        self._statements = ShownStatements(session, self._env, self._stories.values(), head)
        self._sites = sites()

    def pages(self, session: Session) -> list[Response]:
        """Make the pages; the session is not hot any more."""
        self._statements.prove(session)
        return [
            self._page(each, Queries(count=count, first_at=first_at))
            for each, (count, first_at) in zip(self._asked, self._looked, strict=True)
        ]

    def _page(self, asked: BoxAsked, queries: Queries) -> Response:
        unit, code = asked.unit, asked.code
        facts = read_goods(read_facts(asked.facts), today=self._now.astimezone(LOCAL).date())
        story = self._statements.told(self._stories.get(unit.unit_pk, []))
        proved = to_show(story, self._statements)
        steps = journey_steps(story, self._sites, {line.entry_id for line in proved})
        stops = journey_stops(steps)
        printed = printed_code(code, self._env)
        path = printed[len(f"https://{self._env.public_host}") :]
        proof = self._proof(asked, printed, path, story, proved)
        statuses = _statuses(asked, facts, proof, story)
        note_shown(asked.request, unit.unit_id, queries.count)
        view = ConsumerView(
            here=here_of(asked.request),
            host=self._env.public_host,
            status=statuses[0],
            also=tuple(statuses[1:]),
            decided_at=self._now,
            verdict=asked.report.verdict.value,
            code_label=label_of(code),
            queries=queries,
            goods=facts,
            journey=stops,
            in_transit=is_in_transit(steps),
            temperature=temperature(steps, stops, warm=Overlay.TEMP_BREACH in unit.lying),
            repacks=repacks(story, self._sites, unit.unit_id),
            seller=_seller(story, self._sites),
            recall=recall_noticed(asked.recall) if asked.recall else recall_said(story, unit.lying, self._sites),
            proof=proof,
            complaint_url=complaint_url(path),
        )
        # A machine that asks for the page learns of the recall by its status, too, as from the problem.
        status = 200 if asked.recall is None else status_of(CodeRefused(verdict=view.verdict))
        return show(asked.request, "consumer/unit.html", view, status)

    def _proof(
        self, asked: BoxAsked, printed: str, path: str, story: list[HistoryLine], proved: list[HistoryLine]
    ) -> ProofSummary:
        shown = [self._statements.shown(line) for line in proved]
        if not shown:
            return ProofSummary(result="pending" if waiting(story, self._statements) else "none")
        bundle = frame(self._env, self._anchors, self._head, code=printed, facts=asked.facts)
        if asked.allow is not None:
            bundle["allow"] = asked.allow
        report = verify_shown(
            json.dumps(bundle, ensure_ascii=False),
            [each.statement for each in shown],
            root=parse_root(self._anchors.root),
            now=self._now,
            check=lambda _, number, ground: shown[number].check(number, ground),
        )
        counts = {result: sum(check.result is result for check in report.checks) for result in Result}
        return ProofSummary(
            result="failed" if report.result is Outcome.FAILED else "passed",
            # A plain link sends `Accept: text/html`, so the bundle has an address of its own.
            url=proof_url(path),
            passed=counts[Result.PASSED],
            failed=counts[Result.FAILED],
            not_checked=counts[Result.NOT_CHECKED],
        )


def box_page(session: Session, env: Env, looks: Looks, asked: BoxAsked, *, now: datetime) -> Response:
    """Return the page of one box."""
    asked = replace(asked, allow=allow_proof(session, printed_code(asked.code, env)))
    pages = BoxPages(env, looks, [asked], now=now)
    looks.know_salt(session, now)
    pages.read(session, parties.ask_anchors(session)(), ledger.ask_checkpoint(session, env.log)())
    session.commit()
    (page,) = pages.pages(session)
    return page


def _statuses(asked: BoxAsked, facts: Goods, proof: ProofSummary, story: list[HistoryLine]) -> list[Status]:
    """Return every status that holds, the worst first."""
    unit = asked.unit
    found = [] if asked.recall is None else [Status.RECALLED]
    if facts.days_left is not None and facts.days_left < 0:
        found.append(Status.EXPIRED)
    if any(SEEN_AGAIN.intersection(line.marks) for line in story):
        found.append(Status.CLONE_SUSPECT)
    found += [OF_OVERLAYS[kind] for kind in unit.lying]
    if unit.effective.state in (UnitState.DESTROYED, UnitState.VOID, UnitState.LOST, UnitState.EXPORTED):
        found.append(Status.NOT_FOR_SALE)
    if asked.report.stale:
        found.append(Status.LIST_EXPIRED)
    if proof.result == "failed":
        found.append(Status.PROOF_FAILED)
    if unit.effective.state in (UnitState.SOLD, UnitState.USED):
        found.append(Status.SOLD)
    return list(worst_first(found)) or [Status.NORMAL]


def repacks(story: Iterable[HistoryLine], sites: Mapping[str, Site], unit_id: str) -> tuple[Repack, ...]:
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


def _seller(story: Iterable[HistoryLine], sites: Mapping[str, Site]) -> Seller | None:
    """Return the shop that sold the box; nobody else's name is shown."""
    sold = seller_in(story)
    if sold is None:
        return None
    gln, at = sold
    site = sites[gln]
    return Seller(
        name=_name(site),
        district=site.district,
        date=at.astimezone(LOCAL).date().isoformat(),
    )
