"""The verdict on one signed code, offline: a text, a trust list and the time in, one word out.

The order is part of the format (docs/formats/codes.md), so that every device says the same word:

    malformed_uri       syntax, lengths, check digit, order, repeated AI, two tokens
    unsigned            no token
    malformed_token     length, alphabet, spare bits
    unsupported_version
    unknown_key         no listed key of use `code` with this kid, or none with this scope
    alg_mismatch        the token names another algorithm than the listed key has
    revoked             the key is revoked, and the code is not in its allow-filter or the caller does not hold
                        that; or the time is outside `print_from` to `accept_until`
    unsupported_algorithm   the key is a right one, but this installation cannot check it (SM2)
    bad_signature
    untrusted_host      right signature, but the address is not on the list
    revoked_unit, recalled_lot   only if the caller brings the lists or filters
    valid

`valid` says who made the code, never that this sticker is the original; that is for the place that counts scans.
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.refusals import MalformedToken, MalformedUri, UnsupportedVersion
from coldtrace.codes.scan import without_reader_marks
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.token import ALGORITHM_NAMES, ES256, SIGNATURE_BYTES, Token, decode_token
from coldtrace.codes.trace_code import Element, TraceCode, unit_id_of
from coldtrace.errors import Refusal
from coldtrace.seal.public_key import P256_ORDER, UnsupportedAlgorithm
from coldtrace.seal.trust_list import TrustedKey, TrustList
from coldtrace.verify.code_refusals import (
    AlgMismatch,
    BadSignature,
    RecalledLot,
    RevokedKey,
    RevokedUnit,
    UnknownKey,
    Unsigned,
    UntrustedHost,
)


class Verdict(StrEnum):
    """The words of the format, in the order in which they are decided."""

    MALFORMED_URI = "malformed_uri"
    UNSIGNED = "unsigned"
    MALFORMED_TOKEN = "malformed_token"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNKNOWN_KEY = "unknown_key"
    ALG_MISMATCH = "alg_mismatch"
    REVOKED = "revoked"
    UNSUPPORTED_ALGORITHM = "unsupported_algorithm"
    BAD_SIGNATURE = "bad_signature"
    UNTRUSTED_HOST = "untrusted_host"
    REVOKED_UNIT = "revoked_unit"
    RECALLED_LOT = "recalled_lot"
    VALID = "valid"


_TOKEN_NAME: Final = re.compile(r"(?<=[?&])S=")
_TRIED_AGAIN: Final = frozenset({Verdict.MALFORMED_URI, Verdict.REVOKED, Verdict.BAD_SIGNATURE})
"""An allow-filter, too, knows a serial only as it was printed."""
_RANK: Final = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, kw_only=True)
class CodeReport:
    """The verdict and what it rests on.

    `elements` holds what the signature covers and is empty unless the signature is right; `code` is what the
    text says, signed or not.  `stale` turns a green verdict amber: the trust list is past its `expires`.
    `refusal` has the words for people and is None for `valid`.
    """

    verdict: Verdict
    elements: tuple[Element, ...]
    kid: str | None
    list_age_s: int
    stale: bool
    code: TraceCode | None
    key: TrustedKey | None
    refusal: Refusal | None


@dataclass(frozen=True, kw_only=True)
class _Finding:
    verdict: Verdict
    code: TraceCode | None = None
    token: Token | None = None
    key: TrustedKey | None = None
    refusal: Refusal | None = None


class AllowedUnits(Protocol):
    """The units that a stolen key signed before the theft: a filter, the proof of one unit, or the server's tables."""

    def allows(self, unit: str, *, key: TrustedKey, net: bytes) -> bool:
        """Tell whether the list of `net` stands behind this at `key`, and it has the unit."""
        ...


class LotsOf:
    """Lots as pairs of GTIN and lot, over a filter that names them by their unit ids."""

    def __init__(self, items: Container[str]) -> None:
        self._items = items

    def __contains__(self, pair: object) -> bool:
        if not (isinstance(pair, tuple) and len(pair) == 2):
            return False
        return unit_id_of({"01": str(pair[0]), "10": str(pair[1])}) in self._items


@dataclass(frozen=True, kw_only=True)
class _Lists:
    trust: TrustList
    now: datetime
    allowed_units: Sequence[AllowedUnits]
    revoked_units: Container[str]
    recalled_lots: Container[tuple[str, str]]


