"""Check an export of the journal with nothing but the file and the public key of the log.

No database, no trust in whoever made the file: every record is hashed again, and every anchor must be proved to be a
leaf of the log whose head is the hash of the chain at its place.
"""

import json
from collections.abc import Iterable, Sequence

from coldtrace.errors import Refusal
from coldtrace.events.canonical import JsonValue, NotCanonical, decode
from coldtrace.journal.finding import JournalFault, JournalReport
from coldtrace.journal.model import Anchor
from coldtrace.journal.rules import next_hash, read_anchor_body
from coldtrace.seal.b64 import MalformedBase64, unb64
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.tlog_proof import verify_tlog_proof
from coldtrace.seal.vkey import Vkey

LINE_CHARACTERS_MAX = 200_000


def check_export(lines: Iterable[str], *, logs: Sequence[Vkey], net: bytes | None = None) -> JournalReport:
    """Read an export once and return what does not fit; memory goes with the anchors, not with the records.

    Without the key of its log among `logs` an anchor counts as unproved.  With `net` the export must be of that
    installation.
    """
    return _Check(logs=logs, net=net).run(lines)


class _Check:
    def __init__(self, *, logs: Sequence[Vkey], net: bytes | None) -> None:
        self.logs = {each.name: each for each in logs}
        self.net = net
        self.report = JournalReport()
        self.anchors: dict[int, Anchor] = {}
        self.proved: set[int] = set()
        self.ended = False

    def run(self, lines: Iterable[str]) -> JournalReport:
        number = 0
        for number, line in enumerate(lines, start=1):
            text = line.removesuffix("\n")
            try:
                self._line(_read(text), text, is_first=number == 1)
            except (NotCanonical, MalformedBase64, KeyError, TypeError, ValueError):
                self.report.find(JournalFault.EXPORT_TEXT, number)
                if number == 1:
                    return self.report
        if not self.ended:
            self.report.find(JournalFault.EXPORT_END, number)
        for anchor in self.anchors.values():
            self.report.find(JournalFault.ANCHOR_DIFFERS, anchor.day)
        return self.report

    def _line(self, value: dict[str, JsonValue], text: str, *, is_first: bool) -> None:
        if is_first is not ("export" in value) or self.ended:
            raise ValueError
        if is_first:
            self._head(_object(value["export"]))
        elif "anchor" in value:
            self._anchor(_object(value["anchor"]))
        elif "end" in value:
            end = _object(value["end"])
            self.ended = True
            if (end["seq"], unb64(str(end["hash"]))) != (self.report.seq, self.report.hash):
                self.report.find(JournalFault.EXPORT_END, end["seq"])
        else:
            self._record(value, text)

    def _head(self, head: dict[str, JsonValue]) -> None:
        after, net = int(str(head["after"])), unb64(str(head["net"]))
        self.report.seq, self.report.hash = after, unb64(str(head["hash"]))
        if (after == 0 and self.report.hash != net) or (self.net is not None and self.net != net):
            self.report.find(JournalFault.RECORD_CHANGED, after)

    def _record(self, value: dict[str, JsonValue], text: str) -> None:
        seq = int(str(value["seq"]))
        if seq != self.report.seq + 1:
            self.report.find(JournalFault.RECORD_MISSING, self.report.seq + 1)
        self.report.seq, self.report.hash = seq, next_hash(self.report.hash, text)
        self.report.records += 1
        self.report.unanchored += 1
        anchor = self.anchors.pop(seq, None)
        if anchor is not None and anchor.head.hash != self.report.hash:
            self.report.find(JournalFault.ANCHOR_DIFFERS, anchor.day)
        elif seq in self.proved:
            self.report.unanchored = 0

    def _anchor(self, told: dict[str, JsonValue]) -> None:
        leaf, log = str(told["leaf"]), self.logs.get(str(told["log"]))
        anchor = read_anchor_body(str(json.loads(leaf)["body"]))
        if anchor is None:
            raise ValueError
        self.anchors[anchor.head.seq] = anchor
        self.report.anchors += 1
        if log is None or told["proof"] is None:
            self.report.unproved += 1
            return
        try:
            verify_tlog_proof(str(told["proof"]), leaf_hash=leaf_hash(leaf.encode()), log=log)
        except Refusal:
            self.report.find(JournalFault.PROOF_BAD, anchor.day)
        else:
            self.proved.add(anchor.head.seq)


def _read(text: str) -> dict[str, JsonValue]:
    if len(text) > LINE_CHARACTERS_MAX:
        raise ValueError
    return _object(decode(text))


def _object(value: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise TypeError
    return value
