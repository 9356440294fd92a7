"""The offline verdict on one code, with its age, from the cached trust list and the filters that it stands behind.

The words are those of `coldtrace.verify.code`.  Two of them let the goods pass: `valid`, and `untrusted_host`, where
the signature is right but the address printed with it is not on the list (amber, and a person looks).  Amber, too, is
a stop that a filter may have found by chance: the goods go on, the words ask to look it up, and the server judges.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from coldscan.answer import Result
from coldscan.knowledge import Knowledge
from coldscan.own_word import OwnWord
from coldtrace.codes.digital_link import build_uri
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.token import decode_token
from coldtrace.codes.trace_code import CodeKind, TraceCode
from coldtrace.errors import Lang, Refusal
from coldtrace.seal.hashing import sha256
from coldtrace.verify.code import Verdict
from coldtrace.verify.held_filters import MAY_BE_CHANCE, Blocked

PASSING: Final = frozenset({Verdict.VALID, Verdict.UNTRUSTED_HOST})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is known of one scanned code.

    `is_stale` says that keys or stops since `issued` are not known: the list or a filter has expired, or the last sync
    is longer ago than the site allows.  `chance_in` is set where a filter stops the unit whose hits may be chance, once
    in so many units that are not on it.  `blocked` says that the goods are on hold, recalled or destroyed by what the
    server published, `own` what this device itself has said of them.
    """

    verdict: Verdict
    code: TraceCode | None
    kid: str | None
    refusal: Refusal | None
    list_age_s: int
    issued: datetime
    is_stale: bool
    chance_in: int | None = None
    blocked: Blocked | None = None
    own: OwnWord | None = None

    @property
    def passes(self) -> bool:
        """Tell whether the goods may be worked with."""
        return (self.verdict in PASSING or self.chance_in is not None) and self.code is not None

    @property
    def kind(self) -> CodeKind | None:
        """What the code identifies."""
        return None if self.code is None else self.code.kind

    @property
    def serial(self) -> str | None:
        """The serial behind the printed short code, or None."""
        return None if self.code is None else self.code.serial

    @property
    def uri(self) -> str | None:
        """The code as it was printed, whatever the gun made of it."""
        if self.code is None:
            return None
        return build_uri(host=self.code.host, elements=self.code.elements, token=self.code.token)

    @property
    def code_hash(self) -> bytes:
        """What ties a commission to the printed code: the SHA-256 of what the code's signature covers."""
        if self.code is None or self.code.token is None:
            raise ValueError("only a verified code has this hash")
        return sha256(signing_input(decode_token(self.code.token).header, self.code.elements))

    @property
    def amber_code(self) -> str | None:
        """Why the answer is amber although the signature is right, or None."""
        if not self.passes:
            return None
        if self.chance_in is not None:
            return "stop_uncertain"
        if self.own is not None:
            return self.own.state.value
        if self.blocked is not None:
            return "held"
        if self.is_stale:
            return "status_unknown"
        return "untrusted_host" if self.verdict is Verdict.UNTRUSTED_HOST else None

    def value(self, ai: str) -> str | None:
        """Return the value of an AI of the code."""
        return None if self.code is None else self.code.value(ai)

    def result(self, otherwise: Result) -> Result:
        """Return amber where the verdict asks for a look, else what the operation says."""
        calm = otherwise in (Result.SAVED, Result.NOTED)
        return Result.LOOK if calm and self.amber_code is not None else otherwise

    def say_refused(self, lang: Lang) -> str:
        """Return in words why the code does not pass."""
        if self.refusal is None:
            return self.verdict.value
        said = self.refusal.say(lang)
        return said if self.chance_in is None else f"{said} {MAY_BE_CHANCE.say(lang, of=self.chance_in)}"


def judge(text: str, *, knowledge: Knowledge, now: datetime) -> Finding:
    """Return the verdict on a scanned code, from what is cached alone."""
    # What is said to be known since when: a limit of the site counts from the sync, an expiry from what has expired.
    is_expired = knowledge.is_stale(now) or knowledge.lacks_stops(now)
    is_past = not is_expired and knowledge.is_past_limit(now)
    report = knowledge.filters.held.judge(text, trust=knowledge.trust, now=knowledge.as_of(now))
    return Finding(
        verdict=report.verdict,
        code=report.code,
        kid=report.kid,
        refusal=report.refusal,
        list_age_s=knowledge.age_s(now),
        issued=(is_past and knowledge.server_time) or knowledge.known_since,
        is_stale=is_expired or is_past,
        chance_in=report.chance_in,
        blocked=None if report.code is None else knowledge.filters.held.blocks(report.code),
    )
