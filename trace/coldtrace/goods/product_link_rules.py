"""Nouns and rules of product links: types, what an address may be, which of them counts for a box."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from coldtrace.clock import format_utc
from coldtrace.errors import Words
from coldtrace.goods.product_link_refusals import LinkHrefUnusable


class LinkType(StrEnum):
    """Types of links that an importer may register (GS1 Web Vocabulary, link types)."""

    PIP = "pip"
    INSTRUCTIONS = "instructions"
    RECIPE_INFO = "recipeInfo"
    NUTRITIONAL_INFO = "nutritionalInfo"
    ALLERGEN_INFO = "allergenInfo"
    SAFETY_INFO = "safetyInfo"
    CERTIFICATION_INFO = "certificationInfo"
    SUSTAINABILITY_INFO = "sustainabilityInfo"


LINK_TYPE_WORDS: Final[dict[LinkType, Words]] = {
    LinkType.PIP: Words("产品介绍", "Product information"),
    LinkType.INSTRUCTIONS: Words("使用说明", "Instructions"),
    LinkType.RECIPE_INFO: Words("食谱", "Recipes"),
    LinkType.NUTRITIONAL_INFO: Words("营养成分", "Nutrition"),
    LinkType.ALLERGEN_INFO: Words("过敏原", "Allergens"),
    LinkType.SAFETY_INFO: Words("安全信息", "Safety"),
    LinkType.CERTIFICATION_INFO: Words("认证与证明", "Certificates"),
    LinkType.SUSTAINABILITY_INFO: Words("可持续信息", "Sustainability"),
}

LINKS_MAX: Final = 40
"""How many links one firm may have for one product: every linkset holds them all."""

HREF_MAX: Final = 500
_HREF: Final = re.compile(r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[!-~]*|\?[!-~]*)?", re.ASCII)
_UNSAFE: Final = re.compile(r"[\"<>\\^`{|}]")


@dataclass(frozen=True, kw_only=True)
class NewLink:
    """A link to register; without `lot` it is for every lot of the product.

    `uscc` says for which importer, where the caller may speak for several.
    """

    gtin: str
    lot: str | None
    type: LinkType
    href: str
    title_zh: str
    title_en: str
    media_type: str
    language: str | None
    uscc: str | None = None


@dataclass(frozen=True, kw_only=True)
class ProductLink:
    """One registered link; `uscc` names whose it is."""

    link_id: UUID
    gtin: str
    lot: str | None
    type: LinkType
    href: str
    title_zh: str
    title_en: str
    media_type: str
    language: str | None
    operator_id: UUID
    uscc: str
    made_at: datetime

    def to_json(self) -> dict[str, object]:
        """Return the link as the API shows it."""
        return {
            "id": str(self.link_id),
            "gtin": self.gtin,
            "lot": self.lot,
            "type": self.type.value,
            "href": self.href,
            "title_zh": self.title_zh,
            "title_en": self.title_en,
            "media_type": self.media_type,
            "language": self.language,
            "organisation": self.uscc,
            "made_at": format_utc(self.made_at),
        }


def check_href(href: str) -> None:
    """Raise LinkHrefUnusable for an address that no visitor may be sent to."""
    if len(href) > HREF_MAX or _HREF.fullmatch(href) is None or _UNSAFE.search(href):
        raise LinkHrefUnusable(href=href[:80], limit=HREF_MAX)


def nearest(links: Sequence[ProductLink]) -> list[ProductLink]:
    """Return of each type the links of the lot, or where it has none those of the product, in the order of types."""
    with_lot = {(each.type, each.operator_id) for each in links if each.lot is not None}
    kept = [each for each in links if each.lot is not None or (each.type, each.operator_id) not in with_lot]
    order = list(LinkType)
    return sorted(kept, key=lambda each: (order.index(each.type), each.made_at, str(each.link_id)))
