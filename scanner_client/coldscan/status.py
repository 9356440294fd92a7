"""How this device stands: where it is, what waits, how old its knowledge is, what a person should look at."""

import json
import sqlite3
from datetime import datetime, timedelta
from typing import Final

from coldscan import cache, lanes, statements
from coldscan.cache import Name, Site
from coldscan.certificate_end import CertificateEnd, certificate_end
from coldscan.compose import SKEW_SAID_S
from coldscan.device import is_enrolled
from coldscan.knowledge import Knowledge, load_knowledge
from coldscan.refusals import NoTrustList
from coldscan.steady import SteadyClock, no_steady
from coldtrace.clock import format_utc, parse_utc
from coldtrace.errors import Words

WARNINGS: Final = {
    "key_retired": Words(
        "密钥已停用，请重新登记：coldscan enrol --again", "Key retired; enrol anew: coldscan enrol --again"
    ),
    "key_revoked": Words(
        "密钥已吊销，服务器不再接受：请换一台终端；未发送的仍在本机，可用 coldscan export 导出；"
        "重新登记：coldscan enrol --again",
        "Key revoked: the server takes nothing of it. Take another terminal; what is unsent stays here and coldscan"
        " export saves it; to enrol anew: coldscan enrol --again",
    ),
    "server_lost_statements": Words(
        "服务器缺少已给回执的记录，请把 coldscan export 的结果交给管理员",
        "The server lacks statements it gave receipts for; take the output of coldscan export to the administrator",
    ),
    "chain_forked": Words(
        "服务器看到两条互相矛盾的记录链，请联系管理员", "The server sees two chains of this key; tell the administrator"
    ),
    "log_rewritten": Words(
        "服务器改写了公开日志：两份互相矛盾的检查点已保留（coldscan status --json），请交给监管人员",
        "The server has rewritten its public log: two checkpoints that contradict each other are kept (coldscan status"
        " --json); take them to the authority",
    ),
    "unsent_over_24_h": Words(
        "有记录超过 24 小时未发送，请连网同步", "Something is unsent for over 24 h; connect and sync"
    ),
    "refused_statements": Words("有记录被服务器拒收，见上", "The server refused statements, see above"),
    "blocked_statements": Words("有记录被标为冲突或封存，见上", "The server keeps statements as blocked, see above"),
    "no_trust_list": Words("没有可用的信任名单，请同步", "No usable trust list; sync"),
    "trust_list_expired": Words("信任名单已过期，请同步", "The trust list has expired; sync"),
    "stops_unknown": Words(
        "作废与召回筛查表已过期或损坏，请同步", "The filters of voided units and recalls are expired or broken; sync"
    ),
    "clock_behind_last_sync": Words("时钟早于上次同步，请校准", "The clock stands before the last sync; set it"),
    "clock_skewed": Words("时钟与服务器相差较大，请校准", "The clock differs from the server's; set it"),
}

UNSENT_OLD: Final = timedelta(hours=24)
MARKED_SHOWN: Final = 20


