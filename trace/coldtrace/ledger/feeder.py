"""Asks witnesses to cosign a checkpoint (C2SP tlog-witness, the client's side).

All witnesses are asked at once and each has the same short time.  What each has cosigned last of a log is remembered,
so that the proof fits at the first try; a witness that knows better says its size (409) and gets a proof from there.  A
cosignature counts only if it verifies against the witness's own key.

A witness that does not find our growth proved (422), or has another root of our size, doubts us.  Its word freezes
nothing, but it is told, and what it holds is looked at before anything more is shown.

Proofs are made in the caller's thread, because they read the caller's database connection; only the requests run side
by side.
"""

import logging
import time
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import httpx

from coldtrace import clock
from coldtrace.errors import Refusal
from coldtrace.ledger.refusals import WitnessDoubts
from coldtrace.ledger.witness_calls import Answer, Call, NoAnswer, WitnessCalls
from coldtrace.seal.add_checkpoint import AddCheckpoint, read_size
from coldtrace.seal.checkpoint import Checkpoint, Cosignature, parse_checkpoint
from coldtrace.seal.cosignature import open_cosignatures
from coldtrace.seal.note import NoteSignature, add_signatures, split_note
from coldtrace.seal.witness_policy import KnownWitness, WitnessPolicy

ProofSource = Callable[[int, int], Sequence[bytes]]
"""Given an old and a new size, return the consistency path between them."""

log = logging.getLogger("coldtrace.feeder")
ROUNDS_MAX = 3
ANSWER_MAX = 65_536
"""Bytes of an answer that are read at all."""

AHEAD_S = 300
"""A cosignature from further in the future than this is not taken: it would outlive the checkpoints after it."""


class Outcome(StrEnum):
    """What became of one request to one witness."""

    COSIGNED = "cosigned"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    AHEAD = "ahead"
    FORKED = "forked"
    UNPROVED = "unproved"
    BAD_ANSWER = "bad_answer"


DOUBTS = (Outcome.FORKED, Outcome.UNPROVED)
"""The witness holds what the log has signed and what is not the beginning of this tree; or it lies."""


@dataclass(frozen=True, kw_only=True)
class Fed:
    """The answer of one witness: `line` is set when it cosigned, `size` when it said one, `reason` for people."""

    witness: KnownWitness
    outcome: Outcome
    line: NoteSignature | None = None
    cosignature: Cosignature | None = None
    size: int | None = None
    reason: str = ""