def verify_code(
    text: str,
    *,
    trust: TrustList,
    now: datetime,
    allowed_units: Sequence[AllowedUnits] = (),
    revoked_units: Container[str] = (),
    recalled_lots: Container[tuple[str, str]] = (),
) -> CodeReport:
    """Return the verdict on a scanned text; never raises for what it says.

    `revoked_units` holds unit ids and `recalled_lots` pairs of GTIN and lot, as far as the caller has them (filters
    that `check_filter` passed, or exact lists).  Of `allowed_units` the one counts that the list pins at the key.
    A text that arrived without capitals (wedge with Caps Lock) is tried again with capitals if it fails; the
    signature makes that safe, and `code` then has the values as they were printed.
    """
    lists = _Lists(
        trust=trust, now=now, allowed_units=allowed_units, revoked_units=revoked_units, recalled_lots=recalled_lots
    )
    plain = without_reader_marks(text)[0]
    finding = _judge_text(plain, lists, upper=False)
    if finding.verdict in _TRIED_AGAIN and _lost_its_capitals(plain):
        again = _judge_text(plain, lists, upper=True)
        if again.verdict is not Verdict.MALFORMED_URI:
            finding = again
    signed = finding.code is not None and _RANK[finding.verdict] > _RANK[Verdict.BAD_SIGNATURE]
    return CodeReport(
        verdict=finding.verdict,
        elements=finding.code.elements if signed and finding.code is not None else (),
        kid=None if finding.token is None else finding.token.kid,
        list_age_s=trust.age_s(now),
        stale=trust.is_stale(now),
        code=finding.code,
        key=finding.key,
        refusal=finding.refusal,
    )


def _judge_text(text: str, lists: _Lists, *, upper: bool) -> _Finding:
    try:
        code = parse_trace_code(text.upper() if upper else text)
        if upper:
            values = tuple((ai, value.upper()) for ai, value in code.elements)
            code = TraceCode(host=code.host, elements=values, token=code.token)
    except MalformedUri as refusal:
        return _Finding(verdict=Verdict.MALFORMED_URI, refusal=refusal)
    if code.token is None:
        return _Finding(verdict=Verdict.UNSIGNED, code=code, refusal=Unsigned())
    try:
        token = decode_token(code.token)
    except MalformedToken as refusal:
        return _Finding(verdict=Verdict.MALFORMED_TOKEN, code=code, refusal=refusal)
    except UnsupportedVersion as refusal:
        return _Finding(verdict=Verdict.UNSUPPORTED_VERSION, code=code, refusal=refusal)
    # The list refuses two keys with one kid, but a verdict must not hang on that: the best one counts.
    findings = [_judge_key(code, token, key, lists) for key in lists.trust.keys_for(token.kid, "code")]
    unknown = _Finding(verdict=Verdict.UNKNOWN_KEY, code=code, token=token, refusal=UnknownKey(kid=token.kid))
    return max(findings, key=lambda finding: _RANK[finding.verdict], default=unknown)


def _judge_key(code: TraceCode, token: Token, key: TrustedKey, lists: _Lists) -> _Finding:
    def found(verdict: Verdict, refusal: Refusal | None) -> _Finding:
        return _Finding(verdict=verdict, code=code, token=token, key=key, refusal=refusal)

    if not key.covers(*code.elements[0]):
        return found(Verdict.UNKNOWN_KEY, UnknownKey(kid=token.kid))
    if ALGORITHM_NAMES.get(token.algorithm) != key.alg:
        return found(Verdict.ALG_MISMATCH, AlgMismatch(kid=token.kid))
    if (key.is_revoked and not _is_allowed(code, key, lists)) or not key.accepts_at(lists.now):
        return found(Verdict.REVOKED, RevokedKey(kid=token.kid, station=key.stn or "-"))
    try:
        right = key.public_key.verify(_signature(token), signing_input(token.header, code.elements))
    except UnsupportedAlgorithm as refusal:
        return found(Verdict.UNSUPPORTED_ALGORITHM, refusal)
    if not right:
        return found(Verdict.BAD_SIGNATURE, BadSignature())
    if not lists.trust.trusts_host(code.host):
        return found(Verdict.UNTRUSTED_HOST, UntrustedHost(host=code.host))
    unit = code.unit_id
    if unit is not None and unit in lists.revoked_units:
        return found(Verdict.REVOKED_UNIT, RevokedUnit(unit=unit))
    gtin, lot = code.value("01"), code.value("10")
    if gtin is not None and lot is not None and (gtin, lot) in lists.recalled_lots:
        return found(Verdict.RECALLED_LOT, RecalledLot(gtin=gtin, lot=lot))
    return found(Verdict.VALID, None)


def _is_allowed(code: TraceCode, key: TrustedKey, lists: _Lists) -> bool:
    """Tell whether a code of a stolen key was registered before the theft, by a filter that the roots pinned."""
    unit = code.unit_id
    return unit is not None and any(each.allows(unit, key=key, net=lists.trust.net) for each in lists.allowed_units)


def _signature(token: Token) -> bytes:
    """Return the signature in the form that `seal` checks.

    Statements want the lower of the two possible s of ECDSA; a printed code may carry either, since no store
    is keyed on its token and a station's hardware may not be able to choose.
    """
    if token.algorithm != ES256:
        return token.signature
    half = SIGNATURE_BYTES // 2
    s = int.from_bytes(token.signature[half:], "big")
    if P256_ORDER // 2 < s < P256_ORDER:
        return token.signature[:half] + (P256_ORDER - s).to_bytes(half, "big")
    return token.signature


def _lost_its_capitals(text: str) -> bool:
    """Tell whether nothing behind the scheme is a capital: all lower case, or Caps Lock turned it round.

    The one small letter that we print there is the name `s`, which comes out of Caps Lock as `S`.
    """
    rest = _TOKEN_NAME.sub("s=", text.partition("://")[2])
    return text.isascii() and rest == rest.lower()
