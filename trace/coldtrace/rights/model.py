"""Nouns of rights: roles, kinds of things, verbs, who reads, what a right reaches.

A *reader* is whoever asks: a person, a token or a device.  It has *members*: one for each role it has in an
organisation.  A *thing* has *parties* in *relations*: where it is, where it goes, whence it came, who imported it.
A *scope* is what a right reaches, as plain values that a query can take.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from coldtrace.errors import Words


class Role(StrEnum):
    """What a person, a token or a site is in the chain (domain guide, section 4, roles)."""

    FIRST_STATION = "first_station"
    IMPORTER = "importer"
    CUSTOMS = "customs"
    COLD_STORE = "cold_store"
    CARRIER = "carrier"
    DISTRIBUTOR = "distributor"
    MARKET = "market"
    RETAILER = "retailer"
    REPACKER = "repacker"
    LABORATORY = "laboratory"
    REGULATOR = "regulator"
    ADMINISTRATOR = "administrator"


PERSON_ROLE_WORDS: dict[Role, Words] = {
    Role.FIRST_STATION: Words("首站", "First station"),
    Role.IMPORTER: Words("进口商", "Importer"),
    Role.CUSTOMS: Words("海关", "Customs"),
    Role.COLD_STORE: Words("冷库", "Cold store"),
    Role.CARRIER: Words("承运人", "Carrier"),
    Role.DISTRIBUTOR: Words("经销企业", "Distributor"),
    Role.MARKET: Words("市场开办者", "Market operator"),
    Role.RETAILER: Words("零售或餐饮单位", "Retailer or caterer"),
    Role.REPACKER: Words("分装加工企业", "Repacker"),
    Role.LABORATORY: Words("检测机构", "Laboratory"),
    Role.REGULATOR: Words("监管部门", "Regulator"),
    Role.ADMINISTRATOR: Words("平台管理员", "Administrator of the platform"),
}


FINER_KINDS: Mapping[str, Role] = MappingProxyType(
    {
        "supervised_warehouse": Role.COLD_STORE,
        "transfer_store": Role.COLD_STORE,
        "caterer": Role.RETAILER,
    }
)
"""Kinds of sites are finer than roles: what else a site may be than what a role is called."""


class Kind(StrEnum):
    """What a right is about."""

    STATEMENT = "statement"
    PIECES = "pieces"
    UNIT = "unit"
    CASE = "case"
    COMPLAINT = "complaint"
    CONSIGNMENT = "consignment"
    PAPER = "paper"
    PAPER_CHECK = "paper_check"
    POLICY = "policy"
    RUN = "run"
    ROLL = "roll"
    CODE = "code"
    WORK = "work"
    GATEWAY = "gateway"
    DEVICE = "device"
    SITE = "site"
    ORGANISATION = "organisation"
    PERSON = "person"
    ACCOUNT = "account"
    TOKEN = "token"
    JOURNAL = "journal"
    LOG_ENTRIES = "log_entries"
    METRICS = "metrics"


class Verb(StrEnum):
    """What one wants to do: see it, or make, change or end it."""

    READ = "read"
    WRITE = "write"


class Extent(StrEnum):
    """How far a role's right reaches."""

    OWN = "own"
    """Sites of the member's organisation; only the named ones where the membership names some."""
    KIND = "kind"
    """Own, and of the kind that the role is for: a manager of shops is none of the firm's port."""
    STALLS = "stalls"
    """Own, and the stalls that stand in one's own markets."""
    AREA = "area"
    """Sites whose district begins with the member's area (GB/T 2260: 12 is Tianjin, 120116 one district)."""
    ALL = "all"


class Relation(StrEnum):
    """How a party stands to a thing."""

    AT = "at"
    TO = "to"
    FROM = "from"
    IMPORTER = "importer"


@dataclass(frozen=True, kw_only=True)
class Party:
    """A party of a thing: a site with what scopes ask about it, or only an organisation."""

    operator_id: UUID | None
    gln: str | None = None
    district: str | None = None
    kind: str | None = None
    """What the site is ("cold_store"; `parties.model.SiteRole`)."""
    market_gln: str | None = None
    """The market that the site stands in, and whose that is: a stall's."""
    market_operator_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Thing:
    """What somebody wants to see or change, as far as rights ask about it."""

    parties: Mapping[Relation, Party] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One role of a reader in one organisation.

    `operator_id` None means any organisation and is for development tokens alone.  `sites` None means all of the
    organisation's.  `area` is for regulators and customs: a prefix of the district, "" the whole country.
    `manages`: may invite people, devices and tokens of the organisation.
    """

    role: Role
    operator_id: UUID | None
    sites: frozenset[str] | None = None
    area: str | None = None
    manages: bool = False


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Whoever asks.  `narrowed` are the only rights that its token was made for ("unit:read"), None all."""

    members: tuple[Member, ...] = ()
    narrowed: frozenset[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What a right reaches.  A thing is in it when one of the parties that its kind counts is."""

    everything: bool = False
    operators: frozenset[UUID] = frozenset()
    sites: frozenset[str] = frozenset()
    markets_of: frozenset[UUID] = frozenset()
    """Organisations whose markets' stalls are seen; `markets` names single markets."""
    markets: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    kinds_of: frozenset[tuple[UUID, str]] = frozenset()
    """Organisations, each with a kind of its sites; `kinds_at` names single sites, reached if they are of the kind."""
    kinds_at: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Tell whether the right reaches nothing at all: then it is not held."""
        return self == NOTHING


NOTHING = Scope()

EVERYTHING = Scope(everything=True)
"""The owner's door: what the command line on the server's own machine reaches.  Whoever may run it there could read
the database anyway."""
