"""The database's trust lists: signed by the roots of their time, as they were logged, and whom they let enrol.

The roots are walked from the first version of the root document, each change signed by the roots before and after it.
A list counts if a threshold of one version has signed it, and none of an earlier version comes behind it.
"""

import json
from collections.abc import Mapping, Sequence

from coldtrace.audit.database import Database
from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.errors import Refusal
from coldtrace.seal import sm2
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from coldtrace.seal.public_key import PublicKey
from coldtrace.seal.root_document import RootDocument, apply_root_change, net_of, parse_root
from coldtrace.seal.trust_list import TrustList, UntrustedTrustList, open_trust_list

UNPINNED = "the first root is the one that the database names; give --root / 首版根文件取自数据库本身，请用 --root 指明"


class Lists:
    """What the stored lists say: `hashes` by number, `enrolment_keys` of all lists together that the roots signed.

    `net` is the installation that the first root founds, None without one.

    `root` is the text of the first root document as the auditor knows it, None to believe the database's.
    """

    def __init__(self, database: Database, report: Report, *, root: str | None = None) -> None:
        self._report = report
        self._roots = self._walk_roots(database.roots(), root)
        self.net = b64(net_of(self._roots[0].text)) if self._roots else None
        self.hashes: dict[int, str] = {}
        keys: dict[bytes, PublicKey] = {}
        for seq, envelope in database.trust_lists():
            try:
                self.hashes[seq] = b64(sha256(json.loads(envelope)["list"].encode("utf-8")))
                trust = self._open(envelope, seq)
            except (ValueError, KeyError, TypeError, AttributeError, Refusal):
                report.find(FindingCode.LIST_WRONG, seq)
                continue
            if trust is not None:
                keys.update({key.spki: key.public_key for key in trust.keys if key.use == "enrolment"})
        self.enrolment_keys = tuple(keys.values())

    def compare(self, logged: Mapping[int, str], report: Report, *, above: int) -> None:
        """Find lists above a number that are not as they were logged, in both directions."""
        for seq, logged_hash in logged.items():
            if self.hashes.get(seq) != logged_hash:
                report.find(FindingCode.LIST_WRONG, seq)
        for seq in self.hashes:
            if seq > above and seq not in logged:
                report.find(FindingCode.LIST_WRONG, seq)

    def _walk_roots(self, rows: Sequence[tuple[str, str | None]], pinned: str | None) -> list[RootDocument]:
        """Return the versions of the root document up to the first that does not follow."""
        found: list[RootDocument] = []
        if pinned is None and rows:
            self._report.note(UNPINNED)
        for number, (text, envelope) in enumerate(rows, 1):
            try:
                version = apply_root_change(envelope or "", current=found[-1]) if found else parse_root(text)
            except Refusal:
                version = None
            if version is None or version.text != text or version.version != number or text != (pinned or text):
                self._report.find(FindingCode.ROOT_WRONG, number)
                break
            found.append(version)
            pinned = None  # it is the first version that was given
        return found

    def _open(self, envelope: str, seq: int) -> TrustList | None:
        """Return a list that enough roots have signed; None, with a finding, for one that they have not.

        Roots that a newer version has replaced sign no list behind the first of the new ones.
        """
        for at, root in enumerate(self._roots):
            try:
                trust = open_trust_list(envelope, root=root)
            except UntrustedTrustList:
                continue
            self._roots = self._roots[at:]
            if trust.seq != seq:
                self._report.find(FindingCode.LIST_WRONG, seq)
            return trust
        if sm2.library() is None and any(each.alg == "SM2" for root in self._roots for each in root.roots):
            self._report.note("trust lists: SM2 roots cannot be checked here / 本机无法检查 SM2 根签名")
            return open_trust_list(envelope, root=None)
        self._report.find(FindingCode.LIST_UNSIGNED, seq)
        return None
