"""The checks on one statement of a bundle: its texts, signature, certificate, lines, and place in the log."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from coldtrace.errors import Refusal
from coldtrace.events.canonical import NotCanonical
from coldtrace.events.certificate import (
    BadCertificateSignature,
    Certificate,
    mismatches,
    read_certificate,
    verify_certificate,
)
from coldtrace.events.header import Header, header_hash, read_header, signed_bytes
from coldtrace.events.leaf import LeafKind, LeafTooLarge, leaf_bytes, received_day
from coldtrace.events.public_piece import PublicPiece, read_public
from coldtrace.seal.checkpoint import Checkpoint
from coldtrace.seal.hashing import leaf_hash, sha256
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.public_key import MalformedKey, UnsupportedAlgorithm, load_public_key
from coldtrace.seal.trust_entries import TrustedKey, TrustList
from coldtrace.verify.bundle_text import ShownStatement
from coldtrace.verify.continuity import Step
from coldtrace.verify.report import Check, Failed, NotChecked, Result, run_check

_Read = TypeVar("_Read", Header, PublicPiece)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What all statements of a bundle are checked against.  `trust` and `checkpoint` are None if unusable."""

    net: bytes
    trust: TrustList | None
    checkpoint: Checkpoint | None
    now: datetime

    def is_as(self, other: "Ground") -> bool:
        """Tell whether every check on a statement says the same on both: of the time only which keys are accepted."""
        return (
            self.trust is other.trust
            and self.net == other.net
            and self.checkpoint == other.checkpoint
            and self._accepted == other._accepted
        )

    @cached_property
    def _accepted(self) -> list[bool]:
        return [] if self.trust is None else [key.accepts_at(self.now) for key in self.trust.keys]


@dataclass(frozen=True)
class StatementReport:
    """The checks on one statement, and what of it could be read."""

    shown: ShownStatement
    header: Header | None
    public: PublicPiece | None
    checks: tuple[Check, ...]

    @property
    def stands(self) -> bool:
        """Whether the statement may be taken for what it says: no check on it failed."""
        return all(check.result is not Result.FAILED for check in self.checks)

    def step(self) -> Step | None:
        """Return what continuity needs, None if the statement cannot be read."""
        return self._step

    @cached_property
    def _step(self) -> Step | None:
        if self.header is None or self.public is None:
            return None
        return Step(
            header_hash=header_hash(self.shown.header),
            key=self.header.key,
            prev=self.header.prev,
            type=self.public.type,
            date=self.public.date,
            place=self.public.place,
            corrects=self.public.corrects,
            lines=[(line.role, line.unit, line.parent) for line in self.shown.lines],
        )


CheckStatement = Callable[[ShownStatement, int, Ground], StatementReport]


def check_statement(shown: ShownStatement, number: int, ground: Ground) -> StatementReport:
    """Return the five checks on the statement at place `number`."""
    header, public = _read(shown)

    def texts() -> str:
        if isinstance(header, str):
            raise Failed(header)
        if isinstance(public, str):
            raise Failed(public)
        if header.net != ground.net:
            raise Failed("other_network")
        if sha256(shown.public.encode("utf-8")) != header.public:
            raise Failed("public_differs")
        return ""

    known = None if isinstance(header, str) else header
    seen = None if isinstance(public, str) else public
    checks = (
        run_check(f"statement[{number}]", texts),
        run_check(f"signature[{number}]", lambda: _signature(shown, _need(known))),
        run_check(f"certificate[{number}]", lambda: _certificate(shown, _need(known), _need(seen), ground)),
        run_check(f"line[{number}]", lambda: _lines(shown, _need(known))),
        run_check(f"inclusion[{number}]", lambda: _inclusion(shown, ground)),
    )
    return StatementReport(shown, known, seen, checks)


def _read(shown: ShownStatement) -> tuple[Header | str, PublicPiece | str]:
    """Return header and public piece, or the reason why one cannot be read."""
    header: Header | str
    public: PublicPiece | str
    try:
        header = read_header(shown.header)
    except Refusal as refusal:
        header = _reason(refusal, "malformed_header")
    try:
        public = read_public(shown.public)
    except Refusal as refusal:
        public = _reason(refusal, "malformed_public")
    return header, public


