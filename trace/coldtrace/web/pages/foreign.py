"""The page of a code that somebody else issued: whose it is, what can be read of it, and where to look it up.

It tells nothing of any goods, also of goods that a firm took in under the other platform's code: such codes may be
counted up, ours not.
"""

from fastapi import Request
from fastapi.responses import HTMLResponse

from coldtrace.codes.foreign_scheme import load_schemes, match_scheme
from coldtrace.codes.link_text import looks_like_link
from coldtrace.codes.scan import read_scan, without_reader_marks
from coldtrace.errors import Refusal
from coldtrace.web.pages.showing import remember_language, show
from coldtrace.web.pages.views import NOT_STATED, Bilingual, ForeignView
from coldtrace.web.problems import wants_page
from coldtrace.web.status_words import Status


def foreign_page(request: Request, text: str) -> HTMLResponse | None:
    """Return the page of a link that is not ours, or of a text `scheme:value`; None for anything else.

    A visitor is led on only to a platform of the operator's table: whatever else a text may name, our page is no way
    there.
    """
    plain, _ = without_reader_marks(text)
    found = match_scheme(plain, load_schemes(request.app.state.settings.foreign_schemes))
    is_link = looks_like_link(plain)
    if not wants_page(request) or not (found or is_link):
        return None
    scheme = found[0][0] if len(found) == 1 else None
    env = request.app.state.env
    view = ForeignView(
        here=request.url.path + f"?{request.url.query}",
        host=env.public_host,
        status=Status.FOREIGN,
        decided_at=env.clock(),
        scanned=plain[:300],
        elements=tuple((f"({ai})", value) for ai, value in _elements(plain).items()),
        platform=NOT_STATED if scheme is None else Bilingual(zh=scheme.name_zh, en=scheme.name_en),
        platform_url=plain if scheme is not None and is_link else None,
    )
    page = show(request, "consumer/foreign.html", view, 404)
    remember_language(request, page)
    return page


def _elements(text: str) -> dict[str, str]:
    try:
        return read_scan(text).ais
    except Refusal:
        return {}
