"""POST /api/v1/statements: one statement, an array, or NDJSON; each item gets its own answer and receipt.

A statement vouches for itself: without other credentials a body is read only if every statement in it was signed
by an enrolled device, and it counts against the anonymous limit.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Annotated, Any
from urllib.request import parse_http_list
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody import service as custody
from coldtrace.custody.model import Mark
from coldtrace.custody.read_wire import ReadWire
from coldtrace.custody.service import Result
from coldtrace.custody.statement_list import PAGE_MAX, has_pieces, list_statements, places_of
from coldtrace.custody.unit_view import view_unit
from coldtrace.events.statement_type import StatementType
from coldtrace.goods.paper_rules import LackingPaper
from coldtrace.ledger import service as ledger
from coldtrace.ledger.refusals import NotLogged
from coldtrace.parties import store as parties
from coldtrace.rights.model import Kind, Scope, Verb
from coldtrace.seal.keys import load_public_key
from coldtrace.web.access import Body, Caller, CallerLang, ReadSession, needs
from coldtrace.web.awaited_proofs import AwaitedProofs
from coldtrace.web.captures import Captures
from coldtrace.web.database_trouble import is_lock_timeout, is_race
from coldtrace.web.items import read_items
from coldtrace.web.openapi import ANY_CALLER
from coldtrace.web.problems import language_of
from coldtrace.web.refusals import MalformedJson, NotReady, TooManyItems
from coldtrace.web.statement_stream import take_stream

router = APIRouter(prefix="/api/v1/statements", tags=["statements"])

WAIT_MAX_S = 10
CHECKED_MAX = 100
"""So few that nobody who scans the same goods has to wait long for a trial."""
LOCK_WAIT_MS = 1000

_DOC: dict[str, Any] = {
    "security": ANY_CALLER,
    "requestBody": {
        "required": True,
        "content": {
            kind: {
                "schema": {
                    "type": "object",
                    "required": ["header", "public", "private", "units", "sig"],
                    "properties": {
                        name: {"type": "string"} for name in ("header", "public", "private", "units", "sig")
                    },
                }
            }
            for kind in ("application/json", "application/x-ndjson")
        },
    },
}


@router.post(
    "",
    status_code=202,
    responses={200: {"description": "A repeat, sent alone"}, 201: {"description": "Included, with the proof"}},
    openapi_extra=_DOC,
    summary="Store signed statements 提交签名记录",
)
async def post_statements(request: Request) -> Response:
    """Store one statement (object), many (array) or a stream of lines (NDJSON); 202 with a receipt for each.

    One alone: 202 accepted, 200 repeat, 4xx problem when refused; `Prefer: wait=N` waits up to N seconds (10 at
    most) for inclusion and answers 201 with the proof; nobody waits while too many do, or while the log is in trouble.
    503 `busy` with Retry-After when too many requests wait already: nothing of such a request was looked at.
    Up to 1000 in one call; NDJSON with a token may go on for ever and is stored as it comes, see
    docs/guides/warehouse-systems.md.
    """
    # Called by the door itself (`limits.py`); here it stands for the document of the API and the tests that walk it.
    body = request.scope["coldtrace.body"]
    if "coldtrace.streams" in request.scope:
        streamed = await take_stream(request, as_json)
        if isinstance(streamed, Response):
            return streamed
        body = streamed
    captures: Captures = request.app.state.captures
    # Once it returns, the commit is behind us: only then may a receipt leave.
    stored = await captures.store(request, body)
    if stored.alone and stored.results[0].refusal is not None:
        raise stored.results[0].refusal
    said = _said(request, stored.results)
    status = 200 if stored.alone and stored.results[0].status == "repeat" else 202
    wait_s = _wait_s(request.headers.getlist("prefer"))
    kept = stored.results[0].id if len(stored.results) == 1 and stored.results[0].refusal is None else None
    if not wait_s or kept is None:
        return _answer(said, status)
    # Whoever sends one in an array may wait for it as well.
    awaited: AwaitedProofs = request.app.state.awaited_proofs
    proof = await awaited.proof(UUID(kept), wait_s=wait_s)
    if proof is None:
        return _answer(said, status)
    return JSONResponse(said | {"proof": proof}, 201, {"Preference-Applied": f"wait={wait_s}"})


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _answer(said: object, status: int) -> Response:
    """Return a JSONResponse, for which no encoder is made anew."""
    return Response(_ENCODER.encode(said).encode(), status, media_type="application/json")


def _said(request: Request, results: Sequence[Result]) -> dict[str, object]:
    # The language is asked only where there is something to say in it.
    lang = language_of(request) if any(result.refusal is not None for result in results) else "zh"
    return {"results": [as_json(result, lang) for result in results]}


@router.post("/check", openapi_extra=_DOC, summary="Dry run 试运行")
def check_statements(
    request: Request,
    body: Body,
    lang: CallerLang,
    caller: Annotated[Caller, needs(Kind.STATEMENT, Verb.WRITE, recorded=False)],
) -> Response:
    """Say what would become of up to 100 statements, and keep nothing; scans of the same goods wait for it no longer
    than it takes, and it waits for theirs a second at most (503 `not_ready`: ask again).

    What goods contradict is told of goods that the caller may see; of others the answer is `accepted` with
    `"hidden": true`, the same for goods that there are not.
    """
    reads, alone = read_items(request, body)
    if alone and isinstance(reads[0].refusal, MalformedJson):
        raise reads[0].refusal
    if len(reads) > CHECKED_MAX:
        raise TooManyItems(limit=CHECKED_MAX, got=len(reads))
    # Nothing of a trial is recorded, so nothing is told by an area: that takes a purpose and a record.
    scope = replace(caller.scope_for(Kind.UNIT, Verb.READ), areas=frozenset())
    keys = {read.checked.header.key for read in reads if read.checked is not None}
    with request.app.state.sessions() as session:
        seen = told_of([_names(read) for read in reads], session, scope)
        spkis = parties.public_keys(session, keys)
    # Whatever can be judged without a lock is judged before.
    proved = [
        read.proved_by(load_public_key(spkis[read.checked.header.key]))
        if read.checked is not None and read.checked.header.key in spkis
        else read
        for read in reads
    ]
    results = _tried(request, keys, proved)
    answers = (
        as_json(result if shown else without_goods(result), lang) | {"receipt": None, "hidden": not shown}
        for result, shown in zip(results, seen, strict=True)
    )
    return JSONResponse({"results": list(answers)})


def _tried(request: Request, keys: set[bytes], reads: Sequence[ReadWire]) -> list[Result]:
    with request.app.state.sessions() as session:
        try:
            wait_briefly(session)
            devices = parties.speaking_devices(session, keys)
            return custody.capture(session, request.app.state.env, reads, devices=devices, trial=True)
        except SQLAlchemyError as error:
            if is_race(error) or is_lock_timeout(error):
                raise NotReady() from error
            raise
        finally:
            session.rollback()


OF_THE_DEVICE = frozenset(
    {Mark.NOT_PERMITTED, Mark.LATE, Mark.CLOCK_SKEW, Mark.CHAIN_FORK, Mark.KEY_SUSPENDED, Mark.CERTIFICATE_OVER}
)
"""Marks that say nothing of goods."""


def without_goods(result: Result) -> Result:
    """Return what became of a statement without a word of goods that the caller may not see."""
    kept = tuple(mark for mark in result.marks if mark in OF_THE_DEVICE)
    if result.status not in ("accepted", "blocked"):
        return replace(result, marks=kept, lacking=())
    return replace(result, marks=kept, lacking=(), status="blocked" if Mark.NOT_PERMITTED in kept else "accepted")


def wait_briefly(session: Session) -> None:
    """Let this transaction wait for the locks of scans no longer than a second: it is only a trial."""
    session.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_MS}ms'"))


def told_of(statements: Sequence[Collection[str]], session: Session, scope: Scope) -> list[bool]:
    """Tell of which statements of one trial the caller may hear all, each given by the units that it names.

    What is in a trial builds on what is before it: after one that names goods of others, all is hidden.
    """
    seen: dict[str, bool] = {}
    shown, found = True, []
    for names in statements:
        for name in names:
            if shown and not scope.everything and name not in seen:
                seen[name] = view_unit(session, scope, name, inside_max=0, limit=1) is not None
        shown = shown and (scope.everything or all(seen[name] for name in names))
        found.append(shown)
    return found


def _names(read: ReadWire) -> set[str]:
    """Return the units whose record a trial would tell of; what is coded now nobody has seen yet."""
    statement = read.checked
    if statement is None:
        return set()  # it names nothing that could be read
    if statement.public.type is StatementType.COMMISSION:
        return set()
    return {name for line in statement.units.lines for name in (line.unit, line.parent) if name}


@router.get("", summary="Statements 记录清单")
def get_statements(
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.STATEMENT, Verb.READ)],
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return the statements that the caller may see, newest first; `next` is the `after` of the following page.

    One's own, what was sent to one, and the receipts of what one sent.  `units` are the first units of the lines that
    the caller may see, `lines` counts these lines: of a receipt that lists goods of several only one's own.
    """
    found = list_statements(session, caller.scope, after=after, limit=limit)
    caller.at(one.gln for one in found)
    caller.told(rows=len(found))
    return {
        "statements": [
            {
                "id": str(one.entry_id),
                "type": one.type,
                "site": one.gln,
                "to": one.to_gln,
                "at": format_utc(one.claimed_at),
                "recorded_at": format_utc(one.recorded_at),
                "status": one.status,
                "marks": list(one.marks),
                "units": list(one.units),
                "lines": one.lines,
                "annulled": one.annulled,
            }
            for one in found
        ],
        "next": str(found[-1].entry_id) if len(found) == limit else None,
    }


