"""The way of visitors' pages through the service: those who ask just now are answered together.

A page of a box asks some ten questions.  Asked for one page they cost more than all else; asked for those of a moment
at once they cost each of them little.  So, like scans (`web/captures.py`), requests for pages are joined in the event
loop and answered by one thread, past the framework's layers.  Here is answered only what is most asked for: the page of
a genuine code of a registered box that nothing stands against.  Everything else gets None, and goes the long way
(`pages/consumer.py`), which knows all the rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import Engine

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.refusals import MalformedUri
from coldtrace.codes.trace_code import CodeKind, TraceCode
from coldtrace.custody.history import UnitRecord, ask_units
from coldtrace.db.hot_session import HotSession, make_hot_sessions
from coldtrace.env import Env
from coldtrace.goods import store as goods
from coldtrace.goods.stop_store import ask_stopped
from coldtrace.goods.store import IssuedCode
from coldtrace.ledger import service as ledger
from coldtrace.parties import store as parties
from coldtrace.parties.model import Anchors
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.verify.code import Verdict, verify_code
from coldtrace.web.joined import Joined
from coldtrace.web.linkset import LINKSET, linkset_url
from coldtrace.web.looks import Looks
from coldtrace.web.pages.box_page import BoxAsked, BoxPages
from coldtrace.web.pages.code_asked import PAGE, facts_if_registered, kind_wanted, printed_code, printed_text
from coldtrace.web.pages.showing import remember_language

TOGETHER_MAX = 16
"""Pages made at a time: more would save little, and have the first one wait for the last."""


@dataclass(frozen=True)
class _Read:
    """A request and the code in its address."""

    request: Request
    text: str
    code: TraceCode
    unit_id: str


class QuickPages:
    """Where requests for pages meet, one for a process and its event loop."""

    def __init__(self, engine: Engine, env: Env, looks: Looks) -> None:
        self._sessions = make_hot_sessions(engine)
        self._env, self._looks = env, looks
        self._joined = Joined(self._make, weigh=lambda request: 1, weight_max=TOGETHER_MAX)

    async def page(self, request: Request) -> Response | None:
        """Return the page that is asked for, None if the answer is something else; raises like the route."""
        if kind_wanted(request) != PAGE or "authorization" in request.headers or "linkType" in request.query_params:
            return None
        return await self._joined.submit(request)

    def _make(self, requests: Sequence[Request]) -> list[Response | None]:
        read = [self._read(each) for each in requests]
        known = [each for each in read if each is not None]
        made = iter(self._pages(known) if known else [])
        return [None if each is None else next(made) for each in read]

    def _read(self, request: Request) -> _Read | None:
        text = printed_text(request, self._env.public_host)
        try:
            code = parse_trace_code(text)
        except MalformedUri:
            return None
        if code.kind not in (CodeKind.UNIT, CodeKind.PALLET) or code.unit_id is None:
            return None
        return _Read(request, text, code, code.unit_id)

    def _pages(self, read: Sequence[_Read]) -> list[Response | None]:
        now = self._env.clock()
        ids = [each.unit_id for each in read]
        with self._sessions() as session:
            assert isinstance(session, HotSession)
            self._looks.know_salt(session, now)
            with session.hot(commit=True):
                anchors = parties.ask_anchors(session)
                head = ledger.ask_checkpoint(session, self._env.log)
                stopped = ask_stopped(
                    session, [(each.unit_id, each.code.value("01"), each.code.value("10")) for each in read]
                )
                issued, units = goods.ask_issued(session, ids), ask_units(session, ids)
                found = _boxes(read, anchors(), stopped(), issued(), units(), now)
                pages = BoxPages(self._env, self._looks, [each for each in found if each is not None], now=now)
                pages.read(session, anchors(), head())
            made = iter(pages.pages(session))
            session.commit()
        return [None if each is None else self._headed(each, next(made)) for each in found]

    def _headed(self, asked: BoxAsked, page: Response) -> Response:
        path = printed_code(asked.code, self._env)[len(f"https://{self._env.public_host}") :]
        page.headers["Link"] = f'<{linkset_url(path)}>; rel="linkset"; type="{LINKSET}"'
        return remember_language(asked.request, page)


def _boxes(
    read: Sequence[_Read],
    anchors: Anchors,
    stopped: tuple[set[str], set[bytes]],
    issued: Mapping[str, IssuedCode],
    units: Mapping[str, UnitRecord],
    now: datetime,
) -> list[BoxAsked | None]:
    """Return for each request the box that its page is about, None where it has to go the long way."""
    # Our own list: nobody's signature of it is asked.
    trust = open_trust_list(anchors.trust_list, root=None)
    stopped_units, revoked_keys = stopped
    found: list[BoxAsked | None] = []
    for each in read:
        report = verify_code(each.text, trust=trust, now=now)
        code, unit = issued.get(each.unit_id), units.get(each.unit_id)
        facts = facts_if_registered(code, unit)
        if (
            report.verdict is not Verdict.VALID
            or report.code != each.code
            or report.key is None
            or report.key.id in revoked_keys
            or each.unit_id in stopped_units
            or code is None
            or unit is None
            or facts is None
            or code.kind != "unit"
        ):
            found.append(None)
        else:
            found.append(BoxAsked(request=each.request, report=report, code=each.code, unit=unit, facts=facts))
    return found
