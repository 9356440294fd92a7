"""Pre-issued rolls in an installation of one session: draw, bind, list."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlmodel import Session

from coldtrace.goods import rolls, store
from coldtrace.goods.roll_rules import format_ranges, ranges_of
from coldtrace.goods.rolls import BindCodes, BoundItem, NewRoll
from coldtrace.goods.store import IssuedCode
from coldtrace.rights.model import EVERYTHING
from support.consignments import LOT
from support.road import Road


def drawn(road: Road, *, count: int = 5, gtin: str | None = None, days: int = 90) -> UUID:
    """Draw a roll to its end."""
    run_id = rolls.new_roll(
        road.session, road.env, NewRoll(station_gln=None, scope=EVERYTHING, count=count, gtin=gtin, bind_days=days)
    )

    @contextmanager
    def begin() -> Iterator[Session]:
        yield road.session

    rolls.finish_roll(begin, road.env, run_id, EVERYTHING)
    return run_id


def labels(road: Road, roll: UUID) -> list[IssuedCode]:
    """Return the labels of a roll."""
    return list(store.codes_of_run(road.session, roll))


def bind(road: Road, *codes: str, lot: str = LOT, **more: Any) -> list[BoundItem]:
    """Bind labels as a desk does."""
    return rolls.bind_codes(
        road.session, road.env, BindCodes(codes=codes, lot=lot, by="token:desk", **({"scope": EVERYTHING} | more))
    )[1]


def statuses(items: list[BoundItem]) -> list[str]:
    """Return what became of each, the reason for what was refused."""
    return [item.refusal.code if item.refusal else item.status.value for item in items]


def number_lists(road: Road, roll: UUID) -> dict[str, str]:
    """Return the lists of a roll's report that are not empty."""
    found = rolls.report(road.session, roll, EVERYTHING)
    return {name.value: text for name, numbers in found.items() if (text := format_ranges(ranges_of(numbers)))}
