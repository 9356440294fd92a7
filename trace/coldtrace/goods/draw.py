"""Drawing a code run in pieces: the first in the transaction that opens it, each further one in its own.

The run's row keeps the plan and how many codes exist.  Whoever draws holds that row, so two that draw one run take
turns, and a run that was killed goes on where its last committed piece ended: no gap, no double.

The quota of a station counts a run whole on the day it is opened (UTC), so an import is refused before anything of it
is kept, never half-way.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.codes.sscc import CARTON_EXTENSION, PALLET_EXTENSION, Sscc
from coldtrace.env import Env
from coldtrace.goods import run_store
from coldtrace.goods.mint import Minter
from coldtrace.goods.mint_pool import MintPool, key_file_source
from coldtrace.goods.plan import Cartons, Piece, Step, pieces_of, positions, write_plan
from coldtrace.goods.refusals import CodeQuotaSpent, KeyOutOfScope, RunUnknown
from coldtrace.goods.run_store import RunRecord
from coldtrace.goods.sscc_draw import draw_ssccs
from coldtrace.parties import trust
from coldtrace.parties.model import CodeKey

CHUNK = 2_000
"""Codes of one transaction: a fifth of a second, so nobody waits long for the row and a kill loses little."""
POOL_CHUNK = 10_000
"""The same with several processes: what they mint meanwhile must last for a commit."""
WORTH_PROCESSES = 20_000
"""So many codes take longer than a second process needs to start and to open its key."""


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """A run to be drawn at a station; `consignment_id` is None for a roll."""

    station_gln: str
    steps: Sequence[Step]
    consignment_id: UUID | None = None
    kind: str = "consignment"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is."""

    run_id: UUID
    drawn: int
    wanted: int

    @property
    def is_drawn(self) -> bool:
        """Tell whether all codes of the plan exist."""
        return self.drawn == self.wanted


class Pools:
    """The processes that mint for one draw; new ones when another key prints."""

    def __init__(self, stack: ExitStack, processes: int) -> None:
        self._stack, self._processes = stack, processes
        self._made: dict[str, MintPool | None] = {}

    def of_key(self, env: Env, gln: str, kid: str) -> MintPool | None:
        """Return the processes of a key, or None if other processes cannot open it."""
        if kid not in self._made:
            source = key_file_source(env.keyring, gln, kid)
            self._made[kid] = (
                None
                if source is None
                else self._stack.enter_context(MintPool(source, host=env.public_host, processes=self._processes))
            )
        return self._made[kid]


def open_run(session: Session, env: Env, command: OpenRun) -> Progress:
    """Keep a run with its plan and draw its first piece.  The caller owns the transaction.

    Raises CodeQuotaSpent when the station's quota of this day does not hold the whole run, and what `draw_next` raises.
    """
    now = env.clock()
    wanted = positions(command.steps)
    _spend_quota(session, command.station_gln, count=wanted, now=now)
    key = trust.code_key(session, env, command.station_gln, now)
    run = RunRecord(
        run_id=env.new_id(),
        kind=command.kind,
        consignment_id=command.consignment_id,
        station_gln=command.station_gln,
        wanted=wanted,
        drawn=0,
        created_at=now,
        plan=write_plan(command.steps),
    )
    _require_scope(key, command.steps)
    run_store.insert_run(session, run, kid=key.kid)
    return _draw(session, env, run, key=key, now=now)


def draw_next(session: Session, env: Env, run_id: UUID, *, most: int = CHUNK, pools: Pools | None = None) -> Progress:
    """Draw the next piece of a run, up to `most` codes; a run that is drawn already stays as it is.

    Raises RunUnknown, SsccSpent, and NoCodeKey when no key of the station may print now.  The caller owns the
    transaction, and the run's row is held until it ends.
    """
    run = run_store.lock_run(session, run_id)
    if run is None:
        raise RunUnknown(id=str(run_id))
    if run.is_drawn:
        return Progress(run_id=run_id, drawn=run.drawn, wanted=run.wanted)
    now = env.clock()
    key = trust.code_key(session, env, run.station_gln, now)
    return _draw(session, env, run, key=key, now=now, most=most, pools=pools)


