"""Checkpoints of lots: how a lot by quantity stood at moments of its story.

A busy lot has thousands of statements.  A late one about it is told from the last checkpoint before it, instead of from
the beginning of the lot: `unit_store.related` says where that is right.  A checkpoint stands for all that was said of
its lot up to its moment, that moment included; whatever tells a lot again from an earlier moment on forgets it.

They are a projection like all else: `rebuild.py` compares them.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlmodel import Session

from coldtrace.custody.lots import Stock
from coldtrace.custody.model import Holding, StockPlace, UnitState
from coldtrace.custody.picture import Picture, Unit
from coldtrace.custody.store import PastLine
from coldtrace.db.plain_sql import text

EVERY: Final = 250
"""Lines of a lot from one checkpoint to the next; more of a lot that lies in more places than that."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """One lot after all that was said of it up to a moment."""

    unit_pk: int
    at: datetime
    state: UnitState
    overlays: frozenset[str]
    expires_on: date | None
    stock: Stock

    @classmethod
    def of(cls, unit: Unit, at: datetime) -> "Checkpoint":
        """Return the checkpoint of a lot as it is now."""
        return cls(
            unit_pk=unit.pk,
            at=at,
            state=unit.holding.state,
            overlays=unit.holding.overlays,
            expires_on=unit.holding.expires_on,
            stock=unit.stock or {},
        )

    @property
    def holding(self) -> Holding:
        """The lot's holding: of a lot no more is ever known."""
        return Holding(state=self.state, overlays=self.overlays, expires_on=self.expires_on)


class Noting:
    """Notes checkpoints of lots at certain moments, while their lines are told in the order of events."""

    def __init__(self, moments: Mapping[int, Iterable[datetime]]) -> None:
        self._due = {pk: sorted(each, reverse=True) for pk, each in moments.items()}
        self.noted: list[Checkpoint] = []

    def before(self, unit: Unit, at: datetime) -> None:
        """Note a unit at its moments before `at`, the moment of the line that is about to be told."""
        due = self._due.get(unit.pk)
        while due and due[-1] < at:
            self.noted.append(Checkpoint.of(unit, due.pop()))

    def rest(self, units: Mapping[int, Unit]) -> None:
        """Note the units at all their other moments: nothing more is told of them."""
        for pk, due in self._due.items():
            self.noted += [Checkpoint.of(units[pk], at) for at in reversed(due)]
            due.clear()


def moments(
    lines: Iterable[PastLine], lots: Mapping[int, Unit], starts: Mapping[int, datetime], since: datetime
) -> dict[int, list[datetime]]:
    """Return at which moments to note these lots, whose lines are about to be told from `starts` on.

    Of a lot that is not told from its beginning the checkpoints before `since` are there.
    """
    found: dict[int, list[datetime]] = {}
    counted = dict.fromkeys(lots, 0)
    for line in lines:
        if line.unit_pk not in lots:
            continue
        counted[line.unit_pk] += 1
        at = line.deed.event_at
        if counted[line.unit_pk] % _every(lots[line.unit_pk]) == 0 and (line.unit_pk not in starts or at >= since):
            found.setdefault(line.unit_pk, []).append(at)
    return {pk: sorted(set(each)) for pk, each in found.items()}


def _every(unit: Unit) -> int:
    # A checkpoint holds all places of its lot: no more of them are ever kept than lines.
    return max(EVERY, len(unit.booked or ()))


def keep_due(session: Session, picture: Picture, *, late: Collection[int]) -> None:
    """Keep a checkpoint of each lot that was told in the order of events, every so many lines."""
    due = [
        unit
        for pk, count in picture.told.items()
        if pk not in late
        and (unit := picture.units[pk])
        and (unit.version + count) // _every(unit) > unit.version // _every(unit)
    ]
    write(session, [Checkpoint.of(unit, unit.last_at) for unit in due])


