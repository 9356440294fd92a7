"""Use cases of the log: open it, append to it, prove from it.  Which log is the caller's to say.

Two heads are told apart: the *signed* one, which the sequencer wrote last, and the *published* one, which has left the
house.  Strangers get proofs under the published one only: a checkpoint that somebody holds can never be taken back.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.env import FIRST_LOG, Env, Log
from coldtrace.ledger import store
from coldtrace.ledger.model import Entry, Inclusion, LogState, LogStatus, Piece, SignedHead, StoredEntry
from coldtrace.ledger.paths import TileReader
from coldtrace.ledger.refusals import LogExists, LogNotOpen, LogUnknown, NoCheckpoint, NotLogged, NotYetIncluded
from coldtrace.ledger.tiles import cache_of, published_tile
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.merkle import Frontier, consistency_path_from, inclusion_path_from
from coldtrace.seal.tlog_proof import TlogProof
from coldtrace.seal.vkey import vkey_of


def open_log(session: Session, env: Env) -> str:
    """Open the installation's current log once and sign its empty head; return its vkey."""
    found = {log.id: vkey for log, vkey, _ in store.logs(session.connection())}
    return found[env.log.id] if env.log.id in found else _open(session, env, env.log)


def open_named_log(session: Session, env: Env, *, origin: str) -> Log:
    """Open another log of the installation and return it; raise LogExists.  Its key must be in the keyring.

    Makes its partitions, so the session must be the owner's of the tables.
    """
    store.lock_opening(session)
    known = [log for log, _, _ in store.logs(session.connection())]
    log = Log(id=max((each.id for each in known), default=FIRST_LOG - 1) + 1, origin=origin)
    if any(each.origin == origin or each.name == log.name for each in known):
        raise LogExists(origin=origin)
    _open(session, env, log)
    return log


def _open(session: Session, env: Env, log: Log) -> str:
    signer = env.keyring.signer(log.key_name)
    vkey = vkey_of(name=log.origin, spki=signer.spki).text()
    empty = Frontier()
    now = env.clock()
    store.make_partitions(session, log.id)
    store.open_log(session, log, vkey=vkey, at=now, root=empty.root(), frontier=empty.to_bytes())
    note = sign_checkpoint(Checkpoint(origin=log.origin, size=0, root=empty.root()), signer)
    head = SignedHead(size=0, root=empty.root(), note=note)
    store.insert_checkpoint(session.connection(), log.id, head, at=now)
    store.set_published(session.connection(), log.id, head, cosignatures=0, at=now)
    return vkey


def current_log(session: Session) -> Log | None:
    """Return the log that takes the installation's statements: the first that is not closed; None before the first."""
    return next((log for log, _, state in store.logs(session.connection()) if state is not LogState.CLOSED), None)


def logs(session: Session) -> list[tuple[Log, str]]:
    """Return all logs of the installation with their vkeys."""
    return [(log, vkey) for log, vkey, _ in store.logs(session.connection())]


def is_open(session: Session, log: Log) -> bool:
    """Tell whether a log grows: it is neither frozen nor closed."""
    return any(each.id == log.id and state is LogState.OPEN for each, _, state in store.logs(session.connection()))


def log_named(session: Session, name: str) -> Log:
    """Return the log of this name; raise LogUnknown."""
    for log, _, _ in store.logs(session.connection()):
        if log.name == name:
            return log
    raise LogUnknown(name=name)


def status(session: Session, *, now: datetime) -> list[LogStatus]:
    """Return how each log is doing."""
    return store.log_status(session.connection(), now=now)


def append(session: Session, log: Log, entries: Sequence[Entry]) -> None:
    """Make entries durable and queue them for the tree; the caller commits before it answers.

    Raises LogNotOpen: a receipt promises a place in the tree, which a frozen log cannot give.
    """
    if entries and not store.insert_entries(session.connection(), log.id, entries):
        raise LogNotOpen(name=log.name)


def known_entries(session: Session, log: Log, ids: Sequence[UUID]) -> dict[UUID, StoredEntry]:
    """Return those of `ids` that are logged already."""
    return store.entries_by_id(session, log.id, ids)


def pieces(session: Session, log: Log, ids: Sequence[UUID]) -> dict[UUID, dict[str, bytes]]:
    """Return the pieces of entries that are still kept, by entry and name; of an erased one what is left."""
    return {
        entry_id: {name: piece.data for name, piece in found.items() if piece.data is not None}
        for entry_id, found in store.pieces_of(session, log.id, ids).items()
    }


def kept_pieces(session: Session, log: Log, entry_id: UUID) -> dict[str, Piece]:
    """Return the pieces of one entry by name, with what was erased of them and when."""
    return store.pieces_of(session, log.id, [entry_id]).get(entry_id, {})


