"""Pages in the caller's language, with the headers that go with them."""

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from coldtrace.web.language import LANGUAGE_COOKIE
from coldtrace.web.pages.views import PageView
from coldtrace.web.problems import language_of
from coldtrace.web.render import render

VARY = "Accept, Accept-Language, Cookie"


def show(request: Request, template: str, view: PageView, status: int = 200) -> HTMLResponse:
    """Return a page in the caller's language."""
    lang = language_of(request)
    return HTMLResponse(
        render(template, view, lang),
        status,
        {
            "Cache-Control": "no-cache",
            "Content-Language": lang,
            "Vary": VARY,
        },
    )


def remember_language(request: Request, response: Response) -> Response:
    """Remember a language that the visitor chose; nothing else is ever put into a cookie here."""
    lang = request.query_params.get("lang")
    if lang in ("zh", "en"):
        response.set_cookie(LANGUAGE_COOKIE, lang, max_age=31_536_000, samesite="lax", httponly=True)
    return response
