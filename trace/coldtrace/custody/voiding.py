"""Voiding codes: labels that were never used, or were spoiled before anything was stuck to them.

A void code is red everywhere: it is on the list of revoked units, and whatever is said of its unit later moves
nothing.  What is on goods that were bound, moved or sold is not voided; that is what holds and recalls are for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.refusals import printable
from coldtrace.codes.scan import read_scan
from coldtrace.custody import unit_store
from coldtrace.custody.model import STATE_WORDS, Holding, UnitState
from coldtrace.custody.refusals import InCirculation, LabelBound, NothingNamed
from coldtrace.custody.retelling import retell
from coldtrace.env import Env
from coldtrace.goods import roll_store, rolls, stops
from coldtrace.goods.print_refusals import CodeNotIssued
from coldtrace.goods.roll_rules import parse_numbers
from coldtrace.rights.model import Scope

__all__ = ["NothingNamed", "Voided", "unit_named", "units_numbered", "void_units"]


@dataclass(frozen=True, kw_only=True)
class Voided:
    """What was voided now, and how many of the codes were void already."""

    units: tuple[str, ...]
    already: int


def unit_named(session: Session, text: str, scope: Scope) -> str:
    """Return the unit of a scanned or keyed-in text, if its code is of the scope.

    A label may be void whatever its signature is worth, so no verdict is asked for.  Raises what `read_scan` raises,
    or CodeNotIssued.
    """
    scan = read_scan(text)
    unit = roll_store.unit_of(session, scan, scope)
    if unit is None:
        raise CodeNotIssued(text=printable(text))
    return unit


def units_numbered(session: Session, roll: UUID, numbers: str, scope: Scope) -> list[str]:
    """Return the units of numbers, `17-23, 40`, of a roll of the scope; raise RollUnknown or MalformedNumbers."""
    last = rolls.find_roll(session, roll, scope).drawn
    return roll_store.units_of(session, roll, parse_numbers(numbers, last=last))


def void_units(
    session: Session, env: Env, units: Sequence[str], scope: Scope, *, reason: str, bound: bool = False
) -> Voided:
    """Void these codes of the scope, all or none; labels of a roll that a lot is bound to only if `bound`.

    The caller owns the transaction.  Said again it changes nothing.  Raises CodeNotIssued, InCirculation for the first
    unit that is in use, or LabelBound.
    """
    codes = roll_store.lock_codes(session, units, scope)
    for unit in units:
        if unit not in codes:
            raise CodeNotIssued(text=unit)
    held = {unit.unit_id: unit for unit in unit_store.lock_units(session, units, emptied=())}
    for unit in units:
        state = held[unit].holding.state
        if state not in (UnitState.BLANK, UnitState.VOID):
            words = STATE_WORDS[state]
            raise InCirculation(
                unit=unit, number=codes[unit].number, state=state.value, state_zh=words.zh, state_en=words.en
            )
    for unit in units:
        code = codes[unit]
        # A carton of a consignment has its lot from the start; that says nothing about where its label is.
        if not bound and code.bind_until is not None and code.lot_id is not None and not code.voided:
            raise LabelBound(unit=unit, number=code.number)
    fresh = tuple(dict.fromkeys(unit for unit in units if not codes[unit].voided))
    roll_store.mark_voided(session, fresh, env.clock())
    void = Holding(state=UnitState.VOID)
    unit_store.save_units(session, [(replace(held[unit], holding=void, parent_pk=None), None) for unit in fresh])
    # A void code was void from the beginning, whenever its statements arrive: those that are here are told again.
    scanned = [held[unit].pk for unit in fresh if held[unit].last_at > unit_store.EARLIEST]
    if scanned:
        retell(session, scanned, since=unit_store.EARLIEST)
    for unit in fresh:
        stops.revoke_unit(session, env, unit, reason)
    return Voided(units=fresh, already=len(set(units)) - len(fresh))
