"""`coldtrace bench radar`: how many copied codes the clone radar finds, and how many clean boxes it suspects.

An embedded server of its own in a temporary folder.  The made-up world of a seed (`radar_world.py`) happens to it hour
by hour: looks are counted as `count_lookup` counts them, visitors and small places are forgotten as the service
forgets them, and every six hours the service's own sweep looks.  What sites say is written by SQL, unsigned, with the
marks that custody gives to such lines.  At full scale the same happens to tables in memory (`radar_model.py`).
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlmodel import Session

from coldtrace.cli.bench.ledger_writers import DATABASE
from coldtrace.cli.bench.radar_model import STEP, Model
from coldtrace.cli.bench.radar_world import (
    CITIES,
    DAY,
    DAYS,
    KINDS,
    LookEvent,
    SaidEvent,
    StrayEvent,
    World,
    make_world,
)
from coldtrace.cli.bench.rows import Goal, Row
from coldtrace.clock import new_id, now, random_bytes
from coldtrace.custody.lookups import (
    FINE_FOR,
    Look,
    begin_of,
    coarsen,
    count_stray,
    day_of,
    forget_visitors,
)
from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.db.migrate import upgrade
from coldtrace.db.roles import APP
from coldtrace.db.supervisor import OPTIONS, run_server
from coldtrace.env import Env, Keyring, Log
from coldtrace.watch.model import SweepTimes
from coldtrace.watch.radar_rules import RadarLimits
from coldtrace.watch.sweep import sweep

OFTEN = 6
GTIN = "09521234543213"
STATION = "9521234500000"
BEGIN = begin_of(day_of(datetime.fromisoformat("2026-03-01T12:00:00+08:00")))
_NOISE = f"(00){'9' * 18}"


@dataclass(frozen=True)
class Scale:
    """Clean boxes, copied ones of each kind, and looks at all other goods on a day."""

    clean: int
    clones: int
    loud: int


SMALL, FULL = Scale(clean=5_000, clones=24, loud=5_000), Scale(clean=50_000, clones=220, loud=5_000)


def keep_looks(session: Session, looks: Sequence[Look]) -> None:
    """Count looks, which come in the order of time, as `count_lookup` counts each, in one statement."""
    session.execute(
        text(_KEEP),
        {
            "units": [look.unit_id for look in looks],
            "tokens": [look.token for look in looks],
            "networks": [look.network for look in looks],
            "cities": [look.city for look in looks],
            "days": [look.day for look in looks],
            "times": [look.at for look in looks],
        },
    )


_KEEP = (
    "WITH came AS (SELECT DISTINCT ON (unit_id, day, token) v.* FROM unnest(CAST(:units AS text[]), CAST(:tokens AS"
    " bytea[]), CAST(:networks AS bytea[]), CAST(:cities AS text[]), CAST(:days AS date[]), CAST(:times AS"
    " timestamptz[])) WITH ORDINALITY AS v(unit_id, token, network, city, day, at, n) ORDER BY unit_id, day, token, n),"
    " fresh AS (INSERT INTO look_visitor (day, token, unit_id) SELECT day, token, unit_id FROM came"
    "  ON CONFLICT DO NOTHING RETURNING unit_id, day, token),"
    " mine AS (SELECT c.*, row_number() OVER (PARTITION BY c.unit_id, c.day, c.network ORDER BY c.n) AS nth"
    "  FROM came c JOIN fresh USING (unit_id, day, token)),"
    " net AS (INSERT INTO look_network (unit_id, day, network, looks) SELECT unit_id, day, network, count(*) FROM mine"
    "  GROUP BY 1, 2, 3 ON CONFLICT DO NOTHING RETURNING unit_id, day, network),"
    " cell AS (INSERT INTO look_cell (unit_id, hour, city, coarse, looks) SELECT unit_id, date_trunc('hour', at), city,"
    "  FALSE, count(*) FROM mine JOIN net USING (unit_id, day, network) WHERE nth = 1 GROUP BY 1, 2, 3"
    "  ON CONFLICT (unit_id, hour, city, coarse) DO UPDATE SET looks = look_cell.looks + EXCLUDED.looks)"
    " INSERT INTO consumer_lookup (unit_id, lookups, first_at) SELECT unit_id, count(*), min(at) FROM mine GROUP BY 1"
    " ON CONFLICT (unit_id) DO UPDATE SET lookups = consumer_lookup.lookups + EXCLUDED.lookups"
)


@dataclass(frozen=True)
class Outcome:
    """What came of a seed: of each kind how many there were and were found; of clean boxes and lots the suspected."""

    found: dict[str, tuple[int, int]]
    clean: int
    looked_at: int
    suspected: int
    clean_lots: int
    suspected_lots: int


def bench_radar(*, full: bool, seeds: Sequence[int], say: Callable[[str], None]) -> list[Row]:
    """Return the rows; `say` is told what is being measured.

    Small: a small world happens to a server of its own, through the service's own sweep.  Full: a large one happens to
    tables in memory (`radar_model.py`).
    """
    rows: list[Row] = []
    for seed in seeds:
        outcome = run(seed, FULL, run_model, say) if full else run(seed, SMALL, run_server_of_own, say)
        rows += _rows(seed, outcome)
    return rows


def run(seed: int, scale: Scale, happen: Callable[[int, World], "Told"], say: Callable[[str], None]) -> Outcome:
    """Let the world of a seed happen to the model or to a server, and count."""
    world = make_world(seed, clean=scale.clean, clones=scale.clones, loud=scale.loud)
    say(f"seed {seed}: {len(world.boxes):,} boxes, {len(world.looks):,} looks, {len(world.said):,} statements")
    told = happen(seed, world)
    why = Counter(signals for n, signals in told.suspected.items() if world.boxes[n].clone is None)
    for signals, times in sorted(why.items()):
        say(f"  clean boxes suspected by {signals}: {times}")
    return count(world, told.suspected, told.over_run)


@dataclass(frozen=True)
class Told:
    """What the radar says of a world: the suspected boxes, each with its signals, and the lots of made-up labels."""

    suspected: Mapping[int, str]
    over_run: Collection[int]


def run_model(seed: int, world: World) -> Told:
    """Let a world happen to tables in memory."""
    noise, chance = {}, Random(seed)
    for hour in range(DAYS * 24):
        noise.update({(hour, city): looks for city, looks in loud_hour(chance, world.loud, hour)})
    model = Model(world, RadarLimits(), noise)
    model.happen()
    return Told(suspected=model.why, over_run=model.over_run)


def loud_hour(chance: Random, loud: int, hour: int) -> list[tuple[str, int]]:
    """Return how often other goods are looked up in an hour, by city: in the day, and more in large cities."""
    if not 8 <= hour % 24 < 22:
        return []
    share = loud / 14 / sum(CITIES.values())
    means = [(city, share * weight) for city, weight in CITIES.items()]
    return [(city, max(0, round(chance.gauss(mean, mean**0.5)))) for city, mean in means]


def count(world: World, suspected: Collection[int], over_run: Collection[int]) -> Outcome:
    """Return how many of what was planted is among the suspected, and how much of what is clean."""
    boxes, looks = world.boxes, Counter(each.box for each in world.looks)
    found = {
        kind: (sum(box.clone == kind for box in boxes), sum(boxes[n].clone == kind for n in suspected))
        for kind in KINDS
    }
    found["made_up"] = (len(world.made_up), len(world.made_up & set(over_run)))
    often = {n for n, box in enumerate(boxes) if box.clone in ("two_places", "after_sale") and looks[n] >= OFTEN}
    found[f"two_places and after_sale with {OFTEN} looks"] = (len(often), len(often & set(suspected)))
    clean = [n for n, box in enumerate(boxes) if box.clone is None]
    return Outcome(
        found=found,
        clean=len(clean),
        looked_at=sum(looks[n] > 0 for n in clean),
        suspected=sum(n in suspected for n in clean),
        clean_lots=world.lots - len(world.made_up),
        suspected_lots=len(set(over_run) - world.made_up),
    )


def _rows(seed: int, outcome: Outcome) -> Iterator[Row]:
    for kind, (planted, found) in outcome.found.items():
        goal = Goal(limit=0.95, better="high", of="ratio")
        yield Row(name=f"seed {seed}: found of {kind}", value=found, unit="codes", floor=planted, goal=goal)
    share, lots = 100 * outcome.suspected / outcome.clean, 100 * outcome.suspected_lots / max(1, outcome.clean_lots)
    low = Goal(limit=0.1, better="low", of="value")
    name = f"seed {seed}: {outcome.suspected} of {outcome.clean:,} clean boxes suspected ({outcome.looked_at:,} seen)"
    yield Row(name=name, value=share, unit="%", goal=low)
    name = f"seed {seed}: {outcome.suspected_lots} of {outcome.clean_lots} lots without made-up labels suspected"
    yield Row(name=name, value=lots, unit="%")


def run_server_of_own(seed: int, world: World) -> Told:
    """Let a world happen to a server of its own."""
    with _server() as url:
        return happen_to(url, seed, world)


def happen_to(url: str, seed: int, world: World) -> Told:
    """Let a world happen to an empty database, through the service's own functions and its sweep."""
    return _Run(seed, world, url).happen()


