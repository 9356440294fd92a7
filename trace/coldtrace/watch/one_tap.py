"""Pressing a proposal: a site's gateway states it, and the case is closed by that statement, all or nothing.

The statement goes the way of every gateway statement (`custody/gateway.py`): signed with the site's key, judged and
kept by `capture`, under a number of its own that follows from case and proposal, so that a second press is answered
with the first.  Whether it settles the case is judged by the very rule of `work.resolve`; where it does not, nothing is
kept.  Who may press is who may say such a thing through the site's gateway at all (`Kind.GATEWAY`), and is the office.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.custody import correction_store
from coldtrace.custody.correction_rules import Corrected
from coldtrace.custody.gateway import Plain, say
from coldtrace.custody.lots import is_lot
from coldtrace.custody.model import CASE_OF, Level, Mark, UnitState
from coldtrace.custody.store import level_of
from coldtrace.env import Env
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.parties import store as parties
from coldtrace.parties.gateways import lock_gateway
from coldtrace.parties.model import SiteRole
from coldtrace.parties.rules import OPERATIONS
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within
from coldtrace.watch.cases import Case, find_case
from coldtrace.watch.model import UNITS_NAMED, CaseState
from coldtrace.watch.proposals import Doubted, Goods, Proposal, Site, propose
from coldtrace.watch.refusals import CaseUnknown, NotTheOffice, ProposalUnfit
from coldtrace.watch.scans import units_of_text
from coldtrace.watch.work import CASE_FIELD, GOODS, Worker, end_by, is_office, require_free, require_live

GOODS_MAX = 500
"""Of more goods than that nothing is proposed: somebody has to go and look."""
SITES_MAX = 20
_OFFSET = timezone(timedelta(hours=8))


def proposals_for(session: Session, env: Env, worker: Worker, case: Case, *, speak: Scope) -> list[Proposal]:
    """Return what the worker could settle a live case with at one press; none where it is not theirs to close.

    `speak` is what the right to speak through gateways reaches.
    """
    if not case.is_live or speak.is_empty or not is_office(session, worker.scope, case):
        return []
    goods = _goods(session, case)
    own, other = (_doubted(session, each) for each in (case.entry_id, case.other_id))
    places = {case.gln} | {each.corrected.gln for each in (own, other) if each is not None}
    places |= {gln for each in goods for gln in (each.gln, each.to_gln, *each.here, *each.coming)}
    sites = _sites(session, speak, {gln for gln in places if gln is not None}, office=worker.over)
    shown = {*case.units, *case.detail.get("units", ()), *units_of_text(case.scanned or "")}
    return [
        proposal
        for site in sites
        for proposal in propose(
            case.kind,
            site=site,
            goods=goods if site.level is Level.FIRM else [each for each in goods if each.unit_id in shown],
            own=own,
            other=other,
            at=env.clock(),
        )
    ]


def press(session: Session, env: Env, worker: Worker, case_id: UUID, *, proposal: str, speak: Scope) -> Case:
    """State a proposal and close the case by that; a second press is answered with the case that the first closed.

    The caller owns the transaction, and keeps nothing of it where this raises: CaseUnknown, NotTheOffice, CaseClosed,
    CaseTaken, ProposalUnfit where it is none (any more), GatewayClosed, what a gateway statement may be refused for,
    and ResolutionUnrelated where the record blocks what would be said.
    """
    case = find_case(session, worker.scope, case_id)
    if case is None:
        raise CaseUnknown(id=str(case_id))
    if not is_office(session, worker.scope, case):
        raise NotTheOffice(id=str(case_id))
    key, _, gln = proposal.rpartition("@")
    site = parties.site_in(session, gln, speak, Kind.GATEWAY)
    if site is None:
        raise ProposalUnfit(id=str(case_id), proposal=proposal[:60])
    # The gateway first, as for everything it says: who presses at the same time waits here, and finds the case closed.
    gateway = lock_gateway(session, env, site)
    case = find_case(session, worker.scope, case_id)
    assert case is not None, "no case goes away"
    ref = f"case:{case_id}:{key}"
    if case.state is CaseState.RESOLVED and case.resolved_by == _said(session, gln, ref):
        return case
    require_live(case)
    require_free(case, worker)
    found = {each.name: each for each in proposals_for(session, env, worker, case, speak=speak)}.get(proposal)
    if found is None:
        raise ProposalUnfit(id=str(case_id), proposal=proposal[:60])
    (result,) = say(session, env, site, gateway, [_plain(env, found, case_id, ref)])
    if result.refusal is not None:
        raise result.refusal
    return end_by(session, env, worker, case_id, statement=UUID(str(result.id)))


def _plain(env: Env, proposal: Proposal, case_id: UUID, ref: str) -> Plain:
    at = env.clock().astimezone(_OFFSET)
    header = proposal.corrects
    return Plain(
        ref=ref,
        type=proposal.type,
        at=at.replace(microsecond=at.microsecond // 1000 * 1000),
        lines=proposal.lines,
        fields={CASE_FIELD: str(case_id), **dict(proposal.fields)},
        corrects=None if header is None else Corrects(header=header, mode=CorrectionMode.DID_NOT_OCCUR),
    )


def _said(session: Session, gln: str, ref: str) -> UUID | None:
    found: UUID | None = session.execute(
        text("SELECT entry_id FROM gateway_statement WHERE gln = :gln AND ref = :ref"), {"gln": gln, "ref": ref}
    ).scalar_one_or_none()
    return found


def _doubted(session: Session, entry_id: UUID | None) -> Doubted | None:
    """Return a statement of a case as somebody may say that it is false; None where somebody did already."""
    if entry_id is None or correction_store.annulled(session, [entry_id]):
        return None
    row = session.execute(
        text(
            "SELECT s.header_hash, s.gln, s.recorded_at, st.district FROM statement s JOIN site st ON st.gln = s.gln"
            " WHERE s.entry_id = :id"
        ),
        {"id": entry_id},
    ).one()
    stopped = entry_id in correction_store.stopped(session, [entry_id])
    return Doubted(
        header=bytes(row.header_hash),
        corrected=Corrected(gln=row.gln, recorded_at=row.recorded_at, stopped=stopped),
        district=row.district,
    )


def _sites(session: Session, speak: Scope, glns: Collection[str], *, office: bool) -> list[Site]:
    """Return the sites for which the worker may speak among these; for a regulator also those of its own office."""
    within = Within(scope=speak, few_rows=True)
    rows = session.execute(
        text(
            "SELECT st.gln, st.role, st.district, o.uscc, d.operations, d.state FROM site st"
            " JOIN operator o USING (operator_id) LEFT JOIN gateway g ON g.gln = st.gln AND g.current"
            " LEFT JOIN device d ON d.key_id = g.key_id"
            " WHERE (st.gln = ANY(CAST(:glns AS text[])) OR CAST(:office AS boolean) AND st.role = 'regulator')"
            f" AND {within.thing(Kind.GATEWAY, at='st.gln')} ORDER BY st.gln LIMIT :most"
        ),
        {"glns": sorted(glns), "office": office, "most": SITES_MAX, **within.values},
    )
    return [
        Site(
            gln=row.gln,
            firm=row.uscc,
            operations=frozenset(row.operations or OPERATIONS[SiteRole(row.role)]),
            district=row.district,
            level=level_of(row.role),
            is_open=row.state == "active",
        )
        for row in rows
    ]


def _goods(session: Session, case: Case) -> list[Goods]:
    """Return the goods of a case, none of them inside another one; of a scan what its text names.  None if too many."""
    if case.scanned is not None:
        rows = _rows(session, "SELECT u.unit_pk FROM unit u WHERE u.unit_id = ANY(CAST(:units AS text[]))", case)
        known = {row.unit_id for row in rows}
        new = [Goods(unit_id=unit) for unit in sorted(units_of_text(case.scanned) - known)]
        return [*(_as_goods(row) for row in rows), *new]
    rows = _rows(session, f"SELECT g.unit_pk FROM ({GOODS}) g", case)
    if len(rows) > GOODS_MAX:
        return []
    if not rows:
        # A lot of which single boxes are known, and no quantity.
        return [Goods(unit_id=unit) for unit in case.units if is_lot(unit)]
    outer = {row.unit_pk for row in rows}
    lots = _stock(session, [row.unit_pk for row in rows])
    return [_as_goods(row, lots.get(row.unit_pk, ())) for row in rows if not outer & {row.parent_pk, row.root_pk}]


def _rows(session: Session, which: str, case: Case) -> list[Row[Any]]:
    values = {
        "case": case.case_id,
        "units": sorted(units_of_text(case.scanned or "")),
        "odd": [mark.value for mark in Mark if CASE_OF[mark] is case.kind],
        "named": UNITS_NAMED,
        "most": GOODS_MAX + 1,
    }
    return list(session.execute(text(_GOODS.format(which=which)), values))


_GOODS = (
    "SELECT u.unit_id, u.unit_pk, u.parent_pk, u.root_pk, COALESCE(r.state, u.state) AS state,"
    " COALESCE(r.gln, u.gln) AS gln, CASE WHEN r.unit_pk IS NULL THEN u.to_gln ELSE r.to_gln END AS to_gln, u.overlays,"
    " (SELECT sum(c.quantity) FROM statement_line c WHERE c.entry_id = o.entry_id AND c.unit_pk = u.unit_pk"
    "  AND o.type = 'count' AND NOT EXISTS (SELECT 1 FROM statement_line x JOIN statement l USING (entry_id)"
    "   WHERE x.unit_pk = u.unit_pk AND x.event_at >= o.event_at AND l.entry_id <> o.entry_id"
    "   AND o.gln IN (l.gln, l.to_gln)) AND (SELECT count(DISTINCT k.owner) FROM lot_stock k"
    "   WHERE k.unit_pk = u.unit_pk AND k.kind = 'here' AND k.gln = o.gln) <= 1"
    "  HAVING NOT bool_or(COALESCE(c.details, '{{}}') ? 'owner')) AS counted,"
    " CAST(f.detail ->> 'left' AS int) AS missing"
    " FROM case_file f LEFT JOIN statement o ON o.entry_id = f.entry_id JOIN unit u ON u.unit_pk IN ({which})"
    " LEFT JOIN unit r ON r.unit_pk = u.root_pk WHERE f.case_id = :case ORDER BY u.unit_id LIMIT :most"
)


def _stock(session: Session, pks: Sequence[int]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    rows = session.execute(
        text(
            "SELECT unit_pk, kind, CASE kind WHEN 'here' THEN gln ELSE to_gln END AS at, sum(quantity) AS quantity"
            " FROM lot_stock WHERE unit_pk = ANY(CAST(:pks AS bigint[])) GROUP BY 1, 2, 3"
        ),
        {"pks": sorted(pks)},
    )
    for row in rows:
        found.setdefault(row.unit_pk, []).append(row)
    return found


def _as_goods(row: Row[Any], stock: Sequence[Row[Any]] = ()) -> Goods:
    goods = Goods(
        unit_id=row.unit_id,
        state=UnitState(row.state),
        gln=row.gln,
        to_gln=row.to_gln,
        overlays=frozenset(row.overlays),
        counted=None if row.counted is None else int(row.counted),
        missing=row.missing,
    )
    return replace(goods, here=_quantities(stock, "here"), coming=_quantities(stock, "transit")) if stock else goods


def _quantities(stock: Sequence[Row[Any]], kind: str) -> Mapping[str, int]:
    return {each.at: int(each.quantity) for each in stock if each.kind == kind and each.at}
