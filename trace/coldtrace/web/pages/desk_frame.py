"""The desk's frame: what leads where, as far as somebody's roles go."""

from fastapi import Request

from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller
from coldtrace.web.page_session import csrf_of
from coldtrace.web.pages.views import Frame

PAGES: tuple[tuple[str, Words, tuple[Kind, Verb] | None], ...] = (
    ("/desk/runs", Words("赋码批", "Code runs"), (Kind.RUN, Verb.READ)),
    ("/desk/cases", Words("异常", "Cases"), (Kind.CASE, Verb.READ)),
    ("/desk/complaints", Words("投诉", "Complaints"), (Kind.COMPLAINT, Verb.READ)),
    ("/desk/organisations", Words("单位", "Organisations"), (Kind.ORGANISATION, Verb.READ)),
    ("/desk/sites", Words("场所", "Sites"), (Kind.SITE, Verb.READ)),
    ("/desk/people", Words("人员", "People"), (Kind.PERSON, Verb.READ)),
    ("/desk/devices", Words("设备", "Devices"), (Kind.DEVICE, Verb.READ)),
    ("/desk/tokens", Words("令牌", "Tokens"), (Kind.TOKEN, Verb.READ)),
    ("/desk/journal", Words("审计日志", "Journal"), (Kind.JOURNAL, Verb.READ)),
    ("/account", Words("我的账号", "My account"), None),
)


def nav_of(caller: Caller) -> tuple[tuple[str, Words], ...]:
    """Return the pages that the caller may open: no link leads to a refusal."""
    return tuple((url, words) for url, words, right in PAGES if right is None or not caller.scope_for(*right).is_empty)


def frame_of(request: Request, caller: Caller) -> Frame:
    """Return the frame of a page for whoever is signed in."""
    return Frame(
        csrf=csrf_of(request),
        nav=nav_of(caller),
        who=request.state.person.name,
        purpose=getattr(request.state, "purpose", None),
        asks_purpose=any(each.area is not None for each in caller.reader.members),
    )
