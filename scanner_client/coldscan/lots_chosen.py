"""Which lot a label is stuck on: said by its code, by the desk, or by the maker's barcode that was scanned before it.

A label of a roll was printed before anybody knew the goods.  At the door the worker scans the plain (01)(10) barcode on
the maker's carton, which chooses the lot, then the labels as they are stuck on.
"""

from dataclasses import dataclass, replace

from coldscan import cache, words
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.commands import COMMAND_VERDICT
from coldscan.operation import NAMES, Operation
from coldscan.rolls import roll_of
from coldscan.saying import Scan, look
from coldtrace.codes.scan import Scan as Read
from coldtrace.codes.trace_code import CodeKind
from coldtrace.events.facts import read_facts


@dataclass(frozen=True, kw_only=True)
class LotOf:
    """The facts of the lot that a carton belongs to; `is_late` when its label's time to be bound is over."""

    facts: str
    is_late: bool = False


def chooses_lot(bench: Bench, read: Read) -> bool:
    """Tell whether a plain barcode, at this moment, says which lot comes next."""
    plain = read.kind is CodeKind.PLAIN and read.code is None
    return (
        bench.operation is Operation.COMMISSION and plain and {"01", "10"} <= read.ais.keys() and "21" not in read.ais
    )


def choose_lot(bench: Bench, text: str, read: Read) -> Answer:
    """Take the lot of a maker's barcode for the labels that follow."""
    gtin, lot = read.ais["01"], read.ais["10"]
    if Operation.COMMISSION.value not in bench.device.operations:
        say = words.NOT_ALLOWED.say(bench.lang, operation=NAMES[Operation.COMMISSION].say(bench.lang))
        return _answer(bench, text, Result.STOP, say, code="not_allowed")
    facts = cache.facts_of(bench.connection, gtin=gtin, lot=lot)
    if facts is None:
        return _answer(bench, text, Result.STOP, words.NO_FACTS.say(bench.lang, lot=lot), code="no_facts")
    if (bench.lane.lot_gtin, bench.lane.lot) != (gtin, lot):
        bench.set_lane(replace(bench.lane, lot_gtin=gtin, lot=lot), new_context=False)
    product = read_facts(facts).get("product_zh" if bench.lang == "zh" else "product_en") or gtin
    return _answer(bench, text, Result.NOTED, words.LOT_SET.say(bench.lang, product=str(product), lot=lot))


def lot_of(bench: Bench, scan: Scan) -> LotOf | Answer:
    """Return the lot of a carton to be commissioned, or the answer that says why it has none."""
    gtin, lot = scan.finding.value("01"), scan.finding.value("10")
    # A unit that is named by itself goes first: its lot may have come twice, each time with facts of its own.
    said = cache.facts_of_unit(bench.connection, scan.unit)
    if said is None and gtin is not None and lot is not None:
        said = cache.facts_of(bench.connection, gtin=gtin, lot=lot)
        if said is None:
            return look(bench, scan, words.NO_FACTS, code="no_facts", result=Result.STOP, lot=lot)
    chosen = _chosen(bench)
    if said is None:
        return _of_roll(bench, scan, chosen)
    if chosen is not None and _named(chosen) != _named(said):
        facts = {"unit": scan.name, "own": _name(said), "chosen": _name(chosen)}
        return look(bench, scan, words.OTHER_LOT, code="other_lot", result=Result.STOP, **facts)
    return LotOf(facts=said)


def _of_roll(bench: Bench, scan: Scan, chosen: str | None) -> LotOf | Answer:
    roll, now = roll_of(bench.connection, scan.unit), bench.clock()
    if roll is None or not roll.counts(bench.knowledge.trust, bench.knowledge.as_of(now)):
        return look(bench, scan, words.NO_LOT, code="no_lot", result=Result.STOP, unit=scan.name)
    if bench.lane.lot is None:
        return look(bench, scan, words.LOT_FIRST, code="no_lot_chosen", unit=scan.name)
    if chosen is None:
        return look(bench, scan, words.NO_FACTS, code="no_facts", result=Result.STOP, lot=bench.lane.lot)
    if roll.gtin not in (None, bench.lane.lot_gtin):
        facts = {"unit": scan.name, "gtin": roll.gtin or ""}
        return look(bench, scan, words.OTHER_PRODUCT, code="other_product", result=Result.STOP, **facts)
    return LotOf(facts=chosen, is_late=bench.knowledge.guess_now(now) >= roll.bind_until)


def _chosen(bench: Bench) -> str | None:
    gtin, lot = bench.lane.lot_gtin, bench.lane.lot
    return None if gtin is None or lot is None else cache.facts_of(bench.connection, gtin=gtin, lot=lot)


def _named(facts: str) -> tuple[object, object]:
    read = read_facts(facts)
    return read.get("gtin"), read.get("lot")


def _name(facts: str) -> str:
    return str(read_facts(facts).get("lot") or "-")


def _answer(bench: Bench, text: str, result: Result, say: str, *, code: str | None = None) -> Answer:
    operation = bench.lane.operation
    return Answer(text=text, verdict=COMMAND_VERDICT, result=result, say=say, code=code, operation=operation)