def _reason(refusal: Refusal, otherwise: str) -> str:
    return "not_canonical" if isinstance(refusal, NotCanonical) else otherwise


def _need(value: _Read | None) -> _Read:
    if value is None:
        raise NotChecked("statement_unreadable")
    return value


def _signature(shown: ShownStatement, header: Header) -> str:
    certificate = _read_certificate(shown)
    if certificate.key != header.key:
        raise Failed("key_differs")
    try:
        right = load_public_key(certificate.spki).verify(shown.signature, signed_bytes(shown.header))
    except MalformedKey:
        raise Failed("malformed_key") from None
    except UnsupportedAlgorithm:
        raise NotChecked("unsupported_algorithm") from None
    if not right:
        raise Failed("bad_signature")
    return ""


def _certificate(shown: ShownStatement, header: Header, public: PublicPiece, ground: Ground) -> str:
    certificate = _read_certificate(shown)
    if ground.trust is None:
        raise NotChecked("no_trusted_list")
    enrolment_key = _enrolment_key(shown, ground.trust)
    for reason in mismatches(certificate, net=ground.net, key=header.key, public=public):
        raise Failed(reason)
    if enrolment_key.is_revoked:
        raise Failed("enrolment_key_revoked")
    if not enrolment_key.accepts_at(ground.now):
        raise Failed("enrolment_key_window")
    _require_before_cut(shown, header.key, ground, "key_cut")
    _require_before_cut(shown, enrolment_key.id, ground, "enrolment_key_cut")
    return ""


def _read_certificate(shown: ShownStatement) -> Certificate:
    try:
        return read_certificate(shown.certificate)
    except Refusal as refusal:
        raise Failed(_reason(refusal, "malformed_certificate")) from None


def _enrolment_key(shown: ShownStatement, trust: TrustList) -> TrustedKey:
    """Return the enrolment key that signed the certificate.  The certificate does not name it: try all."""
    unsupported = False
    for key in trust.keys:
        if key.use != "enrolment":
            continue
        try:
            verify_certificate(shown.certificate, shown.certificate_sig, [key.public_key])
        except BadCertificateSignature:
            continue
        except UnsupportedAlgorithm:
            unsupported = True
        except Refusal:
            raise Failed("malformed_certificate") from None
        else:
            return key
    if unsupported:
        raise NotChecked("unsupported_algorithm")
    raise Failed("bad_certificate_signature")


def _require_before_cut(shown: ShownStatement, key: bytes, ground: Ground, reason: str) -> None:
    """Raise Failed if the leaf is not before the place at which the trust list cuts this key off.

    Keys are judged by log position, never by claimed time: a thief can claim any.
    """
    cut = None if ground.trust is None else ground.trust.cut_of(key)
    if cut is None:
        return
    if ground.checkpoint is None:
        raise NotChecked("no_checkpoint")
    if ground.checkpoint.origin != cut.origin or shown.index >= cut.size:
        raise Failed(reason)


def _lines(shown: ShownStatement, header: Header) -> str:
    if not shown.lines:
        raise Failed("no_line")
    for line in shown.lines:
        if not line.is_under(root=header.units, width=header.units_width):
            raise Failed("line_not_in_statement")
        if not line.opens():
            raise Failed("opening_differs")
    return ""


def _inclusion(shown: ShownStatement, ground: Ground) -> str:
    if shown.received_at != received_day(shown.received_at):
        raise Failed("received_at_not_a_day")
    if ground.checkpoint is None:
        raise NotChecked("no_checkpoint")
    try:
        leaf = leaf_bytes(LeafKind.CTE1, shown.header, shown.signature, shown.received_at)
    except (LeafTooLarge, NotCanonical):
        raise Failed("not_in_log") from None
    if not verify_inclusion(
        leaf_hash=leaf_hash(leaf),
        index=shown.index,
        size=ground.checkpoint.size,
        path=shown.path,
        root=ground.checkpoint.root,
    ):
        raise Failed("not_in_log")
    return ""
