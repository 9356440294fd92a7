"""The application: rooms behind one door."""

import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.types import Receive, Scope, Send

from coldtrace.custody.corrections import settle_missed
from coldtrace.custody.lookups import FINE_FOR, coarsen, forget_visitors
from coldtrace.db.engine import make_sessions
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.goods.stops import publish_filters
from coldtrace.interop.trials import forget_trials
from coldtrace.ledger.keeper import KeeperSettings, LogKeeper
from coldtrace.parties import trust
from coldtrace.parties.warnings import warnings
from coldtrace.people.retention import purge
from coldtrace.settings import Settings
from coldtrace.watch.complaint_counts import forget_counts
from coldtrace.watch.complaint_rules import ComplaintDays, ComplaintLimits
from coldtrace.watch.complaint_work import erase_old
from coldtrace.watch.model import SweepTimes, due_hours
from coldtrace.watch.oversight import count_consignments, count_days, count_hours
from coldtrace.watch.radar_rules import RadarLimits
from coldtrace.watch.sweep import sweep
from coldtrace.web import problems
from coldtrace.web.api import (
    cases,
    children,
    closing,
    complaints,
    consignments,
    declarations,
    device_desk,
    devices,
    discrepancies,
    evidence,
    filters,
    gateway,
    health,
    imports,
    journal,
    keeping,
    labels,
    log_list,
    logs,
    near_expiry_rules,
    organisations,
    oversight,
    paper_policies,
    papers,
    people,
    place_lots,
    product_links,
    quarantine,
    resolve,
    rolls,
    runs,
    statements,
    stock,
    today,
    units,
    vouchers,
    webhooks,
)
from coldtrace.web.api import trust as trust_api
from coldtrace.web.awaited_proofs import AwaitedProofs
from coldtrace.web.busy_answers import BusyAnswers
from coldtrace.web.captures import Captures
from coldtrace.web.courier import Courier
from coldtrace.web.demo_world import DemoWorld
from coldtrace.web.doctor_room import CARE_EVERY_S, DoctorRoom, Rounds, retention_of
from coldtrace.web.formats import LOCAL
from coldtrace.web.journal_keeper import JournalKeeper
from coldtrace.web.kept_pages import KeptPages
from coldtrace.web.limits import AnonymousLimit, Door
from coldtrace.web.live import LiveRoom
from coldtrace.web.looks import Looks
from coldtrace.web.open_codes import OpenCodes
from coldtrace.web.openapi import describe
from coldtrace.web.pages import (
    account,
    api_reader,
    complain,
    consumer,
    desk,
    desk_cases,
    desk_closing,
    desk_complaints,
    desk_consignments,
    desk_declarations,
    desk_demo,
    desk_discrepancies,
    desk_home,
    desk_import,
    desk_inbox,
    desk_journal,
    desk_keeping,
    desk_lots,
    desk_near_expiry_rules,
    desk_overview,
    desk_papers,
    desk_people,
    desk_places,
    desk_policies,
    desk_printing,
    desk_purpose,
    desk_quarantine,
    desk_rolls,
    desk_stall,
    desk_stock,
    desk_tokens,
    desk_webhooks,
    door,
    recalls,
    sign_in,
)
from coldtrace.web.pages.quick_pages import QuickPages
from coldtrace.web.postman import Postman, mail_server
from coldtrace.web.print_room import PrintRoom
from coldtrace.web.static_files import VersionedFiles
from coldtrace.web.tagged import Tagged
from coldtrace.web.zipped import Zipped
from coldtrace.webhooks.store import forget as forget_messages
from coldtrace.working_days import working_days_of

log = logging.getLogger("coldtrace.web")

DESCRIPTION = """Signed codes, signed statements and a public log for imported cold-chain food.
进口冷链食品追溯：签名追溯码、签名记录、公开日志。

Every answer that refuses is `application/problem+json` with a stable `code`. Send `Authorization: Bearer TOKEN`;
`make run` prints a development token. Regulators and customs say what for: `Coldtrace-Purpose`, percent-encoded UTF-8
(监管、海关须带此请求头说明用途)."""


