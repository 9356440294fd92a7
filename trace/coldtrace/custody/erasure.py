"""Erasing fields of a private piece on a legal ground (GDPR article 17, PIPL article 47).

Value and salt go, the field's leaf hash stays: the header's root, the device's signature and every proof go on
verifying, and without the salt the hash tells nothing about the value.  An `erase` leaf in the log says of which
header, which fields and on which ground, and no identity; so a piece that is simply gone is told from an erased one.
"""

from collections.abc import Collection
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody import gateway, store, vouchers
from coldtrace.env import Env
from coldtrace.events.leaf import LeafKind, erase_body, leaf_bytes
from coldtrace.events.private_piece import REQUIRED, erase_fields, read_erased, read_private
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry
from coldtrace.ledger.refusals import FieldKept, NothingToErase, NotLogged
from coldtrace.seal.hashing import leaf_hash

KEPT = frozenset({*REQUIRED, "to"})
"""When, where, by which device and to which firm: the law wants these kept, and none of them names a person."""


def erase(session: Session, env: Env, entry_id: UUID, *, fields: Collection[str], ground: str) -> UUID:
    """Erase fields of a statement's private piece and return the id of the entry that says so.

    The session must be one of the role `coldtrace_eraser`.  Raises NotLogged, FieldKept for what every statement has
    by law, NothingToErase.
    """
    for field in fields:
        if field in KEPT:
            raise FieldKept(field=field)
    header_hash = store.header_hash_of(session, entry_id)
    logged = ledger.known_entries(session, [entry_id]).get(entry_id)
    kept = None if logged is None else ledger.lock_private(session, logged.log, entry_id)
    if header_hash is None or logged is None or kept is None or kept.data is None:
        raise NotLogged(id=str(entry_id))
    text = kept.data.decode()
    piece = read_private(text) if kept.erased_at is None else read_erased(text)
    names = {field.name for field in piece.fields}
    if not fields or not set(fields) <= names:
        raise NothingToErase(id=str(entry_id), fields=", ".join(sorted(set(fields) - names)))
    now = env.clock()
    ledger.replace_private(session, logged.log, entry_id, erase_fields(piece, set(fields)), at=now)
    if "to_name" in fields:
        store.forget_name(session, entry_id)
    if "voucher" in fields:
        vouchers.forget_number(session, entry_id)
    gateway.forget_words(session, entry_id)
    body = erase_body(header=header_hash, fields=sorted(set(fields)), ground=ground)
    leaf = leaf_bytes(LeafKind.ERASE, body, None, now)
    entry = Entry(entry_id=env.new_id(), leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=now)
    ledger.append(session, env.log, [entry])
    return entry.entry_id
