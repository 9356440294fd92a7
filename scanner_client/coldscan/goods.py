"""Cartons and pallets: one verified scan, one statement (or one more carton on the pile).

COMMISSION  carton -> commission, and onto the pile      pallet -> pack of the pile
PACK        carton -> onto the pile                      pallet -> pack of the pile
UNPACK      pallet -> is open                            carton -> unpack from the open pallet
SHIP        either -> ship to the place scanned before
RECEIVE     either -> receive
SELL        carton -> sell
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from coldscan import cache, lanes, words
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.commands import place_name
from coldscan.compose import Matter, append
from coldscan.lanes import EVERYWHERE
from coldscan.operation import NAMES, Operation
from coldscan.store import immediate
from coldscan.verdict import Finding
from coldtrace.clock import format_utc
from coldtrace.codes.short_code import format_short_code
from coldtrace.codes.sscc import names_carton
from coldtrace.errors import Words
from coldtrace.events.canonical import JsonValue
from coldtrace.events.facts import facts_hash
from coldtrace.events.statement_type import Role, StatementType
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64

PILE_MAX: Final = 2_000
"""A pallet holds some 60 cartons; beyond this, somebody has forgotten the pallet label."""

REPEAT_WITHIN: Final = timedelta(hours=12)
"""The same scan in one context within a shift is a repeat.  NEXT starts a new context."""

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


def do_goods(bench: Bench, text: str, finding: Finding, *, unit: str) -> Answer:
    """Do with a verified carton or pallet what the lane's operation asks."""
    scan = Scan(text=text, finding=finding, unit=unit)
    operation = bench.operation
    if operation is None:
        return _look(bench, scan, words.NO_OPERATION, code="no_operation")
    if operation.value not in bench.device.operations:
        name = NAMES[operation].say(bench.lang)
        return _look(bench, scan, words.NOT_ALLOWED, code="not_allowed", result=Result.STOP, operation=name)
    held = finding.blocked
    if held is not None and held.chance_in is None and operation in _GOES_ON:
        return _look(bench, scan, words.HELD, code="held", result=Result.STOP, unit=scan.name)
    do_pallet, do_carton = _WORK[operation]
    return do_pallet(bench, scan) if scan.is_pallet else do_carton(bench, scan)


def _commission(bench: Bench, scan: Scan) -> Answer:
    gtin, lot, digest = scan.finding.value("01"), scan.finding.value("10"), scan.finding.code_hash
    if gtin is not None and lot is not None:
        facts = cache.facts_of(bench.connection, gtin=gtin, lot=lot)
        if facts is None:
            return _look(bench, scan, words.NO_FACTS, code="no_facts", result=Result.STOP, lot=lot)
    else:
        facts = cache.facts_of_unit(bench.connection, scan.unit)
        if facts is None:
            return _look(bench, scan, words.NO_LOT, code="no_lot", result=Result.STOP, unit=scan.name)
    if lanes.pile_size(bench.connection, bench.lane.name) >= PILE_MAX:
        return _look(bench, scan, words.FULL_PILE, code="full_pile", count=PILE_MAX)
    matter = Matter(
        type=StatementType.COMMISSION,
        lines=[Line(Role.UNIT, scan.unit, None, 1, {"code": b64(digest)})],
        facts=facts_hash(facts),
        fields=_door_field(bench),
    )
    return _say(bench, scan, matter, words.COMMISSIONED, context=EVERYWHERE, pick=True)


def _pick(bench: Bench, scan: Scan) -> Answer:
    if lanes.pile_size(bench.connection, bench.lane.name) >= PILE_MAX:
        return _look(bench, scan, words.FULL_PILE, code="full_pile", count=PILE_MAX)
    with immediate(bench.connection):
        is_new = lanes.pick(bench.connection, bench.lane.name, scan.unit)
        if is_new:
            _remember(bench, scan)
        count = lanes.pile_size(bench.connection, bench.lane.name)
    if not is_new:
        return _look(bench, scan, words.ON_PILE, code="repeat", result=Result.REPEAT, unit=scan.name)
    return _look(bench, scan, words.PICKED, code=None, result=Result.NOTED, unit=scan.name, count=count)


def _pack(bench: Bench, scan: Scan) -> Answer:
    with immediate(bench.connection):
        pile = lanes.pile_of(bench.connection, bench.lane.name)
        if pile:
            at = bench.clock()
            id = append(
                bench.connection,
                bench.device,
                Matter(
                    type=StatementType.PACK,
                    lines=[
                        Line(Role.PARENT, scan.unit, None, 1),
                        *(Line(Role.CHILD, unit, scan.unit, 1) for unit in pile),
                    ],
                    fields=_door_field(bench),
                ),
                now=at,
            )
            lanes.note_said(
                bench.connection,
                unit=scan.unit,
                type=StatementType.PACK,
                context=EVERYWHERE,
                statement=id,
                at=format_utc(at),
            )
            lanes.clear_pile(bench.connection, bench.lane.name)
    if pile:
        return _saved(bench, scan, words.PACKED, statement_id=id, count=len(pile))
    # An empty pile and a pallet that was just packed: somebody pulled the trigger twice.
    before = lanes.already_said(bench.connection, unit=scan.unit, type=StatementType.PACK, context=EVERYWHERE)
    if before is not None and bench.is_repeat(before, within=REPEAT_WITHIN):
        return _repeat(bench, scan, before)
    return _look(bench, scan, words.EMPTY_PILE, code="empty_pile", unit=scan.name)


