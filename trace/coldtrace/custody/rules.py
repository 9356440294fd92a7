"""What is judged once, when a statement arrives: pure, no clock, no database (domain guide, section 4).

A line earns two kinds of marks.  `lasting_marks` depend on the line alone, on what is known of its code and on what is
inside its unit; they are judged once, when it arrives.  What `moves.move` adds depends on what came before the line,
and is judged again when something before it arrives late.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from coldtrace.codes.foreign_scheme import known_schemes
from coldtrace.custody.details import PAST_DAY, details_of, may_stop_lot, net_g_of, read_day, why_refused
from coldtrace.custody.lots import is_lot
from coldtrace.custody.making import needs_its_day
from coldtrace.custody.model import (
    BLOCKING,
    TERMINAL,
    Decision,
    Fact,
    Holding,
    Inside,
    Issued,
    Level,
    Mark,
    Said,
    UnitState,
)
from coldtrace.custody.moves import move
from coldtrace.custody.overlays import STOPPING
from coldtrace.events.unit_id import UnitKind, read_unit_id
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64

SKEW_MAX = timedelta(minutes=10)
LATE_AFTER = timedelta(hours=72)

IMPLIED = "implied"
"""The role of a child's line that unpacking its whole pallet implies."""

NOTHING_INSIDE = Inside()

_Marks = tuple[Mark, ...]


def order_time(
    *, claimed_at: datetime, recorded_at: datetime, enrolled_at: datetime, stated_skew: object = None
) -> tuple[datetime, list[Mark]]:
    """Return the time by which a statement is ordered, and the marks its claimed time earns.

    `stated_skew` is the private field `clock_skew`: by so many seconds the device knows its clock to be ahead, and
    they are taken off its claim.  A time in the future or from before the device was enrolled cannot be right: such a
    statement is ordered by its arrival.  The claim is kept beside it in any case.
    """
    event_at, is_off = _without_skew(claimed_at, stated_skew)
    if event_at > recorded_at + SKEW_MAX or event_at < enrolled_at - SKEW_MAX:
        return recorded_at, [Mark.CLOCK_SKEW]
    late = recorded_at - event_at > LATE_AFTER
    return event_at, [*([Mark.CLOCK_SKEW] if is_off else []), *([Mark.LATE] if late else [])]


def _without_skew(claimed_at: datetime, stated_skew: object) -> tuple[datetime, bool]:
    """Return the time that a claim means, and whether the clock is off by more than anybody overlooks."""
    if not isinstance(stated_skew, int) or isinstance(stated_skew, bool):
        return claimed_at, False
    try:
        skew = timedelta(seconds=stated_skew)
        return claimed_at - skew, abs(skew) > SKEW_MAX
    except OverflowError:  # no clock is off by ten thousand years
        return claimed_at, True


def decide(
    fact: Fact,
    line: Line,
    *,
    holding: Holding,
    effective: Holding,
    issued: Issued | None,
    inside: Inside = NOTHING_INSIDE,
) -> Decision:
    """Return what one line does to its unit, and all that is odd about it."""
    return move(
        fact,
        Said(
            role=line.role,
            parent=line.parent,
            quantity=line.quantity,
            details=details_of(fact, line, issued=issued),
        ),
        holding=holding,
        effective=effective,
        lasting=lasting_marks(fact, line, issued=issued, inside=inside),
        inside=inside.overlays,
    )


