"""SQL about links of products."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.goods.product_link_rules import LinkType, NewLink, ProductLink
from coldtrace.rights.model import Scope
from coldtrace.rights.scopes import Within

_ROWS = (
    "SELECT k.link_id, k.gtin, k.lot, k.link_type AS type, k.href, k.title_zh, k.title_en, k.media_type, k.language,"
    " k.operator_id, o.uscc, k.made_at FROM product_link k JOIN operator o USING (operator_id)"
)


def importer_in(session: Session, scope: Scope, *, gtin: str, lot: str | None, uscc: str | None) -> UUID | None:
    """Return the importer, in the scope, of an import of these goods that stands; the first one that imported them."""
    within = Within(scope=scope)
    found: UUID | None = session.execute(
        text(
            "SELECT c.importer_id FROM lot l JOIN consignment c USING (consignment_id)"
            " JOIN operator o ON o.operator_id = c.importer_id WHERE l.gtin = :gtin AND c.state = 'open'"
            " AND (CAST(:lot AS text) IS NULL OR l.lot = :lot) AND (CAST(:uscc AS text) IS NULL OR o.uscc = :uscc)"
            f" AND {_mine(within, 'c.importer_id')} ORDER BY l.lot_id LIMIT 1"
        ),
        {"gtin": gtin, "lot": lot, "uscc": uscc, **within.values},
    ).scalar_one_or_none()
    return found


def lock(session: Session, *, operator: UUID, gtin: str) -> None:
    """Let one at a time register for a firm's product."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 7))"), {"key": f"{operator}:{gtin}"})


def same(session: Session, new: NewLink, *, gtin: str, operator: UUID) -> UUID | None:
    """Return the live link that says just this."""
    found: UUID | None = session.execute(
        text(
            "SELECT link_id FROM product_link WHERE ended_at IS NULL AND operator_id = :operator AND gtin = :gtin"
            " AND lot IS NOT DISTINCT FROM CAST(:lot AS text) AND link_type = :type AND href = :href"
            " AND title_zh = :title_zh AND title_en = :title_en AND media_type = :media_type"
            " AND language IS NOT DISTINCT FROM CAST(:language AS text)"
        ),
        _values(new, gtin, operator),
    ).scalar_one_or_none()
    return found


def count(session: Session, *, operator: UUID, gtin: str) -> int:
    """Return how many live links a firm has for a product and its lots."""
    found: int = session.execute(
        text("SELECT count(*) FROM product_link WHERE ended_at IS NULL AND operator_id = :operator AND gtin = :gtin"),
        {"operator": operator, "gtin": gtin},
    ).scalar_one()
    return found


def insert(session: Session, link_id: UUID, new: NewLink, *, gtin: str, operator: UUID, by: str, at: datetime) -> None:
    """Keep a link."""
    session.execute(
        text(
            "INSERT INTO product_link (link_id, gtin, lot, link_type, href, title_zh, title_en, media_type, language,"
            " operator_id, made_by, made_at) VALUES (:id, :gtin, :lot, :type, :href, :title_zh, :title_en, :media_type,"
            " :language, :operator, :by, :at)"
        ),
        {**_values(new, gtin, operator), "id": link_id, "by": by, "at": at},
    )


def end(session: Session, link_id: UUID, *, by: str, at: datetime) -> None:
    """End a link; it stays as a record."""
    session.execute(
        text("UPDATE product_link SET ended_at = :at, ended_by = :by WHERE link_id = :id AND ended_at IS NULL"),
        {"id": link_id, "by": by, "at": at},
    )


def find(session: Session, scope: Scope, link_id: UUID) -> ProductLink | None:
    """Return a live link of the scope."""
    within = Within(scope=scope)
    rows = _read(
        session,
        f"WHERE k.link_id = :id AND k.ended_at IS NULL AND {_mine(within, 'k.operator_id')}",
        {"id": link_id, **within.values},
    )
    return rows[0] if rows else None


def listed(session: Session, scope: Scope, *, gtin: str | None, after: UUID | None, limit: int) -> list[ProductLink]:
    """Return live links of the scope by id."""
    within = Within(scope=scope)
    return _read(
        session,
        "WHERE k.ended_at IS NULL AND (CAST(:gtin AS text) IS NULL OR k.gtin = :gtin)"
        " AND (CAST(:after AS uuid) IS NULL OR k.link_id > :after)"
        f" AND {_mine(within, 'k.operator_id')} ORDER BY k.link_id LIMIT :limit",
        {"gtin": gtin, "after": after, "limit": limit, **within.values},
    )


def of_unit(session: Session, unit_id: str) -> list[ProductLink]:
    """Return the live links that the importer of a box has for its lot or its product."""
    return _read(
        session,
        "JOIN (SELECT l.gtin, l.lot, c.importer_id FROM issued_code i JOIN lot l USING (lot_id)"
        "  JOIN consignment c ON c.consignment_id = l.consignment_id WHERE i.unit_id = :unit) b"
        " ON b.gtin = k.gtin AND b.importer_id = k.operator_id AND (k.lot IS NULL OR k.lot = b.lot)"
        " WHERE k.ended_at IS NULL",
        {"unit": unit_id},
    )


def of_product(session: Session, *, gtin: str, lot: str | None) -> list[ProductLink]:
    """Return the live links for a product, and for one lot of it."""
    return _read(
        session,
        "WHERE k.ended_at IS NULL AND k.gtin = :gtin AND (k.lot IS NULL OR k.lot = CAST(:lot AS text))"
        " ORDER BY k.link_id LIMIT 200",
        {"gtin": gtin, "lot": lot},
    )


def _mine(within: Within, importer: str) -> str:
    return "TRUE" if within.scope.everything else within.organisation(importer)


def _read(session: Session, rest: str, values: Mapping[str, Any]) -> list[ProductLink]:
    return [_link(row) for row in session.execute(text(f"{_ROWS} {rest}"), dict(values))]


def _link(row: Row[Any]) -> ProductLink:
    return ProductLink(**{**row._mapping, "type": LinkType(row.type)})


def _values(new: NewLink, gtin: str, operator: UUID) -> dict[str, Any]:
    return {
        "gtin": gtin,
        "lot": new.lot,
        "type": new.type.value,
        "href": new.href,
        "title_zh": new.title_zh,
        "title_en": new.title_en,
        "media_type": new.media_type,
        "language": new.language,
        "operator": operator,
    }
