"""The desk's frame: what leads where, as far as somebody's roles go."""

from fastapi import Request

from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller
from coldtrace.web.page_session import csrf_of
from coldtrace.web.pages.views import Frame, NavGroup

_Page = tuple[str, Words, tuple[Kind, Verb] | None]

HOME: _Page = ("/desk", Words("今日", "Today"), None)
GROUPS: tuple[tuple[Words | None, tuple[_Page, ...]], ...] = (
    (None, (HOME,)),
    (
        Words("货物", "Goods"),
        (
            ("/desk/consignments", Words("批次", "Consignments"), (Kind.CONSIGNMENT, Verb.READ)),
            ("/desk/declarations", Words("待补报关单", "Declarations"), (Kind.CONSIGNMENT, Verb.READ)),
            ("/desk/papers", Words("单证", "Papers"), (Kind.PAPER, Verb.READ)),
            ("/desk/runs", Words("赋码批", "Code runs"), (Kind.RUN, Verb.READ)),
            ("/desk/rolls", Words("卷标", "Rolls"), (Kind.ROLL, Verb.READ)),
            ("/desk/stock", Words("库存", "Stock"), (Kind.UNIT, Verb.READ)),
            ("/desk/expected", Words("待收", "Expected"), (Kind.UNIT, Verb.READ)),
            ("/desk/in-transit", Words("在途", "In transit"), (Kind.UNIT, Verb.READ)),
            ("/desk/near-expiry", Words("临期", "Near expiry"), (Kind.UNIT, Verb.READ)),
            ("/desk/stall", Words("手机收发", "By phone"), (Kind.GATEWAY, Verb.WRITE)),
        ),
    ),
    (
        Words("事项", "Work"),
        (
            ("/desk/cases", Words("异常", "Cases"), (Kind.CASE, Verb.READ)),
            ("/desk/discrepancies", Words("收发差异", "Discrepancies"), (Kind.CASE, Verb.READ)),
            ("/desk/complaints", Words("投诉", "Complaints"), (Kind.COMPLAINT, Verb.READ)),
        ),
    ),
    # Pages of authorities have their place here; a group without a page is not shown.
    (
        Words("监管", "Oversight"),
        (
            ("/desk/overview", Words("监管概览", "Overview"), (Kind.STATEMENT, Verb.READ)),
            ("/desk/history", Words("追溯查询", "History of a code"), (Kind.UNIT, Verb.READ)),
        ),
    ),
    (
        Words("管理", "Keeping"),
        (
            ("/desk/organisations", Words("单位", "Organisations"), (Kind.ORGANISATION, Verb.READ)),
            ("/desk/sites", Words("场所", "Sites"), (Kind.SITE, Verb.READ)),
            ("/desk/people", Words("人员", "People"), (Kind.PERSON, Verb.READ)),
            ("/desk/devices", Words("设备", "Devices"), (Kind.DEVICE, Verb.READ)),
            ("/desk/policies", Words("单证规则", "Paper policies"), (Kind.POLICY, Verb.READ)),
            ("/desk/tokens", Words("令牌", "Tokens"), (Kind.TOKEN, Verb.READ)),
            ("/desk/webhooks", Words("推送", "Webhooks"), (Kind.TOKEN, Verb.READ)),
            ("/desk/journal", Words("审计日志", "Journal"), (Kind.JOURNAL, Verb.READ)),
            ("/account", Words("我的账号", "My account"), None),
        ),
    ),
    (
        Words("平台", "Platform"),
        (
            ("/desk/health", Words("运行状况", "Health"), (Kind.METRICS, Verb.READ)),
            ("/desk/keys", Words("密钥", "Keys"), (Kind.METRICS, Verb.READ)),
            ("/desk/backup", Words("备份", "Backup"), (Kind.METRICS, Verb.READ)),
            ("/desk/retention", Words("保留期限", "Retention"), (Kind.METRICS, Verb.READ)),
        ),
    ),
)
"""Every page that the navigation leads to, with the right that opens it; who has any role has the first one."""


DEMO: _Page = ("/desk/demo", Words("演示环境", "The demo"), (Kind.ORGANISATION, Verb.WRITE))
"""The last page of all, where the service runs a demo."""


def nav_of(caller: Caller, *, is_demo: bool = False) -> tuple[NavGroup, ...]:
    """Return the pages that the caller may open: no link leads to a refusal."""
    groups = (*GROUPS, (None, (DEMO,))) if is_demo else GROUPS
    found = [
        NavGroup(title=title, pages=tuple((url, words) for url, words, right in pages if _is_open(caller, url, right)))
        for title, pages in groups
    ]
    return tuple(group for group in found if group.pages)


def _is_open(caller: Caller, url: str, right: tuple[Kind, Verb] | None) -> bool:
    if url == HOME[0]:
        return bool(caller.reader.members)
    return right is None or not caller.scope_for(*right).is_empty


def frame_of(request: Request, caller: Caller) -> Frame:
    """Return the frame of a page for whoever is signed in."""
    return Frame(
        csrf=csrf_of(request),
        nav=nav_of(caller, is_demo=request.app.state.demo is not None),
        who=request.state.person.name,
        purpose=getattr(request.state, "purpose", None),
        asks_purpose=any(each.area is not None for each in caller.reader.members),
    )
