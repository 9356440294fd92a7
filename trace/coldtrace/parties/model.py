"""Who takes part: operators (legal persons), their sites, the devices that speak for a site."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from coldtrace.errors import Words
from coldtrace.seal.scope import covers
from coldtrace.seal.signer import Signer


class SiteRole(StrEnum):
    """What a site is in the chain (domain guide, section 4, roles)."""

    FIRST_STATION = "first_station"
    COLD_STORE = "cold_store"
    DISTRIBUTOR = "distributor"
    MARKET = "market"
    RETAILER = "retailer"


ROLE_WORDS: dict[SiteRole, Words] = {
    SiteRole.FIRST_STATION: Words("首站（口岸冷库）", "First station (port cold store)"),
    SiteRole.COLD_STORE: Words("冷库", "Cold store"),
    SiteRole.DISTRIBUTOR: Words("经销企业", "Distributor"),
    SiteRole.MARKET: Words("批发市场", "Wholesale market"),
    SiteRole.RETAILER: Words("零售单位", "Retailer"),
}


@dataclass(frozen=True, kw_only=True)
class Operator:
    """A legal person, named by its unified social credit code."""

    operator_id: UUID
    uscc: str
    name_zh: str
    name_en: str
    city_zh: str
    city_en: str


@dataclass(frozen=True, kw_only=True)
class Site:
    """One place of one operator, named by its GLN; `district` is the six-digit code of GB/T 2260."""

    gln: str
    operator_id: UUID
    name_zh: str
    name_en: str
    role: SiteRole
    district: str


@dataclass(frozen=True, kw_only=True)
class CodeKey:
    """The key with which a first station prints now, and what it may sign."""

    signer: Signer
    kid: str
    alg: str
    scope: tuple[str, ...]
    company_prefixes: tuple[str, ...]

    def covers(self, ai: str, value: str) -> bool:
        """Tell whether verifiers will take a code of this identity from this key: primary AI and value."""
        return covers(self.scope, ai, value)


@dataclass(frozen=True, kw_only=True)
class Device:
    """An enrolled device key and what it may do."""

    key_id: bytes
    gln: str
    name: str
    spki: bytes
    certificate: str
    certificate_sig: str
    operations: tuple[str, ...]
    state: str
    enrolled_at: datetime


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A one-time invitation as handed to the person who holds the new device."""

    text: str
    expires_at: datetime
