"""Whether the journal in the database is what was chained, and what the log says that it was.

The chain alone shows an edit only to whoever kept a head of it: who can write the tables can chain anew.  So the
anchors are read from the log's own entries, which the tree, its published checkpoints and its witnesses hold fast
(`coldtrace ledger audit` checks these), and not from the journal's table, which falls with the rest.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from uuid import UUID

from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.events.canonical import NotCanonical
from coldtrace.journal import store
from coldtrace.journal.finding import JournalFault, JournalReport
from coldtrace.journal.model import Anchor, Head, Link
from coldtrace.journal.rules import next_hash, read_anchor_body, record_text

UNCHAINED_MAX = 1000


def verify(session: Session, env: Env) -> JournalReport:
    """Read the whole chain once, in batches, and return what does not fit."""
    report = JournalReport(hash=env.net)
    logged = list(_logged(session))
    wanted = _by_seq(report, logged, {each.entry_id: each for each in store.anchors(session)})
    before = Head(seq=0, hash=env.net)
    for link in store.links(session, after=0):
        for missing in range(before.seq + 1, link.seq):
            report.find(JournalFault.RECORD_MISSING, missing)
        if link.seq != before.seq + 1 or not _fits(before.hash, link):
            report.find(JournalFault.RECORD_CHANGED, link.seq)
        report.records += 1
        report.unanchored += 1
        for each in wanted.pop(link.seq, ()):
            if each.head.hash != link.hash:
                report.find(JournalFault.ANCHOR_DIFFERS, each.day)
            else:
                report.unanchored = 0
        before = Head(seq=link.seq, hash=link.hash)
    for seq, anchors in sorted(wanted.items()):
        report.find(
            JournalFault.CHAIN_CUT if seq > before.seq else JournalFault.ANCHOR_DIFFERS, _place(seq, anchors, before)
        )
    for record_id in store.unlinked(session, limit=UNCHAINED_MAX):
        report.find(JournalFault.RECORD_UNCHAINED, record_id)
    report.seq, report.hash, report.anchors = before.seq, before.hash, len(logged)
    report.waiting = store.pending_count(session)
    return report


def _place(seq: int, anchors: list[Anchor], before: Head) -> object:
    return seq if seq > before.seq else anchors[0].day


def _fits(before: bytes, link: Link) -> bool:
    try:
        return next_hash(before, record_text(link.seq, link.record)) == link.hash
    except NotCanonical:
        return False


def _logged(session: Session) -> Iterator[Anchor]:
    """Give the anchors that the entries of all logs have."""
    for entry_id, leaf in store.anchor_leaves(session):
        anchor = read_anchor_body(str(json.loads(leaf)["body"]), entry_id)
        if anchor is not None:
            yield anchor


def _by_seq(report: JournalReport, logged: list[Anchor], known: dict[UUID, Anchor]) -> dict[int, list[Anchor]]:
    """Return the log's anchors by their place in the chain; note where the journal's own table disagrees."""
    found: dict[int, list[Anchor]] = defaultdict(list)
    days: set[date] = set()
    for each in sorted(logged, key=lambda anchor: anchor.day):
        if each.day in days:
            report.find(JournalFault.ANCHOR_TWICE, each.day)
        days.add(each.day)
        if known.pop(each.entry_id, None) != each:
            report.find(JournalFault.ANCHOR_UNKNOWN, each.day)
        found[each.head.seq].append(each)
    for each in known.values():
        report.find(JournalFault.ANCHOR_MISSING, each.day)
    return found
