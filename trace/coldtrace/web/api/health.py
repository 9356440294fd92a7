"""Probes and counters: /healthz says the process lives, /readyz that it can work, /metrics counts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlmodel import Session

from coldtrace.custody.service import INCLUDE_WITHIN
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.ledger import service as ledger
from coldtrace.ledger.fork_guard import frozen_reason
from coldtrace.ledger.keeper import Said
from coldtrace.ledger.model import LogState, LogStatus
from coldtrace.ledger.refusals import LogNotOpen, PendingOverdue, PublicationOverdue, QuorumMissing
from coldtrace.parties.warnings import warnings
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, needs

router = APIRouter(tags=["health"])
_HELP = {
    "size": "Leaves under the newest signed checkpoint.",
    "published_size": "Leaves under the checkpoint that has left the house.",
    "published_age_seconds": "Since when that checkpoint is published.",
    "cosignatures": "Witnesses that cosigned the published checkpoint.",
    "held_back": "1 while this process holds a checkpoint back because its quorum is missing (strict mode).",
    "pending": "Stored entries that wait for their place in the tree.",
    "oldest_pending_seconds": "How long the first of them has waited.",
    "oldest_unpublished_seconds": "How long the first signed checkpoint behind the published one has waited.",
    "frozen": "1 when nothing is signed any more.",
}


@router.get("/healthz", summary="Alive 存活")
def healthz() -> dict[str, str]:
    """Answer as long as the process runs."""
    return {"status": "ok"}


@router.get("/readyz", summary="Ready 就绪", responses={503: {"description": "Not ready, or an alarm"}})
def readyz(request: Request, session: ReadSession, env: CurrentEnv) -> Response:
    """Answer 200 when the service can keep its promises; 503 without the database or with `alarms`, one for each log
    that is frozen, behind its promise, not published or not stored as it was signed.  `warnings` names what needs a
    person within a week."""
    status, body = readiness(request, session, env)
    return JSONResponse(body, status)


def readiness(request: Request, session: Session, env: Env) -> tuple[int, dict[str, object]]:
    """Return what /readyz answers: its status and its body."""
    said: Said = request.app.state.log_keeper.said()
    alarms = [*_alarms(session, said, env.clock()), *ledger.differing(session), *said.troubles]
    body: dict[str, object] = {"status": "alarm" if alarms else "ready"}
    if alarms:
        body["alarms"] = _said({(each.code, *sorted(_whose(each))): each for each in alarms}.values())
    found = [*request.app.state.notices, *said.unsure, *warnings(session, env)]
    if found:
        body["warnings"] = sorted({each.code for each in found})
    return 503 if alarms else 200, body


@router.get("/metrics", summary="Counters 计数")
def metrics(
    request: Request,
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.METRICS, Verb.READ, recorded=False)],
    env: CurrentEnv,
) -> Response:
    """Return counters in the Prometheus text format; needs an administrator's token: volumes are nobody's business."""
    now = env.clock()
    found = ledger.status(session, now=now)
    said: Said = request.app.state.log_keeper.said()
    held = {name for name, each in said.publishing.items() if isinstance(each, QuorumMissing)}
    samples: dict[str, list[float]] = {
        "size": [each.head_size for each in found],
        "published_size": [each.published_size for each in found],
        "published_age_seconds": [_age_s(each, now) for each in found],
        "cosignatures": [each.cosignatures for each in found],
        "held_back": [int(each.log.name in held) for each in found],
        "pending": [each.pending for each in found],
        "oldest_pending_seconds": [round(each.oldest_pending_s, 3) for each in found],
        "oldest_unpublished_seconds": [round(each.oldest_unpublished_s, 3) for each in found],
        "frozen": [int(each.state is LogState.FROZEN) for each in found],
    }
    lines = []
    for name, values in samples.items():
        metric = f"coldtrace_log_{name}"
        lines.append(f"# HELP {metric} {_HELP[name]}\n# TYPE {metric} gauge\n")
        lines += [f'{metric}{{log="{each.log.name}"}} {value}\n' for each, value in zip(found, values, strict=True)]
    return PlainTextResponse("".join(lines), media_type="text/plain; version=0.0.4")


def _age_s(status: LogStatus, now: datetime) -> float:
    return 0.0 if status.published_at is None else round(max((now - status.published_at).total_seconds(), 0.0), 3)


def _alarms(session: Session, said: Said, now: datetime) -> list[Refusal]:
    """Return what the tables say is wrong with a log."""
    found: list[Refusal] = []
    for each in ledger.status(session, now=now):
        if each.state is LogState.FROZEN:
            found.append(frozen_reason(each.reason) or LogNotOpen(name=each.log.name))
        promise_s = INCLUDE_WITHIN.total_seconds()
        if each.oldest_pending_s > promise_s:
            found.append(
                PendingOverdue(
                    name=each.log.name,
                    pending=each.pending,
                    age_s=int(each.oldest_pending_s),
                    promise_s=int(promise_s),
                )
            )
        # A publisher that hangs says nothing itself.  What it says keeps it from publishing is an alarm of its own.
        is_kept = each.state is LogState.FROZEN or each.log.name in said.publishing
        if each.oldest_unpublished_s > promise_s and not is_kept:
            found.append(
                PublicationOverdue(
                    name=each.log.name,
                    size=each.head_size,
                    published=each.published_size,
                    age_s=int(each.oldest_unpublished_s),
                    promise_s=int(promise_s),
                )
            )
    return found


def _whose(alarm: Refusal) -> Iterable[tuple[str, str]]:
    """Return which log and which witness an alarm is about: a code alone would hide one behind another."""
    return ((name, str(value)) for name, value in alarm.facts.items() if name in ("name", "witness"))


def _said(refusals: Iterable[Refusal]) -> list[dict[str, object]]:
    return [{"code": each.code, "zh": each.say("zh"), "en": each.say("en"), **each.facts} for each in refusals]
