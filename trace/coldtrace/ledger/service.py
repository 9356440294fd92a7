"""Use cases of the log: open it, append to it, prove from it."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.ledger import store
from coldtrace.ledger.model import Entry, Inclusion, SignedHead, StoredEntry
from coldtrace.ledger.paths import TileReader
from coldtrace.ledger.refusals import NoCheckpoint, NotLogged, NotYetIncluded
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.merkle import Frontier, consistency_path_from, inclusion_path_from
from coldtrace.seal.tlog_proof import TlogProof
from coldtrace.seal.vkey import vkey_of


def open_log(session: Session, env: Env) -> str:
    """Open the installation's log once and sign its empty head; return its vkey."""
    signer = env.keyring.signer("log")
    vkey = vkey_of(name=env.origin, spki=signer.spki).text()
    if not store.log_exists(session):
        empty = Frontier()
        now = env.clock()
        store.open_log(session, origin=env.origin, vkey=vkey, at=now, root=empty.root(), frontier=empty.to_bytes())
        note = sign_checkpoint(Checkpoint(origin=env.origin, size=0, root=empty.root()), signer)
        store.insert_checkpoint(session, size=0, root=empty.root(), note=note, at=now)
    return vkey


def append(session: Session, entries: Sequence[Entry]) -> None:
    """Make entries durable and queue them for the tree; the caller commits before it answers."""
    store.insert_entries(session, entries)


def known_entries(session: Session, ids: Sequence[UUID]) -> dict[UUID, StoredEntry]:
    """Return those of `ids` that are logged already."""
    return store.entries_by_id(session, ids)


def pieces(session: Session, ids: Sequence[UUID]) -> dict[UUID, dict[str, bytes]]:
    """Return the pieces of entries that are still kept, by entry and name."""
    return store.pieces_of(session, ids)


def waiting(session: Session) -> int:
    """Return how many entries wait for their place in the tree."""
    return store.pending_count(session)


def checkpoint(session: Session) -> SignedHead:
    """Return the newest signed checkpoint; raise NoCheckpoint before the log is opened."""
    head = store.newest_checkpoint(session)
    if head is None:
        raise NoCheckpoint(size=0)
    return head


def prove(session: Session, ids: Sequence[UUID], head: SignedHead) -> dict[UUID, Inclusion]:
    """Return inclusion proofs under `head` for those of `ids` that it covers."""
    reader = TileReader(session.connection())
    return {
        entry_id: Inclusion(
            index=index,
            size=head.size,
            leaf_hash=leaf_hash,
            path=tuple(inclusion_path_from(reader, index=index, size=head.size)),
        )
        for entry_id, (index, leaf_hash) in store.placed_leaves(session, ids, size=head.size).items()
    }


def tlog_proof(session: Session, entry_id: UUID) -> str:
    """Return the `c2sp.org/tlog-proof@v1` file of one entry; raise NotLogged or NotYetIncluded."""
    if not store.entries_by_id(session, [entry_id]):
        raise NotLogged(id=str(entry_id))
    proof = find_proof(session, entry_id)
    if proof is None:
        raise NotYetIncluded(id=str(entry_id))
    return proof


def find_proof(session: Session, entry_id: UUID) -> str | None:
    """Return the proof file of one entry under the newest checkpoint, None while it is not included."""
    head = checkpoint(session)
    proof = prove(session, [entry_id], head).get(entry_id)
    if proof is None:
        return None
    return TlogProof(index=proof.index, path=proof.path, checkpoint=head.note).text()


def inclusion_by_index(session: Session, *, index: int, size: int) -> tuple[bytes, ...]:
    """Return the inclusion path of a leaf index in a published size."""
    if store.checkpoint_of_size(session, size) is None or not 0 <= index < size:
        raise NoCheckpoint(size=size)
    return tuple(inclusion_path_from(TileReader(session.connection()), index=index, size=size))


def consistency(session: Session, *, old: int, new: int) -> tuple[bytes, ...]:
    """Return the consistency proof between two published sizes."""
    for size in (old, new):
        if store.checkpoint_of_size(session, size) is None:
            raise NoCheckpoint(size=size)
    if old > new:
        raise NoCheckpoint(size=new)
    return tuple(consistency_path_from(TileReader(session.connection()), old_size=old, new_size=new))
