"""The journal as a file that a third party checks without us (docs/formats/journal.md, section 4)."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.events.canonical import encode
from coldtrace.journal import store
from coldtrace.journal.model import Anchor, Head
from coldtrace.journal.rules import record_text
from coldtrace.ledger import service as ledger
from coldtrace.seal.b64 import b64


def export_lines(
    session: Session, env: Env, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[str]:
    """Give the lines of an export, without their line ends; memory stays the same however long it is.

    From the first record made at or after `since` to the last made before `until`, and on to the next anchor, so that
    every record stands under one as far as there is one.  Anchors come first, each with its proof if the log is that
    far.
    """
    first, last = store.range_of(session, since=since, until=until)
    anchors = store.anchors(session)
    if first <= last:
        last = next((each.head.seq for each in anchors if each.head.seq >= last), last)
    before = store.link_hash(session, first - 1) or env.net
    yield encode({"export": {"v": 1, "net": b64(env.net), "after": first - 1, "hash": b64(before)}})
    for anchor in anchors:
        if first <= anchor.head.seq <= last:
            yield encode({"anchor": _anchor(session, anchor)})
    head = Head(seq=first - 1, hash=before)
    for link in store.links(session, after=first - 1, until=last):
        yield record_text(link.seq, link.record)
        head = Head(seq=link.seq, hash=link.hash)
    yield encode({"end": {"seq": head.seq, "hash": b64(head.hash)}})


def _anchor(session: Session, anchor: Anchor) -> dict[str, object]:
    leaf, log_id = store.entry_of(session, anchor.entry_id)
    log = next(log for log, _ in ledger.logs(session) if log.id == log_id)
    found = ledger.find_proof(session, log, anchor.entry_id)
    return {"log": log.origin, "leaf": leaf, "proof": None if found is None else found[0].text()}
