"""The keeper of the logs in a process of its own, beside the service (docs/decisions/0036-a-process-for-the-log.md).

`KeeperProcess` is the service's end: it starts `python -m coldtrace.cli.keeper_process`, hands it its work through a
pipe, starts it again when it dies, and hears through another pipe what it has to say.  The first pipe is also the
child's lifeline: whoever holds its other end has ended, however it ended, when the child reads the end of it.
"""

import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from coldtrace.db.engine import make_engine
from coldtrace.env import Env, Keyring, Log
from coldtrace.ledger.keeper import KeeperSettings, LogKeeper, Said
from coldtrace.ledger.refusals import LogKeeperAway
from coldtrace.seal.witness_policy import WitnessPolicy

REPORT_EVERY_S = 0.2
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
STEADY_S = 60.0
"""One that lived so long is started again at once, however often others died before it."""

END_S = 5.0
"""What is under way has so long to come to its end; all of it may be cut off anywhere."""

log = logging.getLogger("coldtrace.keeper")


@dataclass(frozen=True, kw_only=True)
class Work:
    """All that the process is told: where to write, as whom, and with which keys.  Never on a command line."""

    url: str
    role: str | None
    net: bytes
    log: Log
    public_host: str
    keys: Path
    passphrase: bytes | None
    policy: WitnessPolicy | None
    settings: KeeperSettings


def work_of(env: Env, settings: KeeperSettings, *, url: str, role: str | None) -> Work:
    """Return the work of an installation's keeper."""
    return Work(
        url=url,
        role=role,
        net=env.net,
        log=env.log,
        public_host=env.public_host,
        keys=env.keyring.folder,
        passphrase=env.keyring.passphrase,
        policy=env.policy,
        settings=settings,
    )


class KeeperProcess:
    """One child at most at any time, for as long as it is not stopped."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._said = Said()
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # of the two below, and of starting beside stopping
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="log keeper", daemon=True)

    def start(self) -> None:
        """Begin; the child comes up beside what the caller does next."""
        self._thread.start()

    def stop(self) -> None:
        """Let the child finish what is under way, and end it."""
        with self._lock:
            self._stopping.set()
            if self._lifeline is not None:
                self._lifeline.close()
        self._thread.join(END_S * 2)
        with self._lock:
            if self._process is not None:
                self._process.kill()  # it stands still: not even its own patience ran out
        self._thread.join(END_S)

    def said(self) -> Said:
        """Return what the child said last, or that it is away."""
        return self._said

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                code = self._one_life()
            except OSError as error:  # no process to be had
                code = -(error.errno or 1)
            if self._stopping.is_set():
                return
            if time.monotonic() - began > STEADY_S:
                pause_s = FIRST_PAUSE_S
            self._said = Said(away=LogKeeperAway(exit=code, again_s=int(LONGEST_PAUSE_S)))
            log.error("the keeper of the logs ended by itself (%s): starting it again in %.2f s", code, pause_s)
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _one_life(self) -> int:
        """Run a child to its end, and return its exit code."""
        with self._lock:
            if self._stopping.is_set():
                return 0
            # A session of its own: Ctrl-C is for the service, which ends the child when it has nothing more to log.
            process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            lifeline = Connection(os.dup(process.stdin.fileno()), readable=False)
            reports = Connection(os.dup(process.stdout.fileno()), writable=False)
            process.stdin.close()
            process.stdout.close()
            self._process, self._lifeline = process, lifeline
        try:
            self._hear(lifeline, reports)
        finally:
            with self._lock:
                lifeline.close()
                reports.close()
                self._lifeline = None
            code = _ended(process)
            with self._lock:
                self._process = None
        return code

    def _hear(self, lifeline: Connection, reports: Connection) -> None:
        try:
            lifeline.send(self._work)
            while True:
                said = reports.recv()
                if self._said.away is not None:
                    log.warning("the keeper of the logs is back")
                self._said = said
        except (EOFError, OSError):
            return


def _ended(process: subprocess.Popen[bytes]) -> int:
    """Wait until a child that has lost its lifeline is gone; the hard way when it takes too long."""
    try:
        return process.wait(END_S + 1)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


# The child's end.


def main() -> int:
    """Keep the logs until the lifeline ends."""
    # Of a terminal or a system that stops everything at once: the service says when.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    lifeline, reports = Connection(os.dup(0), writable=False), Connection(os.dup(1), readable=False)
    os.dup2(2, 1)  # whatever prints must not speak in a report's place
    try:
        work: Work = lifeline.recv()
    except (EOFError, OSError):
        return 0  # the parent was gone before it had said anything
    over = threading.Event()
    threading.Thread(target=_watch, args=(lifeline, over), name="lifeline", daemon=True).start()
    env = Env(
        net=work.net,
        log=work.log,
        public_host=work.public_host,
        keyring=Keyring(work.keys, work.passphrase),
        policy=work.policy,
    )
    engine = make_engine(work.url, role=work.role, pool_size=4)
    keeper = LogKeeper(engine, env, work.settings)
    keeper.start()
    try:
        _report(keeper, reports, over)
    finally:
        keeper.stop()
        engine.dispose()
    return 0


def _watch(lifeline: Connection, over: threading.Event) -> None:
    """Wait until the parent lets go of the lifeline or is gone, then see to it that this process ends."""
    with suppress(EOFError, OSError):
        lifeline.recv_bytes()
    over.set()
    time.sleep(END_S)
    os._exit(1)


def _report(keeper: LogKeeper, reports: Connection, over: threading.Event) -> None:
    """Say what has changed."""
    told = b""
    while not over.is_set():
        new = pickle.dumps(keeper.said())
        if new != told:
            try:
                reports.send_bytes(new)
            except OSError:
                return  # nobody hears; the lifeline says the same
            told = new
        over.wait(REPORT_EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
