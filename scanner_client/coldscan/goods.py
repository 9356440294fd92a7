"""Cartons and pallets: one verified scan, one statement (or one more carton on the pile).

COMMISSION  carton -> commission, and onto the pile      pallet -> pack of the pile
PACK        carton -> onto the pile                      pallet -> pack of the pile
UNPACK      pallet -> is open                            carton -> unpack from the open pallet
SHIP        either -> ship to the place scanned before
RECEIVE     either -> receive
SELL        carton -> sell
STORE       either -> is picked; a place code of the site moves the pile (`piles.py`)
COUNT       either -> count, at the place scanned before
OPEN        carton -> open
HOLD        either -> hold, for the reason scanned before
DESTROY     either -> is picked; CONFIRM destroys the pile (`piles.py`)
TRANSFORM   carton -> goes in; after CONFIRM, comes out; CONFIRM again repacks (`piles.py`)
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from coldscan import lanes, words
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.card_words import say_stated
from coldscan.commands import place_name
from coldscan.compose import Matter
from coldscan.lanes import EVERYWHERE, Pile
from coldscan.lots_chosen import lot_of
from coldscan.operation import NAMES, Operation
from coldscan.own_word import OwnState
from coldscan.piles import pick_to_destroy, pick_to_move, pick_to_repack
from coldscan.saying import PILE_MAX, REPEAT_WITHIN, Scan, door_field, look, remember, repeat, saved, say
from coldscan.store import immediate
from coldscan.verdict import Finding
from coldtrace.clock import format_utc
from coldtrace.codes.counter_name import counter_name
from coldtrace.events.canonical import JsonValue
from coldtrace.events.facts import facts_hash
from coldtrace.events.statement_type import Role, StatementType
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64


def do_goods(bench: Bench, text: str, finding: Finding, *, unit: str) -> Answer:
    """Do with a verified carton or pallet what the lane's operation asks."""
    scan = Scan(text=text, finding=finding, unit=unit)
    operation = bench.operation
    if operation is None:
        return look(bench, scan, words.NO_OPERATION, code="no_operation")
    if operation.value not in bench.device.operations:
        name = NAMES[operation].say(bench.lang)
        return look(bench, scan, words.NOT_ALLOWED, code="not_allowed", result=Result.STOP, operation=name)
    own = None if finding.own is None else finding.own.state
    if own is OwnState.DESTROYED:
        return look(bench, scan, words.DESTROYED_BEFORE, code=own.value, result=Result.STOP, unit=scan.name)
    if own is OwnState.HELD and operation in _GOES_ON:
        return look(bench, scan, words.HELD, code=own.value, result=Result.STOP, unit=scan.name)
    held = finding.blocked
    if held is not None and held.chance_in is None and operation in _GOES_ON:
        return look(bench, scan, words.HELD, code="held", result=Result.STOP, unit=scan.name)
    do_pallet, do_carton = _WORK[operation]
    return do_pallet(bench, scan) if scan.is_pallet else do_carton(bench, scan)


def _commission(bench: Bench, scan: Scan) -> Answer:
    digest, lot = scan.finding.code_hash, lot_of(bench, scan)
    if isinstance(lot, Answer):
        return lot
    if lanes.pile_size(bench.connection, bench.lane.name) >= PILE_MAX:
        return look(bench, scan, words.FULL_PILE, code="full_pile", count=PILE_MAX)
    matter = Matter(
        type=StatementType.COMMISSION,
        lines=[Line(Role.UNIT, scan.unit, None, 1, {"code": b64(digest)})],
        facts=facts_hash(lot.facts),
        fields=door_field(bench),
    )
    answer = say(bench, scan, matter, words.COMMISSIONED, context=EVERYWHERE, pick=True)
    if not lot.is_late or not answer.queued:
        return answer
    return replace(answer, result=Result.LOOK, code="bound_late", say=answer.say + words.BOUND_LATE.say(bench.lang))


def _pick(bench: Bench, scan: Scan) -> Answer:
    if lanes.pile_size(bench.connection, bench.lane.name) >= PILE_MAX:
        return look(bench, scan, words.FULL_PILE, code="full_pile", count=PILE_MAX)
    with immediate(bench.connection):
        is_new = lanes.pick(bench.connection, bench.lane.name, scan.unit)
        if is_new:
            remember(bench, scan)
        count = lanes.pile_size(bench.connection, bench.lane.name)
    if not is_new:
        return look(bench, scan, words.ON_PILE, code="repeat", result=Result.REPEAT, unit=scan.name)
    return look(bench, scan, words.PICKED, code=None, result=Result.NOTED, unit=scan.name, count=count)


def _pack(bench: Bench, scan: Scan) -> Answer:
    with immediate(bench.connection):
        units = [each.unit for each in lanes.pile_of(bench.connection, bench.lane.name)]
        if units:
            at = bench.clock()
            id = bench.append(
                Matter(
                    type=StatementType.PACK,
                    lines=[
                        Line(Role.PARENT, scan.unit, None, 1),
                        *(Line(Role.CHILD, unit, scan.unit, 1) for unit in units),
                    ],
                    fields=door_field(bench),
                ),
                now=at,
            )
            lanes.note_said(
                bench.connection,
                unit=scan.unit,
                type=StatementType.PACK,
                context=EVERYWHERE,
                statement=id,
                at=format_utc(bench.knowledge.corrected(at)),
            )
            lanes.clear_piles(bench.connection, bench.lane.name, [Pile.CHILD])
    if units:
        return saved(bench, scan, words.PACKED, statement_id=id, count=len(units))
    # An empty pile and a pallet that was just packed: somebody pulled the trigger twice.
    before = lanes.already_said(bench.connection, unit=scan.unit, type=StatementType.PACK, context=EVERYWHERE)
    if before is not None and bench.is_repeat(before, within=REPEAT_WITHIN):
        return repeat(bench, scan, before)
    return look(bench, scan, words.EMPTY_PILE, code="empty_pile", unit=scan.name)