@contextmanager
def _server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="coldtrace bench ") as name:
        folder = Path(name)
        with run_server(folder=folder / "postgres", log=folder / "postgres.log", options=OPTIONS) as server:
            url = server.url_of(DATABASE)
            upgrade(url)
            yield url


class _Run:
    def __init__(self, seed: int, world: World, url: str) -> None:
        self.world, self.random = world, Random(seed)
        self.owner, self.engine = make_engine(url, pool_size=1), make_engine(url, role=APP, pool_size=1)
        self.at = BEGIN
        self.env = bench_env(lambda: self.at)

    def happen(self) -> Told:
        world = self.world
        looks, strays, said = iter_to(world.looks), iter_to(world.strays), iter_to(world.said)
        try:
            with self.owner.begin() as connection:
                self.fill(connection)
            sessions = make_sessions(self.engine)
            for end in range(STEP, DAYS * DAY + 1, STEP):
                self.at = at_minute(end - 1)
                with self.owner.begin() as connection:
                    connection.execute(text("SET LOCAL session_replication_role = replica"))
                    self.tell(connection, said(end))
                    self.be_loud(connection, end)
                with sessions.begin() as session:
                    self.look(session, looks(end), strays(end))
                self.care(sessions)
            with sessions() as session:
                return self.told(session)
        finally:
            self.owner.dispose()
            self.engine.dispose()

    def care(self, sessions: Callable[[], Session]) -> None:
        """Forget and sweep, as the service does every ten minutes."""
        with sessions() as session, session.begin():
            forget_visitors(session, before=day_of(self.at))
            coarsen(session, before=self.at - FINE_FOR)
        more = True
        while more:
            with sessions() as session, session.begin():
                more = sweep(session, self.env, SweepTimes()).more

    def look(self, session: Session, looks: Sequence[LookEvent], strays: Sequence[StrayEvent]) -> None:
        keep_looks(session, [self.look_of(each) for each in looks])
        for stray in strays:
            count_stray(
                session,
                gtin=GTIN,
                lot=f"L{stray.lot}",
                unit_id=f"(01){GTIN}(21){stray.serial}",
                signed=stray.signed,
                network=_token(stray.network),
                day=day_of(at_minute(stray.minute)),
            )

    @staticmethod
    def look_of(event: LookEvent) -> Look:
        at = at_minute(event.minute)
        return Look(
            unit_id=unit_of(event.box),
            token=_token(event.network * 31 + event.agent, "visitor"),
            network=_token(event.network),
            city=event.city,
            day=day_of(at),
            at=at,
        )

    def fill(self, connection: Connection) -> None:
        """Write sites, lots, boxes and codes, before anything has happened."""
        world = self.world
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        sites = [(STATION, "first_station", "120116"), *((_office(city), "regulator", city) for city in CITIES)]
        sites += [
            (gln_of(n), "cold_store" if n < 4 else "retailer", f"{city[:4]}02") for n, city in enumerate(world.cities)
        ]
        for step in _FILL:
            connection.execute(
                text(step),
                {
                    "glns": [gln for gln, _, _ in sites],
                    "roles": [role for _, role, _ in sites],
                    "districts": [district for _, _, district in sites],
                    "lots": world.lots,
                    "gtin": GTIN,
                    "station": STATION,
                    "units": [unit_of(n) for n in range(len(world.boxes))],
                    "of_lots": [box.lot + 1 for box in world.boxes],
                    "stores": [gln_of(box.store) for box in world.boxes],
                    "begin": BEGIN - timedelta(days=2),
                },
            )

    def tell(self, connection: Connection, said: Sequence[SaidEvent]) -> None:
        """Write statements with their lines, and where boxes are after them."""
        if said:
            ids = [new_id() for _ in said]
            connection.execute(
                text(_STATEMENTS),
                {
                    "ids": ids,
                    "hashes": [sha256(each.bytes).digest() for each in ids],
                    "types": [each.type for each in said],
                    "times": [at_minute(each.minute) for each in said],
                    "glns": [gln_of(each.site) for each in said],
                },
            )
            lines = [(id, n, each, box) for id, each in zip(ids, said, strict=True) for n, box in enumerate(each.boxes)]
            connection.execute(
                text(_LINES),
                {
                    "ids": [id for id, _, _, _ in lines],
                    "numbers": [n for _, n, _, _ in lines],
                    "boxes": [box + 1 for _, _, _, box in lines],
                    "times": [at_minute(each.minute) for _, _, each, _ in lines],
                    "marks": [",".join(each.marks) for _, _, each, _ in lines],
                },
            )
            moved = {box: each for each in said for box in each.boxes if each.type in _STATES}
            connection.execute(
                text(_MOVE),
                {
                    "boxes": [box + 1 for box in moved],
                    "states": [_STATES[each.type] for each in moved.values()],
                    "glns": [gln_of(each.site) for each in moved.values()],
                },
            )

    def be_loud(self, connection: Connection, end: int) -> None:
        """Write the looks at all other goods: in small cities at small hours there are few."""
        cells = [
            (at_minute(60 * hour), city, looks)
            for hour in range((end - STEP) // 60, end // 60)
            for city, looks in loud_hour(self.random, self.world.loud, hour)
        ]
        connection.execute(
            text(
                "INSERT INTO look_cell (unit_id, hour, city, coarse, looks)"
                " SELECT :noise, v.hour, v.city, FALSE, v.looks"
                " FROM unnest(CAST(:hours AS timestamptz[]), CAST(:cities AS text[]), CAST(:looks AS int[]))"
                " AS v(hour, city, looks) WHERE v.looks > 0"
            ),
            {
                "noise": _NOISE,
                "hours": [hour for hour, _, _ in cells],
                "cities": [city for _, city, _ in cells],
                "looks": [looks for _, _, looks in cells],
            },
        )

    def told(self, session: Session) -> Told:
        """Return what the cases say: the first of each box, and the lots of which codes were never issued."""
        named = {unit_of(n): n for n in range(len(self.world.boxes))}
        rows = session.execute(
            text(
                "SELECT DISTINCT ON (x.unit_id) x.unit_id, COALESCE((SELECT string_agg(e, ', ' ORDER BY n)"
                " FROM jsonb_array_elements_text(c.detail -> 'signals') WITH ORDINALITY AS v(e, n)), c.kind) AS why"
                " FROM case_suspect x JOIN case_file c USING (case_id) ORDER BY x.unit_id, c.opened_at, c.case_id"
            )
        )
        suspected = {named[row.unit_id]: row.why for row in rows if row.unit_id in named}
        codes = session.execute(text("SELECT split_part(about, ':', 3) FROM case_file WHERE kind = 'over_run'"))
        return Told(suspected=suspected, over_run={int(code[1:]) for code in codes.scalars()})


_STATES = {"receive": "active", "open": "opened", "sell": "sold"}
Event = TypeVar("Event", LookEvent, StrayEvent, SaidEvent)


def iter_to(events: Sequence[Event]) -> Callable[[int], list[Event]]:
    """Return what gives the events before a minute that were not given yet; they are in the order of time."""
    place = 0

    def until(minute: int) -> list[Event]:
        nonlocal place
        first = place
        while place < len(events) and events[place].minute < minute:
            place += 1
        return list(events[first:place])

    return until


def bench_env(clock: Callable[[], datetime]) -> Env:
    """Return what the sweep leans on: a clock, and nothing that signs."""
    return replace(_ENV, clock=clock)


_ENV = Env(
    net=b"n" * 32,
    public_host="trace.example.cn",
    keyring=Keyring(Path("none")),
    log=Log(id=1, origin="trace.example.cn/logs/bench"),
    clock=now,
    new_id=new_id,
    random=random_bytes,
)


def at_minute(minute: int) -> datetime:
    """Return when a minute of the world is."""
    return BEGIN + timedelta(minutes=minute)


def unit_of(box: int) -> str:
    """Return the unit id of a box."""
    return f"(01){GTIN}(21)B{box:09d}X"


def gln_of(site: int) -> str:
    """Return the number of a site."""
    return f"952123450{site + 1:04d}"


def _office(city: str) -> str:
    return f"9521239{city}"


def _token(number: int, what: str = "network") -> bytes:
    return sha256(f"{what} {number}".encode()).digest()[:16]


_FILL = (
    "INSERT INTO operator (operator_id, uscc, name_zh, name_en, city_zh, city_en, created_at)"
    " SELECT CAST(md5(gln) AS uuid), left(md5(gln), 18), 'n', 'n', 'c', 'c', :begin"
    " FROM unnest(CAST(:glns AS text[])) gln",
    "INSERT INTO site (gln, operator_id, name_zh, name_en, role, district, company_prefixes, created_at)"
    " SELECT v.gln, CAST(md5(v.gln) AS uuid), 'n', 'n', v.role, v.district, '{}', :begin FROM unnest(CAST(:glns AS"
    " text[]), CAST(:roles AS text[]), CAST(:districts AS text[])) AS v(gln, role, district)",
    "INSERT INTO consignment (consignment_id, importer_id, station_gln, declaration_no, container_no, papers, cartons,"
    " net_g, source_name, source_hash, normalised, warnings, state, imported_at) SELECT CAST(md5('c') AS uuid),"
    " CAST(md5('c') AS uuid), :station, 'd', 'c', '{}', 1, 1, 's', sha256('s'), '{}', '[]', 'open', :begin",
    "INSERT INTO lot (lot_id, consignment_id, gtin, lot, maker_lot, production_date, spec, cartons, net_g, facts,"
    " facts_hash) OVERRIDING SYSTEM VALUE SELECT n, CAST(md5('c') AS uuid), :gtin, 'L' || n - 1, 'm', '2026-01-01',"
    " 's', 120, 1, 'f', sha256(int4send(n)) FROM generate_series(1, CAST(:lots AS int)) n",
    "INSERT INTO code_run (run_id, consignment_id, station_gln, kid, created_at, wanted, drawn) SELECT"
    " CAST(md5('r') AS uuid), CAST(md5('c') AS uuid), :station, 'k', :begin, 0, 0",
    "INSERT INTO issued_code (unit_id, run_id, position, kind, lot_id, pallet, uri, code_hash, kid, drawn_at)"
    " SELECT v.unit, CAST(md5('r') AS uuid), v.n, 'unit', v.lot, '-', '-', sha256(int4send(CAST(v.n AS int))), 'k',"
    " :begin FROM unnest(CAST(:units AS text[]), CAST(:of_lots AS bigint[])) WITH ORDINALITY AS v(unit, lot, n)",
    "INSERT INTO unit (unit_pk, unit_id, lot_id, state, gln, last_at) OVERRIDING SYSTEM VALUE SELECT v.n, v.unit,"
    " v.lot, 'active', v.store, :begin FROM unnest(CAST(:units AS text[]), CAST(:of_lots AS bigint[]),"
    " CAST(:stores AS text[])) WITH ORDINALITY AS v(unit, lot, store, n)",
    "INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, status,"
    " marks) SELECT CAST(md5('first') AS uuid), sha256('first'), sha256(CAST(:station AS bytea)), 1, 'commission',"
    " :begin, :begin, :begin, :station, 'accepted', '{}'",
)
_STATEMENTS = (
    "INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, status,"
    # Chains of devices are no part of this: each statement is the first of its own.
    " marks) SELECT v.id, v.hash, v.hash, 1, v.type, v.at, v.at, v.at, v.gln, 'accepted', '{}' FROM unnest("
    "CAST(:ids AS uuid[]), CAST(:hashes AS bytea[]), CAST(:types AS text[]), CAST(:times AS timestamptz[]),"
    " CAST(:glns AS text[])) AS v(id, hash, type, at, gln)"
)
_LINES = (
    "INSERT INTO statement_line (entry_id, line_no, unit_pk, role, quantity, event_at, marks) SELECT v.id, v.number,"
    " v.box, 'unit', 1, v.at, array_remove(string_to_array(v.marks, ','), '') FROM unnest(CAST(:ids AS uuid[]),"
    " CAST(:numbers AS int[]), CAST(:boxes AS bigint[]), CAST(:times AS timestamptz[]), CAST(:marks AS text[]))"
    " AS v(id, number, box, at, marks)"
)
_MOVE = (
    "UPDATE unit u SET state = v.state, gln = v.gln FROM unnest(CAST(:boxes AS bigint[]), CAST(:states AS text[]),"
    " CAST(:glns AS text[])) AS v(box, state, gln) WHERE u.unit_pk = v.box AND u.state <> 'sold'"
)
