"""One line in, one answer out.

Every text gets exactly one answer.  "Saved" is said after the transaction has committed; what cannot be stored
is answered NOT STORED; a code that does not verify is answered loudly and queues nothing.  Nothing that a gun can
send ends the loop.
"""

import sqlite3
from contextlib import suppress
from dataclasses import replace
from typing import Final

from coldscan import cache, lanes, words
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.commands import do_command, do_place, refuse_card
from coldscan.fault_words import say_fault
from coldscan.goods import do_goods
from coldscan.lots_chosen import choose_lot, chooses_lot
from coldscan.own_word import own_word
from coldscan.store import immediate
from coldscan.verdict import judge
from coldtrace.clock import format_utc
from coldtrace.codes.refusals import UnknownCommand
from coldtrace.codes.scan import Scan, read_scan
from coldtrace.codes.short_code import format_short_code
from coldtrace.codes.trace_code import CodeKind
from coldtrace.errors import Refusal
from coldtrace.verify.code import Verdict
from coldtrace.verify.code_refusals import Unsigned

SHOWN_CHARS: Final = 500
REFUSED_KEPT: Final = 10_000
NOT_STORED: Final = "not_stored"
SHORT_UNKNOWN: Final = "short_code_unknown"


def take(bench: Bench, text: str) -> Answer:
    """Answer one scanned text; whatever counts is on the disk when this returns."""
    shown = text[:SHOWN_CHARS]
    try:
        bench.renew()
        return bench.remind(_take(bench, text, shown))
    except (sqlite3.Error, OSError) as fault:
        say = words.NOT_STORED.say(bench.lang, reason=say_fault(fault, bench.lang))
        return _answer(bench, shown, verdict=NOT_STORED, say=say, code=NOT_STORED)
    except Refusal as refusal:
        # Another process has retired or replaced the key under us, or a statement cannot hold what it should.
        return _answer(bench, shown, verdict=refusal.code, say=refusal.say(bench.lang), code=refusal.code)


def _take(bench: Bench, text: str, shown: str) -> Answer:
    try:
        scan = read_scan(text)
    except UnknownCommand as refusal:
        return refuse_card(bench, shown, refusal.say(bench.lang), code=refusal.code)
    except Refusal as refusal:
        say = refusal.say(bench.lang)
        return _refuse(bench, shown, verdict=Verdict.MALFORMED_URI, say=say, code=refusal.code)
    if scan.command is not None:
        return do_command(bench, shown, scan.command)
    if scan.serial is not None:
        uri = cache.known_uri(bench.connection, scan.serial)
        if uri is None:
            say = words.SHORT_UNKNOWN.say(bench.lang, short=format_short_code(scan.serial))
            return _answer(bench, shown, verdict=SHORT_UNKNOWN, say=say, code=SHORT_UNKNOWN, result=Result.LOOK)
        text = uri
    if chooses_lot(bench, scan):
        return choose_lot(bench, shown, scan)
    return _judged(bench, text, shown, scan)


def _judged(bench: Bench, text: str, shown: str, scan: Scan) -> Answer:
    finding = judge(text, knowledge=bench.knowledge, now=bench.clock())
    if not finding.passes:
        verdict, say = finding.verdict, finding.say_refused(bench.lang)
        if verdict is Verdict.MALFORMED_URI:
            # It was read all the same, so it is somebody's GS1 code: well formed, and not signed by anyone we know.
            verdict, say = Verdict.UNSIGNED, Unsigned().say(bench.lang)
        if verdict is Verdict.UNSIGNED and scan.kind is CodeKind.PLACE:
            say = words.UNSIGNED_PLACE.say(bench.lang)
        return _refuse(bench, shown, verdict=verdict, say=say, code=verdict.value, unit=scan.unit_id)
    gln = finding.value("414")
    if finding.kind is CodeKind.PLACE and gln is not None:
        return do_place(bench, shown, finding, gln=gln)
    unit = None if finding.code is None else finding.code.unit_id
    if finding.code is None or unit is None:
        return _answer(bench, shown, verdict=finding.verdict, say=words.NOT_HERE.say(bench.lang), code="not_here")
    own = own_word(bench.connection, finding.code, filters=bench.knowledge.filters.held)
    return do_goods(bench, shown, replace(finding, own=own), unit=unit)


def _refuse(bench: Bench, text: str, *, verdict: Verdict, say: str, code: str, unit: str | None = None) -> Answer:
    """Refuse loudly, queue nothing, and keep the text for whoever looks into it."""
    # The code is refused whether or not the note about it fits the disk.
    with suppress(sqlite3.Error), immediate(bench.connection):
        lanes.note_refused_scan(
            bench.connection,
            at=format_utc(bench.clock()),
            lane=bench.lane,
            text=text,
            verdict=verdict,
            keep=REFUSED_KEPT,
        )
    return _answer(bench, text, verdict=verdict, say=say, code=code, unit=unit)


def _answer(
    bench: Bench,
    text: str,
    *,
    verdict: str,
    say: str,
    code: str,
    result: Result = Result.STOP,
    unit: str | None = None,
) -> Answer:
    return Answer(
        text=text,
        verdict=str(verdict),
        result=result,
        say=say,
        code=code,
        operation=bench.lane.operation,
        unit=unit,
    )
