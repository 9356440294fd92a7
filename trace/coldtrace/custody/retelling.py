"""Telling one unit's story again in the order of events, after a statement about it arrived late.

Marks that the late statement explains away are cleared (a receive that seemed to lack its out-scan), new ones are
set.  A packed unit is judged by where its parent was at that moment.  What a late pallet scan means for marks of
cartons that already left the pallet is not worked out again here.
"""

from collections.abc import Container, Iterable
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody import store
from coldtrace.custody.model import LASTING, Fact, Holding, Mark, UnitState
from coldtrace.custody.rules import decide
from coldtrace.custody.store import PastLine, Stay, Unit
from coldtrace.events.units_piece import Line

_BLOCKS = frozenset(mark.value for mark in (Mark.NOT_PERMITTED, Mark.EXPIRED))
_LASTING = frozenset(mark.value for mark in LASTING)


class Retelling:
    """One batch of units told again; parents' stories are read once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stories: dict[str, list[tuple[datetime, Holding]]] = {}

    def retell(self, units: Iterable[Unit], *, late: Container[str]) -> None:
        """Rewrite holdings, stays and marks of those locked units that are `late`, from their stored lines."""
        told = [unit for unit in units if unit.unit_id in late]
        for unit in told:
            self._retell(unit)
        store.save_units(self._session, told)
        store.set_root_below(self._session, [unit.pk for unit in told])

    def _retell(self, unit: Unit) -> None:
        holding = _beginning(unit)
        parent_pk: int | None = None
        stays: list[Stay] = []
        changed: list[tuple[UUID, int, tuple[str, ...]]] = []
        for line in store.past_lines(self._session, unit.pk):
            after, marks = self._step(line, holding, unit.unit_id)
            if marks != line.marks:
                changed.append((line.entry_id, line.line_no, marks))
            if after.parent != holding.parent:
                if stays and stays[-1].to_at is None:
                    stays[-1].to_at, stays[-1].unpacked_by = line.event_at, line.entry_id
                parent_pk = line.parent_pk if after.parent is not None else None
                if parent_pk is not None:
                    stays.append(
                        Stay(
                            child_pk=unit.pk,
                            parent_pk=parent_pk,
                            from_at=line.event_at,
                            packed_by=line.entry_id,
                        )
                    )
            holding = after
            unit.last_at = max(unit.last_at, line.event_at)
        unit.holding, unit.parent_pk, unit.root_pk = holding, parent_pk, parent_pk
        store.forget_stays(self._session, unit.pk)
        store.insert_stays(self._session, stays)
        store.replace_marks(self._session, changed)

    def _step(self, line: PastLine, holding: Holding, unit_id: str) -> tuple[Holding, tuple[str, ...]]:
        """Return the holding after one stored line and the marks the line now earns."""
        lasting = tuple(mark for mark in line.marks if mark in _LASTING)
        if line.status == "blocked" or any(mark in _BLOCKS for mark in lasting):
            return holding, lasting
        fact = Fact(
            type=line.type,
            gln=line.gln,
            to_gln=line.to_gln,
            event_at=line.event_at,
            local_date=date.min,  # expiry was judged when the line arrived; its mark is a lasting one
            permitted=True,
            receiver_registered=True,  # judged when the line arrived; its mark is a lasting one
        )
        decision = decide(
            fact,
            Line(role=line.role, unit=unit_id, parent=line.parent, quantity=1),
            holding=holding,
            effective=self._effective(holding, line.event_at),
            issued=None,
        )
        fresh = tuple(mark.value for mark in decision.marks if mark not in LASTING)
        return (holding if decision.blocked else decision.holding), lasting + fresh

    def _effective(self, holding: Holding, at: datetime) -> Holding:
        """Return where the outermost parent was at that moment."""
        seen: set[str] = set()
        while holding.parent is not None and holding.parent not in seen:
            seen.add(holding.parent)
            before = [state for moment, state in self._story(holding.parent) if moment <= at]
            if not before:
                return replace(holding, parent=None)
            holding = before[-1]
        return holding

    def _story(self, unit_id: str) -> list[tuple[datetime, Holding]]:
        if unit_id not in self._stories:
            unit = store.lock_units(self._session, [unit_id])[unit_id]
            holding = _beginning(unit)
            story: list[tuple[datetime, Holding]] = []
            self._stories[unit_id] = story
            for line in store.past_lines(self._session, unit.pk):
                holding, _ = self._step(line, holding, unit_id)
                story.append((line.event_at, holding))
        return self._stories[unit_id]


def _beginning(unit: Unit) -> Holding:
    return Holding(state=UnitState.UNKNOWN if unit.issued is None else UnitState.BLANK)
