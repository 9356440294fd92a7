"""A small world of several organisations for tests of rights: who may see what of it, asked of the pure rule."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.case_kinds import case_id, kinds_of
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import rolls
from coldtrace.goods.rolls import NewRoll
from coldtrace.journal import service as journal
from coldtrace.journal.model import Act
from coldtrace.parties import service as parties
from coldtrace.people.persons import make_person
from coldtrace.people.tokens import make_token
from coldtrace.rights.model import EVERYTHING, Kind, Member, Party, Reader, Relation, Role, Scope, Thing, Verb
from coldtrace.rights.rules import covers, reaches
from coldtrace.watch.scans import AskedScan, answer_scan
from support.consignments import commission_line, facts_of
from support.custody_story import Goods, random_story
from support.house import GLNS
from support.road import CARTONS, CONTAINER, MARKET, PALLETS, PORT, SHOP, STORE, TRADER, Road, binding, statuses
from support.ticking import START

OPERATORS = [UUID(int=number) for number in range(1, 5)]
DISTRICTS = ["120101", "120116", "310115"]
HOUR = timedelta(hours=1)


@dataclass(kw_only=True, repr=False)
class Told:
    """Everything that was said in one installation, as the rules ask about it."""

    sites: dict[str, Party]
    statements: dict[UUID, list[Thing]]
    lines: dict[UUID, list[tuple[str, str | None, UUID | None]]]
    """Of each statement: unit, whence it was taken, who imported it."""
    cases: dict[UUID, UUID]
    """Statements by the live cases that their marks make."""
    held: dict[UUID, dict[str, list[str]]]
    """Of these cases: whose goods they are about, as they are kept with them; units by site."""
    scans: dict[UUID, Thing]
    order: dict[UUID, tuple[Any, UUID]]
    units: list[str]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print no more than that it is one: hypothesis prints every argument of a test that failed."""
        printer.text(f"World({len(self.statements)} statements)")

    def reached(self, scope: Scope, kind: Kind, entry: UUID) -> bool:
        """Tell whether the rule lets a statement be seen; of several sites that goods came from each counts."""
        return any(reaches(scope, kind, thing) for thing in self.statements[entry])

    def concerned(self, scope: Scope) -> set[UUID]:
        """Return the cases of statements that are seen: by the parties of these, and by whoever held the goods."""
        return {
            case
            for case, entry in self.cases.items()
            if self.reached(scope, Kind.CASE, entry)
            or any(covers(scope, self.sites[gln]) for gln in self.held.get(case, ()))
        }

    def held_by(self, scope: Scope, case: UUID) -> list[str]:
        """Return the units of a case that the reader held before."""
        kept = self.held.get(case, {})
        return [unit for gln in sorted(kept) if covers(scope, self.sites[gln]) for unit in kept[gln]]

    def newest(self, entries: Iterable[UUID]) -> list[UUID]:
        """Return these, newest first."""
        return sorted(entries, key=lambda entry: self.order[entry], reverse=True)


@dataclass(kw_only=True, repr=False)
class World(Told):
    """A small installation of a test's own."""

    road: Road

    @property
    def session(self) -> Session:
        """The session it stands in."""
        return self.road.session


