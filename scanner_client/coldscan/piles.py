"""Goods that are picked first and stated together: moved to a place, destroyed, repacked.

Nothing is stored while they are picked; the place code or CONFIRM that ends the pile makes one statement of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from coldscan import lanes, words
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.compose import Matter
from coldscan.lanes import Picked, Pile
from coldscan.operation import Operation
from coldscan.saying import PILE_MAX, Scan, door_field, look, remember
from coldscan.store import immediate
from coldtrace.clock import format_utc
from coldtrace.errors import Words
from coldtrace.events.canonical import JsonValue
from coldtrace.events.statement_type import Role, StatementType
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64

OUTPUTS: Final = "outputs"
"""The phase of a repacking in which scans are what comes out."""


def pile_in_use(bench: Bench) -> Pile | None:
    """Return the pile on which the lane's operation puts what is scanned, None if it puts nothing anywhere."""
    match bench.operation:
        case Operation.PACK:
            return Pile.CHILD
        case Operation.STORE:
            return Pile.STORE
        case Operation.DESTROY:
            return Pile.DESTROY
        case Operation.TRANSFORM:
            return Pile.OUTPUT if bench.lane.phase == OUTPUTS else Pile.INPUT
    return None


def pick_to_move(bench: Bench, scan: Scan) -> Answer:
    """Pick what is carried to another place."""
    return _pick(bench, scan, Pile.STORE, words.PICKED_TO_MOVE)


def pick_to_destroy(bench: Bench, scan: Scan) -> Answer:
    """Pick what is destroyed, once method and witness are known."""
    if bench.lane.method is None or bench.lane.witness is None:
        return look(bench, scan, words.NO_METHOD, code="no_method")
    return _pick(bench, scan, Pile.DESTROY, words.PICKED_TO_DESTROY)


def pick_to_repack(bench: Bench, scan: Scan) -> Answer:
    """Pick what goes in, or, after the first CONFIRM, what comes out."""
    if bench.lane.phase != OUTPUTS:
        return _pick(bench, scan, Pile.INPUT, words.PICKED_INPUT)
    inputs = {each.unit for each in lanes.pile_of(bench.connection, bench.lane.name, Pile.INPUT)}
    if scan.unit in inputs:
        return look(bench, scan, words.ALREADY_INPUT, code="already_input", result=Result.STOP, unit=scan.name)
    return _pick(bench, scan, Pile.OUTPUT, words.PICKED_OUTPUT, code=b64(scan.finding.code_hash))


def move_pile(bench: Bench, text: str, *, door: str, place: str) -> Answer:
    """State that everything picked stands at a place of the site now."""
    matter = StatementType.STORE, [("door", door)]
    return _state(bench, text, [Pile.STORE], *matter, words.STORED, place=place)


def confirm(bench: Bench, text: str) -> Answer:
    """Answer the question of the pile: destroy it, or go on with the repacking."""
    if bench.operation is Operation.DESTROY:
        lane = bench.lane
        fields: list[tuple[str, JsonValue]] = [("method", lane.method), ("witness", lane.witness)]
        return _state(bench, text, [Pile.DESTROY], StatementType.DESTROY, fields, words.DESTROYED)
    if bench.operation is not Operation.TRANSFORM:
        return _answer(bench, text, Result.LOOK, words.NOTHING_TO_CONFIRM.say(bench.lang), code="nothing_to_confirm")
    inputs = lanes.pile_size(bench.connection, bench.lane.name, Pile.INPUT)
    if not inputs or bench.lane.phase == OUTPUTS:
        return _state(bench, text, [Pile.INPUT, Pile.OUTPUT], StatementType.TRANSFORM, [], words.REPACKED)
    bench.set_lane(replace(bench.lane, phase=OUTPUTS), new_context=False)
    return _answer(bench, text, Result.NOTED, words.INPUTS_DONE.say(bench.lang, count=inputs))


def _pick(bench: Bench, scan: Scan, pile: Pile, sentence: Words, *, code: str | None = None) -> Answer:
    name = bench.lane.name
    if lanes.pile_size(bench.connection, name, pile) >= PILE_MAX:
        return look(bench, scan, words.FULL_PILE, code="full_pile", count=PILE_MAX)
    with immediate(bench.connection):
        is_new = lanes.pick(bench.connection, name, scan.unit, pile, code=code)
        if is_new:
            remember(bench, scan)
        count = lanes.pile_size(bench.connection, name, pile)
    if not is_new:
        return look(bench, scan, words.ON_PILE, code="repeat", result=Result.REPEAT, unit=scan.name)
    return look(bench, scan, sentence, code=None, result=Result.NOTED, unit=scan.name, count=count)


_ROLES: Final = {Pile.STORE: Role.UNIT, Pile.DESTROY: Role.UNIT, Pile.INPUT: Role.INPUT, Pile.OUTPUT: Role.OUTPUT}

_ENDED: Final = frozenset({Pile.DESTROY, Pile.INPUT})


def _state(
    bench: Bench,
    text: str,
    piles: Sequence[Pile],
    type: StatementType,
    fields: Sequence[tuple[str, JsonValue]],
    sentence: Words,
    **facts: str | int,
) -> Answer:
    """Make one statement of piles, none of which may be empty, and start them anew."""
    name, id = bench.lane.name, None
    lane = replace(bench.lane, phase=None)
    with immediate(bench.connection):
        picked = {pile: lanes.pile_of(bench.connection, name, pile) for pile in piles}
        if all(picked.values()):
            lines = [
                Line(_ROLES[pile], each.unit, None, 1, {} if each.code is None else {"code": each.code})
                for pile, units in picked.items()
                for each in units
            ]
            door = [] if any(key == "door" for key, _ in fields) else door_field(bench)
            matter = Matter(type=type, lines=lines, fields=[*door, *fields])
            at = bench.clock()
            id = bench.append(matter, now=at)
            _note_ended(bench, type, id, picked, at=format_utc(bench.knowledge.corrected(at)))
            lanes.clear_piles(bench.connection, name, piles)
            lane = lanes.save(bench.connection, lane, new_context=True)
    if id is None:
        return _answer(bench, text, Result.LOOK, words.NO_GOODS.say(bench.lang), code="no_goods")
    bench.lane = lane
    counts = {f"{pile.value}s": len(units) for pile, units in picked.items()}
    said = sentence.say(bench.lang, count=sum(counts.values()), **counts, **facts)
    return _answer(bench, text, Result.SAVED, said, statement_id=id)


def _note_ended(
    bench: Bench, type: StatementType, id: str, picked: Mapping[Pile, Sequence[Picked]], *, at: str
) -> None:
    """Remember what is gone by this statement, so that its next scan says so."""
    for unit in [each.unit for pile, units in picked.items() if pile in _ENDED for each in units]:
        lanes.note_said(bench.connection, unit=unit, type=type.value, context=bench.lane.context, statement=id, at=at)


def _answer(
    bench: Bench, text: str, result: Result, say: str, *, code: str | None = None, statement_id: str | None = None
) -> Answer:
    return Answer(
        text=text,
        verdict="command",
        result=result,
        say=say,
        code=code,
        operation=bench.lane.operation,
        statement_id=statement_id,
        queued=statement_id is not None,
    )
