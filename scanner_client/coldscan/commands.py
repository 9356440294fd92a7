"""Command cards and place codes: they set what the next scans mean, and queue nothing."""

from dataclasses import replace
from typing import Final

from coldscan import cache, lanes, words
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.operation import NAMES, Operation
from coldscan.verdict import Finding
from coldtrace.codes.command import Command
from coldtrace.errors import Words

COMMAND_VERDICT: Final = "command"

_OPERATIONS: Final = {
    Command.IN: Operation.RECEIVE,
    Command.OUT: Operation.SHIP,
    Command.COMMISSION: Operation.COMMISSION,
    Command.PACK: Operation.PACK,
    Command.UNPACK: Operation.UNPACK,
    Command.SELL: Operation.SELL,
}

# Cards that are printed already; what they do comes with the handheld's screens for moving and counting (issue 7).
_LATER: Final = {
    Command.MOVE: Words("移库", "MOVE"),
    Command.COUNT: Words("盘点", "COUNT"),
    Command.CONFIRM: Words("确认", "CONFIRM"),
}


def do_command(bench: Bench, text: str, command: Command) -> Answer:
    """Carry out a scanned command card."""
    if command is Command.NEXT:
        return _next(bench, text)
    if command is Command.UNDO:
        return _answer(bench, text, Result.LOOK, words.UNDO_LATER.say(bench.lang), code="undo_not_built")
    if command in _LATER:
        say = words.COMMAND_LATER.say(bench.lang, command=_LATER[command].say(bench.lang))
        return _answer(bench, text, Result.LOOK, say, code="command_not_built")
    operation = _OPERATIONS[command]
    if operation.value not in bench.device.operations:
        say = words.NOT_ALLOWED.say(bench.lang, operation=NAMES[operation].say(bench.lang))
        return _answer(bench, text, Result.STOP, say, code="not_allowed")
    set_operation(bench, operation)
    say = words.OPERATION_SET.say(bench.lang, operation=NAMES[operation].say(bench.lang))
    open_count = lanes.pile_size(bench.connection, bench.lane.name)
    if open_count and operation not in (Operation.COMMISSION, Operation.PACK):
        say += words.PILE_OPEN.say(bench.lang, count=open_count)
        return _answer(bench, text, Result.LOOK, say, code="pile_open")
    return _answer(bench, text, Result.NOTED, say)


def set_operation(bench: Bench, operation: Operation) -> None:
    """Choose an operation.  Choosing the one that is under way changes nothing, so a restart may repeat it."""
    if bench.lane.operation == operation.value:
        return
    lane = replace(bench.lane, operation=operation.value, counterparty=None, counterparty_name=None, pallet=None)
    bench.set_lane(lane, new_context=True)


def set_counterparty(bench: Bench, *, gln: str | None, name: str | None) -> None:
    """Choose whom the goods go to or come from: by place, or by name where the firm has no place code."""
    if (bench.lane.counterparty, bench.lane.counterparty_name) != (gln, name):
        lane = replace(bench.lane, counterparty=gln, counterparty_name=name)
        bench.set_lane(lane, new_context=True)


def do_place(bench: Bench, text: str, finding: Finding, *, gln: str) -> Answer:
    """Take a place code: a door of the own site, or the counterparty of goods going out or coming in."""
    if gln == bench.device.site.gln:
        return _door(bench, text, finding, gln=gln)
    place = place_name(bench, gln)
    if bench.operation is Operation.SHIP:
        say = words.TO_SET.say(bench.lang, place=place)
    elif bench.operation is Operation.RECEIVE:
        say = words.FROM_SET.say(bench.lang, place=place)
    else:
        missing = words.NO_OPERATION if bench.operation is None else words.NOT_HERE
        return _answer(bench, text, Result.LOOK, missing.say(bench.lang), verdict=finding.verdict, code="not_here")
    set_counterparty(bench, gln=gln, name=None)
    return _set(bench, text, finding, say)


def place_name(bench: Bench, gln: str) -> str:
    """Return what people call a place: as the server named it, as the trust list does, or its number."""
    return cache.place_name(bench.connection, gln, bench.lang) or bench.knowledge.station_name(gln) or gln


def _door(bench: Bench, text: str, finding: Finding, *, gln: str) -> Answer:
    extension = finding.value("254")
    door = gln if extension is None else f"{gln}/{extension}"
    if bench.lane.door != door:
        bench.set_lane(replace(bench.lane, door=door), new_context=False)
    place = f"{place_name(bench, gln)} {extension or ''}".strip()
    return _set(bench, text, finding, words.DOOR_SET.say(bench.lang, place=place))


def _set(bench: Bench, text: str, finding: Finding, say: str) -> Answer:
    result, said = finding.result(Result.NOTED), say + bench.amber(finding)
    return _answer(bench, text, result, said, verdict=finding.verdict, code=finding.amber_code)


def _next(bench: Bench, text: str) -> Answer:
    left = lanes.pile_size(bench.connection, bench.lane.name)
    lane = replace(bench.lane, counterparty=None, counterparty_name=None, pallet=None)
    bench.set_lane(lane, new_context=True, clear_pile=True)
    if left:
        return _answer(bench, text, Result.LOOK, words.NEXT_PILE.say(bench.lang, count=left), code="pile_cleared")
    return _answer(bench, text, Result.NOTED, words.NEXT.say(bench.lang))


def _answer(
    bench: Bench, text: str, result: Result, say: str, *, verdict: str = COMMAND_VERDICT, code: str | None = None
) -> Answer:
    return Answer(text=text, verdict=verdict, result=result, say=say, code=code, operation=bench.lane.operation)
