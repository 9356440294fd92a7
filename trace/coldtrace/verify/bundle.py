"""Verify a consumer's proof bundle, offline: the file, a pinned root and the time in, a report out.

Every check has a name and ends as passed, failed or not checked (docs/formats/bundle.md lists them all); none stops
the others.  The same rules, names and reasons are in the browser (`web/static/verify.js`), and both are held to the
vectors in tests/vectors/events/bundles.

`complete` is never checked: a bundle can only prove what it shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.refusals import MalformedToken, MalformedUri, UnsupportedVersion
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.token import decode_token
from coldtrace.codes.trace_code import TraceCode
from coldtrace.errors import Refusal
from coldtrace.events.disclosure import DisclosedLine
from coldtrace.events.facts import facts_hash, read_facts
from coldtrace.events.public_piece import PublicPiece
from coldtrace.events.statement_type import Role, StatementType
from coldtrace.seal.b64 import b64
from coldtrace.seal.checkpoint import Checkpoint, MalformedCheckpoint, open_checkpoint, parse_checkpoint
from coldtrace.seal.cosignature import has_quorum
from coldtrace.seal.filter_header import MalformedFilter
from coldtrace.seal.filter_proof import read_filter_proof
from coldtrace.seal.hashing import sha256
from coldtrace.seal.note import MalformedNote, UntrustedNote, split_note
from coldtrace.seal.root_document import (
    MalformedRoot,
    RootChangeRefused,
    RootDocument,
    change_cannot_be_told,
    parse_root,
    walk_root_change,
)
from coldtrace.seal.trust_entries import LogEntry, TrustList
from coldtrace.seal.trust_list import MalformedTrustList, UntrustedTrustList, list_cannot_be_told, open_trust_list
from coldtrace.verify.bundle_statement import CheckStatement, Ground, StatementReport, check_statement
from coldtrace.verify.bundle_text import Bundle, MalformedBundle, ShownStatement, read_bundle
from coldtrace.verify.bundle_time import check_seen, check_time
from coldtrace.verify.code import CodeReport, Verdict, verify_code
from coldtrace.verify.continuity import check_continuity, standing_steps
from coldtrace.verify.report import Check, Failed, NotChecked, Report, Result, run_check

__all__ = ["Check", "CheckStatement", "Report", "Result", "verify_bundle", "verify_shown"]

_IDENTITY = frozenset({StatementType.COMMISSION, StatementType.ADOPT, StatementType.TRANSFORM, StatementType.RELABEL})
_SIGNED_CODE = frozenset({Verdict.VALID, Verdict.UNTRUSTED_HOST, Verdict.REVOKED_UNIT, Verdict.RECALLED_LOT})


@dataclass(frozen=True)
class _Identity:
    """The standing statement that gave the goods their code, and its line about them."""

    public: PublicPiece
    line: DisclosedLine


def verify_bundle(
    text: str,
    *,
    root: RootDocument | None,
    now: datetime,
    lowest_seq: int | None = None,
    asked: str | None = None,
) -> Report:
    """Return the report on a bundle text; never raises for what it says.

    `root` is the pinned root document; without one the bundle's own is used and the check `root` says so.
    `lowest_seq` is the highest list number that this verifier has seen before, None if it keeps none.  `asked` is
    the unit id of the code that was scanned: without it nobody can say that this is the proof of that box.
    """
    try:
        bundle = read_bundle(text)
    except MalformedBundle:
        return Report((Check("format", Result.FAILED, "malformed_bundle"),))
    return _Verification(bundle, root, now, lowest_seq, asked).report(check_statement)


def verify_shown(
    frame: str, statements: Sequence[ShownStatement], *, root: RootDocument, now: datetime, check: CheckStatement
) -> Report:
    """Return what `verify_bundle` says of a bundle of which the statements were read by themselves.

    `frame` is its text without them.  `check` makes the checks on a statement, or knows what came of the very same.
    """
    try:
        bundle = read_bundle(frame, more=statements)
    except MalformedBundle:
        return Report((Check("format", Result.FAILED, "malformed_bundle"),))
    return _Verification(bundle, root, now, None, None).report(check)


class _Verification:
    """One run over one bundle.  What a check finds out is kept for the checks that build on it."""

    def __init__(
        self, bundle: Bundle, pinned: RootDocument | None, now: datetime, lowest_seq: int | None, asked: str | None
    ) -> None:
        self._bundle, self._pinned, self._now = bundle, pinned, now
        self._lowest_seq, self._asked = lowest_seq, asked
        self._root: RootDocument | None = pinned
        self._trust: TrustList | None = None
        self._code: CodeReport | None = None
        self._checkpoint: Checkpoint | None = None
        self._log: LogEntry | None = None
        self._cosigned_at_s: tuple[int, ...] = ()

    def report(self, check: CheckStatement) -> Report:
        """Make all checks in order."""
        bundle = self._bundle
        checks = [
            Check("format", Result.PASSED),
            run_check("root", self._check_root),
            run_check("trust_list", self._check_trust_list),
            run_check("trust_list_seq", self._check_seq),
            run_check("trust_list_fresh", self._check_fresh),
            run_check("code_signature", self._check_code),
            run_check("code_host", self._check_host),
            run_check("code_asked", self._check_asked),
        ]
        log_checks = [
            run_check("checkpoint", self._check_checkpoint),
            run_check("witnesses", self._check_witnesses),
        ]
        ground = Ground(net=bundle.net, trust=self._trust, checkpoint=self._checkpoint, now=self._now)
        statements = [check(each, at, ground) for at, each in enumerate(bundle.statements)]
        checks += [
            run_check("code_commission", lambda: self._check_commission(statements)),
            run_check("facts", lambda: self._check_facts(statements)),
        ]
        checks += [each for statement in statements for each in statement.checks]
        checks += log_checks
        checks += [
            run_check("continuity", lambda: self._check_continuity(statements)),
            run_check("time", lambda: check_time(statements, self._cosigned_at_s)),
            run_check("seen", lambda: check_seen(statements)),
            Check("complete", Result.NOT_CHECKED, "only_what_is_shown"),
        ]
        return Report(tuple(checks))

    def _check_root(self) -> str:
        try:
            own = parse_root(self._bundle.root)
        except MalformedRoot:
            raise Failed("malformed_root") from None
        if own.net != self._bundle.net:
            raise Failed("net_differs")
        if self._pinned is not None and own.net != self._pinned.net:
            raise Failed("root_differs")
        self._root = self._walk(own if self._pinned is None else self._pinned)
        if self._pinned is None:
            raise NotChecked("root_not_pinned")
        return ""

    def _walk(self, root: RootDocument) -> RootDocument:
        """Return the root document in force, after the changes that the file shows."""
        self._root = None  # a change that is refused leaves nobody to trust
        try:
            for change in self._bundle.root_changes:
                root = walk_root_change(change, current=root)
        except (MalformedRoot, RootChangeRefused):
            if change_cannot_be_told(change, current=root):
                raise NotChecked("unsupported_algorithm") from None
            raise Failed("root_change_refused") from None
        return root

    def _check_trust_list(self) -> str:
        if self._root is None:
            raise NotChecked("no_root")
        try:
            self._trust = open_trust_list(self._bundle.trust_list, root=self._root)
        except MalformedTrustList:
            raise Failed("malformed_trust_list") from None
        except UntrustedTrustList:
            if list_cannot_be_told(self._bundle.trust_list, root=self._root):
                raise NotChecked("unsupported_algorithm") from None
            raise Failed("untrusted_trust_list") from None
        return ""

    def _check_seq(self) -> str:
        trust = self._need_trust()
        if self._lowest_seq is None:
            raise NotChecked("no_earlier_list")
        if trust.seq < self._lowest_seq:
            raise Failed("trust_list_rolled_back")
        return ""

    def _check_fresh(self) -> str:
        if self._need_trust().is_stale(self._now):
            raise NotChecked("list_expired")
        return ""

    def _check_code(self) -> str:
        trust = self._need_trust()
        try:
            allowed = [] if self._bundle.allow is None else [read_filter_proof(self._bundle.allow)]
        except MalformedFilter:
            raise Failed("malformed_filter") from None
        self._code = verify_code(self._bundle.code, trust=trust, now=self._now, allowed_units=allowed)
        if self._code.verdict is Verdict.UNSUPPORTED_ALGORITHM:
            raise NotChecked("unsupported_algorithm")
        if self._code.verdict not in _SIGNED_CODE:
            raise Failed(self._code.verdict)
        return ""

    def _check_host(self) -> str:
        trust = self._need_trust()
        if not trust.trusts_host(self._need_code().host):
            raise Failed("untrusted_host")
        return ""

    def _check_asked(self) -> str:
        if self._asked is None:
            raise NotChecked("nothing_asked")
        if self._need_code().unit_id != self._asked:
            raise Failed("other_code")
        return ""

    def _check_checkpoint(self) -> str:
        try:
            self._checkpoint = parse_checkpoint(split_note(self._bundle.checkpoint)[0])
        except (MalformedNote, MalformedCheckpoint):
            raise Failed("malformed_checkpoint") from None
        self._log = self._need_trust().log(self._checkpoint.origin)
        if self._log is None:
            raise Failed("unknown_log")
        try:
            open_checkpoint(self._bundle.checkpoint, log=self._log.vkey)
        except UntrustedNote:
            raise Failed("bad_checkpoint_signature") from None
        return ""

    def _check_witnesses(self) -> str:
        self._need_trust()
        log = self._log
        if log is None:
            raise NotChecked("no_checkpoint" if self._checkpoint is None else "unknown_log")
        if log.quorum == 0:
            raise NotChecked("no_witness_yet")
        try:
            opened = open_checkpoint(self._bundle.checkpoint, log=log.vkey, witnesses=log.witnesses)
        except UntrustedNote:
            raise Failed("bad_cosignature") from None
        if not has_quorum(opened.cosignatures, quorum=log.quorum):
            raise Failed("quorum_not_met")
        self._cosigned_at_s = tuple(each.at_s for each in opened.cosignatures)
        return ""

    def _check_commission(self, statements: Sequence[StatementReport]) -> str:
        code = self._need_code()
        identity = self._identity(statements)
        if identity is None:
            raise Failed("no_commission")
        if identity.line.opening is None or "code" not in identity.line.opening.attributes:
            raise NotChecked("commission_closed")
        stated = identity.line.opening.attributes["code"]
        try:
            header = decode_token(code.token or "").header
        except (MalformedToken, UnsupportedVersion):
            raise NotChecked("code_unreadable") from None
        if b64(sha256(signing_input(header, code.elements))) != stated:
            raise Failed("code_differs")
        return ""

    def _check_facts(self, statements: Sequence[StatementReport]) -> str:
        identity = self._identity(statements)
        if identity is None:
            raise Failed("no_commission")
        if self._bundle.facts is None:
            raise NotChecked("no_facts" if identity.public.facts is None else "facts_not_shown")
        try:
            facts = read_facts(self._bundle.facts)
        except Refusal:
            raise Failed("malformed_facts") from None
        if facts_hash(self._bundle.facts) != identity.public.facts:
            raise Failed("facts_differ")
        gtin = self._need_code().value("01")
        if gtin is not None and facts.get("gtin", gtin) != gtin:
            raise Failed("facts_of_other_goods")
        return ""

    def _check_continuity(self, statements: Sequence[StatementReport]) -> str:
        steps = [step for each in statements if each.stands and (step := each.step()) is not None]
        if len(steps) != len(statements):
            raise NotChecked("statements_failed")
        unit = self._need_code().unit_id
        if unit is None:
            raise NotChecked("code_unreadable")
        return check_continuity(steps, unit)

    def _identity(self, statements: Sequence[StatementReport]) -> _Identity | None:
        """Return the first standing statement that gives the goods of the code their identity."""
        unit = self._need_code().unit_id
        by_hash = {step.header_hash: each for each in statements if (step := each.step()) is not None}
        for step in standing_steps([step for each in statements if (step := each.step()) is not None]):
            statement = by_hash[step.header_hash]
            if step.type not in _IDENTITY or statement.public is None:
                continue
            for line in statement.shown.lines:
                if line.unit == unit and line.role in (Role.UNIT, Role.OUTPUT):
                    if not statement.stands:
                        raise NotChecked("statements_failed")
                    return _Identity(statement.public, line)
        return None

    def _need_trust(self) -> TrustList:
        if self._trust is None:
            raise NotChecked("no_trusted_list")
        return self._trust

    def _need_code(self) -> TraceCode:
        """Return the code as far as it can be read; its signature is another check's matter."""
        code = self._code.code if self._code is not None else _read_code(self._bundle.code)
        if code is None:
            raise NotChecked("code_unreadable")
        return code


def _read_code(text: str) -> TraceCode | None:
    try:
        return parse_trace_code(text)
    except MalformedUri:
        return None
