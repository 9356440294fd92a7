"""One verified code of goods, and the ways to answer it: one statement, a pick, a repeat, something to look at."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from coldscan import cache, lanes, words
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.compose import Matter
from coldscan.lanes import EVERYWHERE
from coldscan.store import immediate
from coldscan.verdict import Finding
from coldtrace.clock import format_utc
from coldtrace.codes.short_code import format_short_code
from coldtrace.codes.sscc import names_carton
from coldtrace.errors import Words
from coldtrace.events.canonical import JsonValue

REPEAT_WITHIN: Final = timedelta(hours=12)
"""The same scan in one context within a shift is a repeat.  NEXT starts a new context."""

PILE_MAX: Final = 2_000
"""A pallet holds some 60 cartons; beyond this, somebody has forgotten what the pile was for."""

_ALWAYS: Final = timedelta.max


@dataclass(frozen=True, kw_only=True)
class Scan:
    """One verified code of goods, and what is said about it."""

    text: str
    finding: Finding
    unit: str

    @property
    def name(self) -> str:
        """What a person finds on the label: the short code, or the number as it is."""
        serial = self.finding.serial
        return self.unit if serial is None else format_short_code(serial)

    @property
    def is_pallet(self) -> bool:
        """Tell whether others are packed onto it; an SSCC may also name a carton of goods without a GTIN."""
        sscc = self.finding.value("00")
        return sscc is not None and not names_carton(sscc)


def say(
    bench: Bench,
    scan: Scan,
    matter: Matter,
    sentence: Words,
    *,
    context: int | None = None,
    pick: bool = False,
    **facts: str | int,
) -> Answer:
    """Store one statement about one unit, unless this device has said the same in the same context."""
    here = bench.lane.context if context is None else context
    within = _ALWAYS if here == EVERYWHERE else REPEAT_WITHIN
    type, name = matter.type.value, bench.lane.name
    with immediate(bench.connection):
        before = lanes.already_said(bench.connection, unit=scan.unit, type=type, context=here)
        if before is not None and bench.is_repeat(before, within=within):
            id = None
        else:
            at = bench.clock()
            id = bench.append(matter, now=at)
            said_at = format_utc(bench.knowledge.corrected(at))
            lanes.note_said(bench.connection, unit=scan.unit, type=type, context=here, statement=id, at=said_at)
            remember(bench, scan)
            if pick:
                lanes.pick(bench.connection, name, scan.unit)
        count = lanes.pile_size(bench.connection, name) if pick else 0
    if id is None:
        return repeat(bench, scan, before or "")
    return saved(bench, scan, sentence, statement_id=id, **({"count": count} if pick else {}), **facts)


def saved(bench: Bench, scan: Scan, sentence: Words, *, statement_id: str, **facts: str | int) -> Answer:
    """Answer that a statement is on the disk."""
    return Answer(
        text=scan.text,
        verdict=scan.finding.verdict,
        result=scan.finding.result(Result.SAVED),
        say=sentence.say(bench.lang, unit=scan.name, **facts) + bench.amber(scan.finding),
        code=scan.finding.amber_code,
        operation=bench.lane.operation,
        unit=scan.unit,
        statement_id=statement_id,
        queued=True,
    )


def repeat(bench: Bench, scan: Scan, before: str) -> Answer:
    """Answer that the same was said before, and when."""
    at = bench.local_time(before, "%H:%M:%S")
    return look(bench, scan, words.REPEATED, code="repeat", result=Result.REPEAT, unit=scan.name, at=at)


def look(
    bench: Bench,
    scan: Scan,
    sentence: Words,
    *,
    code: str | None,
    result: Result = Result.LOOK,
    **facts: str | int,
) -> Answer:
    """Answer without a statement: something to look at, or a pick."""
    amber = bench.amber(scan.finding)
    return Answer(
        text=scan.text,
        verdict=scan.finding.verdict,
        result=scan.finding.result(result),
        say=sentence.say(bench.lang, **facts) + amber,
        code=code or scan.finding.amber_code,
        operation=bench.lane.operation,
        unit=scan.unit,
    )


def remember(bench: Bench, scan: Scan) -> None:
    """Keep a code for its short form; the caller owns the transaction."""
    serial = scan.finding.serial
    if serial is not None:
        cache.remember_code(bench.connection, serial=serial, uri=scan.finding.uri or scan.text)


def door_field(bench: Bench) -> list[tuple[str, JsonValue]]:
    """Return where in the site this is, if anybody said so."""
    return [] if bench.lane.door is None else [("door", bench.lane.door)]
