"""`coldscan doctor`: one line for each thing that can be wrong with a device, and why."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from coldscan import cache, statements
from coldscan.bench import require_live_key
from coldscan.cache import Name, Site
from coldscan.certificate_end import certificate_end
from coldscan.compose import SKEW_SAID_S
from coldscan.device import is_enrolled, is_private, key_path, load_device
from coldscan.doctor_gate import Found, Outcome, look_at_guns, look_at_sound
from coldscan.fault_words import say_fault
from coldscan.fetch import TRUST_PATH
from coldscan.knowledge import load_knowledge
from coldscan.refusals import NotEnrolled, NoTrustList
from coldscan.state_dir import StateDir
from coldscan.steady import SteadyClock, no_steady
from coldscan.store import immediate
from coldscan.wire import Wire
from coldtrace.clock import format_utc, parse_utc
from coldtrace.errors import Lang, Refusal, Words
from coldtrace.events.certificate import read_certificate
from coldtrace.events.header import header_hash, read_header
from coldtrace.seal.b64 import b64

DISK_FREE_MIN: Final = 50 * 1024 * 1024

NAMES: Final = {
    "clock": Words("时钟", "Clock"),
    "disk": Words("磁盘", "Disk"),
    "queue": Words("队列", "Queue"),
    "chain": Words("记录链", "Chain"),
    "enrolment": Words("登记", "Enrolment"),
    "key": Words("密钥", "Key"),
    "certificate": Words("证书", "Certificate"),
    "trust_list": Words("信任名单", "Trust list"),
    "server": Words("服务器", "Server"),
    "sound": Words("声音", "Sound"),
    "guns": Words("扫描枪", "Guns"),
}

_NO_TIME = Words("{now}；尚未从服务器得到时间", "{now}; no server time known yet")
_BEHIND = Words("{now} 早于上次同步 {server}；请校准", "{now} is before the last sync at {server}; set the clock")
_SKEW = Words("与服务器相差 {skew_s} 秒（依上次同步）", "{skew_s} s from the server's clock, by the last sync")
_FREE = Words("{root} 剩余 {free} MiB", "{free} MiB free in {root}")
_BROKEN = Words(
    "文件检查：{found}，日志方式：{mode}；请先 coldscan export",
    "File check: {found}, journal: {mode}; run coldscan export",
)
_TO_LOOK = Words(
    "只能读取：文件中有 {count} 条记录，未发送 {unsent} 条；现在不能写入，不接受扫描；"
    "请腾出磁盘空间，再运行 coldscan doctor",
    "It can only be read: {count} statements in the file, {unsent} of them unsent; nothing can be written, so no scan"
    " is taken; make room on the disk and run coldscan doctor again",
)
_SOUND = Words("{count} 条记录，文件完好，可写入", "{count} statements, file sound and writable")
_GAP = Words("密钥 {key} 的记录链在第 {seq} 条断开", "The chain of {key} breaks at {seq}")
_DENSE = Words("{chains}，连续无缺", "{chains}, dense and linked")
_EMPTY = Words("还没有记录", "No statements yet")
_OPEN_KEY = Words("{path} 可被他人读取；请 chmod 600", "{path} can be read by others; chmod 600")
_WINDOW = Words("有效期 {first} 至 {last}", "Valid from {first} to {last}")
_LIST = Words("第 {seq} 号，{issued} 签发，{expires} 到期", "Number {seq}, issued {issued}, expires {expires}")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One named check.  The reason is for the administrator, with the values that were seen."""

    name: str
    result: Outcome
    reason: str


@dataclass(frozen=True, kw_only=True)
class Patient:
    """The device to be examined; `fault` says why its store opens for reading alone, as on a full disk."""

    connection: sqlite3.Connection
    state: StateDir
    passphrase: bytes | None
    lang: Lang
    clock: Callable[[], datetime]
    steady: SteadyClock = no_steady
    fault: Refusal | None = None


def examine(patient: Patient) -> list[Check]:
    """Return all checks; one that fails does not stop the others."""
    checks = [_check(patient, name, look) for name, look in _ALWAYS.items()]
    if is_enrolled(patient.connection):
        return [*checks, *(_check(patient, name, look) for name, look in _ENROLLED.items())]
    say = NotEnrolled(path=str(patient.state.root)).say(patient.lang)
    missing = [Check(name=name, result="not_checked", reason=say) for name in _ENROLLED]
    return [*checks, Check(name="enrolment", result="failed", reason=say), *missing[1:]]


def _check(patient: Patient, name: str, look: Callable[[Patient], Found]) -> Check:
    try:
        result, reason = look(patient)
    except Refusal as refusal:
        result, reason = "failed", refusal.say(patient.lang)
    except (sqlite3.Error, OSError) as fault:
        result, reason = "failed", say_fault(fault, patient.lang)
    return Check(name=name, result=result, reason=reason)


