"""One unit in words: how it stands, what is inside, and all that was said of it; drawn here for every page of the desk.

Everything that was ever said is told, what was corrected since with that word beside it.
"""

from collections.abc import Sequence
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import Request
from sqlmodel import Session

from coldtrace.custody.history import HistoryLine, View
from coldtrace.custody.model import MARK_WORDS, OVERLAY_WORDS, STATE_WORDS, Mark, Overlay, UnitState
from coldtrace.custody.overlays import told
from coldtrace.custody.unit_view import UnitView, view_unit
from coldtrace.errors import Words
from coldtrace.parties import store as parties
from coldtrace.parties.model import Site
from coldtrace.rights.model import Scope
from coldtrace.web.access import Caller
from coldtrace.web.formats import LOCAL
from coldtrace.web.pages.desk_form import SITE, STATE
from coldtrace.web.pages.sheet import Cell, Row, Section
from coldtrace.web.pages.views import Bilingual
from coldtrace.web.place_words import act_words

GOODS, TO, LAST_DAY = Words("货物", "Goods"), Words("发往", "To"), Words("到期日", "Last day")
CORRECTED = Words("后来更正作废", "corrected away later")
STORY_SHOWN = 200
NEWEST_FIRST = Words(
    "只列出您可以查看的记录，最近发生的在前。", "As far as you may see it, what happened last comes first."
)
AS_IT_HAPPENED = Words(
    "只列出您可以查看的记录，先后按发生时间。", "As far as you may see it, in the order in which it happened."
)
FROM_START = Words("从头看起", "From its beginning")
EVIDENCE = Words("下载全部证据（CSV，记为导出）", "Download all evidence (CSV, recorded as an export)")


def find_story(
    session: Session, scope: Scope, unit: str, *, after: UUID | None = None, from_start: bool = False
) -> UnitView | None:
    """Return a unit with a page of what was said of it, as far as the scope reaches; None where that is nothing.

    The newest of it, or `from_start`, or what comes behind a statement.
    """
    newest = after is None and not from_start
    return view_unit(
        session, scope, unit, inside_max=STORY_SHOWN, view=View.ALL, after=after, limit=STORY_SHOWN, newest=newest
    )


def story_sections(
    request: Request, session: Session, caller: Caller, found: UnitView, *, onwards: bool = False
) -> tuple[Section, ...]:
    """Return the cards of a unit's page, and say for the journal what was shown.

    A page of the story is told as it happened where it goes `onwards` from somewhere, the newest first otherwise.
    """
    story = found.lines
    told_at = [gln for line in story for gln in (line.gln, line.to_gln)]
    names = site_names(session, [found.gln, found.to_gln, *told_at])
    caller.named(found.unit_id)
    caller.at(line.gln for line in story)
    caller.told(lines=len(story))
    today = request.app.state.env.clock().astimezone(LOCAL).date()
    overlays = told(found.overlays, last_day=found.expires_on, today=today, suspected=found.suspected)
    about = Section(
        id="unit",
        title=GOODS,
        facts=(
            (Words("编码", "Code"), Cell(text=found.unit_id)),
            (STATE, state_cell(found.state)),
            (SITE, place_cell(found.gln, names)),
            *(((TO, place_cell(found.to_gln, names)),) if found.to_gln else ()),
            *(((Words("所在托盘", "On pallet"), unit_cell(found.parent)),) if found.parent else ()),
            (Words("注意", "Mind"), overlay_cell(overlays)),
            (LAST_DAY, Cell(text=found.expires_on.isoformat() if found.expires_on else "-")),
        ),
    )
    inside = Section(
        id="inside",
        title=Words("里面的货物", "What is inside"),
        columns=(GOODS,),
        rows=tuple(Row(id=each, cells=(unit_cell(each),)) for each in found.inside),
    )
    whole = (f"/desk/history/evidence.csv?{urlencode({'unit': found.unit_id})}", EVIDENCE)
    told_of = Section(
        id="story",
        title=Words("记录", "What was said of it"),
        lead=AS_IT_HAPPENED if onwards else NEWEST_FIRST,
        columns=(
            Words("时间", "When"),
            Words("操作", "What"),
            SITE,
            TO,
            Words("标记", "Marks"),
            Words("记录", "Statement"),
        ),
        rows=tuple(
            Row(
                id=str(line.entry_id),
                cells=(
                    Cell(moment=line.claimed_at),
                    Cell(words=act_words(line.type)),
                    place_cell(line.gln, names),
                    place_cell(line.to_gln, names),
                    _line_marks(line),
                    Cell(text=str(line.entry_id)),
                ),
            )
            for line in (story if onwards else reversed(story))
        ),
        empty=Words("没有您可查看的记录。", "No statement that you may see."),
        next_url=f"{_url(found.unit_id)}?{urlencode({'after': str(story[-1].entry_id)})}"
        if onwards and found.more
        else None,
        links=(*(((f"{_url(found.unit_id)}?story=start", FROM_START),) if found.more and not onwards else ()), whole),
    )
    return (about, *((inside,) if found.inside else ()), told_of)


def unit_cell(unit: str | None) -> Cell:
    """Return a unit that leads to its page."""
    return Cell(text="-") if unit is None else Cell(text=unit, url=_url(unit))


def _url(unit: str) -> str:
    return f"/desk/units/{quote(unit, safe='()')}"


def known_state(state: str) -> UnitState:
    """Return a state as this version knows it."""
    return UnitState(state) if state in set(UnitState) else UnitState.UNKNOWN


def state_cell(state: str | None) -> Cell:
    """Return a state in words; what one may not see is said to be that."""
    return Cell(words=Words("不告知", "not told")) if state is None else Cell(words=STATE_WORDS[known_state(state)])


def overlay_cell(kinds: Sequence[str]) -> Cell:
    """Return what lies on goods, in words."""
    if not kinds:
        return Cell(text="-")
    found = [OVERLAY_WORDS[Overlay(kind)] for kind in kinds]
    return Cell(words=Words("、".join(each.zh for each in found), ", ".join(each.en for each in found)))


def place_cell(gln: str | None, names: dict[str, Site]) -> Cell:
    """Return a place by its name where it is registered."""
    if gln is None:
        return Cell(text="-")
    site = names.get(gln)
    return Cell(text=gln) if site is None else Cell(name=Bilingual(zh=site.name_zh, en=site.name_en))


def site_names(session: Session, glns: Sequence[str | None]) -> dict[str, Site]:
    """Return the registered ones of these places; the directory is open to everybody with a role."""
    return parties.ask_sites(session, {gln for gln in glns if gln})()


def _line_marks(line: HistoryLine) -> Cell:
    found = [*([CORRECTED] if line.annulled else []), *(MARK_WORDS[Mark(each)] for each in line.marks)]
    if not found:
        return Cell(text="-")
    return Cell(words=Words("；".join(each.zh for each in found), "; ".join(each.en for each in found)))