ROUTERS = tuple(
    module.router
    for module in (
        statements,
        devices,
        device_desk,
        trust_api,
        filters,
        log_list,
        logs,
        organisations,
        people,
        closing,
        gateway,
        stock,
        place_lots,
        discrepancies,
        today,
        vouchers,
        children,  # these two before `units`, whose path takes whatever follows
        evidence,
        units,
        cases,
        oversight,
        complaints,
        imports,
        papers,  # before `consignments`, whose path takes the id alone
        near_expiry_rules,
        paper_policies,
        declarations,
        consignments,
        runs,
        labels,
        rolls,
        resolve,
        product_links,
        webhooks,
        journal,
        keeping,
        quarantine,
        health,
        consumer,
        complain,
        recalls,
        door,
        sign_in,
        account,
        desk_home,
        desk,
        desk_printing,
        desk_rolls,
        desk_consignments,
        desk_import,
        desk_papers,
        desk_near_expiry_rules,
        desk_policies,
        desk_declarations,
        desk_stall,
        desk_lots,
        desk_discrepancies,
        desk_stock,
        desk_places,
        desk_people,
        desk_tokens,
        desk_webhooks,
        desk_closing,
        desk_inbox,
        desk_cases,
        desk_complaints,
        desk_journal,
        desk_keeping,
        desk_quarantine,
        desk_overview,
        desk_purpose,
        api_reader,
    )
)
"""Every route of the service; tests walk them, so that none is left out."""


def create_app(
    settings: Settings,
    env: Env,
    engine: Engine,
    *,
    sequencer_engine: Engine | None = None,
    notices: Sequence[Refusal] = (),
    demo: DemoWorld | None = None,
) -> FastAPI:
    """Return the application over a migrated and installed database.

    `sequencer_engine` is for what writes the log; `notices` are warnings of /readyz for as long as the service runs.
    With a `demo` its people stand on the sign-in page, and its administrator begins it anew; production has none.
    """
    assert demo is None or settings.env != "production", "production runs no demo's world"
    log_keeper = LogKeeper(sequencer_engine or engine, env, _keeper_settings(settings))

    @asynccontextmanager
    async def live(app: FastAPI) -> AsyncIterator[None]:
        caretaker = _Caretaker(app)
        postman: Postman = app.state.postman
        keeper = JournalKeeper(app.state.sessions, env)
        courier = Courier(app.state.sessions.begin, env, settings)
        log_keeper.start()
        caretaker.start()
        postman.start()
        keeper.start()
        courier.start()
        yield
        app.state.printing.stop()
        caretaker.stop()
        courier.stop()
        postman.stop()
        keeper.stop()
        log_keeper.stop()

    app = _House(
        title="coldtrace",
        version="0.1.0",
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=live,
    )
    app.state.settings, app.state.env, app.state.engine = settings, env, engine
    app.state.sessions = make_sessions(engine)
    app.state.postman = Postman(app.state.sessions.begin, env, mail_server(settings))
    app.state.printing = PrintRoom(app.state.sessions, env)
    app.state.log_keeper, app.state.notices = log_keeper, tuple(notices)
    app.state.logs = {}
    app.state.rounds, app.state.doctor = Rounds(), DoctorRoom(settings, env)
    app.state.demo = demo
    app.state.captures = Captures(engine, env, waiting_max=settings.capture_waiting_max)
    app.state.case_hours = due_hours(settings.case_hours or {})
    app.state.sweep_times = SweepTimes.of(settings.case_sweep or {})
    app.state.complaint_days = ComplaintDays.of(settings.complaint_days or {})
    app.state.working_days = working_days_of(settings)
    app.state.complaint_limits = ComplaintLimits.of(settings.complaint_limits or {})
    app.state.radar_limits = RadarLimits.of(settings.radar or {})
    app.state.awaited_proofs = AwaitedProofs(
        app.state.sessions,
        env.log,
        troubled=lambda: log_keeper.said().holds_up(env.log.name),
    )
    app.state.live_room = LiveRoom()
    app.state.anonymous = AnonymousLimit(settings.anonymous_requests_per_minute)
    app.state.looks = Looks(app.state.sessions, env, city_header=settings.visitor_city_header)
    app.state.error_page = door.error_page
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    if demo is not None:
        app.include_router(desk_demo.router)
    documented = app.openapi
    app.openapi = lambda: app.openapi_schema or describe(documented(), ROUTERS)  # type: ignore[method-assign]
    app.mount("/static", VersionedFiles(), name="static")
    quick = QuickPages(engine, env, app.state.looks)
    app.add_middleware(KeptPages, looks=app.state.looks, waiting_max=settings.pages_waiting_max, quick=quick.page)
    app.add_middleware(Zipped)
    app.add_middleware(Tagged)
    app.add_middleware(OpenCodes)
    app.add_middleware(
        Door,
        body_limit_bytes=settings.body_limit_bytes,
        anonymous=app.state.anonymous,
        larger={
            complain.FORM_SENT: max(settings.body_limit_bytes, complain.body_limit(settings)),
            **dict.fromkeys(
                (papers.SENT, desk_papers.SENT), max(settings.body_limit_bytes, papers.body_limit(settings))
            ),
        },
    )
    app.hot_door = Door(
        app,
        body_limit_bytes=settings.body_limit_bytes,
        anonymous=app.state.anonymous,
        hot={HOT: statements.post_statements},
        shut=BusyAnswers(app.state.captures),
    )
    return app


