"""The desk's pages for the platform's administrator: keys, health, backup, what is kept how long.

They show what the API tells (`web/api/keeping.py`).  What is done about keys and backups is done on the server: where
private keys lie, no page of a browser should reach; so these pages say the command.
"""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coldtrace.doctor.folder import marked_backup
from coldtrace.doctor.model import OUTCOME_WORDS, THINGS, Finding, Outcome, is_well
from coldtrace.errors import Words
from coldtrace.ledger import service as ledger
from coldtrace.parties import store as parties_store
from coldtrace.parties.roots import current_root, root_signers
from coldtrace.parties.warnings import warnings
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, CurrentSettings, ReadSession
from coldtrace.web.api.keeping import KeyAfter, findings, next_care, rules
from coldtrace.web.doctor_room import Rounds, figures
from coldtrace.web.page_session import page_needs
from coldtrace.web.pages.desk_form import PAGE, STATE, show_sheet
from coldtrace.web.pages.sheet import Cell, Row, Section

router = APIRouter(include_in_schema=False)
Keeper = Annotated[Caller, page_needs(Kind.METRICS, Verb.READ)]

KEYS = Words("密钥", "Keys")
HEALTH = Words("运行状况", "Health")
BACKUP = Words("备份", "Backup")
RETENTION = Words("保留期限", "Retention")

USES: dict[str, Words] = {
    "code": Words("赋码（首站）", "Codes of a first station"),
    "enrolment": Words("设备证书", "Certificates of devices"),
    "receipt": Words("回执", "Receipts"),
    "log": Words("公开日志", "The public log"),
    "status": Words("筛查表", "Filters of stopped codes"),
}
KEY_STATES: dict[str, Cell] = {
    "active": Cell(words=Words("使用中", "In use"), tone="ok"),
    "retired": Cell(words=Words("不再使用，仍可验证", "No longer used, still verified")),
    "revoked": Cell(words=Words("已吊销", "Revoked"), tone="stop"),
}
COMMANDS: tuple[tuple[str, Words], ...] = (
    ("coldtrace keys rotate --site GLN", Words("首站换用新密钥", "Give a first station its next key")),
    ("coldtrace keys retire KID", Words("停用密钥，已印的码仍有效", "Use a key no more; what it signed stays good")),
    ("coldtrace keys revoke KID --reason TEXT", Words("吊销失窃的密钥", "Revoke a key that was stolen")),
    ("coldtrace trust-list publish", Words("发布信任列表", "Publish the trust list")),
    ("coldtrace trust-list publish --offline FILE", Words("根密钥不在本机时", "Where the roots lie elsewhere")),
)
_TONES = {Outcome.PASSED: "ok", Outcome.LOOK: "look", Outcome.FAILED: "stop", Outcome.NOT_CHECKED: ""}
NEVER = Cell(words=Words("启动后还没有", "Not since the service was started"))


@router.get("/desk/keys")
def keys_page(
    request: Request, caller: Keeper, session: ReadSession, env: CurrentEnv, after: KeyAfter = None
) -> Response:
    """Show the signing keys, the trust list in force, and what needs a person."""
    now = env.clock()
    found = parties_store.signing_keys_page(session, after=after, limit=PAGE)
    newest = parties_store.newest_trust_list(session)
    root = current_root(session)
    here = len(root_signers(session, env, root))
    soon = [Words(each.say("zh"), each.say("en")) for each in warnings(session, env)]
    trust = Section(
        id="trust",
        title=Words("信任列表", "Trust list"),
        lead=Words("".join(each.zh for each in soon), " ".join(each.en for each in soon))
        if soon
        else Words("七天内无须处理。", "Nothing to do within a week."),
        facts=(
            (Words("版本", "Number"), Cell(text="-" if newest is None else str(newest.seq))),
            (Words("发布", "Issued"), Cell(moment=newest.issued_at) if newest else Cell(text="-")),
            (Words("到期", "Expires"), Cell(moment=newest.expires_at) if newest else Cell(text="-")),
            (
                Words("根密钥", "Roots"),
                Cell(
                    words=Words(
                        f"{len(root.roots)} 把，须 {root.threshold} 把签名；本机有 {here} 把",
                        f"{root.threshold} of {len(root.roots)} must sign; {here} lie on this machine",
                    )
                ),
            ),
        ),
        links=(("/api/v1/trust-list", Words("已发布的原文", "As it is published")),),
    )
    table = Section(
        id="keys",
        title=Words("签名密钥（公钥一半）", "Signing keys, their public halves"),
        columns=(
            Words("编号", "Key id"),
            Words("用途", "Use"),
            STATE,
            Words("自", "Since"),
            Words("可打印至", "Prints until"),
            Words("验证至", "Verified until"),
            Words("信任列表", "Trust list"),
        ),
        rows=tuple(
            Row(
                id=each.kid,
                cells=(
                    Cell(text=each.kid),
                    Cell(words=USES.get(each.use), text=each.gln if each.use in USES else each.use),
                    KEY_STATES[each.state],
                    Cell(moment=each.made_at),
                    Cell(moment=each.print_until) if each.use == "code" else Cell(text="-"),
                    Cell(
                        words=Words("已过", "Over") if each.accept_until < now else None,
                        moment=each.accept_until,
                    ),
                    Cell(text=f"#{each.listed_seq}")
                    if each.listed_seq is not None
                    else Cell(words=Words("尚未", "Not yet"), tone="look"),
                ),
            )
            for each in found
        ),
        empty=Words("还没有密钥。", "No key yet."),
        next_url=f"/desk/keys?after={found[-1].kid}" if len(found) == PAGE else None,
    )
    return show_sheet(request, caller, KEYS, (trust, table, _commands()))


