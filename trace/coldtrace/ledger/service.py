"""Use cases of the log: open it, append to it, prove from it.  Which log is the caller's to say.

Two heads are told apart: the *signed* one, which the sequencer wrote last, and the *published* one, which has left the
house.  Strangers get proofs under the published one only: a checkpoint that somebody holds can never be taken back.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.env import FIRST_LOG, Env, Log
from coldtrace.errors import Refusal
from coldtrace.ledger import store
from coldtrace.ledger.fork_guard import Outside
from coldtrace.ledger.model import Entry, Inclusion, LogState, LogStatus, Piece, Place, SignedHead, StoredEntry
from coldtrace.ledger.paths import TileReader
from coldtrace.ledger.refusals import (
    IndexOutOfRange,
    LogExists,
    LogNotOpen,
    LogUnknown,
    NoCheckpoint,
    NotLogged,
    NotYetIncluded,
    OldAboveNew,
    StoredDiffers,
)
from coldtrace.ledger.rooted import rooted_tile, signed_root
from coldtrace.ledger.tiles import cache_of, published_path
from coldtrace.seal.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.hashing import HASH_BYTES
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.merkle import Frontier, consistency_path_from, inclusion_path_from
from coldtrace.seal.note import split_note
from coldtrace.seal.tile_path import TILE_WIDTH
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
    add(session, log, entries)()


def add(session: Session, log: Log, entries: Sequence[Entry]) -> Callable[[], None]:
    """Do the same without waiting; what is returned raises LogNotOpen, and is to be called before the commit."""
    if not entries:
        return lambda: None
    are_added = store.add_entries(session, log.id, entries)

    def require() -> None:
        if not are_added():
            raise LogNotOpen(name=log.name)

    return require


def known_entries(session: Session, ids: Sequence[UUID]) -> dict[UUID, StoredEntry]:
    """Return those of `ids` that are logged already, in whichever log of the installation."""
    return store.entries_by_id(session, ids)


def ask_known(session: Session, ids: Sequence[UUID]) -> Callable[[], dict[UUID, StoredEntry]]:
    """Do the same without waiting for the database; what is returned gives the answer."""
    return store.ask_entries(session, ids)


def pieces(session: Session, logs: Collection[Log], ids: Sequence[UUID]) -> dict[UUID, dict[str, bytes]]:
    """Return the pieces of entries of these logs that are still kept, by entry and name; of an erased one the rest."""
    return {
        entry_id: {name: piece.data for name, piece in found.items() if piece.data is not None}
        for entry_id, found in store.pieces_of(session, {log.id for log in logs}, ids).items()
    }


def kept_pieces(session: Session, log: Log, entry_id: UUID) -> dict[str, Piece]:
    """Return the pieces of one entry by name, with what was erased of them and when."""
    return store.pieces_of(session, [log.id], [entry_id]).get(entry_id, {})


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


def forgotten(session: Session, log: Log, outside: Sequence[Outside], known: SignedHead) -> SignedHead | None:
    """Return the largest of these checkpoints if the database has fewer leaves than it, None otherwise.

    What cannot be read, or is not signed by the log, is passed over here: the guard has an alarm for it.
    """
    found: SignedHead | None = None
    for each in outside:
        try:
            size = parse_checkpoint(split_note(each.note.decode())[0]).size
            if size <= known.size or size <= signed_head(session, log).size:
                continue
            vkey = next(vkey for other, vkey in logs(session) if other == log)
            opened = open_checkpoint(each.note, log=vkey).checkpoint
        except (Refusal, UnicodeDecodeError):
            continue
        if found is None or found.size < opened.size:
            found = SignedHead(size=opened.size, root=opened.root, note=each.note.decode())
    return found


def prove(session: Session, log: Log, ids: Sequence[UUID], head: SignedHead) -> dict[UUID, Inclusion]:
    """Return inclusion proofs under `head`, a published one, for those of `ids` that it covers; raise StoredDiffers.

    Like every proof here they are checked as a stranger would before they are answered.
    """
    return prove_placed(session, log, store.placed_leaves(session, log.id, ids, size=head.size), head)


def prove_placed(
    session: Session, log: Log, placed: Mapping[UUID, tuple[int, bytes]], head: SignedHead
) -> dict[UUID, Inclusion]:
    """Do the same for entries of which index and leaf hash were read.

    A path that led from such a leaf to such a root in this process leads there still, and is not looked for again.
    """
    reader, root, paths = _reader(session, log), signed_root(head), cache_of(session.connection()).paths
    found: dict[UUID, Inclusion] = {}
    for entry_id, (index, leaf) in placed.items():
        key = (root, head.size, index, leaf)
        path = paths.get(key)
        if path is None:
            path = paths.put(key, _inclusion(session, log, reader, leaf, index=index, size=head.size, root=root))
        found[entry_id] = Inclusion(index=index, size=head.size, leaf_hash=leaf, path=path)
    return found


def ask_checkpoint(session: Session, log: Log) -> Callable[[], SignedHead]:
    """Ask for the published checkpoint; what is returned waits for it, and raises NoCheckpoint before there is one."""
    asked = store.ask_published(session, log.id)

    def found() -> SignedHead:
        head = asked()
        if head is None:
            raise NoCheckpoint(size=0)
        return head

    return found


def ask_places(session: Session, log: Log, ids: Iterable[UUID], head: SignedHead) -> Callable[[], dict[UUID, Place]]:
    """Ask where those of `ids` stand that `head` covers, and for the digests of what is kept of them."""
    return store.ask_places(session, log.id, ids, size=head.size)


def ask_texts(
    session: Session, log: Log, ids: Iterable[UUID]
) -> Callable[[], dict[UUID, tuple[bytes, bytes | None, bytes | None]]]:
    """Ask for leaf, public piece and units piece of entries of a log."""
    return store.ask_texts(session, log.id, ids)


def tlog_proof(session: Session, log: Log, entry_id: UUID) -> tuple[TlogProof, Inclusion]:
    """Return the `c2sp.org/tlog-proof@v1` of one entry; raise NotLogged or NotYetIncluded."""
    found = find_proof(session, log, entry_id)
    if found is not None:
        return found
    entry = store.entries_by_id(session, [entry_id]).get(entry_id)
    if entry is None or entry.log != log:
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
    """Return the inclusion path of a leaf index in a published size; raise NoCheckpoint, IndexOutOfRange."""
    (head,) = _published_heads(session, log, size)
    if not 0 <= index < size:
        raise IndexOutOfRange(index=index, size=size)
    reader = _reader(session, log)
    number, at = divmod(index, TILE_WIDTH)
    leaf = reader.tile(0, number, at + 1)[at * HASH_BYTES : (at + 1) * HASH_BYTES]
    return _inclusion(session, log, reader, leaf, index=index, size=size, root=signed_root(head))


def consistency(session: Session, log: Log, *, old: int, new: int) -> tuple[bytes, ...]:
    """Return the consistency proof between two published sizes; raise NoCheckpoint, OldAboveNew."""
    older, newer = _published_heads(session, log, old, new)
    if old > new:
        raise OldAboveNew(old=old, new=new)
    try:
        path = tuple(consistency_path_from(_reader(session, log), old_size=old, new_size=new))
    except LookupError:
        raise _differs(session, log, f"{old}..{new}") from None
    roots = {"old_root": signed_root(older), "new_root": signed_root(newer)}
    if not verify_consistency(old_size=old, new_size=new, path=path, **roots):
        raise _differs(session, log, f"{old}..{new}")
    return path


def tile(session: Session, log: Log, path: str) -> bytes:
    """Return a tile or entry bundle of the published tree by its path; raise NoTile, StoredDiffers."""
    head, connection = checkpoint(session, log), session.connection()
    asked = published_path(path, size=head.size)
    return rooted_tile(connection, log, asked, head=head, cache=cache_of(connection))


def differing(session: Session) -> list[Refusal]:
    """Return what this process read of its logs and could not lead to a signed root."""
    return list(dict(cache_of(session.connection()).differing).values())


def _inclusion(
    session: Session, log: Log, reader: TileReader, leaf: bytes, *, index: int, size: int, root: bytes
) -> tuple[bytes, ...]:
    try:
        path = tuple(inclusion_path_from(reader, index=index, size=size))
    except LookupError:
        raise _differs(session, log, str(index)) from None
    if not verify_inclusion(leaf_hash=leaf, index=index, size=size, path=path, root=root):
        raise _differs(session, log, str(index))
    return path


def _differs(session: Session, log: Log, where: str) -> StoredDiffers:
    """Return the refusal of a proof that a stranger would find false, and have `/readyz` say it."""
    refusal = StoredDiffers(name=log.name, path=where)
    cache_of(session.connection()).differing[log.name] = refusal
    return refusal


def _reader(session: Session, log: Log) -> TileReader:
    connection = session.connection()
    return TileReader(connection, log.id, cache=cache_of(connection))


def _published_heads(session: Session, log: Log, *sizes: int) -> list[SignedHead]:
    """Return the checkpoint signed at each size; raise NoCheckpoint if none was, or none that is published yet."""
    connection = session.connection()
    newest = checkpoint(session, log).size
    found = []
    for size in sizes:
        head = store.checkpoint_of_size(connection, log.id, size) if 0 <= size <= newest else None
        if head is None:
            raise NoCheckpoint(size=size)
        found.append(head)
    return found