def lasting_marks(
    fact: Fact,
    line: Line,
    *,
    issued: Issued | None,
    inside: Inside = NOTHING_INSIDE,
    earliest_input: date | None = None,
    looks_issued: bool = False,
    papers: _Marks = (),
) -> _Marks:
    """Return what is odd about a line whatever came before it.

    `issued` is what is known of its code, `inside` what is in the unit as far as that has a last day, `earliest_input`
    the first last day among what the same statement used up.  A last day that a statement gave the unit itself is for
    `moves.move`, in the order of events.  `looks_issued`: its code was not issued here, though others of its GTIN were.
    `papers` is the mark of goods that lack papers (`paper_gate.py`).
    """
    if not fact.permitted:
        return (Mark.NOT_PERMITTED,)
    if not fact.correction_permitted:
        return (Mark.CORRECTION_NOT_PERMITTED,)
    if fact.type == "adopt" and looks_issued:
        # A serial that somebody made up: the goods are taken in all the same, and a person looks at the label.
        return (Mark.NOT_ISSUED,) if line.quantity == 1 else (Mark.NOT_ISSUED, Mark.NOT_ONE)
    found = _of_goods(fact, line, issued=issued, inside=inside, earliest_input=earliest_input)
    found = found if BLOCKING.intersection(found) else (*papers, *found)
    return found if _is_one_or_many(fact.type, line) else (*found, Mark.NOT_ONE)


def _is_one_or_many(type: str, line: Line) -> bool:
    """Tell whether a line has a quantity that it may have: other than 1 only of a lot, and of what was not taken."""
    return line.quantity == 1 or is_lot(line.unit) or (type == "receive" and line.quantity == 0)


def _of_goods(
    fact: Fact,
    line: Line,
    *,
    issued: Issued | None,
    inside: Inside,
    earliest_input: date | None,
) -> _Marks:
    if fact.type in _STOPPABLE and _is_stopped(fact, issued):
        return (Mark.STOPPED,)
    if needs_its_day(fact.type, line.role) and _is_expired(fact, issued, inside.expiry):
        return (Mark.EXPIRED,)
    if fact.type in STOPPING and is_lot(line.unit) and not may_stop_lot(fact, issued):
        return (Mark.LOT_OF_OTHERS,)
    match fact.type:
        case "commission":
            return _of_lot(fact, issued) if is_lot(line.unit) else _of_identity(fact, line, issued)
        case "ship" | "return" if not fact.receiver_registered and not fact.abroad:
            return (Mark.RECEIVER_UNREGISTERED,)
        case "transform" | "relabel" if line.role == "output":
            return _of_output(fact, line, issued, earliest_input)
        case "adopt" if not _is_known_scheme(line.unit):
            return (Mark.UNKNOWN_SCHEME,)
        case "void":
            return _of_station(fact, issued)
        case "receive" if line.quantity == 0 and why_refused(line) is None:
            return (Mark.REASON_MISSING,)
        case _:
            return ()


def statement_marks(type: str, *, level: Level, fields: Mapping[str, object], lines: Sequence[Line]) -> list[Mark]:
    """Return what is odd about a statement as a whole: reasons, witnesses, labels.  `fields` are its private ones."""
    match type:
        case "hold" | "recall" if not _has(fields, "reason") or (
            level is Level.REGULATOR and not _has(fields, "order_no")
        ):
            return [Mark.REASON_MISSING]
        case "lose" if not _has(fields, "reason"):
            return [Mark.REASON_MISSING]
        case "sample" if not _has_any(fields, _RECORDS):
            return [Mark.REFERENCE_MISSING]
        case "return" if not _has_any(fields, _REFERENCES):
            return [Mark.REFERENCE_MISSING]
        case "destroy":
            witnessed = _has(fields, "method") and _is_witnessed(fields)
            recorded = _has_any(fields, _RECORDS) or all(_weight_is_known(line) for line in lines)
            return [*(() if witnessed else [Mark.WITNESS_MISSING]), *(() if recorded else [Mark.REFERENCE_MISSING])]
        case "relabel":
            return [] if _are_paired(lines) else [Mark.LABELS_UNPAIRED]
        case _:
            return []


def said_marks(type: str, line: Line, *, barred: bool) -> _Marks:
    """Return those lasting marks of a line that follow from the line alone, whatever was known of its code then."""
    if barred:
        return ()
    scheme = [Mark.UNKNOWN_SCHEME] if type == "adopt" and not _is_known_scheme(line.unit) else []
    reason = [Mark.REASON_MISSING] if type == "receive" and line.quantity == 0 and why_refused(line) is None else []
    return (*scheme, *reason, *([] if _is_one_or_many(type, line) else [Mark.NOT_ONE]))