def _keeper_settings(settings: Settings) -> KeeperSettings:
    """Return what the settings say of signing and publishing."""
    return KeeperSettings(
        data_dir=settings.data_dir,
        tick_s=settings.sequencer_tick_ms / 1000,
        publish_every_s=settings.publish_every_ms / 1000,
        strict=settings.witness_strict,
        public_entries=settings.public_entries,
    )


HOT = ("POST", statements.router.prefix)
"""Method and path of the way of scans."""


class _House(FastAPI):
    """The application, with a door of its own for scans: none of the framework's layers has anything to do there."""

    hot_door: Door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["method"], scope["path"]) == HOT:
            scope["app"] = self
            await self.hot_door(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _Caretaker:
    """Renews the trust list before it expires, and the filters when something was stopped, while the server runs.

    Corrections that missed their statement are settled, and what was kept long enough goes.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretaker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.wait(CARE_EVERY_S):
            try:
                with self._app.state.sessions.begin() as session:
                    trust.current(session, self._app.state.env)
                    for each in warnings(session, self._app.state.env):
                        log.warning("%s / %s", each.say("zh"), each.say("en"))
                with self._app.state.sessions.begin() as session:
                    publish_filters(session, self._app.state.env)
                with self._app.state.sessions.begin() as session:
                    settle_missed(session)
                self._app.state.rounds.purged = _purge(self._app)
                _blur(self._app)
                _sweep(self._app)
                _count(self._app)
                self._app.state.rounds.ended_at = self._app.state.env.clock()
            except Exception:
                # A database that is away for a moment must not end the renewal for good.
                log.exception("renewing trust list or filters, settling, purging or sweeping failed; trying again")


def _sweep(app: FastAPI) -> None:
    """Look for what no statement says by itself, a few hours of arrivals a transaction."""
    more = True
    while more:
        with app.state.sessions.begin() as session:
            more = sweep(session, app.state.env, app.state.sweep_times, app.state.radar_limits).more


def _count(app: FastAPI) -> None:
    """Count what arrived on days that are over, some weeks a transaction, in hours of this day, and what was coded."""
    more = True
    while more:
        with app.state.sessions.begin() as session:
            more = count_consignments(session, app.state.env.clock())
    more = True
    while more:
        with app.state.sessions.begin() as session:
            more = count_days(session, app.state.env.clock())
    with app.state.sessions.begin() as session:
        count_hours(session, app.state.env.clock())


def _blur(app: FastAPI) -> None:
    """Forget who looked up codes on days that are over, and from which small places."""
    now = app.state.env.clock()
    with app.state.sessions.begin() as session:
        forget_visitors(session, before=now.astimezone(LOCAL).date())
        forget_counts(session, before=now.astimezone(LOCAL).date())
        coarsen(session, before=now - FINE_FOR)


def _purge(app: FastAPI) -> dict[str, int]:
    """Delete what was kept long enough, one batch a transaction; return how much of what, by setting."""
    settings: Settings = app.state.settings
    found = {"personal": 0, "webhook_messages": 0, "complaints": 0}
    retention = retention_of(settings)
    gone = 1
    while gone:
        with app.state.sessions.begin() as session:
            gone = purge(session, retention, now=app.state.env.clock())
        found["personal"] += gone
    old = app.state.env.clock() - timedelta(days=settings.keep_webhook_messages_days)
    told = 1
    while told:
        with app.state.sessions.begin() as session:
            told = forget_messages(session, before=old)
        found["webhook_messages"] += told
    with app.state.sessions.begin() as session:
        forget_trials(session, before=app.state.env.clock() - timedelta(days=1))
    before = app.state.env.clock() - timedelta(days=settings.keep_complaints_days)
    erased = 1
    while erased:
        with app.state.sessions.begin() as session:
            erased = erase_old(session, app.state.env, before=before)
        found["complaints"] += erased
    return found
