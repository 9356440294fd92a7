"""POST /api/v1/statements: one statement, an array, or NDJSON; each item gets its own answer and receipt.

A statement vouches for itself: without other credentials a body is read only if every statement in it was signed
by an enrolled device, and it counts against the anonymous limit.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.request import parse_http_list
from uuid import UUID

import psycopg
from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody import service as custody
from coldtrace.custody.model import Mark
from coldtrace.custody.service import Result
from coldtrace.custody.statement_list import PAGE_MAX, has_pieces, list_statements, places_of
from coldtrace.custody.unit_view import view_unit
from coldtrace.db.group_commit import GroupCommit
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.events.statement import read_statement
from coldtrace.events.statement_type import StatementType
from coldtrace.ledger import service as ledger
from coldtrace.ledger.refusals import NotLogged
from coldtrace.parties.refusals import AuthenticationRequired
from coldtrace.rights.model import Kind, Scope, Verb
from coldtrace.web.access import Body, Caller, CallerLang, CurrentEnv, ReadSession, needs, recognise
from coldtrace.web.awaited_proofs import AwaitedProofs
from coldtrace.web.database_trouble import is_race
from coldtrace.web.openapi import ANY_CALLER
from coldtrace.web.refusals import MalformedJson, NotReady, TooManyItems, WrongContentType

router = APIRouter(prefix="/api/v1/statements", tags=["statements"])

ITEMS_MAX = 1000
ATTEMPTS = 4
WAIT_MAX_S = 10
KIND_MAX = 120
_UNPROVEN = frozenset({"unknown_device", "bad_statement_signature"})

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
async def post_statements(request: Request, body: Body, lang: CallerLang) -> Response:
    """Store one statement (object), many (array) or a stream of lines (NDJSON); 202 with a receipt for each.

    One alone: 202 accepted, 200 repeat, 4xx problem when refused; `Prefer: wait=N` waits up to N seconds (10 at
    most) for inclusion and answers 201 with the proof; nobody waits while too many do, or while the log is in trouble.
    """
    # Stored in a worker thread, which is given back before the wait: who waits must not stand in the way of others.
    answer, kept = await run_in_threadpool(_store, request, body, lang)
    wait_s = _wait_s(request.headers.getlist("prefer"))
    if kept is None or not wait_s:
        return answer
    awaited: AwaitedProofs = request.app.state.awaited_proofs
    proof = await awaited.proof(kept.id, wait_s=wait_s)
    if proof is None:
        return answer
    return JSONResponse(kept.body | {"proof": proof}, 201, {"Preference-Applied": f"wait={wait_s}"})


@router.post("/check", openapi_extra=_DOC, summary="Dry run 试运行")
def check_statements(
    request: Request,
    body: Body,
    lang: CallerLang,
    caller: Annotated[Caller, needs(Kind.STATEMENT, Verb.WRITE, recorded=False)],
) -> Response:
    """Say what would become of statements, and keep nothing.

    What goods contradict is told of goods that the caller may see; of others the answer is `accepted` with
    `"hidden": true`, the same for goods that there are not.
    """
    wires, _ = read_items(request, body)
    scope = caller.scope_for(Kind.UNIT, Verb.READ)
    with request.app.state.sessions() as session:
        seen = [scope.everything or _are_seen(session, scope, wire) for wire in wires]
        results = custody.capture(session, request.app.state.env, wires)
        session.rollback()
    answers = (
        as_json(result if shown else _without_goods(result), lang) | {"receipt": None, "hidden": not shown}
        for result, shown in zip(results, seen, strict=True)
    )
    return JSONResponse({"results": list(answers)})


OF_THE_DEVICE = frozenset({Mark.NOT_PERMITTED, Mark.LATE, Mark.CLOCK_SKEW, Mark.CHAIN_FORK, Mark.KEY_SUSPENDED})
"""Marks that say nothing of goods."""


def _without_goods(result: Result) -> Result:
    kept = tuple(mark for mark in result.marks if mark in OF_THE_DEVICE)
    if result.status not in ("accepted", "blocked"):
        return replace(result, marks=kept)
    return replace(result, marks=kept, status="blocked" if Mark.NOT_PERMITTED in kept else "accepted")


def _are_seen(session: Session, scope: Scope, wire: object) -> bool:
    """Tell whether the caller may see all units that a statement names; what is coded now nobody has seen yet."""
    try:
        statement = read_statement(wire)
    except Refusal:
        return True  # it names nothing that could be read
    if statement.public.type is StatementType.COMMISSION:
        return True
    return all(view_unit(session, scope, line.unit, inside_max=0) is not None for line in statement.units.lines)


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
    env: CurrentEnv,
) -> Response:
    """Return header and pieces as they are kept; of an erased private piece what is left, and when it was erased.

    For whoever made the statement and whom it names; whence a receiver took goods is not enough.
    """
    if not has_pieces(session, caller.scope, entry_id):
        raise NotLogged(id=str(entry_id))
    caller.at(places_of(session, entry_id))
    entry = ledger.known_entries(session, env.log, [entry_id]).get(entry_id)
    if entry is None:
        raise NotLogged(id=str(entry_id))
    found = ledger.kept_pieces(session, env.log, entry_id)
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


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """The one statement that was stored, and the body of its answer."""

    id: UUID
    body: dict[str, object]


def _only(results: Sequence[Result], body: dict[str, object]) -> _Kept | None:
    """Return the one statement of a stream or array, if it was kept: whoever sends it so may wait for it as well."""
    if len(results) != 1 or results[0].id is None or results[0].refusal is not None:
        return None
    return _Kept(id=UUID(results[0].id), body=body)


def _store(request: Request, body: bytes, lang: str) -> tuple[Response, _Kept | None]:
    """Store what was sent; return the answer, and the statement if there is one only.

    Once it returns, the commit is behind us: only then may a receipt leave.
    """
    wires, alone = read_items(request, body)
    if not alone:
        results = _capture(request, body, wires)
        told: dict[str, object] = {"results": [as_json(result, lang) for result in results]}
        return JSONResponse(told, 202), _only(results, told)
    joined: JoinedCaptures = request.app.state.joined_captures
    result = joined.submit(_Alone(request=request, body=body, wire=wires[0]))
    if isinstance(result, Refusal):
        raise result
    if result.refusal is not None:
        raise result.refusal
    said: dict[str, object] = {"results": [as_json(result, lang)]}
    answer = JSONResponse(said, 200 if result.status == "repeat" else 202)
    return answer, None if result.id is None else _Kept(id=UUID(result.id), body=said)


def _capture(request: Request, body: bytes, wires: list[object]) -> list[Result]:
    """Store what can be stored and commit.

    The same statement twice at one moment is normal, when a handheld was too impatient: the second one fails on what
    the first one wrote, is told again, and then finds it.
    """
    for _ in range(ATTEMPTS):
        try:
            with request.app.state.sessions.begin() as session:
                caller = recognise(request, session, body)
                results = custody.capture(session, request.app.state.env, wires)
                if caller is None and _unproven(results):
                    raise AuthenticationRequired()
            return results
        except (SQLAlchemyError, psycopg.Error) as error:
            if not is_race(error):
                raise
    raise NotReady()


@dataclass(frozen=True, kw_only=True)
class _Alone:
    """A request with one statement."""

    request: Request
    body: bytes
    wire: object


JoinedCaptures = GroupCommit[_Alone, Result | Refusal]
"""Where the requests with one statement meet: those that come while a commit is under way share the next one."""


def join_captures() -> JoinedCaptures:
    """Make the meeting place of a process."""
    return GroupCommit(_capture_joined)


def _capture_joined(sent: Sequence[_Alone]) -> list[Result | Refusal]:
    """Store the statements of many requests in one transaction, as one batch, and commit; answer for each.

    Told again after a race only when alone: of many, each tells its own again.
    """
    state = sent[0].request.app.state
    for _ in range(ATTEMPTS if len(sent) == 1 else 1):
        try:
            with state.sessions.begin() as session:
                return _tell(session, state.env, sent)
        except (SQLAlchemyError, psycopg.Error) as error:
            if not is_race(error):
                raise
    raise NotReady()


def _tell(session: Session, env: Env, sent: Sequence[_Alone]) -> list[Result | Refusal]:
    callers: list[object] = []
    for one in sent:
        try:
            callers.append(recognise(one.request, session, one.body))
        except Refusal as refusal:
            callers.append(refusal)
    known = [one.wire for one, caller in zip(sent, callers, strict=True) if not isinstance(caller, Refusal)]
    captured = iter(custody.capture(session, env, known))
    answers: list[Result | Refusal] = []
    for caller in callers:
        answer = caller if isinstance(caller, Refusal) else next(captured)
        # Nothing is kept of a statement that is unproven, so the others need not be rolled back.
        if caller is None and isinstance(answer, Result) and _unproven([answer]):
            answer = AuthenticationRequired()
        answers.append(answer)
    return answers


def _unproven(results: list[Result]) -> bool:
    """Tell whether something in a body without credentials was not signed by an enrolled device."""
    return any(
        result.refusal is not None and (result.id is None or result.refusal.code in _UNPROVEN) for result in results
    )


def read_items(request: Request, body: bytes) -> tuple[list[object], bool]:
    """Return the wire objects of a body, and whether it was one object alone."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/x-ndjson"):
        raise WrongContentType(wanted="application/json, application/x-ndjson", got=kind[:KIND_MAX] or "-")
    if kind == "application/x-ndjson":
        lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
        _refuse_many(len(lines))
        return [_load(line, number) for number, line in lines], False
    value = _load(body, 1)
    items = value if isinstance(value, list) else [value]
    _refuse_many(len(items))
    return items, not isinstance(value, list)


def _load(data: bytes, line: int) -> object:
    try:
        value: object = json.loads(data)
    except json.JSONDecodeError as error:
        raise MalformedJson(line=line + error.lineno - 1) from None
    except (ValueError, RecursionError):
        raise MalformedJson(line=line) from None
    return value


def _refuse_many(count: int) -> None:
    if count > ITEMS_MAX:
        raise TooManyItems(limit=ITEMS_MAX, got=count)


def as_json(result: Result, lang: str) -> dict[str, object]:
    """Return one item of the answer."""
    refusal = result.refusal
    return {
        "id": result.id,
        "status": result.status,
        "code": refusal.code if refusal else (result.marks[0] if result.status == "blocked" else None),
        "marks": list(result.marks),
        "detail": None if refusal is None else refusal.say("en" if lang == "en" else "zh"),
        "receipt": result.receipt,
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
