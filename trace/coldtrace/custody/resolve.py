"""What a scanned text is in this installation: every reading of it, looked up, and one answer or a refusal.

The readings and their order are those of `codes.readings`.  A text of which two readings name different things here is
refused; nobody is to guess which one the person meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlmodel import Session

from coldtrace.codes.foreign_scheme import Scheme
from coldtrace.codes.readings import Reading, Resolver, all_readings
from coldtrace.codes.refusals import printable
from coldtrace.codes.trace_code import CodeKind
from coldtrace.custody import named_here
from coldtrace.custody.model import UnitState
from coldtrace.custody.refusals import AmbiguousCode
from coldtrace.custody.unit_view import view_unit
from coldtrace.env import Env
from coldtrace.errors import Refusal, Words
from coldtrace.events.unit_id import MalformedUnitId, foreign_unit
from coldtrace.goods import stops, store
from coldtrace.parties import store as parties_store
from coldtrace.rights.model import Scope
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.verify.code import CodeReport, Verdict

NOT_REGISTERED: Final = "not_registered"
MISTYPED: Final = frozenset({"malformed_short_code", "malformed_number", "restricted_number"})
"""The check character did its work: the person types again, and nobody has to look into it."""

RESOLVER_WORDS: Final[dict[Resolver, Words]] = {
    Resolver.COMMAND: Words("指令卡", "a command card"),
    Resolver.SIGNED: Words("签名追溯码", "a signed trace code"),
    Resolver.LINK: Words("GS1 网址", "a GS1 Digital Link"),
    Resolver.ELEMENTS: Words("GS1 条码内容", "a GS1 element string"),
    Resolver.SSCC: Words("托盘号 SSCC", "an SSCC"),
    Resolver.SHORT: Words("短码", "a short code"),
    Resolver.GTIN: Words("商品条码 GTIN", "a GTIN"),
    Resolver.PLACE: Words("场所号 GLN", "a GLN"),
    Resolver.FOREIGN: Words("其他平台的码", "another platform's code"),
}


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """One answer.

    `name` is what the text names here, None if nothing.  `kind` is that of the reading (`unit`, `pallet`, `plain`,
    `place`, `foreign`, `command`).  `registered` says whether the unit was issued here and not taken back, `verdict`
    what its signature is worth where there is one.  `also` are readings that name nothing here.  `trouble` says why a
    person should look at the text, None if nobody needs to; a text that nothing reads has no resolver.
    """

    resolver: Resolver | None
    kind: str | None = None
    name: str | None = None
    unit_id: str | None = None
    gtin: str | None = None
    lot: str | None = None
    command: str | None = None
    registered: bool = False
    verdict: str | None = None
    state: str | None = None
    site: str | None = None
    also: tuple[Resolver, ...] = ()
    trouble: str | None = None
    refusal: Refusal | None = None


def resolve(
    session: Session, env: Env, scope: Scope, text: str, *, schemes: Sequence[Scheme] | None = None
) -> Resolution:
    """Return what a text is here.  State and place of a unit are told as far as it is seen in the scope.

    A product or a lot is named only to whom has part in an import of it: at its station, or as its importer.

    Raises AmbiguousCode, and the reader's refusal for a text that is only mistyped.
    """
    readings = all_readings(text, schemes)
    if readings.refusal is not None:
        if readings.refusal.code in MISTYPED or not text.strip():
            raise readings.refusal
        return Resolution(resolver=None, trouble=readings.refusal.code, refusal=readings.refusal)
    answers = [_look_up(session, env, scope, text, reading) for reading in readings.found]
    named = {each.name: each for each in reversed(answers) if each.name is not None}
    if len(named) > 1:
        first, second = [each for each in answers if each.name is not None and named[each.name] is each][:2]
        raise _ambiguous(text, first, second)
    chosen = next(iter(named.values()), answers[0])
    also = tuple(each.resolver for each in answers if each.resolver is not chosen.resolver and each.resolver)
    return replace(chosen, also=also)


def _ambiguous(text: str, first: Resolution, second: Resolution) -> AmbiguousCode:
    assert first.resolver is not None, "every answer has its resolver"
    assert second.resolver is not None, "every answer has its resolver"
    one, other = RESOLVER_WORDS[first.resolver], RESOLVER_WORDS[second.resolver]
    return AmbiguousCode(
        text=printable(text),
        one_zh=one.zh,
        one_en=one.en,
        other_zh=other.zh,
        other_en=other.en,
        first=first.name,
        second=second.name,
    )


def _look_up(session: Session, env: Env, scope: Scope, text: str, reading: Reading) -> Resolution:
    """Return what one reading says, and what it names here."""
    resolver, scan = reading.resolver, reading.scan
    if scan is None:
        return _foreign(session, scope, reading)
    if scan.command is not None:
        return Resolution(resolver=resolver, kind="command", name=scan.command.text, command=scan.command.text)
    if scan.serial is not None:
        return _short(session, env, scope, scan.serial)
    gtin, lot, unit = scan.ais.get("01"), scan.ais.get("10"), scan.unit_id
    answer = Resolution(resolver=resolver, kind=str(scan.kind), unit_id=unit, gtin=gtin, lot=lot)
    if scan.kind is CodeKind.PLACE:
        site = parties_store.site(session, scan.ais["414"])
        return replace(answer, site=scan.ais["414"], name=None if site is None else f"(414){site.gln}")
    if scan.kind in (CodeKind.UNIT, CodeKind.PALLET) and unit is not None:
        answer = _of_unit(session, scope, answer, unit)
    if resolver in (Resolver.SIGNED, Resolver.LINK) and scan.code is not None:
        answer = _judged(session, env, scope, answer, text)
    if answer.name is not None or gtin is None:
        return answer
    if lot is not None and named_here.has_lot(session, scope, gtin=gtin, lot=lot):
        return replace(answer, name=f"(01){gtin}(10){lot}")
    return replace(answer, name=f"(01){gtin}") if named_here.has_product(session, scope, gtin) else answer


def _foreign(session: Session, scope: Scope, reading: Reading) -> Resolution:
    try:
        unit = str(foreign_unit(scheme=reading.scheme or "", value=reading.value or ""))
    except MalformedUnitId as refusal:
        return Resolution(resolver=reading.resolver, kind="foreign", trouble=refusal.code, refusal=refusal)
    return _of_unit(session, scope, Resolution(resolver=reading.resolver, kind="foreign", unit_id=unit), unit)


def _short(session: Session, env: Env, scope: Scope, serial: str) -> Resolution:
    """Return what a short code leads to: the code that was issued with this serial."""
    answer = Resolution(resolver=Resolver.SHORT, kind="short")
    uri = store.code_of_serial(session, serial)
    if uri is None:
        return answer
    report = _verdict(session, env, uri)
    code = report.code
    if code is None or code.unit_id is None:
        return answer
    answer = replace(answer, kind=str(code.kind), unit_id=code.unit_id, gtin=code.value("01"), lot=code.value("10"))
    return replace(_of_unit(session, scope, answer, code.unit_id), verdict=str(report.verdict))


def _judged(session: Session, env: Env, scope: Scope, answer: Resolution, text: str) -> Resolution:
    """Add the verdict on a code of our form; one that is not right, or was never issued, is for a person to look at."""
    report = _verdict(session, env, text)
    if answer.resolver is Resolver.LINK:
        return replace(answer, verdict=str(report.verdict)) if answer.registered else answer
    passes = report.verdict in (Verdict.VALID, Verdict.UNTRUSTED_HOST)
    if passes and report.code is not None and report.code.unit_id not in (None, answer.unit_id):
        # A wedge has lost the capitals; the signature found them again.
        found = replace(answer, unit_id=report.code.unit_id)
        answer = _of_unit(session, scope, found, report.code.unit_id or "")
    is_place = answer.kind == CodeKind.PLACE
    trouble = str(report.verdict) if not passes else None if answer.registered or is_place else NOT_REGISTERED
    return replace(answer, verdict=str(report.verdict), trouble=trouble, refusal=report.refusal)


def _of_unit(session: Session, scope: Scope, answer: Resolution, unit: str) -> Resolution:
    """Add what is recorded of a unit: issued here, or seen here by the reader.

    What is not issued here and out of the scope is like what nobody ever saw.
    """
    issued, view = store.issued_code(session, unit), view_unit(session, scope, unit, inside_max=0, limit=1)
    if issued is None and view is None:
        return answer
    state = None if view is None else view.state
    if view is None and named_here.is_blank(session, scope, unit):
        state = UnitState.BLANK.value
    return replace(
        answer,
        name=unit,
        registered=issued is not None,
        lot=answer.lot if issued is None or issued.lot is None else issued.lot,
        state=state,
        site=None if view is None else view.gln,
    )


def _verdict(session: Session, env: Env, text: str) -> CodeReport:
    row = parties_store.newest_trust_list(session)
    assert row is not None, "installing publishes the first trust list"
    trusted = open_trust_list(row.envelope, root=None)
    return stops.judge_code(session, text, trust_list=trusted, now=env.clock())