SAID_ON_LINES = frozenset({Mark.UNKNOWN_SCHEME, Mark.REASON_MISSING, Mark.NOT_ONE})
"""What `said_marks` may give."""
SAID_OF_ALL = frozenset({Mark.REASON_MISSING, Mark.REFERENCE_MISSING, Mark.WITNESS_MISSING, Mark.LABELS_UNPAIRED})
"""What `statement_marks` may give."""


def only_lasting(type: str, marks: Sequence[str], details: Mapping[str, object]) -> _Marks:
    """Return those of a stored line's marks that `lasting_marks` gave it; `details` are what was kept of it."""
    own = _LASTING.get(type, frozenset())
    if Mark.EXPIRED in own and details.get(PAST_DAY) is not True:
        own -= {Mark.EXPIRED}
    return tuple(mark for text in marks if (mark := Mark(text)) in _OF_ANY or mark in own)


BARRED = frozenset({Mark.NOT_PERMITTED, Mark.CORRECTION_NOT_PERMITTED})
"""Marks of lines whose statement does nothing at all, whatever they say."""
_OF_ANY = BARRED | {Mark.NOT_ONE}


_STOPPABLE = frozenset({"commission", "ship", "sell", "use", "open", "transform"})
"""What lets goods go on.  Receiving, packing and the like is what happened to them, stopped or not."""

_OF_GOODS = frozenset({Mark.STOPPED, Mark.EXPIRED})
_OF_OUTPUT = frozenset({Mark.NOT_ISSUED, Mark.WRONG_STATION, Mark.OUTLIVES_INPUT})
_LASTING = {
    "commission": frozenset(
        {
            Mark.STOPPED,
            Mark.NOT_ISSUED,
            Mark.WRONG_STATION,
            Mark.CODE_MISMATCH,
            Mark.FACTS_UNKNOWN,
            Mark.DOUBLE_BOUND,
            Mark.BOUND_LATE,
        }
    ),
    "ship": _OF_GOODS | {Mark.RECEIVER_UNREGISTERED, Mark.PAPERS_MISSING, Mark.PAPERS_DUE},
    "return": frozenset({Mark.RECEIVER_UNREGISTERED}),
    "sell": _OF_GOODS,
    "use": _OF_GOODS,
    "open": _OF_GOODS,
    "transform": _OF_GOODS | _OF_OUTPUT,
    "relabel": _OF_OUTPUT,
    "adopt": frozenset({Mark.UNKNOWN_SCHEME, Mark.NOT_ISSUED}),
    **dict.fromkeys(STOPPING, frozenset({Mark.LOT_OF_OTHERS})),
    "void": frozenset({Mark.NOT_ISSUED, Mark.WRONG_STATION}),
    "receive": frozenset({Mark.REASON_MISSING}),
}


def importer_of(fact: Fact, *, issued: Issued | None, beginning: UnitState, marks: _Marks) -> UUID | None:
    """Return who imported what a line says to be coded, as far as that is beyond doubt; `marks` are the lasting ones.

    It depends on the line alone, so it stays as it was on arrival.  A void code is no party's.
    """
    if fact.type != "commission" or issued is None or beginning in TERMINAL or _UNSURE.intersection(marks):
        return None
    return issued.importer_id


_UNSURE = BLOCKING | {
    Mark.NOT_ISSUED,
    Mark.WRONG_STATION,
    Mark.CODE_MISMATCH,
    Mark.FACTS_UNKNOWN,
    Mark.DOUBLE_BOUND,
}


def _of_identity(fact: Fact, line: Line, issued: Issued | None) -> _Marks:
    if issued is None:
        return (Mark.NOT_ISSUED,)
    marks = []
    if issued.station_gln != fact.gln:
        marks.append(Mark.WRONG_STATION)
    if line.attributes.get("code") != b64(issued.code_hash):
        marks.append(Mark.CODE_MISMATCH)
    if issued.bind_until is not None:
        marks += _of_binding(fact, issued, issued.bind_until)
    elif issued.facts_hash is not None and fact.facts_hash != issued.facts_hash:
        marks.append(Mark.FACTS_UNKNOWN)
    return tuple(marks)