def make_world(road: Road, seed: int) -> World:
    """Fill an installation: five sites of up to four organisations, statements in some order, scans."""
    rng = random.Random(seed)
    _settle(road, rng)
    consignment = road.consignment(cartons=3)
    devices = [road.device(gln) for gln in GLNS.values()]
    cartons = [code.unit_id for code in consignment.pallets[0].cartons]
    goods = Goods(cartons=[*cartons, *CARTONS[:2]], pallets=PALLETS, containers=[CONTAINER])
    coded = [
        road.say(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code), at=START + HOUR)
        for code in consignment.pallets[0].cartons
    ]
    story = random_story(rng, devices, goods, start=START + 2 * HOUR, length=40)
    # One receipt of goods that came from two sites.
    first, second = CARTONS[2:4]
    after = START + 3 * HOUR
    story += [
        road.say(PORT, T.COMMISSION, binding(first), at=after),
        road.say(TRADER, T.RECEIVE, second, at=after),
        road.say(PORT, T.SHIP, first, to=STORE, at=after + HOUR / 4),
        road.say(TRADER, T.SHIP, second, to=STORE, at=after + HOUR / 3),
        road.say(STORE, T.RECEIVE, first, second, at=after + HOUR / 2),
    ]
    road.clock.next = START.replace(hour=9)
    told = [*coded, *story]
    late = rng.sample(told, 4)
    for statement in [*(each for each in told if each not in late), *late]:
        assert statuses(road.tell(statement)) != ["refused"]
    callers: list[dict[str, Any]] = [
        {"gln": SHOP},
        {"gln": STORE},
        {"operator_id": OPERATORS[0]},
        {"operator_id": OPERATORS[3]},
        {},
    ]
    for number, caller in enumerate(callers):
        answer_scan(road.session, road.env, AskedScan(text=f"?{number}", by=f"token:{number}", scope=Scope(), **caller))
    _keep(road, rng)
    return World(road=road, **vars(read_told(road.session)))


def _settle(road: Road, rng: random.Random) -> None:
    """Give the sites to organisations and put stalls into the market."""
    for operator in OPERATORS:
        road.session.execute(
            text(
                "INSERT INTO operator (operator_id, uscc, name_zh, name_en, city_zh, city_en, created_at)"
                " VALUES (:id, lpad(:no, 18, '0'), 'n', 'n', 'c', 'c', '2026-01-01Z')"
            ),
            {"id": operator, "no": str(operator.int)},
        )
    for role, site in road.sites.items():
        stall = site.gln in (TRADER, SHOP) and rng.random() < 0.7
        road.sites[role] = replace(
            site,
            operator_id=rng.choice(OPERATORS),
            district=rng.choice(DISTRICTS),
            market_gln=MARKET if stall else None,
        )
        road.session.execute(
            text(
                "UPDATE site SET operator_id = :operator_id, district = :district, market_gln = :market_gln"
                " WHERE gln = :gln"
            ),
            vars(road.sites[role]),
        )


def _keep(road: Road, rng: random.Random) -> None:
    """Make what a desk keeps: invitations, rolls, persons and tokens with roles, records of the journal."""
    glns = sorted(GLNS.values())
    for gln in rng.sample(glns, 3):
        parties.invite_device(road.session, road.env, gln=gln, url="http://127.0.0.1:8000")
    for _ in range(2):
        rolls.new_roll(road.session, road.env, NewRoll(station_gln=PORT, scope=EVERYTHING, count=2))
    for number in range(6):
        chosen = rng.choice([None, frozenset(rng.sample(glns, rng.randint(1, 2)))])
        member = Member(role=rng.choice(list(Role)), operator_id=rng.choice(OPERATORS), sites=chosen, manages=True)
        email = f"somebody{number}@example.cn"
        members = [member] if number < 2 else [member] * rng.randint(0, 1)
        make_person(road.session, road.env, email=email, name="n", lang="zh", members=members, made_by="tests")
        make_token(road.session, road.env, name="t", life=None, members=members)
        subjects = frozenset(rng.sample(OPERATORS, rng.randint(0, 2)))
        places = frozenset(rng.sample(glns, rng.randint(0, 2)))
        act = Act(actor="token:1", act="list", kind="run", object="-", subjects=subjects, sites=places)
        journal.record(road.session, road.env, act)


def sites_of(session: Session) -> dict[str, Party]:
    """Return every registered site as a party, by GLN."""
    rows = session.execute(
        text("SELECT s.*, m.operator_id AS market_operator FROM site s LEFT JOIN site m ON m.gln = s.market_gln")
    )
    return {
        row.gln: Party(
            operator_id=row.operator_id,
            gln=row.gln,
            district=row.district,
            kind=row.role,
            market_gln=row.market_gln,
            market_operator_id=row.market_operator,
        )
        for row in rows
    }


