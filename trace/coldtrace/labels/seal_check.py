"""The second half of the gate: what is printed was signed by a key that every verifier believes today.

The check is the one that a handheld makes (`verify.code`), offline, against the newest trust list under the roots
in force; nothing is asked of a database.  Command cards carry no signature: their text must be a known
command, which is all that a handheld looks at.
"""

from dataclasses import dataclass
from datetime import datetime

from coldtrace.codes.command import parse_command
from coldtrace.codes.refusals import UnknownCommand
from coldtrace.codes.trace_code import CodeKind
from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.labels.refusals import CodeNotVerified
from coldtrace.seal.filter import open_filter
from coldtrace.seal.trust_list import open_trust_list, parse_root
from coldtrace.verify.code import Verdict
from coldtrace.verify.held_filters import HeldFilters

_NOT_A_COMMAND = "unknown_command"
_OTHER_KIND = "other_kind"
_MAY_CARRY = {
    LabelKind.UNIT: (CodeKind.UNIT, CodeKind.PALLET),  # a carton without a GTIN has an SSCC of its own
    LabelKind.PALLET: (CodeKind.PALLET,),
    LabelKind.PLACE: (CodeKind.PLACE,),
}


@dataclass(frozen=True, kw_only=True)
class SealCheck:
    """What the check leans on, as texts and bytes, so that it can be handed to a worker process.

    `root` is the version of the root document that is in force.  `allow_filters` are the files of stolen keys: a
    carton older than the theft may have its spoiled label replaced.
    """

    trust_list: str
    root: str
    at: datetime
    allow_filters: tuple[bytes, ...] = ()


class SealReader:
    """An opened `SealCheck`.  Raises what `open_trust_list` does when the list is not signed by this root."""

    def __init__(self, check: SealCheck) -> None:
        self._trust = open_trust_list(check.trust_list, root=parse_root(check.root.strip()))
        self._held = HeldFilters.of(open_filter(each) for each in check.allow_filters)
        self._now = check.at

    def require(self, content: LabelContent) -> None:
        """Raise CodeNotVerified unless the code of this label is one that verifiers call valid."""
        if content.kind is LabelKind.COMMAND:
            try:
                parse_command(content.uri)
            except UnknownCommand as refusal:
                raise CodeNotVerified(label=content.handle, verdict=_NOT_A_COMMAND) from refusal
            return
        report = self._held.judge(content.uri, trust=self._trust, now=self._now)
        if report.verdict is not Verdict.VALID or report.code is None:
            raise CodeNotVerified(label=content.handle, verdict=str(report.verdict))
        # A carton's code on a pallet's label would verify, and be wrong.
        if report.code.kind not in _MAY_CARRY[content.kind]:
            raise CodeNotVerified(label=content.handle, verdict=_OTHER_KIND)
