"""What leaves say: enrolments give keys, statements are signed by them, erasures and trust lists are noted.

Signatures are queued, to be checked in batches by whoever walks.
"""

from collections.abc import Iterable, Sequence

from coldtrace.audit.chains import Chains
from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.leaf_text import Leaf, NotALeaf, read_anchor, read_enrolment, read_erasure, read_leaf, read_trust
from coldtrace.audit.work import SignatureJob
from coldtrace.errors import Refusal
from coldtrace.events.certificate import read_certificate, verify_certificate
from coldtrace.events.enrolment import read_request
from coldtrace.events.leaf import LeafKind
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.hashing import sha256
from coldtrace.seal.public_key import PublicKey, UnsupportedAlgorithm, key_id, load_public_key


class Leaves:
    """Reads leaves in the order of the log.

    `net` is the installation of the log, None to believe the first statement that is read.
    """

    def __init__(
        self,
        report: Report,
        *,
        enrolment_keys: Sequence[PublicKey],
        net: str | None = None,
        signatures: bool = True,
    ) -> None:
        self._net = net
        self._report, self._enrolment_keys, self._signatures = report, enrolment_keys, signatures
        self._keys: dict[str, PublicKey] = {}
        self._jobs: list[SignatureJob] = []
        self.chains = Chains(report)
        self.erased: dict[str, frozenset[str]] = {}
        """By header: the fields that the log says were erased."""
        self.lists: dict[int, str] = {}
        self._journal_at = ("", 0)

    def read(self, data: bytes, where: str) -> Leaf | None:
        """Return a leaf, its signature queued to be checked; None if it cannot be read, which is a finding."""
        try:
            leaf = read_leaf(data)
            if leaf.kind == LeafKind.CTE1:
                self._statement(leaf, where)
            elif leaf.kind == LeafKind.ENROL:
                self._enrolment(leaf, where)
            elif leaf.kind == LeafKind.TRUST:
                seq, digest = read_trust(leaf)
                self.lists[seq] = digest
            elif leaf.kind == LeafKind.ERASE:
                erasure = read_erasure(leaf)
                self.erased[erasure.header] = self.erased.get(erasure.header, frozenset()) | erasure.fields
            elif leaf.kind == LeafKind.ANCHOR and leaf.body.startswith(b"{"):
                self._journal(leaf, where)
        except NotALeaf:
            self._report.find(FindingCode.LEAF_TEXT, where)
            return None
        return leaf

    def _journal(self, leaf: Leaf, where: str) -> None:
        """Check that the journal's heads go on: a later day, a longer chain (docs/formats/journal.md, section 3)."""
        day, seq = read_anchor(leaf)
        if day <= self._journal_at[0] or seq <= self._journal_at[1]:
            self._report.find(FindingCode.JOURNAL_BACK, where)
        self._journal_at = (day, seq)

    def take_signatures(self) -> list[SignatureJob]:
        """Return the signatures that are queued, and queue them no longer."""
        jobs, self._jobs = self._jobs, []
        return jobs

    def keys_to_json(self) -> dict[str, str]:
        """Return the enrolled keys for a later audit."""
        return {key: b64(each.spki) for key, each in self._keys.items()}

    def load_keys(self, value: dict[str, str]) -> None:
        """Know the keys that an earlier audit has seen enrolled."""
        self._keys.update({key: load_public_key(unb64(spki)) for key, spki in value.items()})

    def know_certificates(self, signed: Iterable[tuple[str, str]]) -> None:
        """Know the keys of certificates, each with its signature, that a known enrolment key has signed."""
        for text, sig in signed:
            try:
                spki = verify_certificate(text, sig, self._enrolment_keys).spki
            except Refusal:
                continue
            self._keys[b64(key_id(spki))] = load_public_key(spki)

    def _statement(self, leaf: Leaf, where: str) -> None:
        if leaf.header is None:
            return
        self._net = self._net or leaf.header.net
        if leaf.header.net != self._net:
            self._report.find(FindingCode.LEAF_NET, where)
        if not self._signatures:
            return
        key = self._keys.get(leaf.header.key)
        if key is None:
            self._report.find(FindingCode.LEAF_KEY_UNKNOWN, where)
            return
        self._jobs.append(SignatureJob(where, key.spki, leaf.sig or "", leaf.body))

    def _enrolment(self, leaf: Leaf, where: str) -> None:
        certificate, certificate_sig, request, request_sig = read_enrolment(leaf)
        try:
            spki = read_certificate(certificate).spki
            self._certificate(certificate, certificate_sig)
            if self._asked(request, request_sig) not in (spki, None):
                self._report.find(FindingCode.ENROLMENT_BAD, where)
                return
        except Refusal:
            self._report.find(FindingCode.ENROLMENT_BAD, where)
            return
        self._keys[b64(key_id(spki))] = load_public_key(spki)

    def _certificate(self, text: str, sig: str) -> None:
        """Check the signature of a certificate; raise a Refusal for a wrong one."""
        if not self._enrolment_keys:
            self._report.note("enrolment certificates: no enrolment key is known / 没有可用的登记公钥，证书签名未检查")
            return
        try:
            verify_certificate(text, sig, self._enrolment_keys)
        except UnsupportedAlgorithm:
            self._report.leave_unchecked(2)

    def _asked(self, text: str, sig: str) -> bytes | None:
        """Return the key that asked to be enrolled, None if its signature cannot be checked here; raise a Refusal."""
        try:
            return read_request(text, sig).public_key.spki
        except UnsupportedAlgorithm:
            self._report.leave_unchecked(2)
            return None


def header_hash(leaf: Leaf) -> str:
    """Return the hash by which other statements name this one."""
    return b64(sha256(leaf.body))
