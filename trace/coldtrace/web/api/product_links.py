"""Links of products: what importers register for whoever resolves their codes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from coldtrace.goods import product_links
from coldtrace.goods.product_link_rules import HREF_MAX, LinkType, NewLink
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn

router = APIRouter(prefix="/api/v1/product-links", tags=["codes"])
PAGE_MAX = 200

Title = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]
Registrar = Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.WRITE, devices=False)]


class LinkIn(BodyIn):
    """Where one type of link leads, for a product or for one lot of it.

    `organisation` is the importer's credit code, for whoever may speak for several.
    """

    gtin: str = Field(max_length=14, examples=["09506000134352"])
    lot: str | None = Field(default=None, min_length=1, max_length=20)
    type: LinkType
    href: str = Field(max_length=2 * HREF_MAX, examples=["https://www.example.com/beef-brisket"])
    title_zh: Title
    title_en: Title
    media_type: str = Field(default="text/html", max_length=80, pattern=r"^[a-z]+/[a-z0-9.+-]+$")
    language: str | None = Field(default=None, pattern=r"^[a-z]{2}$")
    organisation: str | None = Field(default=None, max_length=18)


@router.get("", summary="Links of products 产品链接")
def get_links(
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.READ, devices=False)],
    gtin: Annotated[str | None, Query(max_length=14)] = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return the links that your firm has registered and not ended, by id; `next` is the `after` of the next page."""
    found = product_links.listed(session, caller.scope, gtin=gtin, after=after, limit=limit)
    caller.about(*(each.operator_id for each in found))
    return {
        "links": [each.to_json() for each in found],
        "next": str(found[-1].link_id) if len(found) == limit else None,
    }


@router.post("", status_code=201, summary="Register a link 登记产品链接")
def post_link(body: LinkIn, session: WriteSession, env: CurrentEnv, caller: Registrar) -> dict[str, object]:
    """Register where one type of link leads; for goods of which your firm is the importer.

    A link for a lot goes before one for its product.  The same again is the link that there is.
    """
    new = NewLink(
        gtin=body.gtin,
        lot=body.lot,
        type=body.type,
        href=body.href,
        title_zh=body.title_zh,
        title_en=body.title_en,
        media_type=body.media_type,
        language=body.language,
        uscc=body.organisation,
    )
    made = product_links.register(session, env, caller.scope, new, by=caller.actor)
    caller.named(made.link_id)
    caller.about(made.operator_id)
    return made.to_json()


@router.delete("/{link_id:uuid}", summary="End a link 停用产品链接")
def delete_link(link_id: UUID, session: WriteSession, env: CurrentEnv, caller: Registrar) -> dict[str, object]:
    """End a link: codes lead nowhere by it any more.  What it was is kept."""
    ended = product_links.end(session, env, caller.scope, link_id, by=caller.actor)
    caller.about(ended.operator_id)
    return ended.to_json()