def _open_pallet(bench: Bench, scan: Scan) -> Answer:
    if bench.lane.pallet != scan.unit:
        bench.set_lane(replace(bench.lane, pallet=scan.unit), new_context=True)
    return _look(bench, scan, words.PALLET_SET, code=None, result=Result.NOTED, unit=scan.name)


def _unpack(bench: Bench, scan: Scan) -> Answer:
    pallet = bench.lane.pallet
    if pallet is None:
        return _look(bench, scan, words.NO_PALLET, code="no_pallet")
    matter = Matter(
        type=StatementType.UNPACK,
        lines=[Line(Role.CHILD, scan.unit, pallet, 1)],
        fields=_door_field(bench),
    )
    return _say(bench, scan, matter, words.UNPACKED, parent=pallet)


def _ship(bench: Bench, scan: Scan) -> Answer:
    lane = bench.lane
    to = lane.counterparty_name or place_name(bench, lane.counterparty or "")
    fields = _door_field(bench)
    if lane.counterparty is not None:
        fields.append(("to", lane.counterparty))
    elif lane.counterparty_name is not None:
        fields.append(("to_name", lane.counterparty_name))
    else:
        return _look(bench, scan, words.NO_DESTINATION, code="no_destination")
    matter = Matter(type=StatementType.SHIP, lines=[Line(Role.UNIT, scan.unit, None, 1)], fields=fields)
    return _say(bench, scan, matter, words.SHIPPED, to=to)


def _receive(bench: Bench, scan: Scan) -> Answer:
    fields = _door_field(bench)
    if bench.lane.counterparty is not None:
        fields.append(("from", bench.lane.counterparty))
    matter = Matter(type=StatementType.RECEIVE, lines=[Line(Role.UNIT, scan.unit, None, 1)], fields=fields)
    return _say(bench, scan, matter, words.RECEIVED)


def _sell(bench: Bench, scan: Scan) -> Answer:
    matter = Matter(
        type=StatementType.SELL,
        lines=[Line(Role.UNIT, scan.unit, None, 1)],
        fields=_door_field(bench),
    )
    return _say(bench, scan, matter, words.SOLD)


def _cartons_only(bench: Bench, scan: Scan) -> Answer:
    return _look(bench, scan, words.NOT_A_CARTON, code="not_a_carton")


_WORK: Final[dict[Operation, tuple[Callable[[Bench, Scan], Answer], Callable[[Bench, Scan], Answer]]]] = {
    Operation.COMMISSION: (_pack, _commission),
    Operation.PACK: (_pack, _pick),
    Operation.UNPACK: (_open_pallet, _unpack),
    Operation.SHIP: (_ship, _ship),
    Operation.RECEIVE: (_receive, _receive),
    Operation.SELL: (_cartons_only, _sell),
}
"""What a pallet and what a carton means in each operation."""

_GOES_ON: Final = frozenset({Operation.SHIP, Operation.SELL})
"""What goods on hold must not do; that they came in, or lie here, is said all the same."""


def _say(
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
            id = append(bench.connection, bench.device, matter, now=at)
            lanes.note_said(bench.connection, unit=scan.unit, type=type, context=here, statement=id, at=format_utc(at))
            _remember(bench, scan)
            if pick:
                lanes.pick(bench.connection, name, scan.unit)
        count = lanes.pile_size(bench.connection, name) if pick else 0
    if id is None:
        return _repeat(bench, scan, before or "")
    return _saved(bench, scan, sentence, statement_id=id, **({"count": count} if pick else {}), **facts)


def _saved(bench: Bench, scan: Scan, sentence: Words, *, statement_id: str, **facts: str | int) -> Answer:
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


def _repeat(bench: Bench, scan: Scan, before: str) -> Answer:
    at = bench.local_time(before, "%H:%M:%S")
    return _look(bench, scan, words.REPEATED, code="repeat", result=Result.REPEAT, unit=scan.name, at=at)


def _look(
    bench: Bench,
    scan: Scan,
    sentence: Words,
    *,
    code: str | None,
    result: Result = Result.LOOK,
    **facts: str | int,
) -> Answer:
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


def _remember(bench: Bench, scan: Scan) -> None:
    serial = scan.finding.serial
    if serial is not None:
        cache.remember_code(bench.connection, serial=serial, uri=scan.finding.uri or scan.text)


def _door_field(bench: Bench) -> list[tuple[str, JsonValue]]:
    return [] if bench.lane.door is None else [("door", bench.lane.door)]
