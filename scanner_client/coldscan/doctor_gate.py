"""What `doctor` says of sound and guns: it looks at what the gate of this device was started with last.

A gun that the running gate has is left alone, and so is "not checked".  Whether a sound is heard at the gate only
ears can tell; what is checked is that the player takes it.
"""

import json
import os
import sqlite3
import tempfile
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from coldscan import cache
from coldscan.answer import Result
from coldscan.cache import Name
from coldscan.errands import run_command
from coldscan.fault_words import say_fault
from coldscan.gun import Gun, GunKind
from coldscan.gun_reader import is_busy, open_gun
from coldscan.sounds import write_sounds
from coldtrace.errors import Lang, Words

Outcome = Literal["passed", "warning", "failed", "not_checked"]
Found: TypeAlias = tuple[Outcome, str]

PLAY_S: Final = 5.0

_NO_GATE = Words("本机没有启动过 coldscan gate；终端只有铃声", "No gate was started here; a terminal has its bell")
_BELL = Words("只有终端铃声，是否听得见只有人知道", "The terminal's bell only; whether it is heard only ears can tell")
_PLAYED = Words("已用 {player} 播放一声；是否听见只有人知道", "{player} has played one beep; did you hear it?")
_NOT_PLAYED = Words("播放失败：{fault}", "Not played: {fault}")
_GUN_THERE = Words("{lane} {path} 可用", "{lane} {path} is there")
_GUN_BUSY = Words("{lane} {path} 正被使用（闸口在运行？）", "{lane} {path} is in use (by the running gate?)")
_GUN_MISSING = Words("{lane} {path} 不可用：{reason}", "{lane} {path} cannot be opened: {reason}")


def look_at_sound(connection: sqlite3.Connection, lang: Lang) -> Found:
    """Play one beep as the gate does."""
    gate = _gate(connection)
    if gate is None:
        return "not_checked", _NO_GATE.say(lang)
    player = [str(each) for each in gate["player"]]
    if not player:
        return "not_checked", _BELL.say(lang)
    with tempfile.TemporaryDirectory() as folder:
        sound = write_sounds(Path(folder))[Result.SAVED]
        fault = run_command([*player, str(sound)], {}, timeout_s=PLAY_S)
    return ("failed", _NOT_PLAYED.say(lang, fault=fault)) if fault else ("passed", _PLAYED.say(lang, player=player[0]))


def look_at_guns(connection: sqlite3.Connection, lang: Lang) -> Found:
    """Open and let go each gun of the gate; one that is missing counts more than one that is busy."""
    gate = _gate(connection)
    if gate is None:
        return "not_checked", _NO_GATE.say(lang)
    found = [_look_at(Gun(**{**each, "kind": GunKind(each["kind"])}), lang) for each in gate["guns"]]
    worst: Outcome = "passed"
    for outcome in ("not_checked", "failed"):
        if any(each == outcome for each, _ in found):
            worst = outcome
    return worst, "; ".join(said for _, said in found)


def _look_at(gun: Gun, lang: Lang) -> Found:
    try:
        os.close(open_gun(gun))
    except OSError as fault:
        if is_busy(fault):
            return "not_checked", _GUN_BUSY.say(lang, lane=gun.lane, path=gun.path)
        reason = say_fault(os.strerror(fault.errno or 0), lang)
        return "failed", _GUN_MISSING.say(lang, lane=gun.lane, path=gun.path, reason=reason)
    return "passed", _GUN_THERE.say(lang, lane=gun.lane, path=gun.path)


def _gate(connection: sqlite3.Connection) -> dict[str, Any] | None:
    said = cache.get(connection, Name.GATE)
    return None if said is None else json.loads(said)