def _commands() -> Section:
    return Section(
        id="commands",
        title=Words("在服务器上更换", "Changed on the server"),
        lead=Words(
            "私钥只在服务器的文件里，网页碰不到。以下命令请在服务器上运行：",
            "Private keys lie in files of the server, where no page reaches. Run these there:",
        ),
        columns=(Words("命令", "Command"), Words("作用", "What it does")),
        rows=tuple(Row(id=command, cells=(Cell(text=command), Cell(words=what))) for command, what in COMMANDS),
    )


@router.get("/desk/health")
def health_page(request: Request, caller: Keeper, session: ReadSession, env: CurrentEnv) -> Response:
    """Show what the doctor finds, and figures."""
    found, at = findings(request, session, env)
    told = figures(session)
    rounds: Rounds = request.app.state.rounds
    well = is_well(found)
    doctor = Section(
        id="findings",
        title=Words("一切正常", "Everything is in order") if well else Words("有事要处理", "There is something to do"),
        lead=Words(
            "与服务器上的 coldtrace doctor 相同的检查，最多一分钟前。",
            "The same look as coldtrace doctor on the server, a minute old at most.",
        ),
        facts=((Words("检查时间", "Looked at"), Cell(moment=at)),),
        columns=(Words("项目", "What"), STATE, Words("情况", "How it is"), Words("怎么办", "What to do")),
        rows=tuple(_finding_row(number, each) for number, each in enumerate(found)),
    )
    numbers = Section(
        id="figures",
        title=Words("数字", "Figures"),
        facts=(
            (Words("程序版本", "Version of the program"), Cell(text=request.app.version)),
            (Words("数据库大小", "Size of the database"), Cell(text=f"{told.database_bytes / (1 << 20):,.0f} MiB")),
            (Words("待发邮件", "Letters waiting"), Cell(text=f"{told.letters_waiting:,}")),
            (Words("待投递的推送", "Webhook messages waiting"), Cell(text=f"{told.messages_waiting:,}")),
            (Words("因失败停止的推送", "Webhooks that stopped by failing"), Cell(text=f"{told.webhooks_stopped:,}")),
            (Words("最近一次自动维护", "Last care of the service"), _moment(rounds)),
        ),
        links=(("/desk/quarantine", Words("被拒收的原文", "Quarantine: what was refused")),),
        half=True,
    )
    logs = Section(
        id="logs",
        title=Words("公开日志", "Public log"),
        columns=(
            Words("日志", "Log"),
            Words("条目", "Leaves"),
            Words("最近检查点", "Last checkpoint"),
            Words("见证", "Witnesses"),
            Words("等待", "Waiting"),
        ),
        rows=tuple(
            Row(
                id=each.log.name,
                cells=(
                    Cell(text=each.log.name),
                    Cell(text=f"{each.head_size:,}"),
                    Cell(moment=each.published_at) if each.published_at else Cell(text="-"),
                    Cell(text=str(each.cosignatures)),
                    Cell(text=f"{each.pending:,}"),
                ),
            )
            for each in ledger.status(session, now=env.clock())
        ),
        half=True,
    )
    return show_sheet(request, caller, HEALTH, (doctor, numbers, logs))


