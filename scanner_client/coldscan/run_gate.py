"""`coldscan gate`."""

import json
import os
import queue
import shlex
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict
from types import FrameType

from coldscan import cache, lanes
from coldscan.answer import Answer
from coldscan.bench import Bench, open_bench
from coldscan.cache import Name
from coldscan.commands import set_counterparty
from coldscan.file_lock import held
from coldscan.gate import LANE_OPERATIONS, Gate, run_loop, standing_of
from coldscan.gate_signals import Signals, shower
from coldscan.gun import Gun, read_gun
from coldscan.gun_reader import Report, start_listening
from coldscan.lanes import Lane
from coldscan.loop import warnings_of
from coldscan.operation import NAMES
from coldscan.refusals import BadOption, GateBusy, OperationNotAllowed
from coldscan.session import FINDINGS, OK, Session
from coldscan.sounds import find_player, write_sounds
from coldscan.store import immediate, open_store
from coldscan.watchdog import Watchdog
from coldtrace.codes.gln import parse_gln

BELL, OFF, AUTO = "bell", "off", "auto"


def run_gate(
    session: Session,
    *,
    incoming: Sequence[str],
    outgoing: Sequence[str],
    baud: int,
    to: str | None,
    to_name: str | None,
    light: str | None,
    sound: str,
) -> int:
    """Answer the guns of the gate until SIGTERM or SIGINT; 1 if anything was refused."""
    named = [("in", each) for each in incoming] + [("out", each) for each in outgoing]
    if not named:
        raise BadOption(option="--in, --out", example="--in /dev/serial/by-id/...")
    guns = [read_gun(text, lane=lane, baud=baud) for lane, text in named]
    lamp, player = _command(light), _player(sound)
    with closing(open_store(session.state)) as connection, held(session.state.lock("gate"), wait_s=0) as is_ours:
        if not is_ours:
            raise GateBusy()
        bench = open_bench(
            session.state,
            connection,
            passphrase=session.passphrase,
            lane=guns[0].lane,
            lang=session.lang,
            clock=session.clock,
            steady=session.steady,
        )
        standings = _standings(bench, guns, to=to, to_name=to_name)
        _note(bench, guns, light=lamp, player=player)
        for warning in warnings_of(bench):
            print(warning, file=sys.stderr)
        sounds = write_sounds(session.state.root / "sounds") if player else {}
        signals = Signals(list(standings), light=lamp, player=player, sounds=sounds, lang=session.lang)
        write = shower(bench, as_json=session.as_json, bell=sound == BELL or (sound == AUTO and not player))

        def show(lane: str, answer: Answer) -> None:
            write(lane, answer)
            signals.show(lane, answer)

        with closing(signals), closing(Watchdog(os.environ)) as watchdog:
            clean = run_loop(Gate(bench, standings), _listen(guns), show, watchdog)
    return OK if clean else FINDINGS


def _listen(guns: Iterable[Gun]) -> "queue.SimpleQueue[Report | None]":
    """Start the guns' threads; SIGTERM and SIGINT end the queue behind what was read before."""
    reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()

    def end(number: int, frame: FrameType | None) -> None:
        reports.put(None)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    for gun in guns:
        start_listening(gun, reports)
    return reports


def _standings(bench: Bench, guns: Sequence[Gun], *, to: str | None, to_name: str | None) -> dict[str, Lane]:
    """Return the standing of each lane that has a gun, stored; raise OperationNotAllowed."""
    standings: dict[str, Lane] = {}
    for name in dict.fromkeys(gun.lane for gun in guns):
        operation = LANE_OPERATIONS[name]
        if operation.value not in bench.device.operations:
            raise OperationNotAllowed(operation=NAMES[operation].say(bench.lang))
        kept = lanes.load(bench.connection, name)
        bench.lane = kept
        if standing_of(kept) != kept:
            bench.set_lane(standing_of(kept), new_context=True)
        if name == "out" and (to is not None or to_name is not None):
            set_counterparty(bench, gln=None if to is None else parse_gln(to), name=to_name)
        standings[name] = bench.lane
    return standings


def _note(bench: Bench, guns: Sequence[Gun], *, light: Sequence[str], player: Sequence[str]) -> None:
    """Keep how the gate was started, so that `doctor` knows what to look at."""
    said = {"guns": [asdict(gun) for gun in guns], "light": list(light), "player": list(player)}
    with immediate(bench.connection):
        cache.put(bench.connection, Name.GATE, json.dumps(said))


def _player(sound: str) -> list[str]:
    if sound in (BELL, OFF):
        return []
    return list(find_player() or ()) if sound == AUTO else _command(sound)


def _command(text: str | None) -> list[str]:
    try:
        return shlex.split(text or "")
    except ValueError:
        raise BadOption(option="--light, --sound", example="'/usr/local/bin/lamp --port 3'") from None
