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
    IMPORTER = "importer"
    SUPERVISED_WAREHOUSE = "supervised_warehouse"
    TRANSFER_STORE = "transfer_store"
    COLD_STORE = "cold_store"
    CARRIER = "carrier"
    DISTRIBUTOR = "distributor"
    MARKET = "market"
    RETAILER = "retailer"
    CATERER = "caterer"
    REPACKER = "repacker"
    LABORATORY = "laboratory"
    CUSTOMS = "customs"
    REGULATOR = "regulator"


ROLE_WORDS: dict[SiteRole, Words] = {
    SiteRole.FIRST_STATION: Words("首站（口岸冷库）", "First station (port cold store)"),
    SiteRole.IMPORTER: Words("进口商", "Importer"),
    SiteRole.SUPERVISED_WAREHOUSE: Words("集中监管仓", "Supervised warehouse"),
    SiteRole.TRANSFER_STORE: Words("中转查验库", "Transfer inspection store"),
    SiteRole.COLD_STORE: Words("冷库", "Cold store"),
    SiteRole.CARRIER: Words("承运人", "Carrier"),
    SiteRole.DISTRIBUTOR: Words("经销企业", "Distributor"),
    SiteRole.MARKET: Words("批发市场", "Wholesale market"),
    SiteRole.RETAILER: Words("零售单位", "Retailer"),
    SiteRole.CATERER: Words("餐饮单位", "Caterer"),
    SiteRole.REPACKER: Words("分装企业", "Repacker"),
    SiteRole.LABORATORY: Words("检测机构", "Laboratory"),
    SiteRole.CUSTOMS: Words("海关", "Customs"),
    SiteRole.REGULATOR: Words("监管部门", "Regulator"),
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
    market_gln: str | None = None
    """The market that a stall stands in."""


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """What proofs of this installation rest on: its first root document, the changes since, the newest trust list."""

    root: str
    trust_list: str
    root_changes: tuple[str, ...] = ()


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
class LockedDevice:
    """What a statement's device is judged by, its row held until the commit."""

    key_id: bytes
    gln: str
    spki: bytes
    certificate: str
    site_salt: bytes
    operations: tuple[str, ...]
    state: str
    enrolled_at: datetime
    site_role: str
    uscc: str


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
    replaced_by: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A one-time invitation as handed to the person who holds the new device."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class OpenInvitation:
    """An invitation as the desk lists it; its text was shown once.  `id` is the hash of its token."""

    id: bytes
    gln: str
    operations: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    made_by: str
    replaces: bytes | None


@dataclass(frozen=True, kw_only=True)
class ChainEnd:
    """The last statement of a device's chain that is known here."""

    seq: int
    header_hash: bytes
