"""Choosing one of the places that somebody may look at or speak for, before a page about one of them."""

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from coldtrace.errors import Words
from coldtrace.parties import directory
from coldtrace.parties.model import ROLE_WORDS
from coldtrace.web.access import Caller
from coldtrace.web.pages.desk_form import NAME, PAGE, SITE, show_sheet
from coldtrace.web.pages.sheet import Cell, Row, Section
from coldtrace.web.pages.views import Bilingual


def choose_place(
    request: Request, caller: Caller, after: str | None, *, path: str, title: Words, lead: Words, empty: Words
) -> Response:
    """Return the list of the caller's places, each leading to `path`/GLN; who has a single one is there already."""
    with request.app.state.sessions() as session:
        found = directory.sites(session, scope=caller.scope, after=after, limit=PAGE)
    if after is None and len(found) == 1:
        caller.drop()  # the page that follows shows, and records
        return RedirectResponse(f"{path}/{found[0].gln}", 303)
    caller.at(each.gln for each in found)
    section = Section(
        id="places",
        title=Words("选择场所", "Choose a place"),
        lead=lead,
        columns=(NAME, SITE, Words("类型", "Kind")),
        rows=tuple(
            Row(
                id=each.gln,
                cells=(
                    Cell(name=Bilingual(zh=each.name_zh, en=each.name_en), url=f"{path}/{each.gln}"),
                    Cell(text=each.gln),
                    Cell(words=ROLE_WORDS[each.role]),
                ),
            )
            for each in found
        ),
        empty=empty,
        next_url=f"{path}?after={found[-1].gln}" if len(found) == PAGE else None,
    )
    return show_sheet(request, caller, title, (section,))
