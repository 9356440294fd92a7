"""A label that gets its lot after it was scanned: of that lot it was all along.

A hold or recall of the whole lot lay on its goods before anybody knew that they were of it; one of the lot that it was
of until now, whose import was undone, did not.  So what was said of the label is told again, as after a code was voided
(`voiding.py`), and with it what was said of new labels on the same goods.
"""

from sqlmodel import Session

from coldtrace.custody import unit_store
from coldtrace.custody.retelling import retell
from coldtrace.env import Env
from coldtrace.goods import rolls
from coldtrace.goods.roll_rules import BindLot, BindStatus
from coldtrace.goods.rolls import BindCodes, Bound, BoundItem


def bind_codes(session: Session, env: Env, command: BindCodes) -> tuple[BindLot, list[BoundItem]]:
    """Bind labels of rolls as `rolls.bind_codes` does, and tell again what a stopped lot changes of their story."""
    lot, items = rolls.bind_codes(session, env, command)
    bound = {
        item.unit_id: item.left_lot_id for item in items if item.status is BindStatus.BOUND and item.unit_id is not None
    }
    held = held_before(session, bound)
    if held:
        retell(session, held, since=unit_store.EARLIEST)
    return lot, items


def held_before(session: Session, bound: Bound) -> set[int]:
    """Return those of the units bound now whose story that changes: scanned before, and their lot, or the one that they
    were of until now, was stopped, or something took over their lot with a new label.
    """
    return unit_store.scanned_of_stopped(session, bound) if bound else set()
