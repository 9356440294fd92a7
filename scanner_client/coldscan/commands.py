"""Command cards and place codes: they set what the next scans mean, and queue nothing."""

from dataclasses import replace
from typing import Final

from coldscan import cache, lanes, words
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.card_words import UNKNOWN, both, is_known, say_known
from coldscan.lanes import Pile
from coldscan.operation import NAMES, Operation
from coldscan.piles import confirm, move_pile
from coldscan.store import immediate
from coldscan.undo import undo
from coldscan.verdict import Finding
from coldtrace.codes.command import Card, Command

COMMAND_VERDICT: Final = "command"

OPERATION_CARDS: Final = {
    Command.IN: Operation.RECEIVE,
    Command.OUT: Operation.SHIP,
    Command.COMMISSION: Operation.COMMISSION,
    Command.PACK: Operation.PACK,
    Command.UNPACK: Operation.UNPACK,
    Command.SELL: Operation.SELL,
    Command.MOVE: Operation.STORE,
    Command.COUNT: Operation.COUNT,
    Command.OPEN: Operation.OPEN,
    Command.TRANSFORM: Operation.TRANSFORM,
    Command.HOLD: Operation.HOLD,
    Command.DESTROY: Operation.DESTROY,
}
_OF_PALLETS: Final = (Operation.COMMISSION, Operation.PACK)
"""What the pile of cartons for a pallet belongs to; it stays when something else is done in between."""


def do_command(bench: Bench, text: str, card: Card) -> Answer:
    """Carry out a scanned command card."""
    match card.command:
        case Command.NEXT:
            return _next(bench, text)
        case Command.UNDO:
            return undo(bench, text)
        case Command.CONFIRM:
            return confirm(bench, text)
        case Command.REASON | Command.METHOD | Command.WITNESS:
            return _say_more(bench, text, card)
    operation = OPERATION_CARDS[card.command]
    if operation.value not in bench.device.operations:
        say = words.NOT_ALLOWED.say(bench.lang, operation=NAMES[operation].say(bench.lang))
        return refuse_card(bench, text, say, code="not_allowed")
    dropped = set_operation(bench, operation)
    say = words.OPERATION_SET.say(bench.lang, operation=NAMES[operation].say(bench.lang))
    if dropped:
        say += words.PICKS_DROPPED.say(bench.lang, count=dropped)
        return _answer(bench, text, Result.LOOK, say, code="picks_dropped")
    open_count = lanes.pile_size(bench.connection, bench.lane.name)
    if open_count and operation not in _OF_PALLETS:
        say += words.PILE_OPEN.say(bench.lang, count=open_count)
        return _answer(bench, text, Result.LOOK, say, code="pile_open")
    return _answer(bench, text, Result.NOTED, say)


def refuse_card(bench: Bench, text: str, say: str, *, code: str) -> Answer:
    """Refuse a card and let go of the operation before it: who did not look up must not go on with that one."""
    if bench.operation is not None and not bench.keeps_operation:
        dropped = set_operation(bench, None)
        say += words.OPERATION_LET_GO.say(bench.lang)
        if dropped:
            say += words.PICKS_DROPPED.say(bench.lang, count=dropped)
    return _answer(bench, text, Result.STOP, say, code=code)


def _say_more(bench: Bench, text: str, card: Card) -> Answer:
    """Take what will be stated with what is held or destroyed."""
    if not is_known(card):
        return _refuse_word(bench, text, card)
    said, lane, sentence = both(card.words), bench.lane, words.WITNESS_SET
    if card.command is Command.REASON:
        lane, sentence = replace(lane, reason=said), words.REASON_SET
    elif card.command is Command.METHOD:
        lane, sentence = replace(lane, method=said), words.METHOD_SET
    else:
        lane = replace(lane, witness=said)
    bench.set_lane(lane, new_context=False)
    return _answer(bench, text, Result.NOTED, sentence.say(bench.lang, said=card.words.say(bench.lang)))


def _refuse_word(bench: Bench, text: str, card: Card) -> Answer:
    """Refuse a reason or method that is on no card, and forget the one before: nothing is stated with it by mistake."""
    is_reason = card.command is Command.REASON
    lane = replace(bench.lane, reason=None) if is_reason else replace(bench.lane, method=None)
    bench.set_lane(lane, new_context=False)
    known = say_known(card.command, bench.lang)
    say = UNKNOWN[card.command].say(bench.lang, value=card.value or "", known=known)
    return _answer(bench, text, Result.STOP, say, code="unknown_word")


def set_operation(bench: Bench, operation: Operation | None) -> int:
    """Choose an operation, or none; return how many units are let go that were picked for another one.

    Choosing the one that is under way changes nothing, so a restart may repeat it.
    """
    name = None if operation is None else operation.value
    if bench.lane.operation == name:
        return 0
    lane = replace(bench.lane.afresh(), operation=name)
    with immediate(bench.connection):
        dropped = lanes.clear_piles(bench.connection, lane.name, [each for each in Pile if each is not Pile.CHILD])
        saved = lanes.save(bench.connection, lane, new_context=True)
    bench.lane = saved
    return dropped


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
    if bench.operation is Operation.STORE and lanes.pile_size(bench.connection, bench.lane.name, Pile.STORE):
        place = f"{place_name(bench, gln)} {extension or ''}".strip()
        return move_pile(bench, text, door=door, place=place)
    if bench.lane.door != door:
        bench.set_lane(replace(bench.lane, door=door), new_context=False)
    place = f"{place_name(bench, gln)} {extension or ''}".strip()
    return _set(bench, text, finding, words.DOOR_SET.say(bench.lang, place=place))


def _set(bench: Bench, text: str, finding: Finding, say: str) -> Answer:
    result, said = finding.result(Result.NOTED), say + bench.amber(finding)
    return _answer(bench, text, result, said, verdict=finding.verdict, code=finding.amber_code)


def _next(bench: Bench, text: str) -> Answer:
    name, context = bench.lane.name, bench.lane.context
    counted = lanes.said_in(bench.connection, type=Operation.COUNT.value, context=context)
    with immediate(bench.connection):
        left = lanes.clear_piles(bench.connection, name)
        saved = lanes.save(bench.connection, bench.lane.afresh(), new_context=True)
    bench.lane = saved
    if left:
        return _answer(bench, text, Result.LOOK, words.NEXT_PILE.say(bench.lang, count=left), code="pile_cleared")
    if counted and bench.operation is Operation.COUNT:
        return _answer(bench, text, Result.NOTED, words.COUNT_ENDED.say(bench.lang, count=counted))
    return _answer(bench, text, Result.NOTED, words.NEXT.say(bench.lang))


def _answer(
    bench: Bench, text: str, result: Result, say: str, *, verdict: str = COMMAND_VERDICT, code: str | None = None
) -> Answer:
    return Answer(text=text, verdict=verdict, result=result, say=say, code=code, operation=bench.lane.operation)
