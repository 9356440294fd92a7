"""The loop of a gate: what the guns of two lanes read is answered one after another, in the order of reading.

One bench serves both lanes; each lane has its own standing (counterparty, door, context), which survives a restart.
A lane does one thing only: what comes in is received, what goes out is shipped.  An answer is written before the next
line is taken, and nothing that a lamp, a loudspeaker or a broken cable does can hold up a scan.
"""

import queue
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from coldscan import words_gate
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.commands import COMMAND_VERDICT, OPERATION_CARDS
from coldscan.fault_words import say_fault
from coldscan.gun_reader import Broken, Changed, GunState, Heard, Report
from coldscan.hid_keys import Line
from coldscan.lanes import Lane
from coldscan.operation import NAMES, Operation
from coldscan.refusals import GunThreadBroken
from coldscan.scan import SHOWN_CHARS, take
from coldscan.watchdog import Watchdog
from coldtrace.codes.scan import read_scan
from coldtrace.errors import Refusal

LANE_OPERATIONS: Final = {"in": Operation.RECEIVE, "out": Operation.SHIP}
GUN_VERDICT: Final = "gun"
_RESULTS: Final = {
    GunState.READY: Result.NOTED,
    GunState.AWAITED: Result.LOOK,
    GunState.LOST: Result.STOP,
    GunState.BACK: Result.NOTED,
}


class Gate:
    """One bench with a standing for each lane."""

    def __init__(self, bench: Bench, standings: dict[str, Lane]) -> None:
        self.bench, self._standings = bench, standings
        bench.keeps_operation = True

    def answer(self, report: Heard | Changed) -> Answer:
        """Answer what a gun has read, or what has become of it."""
        if isinstance(report, Changed):
            return self._about_gun(report)
        self.bench.lane = self._standings[report.gun.lane]
        answer = self._take(report.line)
        self._standings[report.gun.lane] = self.bench.lane
        return answer

    def _take(self, line: Line) -> Answer:
        bench, operation = self.bench, LANE_OPERATIONS[self.bench.lane.name]
        if not line.whole:
            return self._refuse(line, "not_whole", words_gate.NOT_WHOLE.say(bench.lang))
        if _wanted_operation(line.text) not in (None, operation):
            say = words_gate.LANE_FIXED.say(bench.lang, operation=NAMES[operation].say(bench.lang))
            return self._refuse(line, "lane_fixed", say)
        return take(bench, line.text)

    def _refuse(self, line: Line, code: str, say: str) -> Answer:
        verdict = COMMAND_VERDICT if line.whole else "not_read"
        result = Result.LOOK if line.whole else Result.STOP
        operation = self.bench.lane.operation
        shown = line.text[:SHOWN_CHARS]
        return Answer(text=shown, verdict=verdict, result=result, say=say, code=code, operation=operation)

    def _about_gun(self, changed: Changed) -> Answer:
        lang = self.bench.lang
        reason = say_fault(changed.reason, lang)
        say = words_gate.GUNS[changed.state].say(lang, path=changed.gun.path, reason=reason)
        code, operation = changed.state.value, self._standings[changed.gun.lane].operation
        return Answer(
            text="", verdict=GUN_VERDICT, result=_RESULTS[changed.state], say=say, code=code, operation=operation
        )


def run_loop(
    gate: Gate,
    reports: "queue.SimpleQueue[Report | None]",
    show: Callable[[str, Answer], None],
    watchdog: Watchdog,
) -> bool:
    """Answer what comes until None comes; return whether nothing was refused.  Raises GunThreadBroken.

    `show(lane, answer)` makes it seen and heard.
    """
    clean = True
    watchdog.say("READY=1")
    while True:
        watchdog.say("WATCHDOG=1")
        try:
            report = reports.get(timeout=watchdog.beat_s)
        except queue.Empty:
            continue
        if report is None:
            watchdog.say("STOPPING=1")
            return clean
        if isinstance(report, Broken):
            raise GunThreadBroken(path=report.gun.path)
        answer = gate.answer(report)
        show(report.gun.lane, answer)
        gate.bench.rest()
        clean = clean and (answer.result is not Result.STOP or answer.verdict == GUN_VERDICT)


def standing_of(lane: Lane) -> Lane:
    """Return a lane as a gate uses it: whatever else it did before, it does its one thing now."""
    operation = LANE_OPERATIONS[lane.name].value
    return lane if lane.operation == operation else replace(lane.afresh(), operation=operation)


def _wanted_operation(text: str) -> Operation | None:
    """Return the operation for which a command card asks, None for anything else."""
    if "ct:" not in text.lower():
        return None
    try:
        card = read_scan(text).command
    except Refusal:
        return None
    return None if card is None else OPERATION_CARDS.get(card.command)