def lock_private(session: Session, log: Log, entry_id: UUID) -> Piece | None:
    """Return the private piece of an entry, locked until the commit."""
    return store.lock_piece(session, log.id, entry_id, "private")


def replace_private(session: Session, log: Log, entry_id: UUID, text: str, *, at: datetime) -> None:
    """Put what an erasure left of a private piece in its place."""
    store.erase_piece(session, log.id, entry_id, "private", data=text.encode(), at=at)


def waiting(session: Session, log: Log) -> int:
    """Return how many entries wait for their place in the tree."""
    return store.pending_count(session, log.id)


def signed_head(session: Session, log: Log) -> SignedHead:
    """Return the newest signed checkpoint, published or not; raise NoCheckpoint before the log is opened."""
    head = store.newest_checkpoint(session.connection(), log.id)
    if head is None:
        raise NoCheckpoint(size=0)
    return head


def checkpoint(session: Session, log: Log) -> SignedHead:
    """Return the published checkpoint; raise NoCheckpoint before the log is opened."""
    head = store.published(session.connection(), log.id)
    if head is None:
        raise NoCheckpoint(size=0)
    return head


def prove(session: Session, log: Log, ids: Sequence[UUID], head: SignedHead) -> dict[UUID, Inclusion]:
    """Return inclusion proofs under `head`, a published one, for those of `ids` that it covers."""
    reader = _reader(session, log)
    return {
        entry_id: Inclusion(
            index=index,
            size=head.size,
            leaf_hash=leaf_hash,
            path=tuple(inclusion_path_from(reader, index=index, size=head.size)),
        )
        for entry_id, (index, leaf_hash) in store.placed_leaves(session, log.id, ids, size=head.size).items()
    }


def tlog_proof(session: Session, log: Log, entry_id: UUID) -> tuple[TlogProof, Inclusion]:
    """Return the `c2sp.org/tlog-proof@v1` of one entry; raise NotLogged or NotYetIncluded."""
    found = find_proof(session, log, entry_id)
    if found is not None:
        return found
    if not store.entries_by_id(session, log.id, [entry_id]):
        raise NotLogged(id=str(entry_id))
    raise NotYetIncluded(id=str(entry_id))


def find_proof(session: Session, log: Log, entry_id: UUID) -> tuple[TlogProof, Inclusion] | None:
    """Return the proof of one entry under the published checkpoint, None while it is not included."""
    head = checkpoint(session, log)
    proof = prove(session, log, [entry_id], head).get(entry_id)
    return None if proof is None else (_as_tlog_proof(proof, head), proof)


def published_proofs(session: Session, log: Log, ids: Sequence[UUID]) -> dict[UUID, TlogProof]:
    """Return the proofs of entries under the published checkpoint, for those that it includes."""
    head = checkpoint(session, log)
    return {entry_id: _as_tlog_proof(proof, head) for entry_id, proof in prove(session, log, ids, head).items()}


def _as_tlog_proof(proof: Inclusion, head: SignedHead) -> TlogProof:
    return TlogProof(index=proof.index, path=proof.path, checkpoint=head.note)


def inclusion_by_index(session: Session, log: Log, *, index: int, size: int) -> tuple[bytes, ...]:
    """Return the inclusion path of a leaf index in a published size; raise NoCheckpoint."""
    _require_published(session, log, size)
    if not 0 <= index < size:
        raise NoCheckpoint(size=size)
    return tuple(inclusion_path_from(_reader(session, log), index=index, size=size))


def consistency(session: Session, log: Log, *, old: int, new: int) -> tuple[bytes, ...]:
    """Return the consistency proof between two published sizes; raise NoCheckpoint."""
    _require_published(session, log, old, new)
    if old > new:
        raise NoCheckpoint(size=new)
    return tuple(consistency_path_from(_reader(session, log), old_size=old, new_size=new))


def tile(session: Session, log: Log, path: str) -> bytes:
    """Return a tile or entry bundle of the published tree by its path; raise NoTile."""
    return published_tile(session.connection(), log, path, size=checkpoint(session, log).size)


def _reader(session: Session, log: Log) -> TileReader:
    connection = session.connection()
    return TileReader(connection, log.id, cache=cache_of(connection))


def _require_published(session: Session, log: Log, *sizes: int) -> None:
    """Raise NoCheckpoint unless at each size a checkpoint was signed that is not newer than the published one."""
    connection = session.connection()
    newest = checkpoint(session, log).size
    for size in sizes:
        if not 0 <= size <= newest or store.checkpoint_of_size(connection, log.id, size) is None:
            raise NoCheckpoint(size=size)
