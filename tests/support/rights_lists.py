"""What every list of the service should hold for whom: all rows of the database, judged by the pure rule alone.

`LISTS` has for each list (`Call.lists`) its rows in the list's own order, each with what decides whether a scope
reaches it.  `held` is the first page of them that somebody should see.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.rights.model import Kind, Party, Relation, Scope, Thing
from coldtrace.rights.rules import covers, reaches
from coldtrace.seal.b64 import b64
from support.scope_world import read_told, sites_of

Seen = Callable[[Scope], bool]
Rows = list[tuple[str, Seen]]

API_PAGE, DESK_PAGE = 200, 50


def held(session: Session, lists: str, scope: Scope) -> list[str]:
    """Return the ids on the first page of a list."""
    page = DESK_PAGE if lists.startswith("#") else API_PAGE
    rows = LISTS[lists](session)
    return [id for id, seen in rows if scope.everything or seen(scope)][:page]


def _rows(session: Session, query: str, **values: object) -> list[Any]:
    return list(session.execute(text(query), values))


def _at(kind: Kind, party: Party) -> Seen:
    return lambda scope: reaches(scope, kind, Thing(parties={Relation.AT: party}))


def _any(kind: Kind, things: Iterable[Thing]) -> Seen:
    every = list(things)
    return lambda scope: any(reaches(scope, kind, thing) for thing in every)


def _runs(kind: Kind, which: str) -> Callable[[Session], Rows]:
    def rows(session: Session) -> Rows:
        return [(str(row.run_id), _any(kind, [_of_run(session, row)])) for row in _run_rows(session, which)]

    return rows


def _run_rows(session: Session, which: str) -> list[Any]:
    return _rows(
        session,
        "SELECT r.run_id, r.station_gln, c.importer_id FROM code_run r LEFT JOIN consignment c USING (consignment_id)"
        f" WHERE (r.consignment_id IS NULL OR c.state = 'open') AND {which} ORDER BY r.run_id DESC",
    )


def _of_run(session: Session, row: Any) -> Thing:
    importer = {} if row.importer_id is None else {Relation.IMPORTER: Party(operator_id=row.importer_id)}
    return Thing(parties={Relation.AT: sites_of(session)[row.station_gln]} | importer)


def _statements(session: Session) -> Rows:
    told = read_told(session)
    return [(str(each), _any(Kind.STATEMENT, told.statements[each])) for each in told.newest(told.statements)]


def _cases(session: Session) -> Rows:
    told = read_told(session)
    held = {
        case: [Thing(parties={Relation.FROM: told.sites[gln]}) for gln in told.held.get(case, ())]
        for case in told.cases
    }
    things = {case: told.statements[entry] + held[case] for case, entry in told.cases.items()} | {
        each: [it] for each, it in told.scans.items()
    }
    return [(str(each), _any(Kind.CASE, things[each])) for each in told.newest(things)]


def _late(session: Session) -> Rows:
    """Give devices that said something, the latest one first; all of the tests' did so today."""
    sites = sites_of(session)
    rows = _rows(
        session,
        "SELECT key_id, gln FROM statement GROUP BY key_id, gln"
        " ORDER BY CAST(max(extract(epoch FROM recorded_at - event_at)) AS bigint) DESC, key_id",
    )
    return [(b64(bytes(row.key_id)), _at(Kind.DEVICE, sites[row.gln])) for row in rows]


def _reprints(session: Session) -> Rows:
    rows = _rows(
        session,
        "SELECT p.reprint_id, r.run_id, r.station_gln, c.importer_id FROM label_reprint p"
        " JOIN issued_code i USING (unit_id) JOIN code_run r USING (run_id) LEFT JOIN consignment c"
        " ON c.consignment_id = r.consignment_id ORDER BY p.reprinted_at DESC, p.reprint_id DESC",
    )
    return [(str(row.reprint_id), _any(Kind.RUN, [_of_run(session, row)])) for row in rows]


def _devices(session: Session) -> Rows:
    sites = sites_of(session)
    rows = _rows(session, "SELECT key_id, gln FROM device ORDER BY key_id")
    return [(b64(bytes(row.key_id)), _at(Kind.DEVICE, sites[row.gln])) for row in rows]


