"""What the database says of itself and of the installation: read only, in one short connection."""

from collections.abc import Callable
from datetime import datetime

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.db import roles
from coldtrace.db.engine import check_server, make_engine, shown
from coldtrace.db.migrate import configuration
from coldtrace.db.refusals import DatabaseRefusal
from coldtrace.doctor.model import Finding, Outcome
from coldtrace.doctor.rules import clock_finding, queue_finding, trust_list_finding
from coldtrace.env import Env
from coldtrace.errors import Refusal, Words
from coldtrace.ledger import service as ledger
from coldtrace.ledger.fork_guard import frozen_reason
from coldtrace.ledger.model import LogState, LogStatus
from coldtrace.parties import store as parties
from coldtrace.parties.roots import current_root, root_signers
from coldtrace.parties.warnings import warnings
from coldtrace.watch.complaints import count_unseen

Clock = Callable[[], datetime]
REST = ("database_roles", "migrations", "database_clock", "code_keys", "trust_list", "log", "sequencer", "complaints")


def database_findings(
    url: str | None, env: Env | None, *, clock: Clock, is_own: bool, is_served: bool
) -> list[Finding]:
    """Look at a database; `url` None: the embedded one does not run.  `env` None: its keys could not be read.

    `is_own`: it is the embedded one, on this machine.  `is_served`: a service answers.
    """
    if url is None:
        stopped = Finding(
            thing="database",
            outcome=Outcome.FAILED,
            says=Words("自带数据库没有运行", "the embedded database does not run"),
            do=Words("请启动服务：coldtrace serve", "Start the service: coldtrace serve"),
        )
        return [stopped, *_unasked()]
    try:
        engine = make_engine(url, pool_size=1, pool_overflow=0)
    except DatabaseRefusal as refusal:
        return [_refused("database", refusal), *_unasked()]
    try:
        check_server(engine)
        with engine.connect() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            version = str(connection.execute(text("SHOW server_version")).scalar_one())
            where = Words("自带数据库", "the embedded one") if is_own else Words(shown(engine.url), shown(engine.url))
            reached = Finding(
                thing="database",
                outcome=Outcome.PASSED,
                says=Words(
                    f"{where.zh}，PostgreSQL {version}，提交即落盘",
                    f"{where.en}, PostgreSQL {version}, commits are durable",
                ),
            )
            schema = _schema_finding(connection)
            found = [reached, _roles_finding(connection), schema, _clock_finding(connection, clock, is_own=is_own)]
            if schema.outcome is not Outcome.PASSED:
                return [*found, *_unasked("code_keys", "trust_list", "log", "sequencer", "complaints")]
            with Session(bind=connection) as session:
                return [*found, *_records(session, env, now=clock(), is_served=is_served)]
    except DatabaseRefusal as refusal:
        return [_refused("database", refusal), *_unasked()]
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())[:200]
        do = Words("请查看数据库的日志。", "Look at the database's log.")
        lost = Finding(thing="database", outcome=Outcome.FAILED, says=Words(reason, reason), do=do)
        return [lost, *_unasked()]
    finally:
        engine.dispose()


def _unasked(*things: str) -> list[Finding]:
    says = Words("未能询问数据库", "the database could not be asked")
    return [Finding(thing=thing, outcome=Outcome.NOT_CHECKED, says=says) for thing in things or REST]


def _refused(thing: str, refusal: Refusal, outcome: Outcome = Outcome.FAILED) -> Finding:
    return Finding(thing=thing, outcome=outcome, says=Words(refusal.say("zh"), refusal.say("en")))


def _roles_finding(connection: Connection) -> Finding:
    state = roles.state(connection)
    if state.trouble is not None:
        return _refused("database_roles", state.trouble, Outcome.LOOK)
    says = Words("服务以受限角色工作", "the service works in roles with no more than their rights")
    return Finding(thing="database_roles", outcome=Outcome.PASSED, says=says)


def _schema_finding(connection: Connection) -> Finding:
    scripts = ScriptDirectory.from_config(configuration())
    heads, ours = set(MigrationContext.configure(connection).get_current_heads()), set(scripts.get_heads())
    named = ", ".join(sorted(heads)) or "-"
    if heads == ours:
        says = Words(f"已是最新（{named}）", f"up to date ({named})")
        return Finding(thing="migrations", outcome=Outcome.PASSED, says=says)
    known = {script.revision for script in scripts.walk_revisions()}
    says = Words(
        f"数据库 {named}，程序 {', '.join(sorted(ours))}", f"database {named}, program {', '.join(sorted(ours))}"
    )
    do = (
        Words("请运行 coldtrace db upgrade，或启动服务。", "Run coldtrace db upgrade, or start the service.")
        if heads <= known
        else Words("数据库较新：请升级程序。", "The database is newer: upgrade the program.")
    )
    return Finding(thing="migrations", outcome=Outcome.FAILED, says=says, do=do)


