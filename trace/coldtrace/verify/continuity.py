"""Continuity: the statements shown make one story of one box.

Each stay in a parent opens with the pack that names both and closes with the unpack that names both, or that names
the parent alone and so empties it; or it is still open as far as shown.  A statement about a parent counts only while
the box was inside.  Statements that a later one declared as not having happened are left out, if it comes from the
same place or from a regulator.

The rule looks at what the signed texts say and at nothing else; it cannot see what was left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from coldtrace.events.public_piece import CorrectionMode, Corrects, Place
from coldtrace.events.statement_type import Role, StatementType
from coldtrace.verify.report import Failed

REGULATOR = "regulator"
ZONES_APART = timedelta(days=2)
"""Days are those of the place, and no zone is said: at one moment clocks from +14:00 to -12:00 show days this far
apart.  A day that is earlier by more than that is earlier everywhere."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What continuity needs to know of one statement.  `lines` are (role, unit, parent)."""

    header_hash: bytes
    key: bytes
    prev: bytes | None
    type: StatementType
    date: date
    place: Place
    corrects: Corrects | None
    lines: Sequence[tuple[str, str, str | None]]


def check_continuity(steps: Sequence[Step], unit: str) -> str:
    """Return the reason of a pass for these statements about `unit`, in order; raise Failed."""
    _refuse_repeats(steps)
    places = {step.header_hash: step.place for step in steps}
    if not all(_may_correct(step, places) for step in steps):
        raise Failed("correction_from_elsewhere")
    standing = standing_steps(steps)
    if not standing:
        raise Failed("no_statements")
    latest = accumulate((step.date for step in standing), max)
    if any(before - step.date > ZONES_APART for before, step in zip(latest, standing, strict=True)):
        raise Failed("dates_out_of_order")
    inside = _follow(standing, unit)
    return "open_as_far_as_shown" if inside else ""


def standing_steps(steps: Sequence[Step]) -> list[Step]:
    """Return the statements that no later one, entitled to it, has declared as not having happened."""
    places = {step.header_hash: step.place for step in steps}
    void = {
        step.corrects.header
        for step in steps
        if step.corrects is not None
        and step.corrects.mode is CorrectionMode.DID_NOT_OCCUR
        and _may_correct(step, places)
    }
    return [step for step in steps if step.header_hash not in void and step.type is not StatementType.CORRECT]


def _may_correct(step: Step, places: Mapping[bytes, Place]) -> bool:
    """Tell whether a correction comes from the place of what it corrects, or from a regulator."""
    if step.corrects is None or step.corrects.header not in places:
        return True
    return step.place == places[step.corrects.header] or step.place.role == REGULATOR


def _refuse_repeats(steps: Sequence[Step]) -> None:
    if len({step.header_hash for step in steps}) != len(steps):
        raise Failed("repeated_statement")
    # Two statements of one key behind the same one: the device's chain was forked.
    if len({(step.key, step.prev) for step in steps}) != len(steps):
        raise Failed("forked_chain")


def _follow(steps: Sequence[Step], unit: str) -> list[str]:
    """Return the parents in which the unit is at the end, innermost first."""
    chain = [unit]
    for step in steps:
        children = [line for line in step.lines if line[0] == Role.CHILD]
        if step.type is StatementType.PACK:
            _enter(chain, children)
        _require_about(chain, step)
        if step.type is StatementType.UNPACK:
            _leave(chain, children)
            if not children:
                _empty(chain, step.lines)
    return chain[1:]


def _enter(chain: list[str], children: Sequence[tuple[str, str, str | None]]) -> None:
    for _, child, parent in children:
        if child not in chain or parent is None:
            raise Failed("line_about_other_goods")
        if child != chain[-1] or parent in chain:
            raise Failed("packed_twice")
        chain.append(parent)


def _leave(chain: list[str], children: Sequence[tuple[str, str, str | None]]) -> None:
    for _, child, parent in children:
        if child not in chain or chain[chain.index(child) + 1 :][:1] != [parent]:
            raise Failed("unpack_without_pack")
        del chain[chain.index(child) + 1 :]


def _empty(chain: list[str], lines: Sequence[tuple[str, str, str | None]]) -> None:
    """Cut the chain under each parent that was unpacked as a whole: an unpack that names no child."""
    for _, unit, _ in lines:
        if unit in chain[1:]:
            del chain[chain.index(unit) :]


def _require_about(chain: list[str], step: Step) -> None:
    for _, unit, _ in step.lines:
        if unit not in chain:
            raise Failed("parent_not_open")
