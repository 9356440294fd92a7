"""GET /api/v1/runs/{run}/labels: the labels of a code run, each one decoded before it leaves."""

from io import BytesIO
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from coldtrace.goods.run_labels import run_labels
from coldtrace.labels.make import make_labels
from coldtrace.web.access import CurrentSettings, KnownCaller, ReadSession

router = APIRouter(prefix="/api/v1/runs", tags=["labels"])


@router.get("/{run_id}/labels", summary="Labels of a code run 打印标签")
def get_labels(
    run_id: UUID,
    session: ReadSession,
    settings: CurrentSettings,
    caller: KnownCaller,
    layout: Literal["60x40", "100x100", "100x150", "a4"] = "100x100",
) -> Response:
    """Return the labels of a run as one PDF; `coldtrace labels make` writes other formats and larger runs."""
    out = BytesIO()
    make_labels(run_labels(session, run_id), layout=layout, format="pdf", out=out, font=settings.label_font)
    headers = {"Content-Disposition": f'attachment; filename="labels-{run_id}.pdf"'}
    return Response(out.getvalue(), media_type="application/pdf", headers=headers)
