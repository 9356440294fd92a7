"""Our vectors of the witness protocol, run by both ends, and those of policy files, read and judged."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from coldtrace.ledger.feeder import Feeder
from coldtrace.seal.add_checkpoint import MalformedAddCheckpoint, read_add_checkpoint
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.merkle import consistency_path
from coldtrace.seal.vkey import parse_vkey
from coldtrace.seal.witness_policy import KnownWitness, MalformedPolicy, parse_witness_policy
from coldtrace.witness.door import Door
from coldtrace.witness.service import Witness, follow
from coldtrace.witness.store import Store
from support.tlog_vectors import frozen
from support.witness_vectors import HASHES, witness_signer

VECTORS, POLICIES = frozen("witness.json"), frozen("policy.json")
NOW = datetime.fromtimestamp(VECTORS["at_s"], UTC)
OURS = [each for each in VECTORS["conversation"] if "fed" in each]


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """A witness that follows the log of the vectors and has cosigned nothing."""
    kept = Store(tmp_path / "witness.db")
    follow(kept, parse_vkey(VECTORS["log"]), now=NOW)
    name = parse_vkey(VECTORS["witness"]).name
    return Door(Witness(name=name, signer=witness_signer("one"), kept=kept, now=lambda: NOW))


def ask(door: Door, path: str, body: str | None = None) -> httpx.Response:
    """Ask a witness over its own HTTP side."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=transport, base_url="http://witness") as client:
            if body is None:
                return await client.get(path)
            return await client.post(path, content=body.encode())

    return asyncio.run(asked())


def test_the_witness_answers_as_the_conversation_says(door: Door) -> None:
    for each in VECTORS["conversation"]:
        answer = ask(door, "/add-checkpoint", each["request"])
        assert answer.status_code == each["status"], each["why"]
        if each["answer"] is not None:
            assert (answer.headers["content-type"], answer.text) == (each["type"], each["answer"]), each["why"]
    shown = ask(door, f"/{VECTORS['monitor']['path']}")
    assert (shown.status_code, shown.text) == (200, VECTORS["monitor"]["note"])


@pytest.mark.parametrize("case", VECTORS["malformed"], ids=lambda case: case["why"])
def test_what_is_no_request_is_400(door: Door, case: dict[str, str]) -> None:
    assert ask(door, "/add-checkpoint", case["request"]).status_code == 400


@pytest.mark.parametrize("case", VECTORS["conversation"], ids=lambda case: case["why"])
def test_a_request_is_printed_as_it_was_read(case: dict[str, Any]) -> None:
    assert read_add_checkpoint(case["request"].encode()).text() == case["request"]


def test_the_readers_of_the_request_and_of_the_note_share_the_malformed_ones() -> None:
    refused = 0
    for case in VECTORS["malformed"]:
        try:
            read_add_checkpoint(case["request"].encode())
        except MalformedAddCheckpoint:
            refused += 1
    assert refused == len(VECTORS["malformed"]) - 2, "the last two are wrong in their notes"


@pytest.mark.parametrize("case", OURS, ids=lambda case: case["why"])
def test_the_publisher_sends_these_bytes_and_takes_this_answer(case: dict[str, Any]) -> None:
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(case["status"], headers={"content-type": case["type"]}, text=case["answer"])

    request = read_add_checkpoint(case["request"].encode())
    known = KnownWitness(vkey=parse_vkey(VECTORS["witness"]), url="https://witness.example")
    origin = request.note.partition("\n")[0]
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        feeder = Feeder(client=client, timeout_s=20, sizes={(origin, VECTORS["witness"]): request.old})
        (fed,) = feeder.feed(request.note, proof, [known])
    assert sent == [case["request"].encode()]
    assert fed.outcome == case["fed"]
    assert fed.line is not None
    assert fed.line.to_line() == case["answer"]


def test_a_publisher_that_is_told_the_size_asks_again_from_there() -> None:
    """The 409 of the conversation and the request behind it, as one exchange of our publisher."""
    conflict, grown = (
        next(each for each in VECTORS["conversation"] if each["why"] == why)
        for why in ("as if nothing had been cosigned", "growth, proved")
    )
    exchange = {each["request"].encode(): each for each in (conflict, grown)}
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        each = exchange[request.content]
        return httpx.Response(each["status"], headers={"content-type": each["type"]}, text=each["answer"])

    known = KnownWitness(vkey=parse_vkey(VECTORS["witness"]), url="https://witness.example")
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        note = read_add_checkpoint(grown["request"].encode()).note
        (fed,) = Feeder(client=client, timeout_s=20).feed(note, proof, [known])
    assert sent == list(exchange)
    assert fed.outcome == "cosigned"


def proof(old: int, new: int) -> Sequence[bytes]:
    return consistency_path(HASHES, old, new) if old else []


@pytest.mark.parametrize("case", POLICIES["valid"], ids=lambda case: case["why"])
def test_a_policy_says_and_judges(case: dict[str, Any]) -> None:
    policy = parse_witness_policy(case["policy"])
    keys = POLICIES["witnesses"]
    assert (None if policy.log is None else policy.log.text()) == case["log"]
    assert [{"name": each.vkey.name, "url": each.url} for each in policy.witnesses] == case["witnesses"]
    assert [each.vkey.text() for each in policy.witnesses] == [keys[each["name"]] for each in case["witnesses"]]
    assert ([each.name for each in policy.counted], policy.quorum) == (case["counted"], case["quorum"])
    for expected, sets in ((True, case["met_by"]), (False, case["not_met_by"])):
        for names in sets:
            note = POLICIES["note"] + "".join(POLICIES["lines"][name] for name in names)
            opened = open_checkpoint(note, log=POLICIES["log"], witnesses=list(keys.values()))
            assert len(opened.cosignatures) == len(names)
            assert policy.is_met_by(opened.cosignatures) is expected, names


@pytest.mark.parametrize("case", POLICIES["malformed"] + POLICIES["refused_here"], ids=lambda case: case["why"])
def test_a_policy_that_is_refused_names_the_line(case: dict[str, Any]) -> None:
    with pytest.raises(MalformedPolicy) as refused:
        parse_witness_policy(case["policy"])
    assert refused.value.facts["line"] == case["line"]
