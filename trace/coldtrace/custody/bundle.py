"""The proof bundle of one box: what a stranger needs to check it without trusting us (docs/formats/bundle.md).

Only statements about this box, or about a pallet while the box was on it, and of each only the lines that concern
it.  What cannot be shown is left out, with all that makes no sense without it: a statement that the newest checkpoint
does not cover yet, one whose pieces were erased, and one from a device whose clock named another day.
"""

import json
from collections.abc import Collection, Iterable
from datetime import timedelta, timezone
from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.token import decode_token
from coldtrace.custody.history import HistoryLine, ask_stories
from coldtrace.custody.model import Mark
from coldtrace.custody.shown_statements import ShownStatements
from coldtrace.env import Env
from coldtrace.events.public_piece import PublicPiece
from coldtrace.goods import stop_store
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import SignedHead
from coldtrace.parties import store as parties
from coldtrace.parties.model import Anchors
from coldtrace.seal.b64 import b64
from coldtrace.seal.filter_prove import prove_item

MEDIA_TYPE = "application/vnd.coldtrace.proof+json"

_LOCAL = timezone(timedelta(hours=8))


def build_bundle(
    session: Session, env: Env, *, code: str, unit_pk: int, facts: str | None
) -> tuple[dict[str, object], int]:
    """Return the bundle of one unit, and how many of its statements still wait for a checkpoint."""
    story = ask_stories(session, [unit_pk])().get(unit_pk, [])
    head = ledger.checkpoint(session, env.log)
    statements = ShownStatements(session, env, [story], head)
    statements.prove(session)
    bundle = frame(env, parties.ask_anchors(session)(), head, code=code, facts=facts)
    bundle["statements"] = [statements.item(line) for line in to_show(story, statements)]
    allow = allow_proof(session, code)
    return bundle if allow is None else bundle | {"allow": allow}, waiting(story, statements)


def frame(env: Env, anchors: Anchors, head: SignedHead, *, code: str, facts: str | None) -> dict[str, object]:
    """Return a bundle without its statements, of a code whose key was never stolen."""
    bundle: dict[str, object] = {
        "v": 1,
        "kind": "coldtrace-proof",
        "code": code,
        "net": b64(env.net),
        "root": anchors.root,
        "trust_list": json.loads(anchors.trust_list),
        "facts": facts,
        "statements": [],
        "checkpoint": head.note,
    }
    if anchors.root_changes:
        bundle["root_changes"] = [json.loads(each) for each in anchors.root_changes]
    return bundle


def to_show(story: list[HistoryLine], statements: ShownStatements) -> list[HistoryLine]:
    """Return the statements of an accepted story that its proof shows."""
    return _readable(story, {line.entry_id for line in story if _may_show(line, statements.public(line.entry_id))})


def waiting(story: Iterable[HistoryLine], statements: ShownStatements) -> int:
    """Return how many statements of a story wait for a checkpoint."""
    return sum(not statements.is_placed(line.entry_id) for line in story)


def allow_proof(session: Session, code: str) -> dict[str, object] | None:
    """Return the proof that a code of a stolen key was registered before the theft; None for every other key."""
    parsed = parse_trace_code(code)
    if parsed.token is None or parsed.unit_id is None:
        return None
    file = stop_store.allow_filter_of(session, decode_token(parsed.token).kid)
    return None if file is None else prove_item(file, parsed.unit_id)


def _may_show(line: HistoryLine, public: PublicPiece | None) -> bool:
    """Tell whether a statement can be shown: proved, not erased, and of the day on which it is ordered.

    A clock that was off names a day that nobody can believe; the certificate may not even have been valid then.
    """
    if public is None:
        return False
    return Mark.CLOCK_SKEW not in line.marks or public.date == line.event_at.astimezone(_LOCAL).date()


def _readable(story: list[HistoryLine], showable: Collection[UUID]) -> list[HistoryLine]:
    """Return the statements that can be shown, without those that only make sense with one that cannot.

    Without its pack a stay has no beginning: neither what was said of the parent meanwhile nor the unpack is shown.
    Nor is a stay that a new label took over from the old one: no statement names it together with the parent.
    """
    found: list[HistoryLine] = []
    unseen: dict[str, str | None] = {}
    relabelled = {line.entry_id for line in story if (line.type, line.role) == ("relabel", "output")}
    taken_over: set[str] = set()
    for line in story:
        shown = line.entry_id in showable and all(
            pack in showable and pack not in relabelled for pack in line.inside_by
        )
        if line.entry_id in relabelled:
            taken_over.add(line.unit)
        elif line.type == "unpack" and line.unit in taken_over:
            taken_over.remove(line.unit)
            continue
        elif line.type == "pack":
            taken_over.discard(line.unit)
        if line.type == "pack":
            unseen.pop(line.unit, None)
            if not shown:
                unseen[line.unit] = line.parent
        elif line.type == "unpack" and line.parent is not None and unseen.get(line.unit) == line.parent:
            del unseen[line.unit]
            continue
        if shown:
            found.append(line)
    return found
