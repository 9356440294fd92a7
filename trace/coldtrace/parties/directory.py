"""Organisations, sites and devices as lists: what a scope reaches, a page at a time by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.parties.model import Site, SiteRole
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """A legal person in the directory, and how many sites it has."""

    operator_id: UUID
    uscc: str
    name_zh: str
    name_en: str
    city_zh: str
    city_en: str
    sites: int
    closed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ListedSite(Site):
    """A site as the directory lists it; `closed_at` is since when it is closed, by itself or with its organisation."""

    closed_at: datetime | None = None
    closed_with_organisation: bool = False


@dataclass(frozen=True, kw_only=True)
class ListedDevice:
    """A device as the desk lists it.

    `unsent` waited on it when it last said so, at `reported_at`, and its block list had been issued at `stops_at`; None
    where it never said.
    """

    key_id: bytes
    gln: str
    name: str
    operations: tuple[str, ...]
    state: str
    enrolled_at: datetime
    last_seen_at: datetime | None
    replaced_by: bytes | None
    reported_at: datetime | None = None
    unsent: int | None = None
    stops_at: datetime | None = None


def organisations(
    session: Session, *, scope: Scope, after: str | None = None, limit: int, uscc: str | None = None
) -> list[Organisation]:
    """Return organisations by credit code, from the one behind `after` on; `uscc` asks for a single one.

    An organisation is in a scope by itself, or by a site that is.
    """
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT o.operator_id, o.uscc, o.name_zh, o.name_en, o.city_zh, o.city_en, o.closed_at,"
            " (SELECT count(*) FROM site c WHERE c.operator_id = o.operator_id) AS sites FROM operator o"
            " WHERE (CAST(:after AS text) IS NULL OR o.uscc > :after)"
            " AND (CAST(:uscc AS text) IS NULL OR o.uscc = :uscc)"
            f" AND ({within.organisation('o.operator_id')} OR EXISTS (SELECT 1 FROM site s"
            f" WHERE s.operator_id = o.operator_id AND {within.site('s.gln')})) ORDER BY o.uscc LIMIT :most"
        ),
        {"after": after, "uscc": uscc, "most": limit, **within.values},
    )
    return [Organisation(**row._mapping) for row in rows]


def sites(
    session: Session, *, scope: Scope, after: str | None = None, limit: int, uscc: str | None = None
) -> list[ListedSite]:
    """Return sites by GLN, from the one behind `after` on; `uscc` asks for one organisation's."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT s.gln, s.operator_id, s.name_zh, s.name_en, s.role, s.district, s.market_gln,"
            " coalesce(s.closed_at, o.closed_at) AS closed_at, o.closed_at IS NOT NULL AS closed_with_organisation"
            " FROM site s"
            " JOIN operator o USING (operator_id) WHERE (CAST(:after AS text) IS NULL OR s.gln > :after)"
            f" AND (CAST(:uscc AS text) IS NULL OR o.uscc = :uscc) AND {within.site('s.gln')}"
            " ORDER BY s.gln LIMIT :most"
        ),
        {"after": after, "uscc": uscc, "most": limit, **within.values},
    )
    return [ListedSite(**(dict(row._mapping) | {"role": SiteRole(row.role)})) for row in rows]


def devices(
    session: Session, *, scope: Scope, after: bytes | None = None, limit: int, key: bytes | None = None
) -> list[ListedDevice]:
    """Return devices by key, from the one behind `after` on; `key` asks for a single one."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT d.key_id, d.gln, d.name, d.operations, d.state, d.enrolled_at, d.last_seen_at, d.replaced_by,"
            " r.reported_at, r.unsent, r.stops_at"
            " FROM device d LEFT JOIN device_report r USING (key_id)"
            " WHERE (CAST(:after AS bytea) IS NULL OR d.key_id > :after)"
            " AND (CAST(:key AS bytea) IS NULL OR d.key_id = :key)"
            f" AND {within.thing(Kind.DEVICE, at='d.gln')} ORDER BY d.key_id LIMIT :most"
        ),
        {"after": after, "key": key, "most": limit, **within.values},
    )
    return [
        ListedDevice(
            **(
                dict(row._mapping)
                | {
                    "key_id": bytes(row.key_id),
                    "operations": tuple(row.operations),
                    "replaced_by": None if row.replaced_by is None else bytes(row.replaced_by),
                }
            )
        )
        for row in rows
    ]


def count_silent(session: Session, *, scope: Scope, before: datetime, most: int) -> int:
    """Return how many devices in use were not heard of since `before`, `most` at most.

    One that was given a new key is not waited for.
    """
    within = Within(scope=scope)
    found: int = session.execute(
        text(
            "SELECT count(*) FROM (SELECT 1 FROM device d WHERE d.state = 'active' AND d.replaced_by IS NULL"
            " AND COALESCE(d.last_seen_at, d.enrolled_at) < :before"
            f" AND {within.thing(Kind.DEVICE, at='d.gln')} LIMIT :most) silent"
        ),
        {"before": before, "most": most, **within.values},
    ).scalar_one()
    return found


def glns_within(session: Session, glns: Sequence[str], *, scope: Scope) -> set[str]:
    """Return those of the sites that are in the scope."""
    within = Within(scope=scope)
    rows = session.execute(
        text(f"SELECT s.gln FROM site s WHERE s.gln = ANY(CAST(:glns AS text[])) AND {within.site('s.gln')}"),
        {"glns": list(glns), **within.values},
    )
    return {row.gln for row in rows}