@dataclass
class Feeder:
    """Remembers between checkpoints what each witness has cosigned; `sizes` goes by origin and vkey text.

    `look_again` is called with the origin when a witness doubts, or has a larger tree; what it raises ends the round
    before anything is published.  `doubts` holds, by origin and witness, what was doubted until the witness cosigns.
    """

    timeout_s: float = 1.0
    sizes: MutableMapping[tuple[str, str], int] = field(default_factory=dict)
    client: httpx.Client = field(default_factory=lambda: httpx.Client(follow_redirects=False))
    look_again: Callable[[str], None] = lambda origin: None
    doubts: dict[tuple[str, str], Refusal] = field(default_factory=dict)

    _told: dict[tuple[str, str], Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the client for requests that have one deadline."""
        self._calls = WitnessCalls(self.client, answer_max_bytes=ANSWER_MAX)

    def __call__(
        self, note: str, origin: str, proof_source: ProofSource, witnesses: Sequence[KnownWitness], timeout_s: float
    ) -> list[str]:
        """Return the verified cosignature lines that these witnesses gave in time, for a publisher of `origin`.

        Raises what `look_again` raises.
        """
        self.timeout_s = timeout_s
        fed = self.feed(note, proof_source, witnesses)
        for each in fed:
            self._tell(origin, each)
        if any(each.outcome in (*DOUBTS, Outcome.AHEAD) for each in fed):
            self.look_again(origin)
        return [each.line.to_line() for each in fed if each.line is not None]

    def _tell(self, origin: str, fed: Fed) -> None:
        """Log what a witness answered when it is another answer than the last one: it is asked every few seconds."""
        key = (origin, fed.witness.vkey.text())
        if self._told.get(key, Outcome.COSIGNED) is fed.outcome:
            return
        self._told[key] = fed.outcome
        good = fed.outcome is Outcome.COSIGNED
        level = logging.INFO if good else logging.ERROR if fed.outcome in DOUBTS else logging.WARNING
        log.log(level, "%s: witness %s: %s %s", origin, fed.witness.vkey.name, fed.outcome, fed.reason)

    def feed(self, note: str, proof: ProofSource, witnesses: Iterable[KnownWitness]) -> list[Fed]:
        """Ask these witnesses to cosign a checkpoint note, and return each one's answer in their order.

        Nothing is raised for what a witness does; `proof` may raise, and that ends it.  It takes `timeout_s` at most,
        and the time of the proofs.
        """
        asked = [each for each in witnesses if each.url is not None]
        if not asked:
            return []
        checkpoint = parse_checkpoint(split_note(note)[0])
        deadline = time.monotonic() + self.timeout_s
        answers: dict[str, Fed] = {}
        waiting = {each.vkey.text(): each for each in asked}
        for _ in range(ROUNDS_MAX):
            bodies = {key: self._body(note, checkpoint, key, proof) for key in waiting}
            calls = {
                key: Call(url=f"{each.url}/add-checkpoint", body=bodies[key].text().encode("utf-8"))
                for key, each in waiting.items()
            }
            for key, answer in self._calls.make(calls, deadline=deadline).items():
                answers[key] = self._learn(_read_answer(waiting[key], bodies[key], answer), bodies[key], checkpoint)
            waiting = {key: each for key, each in waiting.items() if self._may_try_again(answers[key], bodies[key])}
            if not waiting:
                break
        return [answers[each.vkey.text()] for each in asked]

    def _body(self, note: str, checkpoint: Checkpoint, key: str, proof: ProofSource) -> AddCheckpoint:
        old = min(self.sizes.get((checkpoint.origin, key), 0), checkpoint.size)
        return AddCheckpoint(old=old, proof=tuple(proof(old, checkpoint.size)), note=note)

    def _learn(self, fed: Fed, body: AddCheckpoint, checkpoint: Checkpoint) -> Fed:
        key = (checkpoint.origin, fed.witness.vkey.text())
        if fed.outcome is Outcome.COSIGNED:
            self.sizes[key] = checkpoint.size
            self.doubts.pop((checkpoint.origin, fed.witness.vkey.name), None)
        if fed.size is not None:
            self.sizes[key] = fed.size
            if fed.size > checkpoint.size:
                fed = replace(fed, outcome=Outcome.AHEAD)
            elif fed.size == body.old == checkpoint.size:
                # Asked from the very size that it names, and it is our size: then the roots differ.
                fed = replace(fed, outcome=Outcome.FORKED)
        if fed.outcome in DOUBTS:
            self.doubts[checkpoint.origin, fed.witness.vkey.name] = WitnessDoubts(
                name=checkpoint.origin.rpartition("/")[2], witness=fed.witness.vkey.name, size=checkpoint.size
            )
        return fed

    def close(self) -> None:
        """Close the client, as soon as nothing hangs on it any more."""
        self._calls.close()

    def _may_try_again(self, fed: Fed, body: AddCheckpoint) -> bool:
        return fed.outcome is Outcome.REFUSED and fed.size is not None and fed.size != body.old


def feed(
    note: str, origin: str, proof_source: ProofSource, witnesses: Sequence[KnownWitness], timeout_s: float = 1.0
) -> list[str]:
    """Return the verified cosignature lines of one checkpoint, asking once and remembering nothing."""
    feeder = Feeder()
    try:
        return feeder(note, origin, proof_source, witnesses, timeout_s)
    finally:
        feeder.close()


@dataclass(frozen=True, kw_only=True)
class Publication:
    """What to publish: the note with the cosignatures that were got; `has_quorum` marks whether they are enough.

    `may_publish` is false only in strict mode without a quorum: the checkpoint is then held back.
    """

    note: str
    has_quorum: bool
    may_publish: bool


def publication(note: str, fed: Iterable[Fed], policy: WitnessPolicy, *, strict: bool) -> Publication:
    """Return the note with its cosignatures, and whether policy and mode allow it to be shown."""
    cosigned = [each for each in fed if each.line is not None and each.cosignature is not None]
    enough = policy.is_met_by(each.cosignature for each in cosigned if each.cosignature is not None)
    lines = [each.line for each in cosigned if each.line is not None]
    return Publication(note=add_signatures(note, lines), has_quorum=enough, may_publish=enough or not strict)


def _read_answer(witness: KnownWitness, body: AddCheckpoint, answer: Answer | NoAnswer) -> Fed:
    if isinstance(answer, NoAnswer):
        return Fed(witness=witness, outcome=Outcome.UNREACHABLE, reason=answer.reason)
    if answer.status == httpx.codes.OK:
        return _cosigned(witness, answer.data, body.note)
    if answer.status == httpx.codes.CONFLICT and (size := read_size(answer.data)) is not None:
        return Fed(witness=witness, outcome=Outcome.REFUSED, size=size, reason="409")
    said = answer.data[:200].decode("utf-8", errors="replace").partition("\n")[0]
    unproved = answer.status == httpx.codes.UNPROCESSABLE_ENTITY
    return Fed(
        witness=witness,
        outcome=Outcome.UNPROVED if unproved else Outcome.REFUSED,
        reason=f"{answer.status} {said}",
    )


def _cosigned(witness: KnownWitness, data: bytes, note: str) -> Fed:
    """Return the verified cosignature of an answer; anything else in a 200 is a bad answer."""

    def bad(reason: str) -> Fed:
        return Fed(witness=witness, outcome=Outcome.BAD_ANSWER, reason=reason)

    text = split_note(note)[0]
    try:
        answered = f"{text}\n{data.decode('utf-8')}"
        _, cosignatures = open_cosignatures(answered, [witness.vkey])
        lines = split_note(answered)[1]
    except UnicodeDecodeError:
        return bad("utf-8")
    except Refusal as refusal:
        return bad(refusal.code)
    ours = next(line for line in lines if (line.name, line.key_id) == (witness.vkey.name, witness.vkey.key_id))
    if cosignatures[0].at_s > _now_s() + AHEAD_S:
        return bad("time")
    return Fed(witness=witness, outcome=Outcome.COSIGNED, line=ours, cosignature=cosignatures[0])


def _now_s() -> int:
    return int(clock.now().timestamp())
