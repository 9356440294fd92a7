"""SQL about names: whether a product or lot is known here, its import not undone; whether a code is not bound yet."""

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within


def has_product(session: Session, gtin: str) -> bool:
    """Tell whether goods of this GTIN were imported here."""
    row = session.execute(text("SELECT 1 FROM product WHERE gtin = :gtin"), {"gtin": gtin})
    return row.first() is not None


def has_lot(session: Session, *, gtin: str, lot: str) -> bool:
    """Tell whether an import that stands has this lot, as printed or as the maker calls it."""
    row = session.execute(
        text(
            "SELECT 1 FROM lot l JOIN consignment c USING (consignment_id) WHERE l.gtin = :gtin"
            " AND (l.lot = :lot OR l.maker_lot = :lot) AND c.state = 'open' LIMIT 1"
        ),
        {"gtin": gtin, "lot": lot},
    )
    return row.first() is not None


def is_blank(session: Session, scope: Scope, unit: str) -> bool:
    """Tell whether a code was issued by a station in the scope and nothing was said of it yet."""
    within = Within(scope=scope)
    row = session.execute(
        text(
            "SELECT 1 FROM issued_code i JOIN code_run r USING (run_id) WHERE i.unit_id = :unit"
            " AND NOT EXISTS (SELECT 1 FROM unit u WHERE u.unit_id = i.unit_id)"
            f" AND {within.thing(Kind.UNIT, at='r.station_gln')}"
        ),
        {"unit": unit, **within.values},
    )
    return row.first() is not None
