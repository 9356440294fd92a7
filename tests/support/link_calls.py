"""Good calls about links of products, and the resolver."""

from coldtrace.rights.model import Kind, Verb
from support.call_scene import Request, Scene, as_json
from support.consignments import GTIN
from support.one_call import Call, at


def _product_link(scene: Scene) -> Request:
    said = {
        "gtin": GTIN,
        "type": "pip",
        "href": "https://www.example.com/brisket",
        "title_zh": "牛腩",
        "title_en": "Brisket",
        "organisation": scene.importer,
    }
    return as_json("/api/v1/product-links", said)


LINKS = (
    Call(
        method="GET",
        route="/api/v1/product-links",
        right=(Kind.CONSIGNMENT, Verb.READ),
        lists="links.id",
        make=at("/api/v1/product-links?limit=200"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/product-links",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="product",
        hidden=(404, "product_not_yours"),
        make=_product_link,
        status=201,
        token_only=True,
    ),
    Call(
        method="DELETE",
        route="/api/v1/product-links/{link_id:uuid}",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="product",
        hidden=(404, "link_unknown"),
        make=lambda scene: Request(path=f"/api/v1/product-links/{scene.product_link()}"),
        token_only=True,
    ),
    Call(method="GET", route="/.well-known/gs1resolver", make=at("/.well-known/gs1resolver"), public=True),
)
