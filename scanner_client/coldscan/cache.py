"""What the device remembers of the server, so that it can work without one."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from coldtrace.errors import Lang


class Name(StrEnum):
    """The single values that are kept."""

    URL = "url"
    NET = "net"
    ROOT = "root"
    ORIGIN = "origin"
    KEY = "key"
    PENDING_KEY = "pending_key"
    CERTIFICATE = "certificate"
    CERTIFICATE_SIG = "certificate_sig"
    SITE = "site"
    OPERATIONS = "operations"
    OFFSET = "offset"
    TRUST_LIST = "trust_list"
    TRUST_ETAG = "trust_etag"
    TRUST_SEQ = "trust_seq"
    FILTERS = "filters"
    FILTERS_ETAG = "filters_etag"
    CHECKPOINT = "checkpoint"
    SEEN = "seen"
    SEEN_SIZE = "seen_size"
    SEEN_ROOT = "seen_root"
    LOG_EVIDENCE = "log_evidence"
    SERVER_TIME = "server_time"
    WORK_ETAG = "work_etag"
    SKEW_S = "skew_s"
    STEADY = "steady"
    LAST_SYNC = "last_sync"
    AMBER_AFTER_S = "amber_after_s"
    RETIRED_BY = "retired_by"
    REVOKED = "revoked"
    LOST = "lost"
    FORKS = "forks"
    CONTEXT = "context"
    GATE = "gate"
    ROLLS = "rolls"
    CERTIFICATE_WARNED = "certificate_warned"


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where the device works."""

    gln: str
    name_zh: str
    name_en: str
    role: str
    district: str

    def to_json(self) -> str:
        """Return the text kept in the cache."""
        return json.dumps(vars(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Site":
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place that the server knows by name."""

    gln: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, kw_only=True)
class LotFacts:
    """The product facts of one lot: the exact text whose hash a commission carries."""

    gtin: str
    lot: str
    facts: str


@dataclass(frozen=True, kw_only=True)
class UnitLot:
    """One lot and those of its units whose codes do not name it: goods without a GTIN, and bound labels of rolls."""

    facts: str
    units: tuple[str, ...]


def get(connection: sqlite3.Connection, name: Name) -> str | None:
    """Return one kept value."""
    row = connection.execute("SELECT value FROM cache WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def put(connection: sqlite3.Connection, name: Name, value: str | None) -> None:
    """Keep one value, or forget it if it is None."""
    if value is None:
        connection.execute("DELETE FROM cache WHERE name = ?", (name,))
    else:
        connection.execute("INSERT OR REPLACE INTO cache (name, value) VALUES (?, ?)", (name, value))


def get_number(connection: sqlite3.Connection, name: Name) -> int | None:
    """Return one kept number."""
    value = get(connection, name)
    return None if value is None else int(value)


def get_names(connection: sqlite3.Connection, name: Name) -> list[str]:
    """Return one kept list of words."""
    value = get(connection, name)
    return [] if value is None else [str(each) for each in json.loads(value)]


def facts_of(connection: sqlite3.Connection, *, gtin: str, lot: str) -> str | None:
    """Return the facts text of a lot that this device may commission."""
    row = connection.execute("SELECT facts FROM lots WHERE gtin = ? AND lot = ?", (gtin, lot)).fetchone()
    return None if row is None else str(row[0])


def put_lots(connection: sqlite3.Connection, lots: Iterable[LotFacts]) -> None:
    """Replace the lots by those the server named."""
    connection.execute("DELETE FROM lots")
    connection.executemany(
        "INSERT OR REPLACE INTO lots (gtin, lot, facts) VALUES (?, ?, ?)",
        [(each.gtin, each.lot, each.facts) for each in lots],
    )


def facts_of_unit(connection: sqlite3.Connection, unit: str) -> str | None:
    """Return the facts text of a unit whose code does not say its lot, if this device may commission it."""
    row = connection.execute(
        "SELECT f.facts FROM unit_lots l JOIN unit_facts f ON f.number = l.facts WHERE l.unit = ?", (unit,)
    ).fetchone()
    return None if row is None else str(row[0])


def put_unit_lots(connection: sqlite3.Connection, lots: Iterable[UnitLot]) -> None:
    """Replace the units whose codes do not say their lot by those the server named."""
    connection.execute("DELETE FROM unit_lots")
    connection.execute("DELETE FROM unit_facts")
    for number, each in enumerate(lots):
        connection.execute("INSERT INTO unit_facts (number, facts) VALUES (?, ?)", (number, each.facts))
        connection.executemany(
            "INSERT OR REPLACE INTO unit_lots (unit, facts) VALUES (?, ?)", [(unit, number) for unit in each.units]
        )


def count_lots(connection: sqlite3.Connection) -> int:
    """Return how many lots may be commissioned here."""
    return sum(
        int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]) for table in ("lots", "unit_facts")
    )


def put_places(connection: sqlite3.Connection, places: Iterable[Place]) -> None:
    """Replace the places by those the server named."""
    connection.execute("DELETE FROM places")
    connection.executemany(
        "INSERT OR REPLACE INTO places (gln, name_zh, name_en) VALUES (?, ?, ?)",
        [(each.gln, each.name_zh, each.name_en) for each in places],
    )


def place_name(connection: sqlite3.Connection, gln: str, lang: Lang) -> str | None:
    """Return the name of a place that the server named, or None."""
    row = connection.execute("SELECT name_zh, name_en FROM places WHERE gln = ?", (gln,)).fetchone()
    return None if row is None else str(row[0] if lang == "zh" else row[1])


def known_uri(connection: sqlite3.Connection, serial: str) -> str | None:
    """Return the full code behind a short code that this device has read before."""
    row = connection.execute("SELECT uri FROM known WHERE serial = ?", (serial,)).fetchone()
    return None if row is None else str(row[0])


def remember_code(connection: sqlite3.Connection, *, serial: str, uri: str) -> None:
    """Keep a verified code, so that its short form can be keyed in later."""
    connection.execute("INSERT OR REPLACE INTO known (serial, uri) VALUES (?, ?)", (serial, uri))