@router.get("/desk/backup")
def backup_page(request: Request, caller: Keeper, env: CurrentEnv, settings: CurrentSettings) -> Response:
    """Show how old the last backup is, and how one is restored."""
    found = marked_backup(settings, now=env.clock())
    section = Section(
        id="backup",
        title=Words("最近一次备份", "The last backup"),
        facts=(
            (STATE, _outcome(found)),
            (Words("情况", "How it is"), Cell(words=found.says)),
            *(((Words("怎么办", "What to do"), Cell(words=found.do)),) if found.do is not None else ()),
            (
                Words("标记文件", "Mark"),
                Cell(text=str(settings.backup_mark)) if settings.backup_mark else Cell(text="COLDTRACE_BACKUP_MARK"),
            ),
        ),
    )
    restore = Section(
        id="restore",
        title=Words("恢复", "Restoring"),
        lead=Words(
            "需要三样：数据库备份、数据目录（含密钥）、密钥口令。先停止服务，恢复后运行 coldtrace doctor，再启动。"
            "早于已发布检查点的备份不会被继续签名：日志会冻结，以免改写历史。",
            "It takes three things: the backup of the database, the data folder with the keys, and their passphrase."
            " Stop the service, restore, run coldtrace doctor, then start. A backup older than what was published is"
            " not signed on: the log freezes rather than rewrite history.",
        ),
        columns=(Words("步骤", "Step"), Words("命令", "Command")),
        rows=tuple(
            Row(id=str(number), cells=(Cell(words=what), Cell(text=command)))
            for number, (what, command) in enumerate(_STEPS, 1)
        ),
    )
    return show_sheet(request, caller, BACKUP, (section, restore))


_STEPS = (
    (Words("备份数据库", "Back the database up"), "pg_dump --format=custom --file=coldtrace.dump DATABASE"),
    (Words("备份密钥与数据目录", "Back keys and data folder up"), "tar -czf coldtrace-data.tar.gz DATA_DIR"),
    (Words("留下标记", "Leave the mark"), "touch BACKUP_MARK"),
    (Words("恢复数据库", "Restore the database"), "pg_restore --dbname=DATABASE coldtrace.dump"),
    (Words("检查", "Look"), "coldtrace doctor"),
)


@router.get("/desk/retention")
def retention_page(
    request: Request, caller: Keeper, session: ReadSession, env: CurrentEnv, settings: CurrentSettings
) -> Response:
    """Show what is kept how long, and the last and the next round of deleting."""
    rounds: Rounds = request.app.state.rounds
    next_at = next_care(rounds)
    table = Section(
        id="rules",
        title=Words("自动删除的内容", "What is deleted by itself"),
        lead=Words(
            "签名记录、公开日志和审计日志是历史，不在其中。期限由设置决定。",
            "Signed statements, the public log and the journal are history and not among it. Settings say how long.",
        ),
        columns=(
            Words("内容", "What"),
            Words("天数", "Days"),
            Words("设置", "Setting"),
            Words("现有", "Kept now"),
            Words("已到期", "Over"),
        ),
        rows=tuple(
            Row(
                id=each.setting or each.what.en,
                cells=(
                    Cell(words=each.what),
                    Cell(text=str(each.days)) if each.days else Cell(words=Words("当天", "Until the day ends")),
                    Cell(text=each.setting) if each.setting else Cell(words=Words("固定", "Fixed")),
                    Cell(text="-" if each.kept is None else f"{each.kept:,}"),
                    Cell(text="-" if each.over is None else f"{each.over:,}"),
                ),
            )
            for each in rules(session, env, settings)
        ),
    )
    purged = rounds.purged or {}
    last = Section(
        id="rounds",
        title=Words("删除的执行", "Rounds of deleting"),
        facts=(
            (Words("上次", "Last"), _moment(rounds)),
            (
                Words("下次", "Next"),
                Cell(moment=next_at) if next_at else Cell(words=Words("十分钟内", "Within ten minutes")),
            ),
            (Words("上次删除的个人数据", "Personal rows deleted last"), Cell(text=f"{purged.get('personal', 0):,}")),
            (Words("上次清空的投诉", "Complaints emptied last"), Cell(text=f"{purged.get('complaints', 0):,}")),
            (
                Words("上次删除的推送消息", "Webhook messages deleted last"),
                Cell(text=f"{purged.get('webhook_messages', 0):,}"),
            ),
        ),
        links=(("/privacy", Words("个人信息说明（公开页）", "What we keep about people: the public page")),),
    )
    return show_sheet(request, caller, RETENTION, (table, last))


def _finding_row(number: int, finding: Finding) -> Row:
    return Row(
        id=f"{finding.thing}-{number}",
        cells=(
            Cell(words=THINGS[finding.thing]),
            _outcome(finding),
            Cell(words=finding.says),
            Cell(words=finding.do) if finding.do is not None else Cell(text="-"),
        ),
    )


def _outcome(finding: Finding) -> Cell:
    return Cell(words=OUTCOME_WORDS[finding.outcome], tone=_TONES[finding.outcome])  # type: ignore[arg-type]


def _moment(rounds: Rounds) -> Cell:
    return NEVER if rounds.ended_at is None else Cell(moment=rounds.ended_at)
