"""The desk's page of what was refused and kept, for the platform's administrator; as the API tells it."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coldtrace.custody import quarantine
from coldtrace.custody.quarantine import Kept
from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.b64 import b64
from coldtrace.web.access import Caller, ReadSession
from coldtrace.web.api.quarantine import QuarantineAfter, QuarantineId, bytes_answer
from coldtrace.web.page_session import page_needs
from coldtrace.web.pages.desk import refusal_title
from coldtrace.web.pages.desk_form import PAGE, show_sheet
from coldtrace.web.pages.sheet import Cell, Row, Section

router = APIRouter(include_in_schema=False)
TITLE = Words("被拒收的原文", "Quarantine")


@router.get("/desk/quarantine")
def quarantine_page(
    request: Request,
    caller: Annotated[Caller, page_needs(Kind.METRICS, Verb.READ)],
    session: ReadSession,
    after: QuarantineAfter = None,
) -> Response:
    """Show what was refused, the newest first; the bytes are files."""
    found = quarantine.newest(session, after=None if after is None else bytes.fromhex(after), limit=PAGE)
    caller.told(rows=len(found))
    section = Section(
        id="kept",
        title=Words("已保存的", "What is kept"),
        lead=Words(
            "被拒收的记录和无法识别的内容原样保存。设备签名核实无误的列出设备；其余无人负责，内容不可信。"
            "下载即为导出，须说明用途并记入审计日志。",
            "What was refused is kept as it came. Where a signature proves it, the device is named; for the rest nobody"
            " answers, and nothing in it is to be trusted. A download is an export: it takes a purpose and stands in"
            " the journal.",
        ),
        columns=(
            Words("首次收到", "First came"),
            Words("原因", "Why"),
            Words("字节", "Bytes"),
            Words("次数", "Times"),
            Words("最近收到", "Last came"),
            Words("设备", "Device"),
            Words("原文", "As it came"),
        ),
        rows=tuple(_row(each) for each in found),
        empty=Words("没有被拒收的内容。", "Nothing was refused."),
        next_url=f"/desk/quarantine?after={found[-1].sha256.hex()}" if len(found) == PAGE else None,
        links=(("/desk/health", Words("运行状况", "Health")),),
    )
    return show_sheet(request, caller, TITLE, (section,))


@router.get("/desk/quarantine/{id}/bytes")
def quarantine_file(
    id: QuarantineId,
    caller: Annotated[Caller, page_needs(Kind.METRICS, Verb.READ, act="export", purpose_required=True)],
    session: ReadSession,
) -> Response:
    """Give the bytes as the API gives them; what for stands in the session."""
    return bytes_answer(session, caller, id)


def _row(kept: Kept) -> Row:
    id = kept.sha256.hex()
    known = kept.proven and kept.key_id is not None
    return Row(
        id=id,
        cells=(
            Cell(moment=kept.received_at),
            Cell(words=refusal_title(kept.reason), text=kept.reason),
            Cell(text=f"{kept.size_bytes:,}"),
            Cell(text=f"{kept.times:,}"),
            Cell(moment=kept.last_at),
            Cell(text=b64(kept.key_id)) if known and kept.key_id else Cell(words=Words("未证实", "Not proven")),
            Cell(text=id[:16], url=f"/desk/quarantine/{id}/bytes"),
        ),
    )
