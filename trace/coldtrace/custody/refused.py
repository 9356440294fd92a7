"""What becomes of statements that are refused: their bytes go to quarantine, and a taken id opens a case."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session

from coldtrace.custody import case_store, quarantine, store
from coldtrace.custody.case_store import NewCase
from coldtrace.custody.model import CaseKind
from coldtrace.custody.quarantine import Refused
from coldtrace.custody.read_wire import ReadWire
from coldtrace.custody.refusals import DeviceUnknown, IdConflict
from coldtrace.events.refusals import BadStatementSignature

UNPROVEN: Final = frozenset({DeviceUnknown.code, BadStatementSignature.code})
"""Refusals of statements that nobody is known to have signed; so are all of what is no statement."""


def keep(
    session: Session, refusals: Sequence[tuple[ReadWire, str]], *, sites: Mapping[bytes, str], at: datetime
) -> None:
    """Keep what was refused of a batch, each with the code of its refusal; `sites` are those of the known keys.

    The caller owns the transaction and calls this last: after it nothing is locked.
    """
    found = [_refused(one, code) for one, code in refusals]
    _open_duplicates(session, found, sites, at)
    quarantine.keep(session, found, at=at)


def keep_unproven(session: Session, wires: Sequence[ReadWire], *, enrolled: Collection[bytes], at: datetime) -> None:
    """Keep what came without credentials and nobody has signed; `enrolled` are the known ones of its keys."""
    found = []
    for one in wires:
        if one.checked is None:
            code = BadStatementSignature.code if one.refusal is None else one.refusal.code
        else:
            code = (BadStatementSignature if one.checked.header.key in enrolled else DeviceUnknown).code
        found.append(_refused(one, code))
    quarantine.keep(session, found, at=at)


def _refused(one: ReadWire, code: str) -> Refused:
    if one.checked is None:
        return Refused(wire=one.wire, reason=code, proven=False)
    return Refused(
        wire=one.wire,
        reason=code,
        proven=code not in UNPROVEN,
        key_id=one.checked.header.key,
        entry_id=one.checked.header.id,
    )


def _open_duplicates(session: Session, found: Sequence[Refused], sites: Mapping[bytes, str], at: datetime) -> None:
    """Open a case for each stored statement under whose id other bytes came, rightly signed."""
    twice = {each.entry_id: each.key_id for each in found if each.reason == IdConflict.code}
    case_store.open_cases(
        session,
        [
            NewCase(
                kind=CaseKind.DUPLICATE_ID,
                about=f"duplicate:{entry_id}",
                gln=sites[key_id],
                opened_at=at,
                entry_id=entry_id,
                key_id=key_id,
            )
            for entry_id, key_id in twice.items()
            # Under the id of an entry that is no statement there is nothing to look at but the bytes.
            if entry_id is not None and key_id is not None and store.header_hash_of(session, entry_id) is not None
        ],
    )
