"""The database's trust lists: their hashes against the leaves, and the enrolment keys that they have ever named."""

import json
from collections.abc import Mapping

from coldtrace.audit.database import Database
from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.seal.b64 import MalformedBase64, b64, unb64
from coldtrace.seal.hashing import sha256
from coldtrace.seal.public_key import MalformedKey, PublicKey, load_public_key


class Lists:
    """What the stored lists say: `hashes` by number, `enrolment_keys` of all lists together."""

    def __init__(self, database: Database, report: Report) -> None:
        self.hashes: dict[int, str] = {}
        keys: dict[bytes, PublicKey] = {}
        for seq, envelope in database.trust_lists():
            try:
                text = json.loads(envelope)["list"]
                self.hashes[seq] = b64(sha256(text.encode("utf-8")))
                spkis = [unb64(key["spki"]) for key in json.loads(text)["keys"] if key["use"] == "enrolment"]
                keys.update({spki: load_public_key(spki) for spki in spkis if spki not in keys})
            except (ValueError, KeyError, TypeError, AttributeError, MalformedBase64, MalformedKey):
                report.find(FindingCode.LIST_WRONG, seq)
        self.enrolment_keys = tuple(keys.values())

    def compare(self, logged: Mapping[int, str], report: Report, *, above: int) -> None:
        """Find lists above a number that are not as they were logged, in both directions."""
        for seq, logged_hash in logged.items():
            if self.hashes.get(seq) != logged_hash:
                report.find(FindingCode.LIST_WRONG, seq)
        for seq in self.hashes:
            if seq > above and seq not in logged:
                report.find(FindingCode.LIST_WRONG, seq)
