"""Conditions on rows against the rule itself, over one small country: for sites and for organisations."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.db.engine import make_engine
from coldtrace.rights.model import Kind, Party, Relation, Scope, Thing
from coldtrace.rights.rules import covers, reaches
from coldtrace.rights.scopes import Within
from support.databases import Databases

OPERATORS = [UUID(int=number) for number in range(1, 6)]
DISTRICTS = ["120101", "120116", "310115", "440305"]
UNREGISTERED = "6901234500999"


@dataclass(frozen=True)
class Place:
    """One site; `market` is the GLN of the market it stands in."""

    gln: str
    operator: UUID
    district: str
    market: str | None = None
    kind: str = "retailer"


KINDS = ["retailer", "caterer", "cold_store"]
MARKETS = [Place(f"690123450000{n}", OPERATORS[n], DISTRICTS[n]) for n in range(2)]
SHOPS = [
    Place(
        f"69012345001{n:02}",
        OPERATORS[n % 5],
        DISTRICTS[n % 4],
        [None, MARKETS[0].gln, MARKETS[1].gln][n % 3],
        KINDS[n % 2],
    )
    for n in range(12)
]
PLACES = [*MARKETS, *SHOPS]
BY_GLN = {place.gln: place for place in PLACES}


@pytest.fixture(scope="module")
def country(databases: Databases) -> Iterator[Session]:
    """The sites of this file, in a session that is rolled back at the end."""
    url = databases.create()
    engine = make_engine(url, pool_size=1)
    try:
        with Session(engine) as session:
            for operator in OPERATORS:
                session.execute(
                    text(
                        "INSERT INTO operator (operator_id, uscc, name_zh, name_en, city_zh, city_en, created_at)"
                        " VALUES (:id, lpad(:no, 18, '0'), 'n', 'n', 'c', 'c', '2026-01-01Z')"
                    ),
                    {"id": operator, "no": str(operator.int)},
                )
            for place in PLACES:
                session.execute(
                    text(
                        "INSERT INTO site (gln, operator_id, name_zh, name_en, role, district, market_gln,"
                        " company_prefixes, created_at)"
                        " VALUES (:gln, :operator, 'n', 'n', :kind,"
                        " :district, :market, '{}', '2026-01-01Z')"
                    ),
                    vars(place),
                )
            yield session
    finally:
        engine.dispose()
        databases.drop(url)


def party(gln: str) -> Party:
    place = BY_GLN.get(gln)
    if place is None:
        return Party(operator_id=None, gln=gln)
    market = BY_GLN.get(place.market or "")
    return Party(
        operator_id=place.operator,
        gln=gln,
        district=place.district,
        kind=place.kind,
        market_gln=place.market,
        market_operator_id=None if market is None else market.operator,
    )


def some(values: list[Any]) -> st.SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(values), max_size=2)


SCOPES = st.builds(
    Scope,
    everything=st.sampled_from([False, False, False, True]),
    operators=some(OPERATORS),
    sites=some([*BY_GLN, UNREGISTERED]),
    markets_of=some(OPERATORS),
    markets=some([market.gln for market in MARKETS]),
    areas=some(["", "12", "1201", "120116", "31", "99"]),
    kinds_of=st.frozensets(st.tuples(st.sampled_from(OPERATORS), st.sampled_from(KINDS)), max_size=2),
    kinds_at=st.frozensets(st.tuples(st.sampled_from([*BY_GLN, UNREGISTERED]), st.sampled_from(KINDS)), max_size=3),
)
GLNS = [*BY_GLN, UNREGISTERED]


@given(scope=SCOPES)
def test_sites_are_those_that_the_rule_covers(country: Session, scope: Scope) -> None:
    within = Within(scope=scope)
    rows = country.execute(
        text(f"SELECT v.gln FROM unnest(CAST(:glns AS text[])) AS v(gln) WHERE {within.site('v.gln')}"),
        {"glns": GLNS, **within.values},
    )
    assert {row.gln for row in rows} == {gln for gln in GLNS if covers(scope, party(gln))}


@given(scope=SCOPES, kind=st.sampled_from([Kind.CONSIGNMENT, Kind.RUN, Kind.ROLL]))
def test_things_of_a_station_and_an_importer(country: Session, scope: Scope, kind: Kind) -> None:
    within = Within(scope=scope)
    condition = within.thing(kind, at="v.gln", importer="o.id")
    rows = country.execute(
        text(
            "SELECT v.gln, o.id FROM unnest(CAST(:glns AS text[])) AS v(gln),"
            f" unnest(CAST(:importers AS uuid[])) AS o(id) WHERE {condition}"
        ),
        {"glns": GLNS, "importers": OPERATORS, **within.values},
    )
    assert {(row.gln, row.id) for row in rows} == {
        (gln, importer)
        for gln in GLNS
        for importer in OPERATORS
        if reaches(
            scope,
            kind,
            Thing(parties={Relation.AT: party(gln), Relation.IMPORTER: Party(operator_id=importer)}),
        )
    }
