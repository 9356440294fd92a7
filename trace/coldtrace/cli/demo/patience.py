"""Waiting for a program of the demo: as long as a slow machine takes, and never in silence.

How long a step takes says nothing of whether it works; only what is still at it after half an hour is given up.
"""

import subprocess
import time
from collections.abc import Callable
from threading import Event
from typing import Final

SAY_EVERY_S: Final = 20.0
LOOK_EVERY_S: Final = 0.5
GIVE_UP_S: Final = 1800.0


class DemoFailed(Exception):
    """A step of the story did not do what it should: one sentence, in Chinese too where there is one."""

    def __init__(self, en: str, *, zh: str | None = None) -> None:
        self.en, self.zh = en, zh or en
        super().__init__(en if zh is None else f"{zh} / {en}")


def quiet(line: str) -> None:
    """Say nothing."""


def outcome(
    process: "subprocess.Popen[str]",
    what: str,
    *,
    say: Callable[[str], None] = quiet,
    stopping: Event | None = None,
    say_every_s: float = SAY_EVERY_S,
    give_up_s: float = GIVE_UP_S,
) -> tuple[str, str]:
    """Return what a process printed by its end; raise DemoFailed when it is given up or the demo is stopped.

    The process is dead when this returns or raises.  What it reads has to be a file: a second `communicate` goes on
    listening and writes nothing more of what the first one was given.
    """
    begun = told = time.monotonic()
    try:
        while True:
            try:
                return process.communicate(timeout=min(LOOK_EVERY_S, give_up_s))
            except subprocess.TimeoutExpired:
                now = time.monotonic()
            if stopping is not None and stopping.is_set():
                raise DemoFailed("stopped")
            if now - begun >= give_up_s:
                raise DemoFailed(
                    f"{what}: not finished within {give_up_s:g} s", zh=f"{what}：{give_up_s:g} 秒内没有完成"
                )
            if now - told >= say_every_s:
                told = now
                say(f"  ... {now - begun:.0f} s  {what} 仍在进行，请稍候 / still at it on this machine")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
