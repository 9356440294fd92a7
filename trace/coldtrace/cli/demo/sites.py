"""The five places of the demo.  All names are fictional; GLNs begin with 952, the prefix for examples."""

from dataclasses import dataclass

from coldtrace.parties.model import SiteRole


@dataclass(frozen=True, kw_only=True)
class DemoSite:
    """One place and the firm that runs it."""

    key: str
    gln: str
    role: SiteRole
    district: str
    name_zh: str
    name_en: str
    uscc: str
    firm_zh: str
    firm_en: str


_PORT = {
    "uscc": "91120116MA05TE5T1N",
    "firm_zh": "滨海远洋冷链进出口（天津）有限公司",
    "firm_en": "Binhai Ocean Cold Chain Import & Export (Tianjin) Co., Ltd.",
}
_TRADE = {
    "uscc": "91120118MA00000011",
    "firm_zh": "天津静安冷链物流有限公司",
    "firm_en": "Tianjin Jing'an Cold Chain Logistics Co., Ltd.",
}
_SHOP = {
    "uscc": "92120116MA000000XP",
    "firm_zh": "和平区海河生鲜店",
    "firm_en": "Haihe Fresh Food Store, Heping",
}

SITES = (
    DemoSite(
        key="port",
        gln="9521234000013",
        role=SiteRole.FIRST_STATION,
        district="120116",
        name_zh="天津港一号口岸冷库",
        name_en="Tianjin Port Cold Store No. 1",
        **_PORT,
    ),
    DemoSite(
        key="store",
        gln="9521234000020",
        role=SiteRole.COLD_STORE,
        district="120118",
        name_zh="静海中转冷库",
        name_en="Jinghai Transfer Cold Store",
        **_TRADE,
    ),
    DemoSite(
        key="depot",
        gln="9521234000037",
        role=SiteRole.DISTRIBUTOR,
        district="120110",
        name_zh="东丽配送中心",
        name_en="Dongli Distribution Centre",
        **_TRADE,
    ),
    DemoSite(
        key="market",
        gln="9521234000044",
        role=SiteRole.MARKET,
        district="120103",
        name_zh="河西冻品批发市场",
        name_en="Hexi Frozen Food Wholesale Market",
        **_TRADE,
    ),
    DemoSite(
        key="shop",
        gln="9521234000051",
        role=SiteRole.RETAILER,
        district="120101",
        name_zh="海河生鲜店",
        name_en="Haihe Fresh Food Store",
        **_SHOP,
    ),
)
