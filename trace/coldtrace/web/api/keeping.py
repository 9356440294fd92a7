"""What the platform's administrator looks after: keys, health, backup, what is kept how long."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.doctor.folder import marked_backup
from coldtrace.doctor.model import THINGS, Finding, is_well
from coldtrace.env import Env
from coldtrace.errors import Words
from coldtrace.ledger import service as ledger
from coldtrace.parties import store as parties_store
from coldtrace.parties.roots import current_root, root_signers
from coldtrace.parties.tables import SigningKeyRow
from coldtrace.parties.warnings import warnings
from coldtrace.people.retention import overdue
from coldtrace.rights.model import Kind, Verb
from coldtrace.settings import Settings
from coldtrace.web.access import Caller, CurrentEnv, CurrentSettings, ReadSession, needs
from coldtrace.web.api.health import readiness
from coldtrace.web.api.organisations import Limit
from coldtrace.web.doctor_room import CARE_EVERY_S, DoctorRoom, Rounds, figures, retention_of

router = APIRouter(prefix="/api/v1", tags=["health"])
KeyAfter = Annotated[str | None, Query(max_length=64, pattern=r"^[0-9A-Za-z_-]*$")]
Keeper = Annotated[Caller, needs(Kind.METRICS, Verb.READ, devices=False)]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What is kept, by which setting, how long; `days` 0 is the end of its day.  `kept` and `over` count rows now."""

    what: Words
    setting: str | None
    days: int
    kept: int | None = None
    over: int | None = None


