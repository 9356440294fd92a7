"""Nouns of papers: kinds, how far one was verified, which papers a policy asks for; no clock, no SQL.

A paper is what somebody says of a document, with its bytes.  Nobody edits one: another takes its place and the older
one stays in the list.  How far it is to be believed follows from the last check of it (docs/guides/papers.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from coldtrace.errors import Words


class PaperKind(StrEnum):
    """What a paper is."""

    QUARANTINE_CERTIFICATE = "quarantine_certificate"
    HEALTH_CERTIFICATE = "health_certificate"
    ORIGIN_CERTIFICATE = "origin_certificate"
    CUSTOMS_DECLARATION = "customs_declaration"
    DISINFECTION_CERTIFICATE = "disinfection_certificate"
    TEST_REPORT = "test_report"
    WAREHOUSE_RELEASE = "warehouse_release"
    OTHER_PAPER = "other_paper"


PAPER_KIND_WORDS: Mapping[PaperKind, Words] = {
    PaperKind.QUARANTINE_CERTIFICATE: Words("入境货物检验检疫证明", "Entry inspection and quarantine certificate"),
    PaperKind.HEALTH_CERTIFICATE: Words("输出国官方卫生证书", "Health certificate of the exporting country"),
    PaperKind.ORIGIN_CERTIFICATE: Words("原产地证书", "Certificate of origin"),
    PaperKind.CUSTOMS_DECLARATION: Words("报关单", "Customs declaration"),
    PaperKind.DISINFECTION_CERTIFICATE: Words("消毒证明", "Disinfection certificate"),
    PaperKind.TEST_REPORT: Words("检测报告", "Test report"),
    PaperKind.WAREHOUSE_RELEASE: Words("集中监管仓出仓证明", "Release of a supervised warehouse"),
    PaperKind.OTHER_PAPER: Words("其他单证", "Another paper"),
}


class PaperState(StrEnum):
    """How far a paper was verified: as its importer declared it, or what the last check of it found."""

    DECLARED = "declared"
    CHECKED = "checked"
    VERIFIED = "verified"
    REJECTED = "rejected"


PAPER_STATE_WORDS: Mapping[PaperState, Words] = {
    PaperState.DECLARED: Words("进口商申报，未核对", "Declared by the importer, not checked"),
    PaperState.CHECKED: Words("已与纸质单证核对", "Checked against the paper"),
    PaperState.VERIFIED: Words("已向签发机构核实", "Verified with its issuer"),
    PaperState.REJECTED: Words("核对不符，已驳回", "Rejected"),
}
RANKS: tuple[PaperState, ...] = (PaperState.DECLARED, PaperState.CHECKED, PaperState.VERIFIED)
"""From least to most; what was rejected counts for nothing."""


class Channel(StrEnum):
    """How a consignment was imported."""

    GENERAL_TRADE = "general_trade"
    CROSS_BORDER = "cross_border"
    MAIL = "mail"


CHANNEL_WORDS: Mapping[Channel, Words] = {
    Channel.GENERAL_TRADE: Words("一般贸易", "General trade"),
    Channel.CROSS_BORDER: Words("跨境电商", "Cross-border e-commerce"),
    Channel.MAIL: Words("邮件", "Mail"),
}


class Temperature(StrEnum):
    """How cold goods are kept, as far as a policy asks: by the warmest that their papers allow."""

    FROZEN = "frozen"
    CHILLED = "chilled"
    AMBIENT = "ambient"


TEMPERATURE_WORDS: Mapping[Temperature, Words] = {
    Temperature.FROZEN: Words("冷冻（不高于 −12 °C）", "Frozen (−12 °C or colder)"),
    Temperature.CHILLED: Words("冷藏（不高于 10 °C）", "Chilled (up to 10 °C)"),
    Temperature.AMBIENT: Words("常温", "Ambient"),
}
FROZEN_MAX_MDEGC, CHILLED_MAX_MDEGC = -12_000, 10_000


class NeedLevel(StrEnum):
    """What an out-scan without the paper comes to."""

    WARN = "warn"
    BLOCK = "block"


NEED_LEVEL_WORDS: Mapping[NeedLevel, Words] = {
    NeedLevel.WARN: Words("提醒", "Warns"),
    NeedLevel.BLOCK: Words("拦截", "Blocks"),
}

CLOCKS_DIFFER = timedelta(minutes=10)
"""A paper that came so soon after an out-scan counts for it: the clocks of a handheld and of the service differ."""
ISSUER_MAX, NUMBER_MAX, REASON_MAX, TITLE_MAX = 120, 64, 500, 80


@dataclass(frozen=True, kw_only=True)
class Need:
    """One paper that a policy asks for, verified at least so far."""

    kind: PaperKind
    level: NeedLevel
    least: PaperState = PaperState.DECLARED


@dataclass(frozen=True, kw_only=True)
class PolicyScope:
    """Which consignments a policy is for; an empty set is all."""

    channels: frozenset[Channel] = frozenset()
    origins: frozenset[str] = frozenset()
    """Alpha-2 codes of countries."""
    hs_chapters: frozenset[str] = frozenset()
    temperatures: frozenset[Temperature] = frozenset()


@dataclass(frozen=True, kw_only=True)
class PaperPolicy:
    """One version of a policy.  The last version that has begun is the one in force, until it ends."""

    policy_id: UUID
    name: str
    version: int
    title: Words
    scope: PolicyScope
    needs: tuple[Need, ...]
    in_force_from: datetime
    in_force_until: datetime | None
    made_by: str
    made_at: datetime


@dataclass(frozen=True, kw_only=True)
class LackingPaper:
    """A paper that a consignment needs and does not have: which policy says so, and what comes of it."""

    consignment_id: UUID
    kind: PaperKind
    level: NeedLevel
    least: PaperState
    policy: Words


@dataclass(frozen=True, kw_only=True)
class PaperCheck:
    """What somebody found who looked at a paper."""

    verdict: PaperState
    reason: str
    checked_by: str
    organisation: Words | None
    checked_at: datetime


@dataclass(frozen=True, kw_only=True)
class Paper:
    """One paper of a consignment, with the last check of it and with what takes its place."""

    paper_id: UUID
    consignment_id: UUID
    declaration_no: str
    importer_id: UUID
    station_gln: str
    kind: PaperKind
    issuer: str
    number: str
    valid_from: date | None
    valid_until: date | None
    sha256: bytes
    media_type: str
    size: int
    file_name: str
    replaces: UUID | None
    replaced_by: UUID | None
    declared_by: str
    declared_at: datetime
    check: PaperCheck | None

    @property
    def state(self) -> PaperState:
        """How far it was verified."""
        return PaperState.DECLARED if self.check is None else self.check.verdict

    def is_over(self, day: date) -> bool:
        """Tell whether its validity ended before a day."""
        return self.valid_until is not None and self.valid_until < day
