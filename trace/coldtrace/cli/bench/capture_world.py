"""The ground of `coldtrace bench capture`: a server, an installation, devices, and goods on their way to their sites.

Everything that is measured is a `receive` of goods in transit, by a device of the site that they were sent to: the
usual in-scan, which contradicts nothing.  Cartons have codes, a lot, a run and a consignment, as real ones do.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from coldtrace.cli.bench.ledger_writers import DATABASE
from coldtrace.cli.installation import Installation, open_installation
from coldtrace.codes.check_digit import check_digit
from coldtrace.codes.sscc import make_sscc
from coldtrace.db.engine import make_engine
from coldtrace.db.supervisor import OPTIONS, Server, run_server
from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from coldtrace.seal.keys import Ed25519Signer, key_id
from coldtrace.settings import Settings

DISTRICT, GTIN, PREFIX = "120116", "09521234543213", "9521234"
SITES, DEVICES = 8, 256
CARTONS = 60
SERVED, FLOOR, TUTORIAL = "served", "floor", "tutorial"
HISTORY_AT_ONCE = 500_000


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """A device of a receiving site, as a process of clients needs it."""

    gln: str
    seed: bytes


@dataclass(kw_only=True)
class World:
    """A server with three databases of one installation: of the service, of pgbench, of the tutorial's endpoint."""

    server: Server
    data_dir: Path
    net: bytes
    speakers: Sequence[Speaker]
    engines: dict[str, Engine]
    cartons: dict[str, int] = field(default_factory=lambda: dict.fromkeys((SERVED, FLOOR, TUTORIAL), 1))
    pallets: int = 1

    def send_cartons(self, database: str, *, speakers: int, each: int) -> list[int]:
        """Put so many cartons on their way to each speaker's site; return the number of each speaker's first one."""
        first = self.cartons[database]
        self.cartons[database] += speakers * each
        firsts = [first + index * each for index in range(speakers)]
        values = {
            "firsts": firsts,
            "glns": [speaker.gln for speaker in self.speakers[:speakers]],
            "each": each,
            "sender": _gln(0),
        }
        with self.engines[database].begin() as connection:
            for step in _CARTONS:
                connection.execute(text(step), values)
        return firsts

    def send_pallets(self, *, speakers: int, each: int) -> list[int]:
        """Put pallets of cartons on their way in the service's database, as `send_cartons` does cartons."""
        first = self.pallets
        self.pallets += speakers * each
        firsts = [first + index * each for index in range(speakers)]
        numbers = range(first, self.pallets)
        values = {
            "numbers": list(numbers),
            "ids": [pallet_id(number) for number in numbers],
            "glns": [self.speakers[index].gln for index in range(speakers) for _ in range(each)],
            "sender": _gln(0),
            "inside": CARTONS,
        }
        with self.engines[SERVED].begin() as connection:
            for step in _PALLETS:
                connection.execute(text(step), values)
        return firsts

    def add_history(self, count: int, say: Callable[[str], None]) -> None:
        """Add so many statements to the service's database, as 30 days would have left them behind.

        What stands in indexes is of full size and number; leaves and pieces are short, because what was appended once
        is in nobody's way.  Nothing of it is in the tree of the log.  Nobody may be served meanwhile: the indexes of
        these tables stand still and are built anew at the end, which is ten times as fast as growing them row by row.
        """
        with self.engines[SERVED].begin() as connection:
            connection.execute(text(STAND_STILL), {"tables": list(_FILLED)})
        with ThreadPoolExecutor(2) as two:
            for done in two.map(partial(self._fill, count), range(0, count, HISTORY_AT_ONCE)):
                say(f"{done:,} of {count:,} statements / 造数")
            for table in two.map(self._build_indexes, _FILLED):
                say(f"indexes of {table} / 重建索引")
        self.settle()

    def _fill(self, count: int, done: int) -> int:
        with self.engines[SERVED].begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            some = min(HISTORY_AT_ONCE, count - done)
            for step in _HISTORY:
                connection.execute(text(step), {"count": some, "here": _gln(1), "sender": _gln(0)})
        return done + some

    def _build_indexes(self, table: str) -> str:
        with self.engines[SERVED].begin() as connection:
            connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
            connection.execute(text(f"REINDEX TABLE {table}"))
        return table

    def settle(self) -> None:
        """Do what autovacuum and the checkpointer would have done by now."""
        for engine in self.engines.values():
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM (ANALYZE)"))
                connection.execute(text("CHECKPOINT"))


