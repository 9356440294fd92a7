"""All that a database holds, to look for what must not be in it."""

from sqlalchemy import text
from sqlmodel import Session


def everything(session: Session) -> str:
    """Return all rows of all tables as one text."""
    tables = session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")).scalars()
    return "\n".join(
        str(row) for table in tables.all() for row in session.execute(text(f"SELECT t::text FROM {table} t")).scalars()
    )