def read_told(session: Session) -> Told:
    """Read what was said in an installation."""

    def rows(query: str) -> list[Any]:
        return list(session.execute(text(query)))

    sites = sites_of(session)
    lines: dict[UUID, list[tuple[str, str | None, UUID | None]]] = {}
    marks: dict[UUID, set[str]] = {}
    coders: dict[UUID, set[UUID]] = {}
    for row in rows(
        "SELECT l.entry_id, u.unit_id, l.from_gln, c.importer_id, l.marks, s.marks AS own, s.type FROM statement_line l"
        " JOIN statement s USING (entry_id) JOIN unit u USING (unit_pk) LEFT JOIN lot USING (lot_id)"
        " LEFT JOIN consignment c USING (consignment_id) ORDER BY l.entry_id, l.line_no"
    ):
        lines.setdefault(row.entry_id, []).append((row.unit_id, row.from_gln, row.importer_id))
        marks.setdefault(row.entry_id, set()).update(row.marks, row.own)
        if row.type == "commission" and row.importer_id and not {"code_mismatch", "facts_unknown"} & set(row.marks):
            coders.setdefault(row.entry_id, set()).add(row.importer_id)
    statements: dict[UUID, list[Thing]] = {}
    order: dict[UUID, tuple[Any, UUID]] = {}
    for row in rows("SELECT * FROM statement"):
        own = {Relation.AT: sites[row.gln]}
        if row.to_gln is not None:
            own[Relation.TO] = sites.get(row.to_gln, Party(operator_id=None, gln=row.to_gln))
        further = [{Relation.FROM: sites[gln]} for _, gln, _ in lines.get(row.entry_id, []) if gln is not None]
        further += [{Relation.IMPORTER: Party(operator_id=each)} for each in coders.get(row.entry_id, ())]
        statements[row.entry_id] = [Thing(parties=own | more) for more in further or [{}]]
        order[row.entry_id] = (row.recorded_at, row.entry_id)
    kept = rows("SELECT case_id, opened_at, detail -> 'held' AS held FROM case_file")
    opened, held = {row.case_id: row.opened_at for row in kept}, {row.case_id: row.held or {} for row in kept}
    # What a person closed is in no list of what is to be done.
    closed = {row.case_id for row in rows("SELECT case_id FROM case_file WHERE closed_by IS NOT NULL")}
    cases = {case_id(kind, f"statement:{entry}"): entry for entry in marks for kind in kinds_of(marks[entry])}
    cases = {case: entry for case, entry in cases.items() if case not in closed}
    order |= {case: (opened[case], case) for case in cases}
    scans = {}
    for row in rows("SELECT * FROM unknown_scan"):
        if row.scan_id in closed:
            continue
        # What has no place is in the whole country and in no part of it.
        place = Party(operator_id=row.operator_id, district="") if row.gln is None else sites[row.gln]
        scans[row.scan_id] = Thing(parties={Relation.AT: place})
        order[row.scan_id] = (row.recorded_at, row.scan_id)
    units = [row.unit_id for row in rows("SELECT unit_id FROM unit ORDER BY unit_id")]
    return Told(
        sites=sites,
        statements=statements,
        lines=lines,
        cases=cases,
        held=held,
        scans=scans,
        order=order,
        units=units,
    )


def readers() -> st.SearchStrategy[Reader]:
    """Return readers of every role, with named sites or all, areas, several memberships and narrowed tokens."""
    members = st.builds(
        Member,
        role=st.sampled_from(Role),
        operator_id=st.sampled_from(OPERATORS),
        sites=st.none() | st.frozensets(st.sampled_from(sorted(GLNS.values())), max_size=2),
        area=st.sampled_from([None, "", "12", "1201", "120116", "31", "99"]),
        manages=st.booleans(),
    )
    rights = [f"{kind}:{Verb.READ}" for kind in (Kind.STATEMENT, Kind.PIECES, Kind.UNIT, Kind.CASE, Kind.RUN)]
    return st.builds(
        Reader,
        members=st.lists(members, min_size=1, max_size=3).map(tuple),
        narrowed=st.none() | st.frozensets(st.sampled_from(rights), max_size=3),
    )
