"""The links of one code as a resolver tells them: which types there are, the linkset, and where one type leads.

GS1-Conformant resolver standard 1.1 (link types, default link, passing the query on, walking up), RFC 9264 (linksets).
Every type has an array of links, the default link too.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, unquote

from coldtrace.custody.bundle import MEDIA_TYPE
from coldtrace.errors import Lang
from coldtrace.goods.product_link_rules import LinkType, ProductLink
from coldtrace.web.refusals import LinkTypeUnknown

LINKSET: Final = "application/linkset+json"
LINKSET_CONTEXT: Final = (
    '<https://ref.gs1.org/standards/resolver/linkset-context>; rel="http://www.w3.org/ns/json-ld#context";'
    ' type="application/ld+json"'
)
VOCABULARY: Final = "https://ref.gs1.org/voc/"
DEFAULT: Final = "defaultLink"
"""The type of whoever asks for none: our page."""
WHOLE: Final = "linkset"
PROOF: Final = "proof"

OURS: Final = (DEFAULT, LinkType.PIP.value, "traceability", "recallStatus", LinkType.CERTIFICATION_INFO.value)
"""Types that our own page of a box answers, where nobody registered another link of the type."""

_PREFIXES: Final = ("gs1:", VOCABULARY, "https://gs1.org/voc/", "https://www.gs1.org/voc/", "http://gs1.org/voc/")


def type_asked(asked: str | None) -> str | None:
    """Return the name of the type that a `linkType` asks for, `linkset`, `proof`, or None for none.

    Types are written `gs1:pip` or as the address in the vocabulary, whose older hosts are understood too.
    """
    if not asked:
        return None
    for prefix in _PREFIXES:
        if asked.startswith(prefix):
            return asked.removeprefix(prefix)
    return {"all": WHOLE}.get(asked, asked)


def linkset(code: str, *, has_proof: bool, is_box: bool, links: Sequence[ProductLink] = ()) -> dict[str, object]:
    """Return the linkset of a printed code of ours."""
    page = {"href": code, "title": "溯源信息 Where this box has been", "type": "text/html", "hreflang": ["zh", "en"]}
    proof = {"href": proof_url(code), "title": "溯源凭证 Proof bundle", "type": MEDIA_TYPE}
    told: dict[str, list[object]] = {DEFAULT: [page], "traceability": [page, proof] if has_proof else [page]}
    told |= {type: [page] for type in OURS if is_box and type not in told}
    told.setdefault(LinkType.PIP.value, [page])
    for type, found in by_type(links).items():
        registered: list[object] = [_target(link) for link in found]
        # What we know of a certificate ourselves is told beside what an importer says of it.
        told[type] = [*registered, page] if type == LinkType.CERTIFICATION_INFO else registered
    return _linkset(code, told)


def product_linkset(address: str, links: Sequence[ProductLink]) -> dict[str, object]:
    """Return the linkset of a product or a lot, of which we have links alone; `address` has no query."""
    page = {"href": address, "title": "产品链接 Links of this product", "type": "text/html", "hreflang": ["zh", "en"]}
    told: dict[str, list[object]] = {DEFAULT: [page]}
    told |= {type: [_target(link) for link in found] for type, found in by_type(links).items()}
    return _linkset(address, told)


def by_type(links: Sequence[ProductLink]) -> dict[str, list[ProductLink]]:
    """Return links by the name of their type."""
    found: dict[str, list[ProductLink]] = {}
    for link in links:
        found.setdefault(link.type.value, []).append(link)
    return found


def choose(links: Sequence[ProductLink], type: str, lang: Lang) -> ProductLink | None:
    """Return the link of a type in the caller's language, else one for every language, else the first."""
    found = by_type(links).get(type, [])
    return next((link for wanted in (lang, None) for link in found if link.language == wanted), next(iter(found), None))


def require_known(type: str, known: Sequence[str]) -> None:
    """Raise LinkTypeUnknown for a type that this code does not have: never the default page instead."""
    if type not in known:
        raise LinkTypeUnknown(wanted=type[:80], known=", ".join(f"gs1:{each}" for each in known))


def pass_on(href: str, query: str) -> str:
    """Return where a link leads with what came in the query; `linkType` was for us.

    A target that has a query already gets the rest by `&`; its fragment stays last.

    >>> pass_on("https://example.com/p?a=1#top", "s=ABC&linkType=gs1:pip&b=2")
    'https://example.com/p?a=1&s=ABC&b=2#top'
    """
    kept = "&".join(part for part in query.split("&") if part and unquote(part.partition("=")[0]) != "linkType")
    target, mark, fragment = href.partition("#")
    if kept:
        joint = "" if target.endswith(("?", "&")) else "&" if "?" in target else "?"
        target = f"{target}{joint}{kept}"
    return f"{target}{mark}{fragment}"


def proof_url(code: str) -> str:
    """Return the address of a code's proof bundle for those who cannot send an Accept header."""
    return f"{code}&linkType={PROOF}"


def verify_command(host: str, proof: str) -> str:
    """Return what to type to check a downloaded proof, `proof` its address: held to a root and to this very code.

    In double quotes, which every shell knows, and so without signs that mean something between them.

    >>> verify_command("trace.example.cn", "/01/09506000134352/21/A$B?s=XYZ&linkType=proof")
    'coldtrace verify FILE --root root.json --code "https://trace.example.cn/01/09506000134352/21/A%24B?s=XYZ"'
    """
    code = quote(f"https://{host}{proof.removesuffix(f'&linkType={PROOF}')}", safe="/:?&=%.-_~()+")
    return f'coldtrace verify FILE --root root.json --code "{code}"'


def complaint_url(code: str) -> str:
    """Return the address of the form on which a visitor complains of what a code stands for."""
    return f"/complain?code={quote(code, safe='')}"


def notice_url(gtin: str, lot: str) -> str:
    """Return the address of the recall notice of a lot."""
    return f"/recalls?gtin={quote(gtin, safe='')}&lot={quote(lot, safe='')}"


def linkset_url(address: str) -> str:
    """Return the address of a linkset for those who cannot send an Accept header."""
    return f"{address}{'&' if '?' in address else '?'}linkType={WHOLE}"


def resolver_description(host: str) -> dict[str, object]:
    """Return what `/.well-known/gs1resolver` tells: keys that are resolved here, and how."""
    return {
        "name": "coldtrace 进口冷链食品追溯",
        "resolverRoot": f"https://{host}",
        "supportedPrimaryKeys": ["01", "00", "414"],
        "supportedLinkTypes": [{"namespace": VOCABULARY, "prefix": "gs1:"}],
        "supportedLinkTypesEnumerated": [f"gs1:{each}" for each in (*OURS, *_NOT_OURS)],
        "linkTypeDefaultCanBeLinkset": False,
        "validatesAssociatedData": True,
        "privacyPolicy": f"https://{host}/privacy",
    }


_NOT_OURS: Final = tuple(type.value for type in LinkType if type.value not in OURS)


def _linkset(address: str, told: Mapping[str, Sequence[object]]) -> dict[str, object]:
    anchor = address.partition("?")[0]
    return {"linkset": [{"anchor": anchor, **{f"{VOCABULARY}{type}": list(each) for type, each in told.items()}}]}


def _target(link: ProductLink) -> dict[str, object]:
    target: dict[str, object] = {
        "href": link.href,
        "title": f"{link.title_zh} {link.title_en}".strip(),
        "type": link.media_type,
    }
    return target if link.language is None else target | {"hreflang": [link.language]}