def draw_rest(
    begin: Callable[[], AbstractContextManager[Session]],
    env: Env,
    run_id: UUID,
    progress: Callable[[int, int], None] = lambda drawn, wanted: None,
    *,
    processes: int = 1,
) -> Progress:
    """Draw a run to its end, for the doors: `begin` opens a transaction for each piece.

    `progress` is told how many codes exist and how many are wanted, after each commit.  With more than one of
    `processes`, and so much to do that starting them is worth it, that many mint while this one writes.  Raises what
    `draw_next` raises, and MintWorkerLost.
    """
    with ExitStack() as stack:
        pools: Pools | None = None
        while True:
            with begin() as session:
                now = draw_next(session, env, run_id, most=CHUNK if pools is None else POOL_CHUNK, pools=pools)
            progress(now.drawn, now.wanted)
            if now.is_drawn:
                return now
            if pools is None and processes > 1 and now.wanted - now.drawn >= WORTH_PROCESSES:
                pools = Pools(stack, processes)


def _draw(
    session: Session,
    env: Env,
    run: RunRecord,
    *,
    key: CodeKey,
    now: datetime,
    most: int = CHUNK,
    pools: Pools | None = None,
) -> Progress:
    assert run.plan is not None, "only runs of before plans were kept have none, and those are drawn"
    chunk = list(pieces_of(run.plan, drawn=run.drawn, most=most))
    # Another key than at the beginning may be printing by now.
    _require_scope(key, [piece.step for piece in chunk])
    ssccs = _ssccs(session, chunk, key.company_prefixes, env.random)
    pool = None if pools is None else pools.of_key(env, run.station_gln, key.kid)
    if pool is None:
        codes = Minter(host=env.public_host, signer=key.signer, random=env.random, ssccs=ssccs).mint(chunk)
    else:
        codes = pool.mint(chunk, ssccs)
    run_store.insert_codes(session, run.run_id, codes, kid=key.kid, at=now)
    drawn = run.drawn + sum(piece.count for piece in chunk)
    run_store.set_drawn(session, run.run_id, drawn)
    return Progress(run_id=run.run_id, drawn=drawn, wanted=run.wanted)


def _require_scope(key: CodeKey, steps: Sequence[Step]) -> None:
    """Raise KeyOutOfScope before anything is drawn if verifiers would not take one of these kinds from the key."""

    def check(ai: str, value: str) -> None:
        if not key.covers(ai, value):
            raise KeyOutOfScope(kid=key.kid, identity=f"({ai}){value}", scope=" ".join(key.scope))

    for gtin in dict.fromkeys(step.gtin for step in steps if isinstance(step, Cartons) and not step.by_sscc):
        check("U" if gtin is None else "01", gtin or "")
    if any(_extension_of(step) is not None for step in steps):
        check("00", f"{PALLET_EXTENSION}{key.company_prefixes[0]}")


def _ssccs(
    session: Session, chunk: Sequence[Piece], prefixes: Sequence[str], random: Callable[[int], bytes]
) -> Iterator[Sscc]:
    """Return the SSCCs of a piece in order, drawn under the station's first company prefix."""
    needed = Counter[int]()
    for piece in chunk:
        extension = _extension_of(piece.step)
        if extension is not None:
            needed[extension] += piece.count
    drawn = {
        extension: iter(draw_ssccs(session, prefixes[0], extension, count=count, random=random))
        for extension, count in sorted(needed.items())
    }
    extensions = (extension for piece in chunk if (extension := _extension_of(piece.step)) for _ in range(piece.count))
    return (next(drawn[extension]) for extension in extensions)


def _extension_of(step: Step) -> int | None:
    """Return the extension digit of a step's SSCCs, or None if it takes none."""
    if isinstance(step, Cartons):
        return CARTON_EXTENSION if step.by_sscc else None
    return PALLET_EXTENSION


def _spend_quota(session: Session, gln: str, *, count: int, now: datetime) -> None:
    spent = run_store.spend_quota(session, gln, day=now.date(), count=count)
    if spent is not None:
        quota, drawn = spent
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        raise CodeQuotaSpent(
            gln=gln, quota=quota, drawn=drawn, left=max(0, quota - drawn), wanted=count, resets_at=format_utc(midnight)
        )
