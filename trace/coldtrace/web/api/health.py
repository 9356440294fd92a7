"""Probes and counters: /healthz says the process lives, /readyz that it can work, /metrics counts."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy import text

from coldtrace.ledger import store as ledger
from coldtrace.parties.warnings import warnings
from coldtrace.web.access import CurrentEnv, KnownCaller, ReadSession

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Alive 存活")
def healthz() -> dict[str, str]:
    """Answer as long as the process runs."""
    return {"status": "ok"}


@router.get("/readyz", summary="Ready 就绪")
def readyz(session: ReadSession, env: CurrentEnv) -> dict[str, str | list[str]]:
    """Answer 200 when the database answers, 503 otherwise; `warnings` names what needs a person within a week."""
    session.execute(text("SELECT 1"))
    found = [each.code for each in warnings(session, env)]
    return {"status": "ready", "warnings": sorted(set(found))} if found else {"status": "ready"}


@router.get("/metrics", summary="Counters 计数")
def metrics(session: ReadSession, caller: KnownCaller) -> Response:
    """Return counters in the Prometheus text format; needs a token, because volumes are nobody's business."""
    head = ledger.newest_checkpoint(session)
    oldest = session.execute(
        text(
            "SELECT COALESCE(EXTRACT(epoch FROM now() - min(e.received_at)), 0) FROM ledger_pending p"
            " JOIN ledger_entry e USING (log_id, entry_id)"
        )
    ).scalar_one()
    lines = {
        "coldtrace_log_size": 0 if head is None else head.size,
        "coldtrace_log_pending": ledger.pending_count(session),
        "coldtrace_log_oldest_pending_seconds": round(float(oldest), 3),
    }
    return PlainTextResponse(
        "".join(f"# TYPE {name} gauge\n{name} {value}\n" for name, value in lines.items()),
        media_type="text/plain; version=0.0.4",
    )
