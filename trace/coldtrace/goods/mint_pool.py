"""Minting a large run with several processes, each with its own copy of the station's signer.

A worker opens the key file itself, with the passphrase that the parent has; a key behind another wall (a token, a key
service) has no file to open, and its codes are minted in the process that asked.  Codes come back in order, a batch at
a time and only a few batches ahead, so memory does not grow with the run.  A worker whose parent is gone ends itself;
a worker that is gone ends the draw with a refusal, and the run goes on where its last piece was kept.
"""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import islice
from types import TracebackType

from coldtrace import clock
from coldtrace.codes.sscc import Sscc
from coldtrace.env import Keyring, station_key
from coldtrace.goods.mint import MintedCode, Minter
from coldtrace.goods.plan import Cartons, Piece
from coldtrace.goods.refusals import MintWorkerLost
from coldtrace.lifeline import end_with_parent
from coldtrace.seal.keys import Signer, load_signer

BATCH = 500
BATCHES_AHEAD = 3

SignerSource = Callable[[], Signer]
"""Opens a signer; it has to travel to another process, so it is a partial of a function, not a lambda."""


def key_file_source(keyring: Keyring, gln: str, kid: str) -> SignerSource | None:
    """Return what opens a station's key in another process, or None if the key is not kept in a file."""
    path = keyring.folder / f"{station_key(gln, kid)}.pem"
    return partial(load_signer, path, keyring.passphrase) if path.exists() else None


class MintPool:
    """Some processes that mint with one key.  Use it with `with`; they start when first needed."""

    def __init__(self, source: SignerSource, *, host: str, processes: int) -> None:
        self._ahead = processes * BATCHES_AHEAD
        self._pool = ProcessPoolExecutor(
            processes,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start,
            initargs=(source, host),
        )

    def __enter__(self) -> "MintPool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def mint(self, pieces: Iterable[Piece], ssccs: Iterator[Sscc]) -> Iterator[MintedCode]:
        """Yield the codes of these pieces in order; `ssccs` is read in the same order.  Raises MintWorkerLost."""
        batches = _batches(pieces, ssccs)
        under_way: deque[Future[list[MintedCode]]] = deque()
        try:
            while True:
                for batch in islice(batches, self._ahead - len(under_way)):
                    under_way.append(self._pool.submit(_mint_batch, *batch))
                if not under_way:
                    return
                yield from under_way.popleft().result()
        except BrokenProcessPool as error:
            raise MintWorkerLost() from error


def _batches(pieces: Iterable[Piece], ssccs: Iterator[Sscc]) -> Iterator[tuple[list[Piece], list[Sscc]]]:
    """Cut pieces into batches of BATCH codes, each with the SSCCs that it takes."""
    batch: list[Piece] = []
    room = BATCH
    for piece in pieces:
        taken = 0
        while taken < piece.count:
            count = min(room, piece.count - taken)
            batch.append(
                Piece(step=piece.step, position=piece.position + taken, offset=piece.offset + taken, count=count)
            )
            taken, room = taken + count, room - count
            if room == 0:
                yield batch, _taken(batch, ssccs)
                batch, room = [], BATCH
    if batch:
        yield batch, _taken(batch, ssccs)


def _taken(batch: Sequence[Piece], ssccs: Iterator[Sscc]) -> list[Sscc]:
    by_sscc = (piece.count for piece in batch if not isinstance(piece.step, Cartons) or piece.step.by_sscc)
    return list(islice(ssccs, sum(by_sscc)))


# What a worker has: its minter, and the SSCCs of the batch at hand.
_minter: Minter | None = None
_ssccs: deque[Sscc] = deque()


def _start(source: SignerSource, host: str) -> None:
    """Open the signer in this worker; end with the parent, however that ends."""
    global _minter
    end_with_parent()
    _minter = Minter(host=host, signer=source(), random=clock.random_bytes, ssccs=_next_sscc())


def _next_sscc() -> Iterator[Sscc]:
    while True:
        yield _ssccs.popleft()


def _mint_batch(pieces: list[Piece], ssccs: list[Sscc]) -> list[MintedCode]:
    assert _minter is not None, "the pool calls _start first"
    _ssccs.extend(ssccs)
    return list(_minter.mint(pieces))
