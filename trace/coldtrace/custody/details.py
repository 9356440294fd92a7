"""What the rules need of a line's attributes, read once on arrival and kept beside the line (docs/formats/events.md).

Attributes are free; only those listed here mean something to custody, and only with a value of the right kind.  What
is kept says nothing that the statement does not say, except `answers`, `away`, `weighs_g`, `until`, `imported`,
`declared`, `lot_id`, `takes_lot`, `booked` and `past_day`, known on arrival: facts of goods that become known later
change nothing of what was told.

    answers   the speaker's firm coded the goods or imported them
    counter   `open`: the code of the counter that sells from the case
    refused   `receive`: quantity 0, so the goods were not taken; the reason, or true where none was given
    away      `release`, `lift`: a regulator speaks of goods that are not in its area (`areas.py`)
    hold      `sample`: the goods stay until the result, if the speaker may stop them
    owner     the USCC of whose goods they are, of a lot
    net_g     `transform`, input: how much of it was used; output, and `adopt`: what it weighs
    weighs_g  `transform`, `relabel`, input: what one unit of its code's lot weighs
    until     `transform`, `relabel`, input: the last day of its import
    into_lot  `transform`, `relabel`, input: something becomes goods by lot and quantity
    expiry    `transform`, `relabel`, output, and `adopt`: the last day
    imported  `transform`, `relabel`, output, and `adopt`: a lot that was imported
    declared  `commission` of a lot: how many packages of it its imports declare
    lot_id    `relabel`, input: the row of the import that speaks for a lot by quantity
    takes_lot `relabel`, output: it is of the lot of the label whose place it takes; none was, before this was known
    booked    `sample` of a lot by who keeps none: it is taken off its keeper's books; none was, before this was known
    past_day  the import's last day was over, or that of something inside: marked `expired` for good
    paper     `transform`, output: a document gives it a day of its own
    from      `relabel`, output: the unit it takes the place of, where there are several
"""

from collections.abc import Mapping, Sequence
from datetime import date

from coldtrace.codes.counter_name import is_counter_name
from coldtrace.custody.lots import BOOKED, is_lot
from coldtrace.custody.making import TAKES_LOT
from coldtrace.custody.model import Deed, Fact, Issued, Level
from coldtrace.events.unit_id import MalformedUnitId, parse_unit_id
from coldtrace.events.units_piece import Line

Details = Mapping[str, str | int | bool]
PAST_DAY = "past_day"
"""Said of a line whose goods were past the day of their import, or had something inside that was past its own."""
KNOWN_ON_ARRIVAL = frozenset(
    {"answers", "weighs_g", "until", "imported", "declared", "away", "lot_id", TAKES_LOT, BOOKED, PAST_DAY}
)
"""What is kept of a line that does not stand in its statement: whose goods they were then, and what imports said."""
_USCC = 18


def details_of(fact: Fact, line: Line, *, issued: Issued | None, into_lot: bool = False, away: bool = False) -> Details:
    """Return what is kept of a line for the rules; mostly nothing.

    `into_lot`: its statement makes goods by lot and quantity (`makes_lot`).  `away`: see above.
    """
    found: dict[str, str | int | bool] = {}
    said = line.attributes
    match fact.type:
        case "hold" | "release" | "recall" | "lift" if answers(fact, issued):
            found["answers"] = True
        case "sample" if said.get("hold") is True:
            found["hold"] = True
            if may_stop_lot(fact, issued):
                found["answers"] = True
        case "open" if (counter := _counter(said.get("counter"))) is not None:
            found["counter"] = counter
        case "receive" if line.quantity == 0:
            found["refused"] = why_refused(line) or True
        case "commission" if is_lot(line.unit) and issued is not None and issued.cartons is not None:
            found["declared"] = issued.cartons
        case "transform" | "relabel" | "adopt":
            found |= _of_making(fact.type, line, issued)
    if fact.type == "relabel" and line.role == "output" and (source := _unit(said.get("from"))) is not None:
        found["from"] = source
    if fact.type == "sample" and is_lot(line.unit) and fact.level is not Level.FIRM:
        found[BOOKED] = True
    if fact.type == "relabel" and line.role == "output" and not is_lot(line.unit):
        found[TAKES_LOT] = True
    if into_lot and line.role == "input":
        found["into_lot"] = True
    if away:
        found["away"] = True
    owner = said.get("owner")
    if isinstance(owner, str) and len(owner) == _USCC and owner.isascii() and owner.isalnum():
        found["owner"] = owner
    return found


def why_refused(line: Line) -> str | None:
    """Return why a receiver did not take the goods, in one line, without signs that PostgreSQL does not keep."""
    value = line.attributes.get("refused")
    return "".join(sign for sign in value if sign.isprintable()).strip() or None if isinstance(value, str) else None


def makes_lot(type: str, lines: Sequence[Line]) -> bool:
    """Tell whether something becomes goods by lot and quantity here."""
    return type in ("transform", "relabel") and any(line.role == "output" and is_lot(line.unit) for line in lines)


def _of_making(type: str, line: Line, issued: Issued | None) -> dict[str, str | int | bool]:
    found: dict[str, str | int | bool] = {}
    if line.role != "input" and (day := read_day(line.attributes.get("expiry"))):
        found["expiry"] = day.isoformat()
        if line.attributes.get("shelf_life_paper") not in (None, False, ""):
            found["paper"] = True
    if (line.role == "output" or type == "adopt") and is_lot(line.unit) and issued is not None:
        found["imported"] = True
    if type != "relabel" and not is_lot(line.unit) and (grams := net_g_of(line)) is not None:
        found["net_g"] = grams
    if type == "relabel" and line.role == "input" and issued is not None and issued.lot_id is not None:
        found["lot_id"] = issued.lot_id
    if line.role == "input" and issued is not None:
        if issued.net_g is not None:
            found["weighs_g"] = issued.net_g
        if issued.expiry is not None:
            found["until"] = issued.expiry.isoformat()
    return found


def answers(fact: Deed, issued: Issued | None) -> bool:
    """Tell whether the speaker's firm imported the goods, or the speaker's site coded them."""
    if issued is None:
        return False
    return issued.station_gln == fact.gln or (issued.importer is not None and issued.importer == fact.firm)


def may_stop_lot(fact: Deed, issued: Issued | None) -> bool:
    """Tell whether the speaker may stop a whole lot, wherever it lies: a regulator, its importer, its first station."""
    return fact.level is Level.REGULATOR or answers(fact, issued)


def read_day(value: object) -> date | None:
    """Return the day of an attribute, None for what is none."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def net_g_of(line: Line) -> int | None:
    """Return the weight that a line names, None if it names none."""
    value = line.attributes.get("net_g")
    return value if type(value) is int and value >= 0 else None


def _counter(value: object) -> str | None:
    """Return the name of a counter of the site, or the code of a unit that stands for one."""
    return value if isinstance(value, str) and is_counter_name(value) else _unit(value)


def _unit(value: object) -> str | None:
    try:
        return parse_unit_id(value) if isinstance(value, str) else None
    except MalformedUnitId:
        return None
