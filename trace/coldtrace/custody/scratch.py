"""The tables that are made from statements, once more and empty, for one transaction alone.

    live = open_scratch(session)
    session.execute(text("SELECT ... FROM unit"))               # the empty one
    session.execute(text(f"SELECT ... FROM {live}.unit"))       # the one that everybody sees

Whatever is written about units then goes into temporary tables with the same columns, keys and indexes; they are gone
with the transaction, also when the process is killed.  So the same code tells a story again that tells it the first
time, and nobody waits for it.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlmodel import Session

UNIT_TABLES: Final = ("unit", "statement_line", "containment", "lot_stock", "lot_stop")
"""Where units are, what became of the lines, who was inside whom, where lots lie, and which lots were stopped."""

PARTY_TABLES: Final = ("statement_party", "case_file")
"""Whom statements concern, and which cases they opened."""

LOT_TABLES: Final = ("lot_checkpoint",)
"""How lots stood at moments of their story."""

CORRECTION_TABLES: Final = ("correction",)
"""Which statements are annulled."""


def open_scratch(session: Session, tables: Sequence[str] = UNIT_TABLES) -> str:
    """Put empty tables before the live ones until the transaction ends; return the schema of the live ones, quoted.

    The transaction must be one that is rolled back, or that writes through the schema's name alone.
    """
    live = str(session.execute(text("SELECT quote_ident(current_schema())")).scalar_one())
    for table in tables:
        session.execute(text(f"CREATE TEMP TABLE {table} (LIKE {live}.{table} INCLUDING ALL) ON COMMIT DROP"))
    # Named first, not left to PostgreSQL's own order: a statement that the connection prepared before looks again.
    session.execute(text(f"SET LOCAL search_path TO pg_temp, {live}"))
    return live


def analyze_scratch(session: Session, tables: Sequence[str] = UNIT_TABLES) -> None:
    """Tell PostgreSQL how big the tables have become: nobody else looks into temporary ones."""
    session.execute(text(f"ANALYZE {', '.join(f'pg_temp.{table}' for table in tables)}"))
