"""SQL about code runs: their plan, how far they are, what they may still take today."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.goods.mint import MintedCode
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One code run.  `wanted` codes are planned, `drawn` exist; `plan` is None for runs of before plans were kept."""

    run_id: UUID
    kind: str
    consignment_id: UUID | None
    station_gln: str
    wanted: int
    drawn: int
    created_at: datetime
    plan: Mapping[str, Any] | None = None

    @property
    def is_drawn(self) -> bool:
        """Tell whether all codes of the plan exist."""
        return self.drawn == self.wanted

    @property
    def state(self) -> str:
        """`drawn` when all codes exist, else `drawing`."""
        return "drawn" if self.is_drawn else "drawing"


def insert_run(session: Session, record: RunRecord, *, kid: str) -> None:
    """Keep a new code run; `kid` names the key with which it starts."""
    values = vars(record) | {"kid": kid, "plan": json.dumps(record.plan, ensure_ascii=False)}
    session.execute(
        text(
            "INSERT INTO code_run (run_id, kind, consignment_id, station_gln, kid, wanted, drawn, plan, created_at)"
            " VALUES (:run_id, :kind, :consignment_id, :station_gln, :kid, :wanted, :drawn, CAST(:plan AS jsonb),"
            " :created_at)"
        ),
        values,
    )


def lock_run(session: Session, run_id: UUID) -> RunRecord | None:
    """Return a run with its plan, held until the transaction ends; None if there is none or its import was undone."""
    row = session.execute(
        text(f"SELECT {_COLUMNS}, r.plan{_LIVE} AND r.run_id = :run FOR UPDATE OF r"), {"run": run_id}
    )
    return _record(row.one_or_none())


def find_run(session: Session, run_id: UUID, scope: Scope) -> RunRecord | None:
    """Return a run of the scope without its plan; None if there is none or its import was undone."""
    within = Within(scope=scope)
    row = session.execute(
        text(f"SELECT {_COLUMNS}{_LIVE} AND r.run_id = :run AND {in_scope(within)}"), within.values | {"run": run_id}
    )
    return _record(row.one_or_none())


def last_kid(session: Session, run_id: UUID) -> str:
    """Return the key that signed a run's newest codes, or that with which it was opened."""
    row = session.execute(
        text(
            "SELECT COALESCE((SELECT i.kid FROM issued_code i WHERE i.run_id = r.run_id"
            " ORDER BY i.position DESC LIMIT 1), r.kid) FROM code_run r WHERE r.run_id = :run"
        ),
        {"run": run_id},
    )
    return str(row.scalar_one())


def run_of_consignment(session: Session, consignment_id: UUID) -> RunRecord | None:
    """Return the run that an import opened."""
    row = session.execute(
        text(f"SELECT {_COLUMNS}{_LIVE} AND r.consignment_id = :id AND r.kind = 'consignment'"), {"id": consignment_id}
    )
    return _record(row.one_or_none())


def list_runs(
    session: Session, scope: Scope, *, after: UUID | None, limit: int, unfinished: bool = False
) -> list[RunRecord]:
    """Return runs of the scope, newest first, `limit` of them behind the run `after`; run ids grow with time."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS}{_LIVE} AND (CAST(:after AS uuid) IS NULL OR r.run_id < :after)"
            f" AND (NOT :unfinished OR r.drawn < r.wanted) AND {in_scope(within)} ORDER BY r.run_id DESC LIMIT :limit"
        ),
        within.values | {"after": after, "limit": limit, "unfinished": unfinished},
    )
    return [RunRecord(**row._mapping) for row in rows]


_COLUMNS = "r.run_id, r.kind, r.consignment_id, r.station_gln, r.wanted, r.drawn, r.created_at"
_LIVE = (
    " FROM code_run r LEFT JOIN consignment c USING (consignment_id)"
    " WHERE (r.consignment_id IS NULL OR c.state = 'open')"
)


def in_scope(within: Within) -> str:
    """Return the condition that a run `r` with its consignment `c`, if it has one, is in the scope."""
    return within.thing(Kind.RUN, at="r.station_gln", importer="c.importer_id")


def _record(row: Row[Any] | None) -> RunRecord | None:
    return None if row is None else RunRecord(**row._mapping)


def set_drawn(session: Session, run_id: UUID, drawn: int) -> None:
    """Note how many codes of a run exist."""
    session.execute(text("UPDATE code_run SET drawn = :drawn WHERE run_id = :run"), {"run": run_id, "drawn": drawn})


def insert_codes(session: Session, run_id: UUID, codes: Iterable[MintedCode], *, kid: str, at: datetime) -> None:
    """Keep issued codes; a serial or SSCC that exists already fails the transaction."""
    raw = session.connection().connection.driver_connection
    assert raw is not None
    columns = "unit_id, position, kind, lot_id, pallet, serial, net_g, uri, code_hash, run_id, kid, drawn_at"
    with raw.cursor() as cursor, cursor.copy(f"COPY issued_code ({columns}) FROM STDIN") as copy:
        for code in codes:
            copy.write_row((*code, run_id, kid, at))


def take_references(session: Session, company_prefix: str, *, count: int, most: int) -> bool:
    """Count `count` SSCC references of a company prefix as given out; False, and nothing done, if too few are left.

    `most` is how many there are.  Draws under one prefix wait for each other until the commit.
    """
    row = session.execute(
        text(
            "INSERT INTO sscc_counter AS s (company_prefix, used) SELECT :prefix, :count WHERE :count <= :most"
            " ON CONFLICT (company_prefix) DO UPDATE SET used = s.used + :count WHERE s.used + :count <= :most"
            " RETURNING s.used"
        ),
        {"prefix": company_prefix, "count": count, "most": most},
    ).one_or_none()
    return row is not None


def issued_among(session: Session, unit_ids: Sequence[str]) -> set[str]:
    """Return those of the units whose codes were given out before."""
    rows = session.execute(
        text("SELECT unit_id FROM issued_code WHERE unit_id = ANY(CAST(:units AS text[]))"), {"units": list(unit_ids)}
    )
    return set(rows.scalars())


def spend_quota(session: Session, gln: str, *, day: date, count: int) -> tuple[int, int] | None:
    """Count `count` codes of a station on a day; return (quota, already drawn) instead when they are too many.

    Two draws at once wait for each other at the row of the day, so together they never exceed the quota.
    """
    kept = session.execute(
        text(
            "INSERT INTO code_quota AS q (gln, day, drawn) SELECT s.gln, :day, :count FROM site s WHERE s.gln = :gln"
            " AND (s.codes_per_day IS NULL OR :count <= s.codes_per_day)"
            " ON CONFLICT (gln, day) DO UPDATE SET drawn = q.drawn + :count WHERE q.drawn + :count <="
            " COALESCE((SELECT codes_per_day FROM site WHERE gln = :gln), 9223372036854775807) RETURNING q.drawn"
        ),
        {"gln": gln, "day": day, "count": count},
    ).one_or_none()
    if kept is not None:
        return None
    row = session.execute(
        text(
            "SELECT s.codes_per_day, COALESCE(q.drawn, 0) AS drawn FROM site s"
            " LEFT JOIN code_quota q ON q.gln = s.gln AND q.day = :day WHERE s.gln = :gln"
        ),
        {"gln": gln, "day": day},
    ).one()
    return int(row.codes_per_day), int(row.drawn)