@router.get("/{entry_id}/pieces", summary="The pieces of a statement 记录的各部分")
def get_pieces(
    entry_id: UUID,
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.PIECES, Verb.READ, devices=False)],
) -> Response:
    """Return header and pieces as they are kept; of an erased private piece what is left, and when it was erased.

    For whoever made the statement and whom it names; whence a receiver took goods is not enough.
    """
    if not has_pieces(session, caller.scope, entry_id):
        raise NotLogged(id=str(entry_id))
    caller.at(places_of(session, entry_id))
    entry = ledger.known_entries(session, [entry_id]).get(entry_id)
    if entry is None:
        raise NotLogged(id=str(entry_id))
    found = ledger.kept_pieces(session, entry.log, entry_id)
    leaf = json.loads(entry.leaf)
    return JSONResponse(
        {
            "id": str(entry_id),
            "kind": leaf["kind"],
            "header": leaf["body"],
            "sig": leaf["sig"],
            "received_at": format_utc(entry.received_at),
            "pieces": {name: None if piece.data is None else piece.data.decode() for name, piece in found.items()},
            "erased": {
                name: format_utc(piece.erased_at) for name, piece in found.items() if piece.erased_at is not None
            },
        }
    )


def as_json(result: Result, lang: str) -> dict[str, object]:
    """Return one item of the answer."""
    refusal = result.refusal
    answer: dict[str, object] = {
        "id": result.id,
        "status": result.status,
        "code": refusal.code if refusal else (result.marks[0] if result.status == "blocked" else None),
        "marks": list(result.marks),
        "detail": None if refusal is None else refusal.say("en" if lang == "en" else "zh"),
        "receipt": result.receipt,
    }
    if result.lacking:
        answer["papers"] = [lacking_json(each) for each in result.lacking]
    return answer


def lacking_json(each: LackingPaper) -> dict[str, object]:
    """Return a paper that goods lack, by its kind alone: whose consignment it is is for whoever may see that."""
    return {
        "kind": each.kind.value,
        "level": each.level.value,
        "least": each.least.value,
        "policy_zh": each.policy.zh,
        "policy_en": each.policy.en,
    }


def _wait_s(prefer: Sequence[str]) -> int:
    """Return how many seconds the lines of `Prefer` ask to wait, at most WAIT_MAX_S; 0 without (RFC 7240, 2).

    Only the first `wait` counts; what stands behind a semicolon belongs to another preference.
    """
    for each in parse_http_list(",".join(prefer)):
        name, _, value = each.partition(";")[0].partition("=")
        if name.strip().lower() == "wait":
            value = value.strip().strip('"')
            return min(int(value[:3]), WAIT_MAX_S) if value.isdecimal() else 0
    return 0
