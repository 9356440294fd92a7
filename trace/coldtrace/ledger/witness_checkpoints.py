"""What witnesses know of a log (C2SP tlog-witness, monitoring): asked by the fork guard before a signature.

A witness that answers with what the log never signed is passed over: nobody may stop the log by talking nonsense.  What
the log did sign counts, wherever it is found.  Those that said nothing usable are named, if they are so many that a
whole quorum could be among them: behind them a newer checkpoint could be hidden.
"""

import logging
import time

import httpx

from coldtrace.env import Env, Log
from coldtrace.errors import Refusal
from coldtrace.ledger.fork_guard import Look, Outside
from coldtrace.ledger.refusals import WitnessesSilent
from coldtrace.ledger.witness_calls import Answer, Call, NoAnswer, WitnessCalls
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.hashing import sha256
from coldtrace.seal.note import MAX_NOTE_BYTES
from coldtrace.seal.witness_policy import KnownWitness

TIMEOUT_S = 2.0
log_file = logging.getLogger("coldtrace.fork_guard")


def witness_checkpoints(env: Env, log: Log, *, vkey: str, timeout_s: float = TIMEOUT_S) -> Look:
    """Return the newest checkpoints of the log that its witnesses hold, those that are really the log's."""
    asked = {each.vkey.text(): each for each in env.asked.witnesses if each.url is not None}
    path = f"{sha256(log.origin.encode()).hex()}/checkpoint"
    calls = WitnessCalls(httpx.Client(follow_redirects=False), answer_max_bytes=MAX_NOTE_BYTES)
    try:
        answers = calls.make(
            {key: Call(url=f"{each.url}/{path}") for key, each in asked.items()},
            deadline=time.monotonic() + timeout_s,
        )
    finally:
        calls.close()
    found, silent = [], []
    for key, answer in answers.items():
        try:
            note = _note(answer, vkey)
        except _Unusable as why:
            log_file.warning("witness %s: %s", asked[key].vkey.name, why)
            silent.append(asked[key])
            continue
        if note is not None:
            found.append(Outside(note=note, where=asked[key].vkey.name))
    return Look(found=tuple(found), silent=_silent(env, log, silent))


class _Unusable(Exception):
    pass


def _note(answer: Answer | NoAnswer, vkey: str) -> bytes | None:
    """Return the note of an answer, None where the log was never seen."""
    if isinstance(answer, NoAnswer):
        raise _Unusable(f"could not be asked: {answer.reason}")
    if answer.status == httpx.codes.NOT_FOUND:
        return None
    if answer.status != httpx.codes.OK:
        raise _Unusable(str(answer.status))
    try:
        open_checkpoint(answer.data, log=vkey)
    except Refusal as refusal:
        raise _Unusable(refusal.say("en")) from refusal
    return answer.data


def _silent(env: Env, log: Log, silent: list[KnownWitness]) -> WitnessesSilent | None:
    if env.asked.is_heard_without(each.vkey for each in silent):
        return None
    return WitnessesSilent(name=log.name, silent=", ".join(each.vkey.name for each in silent))
