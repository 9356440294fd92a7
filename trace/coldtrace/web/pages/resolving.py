"""Where a code leads by type of link, and the page of a product's own code (GS1-Conformant resolver 1.1)."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlmodel import Session

from coldtrace.codes.scan import read_scan
from coldtrace.codes.trace_code import CodeKind
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.goods import product_links
from coldtrace.goods.product_link_rules import LINK_TYPE_WORDS, ProductLink
from coldtrace.verify.code import Verdict
from coldtrace.web.accepted import is_accepted
from coldtrace.web.linkset import (
    LINKSET,
    LINKSET_CONTEXT,
    OURS,
    WHOLE,
    by_type,
    choose,
    linkset,
    linkset_url,
    pass_on,
    product_linkset,
    require_known,
    type_asked,
)
from coldtrace.web.pages.code_asked import Asked, here_of
from coldtrace.web.pages.showing import VARY, remember_language, show
from coldtrace.web.pages.views import Bilingual, ProductView, ShownLink
from coldtrace.web.problems import language_of, wants_page

IN_PATH = "/%:@!$&'()*+,;=-._~"
"""Signs of a path that stay as they are (RFC 3986, 3.3)."""


def links_of(asked: Asked) -> Response:
    links = linkset(
        f"https://{asked.env.public_host}{asked.path}",
        has_proof=asked.names_box,
        is_box=asked.names_box,
        links=asked.links,
    )
    return json_links(links)


def json_links(links: dict[str, object]) -> Response:
    return JSONResponse(links, media_type=LINKSET, headers={"Vary": VARY, "Link": LINKSET_CONTEXT})


def led_away(asked: Asked) -> Response | None:
    """Return the way to a registered link, if its type was asked for; None where our own page is the answer.

    Raises LinkTypeUnknown for a type that there is none of.
    """
    wanted = type_asked(asked.request.query_params.get("linkType"))
    if wanted is None:
        return None
    return _way(asked.request, asked.links, wanted, ours=OURS if asked.names_box else OURS[:1])


def _way(request: Request, links: Sequence[ProductLink], wanted: str, *, ours: Sequence[str]) -> Response | None:
    require_known(wanted, [*ours, *(type for type in by_type(links) if type not in ours)])
    link = choose(links, wanted, language_of(request))
    if link is None:
        return None
    return RedirectResponse(pass_on(link.href, request.url.query), 307, {"Vary": VARY, "Cache-Control": "no-cache"})


def product_page(request: Request, session: Session, text: str, now: datetime) -> Response | None:
    """Answer the code of a product or a lot, which nobody signs, by what importers registered for it; None for nothing.

    It tells nothing of any goods: whether they were imported here is no business of whoever can write a GTIN.
    """
    try:
        scan = read_scan(text)
    except Refusal:
        return None
    gtin, lot = scan.ais.get("01"), scan.ais.get("10")
    if scan.kind is not CodeKind.PLAIN or gtin is None:
        return None
    links = product_links.links_of_product(session, gtin=gtin, lot=lot)
    if not links:
        return None
    env: Env = request.app.state.env
    # As it came: decoded, a lot could end the address in the header `Link` and begin another one.
    path = quote(request.scope["raw_path"], safe=IN_PATH)
    wanted = type_asked(request.query_params.get("linkType"))
    if wanted == WHOLE or (wanted is None and is_accepted(request.headers.get("accept", ""), LINKSET)):
        return json_links(product_linkset(f"https://{env.public_host}{path}", links))
    away = None if wanted is None else _way(request, links, wanted, ours=OURS[:1])
    if away is not None:
        away.headers["Link"] = f'<{linkset_url(path)}>; rel="linkset"; type="{LINKSET}"'
        return away
    if not wants_page(request):
        return json_links(product_linkset(f"https://{env.public_host}{path}", links))
    view = ProductView(
        here=here_of(request),
        host=env.public_host,
        decided_at=now,
        verdict=Verdict.UNSIGNED.value,
        gtin=gtin,
        lot=lot,
        links=tuple(
            ShownLink(
                kind=LINK_TYPE_WORDS[link.type], title=Bilingual(zh=link.title_zh, en=link.title_en), href=link.href
            )
            for link in links
        ),
    )
    page = show(request, "consumer/product.html", view)
    page.headers["Link"] = f'<{linkset_url(path)}>; rel="linkset"; type="{LINKSET}"'
    return remember_language(request, page)