def _open_pallet(bench: Bench, scan: Scan) -> Answer:
    if bench.lane.pallet != scan.unit:
        bench.set_lane(replace(bench.lane, pallet=scan.unit), new_context=True)
    return look(bench, scan, words.PALLET_SET, code=None, result=Result.NOTED, unit=scan.name)


def _unpack(bench: Bench, scan: Scan) -> Answer:
    pallet = bench.lane.pallet
    if pallet is None:
        return look(bench, scan, words.NO_PALLET, code="no_pallet")
    matter = Matter(
        type=StatementType.UNPACK,
        lines=[Line(Role.CHILD, scan.unit, pallet, 1)],
        fields=door_field(bench),
    )
    return say(bench, scan, matter, words.UNPACKED, parent=pallet)


def _ship(bench: Bench, scan: Scan) -> Answer:
    lane = bench.lane
    to = lane.counterparty_name or place_name(bench, lane.counterparty or "")
    fields = door_field(bench)
    if lane.counterparty is not None:
        fields.append(("to", lane.counterparty))
    elif lane.counterparty_name is not None:
        fields.append(("to_name", lane.counterparty_name))
    else:
        return look(bench, scan, words.NO_DESTINATION, code="no_destination")
    matter = Matter(type=StatementType.SHIP, lines=[Line(Role.UNIT, scan.unit, None, 1)], fields=fields)
    return say(bench, scan, matter, words.SHIPPED, to=to)


def _receive(bench: Bench, scan: Scan) -> Answer:
    fields = door_field(bench)
    if bench.lane.counterparty is not None:
        fields.append(("from", bench.lane.counterparty))
    matter = Matter(type=StatementType.RECEIVE, lines=[Line(Role.UNIT, scan.unit, None, 1)], fields=fields)
    return say(bench, scan, matter, words.RECEIVED)


def _sell(bench: Bench, scan: Scan) -> Answer:
    matter = Matter(
        type=StatementType.SELL,
        lines=[Line(Role.UNIT, scan.unit, None, 1)],
        fields=door_field(bench),
    )
    return say(bench, scan, matter, words.SOLD)


def _count(bench: Bench, scan: Scan) -> Answer:
    if bench.lane.door is None:
        return look(bench, scan, words.NO_PLACE, code="no_place")
    counted = lanes.said_in(bench.connection, type=StatementType.COUNT, context=bench.lane.context)
    return say(bench, scan, _of_unit(bench, scan, StatementType.COUNT), words.COUNTED, count=counted + 1)


def _open(bench: Bench, scan: Scan) -> Answer:
    # The sign that was scanned before is that of the counter which sells from the case.
    extension = (bench.lane.door or "").partition("/")[2]
    attributes = {"counter": counter_name(extension)} if extension else {}
    lines = [Line(Role.UNIT, scan.unit, None, 1, attributes)]
    return say(bench, scan, Matter(type=StatementType.OPEN, lines=lines, fields=door_field(bench)), words.OPENED)


def _hold(bench: Bench, scan: Scan) -> Answer:
    if bench.lane.reason is None:
        return look(bench, scan, words.NO_REASON, code="no_reason")
    matter = _of_unit(bench, scan, StatementType.HOLD, ("reason", bench.lane.reason))
    return say(bench, scan, matter, words.HELD_NOW, reason=say_stated(bench.lane.reason, bench.lang))


def _of_unit(bench: Bench, scan: Scan, type: StatementType, *fields: tuple[str, JsonValue]) -> Matter:
    return Matter(type=type, lines=[Line(Role.UNIT, scan.unit, None, 1)], fields=[*door_field(bench), *fields])


def _cartons_only(bench: Bench, scan: Scan) -> Answer:
    return look(bench, scan, words.NOT_A_CARTON, code="not_a_carton")


_WORK: Final[dict[Operation, tuple[Callable[[Bench, Scan], Answer], Callable[[Bench, Scan], Answer]]]] = {
    Operation.COMMISSION: (_pack, _commission),
    Operation.PACK: (_pack, _pick),
    Operation.UNPACK: (_open_pallet, _unpack),
    Operation.SHIP: (_ship, _ship),
    Operation.RECEIVE: (_receive, _receive),
    Operation.SELL: (_cartons_only, _sell),
    Operation.STORE: (pick_to_move, pick_to_move),
    Operation.COUNT: (_count, _count),
    Operation.OPEN: (_cartons_only, _open),
    Operation.TRANSFORM: (_cartons_only, pick_to_repack),
    Operation.HOLD: (_hold, _hold),
    Operation.DESTROY: (pick_to_destroy, pick_to_destroy),
}
"""What a pallet and what a carton means in each operation."""

_GOES_ON: Final = frozenset({Operation.SHIP, Operation.SELL, Operation.OPEN, Operation.TRANSFORM})
"""What goods on hold must not do; that they came in, or lie here, is said all the same."""
