"""/api/docs: the API for people to read, made from the same OpenAPI document that programs get; no script."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coldtrace.errors import Words
from coldtrace.web.access import Visitor
from coldtrace.web.pages.consumer import remember_language, show
from coldtrace.web.pages.views import PageView

router = APIRouter(include_in_schema=False, dependencies=[Visitor])


GROUPS = {
    "statements": Words("签名记录", "Statements"),
    "imports": Words("装箱单导入", "Workbook import"),
    "labels": Words("标签", "Labels"),
    "units": Words("货物", "Units"),
    "cases": Words("异常", "Cases"),
    "devices": Words("设备", "Devices"),
    "codes": Words("追溯码", "Codes"),
    "trust": Words("信任列表", "Trust list"),
    "log": Words("公开日志", "Public log"),
    "health": Words("运行状态", "Health"),
}

TITLE = Words("接口", "API")
LEAD = Words(
    "除追溯码页面、信任列表、日志和设备注册外，都需要令牌或设备签名。被拒绝的请求返回 problem+json，code 固定不变。",
    "All but code pages, the trust list, the log and enrolment need a token or a device signature."
    " A refusal is problem+json with a stable code.",
)
OPEN_WORD = Words("公开", "public")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One operation."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[str, ...]
    open: bool


@dataclass(frozen=True, kw_only=True)
class Group:
    """The operations of one tag."""

    anchor: str
    name: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, kw_only=True)
class ApiView(PageView):
    """The whole API."""

    groups: tuple[Group, ...]
    example: str
    title: Words = TITLE
    lead: Words = LEAD
    open_word: Words = OPEN_WORD


@router.get("/api/docs")
def api_docs(request: Request) -> Response:
    """Show the API."""
    base = str(request.base_url).rstrip("/")
    view = ApiView(
        here="/api/docs",
        host=request.app.state.env.public_host,
        groups=_groups(request.app.openapi()),
        example=f'TOKEN=...   # make run prints one\ncurl -s {base}/api/v1/cases -H "Authorization: Bearer $TOKEN"\n'
        f'curl -s {base}/api/v1/imports -H "Authorization: Bearer $TOKEN" -F file=@packing-list.xlsx\n'
        f"curl -s {base}/api/v1/trust-list",
    )
    return remember_language(request, show(request, "door/api.html", view))


def _groups(document: dict[str, Any]) -> tuple[Group, ...]:
    found: dict[str, list[Call]] = {tag: [] for tag in GROUPS}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", ["health"])[0]
            found.setdefault(tag, []).append(
                Call(
                    method=method.upper(),
                    path=path,
                    summary=operation.get("summary", ""),
                    description=" ".join(operation.get("description", "").split()),
                    parameters=tuple(
                        f"{each['name']}{'' if each.get('required') else '?'}"
                        for each in operation.get("parameters", [])
                    ),
                    open="security" not in operation,
                )
            )
    return tuple(
        Group(anchor=tag, name=f"{GROUPS[tag].zh} {GROUPS[tag].en}" if tag in GROUPS else tag, calls=tuple(calls))
        for tag, calls in found.items()
        if calls
    )
