"""What the journal has, for tests of whoever writes into it."""

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.journal.model import Record
from support.web_house import WebHouse


def records(house: WebHouse) -> list[Record]:
    """Return all records in the order of their ids, chained or not."""
    with house.sessions() as session:
        return records_in(session)


def records_in(session: Session) -> list[Record]:
    """Return all records that a session sees."""
    return [
        Record(
            record_id=row.record_id,
            at=row.at,
            actor=row.actor,
            operators=tuple(row.actor_operators),
            roles=tuple(row.actor_roles),
            act=row.act,
            kind=row.kind,
            object=row.object,
            purpose=row.purpose,
            subjects=tuple(row.subjects),
            detail=row.detail,
            sites=tuple(row.sites),
        )
        for row in session.execute(text("SELECT * FROM journal_record ORDER BY record_id"))
    ]