def status_of(connection: sqlite3.Connection, *, now: datetime, steady: SteadyClock = no_steady) -> dict[str, object]:
    """Return the status as plain values; it needs neither the key nor a network."""
    counted = statements.counts(connection)
    knowledge = _knowledge(connection, steady)
    oldest_s = _age_s(counted.oldest_at, now if knowledge is None else knowledge.corrected(now))
    site = cache.get(connection, Name.SITE)
    ending = ending_of(connection, now=now, steady=steady)
    return {
        "enrolled": is_enrolled(connection),
        "site": None if site is None else vars(Site.from_json(site)),
        "server": cache.get(connection, Name.URL),
        "key": cache.get(connection, Name.KEY),
        "operations": cache.get_names(connection, Name.OPERATIONS),
        "lanes": [_lane(connection, each) for each in lanes.all_lanes(connection)],
        "unsent": counted.pending,
        "oldest_unsent_at": counted.oldest_at,
        "oldest_unsent_age_s": oldest_s,
        "sent": counted.sent,
        "refused": counted.refused,
        "blocked": counted.blocked,
        "marked": [vars(each) for each in statements.marked(connection, limit=MARKED_SHOWN)],
        "refused_scans": lanes.count_refused_scans(connection),
        "lots": cache.count_lots(connection),
        "list_seq": None if knowledge is None else knowledge.trust.seq,
        "list_age_s": None if knowledge is None else knowledge.age_s(now),
        "list_expired": None if knowledge is None else knowledge.is_stale(now),
        "filters": [] if knowledge is None else _filters(knowledge, now),
        "amber_after_s": cache.get_number(connection, Name.AMBER_AFTER_S),
        "last_sync": cache.get(connection, Name.LAST_SYNC),
        "last_server_time": cache.get(connection, Name.SERVER_TIME),
        "log_evidence": json.loads(cache.get(connection, Name.LOG_EVIDENCE) or "null"),
        "clock_skew_s": cache.get_number(connection, Name.SKEW_S),
        "certificate_ends": None if ending is None else format_utc(ending.at),
        "warnings": _warnings(connection, counted, knowledge, oldest_s, now),
    }


def ending_of(connection: sqlite3.Connection, *, now: datetime, steady: SteadyClock) -> CertificateEnd | None:
    """Return when the certificate ends, seen from the best guess of the true time."""
    knowledge = _knowledge(connection, steady)
    return certificate_end(connection, now=now if knowledge is None else knowledge.guess_now(now))


def _knowledge(connection: sqlite3.Connection, steady: SteadyClock) -> Knowledge | None:
    try:
        return load_knowledge(connection, known=None, steady=steady)
    except NoTrustList:
        return None


def _lane(connection: sqlite3.Connection, lane: lanes.Lane) -> dict[str, object]:
    return {
        "lane": lane.name,
        "operation": lane.operation,
        "counterparty": lane.counterparty or lane.counterparty_name,
        "door": lane.door,
        "pallet": lane.pallet,
        "pile": lanes.pile_size(connection, lane.name),
    }


def _filters(knowledge: Knowledge, now: datetime) -> list[dict[str, object]]:
    held = knowledge.filters.held
    return [
        {
            "kind": str(each.header.kind),
            "seq": each.header.seq,
            "count": each.header.count,
            "age_s": max(0, int((knowledge.guess_now(now) - each.header.issued).total_seconds())),
            "expired": each.is_stale(knowledge.guess_now(now)),
        }
        for each in (*held.allowed, held.revoked, held.recalled)
        if each is not None
    ]


def _age_s(at: str | None, now: datetime) -> int | None:
    return None if at is None else max(0, int((now - parse_utc(at)).total_seconds()))


def _warnings(
    connection: sqlite3.Connection,
    counted: statements.Counts,
    knowledge: Knowledge | None,
    oldest_s: int | None,
    now: datetime,
) -> list[str]:
    server_time = cache.get(connection, Name.SERVER_TIME)
    found = {
        "key_retired": cache.get(connection, Name.RETIRED_BY) is not None,
        "key_revoked": cache.get(connection, Name.REVOKED) is not None,
        "server_lost_statements": bool(json.loads(cache.get(connection, Name.LOST) or "[]")),
        "chain_forked": cache.get(connection, Name.FORKS) is not None,
        "log_rewritten": cache.get(connection, Name.LOG_EVIDENCE) is not None,
        "unsent_over_24_h": oldest_s is not None and oldest_s > UNSENT_OLD.total_seconds(),
        "refused_statements": counted.refused > 0,
        "blocked_statements": counted.blocked > 0,
        "no_trust_list": knowledge is None,
        "trust_list_expired": knowledge is not None and knowledge.is_stale(now),
        "stops_unknown": knowledge is not None and knowledge.lacks_stops(now),
        "clock_behind_last_sync": server_time is not None and now < parse_utc(server_time),
        "clock_skewed": abs(cache.get_number(connection, Name.SKEW_S) or 0) >= SKEW_SAID_S,
    }
    return [name for name, is_so in found.items() if is_so]