def _clock(patient: Patient) -> Found:
    now, lang = patient.clock(), patient.lang
    server = cache.get(patient.connection, Name.SERVER_TIME)
    skew_s = cache.get_number(patient.connection, Name.SKEW_S)
    if server is None or skew_s is None:
        return "not_checked", _NO_TIME.say(lang, now=format_utc(now))
    if now < parse_utc(server):
        return "failed", _BEHIND.say(lang, now=format_utc(now), server=server)
    # Before an enrolment there is a time, and no list; then what the last sync found is all there is.
    with suppress(NoTrustList):
        skew_s = -load_knowledge(patient.connection, known=None, steady=patient.steady).ahead_s(now)
    return ("failed" if abs(skew_s) >= SKEW_SAID_S else "passed"), _SKEW.say(lang, skew_s=skew_s)


def _disk(patient: Patient) -> Found:
    free, root = shutil.disk_usage(patient.state.root).free, str(patient.state.root)
    said = _FREE.say(patient.lang, free=free // 1024 // 1024, root=root)
    if patient.fault is not None:
        return "failed", f"{said}; {patient.fault.say(patient.lang)}"
    return ("passed" if free >= DISK_FREE_MIN else "failed"), said


def _queue(patient: Patient) -> Found:
    if patient.fault is not None:
        # What lies in the log beside the file is not read without writing, so there may be more.
        counted = statements.counts(patient.connection)
        total = counted.pending + counted.sent + counted.refused
        return "failed", _TO_LOOK.say(patient.lang, count=total, unsent=counted.pending)
    found = str(patient.connection.execute("PRAGMA quick_check").fetchone()[0])
    mode = str(patient.connection.execute("PRAGMA journal_mode").fetchone()[0])
    with immediate(patient.connection):
        count = int(patient.connection.execute("SELECT COUNT(*) FROM statements").fetchone()[0])
    if found != "ok" or mode != "wal":
        return "failed", _BROKEN.say(patient.lang, found=found, mode=mode)
    return "passed", _SOUND.say(patient.lang, count=count)


def _chain(patient: Patient) -> Found:
    """Every key's numbers run from 1 without a hole, and each header names the one before it."""
    expected: dict[str, tuple[int, str | None]] = {}
    rows = patient.connection.execute("SELECT key, seq, header FROM statements ORDER BY key, seq")
    for key, seq, text in rows:
        last, prev = expected.get(key, (0, None))
        header = read_header(text)
        named = None if header.prev is None else b64(header.prev)
        if seq != last + 1 or named != prev or b64(header.key) != key:
            return "failed", _GAP.say(patient.lang, key=key, seq=seq)
        expected[key] = (seq, b64(header_hash(text)))
    chains = "; ".join(f"{key} 1-{seq}" for key, (seq, _) in expected.items())
    return "passed", _DENSE.say(patient.lang, chains=chains) if chains else _EMPTY.say(patient.lang)


def _enrolment(patient: Patient) -> Found:
    site = Site.from_json(cache.get(patient.connection, Name.SITE) or "{}")
    return "passed", f"{site.name_zh if patient.lang == 'zh' else site.name_en} ({site.gln})"


def _key(patient: Patient) -> Found:
    device = load_device(patient.connection, patient.state, patient.passphrase)
    path = key_path(patient.state, b64(device.key))
    if not is_private(path):
        return "failed", _OPEN_KEY.say(patient.lang, path=str(path))
    require_live_key(patient.connection, device)
    return "passed", str(path)


def _certificate(patient: Patient) -> Found:
    certificate = read_certificate(cache.get(patient.connection, Name.CERTIFICATE) or "")
    first, last = certificate.nbf, certificate.naf
    guess = load_knowledge(patient.connection, known=None, steady=patient.steady).guess_now(patient.clock())
    said = _WINDOW.say(patient.lang, first=format_utc(first), last=format_utc(last))
    if not first <= guess:
        return "failed", said
    end = certificate_end(patient.connection, now=guess)
    if end is None or not end.is_near:
        return "passed", said
    return ("failed" if end.is_over else "warning"), f"{said}; {end.say(patient.lang)}"


def _trust_list(patient: Patient) -> Found:
    knowledge = load_knowledge(patient.connection, known=None, steady=patient.steady)
    trust = knowledge.trust
    said = _LIST.say(patient.lang, seq=trust.seq, issued=format_utc(trust.issued), expires=format_utc(trust.expires))
    return ("failed" if knowledge.is_stale(patient.clock()) else "passed"), said


def _server(patient: Patient) -> Found:
    device = load_device(patient.connection, patient.state, patient.passphrase)
    with Wire(device.url, signer=device.signer, net=device.net, lang=patient.lang, clock=patient.clock) as wire:
        wire.get(TRUST_PATH).require(200)
    return "passed", device.url


def _sound(patient: Patient) -> Found:
    return look_at_sound(patient.connection, patient.lang)


def _guns(patient: Patient) -> Found:
    return look_at_guns(patient.connection, patient.lang)


_ALWAYS: Final = {
    "clock": _clock,
    "disk": _disk,
    "queue": _queue,
    "chain": _chain,
    "sound": _sound,
    "guns": _guns,
}
_ENROLLED: Final = {
    "enrolment": _enrolment,
    "key": _key,
    "certificate": _certificate,
    "trust_list": _trust_list,
    "server": _server,
}
