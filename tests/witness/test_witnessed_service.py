"""The whole service with two witnesses, each a process of its own, and an auditor who has addresses and keys only."""

import time
from pathlib import Path

import httpx

from coldtrace.events.statement_type import StatementType as T
from coldtrace.seal.checkpoint import OpenedCheckpoint, open_checkpoint
from coldtrace.seal.trust_list import open_trust_list
from support.house import unit_line
from support.live_house import LiveHouse, send
from support.service import running_service
from support.witness_process import WitnessProcess

STATEMENTS_SENT = 12
PATIENCE_S = 60


def test_the_published_log_carries_both_cosignatures_and_is_clean(tmp_path: Path) -> None:
    house = LiveHouse(tmp_path / "data")
    vkey = house.found()
    witnesses = [
        WitnessProcess.make(tmp_path / name, name=f"witness.example/{name}", follows=vkey) for name in ("one", "two")
    ]
    policy = tmp_path / "policy"
    try:
        for each in witnesses:
            each.start()
        lines = [f"witness w{at} {each.vkey.text()} {each.url}" for at, each in enumerate(witnesses)]
        policy.write_text("\n".join([*lines, "group both all w0 w1", "quorum both", ""]))
        given = {"WITNESSES": str(policy), "WITNESS_STRICT": "true", "SEQUENCER_TICK_MS": "20"}
        with running_service(house.data_dir, demo_world=False, **given) as service:
            address = f"{service.url}/logs/{vkey.name.rpartition('/')[2]}"
            with httpx.Client(base_url=service.url, timeout=30) as client:
                device = house.enrol(client, service.token or "", log=vkey)
                for number in range(STATEMENTS_SENT):
                    unit = f"(01)19521234543210(21)7QK4M2ZX9R{number:02}"
                    answer = send(client, device, [device.say(T.RECEIVE, [unit_line(unit)])])
                    assert answer.json()["results"][0]["status"] in ("accepted", "blocked"), answer.text
                last = answer.json()["results"][0]["id"]
                opened = wait_for_proof(client, f"{address}/statements/{last}/proof", address, vkey.text(), witnesses)
                listed = open_trust_list(client.get("/api/v1/trust-list").json(), root=None).logs[0]
            assert {each.witness for each in opened.cosignatures} == {each.vkey for each in witnesses}
            assert (set(listed.witnesses), listed.quorum) == ({each.vkey for each in witnesses}, 2)

            keys = ("--vkey", vkey.text(), "--witness-policy", policy)
            status, told = house.run("ledger", "audit", *keys)
            assert (status, told["findings"]) == (0, [])
            assert told["size"] >= opened.checkpoint.size
            status, told = house.run(
                "ledger", "monitor", "--url", address, *keys, "--state", tmp_path / "auditor.json", "--rounds", 1
            )
            assert (status, told["findings"]) == (0, [])
            assert [step["result"] for step in told["steps"] if step["step"] == 9] == ["passed"]
            assert house.run("ledger", "list")[1]["logs"][0]["cosignatures"] == 2
    finally:
        for each in witnesses:
            each.kill()


def wait_for_proof(
    client: httpx.Client, proof: str, address: str, log: str, witnesses: list[WitnessProcess]
) -> OpenedCheckpoint:
    """Wait until a statement is under a published checkpoint and return that."""
    deadline = time.monotonic() + PATIENCE_S
    while client.get(proof).status_code != httpx.codes.OK:
        assert time.monotonic() < deadline, client.get(address.replace("/logs", "/readyz")).text
        time.sleep(0.1)
    note = client.get(f"{address}/checkpoint").text
    return open_checkpoint(note, log=log, witnesses=[each.vkey for each in witnesses])
