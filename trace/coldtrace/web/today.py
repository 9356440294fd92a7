"""What matters today, as counts: on the desk's first page, in its stream and in the API.

Counted is what is one's own: what a regulator sees by an area is others', is looked at for a purpose, and has pages of
its own.  No count reads more than a page of its list; so many is told as "at least".
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from fastapi import FastAPI
from sqlmodel import Session

from coldtrace.custody.place_stock import count_moving
from coldtrace.parties.directory import count_silent
from coldtrace.rights.model import Kind, Reader, Scope, Verb
from coldtrace.rights.rules import scope_of
from coldtrace.watch.cases import PAGE_MAX, Wanted, count_cases

MOST = PAGE_MAX
"""Counted up to here; a count of so many means "so many or more"."""

SILENT_AFTER = timedelta(hours=24)
"""A device that nothing was heard of for so long is silent: a shift ends, and the next begins within a day."""

_Counting = Callable[[FastAPI, Session, Scope, datetime], int]


def count_today(app: FastAPI, session: Session, reader: Reader) -> dict[str, int]:
    """Return the counts that the reader's roles have, by name."""
    now = app.state.env.clock()
    found = {}
    for name, (kind, count) in _COUNTS.items():
        scope = replace(scope_of(reader, kind, Verb.READ), areas=frozenset())
        if not scope.is_empty:
            found[name] = count(app, session, scope, now)
    return found


def _cases(app: FastAPI, session: Session, scope: Scope, now: datetime) -> int:
    return count_cases(session, scope, most=MOST)


def _overdue(app: FastAPI, session: Session, scope: Scope, now: datetime) -> int:
    return count_cases(session, scope, most=MOST, wanted=Wanted(overdue_at=now, hours=app.state.case_hours))


def _silent(app: FastAPI, session: Session, scope: Scope, now: datetime) -> int:
    return count_silent(session, scope=scope, before=now - SILENT_AFTER, most=MOST)


def _expected(app: FastAPI, session: Session, scope: Scope, now: datetime) -> int:
    return count_moving(session, scope, to=True, most=MOST)


def _in_transit(app: FastAPI, session: Session, scope: Scope, now: datetime) -> int:
    return count_moving(session, scope, to=False, most=MOST)


_COUNTS: dict[str, tuple[Kind, _Counting]] = {
    "expected": (Kind.UNIT, _expected),
    "in_transit": (Kind.UNIT, _in_transit),
    "cases": (Kind.CASE, _cases),
    "overdue": (Kind.CASE, _overdue),
    "silent": (Kind.DEVICE, _silent),
}
