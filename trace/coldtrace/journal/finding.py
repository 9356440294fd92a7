"""What a check of the journal can find, in both languages."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from coldtrace.errors import Lang, Words

KEPT_OF_A_KIND = 100


class JournalFault(StrEnum):
    """What does not fit."""

    RECORD_CHANGED = "record_changed"
    RECORD_MISSING = "record_missing"
    RECORD_UNCHAINED = "record_unchained"
    CHAIN_CUT = "chain_cut"
    ANCHOR_DIFFERS = "anchor_differs"
    ANCHOR_MISSING = "anchor_missing"
    ANCHOR_UNKNOWN = "anchor_unknown"
    ANCHOR_TWICE = "anchor_twice"
    PROOF_BAD = "proof_bad"
    EXPORT_TEXT = "export_text"
    EXPORT_END = "export_end"


WORDS: Final[dict[JournalFault, Words]] = {
    JournalFault.RECORD_CHANGED: Words(
        "第 {where} 条记录或其哈希已被改动", "record {where} or its hash is not what was chained"
    ),
    JournalFault.RECORD_MISSING: Words("第 {where} 条记录缺失", "record {where} is missing"),
    JournalFault.RECORD_UNCHAINED: Words(
        "记录 {where} 既不在链中，也不在等待队列中", "record {where} is neither chained nor waiting for it"
    ),
    JournalFault.CHAIN_CUT: Words(
        "公开日志证明第 {where} 条记录存在过，链却在此之前结束",
        "the log shows that record {where} existed, and the chain ends before it",
    ),
    JournalFault.ANCHOR_DIFFERS: Words(
        "公开日志在 {where} 锚定的是另一条链", "the log has the head of another chain for {where}"
    ),
    JournalFault.ANCHOR_MISSING: Words("{where} 的锚不在公开日志中", "the anchor of {where} is not in the log"),
    JournalFault.ANCHOR_UNKNOWN: Words(
        "公开日志中 {where} 的锚没有登记", "the log has an anchor of {where} that the journal does not know"
    ),
    JournalFault.ANCHOR_TWICE: Words("{where} 有两个锚", "{where} has two anchors"),
    JournalFault.PROOF_BAD: Words(
        "{where} 的锚没有有效的日志证明", "the anchor of {where} has no good proof of being in the log"
    ),
    JournalFault.EXPORT_TEXT: Words("第 {where} 行无法读取", "line {where} cannot be read"),
    JournalFault.EXPORT_END: Words(
        "文件不完整：缺少结尾或结尾不符（{where}）", "the file is not whole: its end is missing or differs ({where})"
    ),
}


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit: `where` is a place in the chain, a record's id, a day or a line."""

    code: JournalFault
    where: str

    def say(self, lang: Lang) -> str:
        """Return the sentence."""
        return WORDS[self.code].say(lang, where=self.where)


@dataclass
class JournalReport:
    """What was found.  The first hundred of each kind are kept and all are counted.

    `records` were read, the chain ends at `seq` with `hash`; of `anchors` those that were checked; `waiting` records
    are not chained yet, `unproved` anchors had no proof that could be checked, and `unanchored` records stand behind
    the last good anchor: for these there is only the word of whoever keeps the journal.
    """

    records: int = 0
    seq: int = 0
    hash: bytes = b""
    anchors: int = 0
    waiting: int = 0
    unproved: int = 0
    unanchored: int = 0
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[JournalFault] = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found."""
        return not self.counts

    def find(self, code: JournalFault, where: object) -> None:
        """Note a fault."""
        self.counts[code] += 1
        if self.counts[code] <= KEPT_OF_A_KIND:
            self.findings.append(Finding(code, str(where)))

    def to_json(self) -> dict[str, object]:
        """Return the report for a machine."""
        return {
            "ok": self.ok,
            "records": self.records,
            "seq": self.seq,
            "hash": self.hash.hex(),
            "anchors": self.anchors,
            "waiting": self.waiting,
            "unproved": self.unproved,
            "unanchored": self.unanchored,
            "counts": {code.value: count for code, count in self.counts.items()},
            "findings": [
                {"code": each.code.value, "where": each.where, "zh": each.say("zh"), "en": each.say("en")}
                for each in self.findings
            ],
        }