def _invites(session: Session) -> Rows:
    """Give those that are open; all of the tests' are younger than their end."""
    sites = sites_of(session)
    rows = _rows(
        session,
        "SELECT token_hash, gln FROM invite WHERE used_at IS NULL AND withdrawn_at IS NULL ORDER BY token_hash",
    )
    return [(b64(bytes(row.token_hash)), _at(Kind.DEVICE, sites[row.gln])) for row in rows]


def _sites(session: Session) -> Rows:
    return [(gln, _at(Kind.SITE, party)) for gln, party in sorted(sites_of(session).items())]


def _organisations(session: Session) -> Rows:
    """Give organisations: seen by themselves, or by a site that is seen."""
    sites = sites_of(session).values()
    rows: Rows = []
    for row in _rows(session, "SELECT operator_id, uscc FROM operator ORDER BY uscc"):
        places = [Party(operator_id=row.operator_id), *(each for each in sites if each.operator_id == row.operator_id)]
        rows.append((row.uscc, lambda scope, places=places: any(covers(scope, each) for each in places)))  # type: ignore[misc]
    return rows


def _rated(session: Session) -> Rows:
    """Give the organisations of open sites that goods pass through: seen by one of their sites."""
    sites = sites_of(session)
    places: dict[Any, list[Party]] = {}
    for row in _rows(
        session, "SELECT gln, operator_id FROM site WHERE closed_at IS NULL AND role NOT IN ('regulator', 'customs')"
    ):
        places.setdefault(row.operator_id, []).append(sites[row.gln])
    rows: Rows = []
    for row in _rows(session, "SELECT operator_id, uscc FROM operator ORDER BY uscc"):
        at = [Thing(parties={Relation.AT: each}) for each in places.get(row.operator_id, ())]
        if at:
            rows.append((row.uscc, _any(Kind.STATEMENT, at)))
    return rows


def _members(column: str, table: str, live: str) -> Callable[[Session], Rows]:
    """Give persons or tokens: seen by whoever manages the organisation, or all the sites, of one of their roles."""

    def rows(session: Session) -> Rows:
        roles: dict[Any, list[Any]] = {}
        for row in _rows(session, f"SELECT {column} AS id, operator_id, sites FROM membership WHERE ended_at IS NULL"):
            roles.setdefault(row.id, []).append(row)
        found = _rows(session, f"SELECT {column} AS id FROM {table} WHERE {live} ORDER BY {column}")
        return [(str(row.id), _by_role(roles.get(row.id, []))) for row in found]

    return rows


def _webhooks(session: Session) -> Rows:
    """Give webhooks: seen as a token of the same role is."""
    rows = _rows(session, "SELECT * FROM webhook WHERE state <> 'ended' ORDER BY webhook_id")
    return [(str(row.webhook_id), _by_role([row])) for row in rows]


def _by_role(roles: list[Any]) -> Seen:
    return lambda scope: any(
        covers(scope, Party(operator_id=role.operator_id))
        or (role.sites is not None and set(role.sites) <= scope.sites)
        for role in roles
    )


def _records(session: Session) -> Rows:
    """Give the journal: seen by whose organisation acted, whose data it was, or of whose sites."""
    rows = _rows(
        session,
        "SELECT record_id, actor_operators, subjects, sites FROM journal_record ORDER BY at DESC, record_id DESC",
    )
    return [(str(row.record_id), _concerned(row)) for row in rows]


def _concerned(row: Any) -> Seen:
    parties = [Party(operator_id=each) for each in (*row.actor_operators, *row.subjects)]
    places = [Party(operator_id=None, gln=gln) for gln in row.sites]
    return lambda scope: any(covers(scope, each) for each in (*parties, *places))


_PERSONS = _members("person_id", "person", "state <> 'erased'")
_TOKENS = _members(
    "token_id",
    "api_token t",
    "revoked_at IS NULL AND NOT development AND person_id IS NULL AND EXISTS"
    " (SELECT 1 FROM membership m WHERE m.token_id = t.token_id AND m.ended_at IS NULL)",
)


def _product_links(session: Session) -> Rows:
    rows = _rows(session, "SELECT link_id, operator_id FROM product_link WHERE ended_at IS NULL ORDER BY link_id")
    mine = {row.link_id: Thing(parties={Relation.IMPORTER: Party(operator_id=row.operator_id)}) for row in rows}
    return [(str(id), _any(Kind.CONSIGNMENT, [thing])) for id, thing in mine.items()]


