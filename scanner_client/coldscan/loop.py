"""The scan loop: lines in, panels or JSON lines out, in the order of scanning."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TextIO

from coldscan import statements, words
from coldscan.ages import say_age
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.compose import SKEW_SAID_S
from coldscan.operation import NAMES
from coldscan.panel import draw, plain
from coldscan.scan import take
from coldtrace.clock import parse_utc

Printer = Callable[[Answer], str]


def run(bench: Bench, lines: Iterable[str], out: TextIO, printer: Printer) -> bool:
    """Answer every line; return whether none was refused.

    Each answer is written and flushed before the next line is taken: what was not answered was not promised.
    """
    clean = True
    for line in lines:
        answer = take(bench, line)
        out.write(printer(answer))
        out.flush()
        bench.rest()
        clean = clean and answer.result is not Result.STOP
    return clean


def print_json(answer: Answer) -> str:
    """Return the answer as one line for a program."""
    return json.dumps(answer.to_json(), ensure_ascii=False) + "\n"


def panel_printer(bench: Bench) -> Printer:
    """Return the printer for a terminal."""

    return lambda answer: draw(answer, footer=footer_or_nothing(bench))


def line_printer(bench: Bench) -> Printer:
    """Return the printer for a pipe that people read."""
    return lambda answer: plain(answer, lang=bench.lang) + "\n"


def footer_or_nothing(bench: Bench) -> str:
    """Return the footer; the answer stands, so a line about the queue that cannot be read is only left out."""
    with suppress(sqlite3.Error):
        return footer(bench)
    return ""


def footer(bench: Bench) -> str:
    """Return what is always in sight: site, operation, what waits and since when, how old the list is."""
    now, lang, site = bench.clock(), bench.lang, bench.device.site
    unsent = statements.pending_count(bench.connection)
    oldest = statements.oldest_unsent(bench.connection)
    since = (
        ""
        if oldest is None
        else say_age(int((bench.knowledge.corrected(now) - parse_utc(oldest)).total_seconds()), lang)
    )
    is_old = bench.knowledge.is_stale(now) or bench.knowledge.is_past_limit(now)
    stale = words.AGE_OLD if is_old else words.AGE
    return words.FOOTER.say(
        lang,
        site=site.name_zh if lang == "zh" else site.name_en,
        operation="-" if bench.operation is None else NAMES[bench.operation].say(lang),
        unsent=unsent,
        oldest=words.OLDEST.say(lang, age=since) if since else "",
        age=stale.say(lang, age=say_age(bench.knowledge.age_s(now), lang)),
    )


def warnings_of(bench: Bench) -> list[str]:
    """Return what a person should know about the clock before starting."""
    now, found = bench.clock(), []
    server = bench.knowledge.server_time
    if server is not None and now < server:
        found.append(words.CLOCK_BEHIND.say(bench.lang, server=bench.local_time(server)))
    elif abs(bench.knowledge.ahead_s(now)) >= SKEW_SAID_S:
        found.append(words.CLOCK_WRONG.say(bench.lang, skew_s=abs(bench.knowledge.ahead_s(now))))
    return found
