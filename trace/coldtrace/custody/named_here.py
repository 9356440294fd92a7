"""SQL about names: whether a product or lot is known here, its import not undone."""

from sqlalchemy import text
from sqlmodel import Session


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