def read(session: Session, starts: Mapping[int, datetime]) -> dict[int, Checkpoint]:
    """Return the checkpoints of these lots at these moments."""
    if not starts:
        return {}
    rows = session.execute(
        text(
            "SELECT k.* FROM lot_checkpoint k JOIN unnest(CAST(:pks AS bigint[]), CAST(:times AS timestamptz[]))"
            " AS n(unit_pk, at) USING (unit_pk, at)"
        ),
        {"pks": list(starts), "times": list(starts.values())},
    )
    return {
        row.unit_pk: Checkpoint(
            unit_pk=row.unit_pk,
            at=row.at,
            state=UnitState(row.state),
            overlays=frozenset(row.overlays),
            expires_on=row.expires_on,
            stock={StockPlace(*place): quantity for *place, quantity in row.stock},
        )
        for row in rows
    }


def forget(session: Session, lots: Collection[int], *, since: datetime) -> None:
    """Drop the checkpoints of these lots at or after a moment from which they are told again."""
    if lots:
        session.execute(
            text("DELETE FROM lot_checkpoint WHERE unit_pk = ANY(CAST(:pks AS bigint[])) AND at >= :since"),
            {"pks": sorted(lots), "since": since},
        )


def write(session: Session, checkpoints: Sequence[Checkpoint]) -> None:
    """Keep checkpoints, in the place of those of the same moment."""
    if checkpoints:
        session.execute(
            text(
                "INSERT INTO lot_checkpoint (unit_pk, at, state, overlays, expires_on, stock) SELECT unit_pk, at,"
                " state, string_to_array(overlays, ' '), expires_on, CAST(stock AS jsonb)"
                " FROM unnest(CAST(:pks AS bigint[]), CAST(:times AS timestamptz[]), CAST(:states AS text[]),"
                " CAST(:overlays AS text[]), CAST(:days AS date[]), CAST(:stocks AS text[]))"
                " AS v(unit_pk, at, state, overlays, expires_on, stock) ON CONFLICT (unit_pk, at) DO UPDATE SET"
                " state = excluded.state, overlays = excluded.overlays, expires_on = excluded.expires_on,"
                " stock = excluded.stock"
            ),
            {
                "pks": [each.unit_pk for each in checkpoints],
                "times": [each.at for each in checkpoints],
                "states": [each.state.value for each in checkpoints],
                "overlays": [" ".join(sorted(each.overlays)) for each in checkpoints],
                "days": [each.expires_on for each in checkpoints],
                "stocks": [
                    json.dumps([[*place, quantity] for place, quantity in sorted(each.stock.items())])
                    for each in checkpoints
                ],
            },
        )


def kept_between(session: Session, live: str, lines: Sequence[PastLine]) -> dict[int, list[datetime]]:
    """Return at which moments there are live checkpoints of the units of these lines, which are told next from nothing.

    The units of this schema are as they were told until now.
    """
    rows = session.execute(
        text(
            f"SELECT k.unit_pk, k.at FROM {live}.lot_checkpoint k JOIN unit u USING (unit_pk)"
            " WHERE k.unit_pk = ANY(CAST(:pks AS bigint[])) AND k.at >= u.last_at AND k.at < :until"
        ),
        {"pks": sorted({line.unit_pk for line in lines}), "until": lines[-1].deed.event_at if lines else None},
    )
    found: dict[int, list[datetime]] = {}
    for row in rows:
        found.setdefault(row.unit_pk, []).append(row.at)
    return found


def note_last(session: Session, live: str) -> None:
    """Note each lot once more at the moments of its live checkpoints after which nothing more was told of it."""
    session.execute(
        text(
            "INSERT INTO lot_checkpoint (unit_pk, at, state, overlays, expires_on, stock)"
            " SELECT k.unit_pk, k.at, u.state, u.overlays, u.expires_on, COALESCE((SELECT jsonb_agg("
            "  jsonb_build_array(s.kind, s.gln, s.to_gln, s.owner, s.quantity)) FROM lot_stock s"
            "  WHERE s.unit_pk = k.unit_pk), '[]')"
            f" FROM {live}.lot_checkpoint k JOIN unit u USING (unit_pk) WHERE k.at >= u.last_at"
        )
    )