@router.get("/keys", summary="Signing keys 签名密钥", tags=["trust"])
def get_keys(
    session: ReadSession,
    env: CurrentEnv,
    caller: Keeper,
    after: KeyAfter = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Return the public halves of all signing keys by key id, the trust list in force, its roots, and what needs a
    person within a week; `next` is the `after` of the next page.  Private keys never leave their files: they are made,
    rotated and revoked on the server by `coldtrace keys`."""
    found = parties_store.signing_keys_page(session, after=after, limit=limit)
    newest = parties_store.newest_trust_list(session)
    root = current_root(session)
    return {
        "keys": [key_json(each, env.clock()) for each in found],
        "trust_list": None
        if newest is None
        else {
            "seq": newest.seq,
            "issued_at": format_utc(newest.issued_at),
            "expires_at": format_utc(newest.expires_at),
        },
        "roots": {
            "version": root.version,
            "threshold": root.threshold,
            "count": len(root.roots),
            "here": len(root_signers(session, env, root)),
        },
        "warnings": [
            {"code": each.code, "zh": each.say("zh"), "en": each.say("en")} for each in warnings(session, env)
        ],
        "next": found[-1].kid if len(found) == limit else None,
    }


@router.get("/health", summary="Health of the installation 安装的运行状况")
def get_health(request: Request, session: ReadSession, env: CurrentEnv, caller: Keeper) -> dict[str, object]:
    """Return what `coldtrace doctor` finds, from the service's own place and no older than a minute, and figures:
    the database's size, what waits, each log, when the service last cared for what it keeps."""
    found, at = findings(request, session, env)
    rounds: Rounds = request.app.state.rounds
    told = figures(session)
    return {
        "ok": is_well(found),
        "at": format_utc(at),
        "version": request.app.version,
        "findings": [finding_json(each) for each in found],
        "figures": {
            "database_bytes": told.database_bytes,
            "letters_waiting": told.letters_waiting,
            "webhook_messages_waiting": told.messages_waiting,
            "webhooks_stopped": told.webhooks_stopped,
        },
        "logs": [
            {
                "name": each.log.name,
                "state": each.state.value,
                "size": each.head_size,
                "published_size": each.published_size,
                "published_at": None if each.published_at is None else format_utc(each.published_at),
                "cosignatures": each.cosignatures,
                "pending": each.pending,
            }
            for each in ledger.status(session, now=env.clock())
        ],
        "last_care_at": None if rounds.ended_at is None else format_utc(rounds.ended_at),
    }


@router.get("/backup", summary="Last backup 最近备份")
def get_backup(env: CurrentEnv, settings: CurrentSettings, caller: Keeper) -> dict[str, object]:
    """Return when the last backup was finished, by the file that `COLDTRACE_BACKUP_MARK` names."""
    return {"finding": finding_json(marked_backup(settings, now=env.clock()))}


@router.get("/retention", summary="What is kept how long 保留期限")
def get_retention(
    request: Request, session: ReadSession, env: CurrentEnv, settings: CurrentSettings, caller: Keeper
) -> dict[str, object]:
    """Return what the service deletes by itself: the setting, the days, how many rows there are and for how many the
    time is over; when the last round was, what it deleted, and when the next one is due.  History is not among it."""
    rounds: Rounds = request.app.state.rounds
    next_at = next_care(rounds)
    return {
        "rules": [
            {
                "zh": each.what.zh,
                "en": each.what.en,
                "setting": each.setting,
                "days": each.days,
                "kept": each.kept,
                "over": each.over,
            }
            for each in rules(session, env, settings)
        ],
        "last_round_at": None if rounds.ended_at is None else format_utc(rounds.ended_at),
        "last_round_deleted": None if rounds.purged is None else dict(rounds.purged),
        "next_round_at": None if next_at is None else format_utc(next_at),
    }


def findings(request: Request, session: Session, env: Env) -> tuple[list[Finding], datetime]:
    """Return the doctor's findings, and when they were made."""
    room: DoctorRoom = request.app.state.doctor
    return room.look(*readiness(request, session, env))


def next_care(rounds: Rounds) -> datetime | None:
    """Return when the caretaker's next round is due, None before the first one has ended."""
    return None if rounds.ended_at is None else rounds.ended_at + timedelta(seconds=CARE_EVERY_S)


def rules(session: Session, env: Env, settings: Settings) -> list[Rule]:
    """Return what is deleted when, in the order of the guide about personal data."""
    counted = overdue(session, retention_of(settings), now=env.clock())
    personal = [
        Rule(
            what=what,
            setting=f"COLDTRACE_KEEP_{name.upper()}",
            days=getattr(settings, f"keep_{name}"),
            kept=counted[name][0],
            over=counted[name][1],
        )
        for name, what in PERSONAL.items()
    ]
    return [
        *personal,
        Rule(
            what=Words("投诉的内容、照片、联系方式（办结后）", "Words, photo and contact of a complaint that ended"),
            setting="COLDTRACE_KEEP_COMPLAINTS_DAYS",
            days=settings.keep_complaints_days,
        ),
        Rule(
            what=Words("推送的消息与答复", "Messages to webhooks, and their answers"),
            setting="COLDTRACE_KEEP_WEBHOOK_MESSAGES_DAYS",
            days=settings.keep_webhook_messages_days,
        ),
        Rule(what=Words("试读的装箱单", "Packing lists that were tried"), setting=None, days=1),
        Rule(what=Words("查询追溯码的访客（匿名）", "Visitors of codes, who have no name"), setting=None, days=0),
    ]


PERSONAL: dict[str, Words] = {
    "sessions_days": Words("已结束的登录会话", "Sessions that ended"),
    "links_days": Words("用过或过期的一次性链接", "One-time links that were used or ran out"),
    "sign_in_failures_days": Words("登录失败的计数", "Counts of failed sign-ins"),
    "invites_days": Words("用过或过期的设备邀请", "Invitations of devices that were used or ran out"),
    "quarantine_days": Words("被拒收的原文", "Bytes that were refused"),
}


def key_json(row: SigningKeyRow, now: datetime) -> dict[str, object]:
    """Return a key as the API tells it."""
    is_code = row.use == "code"
    return {
        "id": row.kid,
        "use": row.use,
        "alg": row.alg,
        "station": row.gln,
        "state": row.state,
        "made_at": format_utc(row.made_at),
        "print_until": format_utc(row.print_until) if is_code else None,
        "accept_until": format_utc(row.accept_until),
        "accept_days_left": max(0, (row.accept_until - now).days),
        "revoked_at": None if row.revoked_at is None else format_utc(row.revoked_at),
        "listed_seq": row.listed_seq,
    }


def finding_json(finding: Finding) -> dict[str, object]:
    """Return one finding as `coldtrace doctor --json` prints it."""
    thing = THINGS[finding.thing]
    return {
        "name": finding.thing,
        "thing_zh": thing.zh,
        "thing_en": thing.en,
        "result": finding.outcome.value,
        "zh": finding.says.zh,
        "en": finding.says.en,
        "do": None if finding.do is None else {"zh": finding.do.zh, "en": finding.do.en},
    }
