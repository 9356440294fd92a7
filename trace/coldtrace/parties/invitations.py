"""Invitations that are open: list them, withdraw them."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.parties.model import OpenInvitation
from coldtrace.parties.refusals import InviteNotFound
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within
from coldtrace.seal.b64 import b64


def open_invitations(
    session: Session, *, scope: Scope, now: datetime, after: bytes | None = None, limit: int
) -> list[OpenInvitation]:
    """Return the invitations in the scope that can still be used, by id, from the one behind `after` on."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT i.token_hash, i.gln, i.operations, i.created_at, i.expires_at, i.made_by, i.replaces FROM invite i"
            " WHERE i.used_at IS NULL AND i.withdrawn_at IS NULL AND i.expires_at >= :now"
            " AND (CAST(:after AS bytea) IS NULL OR i.token_hash > :after)"
            f" AND {within.thing(Kind.DEVICE, at='i.gln')} ORDER BY i.token_hash LIMIT :most"
        ),
        {"now": now, "after": after, "most": limit, **within.values},
    )
    return [
        OpenInvitation(
            id=bytes(row.token_hash),
            gln=row.gln,
            operations=tuple(row.operations),
            created_at=row.created_at,
            expires_at=row.expires_at,
            made_by=row.made_by,
            replaces=None if row.replaces is None else bytes(row.replaces),
        )
        for row in rows
    ]


def withdraw_invitation(session: Session, env: Env, id: bytes, *, scope: Scope) -> str:
    """Withdraw an open invitation in the scope, and return its site; again, or after its use, raises InviteNotFound."""
    within = Within(scope=scope)
    now = env.clock()
    # One statement, whether there is no such invitation or it is somebody else's.
    gln: str | None = session.execute(
        text(
            "UPDATE invite i SET withdrawn_at = :now WHERE i.token_hash = :id AND i.used_at IS NULL"
            " AND i.withdrawn_at IS NULL AND i.expires_at >= :now"
            f" AND {within.thing(Kind.DEVICE, at='i.gln')} RETURNING i.gln"
        ),
        {"now": now, "id": id, **within.values},
    ).scalar_one_or_none()
    if gln is None:
        raise InviteNotFound(id=b64(id)[:64])
    return gln
