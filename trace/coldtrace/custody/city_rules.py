"""When goods are near their last day, by city: the table of rules (domain guide, section 3; decision 0047).

Rules have days of validity.  One that was in force is never changed: another of its area and shelf life takes its place
from a day on that is not past.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

DAYS_MAX: Final = 3660
PAGE_MAX: Final = 200
_COLUMNS: Final = "area, shelf_days_min, days_before, valid_from, valid_until, confirmed"


@dataclass(frozen=True, kw_only=True)
class NearExpiryRule:
    """In places whose district begins with `area`, goods of a shelf life of so many days and more are near their last
    day `days_before` it.  `confirmed`: somebody compared it with the city's own text.
    """

    area: str
    shelf_days_min: int
    days_before: int
    valid_from: date
    valid_until: date | None
    confirmed: bool

    @property
    def id(self) -> str:
        """Its name in lists: what no other has."""
        return f"{self.area or '-'}.{self.shelf_days_min}.{self.valid_from.isoformat()}"


IN_FORCE: Final = (
    "SELECT n.* FROM near_expiry_rule n WHERE n.valid_from <= CAST(:today AS date)"
    " AND (n.valid_until IS NULL OR n.valid_until >= CAST(:today AS date)) AND n.area = (SELECT a.area"
    "  FROM near_expiry_rule a WHERE si.district ^@ a.area AND a.valid_from <= CAST(:today AS date)"
    "  AND (a.valid_until IS NULL OR a.valid_until >= CAST(:today AS date)) ORDER BY length(a.area) DESC LIMIT 1)"
)
"""The query for the rules at a site `si` on a day `:today`: those of the longest area that its district begins with."""


def list_rules(session: Session, *, after: str | None = None, limit: int) -> list[NearExpiryRule]:
    """Return every rule by area, shelf life and day, behind the one of this id; ValueError for what is no id."""
    area, shelf, begins = ("", -1, date.min) if after is None else _read(after)
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM near_expiry_rule"
            " WHERE (area, shelf_days_min, valid_from) > (:area, :shelf, CAST(:begins AS date))"
            " ORDER BY area, shelf_days_min, valid_from LIMIT :limit"
        ),
        {"area": area, "shelf": shelf, "begins": begins, "limit": min(limit, PAGE_MAX)},
    )
    return [NearExpiryRule(**row._mapping) for row in rows]


def add_rule(session: Session, rule: NearExpiryRule, *, today: date) -> NearExpiryRule:
    """Put a rule into force from its day on, in the place of the one of its area and shelf life that holds then.

    It ends where one that was planned before begins.  The same again is the same; another one for the same day takes
    its place.  ValueError for a day that is past, and for an end before the beginning.
    """
    if rule.valid_from < today or (rule.valid_until is not None and rule.valid_until < rule.valid_from):
        raise ValueError("a rule holds from today on at the earliest, and ends after it began")
    values = {
        "area": rule.area,
        "shelf": rule.shelf_days_min,
        "days": rule.days_before,
        "begins": rule.valid_from,
        "until": rule.valid_until,
        "confirmed": rule.confirmed,
        "eve": rule.valid_from - timedelta(days=1),
    }
    session.execute(text("LOCK TABLE near_expiry_rule IN SHARE ROW EXCLUSIVE MODE"))
    session.execute(
        text(
            "UPDATE near_expiry_rule SET valid_until = :eve WHERE area = :area AND shelf_days_min = :shelf"
            " AND valid_from < :begins AND (valid_until IS NULL OR valid_until > :eve)"
        ),
        values,
    )
    row = session.execute(
        text(
            "INSERT INTO near_expiry_rule (area, shelf_days_min, days_before, valid_from, valid_until, confirmed)"
            " VALUES (:area, :shelf, :days, :begins, LEAST(CAST(:until AS date), (SELECT min(n.valid_from) - 1"
            "  FROM near_expiry_rule n WHERE n.area = :area AND n.shelf_days_min = :shelf AND n.valid_from > :begins)),"
            " :confirmed) ON CONFLICT (area, shelf_days_min, valid_from) DO UPDATE SET days_before = :days,"
            " valid_until = EXCLUDED.valid_until, confirmed = :confirmed"
            f" RETURNING {_COLUMNS}"
        ),
        values,
    ).one()
    return NearExpiryRule(**row._mapping)


def rules_at(session: Session, gln: str, *, today: date) -> list[NearExpiryRule]:
    """Return the rules that are in force at a place, the longest shelf life first; none where its city has none."""
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM site si CROSS JOIN LATERAL ({IN_FORCE}) r WHERE si.gln = :gln"
            " ORDER BY shelf_days_min DESC"
        ),
        {"gln": gln, "today": today},
    )
    return [NearExpiryRule(**row._mapping) for row in rows]


def _read(id: str) -> tuple[str, int, date]:
    area, shelf, begins = id.split(".")
    return "" if area == "-" else area, int(shelf), date.fromisoformat(begins)
