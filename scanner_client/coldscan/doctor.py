"""`coldscan doctor`: one line for each thing that can be wrong with a device, and why."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from coldscan import cache
from coldscan.cache import Name
from coldscan.device import Device, is_enrolled, is_private, key_path, load_device
from coldscan.fetch import TRUST_PATH
from coldscan.knowledge import load_knowledge
from coldscan.refusals import NotEnrolled
from coldscan.state_dir import StateDir
from coldscan.store import immediate
from coldscan.wire import Wire
from coldtrace.clock import format_utc, parse_utc
from coldtrace.errors import Lang, Refusal
from coldtrace.events.certificate import read_certificate
from coldtrace.events.header import header_hash, read_header
from coldtrace.seal.b64 import b64

Outcome = Literal["passed", "failed", "not_checked"]

DISK_FREE_MIN: Final = 50 * 1024 * 1024
SKEW_MAX_S: Final = 120


@dataclass(frozen=True, kw_only=True)
class Check:
    """One named check.  The reason is for the administrator, with the values that were seen."""

    name: str
    result: Outcome
    reason: str


def examine(
    connection: sqlite3.Connection,
    state: StateDir,
    *,
    passphrase: bytes | None,
    lang: Lang,
    clock: Callable[[], datetime],
) -> list[Check]:
    """Return all checks; one that fails does not stop the others."""
    checks = [
        _check("clock", lambda: _clock(connection, clock())),
        _check("disk", lambda: _disk(state)),
        _check("queue", lambda: _queue(connection)),
        _check("chain", lambda: _chain(connection)),
    ]
    if not is_enrolled(connection):
        say = NotEnrolled(path=str(state.root)).say(lang)
        rest = [
            Check(name=name, result="not_checked", reason=say)
            for name in ("key", "certificate", "trust_list", "server")
        ]
        return [*checks, Check(name="enrolment", result="failed", reason=say), *rest]
    return [
        *checks,
        _check("enrolment", lambda: ("passed", cache.get(connection, Name.SITE) or "")),
        _check("key", lambda: _key(connection, state, passphrase)),
        _check("certificate", lambda: _certificate(connection, clock())),
        _check("trust_list", lambda: _trust_list(connection, clock())),
        _check("server", lambda: _server(load_device(connection, state, passphrase), lang, clock)),
    ]


def _check(name: str, look: Callable[[], tuple[Outcome, str]]) -> Check:
    try:
        result, reason = look()
    except Refusal as refusal:
        result, reason = "failed", refusal.say("en")
    except (sqlite3.Error, OSError) as fault:
        result, reason = "failed", str(fault)
    return Check(name=name, result=result, reason=reason)


def _clock(connection: sqlite3.Connection, now: datetime) -> tuple[Outcome, str]:
    server = cache.get(connection, Name.SERVER_TIME)
    skew_s = cache.get_number(connection, Name.SKEW_S)
    if server is None or skew_s is None:
        return "not_checked", f"{format_utc(now)}; no server time known yet"
    if now < parse_utc(server):
        return "failed", f"{format_utc(now)} is before the last sync, {server}"
    if abs(skew_s) >= SKEW_MAX_S:
        return "failed", f"{skew_s} s between this clock and the server's at the last sync"
    return "passed", f"{skew_s} s between this clock and the server's at the last sync"


def _disk(state: StateDir) -> tuple[Outcome, str]:
    free = shutil.disk_usage(state.root).free
    return ("passed" if free >= DISK_FREE_MIN else "failed"), f"{free // 1024 // 1024} MiB free in {state.root}"


def _queue(connection: sqlite3.Connection) -> tuple[Outcome, str]:
    found = str(connection.execute("PRAGMA quick_check").fetchone()[0])
    mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    with immediate(connection):
        count = int(connection.execute("SELECT COUNT(*) FROM statements").fetchone()[0])
    if found != "ok" or mode != "wal":
        return "failed", f"quick_check: {found}; journal: {mode}"
    return "passed", f"{count} statements, file sound, writable"


def _chain(connection: sqlite3.Connection) -> tuple[Outcome, str]:
    """Every key's numbers run from 1 without a hole, and each header names the one before it."""
    expected: dict[str, tuple[int, str | None]] = {}
    rows = connection.execute("SELECT key, seq, header FROM statements ORDER BY key, seq")
    for key, seq, text in rows:
        last, prev = expected.get(key, (0, None))
        header = read_header(text)
        named = None if header.prev is None else b64(header.prev)
        if seq != last + 1 or named != prev or b64(header.key) != key:
            return "failed", f"the chain of {key} breaks at {seq}"
        expected[key] = (seq, b64(header_hash(text)))
    return "passed", "; ".join(f"{key} 1-{seq}" for key, (seq, _) in expected.items()) or "no statements yet"


def _key(connection: sqlite3.Connection, state: StateDir, passphrase: bytes | None) -> tuple[Outcome, str]:
    load_device(connection, state, passphrase)
    path = key_path(state, cache.get(connection, Name.KEY) or "")
    if not is_private(path):
        return "failed", f"{path} can be read by others; chmod 600"
    if cache.get(connection, Name.RETIRED_BY) is not None:
        return "failed", "retired: the server holds more of this chain than this folder; enrol again"
    return "passed", str(path)


def _certificate(connection: sqlite3.Connection, now: datetime) -> tuple[Outcome, str]:
    certificate = read_certificate(cache.get(connection, Name.CERTIFICATE) or "")
    window = f"{format_utc(certificate.nbf)} to {format_utc(certificate.naf)}"
    guess = load_knowledge(connection, known=None).guess_now(now)
    return ("passed" if certificate.nbf <= guess <= certificate.naf else "failed"), window


def _trust_list(connection: sqlite3.Connection, now: datetime) -> tuple[Outcome, str]:
    knowledge = load_knowledge(connection, known=None)
    trust = knowledge.trust
    reason = f"number {trust.seq}, issued {format_utc(trust.issued)}, expires {format_utc(trust.expires)}"
    return ("failed" if knowledge.is_stale(now) else "passed"), reason


def _server(device: Device, lang: Lang, clock: Callable[[], datetime]) -> tuple[Outcome, str]:
    with Wire(device.url, signer=device.signer, net=device.net, lang=lang, clock=clock) as wire:
        wire.get(TRUST_PATH).require(200)
    return "passed", device.url