def _clock_finding(connection: Connection, clock: Clock, *, is_own: bool) -> Finding:
    if is_own:
        says = Words("数据库在本机，同一时钟", "the database is on this machine, with the same clock")
        return Finding(thing="database_clock", outcome=Outcome.NOT_CHECKED, says=says)
    before = clock()
    theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return clock_finding("database_clock", before=before, theirs=theirs, after=clock())


def _records(session: Session, env: Env | None, *, now: datetime, is_served: bool) -> list[Finding]:
    found = []
    if env is None:
        says = Words("密钥不可读，未检查", "not looked at: the keys cannot be read")
        found.append(Finding(thing="code_keys", outcome=Outcome.NOT_CHECKED, says=says))
    else:
        try:
            soon = [_refused("code_keys", each, Outcome.LOOK) for each in warnings(session, env)]
        except Refusal as refusal:
            soon = [_refused("code_keys", refusal)]
        says = Words("七天内无须处理", "nothing to do within a week")
        found += soon or [Finding(thing="code_keys", outcome=Outcome.PASSED, says=says)]
    try:
        found.append(_trust_list_finding(session, env, now))
    except Refusal as refusal:
        found.append(_refused("trust_list", refusal))
    for status in ledger.status(session, now=now):
        found += [_log_finding(status, now), _queue_finding(status, is_served=is_served)]
    return [*found, _complaints_finding(session)]


def _complaints_finding(session: Session) -> Finding:
    waiting = count_unseen(session)
    if not waiting:
        says = Words("没有无人可见的投诉", "none waits that nobody sees")
        return Finding(thing="complaints", outcome=Outcome.PASSED, says=says)
    says = Words(
        f"{waiting} 件投诉所在地区不属于任何主管人员的辖区，无人可见",
        f"{waiting} wait of districts in nobody's area: nobody sees them",
    )
    do = Words(
        "请把该地区或全国（area 为空）授予一名监管人员：docs/guides/complaints.md。",
        "Make somebody regulator of the district, or of the whole country (an empty area): docs/guides/complaints.md.",
    )
    return Finding(thing="complaints", outcome=Outcome.LOOK, says=says, do=do)


def _trust_list_finding(session: Session, env: Env | None, now: datetime) -> Finding:
    newest = parties.newest_trust_list(session)
    if newest is None:
        return Finding(
            thing="trust_list",
            outcome=Outcome.FAILED,
            says=Words("尚未发布信任列表", "no trust list was published yet"),
            do=Words(
                "请启动服务，或运行 coldtrace trust-list publish。",
                "Start the service, or run coldtrace trust-list publish.",
            ),
        )
    root = current_root(session)
    offline = env is not None and len(root_signers(session, env, root)) < root.threshold
    return trust_list_finding(
        seq=newest.seq, issued=newest.issued_at, expires=newest.expires_at, now=now, is_offline=offline
    )


def _log_finding(status: LogStatus, now: datetime) -> Finding:
    if status.state is LogState.FROZEN:
        reason = frozen_reason(status.reason)
        do = Words(
            "日志已冻结：docs/guides/run-in-production.md 第 6b 节。",
            "The log is frozen: docs/guides/run-in-production.md, section 6b.",
        )
        says = Words(status.log.name, status.log.name)
        if reason is not None:
            says = Words(reason.say("zh"), reason.say("en"))
        return Finding(thing="log", outcome=Outcome.FAILED, says=says, do=do)
    name = status.log.name
    since = "-" if status.published_at is None else format_utc(status.published_at)
    says = Words(
        f"{name}：{status.head_size} 条，最近检查点含 {status.published_size} 条，{since} 发布",
        f"{name}: {status.head_size} leaves; the last checkpoint has {status.published_size}, published {since}",
    )
    late = status.published_at is not None and (now - status.published_at).total_seconds() > _BEHIND_S
    if status.published_size < status.head_size and late:
        do = Words(
            "有已签名的检查点未发布：请看 /readyz 的 alarms 与服务日志。",
            "A signed checkpoint was not published: read `alarms` of /readyz and the service's log.",
        )
        return Finding(thing="log", outcome=Outcome.LOOK, says=says, do=do)
    return Finding(thing="log", outcome=Outcome.PASSED, says=says)


_BEHIND_S = 60.0


def _queue_finding(status: LogStatus, *, is_served: bool) -> Finding:
    return queue_finding(status.log.name, pending=status.pending, oldest_s=status.oldest_pending_s, is_served=is_served)
