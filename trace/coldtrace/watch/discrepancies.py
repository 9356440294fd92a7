"""Discrepancies of a place: the cases in which what was sent and what was received differ, theirs and no second store.

These are the cases of quantities, of out-scans that nobody received anything of (`overdue`), and of refused handovers;
a place has those that it is a party of, whether it sent or should have received.
"""

from uuid import UUID

from sqlmodel import Session

from coldtrace.rights.model import Scope
from coldtrace.watch.cases import Case, Wanted, list_cases

OF_OUT_SCANS = ("overdue:", "remainder:")


def discrepancies(session: Session, gln: str, *, after: UUID | None, limit: int) -> list[Case]:
    """Return the live ones of a place, the newest first, from the one after `after` on.

    Whether the reader may see the place's cases is asked before; of goods those are named that its place is told of.
    """
    return list_cases(session, Scope(sites=frozenset({gln})), after=after, limit=limit, wanted=Wanted(differs=True))


def voucher_of(case: Case) -> UUID | None:
    """Return the out-scan that a case is about, None where it is about another statement."""
    return case.entry_id if case.about.startswith(OF_OUT_SCANS) or case.type in ("ship", "return") else None
