"""Use cases of the journal: record an act, chain what was recorded, anchor the head in the log.

An act is recorded in its own transaction, so there is neither one without its record nor a record without the act, and
nobody waits for a shared lock.  The order of the chain is made afterwards, by whoever holds its lock.
"""

from datetime import UTC
from uuid import UUID

from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.events.canonical import encode
from coldtrace.events.leaf import LeafKind, leaf_bytes
from coldtrace.journal import store
from coldtrace.journal.model import Act, Anchor, Head, Link, Record
from coldtrace.journal.rules import anchor_body, next_hash, record_text
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Entry
from coldtrace.seal.hashing import leaf_hash

CHAINED_AT_ONCE = 1000


def record(session: Session, env: Env, act: Act) -> UUID:
    """Keep an act in the caller's transaction and return the record's id.

    Raises NotCanonical for a detail that the profile of our texts has not.
    """
    kept = Record(
        record_id=env.new_id(),
        at=env.clock(),
        actor=act.actor,
        operators=tuple(sorted(act.operators)),
        roles=tuple(sorted(act.roles)),
        act=act.act,
        kind=act.kind,
        object=act.object,
        purpose=act.purpose,
        subjects=tuple(sorted(act.subjects)),
        sites=tuple(sorted(act.sites)),
        detail=encode(act.detail),
    )
    store.insert_record(session, kept)
    return kept.record_id


def chain(session: Session, env: Env, *, count: int = CHAINED_AT_ONCE) -> int:
    """Chain up to `count` records that wait, and return how many; 0 also while another process is at it.

    A record whose transaction commits later than a younger one's gets a later place: the chain has the order in which
    acts became visible, and each record the moment at which it says it was made.
    """
    if not store.lock_chain(session):
        return 0
    last = store.head(session) or Head(seq=0, hash=env.net)
    seq, hash_ = last.seq, last.hash
    links: list[Link] = []
    for each in store.take_pending(session, count=count):
        seq += 1
        hash_ = next_hash(hash_, record_text(seq, each))
        links.append(Link(seq=seq, record=each, hash=hash_))
    if links:
        store.insert_links(session, links)
    return len(links)


def anchor(session: Session, env: Env) -> Anchor | None:
    """Enter the head of the chain into the log, once a day (UTC), and return it.

    None when the day has its anchor, when nothing was chained since the last one, so that a day without an anchor
    says that nothing was new, or while another process is at it.  Raises LogNotOpen.
    """
    if not store.lock_chain(session):
        return None
    now = env.clock().astimezone(UTC)
    last, head = store.newest_anchor(session), store.head(session)
    if head is None or (last is not None and (last.day >= now.date() or last.head.seq >= head.seq)):
        return None
    made = Anchor(day=now.date(), head=head, entry_id=env.new_id())
    leaf = leaf_bytes(LeafKind.ANCHOR, anchor_body(made), None, now)
    entry = Entry(entry_id=made.entry_id, leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=now)
    ledger.append(session, env.log, [entry])
    store.insert_anchor(session, made)
    return made
