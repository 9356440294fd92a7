"""What witnesses know of a log (C2SP tlog-witness, monitoring): asked by the fork guard before the first signature.

A witness that cannot be reached, or that answers with what the log never signed, is passed over: nobody may stop the
log by talking nonsense.  What the log did sign counts, wherever it is found.
"""

import logging

import httpx

from coldtrace.env import Env, Log
from coldtrace.errors import Refusal
from coldtrace.ledger.fork_guard import Outside
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.hashing import sha256
from coldtrace.seal.note import MAX_NOTE_BYTES
from coldtrace.seal.witness_policy import KnownWitness

TIMEOUT_S = 3.0
log_file = logging.getLogger("coldtrace.fork_guard")


def witness_checkpoints(env: Env, log: Log, *, vkey: str) -> list[Outside]:
    """Return the newest checkpoints of the log that its witnesses hold, those that are really the log's."""
    found = []
    with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as client:
        for witness in env.asked.witnesses:
            note = None if witness.url is None else _fetch(client, witness, log)
            if note is None:
                continue
            try:
                open_checkpoint(note, log=vkey)
            except Refusal as refusal:
                log_file.warning("witness %s: %s", witness.vkey.name, refusal.say("en"))
                continue
            found.append(Outside(note=note, where=witness.vkey.name))
    return found


def _fetch(client: httpx.Client, witness: KnownWitness, log: Log) -> bytes | None:
    address = f"{witness.url}/{sha256(log.origin.encode()).hex()}/checkpoint"
    try:
        with client.stream("GET", address) as answer:
            if answer.status_code == httpx.codes.NOT_FOUND:  # it has never seen the log
                return None
            answer.raise_for_status()
            data = b""
            for part in answer.iter_bytes():
                data += part
                if len(data) > MAX_NOTE_BYTES:
                    break
            return data
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log_file.warning("witness %s could not be asked: %s", witness.vkey.name, type(error).__name__)
        return None
