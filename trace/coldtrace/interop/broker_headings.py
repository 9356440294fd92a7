"""What a broker's headings mean, as an organisation taught it: remembered by the broker's name."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.interop.workbook.vocabulary import fold

BROKER_MAX, HEADING_MAX = 80, 120
HEADINGS_MAX = 200


def broker_name(given: str) -> str:
    """Return a broker's name as it is remembered: on one line, without blanks around it.

    >>> broker_name("  Port  Broker ")
    'Port Broker'
    """
    return " ".join("".join(sign if sign.isprintable() else " " for sign in given).split())[:BROKER_MAX]


def headings_of(session: Session, operator_id: UUID | None, broker: str) -> dict[str, str]:
    """Return folded heading to field of a broker; nothing where nothing was taught."""
    if operator_id is None or not broker:
        return {}
    rows = session.execute(
        text("SELECT heading, field FROM broker_heading WHERE operator_id = :operator AND broker = :broker"),
        {"operator": operator_id, "broker": broker},
    )
    return {row.heading: row.field for row in rows}


def brokers_of(session: Session, operator_id: UUID | None) -> list[str]:
    """Return the brokers of which an organisation taught something, by name."""
    rows = session.execute(
        text("SELECT DISTINCT broker FROM broker_heading WHERE operator_id = :operator ORDER BY broker"),
        {"operator": operator_id},
    )
    return [row.broker for row in rows]


def teach(session: Session, env: Env, operator_id: UUID, broker: str, meanings: Mapping[str, str], *, by: str) -> None:
    """Remember what headings mean; an empty field forgets the heading.  Unknown fields are the door's to refuse."""
    for heading, field in meanings.items():
        values = {"operator": operator_id, "broker": broker, "heading": fold(heading)[:HEADING_MAX], "field": field}
        if not field:
            session.execute(
                text(
                    "DELETE FROM broker_heading WHERE operator_id = :operator AND broker = :broker"
                    " AND heading = :heading"
                ),
                values,
            )
        elif values["heading"]:
            session.execute(
                text(
                    "INSERT INTO broker_heading (operator_id, broker, heading, field, taught_by, taught_at)"
                    " VALUES (:operator, :broker, :heading, :field, :by, :at) ON CONFLICT (operator_id, broker,"
                    " heading) DO UPDATE SET field = excluded.field, taught_by = :by, taught_at = :at"
                ),
                values | {"by": by, "at": env.clock()},
            )