def _consignments(session: Session) -> Rows:
    sites = sites_of(session)
    rows = _rows(
        session, "SELECT consignment_id, station_gln, importer_id FROM consignment ORDER BY consignment_id DESC"
    )
    found: Rows = []
    for row in rows:
        parties = {Relation.AT: sites[row.station_gln], Relation.IMPORTER: Party(operator_id=row.importer_id)}
        found.append((str(row.consignment_id), _any(Kind.CONSIGNMENT, [Thing(parties=parties)])))
    return found


def _provisional(session: Session) -> Rows:
    """Give consignments whose final declaration is still to come, the oldest first."""
    open_ones = _rows(
        session,
        "SELECT consignment_id FROM consignment WHERE state = 'open'"
        " AND papers ->> 'declaration_status' = 'provisional'",
    )
    waiting = {str(row.consignment_id) for row in open_ones}
    return [row for row in reversed(_consignments(session)) if row[0] in waiting]


def _papers(session: Session) -> Rows:
    sites = sites_of(session)
    rows = _rows(
        session,
        "SELECT p.paper_id, c.station_gln, c.importer_id FROM paper p JOIN consignment c USING (consignment_id)"
        " ORDER BY p.paper_id DESC",
    )
    found: Rows = []
    for row in rows:
        parties = {Relation.AT: sites[row.station_gln], Relation.IMPORTER: Party(operator_id=row.importer_id)}
        found.append((str(row.paper_id), _any(Kind.PAPER, [Thing(parties=parties)])))
    return found


def _policies(session: Session) -> Rows:
    """Give every version of every policy: everybody's."""
    rows = _rows(session, "SELECT policy_id FROM paper_policy ORDER BY policy_id DESC")
    return [(str(row.policy_id), lambda scope: not scope.is_empty) for row in rows]


def _rules(session: Session) -> Rows:
    """Give every rule of near expiry: everybody's."""
    rows = _rows(
        session,
        "SELECT area, shelf_days_min AS shelf, valid_from FROM near_expiry_rule"
        " ORDER BY area, shelf_days_min, valid_from",
    )
    return [(f"{row.area or '-'}.{row.shelf}.{row.valid_from}", lambda scope: not scope.is_empty) for row in rows]


def _complaints(session: Session) -> Rows:
    """Give live complaints: seen by the office of the district."""
    rows = _rows(
        session,
        "SELECT complaint_id, district FROM complaint WHERE due_at IS NOT NULL"
        " ORDER BY received_at DESC, complaint_id DESC",
    )
    return [
        (str(row.complaint_id), _at(Kind.COMPLAINT, Party(operator_id=None, district=row.district))) for row in rows
    ]


LISTS: Mapping[str, Callable[[Session], Rows]] = {
    "runs.run": _runs(Kind.RUN, "TRUE"),
    "data-run": _runs(Kind.RUN, "TRUE"),
    "rolls.roll": _runs(Kind.ROLL, "r.kind = 'roll'"),
    "#rolls": _runs(Kind.ROLL, "r.kind = 'roll'"),
    "statements.id": _statements,
    "consignments.consignment": _consignments,
    "#consignments": _consignments,
    "declarations.consignment": _provisional,
    "#declarations": _provisional,
    "papers.paper": _papers,
    "#papers": _papers,
    "policies.policy": _policies,
    "#versions": _policies,
    "rules.rule": _rules,
    "#rules": _rules,
    "complaints.id": _complaints,
    "#complaints": _complaints,
    "cases.id": _cases,
    "#cases": _cases,
    "operators.uscc": _rated,
    "#quality": _rated,
    "devices.device": _late,
    "reprints.id": _reprints,
    "devices.key": _devices,
    "#devices": _devices,
    "invites.id": _invites,
    "#invites": _invites,
    "links.id": _product_links,
    "sites.gln": _sites,
    "#sites": _sites,
    "organisations.uscc": _organisations,
    "#organisations": _organisations,
    "people.id": _PERSONS,
    "#people": _PERSONS,
    "tokens.id": _TOKENS,
    "#tokens": _TOKENS,
    "webhooks.id": _webhooks,
    "#webhooks": _webhooks,
    "records.id": _records,
    "#journal": _records,
}
"""By the name of a list: "people.id" is the member `people` of a JSON answer, each with its `id`; "#people" the section
of a page."""
