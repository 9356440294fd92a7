"""What makes the logs grow and what leaves the house: sequencer, publisher and feeder, wired together.

Threads of the service: a process of their own gave nothing (docs/decisions/0036-a-process-for-the-log.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Engine

from coldtrace.db.engine import make_sessions
from coldtrace.env import Env, Log
from coldtrace.errors import Refusal
from coldtrace.ledger import service as ledger
from coldtrace.ledger.feeder import Feeder
from coldtrace.ledger.fork_guard import Look, published_file, require_no_fork
from coldtrace.ledger.publish import Publisher, log_folder
from coldtrace.ledger.sequencer import Sequencer
from coldtrace.ledger.witness_checkpoints import witness_checkpoints


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a keeper has to say: `signing` and `publishing` by the name of the log that is kept from it, `doubts` of
    witnesses, `unsure` for who was not heard."""

    signing: Mapping[str, Refusal] = field(default_factory=dict)
    publishing: Mapping[str, Refusal] = field(default_factory=dict)
    doubts: tuple[Refusal, ...] = ()
    unsure: tuple[Refusal, ...] = ()

    @property
    def troubles(self) -> tuple[Refusal, ...]:
        """All that keeps a log from its promise."""
        return (*self.signing.values(), *self.publishing.values(), *self.doubts)

    def holds_up(self, name: str) -> bool:
        """Tell whether waiting for the growth or the publication of this log is vain."""
        return name in self.signing or name in self.publishing


@dataclass(frozen=True, kw_only=True)
class KeeperSettings:
    """How it is done: where to publish, how often, and what the witnesses' silence means."""

    data_dir: Path
    tick_s: float
    publish_every_s: float
    strict: bool
    public_entries: bool


class LogKeeper:
    """Threads of this process.  `engine` is for what writes the log."""

    def __init__(self, engine: Engine, env: Env, settings: KeeperSettings) -> None:
        self._engine, self._env, self._data_dir = engine, env, settings.data_dir
        self._sessions = make_sessions(engine)
        self.feeder = Feeder(look_again=self._look_again)
        self.publisher = Publisher(
            engine,
            env,
            data_dir=settings.data_dir,
            every_s=settings.publish_every_s,
            feed=self.feeder,
            strict=settings.strict,
            public_entries=settings.public_entries,
        )
        self.sequencer = Sequencer(
            engine,
            env,
            tick_s=settings.tick_s,
            outside=self._outside,
            placed=self.publisher.wake,
            strict=settings.strict,
        )

    def start(self) -> None:
        """Begin."""
        self.sequencer.start()
        self.publisher.start()

    def stop(self) -> None:
        """Finish tick and round under way, and end."""
        self.sequencer.stop()
        self.publisher.stop()
        self.feeder.close()

    def said(self) -> Said:
        """Return what it has to say now."""
        return Said(
            signing=dict(self.sequencer.troubles),
            publishing=dict(self.publisher.troubles),
            doubts=tuple(dict(self.feeder.doubts).values()),
            unsure=tuple(dict(self.sequencer.unsure).values()),
        )

    def _ask_witnesses(self, log: Log) -> Look:
        with self._sessions() as session:
            vkey = dict(ledger.logs(session))[log]
        return witness_checkpoints(self._env, log, vkey=vkey)

    def _outside(self, log: Log) -> Look:
        look = self._ask_witnesses(log)
        return replace(look, found=(*published_file(log_folder(self._data_dir, log)), *look.found))

    def _look_again(self, origin: str) -> None:
        with self._sessions() as session:
            doubted = next(each for each, _ in ledger.logs(session) if each.origin == origin)
        require_no_fork(self._engine, self._env, doubted, self._ask_witnesses(doubted).found)
