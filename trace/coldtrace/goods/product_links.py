"""Links of products: what an importer has registered for a GTIN or a lot, found by walking up.

A code of a box leads to our page.  Whoever asks for another type of link (GS1 Web Vocabulary) is sent on to what the
importer of just these goods has registered: for the lot, else for the product.  A stranger who imports the same product
adds nothing to boxes that are not theirs.
"""

from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.gtin import parse_gtin
from coldtrace.env import Env
from coldtrace.goods import product_link_store as store
from coldtrace.goods.product_link_refusals import LinkUnknown, ProductNotYours, TooManyLinks
from coldtrace.goods.product_link_rules import LINKS_MAX, NewLink, ProductLink, check_href, nearest
from coldtrace.rights.model import Scope


def register(session: Session, env: Env, scope: Scope, new: NewLink, *, by: str) -> ProductLink:
    """Register a link for goods that an importer of the scope has imported; the same again is the one there is.

    Raises what `parse_gtin` raises, LinkHrefUnusable, ProductNotYours and TooManyLinks.
    """
    gtin = str(parse_gtin(new.gtin))
    check_href(new.href)
    operator = store.importer_in(session, scope, gtin=gtin, lot=new.lot, uscc=new.uscc)
    if operator is None:
        raise ProductNotYours(gtin=gtin, lot=(new.lot or "-")[:60])
    store.lock(session, operator=operator, gtin=gtin)
    link_id = store.same(session, new, gtin=gtin, operator=operator)
    if link_id is None:
        if store.count(session, operator=operator, gtin=gtin) >= LINKS_MAX:
            raise TooManyLinks(limit=LINKS_MAX, gtin=gtin)
        link_id = env.new_id()
        store.insert(session, link_id, new, gtin=gtin, operator=operator, by=by, at=env.clock())
    found = store.find(session, scope, link_id)
    assert found is not None, "its importer is in the scope"
    return found


def end(session: Session, env: Env, scope: Scope, link_id: UUID, *, by: str) -> ProductLink:
    """End a link; raise LinkUnknown where the scope has none such that is live."""
    found = store.find(session, scope, link_id)
    if found is None:
        raise LinkUnknown(id=str(link_id))
    store.end(session, link_id, by=by, at=env.clock())
    return found


def listed(session: Session, scope: Scope, *, gtin: str | None, after: UUID | None, limit: int) -> list[ProductLink]:
    """Return live links of the scope by id, those of one product if `gtin` is given; raises what `parse_gtin` does."""
    product = None if gtin is None else str(parse_gtin(gtin))
    return store.listed(session, scope, gtin=product, after=after, limit=limit)


def links_of_unit(session: Session, unit_id: str) -> list[ProductLink]:
    """Return what the importer of a box has registered for its lot, else for its product."""
    return nearest(store.of_unit(session, unit_id))


def links_of_product(session: Session, *, gtin: str, lot: str | None) -> list[ProductLink]:
    """Return what importers have registered for a lot, else for its product, whoever they are."""
    return nearest(store.of_product(session, gtin=gtin, lot=lot))
