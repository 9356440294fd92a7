"""`coldscan enrol`."""

import sys
from contextlib import closing

from coldscan.enrol import Enrolment, enrol
from coldscan.operation import NAMES, Operation
from coldscan.refusals import BadOption
from coldscan.session import OK, Session
from coldscan.store import open_store
from coldtrace.errors import Words

ENROLLED = Words("已登记：{site}（{gln}），可进行：{operations}", "Enrolled at {site} ({gln}); may do: {operations}")
NOTHING = Words("（没有手持作业，仅可验码）", "nothing by handheld, only verify codes")


def run_enrol(session: Session, *, invite: str, name: str, offset: str | None, again: bool) -> int:
    """Enrol with the invitation given, or scanned when it is `-`."""
    if invite == "-":
        invite = sys.stdin.readline()
    with closing(open_store(session.state)) as connection:
        try:
            granted = enrol(
                connection,
                session.state,
                invite_text=invite.strip(),
                name=name,
                passphrase=session.passphrase,
                offset=offset,
                again=again,
                lang=session.lang,
                clock=session.clock,
            )
        except ValueError:
            raise BadOption(option="--offset", example="+08:00") from None
    session.tell(_value(granted), _words(session, granted))
    return OK


def _value(granted: Enrolment) -> dict[str, object]:
    return {
        "enrolled": True,
        "site": vars(granted.site),
        "operations": granted.operations,
        "server": granted.url,
        "origin": granted.origin,
        "key": granted.key,
        "list_seq": granted.trust.seq,
    }


def _words(session: Session, granted: Enrolment) -> str:
    name = granted.site.name_zh if session.lang == "zh" else granted.site.name_en
    lang = session.lang
    # What the cards of this program do; the rest is said at a desk.
    done = [NAMES[each].say(lang) for each in Operation if each.value in granted.operations]
    operations = ("、" if lang == "zh" else ", ").join(done) or NOTHING.say(lang)
    return ENROLLED.say(lang, site=name, gln=granted.site.gln, operations=operations)
