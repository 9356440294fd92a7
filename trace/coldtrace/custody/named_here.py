"""SQL about names: whether a product or lot is known here, its import not undone; whether a code is not bound yet.

That somebody imports a product is theirs to tell: only who is a party of such an import, at its station or as its
importer, is told that the name is one.
"""

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import EVERY_ROW, Within


def has_product(session: Session, scope: Scope, gtin: str) -> bool:
    """Tell whether goods of this GTIN were imported here, by an import in the scope."""
    within = Within(scope=scope)
    # Whoever sees everything also sees a product of which no lot is left.
    imported = (
        "EXISTS (SELECT 1 FROM lot l JOIN consignment c USING (consignment_id)"
        f" WHERE l.gtin = p.gtin AND {_import_in(within)})"
    )
    seen = EVERY_ROW if scope.everything else imported
    row = session.execute(
        text(f"SELECT 1 FROM product p WHERE p.gtin = :gtin AND {seen}"), {"gtin": gtin, **within.values}
    )
    return row.first() is not None


def has_lot(session: Session, scope: Scope, *, gtin: str, lot: str) -> bool:
    """Tell whether an import in the scope that stands has this lot, as printed or as the maker calls it."""
    within = Within(scope=scope)
    row = session.execute(
        text(
            "SELECT 1 FROM lot l JOIN consignment c USING (consignment_id) WHERE l.gtin = :gtin"
            f" AND (l.lot = :lot OR l.maker_lot = :lot) AND c.state = 'open' AND {_import_in(within)} LIMIT 1"
        ),
        {"gtin": gtin, "lot": lot, **within.values},
    )
    return row.first() is not None


def _import_in(within: Within) -> str:
    return within.thing(Kind.CONSIGNMENT, at="c.station_gln", importer="c.importer_id")


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
