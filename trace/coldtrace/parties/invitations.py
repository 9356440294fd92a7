"""Invitations that are open: list them, withdraw them."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from coldtrace.env import Env
from coldtrace.parties.model import OpenInvitation
from coldtrace.parties.refusals import InviteNotFound
from coldtrace.parties.tables import InviteRow
from coldtrace.seal.b64 import b64


def open_invitations(session: Session, *, glns: Sequence[str], now: datetime) -> list[OpenInvitation]:
    """Return the invitations of these sites that can still be used, the newest first."""
    rows = session.exec(
        select(InviteRow)
        .where(
            col(InviteRow.gln).in_(list(glns)),
            col(InviteRow.used_at).is_(None),
            col(InviteRow.withdrawn_at).is_(None),
            col(InviteRow.expires_at) >= now,
        )
        .order_by(col(InviteRow.created_at).desc(), col(InviteRow.token_hash))
    )
    return [
        OpenInvitation(
            id=row.token_hash,
            gln=row.gln,
            operations=tuple(row.operations),
            created_at=row.created_at,
            expires_at=row.expires_at,
            made_by=row.made_by,
            replaces=row.replaces,
        )
        for row in rows
    ]


def withdraw_invitation(session: Session, env: Env, id: bytes) -> str:
    """Withdraw an open invitation, and return its site; again, or after its use, raises InviteNotFound."""
    row = session.get(InviteRow, id, with_for_update=True)
    now = env.clock()
    if row is None or row.used_at is not None or row.withdrawn_at is not None or row.expires_at < now:
        raise InviteNotFound(id=b64(id)[:64])
    row.withdrawn_at = now
    session.add(row)
    session.flush()
    return row.gln