@contextmanager
def capture_world(cartons_of_floor: int) -> Iterator[World]:
    """Make the world in a temporary folder, on a server as durable as in production."""
    with tempfile.TemporaryDirectory(prefix="coldtrace bench ") as name:
        folder = Path(name)
        # Four processes of the service have 24 connections each.
        options = {**OPTIONS, "max_connections": "160"}
        with run_server(folder=folder / "postgres", log=folder / "postgres.log", options=options) as server:
            data_dir = folder / "data"
            settings = Settings(database_url=server.url_of(DATABASE), data_dir=data_dir, env="development")
            with open_installation(settings, create=True) as installation:
                speakers = _enrol(installation)
                net = installation.env.net
            owner = make_engine(server.url_of(DATABASE), pool_size=1)
            with owner.begin() as connection:
                for step in _GOODS:
                    connection.execute(text(step), {"sender": _gln(0), "gtin": GTIN})
                _name_clients(connection, speakers)
            owner.dispose()
            engines = _copies(server)
            world = World(server=server, data_dir=data_dir, net=net, speakers=speakers, engines=engines)
            try:
                world.send_cartons(FLOOR, speakers=SITES, each=cartons_of_floor // SITES)
                yield world
            finally:
                for engine in engines.values():
                    engine.dispose()


def carton_id(number: int) -> str:
    """Return the unit id of a carton."""
    return f"(01){GTIN}(21)B{number:09}"


def pallet_id(number: int) -> str:
    """Return the unit id of a pallet."""
    return f"(00){make_sscc(extension=3, company_prefix=PREFIX, reference=number)}"


def _gln(number: int) -> str:
    body = f"{PREFIX}{number:05}"
    return body + check_digit(body)


def _enrol(installation: Installation) -> list[Speaker]:
    """Register a first station and the sites that receive, and enrol devices at these in turn."""
    env = installation.env
    speakers = []
    with installation.sessions.begin() as session:
        operator = parties.register_operator(
            session, env, uscc="91120116MA05TE5T1N", name_zh="远洋", name_en="Ocean", city_zh="天津", city_en="Tianjin"
        )
        for number in range(SITES + 1):
            role = SiteRole.COLD_STORE if number else SiteRole.FIRST_STATION
            site = parties.RegisterSite(
                gln=_gln(number), operator=operator, name_zh="站", name_en="Site", role=role, district=DISTRICT
            )
            parties.register_site(session, env, site)
        for number in range(DEVICES):
            gln, seed = _gln(1 + number % SITES), env.random(32)
            invitation = parties.invite_device(session, env, gln=gln, url="http://127.0.0.1:8000")
            token, signer = read_invite(invitation.text).token, Ed25519Signer.from_seed(seed)
            request, sig = make_request(net=env.net, token=token, signer=signer)
            parties.enrol_device(
                session, env, parties.Enrol(request=request, request_sig=sig, token=token, name=f"D{number}")
            )
            speakers.append(Speaker(gln=gln, seed=seed))
    return speakers


def _copies(server: Server) -> dict[str, Engine]:
    """Make a database of the installation for each of those that are compared."""
    maintenance = make_engine(server.url_of("template1"), pool_size=1)
    with maintenance.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in (SERVED, FLOOR, TUTORIAL):
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {DATABASE}"))
    maintenance.dispose()
    return {name: make_engine(server.url_of(name), pool_size=2) for name in (SERVED, FLOOR, TUTORIAL)}


def _name_clients(connection: Connection, speakers: Sequence[Speaker]) -> None:
    """Give pgbench's clients a device each, for the floor."""
    connection.execute(text("CREATE TABLE bench_client (number int PRIMARY KEY, key_id bytea, gln text)"))
    connection.execute(
        text("INSERT INTO bench_client VALUES (:number, :key, :gln)"),
        [
            {"number": number, "key": key_id(Ed25519Signer.from_seed(each.seed).spki), "gln": each.gln}
            for number, each in enumerate(speakers)
        ],
    )


_ID = "CAST(md5('bench') AS uuid)"
_GOODS = (
    "INSERT INTO product (gtin, name_zh, name_en, hs_code, created_at)"
    " VALUES (:gtin, '冻品', 'Frozen', '0303890090', now())",
    "INSERT INTO consignment (consignment_id, importer_id, station_gln, declaration_no, container_no, papers, cartons,"
    " net_g, source_name, source_hash, normalised, warnings, state, imported_at)"
    f" SELECT {_ID}, operator_id, :sender, '1', '1', '[]', 1, 1, 'bench', '\\x00', '{{}}', '[]', 'open', now()"
    " FROM operator WHERE :gtin <> ''",
    "INSERT INTO lot (consignment_id, gtin, lot, maker_lot, production_date, expiry_date, spec, cartons, net_g, facts,"
    f" facts_hash) VALUES ({_ID}, :gtin, 'L1', 'L1', '2026-01-01', current_date + 365, '10 kg', 1, 1, '{{}}',"
    " sha256('bench'))",
    "INSERT INTO code_run (run_id, consignment_id, station_gln, kid, created_at, wanted, drawn)"
    f" VALUES ({_ID}, {_ID}, :sender, '00000000', now(), 0, 0)",
)
_SERIAL = "'B' || lpad({} || '', 9, '0')"
_SENT = "FROM unnest(CAST(:firsts AS int[]), CAST(:glns AS text[])) AS r (first, gln),"
_SENT += " generate_series(first, first + CAST(:each AS int) - 1) n, lot"
_CARTONS = (
    "INSERT INTO issued_code (unit_id, run_id, position, kind, lot_id, pallet, serial, net_g, uri, code_hash, kid,"
    f" drawn_at) SELECT '(01)' || gtin || '(21)' || {_SERIAL.format('n')}, {_ID}, n, 'unit', lot_id, '1',"
    f" {_SERIAL.format('n')}, 10000, 'https://trace.example.cn/' || n, sha256(int4send(n)), '00000000', now() {_SENT}"
    " WHERE :sender <> ''",
    "INSERT INTO unit (unit_id, lot_id, state, gln, to_gln, last_at)"
    f" SELECT '(01)' || gtin || '(21)' || {_SERIAL.format('n')}, lot_id, 'in_transit', :sender, r.gln,"
    f" now() - interval '2 days' {_SENT}",
)
# Cartons of pallets are numbered from the other end.
_PALLETS = (
    "INSERT INTO unit (unit_id, state, gln, to_gln, last_at)"
    " SELECT id, 'in_transit', :sender, gln, now() - interval '1 day'"
    " FROM unnest(CAST(:ids AS text[]), CAST(:glns AS text[])) AS v (id, gln)",
    "INSERT INTO unit (unit_id, lot_id, state, gln, parent_pk, root_pk, last_at)"
    " SELECT '(01)' || gtin || '(21)C' || lpad(number * CAST(:inside AS bigint) + n || '', 9, '0'), lot.lot_id,"
    " 'active', :sender, p.unit_pk, p.unit_pk, now() - interval '2 days'"
    " FROM unnest(CAST(:ids AS text[]), CAST(:numbers AS bigint[])) AS v (id, number) JOIN unit p ON p.unit_id = v.id,"
    " generate_series(0, CAST(:inside AS int) - 1) n, lot",
    "INSERT INTO containment (child_pk, parent_pk, from_at, packed_by)"
    f" SELECT c.unit_pk, p.unit_pk, c.last_at, {_ID}"
    " FROM unit p JOIN unit c ON c.parent_pk = p.unit_pk WHERE p.unit_id = ANY(CAST(:ids AS text[]))",
)
_FILLED = ("unit", "ledger_entry_1", "statement_piece", "statement", "statement_line", "statement_party")
# As PostgreSQL itself marks an index that is being built: rows are written past it until REINDEX takes it up again.
STAND_STILL = (
    "UPDATE pg_index SET indisready = false, indisvalid = false"
    " WHERE indrelid = ANY(CAST(CAST(:tables AS text[]) AS regclass[]))"
)
# An id of ours tells the UTC day and no more, so those of a day lie where chance has them.
_DAY_ID = (
    "CAST(lpad(to_hex(CAST(extract(epoch FROM date_trunc('day', at)) * 1000 AS bigint)), 12, '0') || '7' ||"
    " substr(md5(random() || ''), 1, 3) || '8' || substr(md5(random() || ''), 1, 15) AS uuid)"
)
_HISTORY = (
    "CREATE TEMPORARY TABLE past ON COMMIT DROP AS SELECT *, " + _DAY_ID + " AS id FROM (SELECT n,"
    " now() - interval '30 days' * (1 - CAST(n AS float8) / :count) AS at"
    " FROM generate_series(1, CAST(:count AS int)) n) v",
    "CREATE TEMPORARY TABLE thing ON COMMIT DROP AS SELECT nextval(pg_get_serial_sequence('unit', 'unit_pk')) AS pk, n"
    " FROM generate_series(0, CAST(:count AS int) / 10) n",
    "INSERT INTO unit (unit_pk, unit_id, state, gln, last_at) OVERRIDING SYSTEM VALUE"
    " SELECT pk, '(01)09521234543213(21)H' || lpad(pk || '', 12, '0'), 'sold', :here, now() - interval '1 day'"
    " FROM thing",
    "INSERT INTO ledger_entry (log_id, entry_id, leaf, leaf_hash, received_at)"
    " SELECT 1, id, '\\x00', sha256(uuid_send(id)), at FROM past",
    "INSERT INTO statement_piece (log_id, entry_id, piece, bytes)"
    " SELECT 1, id, unnest(CAST('{public,private,units}' AS text[])), '\\x00' FROM past",
    "INSERT INTO statement (entry_id, header_hash, key_id, seq, type, claimed_at, event_at, recorded_at, gln, status,"
    " marks) SELECT id, sha256(uuid_send(id)), key_id, 1000000000 + n, 'receive', at, at, at, :here, 'accepted', '{}'"
    " FROM past JOIN bench_client ON number = n % 256 ORDER BY at",
    "INSERT INTO statement_line (entry_id, line_no, unit_pk, role, quantity, event_at, marks, from_gln)"
    " SELECT id, 0, pk, 'unit', 1, at, '{}', :sender FROM past p JOIN thing t ON t.n = p.n / 10 ORDER BY at",
    "INSERT INTO statement_party (entry_id, relation, operator_id, gln, district, recorded_at)"
    " SELECT id, relation, operator_id, gln, district, at FROM past,"
    " unnest(CAST('{at,from}' AS text[])) relation"
    " JOIN site ON gln = CASE relation WHEN 'at' THEN CAST(:here AS text) ELSE :sender END ORDER BY at",
)