def _of_lot(fact: Fact, issued: Issued | None) -> _Marks:
    """Return what is odd about goods that get their identity by their lot: no label of them was issued one by one."""
    if issued is None:
        return (Mark.NOT_ISSUED,)
    known = issued.facts_hash is None or fact.facts_hash == issued.facts_hash
    return (*_of_station(fact, issued), *(() if known else (Mark.FACTS_UNKNOWN,)))


def _is_stopped(fact: Fact, issued: Issued | None) -> bool:
    """Tell whether the code was stopped when this was done; what was done before stays as it was, however late told."""
    return issued is not None and issued.stopped_at is not None and fact.event_at >= issued.stopped_at


def _of_binding(fact: Fact, issued: Issued, bind_until: datetime) -> list[Mark]:
    """Return what is odd about the lot that a label of a roll is said to be stuck on.

    The first statement with a lot of its station has bound the label before its lines are judged.
    """
    if issued.facts_hash is not None and fact.facts_hash == issued.facts_hash:
        return [Mark.BOUND_LATE] if fact.event_at >= bind_until else []
    return [Mark.DOUBLE_BOUND if issued.facts_hash is not None and fact.names_lot else Mark.FACTS_UNKNOWN]


def _is_expired(fact: Fact, issued: Issued | None, *others: date | None) -> bool:
    own = None if issued is None else issued.expiry
    return any(expiry is not None and fact.local_date > expiry for expiry in (own, *others))


def _of_output(fact: Fact, line: Line, issued: Issued | None, earliest_input: date | None) -> _Marks:
    """Return what is odd about what came out: its code, which is its maker's, and its last day."""
    kind = read_unit_id(line.unit).kind
    marks = list(_of_station(fact, issued)) if kind in (UnitKind.SERIAL, UnitKind.OWN) else []
    expiry = read_day(line.attributes.get("expiry"))
    if expiry is None and is_lot(line.unit) and issued is not None:
        expiry = issued.expiry
    longer = expiry is not None and earliest_input is not None and expiry > earliest_input
    if longer and line.attributes.get("shelf_life_paper") in (None, False, ""):
        marks.append(Mark.OUTLIVES_INPUT)
    return tuple(marks)


def _of_station(fact: Fact, issued: Issued | None) -> _Marks:
    if issued is None:
        return (Mark.NOT_ISSUED,)
    return () if issued.station_gln == fact.gln else (Mark.WRONG_STATION,)


def _is_known_scheme(unit_id: str) -> bool:
    unit = read_unit_id(unit_id)
    return unit.kind is not UnitKind.FOREIGN or unit.scheme in {each.scheme for each in known_schemes()}


def _has(fields: Mapping[str, object], name: str) -> bool:
    value = fields.get(name)
    return isinstance(value, str) and bool(value.strip())


_RECORDS = ("record_no", "order_no")
_REFERENCES = ("voucher", "order_no", "record_no", "ref")


def _has_any(fields: Mapping[str, object], names: Sequence[str]) -> bool:
    return any(_has(fields, name) for name in names)


def _weight_is_known(line: Line) -> bool:
    """Tell whether it follows what was destroyed: a serial weighs what its lot says, a pallet what is in it."""
    return net_g_of(line) is not None or read_unit_id(line.unit).kind in (UnitKind.SERIAL, UnitKind.OWN, UnitKind.SSCC)


def _is_witnessed(fields: Mapping[str, object]) -> bool:
    return _has(fields, "witness") and fields["witness"] != fields.get("staff")


def _are_paired(lines: Sequence[Line]) -> bool:
    """Tell whether it is plain which old label each new one takes the place of; goods by lot have none."""
    if any(is_lot(line.unit) for line in lines):
        return True
    old = [line.unit for line in lines if line.role == "input"]
    new = [line.attributes.get("from") for line in lines if line.role == "output"]
    return len(old) == len(new) == 1 or sorted(map(str, new)) == sorted(old)
