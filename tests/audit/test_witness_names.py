"""Witnesses of a policy: two keys under one name are two, a retired one can still be checked, old words are found."""

from dataclasses import replace
from pathlib import Path

import pytest

from coldtrace.audit.finding_words import FindingCode as F
from coldtrace.audit.service import Order, audit
from coldtrace.cli.main import main
from coldtrace.seal.add_checkpoint import monitor_path
from coldtrace.seal.cosignature import cosign, witness_vkey
from coldtrace.seal.note import split_note
from coldtrace.seal.witness_policy import KnownWitness, WitnessPolicy, k_of_n, parse_witness_policy
from support.audited_log import AuditedLog, static_server
from support.ticking import START
from support.tlog_vectors import signer

NAME = "witness.example/one"
OLD, NEW = (witness_vkey(name=NAME, spki=signer(each).spki) for each in ("old key", "new key"))


def show(log: AuditedLog, folder: Path, key: str, note: str) -> Path:
    """Write what a witness with this key shows of the log after it has cosigned a note."""
    line = cosign(split_note(note)[0], name=NAME, signer=signer(key), at_s=int(START.timestamp()))
    path = folder / monitor_path(log.vkey.name)
    path.parent.mkdir(parents=True)
    path.write_bytes((note + line.to_line()).encode())
    return folder


def test_two_keys_under_one_name_are_two_witnesses(log: AuditedLog, tmp_path: Path) -> None:
    """The one that has seen another history is heard, whichever comes last in the policy."""
    before = log.note(max(log.sizes()))
    log.swap(log.place("cte1", nth=10), log.place("cte1", nth=11))
    log.forge()
    folders = (
        show(log, tmp_path / "a", "old key", before),
        show(log, tmp_path / "b", "new key", log.note(log.sizes()[3])),
    )
    with static_server(folders[0]) as one, static_server(folders[1]) as two:
        known = (KnownWitness(vkey=OLD, url=one), KnownWitness(vkey=NEW, url=two))
        for witnesses in (known, known[::-1]):
            order = Order(database_url=log.url, vkey=log.vkey, policy=WitnessPolicy(witnesses=witnesses))
            assert set(audit(order, now=lambda: START).report.counts) == {F.WITNESS_DIFFERS}


def test_what_a_retired_witness_has_cosigned_can_still_be_checked(log: AuditedLog) -> None:
    size = max(log.sizes())
    line = cosign(split_note(log.note(size))[0], name=NAME, signer=signer("old key"), at_s=int(START.timestamp()))
    log.run("INSERT INTO ledger_cosignature VALUES (1, %s, %s, %s, now(), %s)", size, NAME, line.key_id, line.to_line())
    alone = f"witness now {NEW.text()}\nquorum now\n"
    order = Order(database_url=log.url, vkey=log.vkey, policy=parse_witness_policy(alone))
    assert set(audit(order, now=lambda: START).report.counts) == {F.COSIGNATURE_STRANGER}
    order = replace(order, policy=parse_witness_policy(f"witness retired {OLD.text()}\n{alone}"))
    assert audit(order, now=lambda: START).report.ok


MINUTE = 60


@pytest.mark.parametrize(
    ("ages_s", "fresh"),
    [
        ((0, 0), True),
        ((59 * MINUTE, 0), True),
        ((61 * MINUTE, 0), False),
        ((61 * MINUTE, 61 * MINUTE), False),
        ((-61 * MINUTE, 0), False),
    ],
)
def test_a_log_that_stands_still_is_found_by_the_age_of_its_cosignatures(
    log: AuditedLog, tmp_path: Path, ages_s: tuple[int, int], fresh: bool
) -> None:
    note, now_s = log.note(max(log.sizes())), int(START.timestamp())
    for key, age_s in zip(("old key", "new key"), ages_s, strict=True):
        note += cosign(split_note(note)[0], name=NAME, signer=signer(key), at_s=now_s - age_s).to_line()
    order = Order(
        place=str(log.publish(tmp_path / "published", note=note)),
        vkey=log.vkey,
        policy=k_of_n(2, [KnownWitness(vkey=OLD), KnownWitness(vkey=NEW)]),
    )
    assert audit(order, now=lambda: START).report.ok, "an audit of an old copy asks for no age"
    found = set(audit(replace(order, max_age_s=60 * MINUTE), now=lambda: START).report.counts)
    assert found == (set() if fresh else {F.COSIGNATURE_AGE})


def test_a_monitor_asks_for_cosignatures_of_the_last_hour(
    log: AuditedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """START is long ago: whoever monitors this log sees an old copy."""
    note = log.note(max(log.sizes()))
    note += cosign(split_note(note)[0], name=NAME, signer=signer("new key"), at_s=int(START.timestamp())).to_line()
    policy = tmp_path / "policy.txt"
    policy.write_text(f"log {log.vkey.text()}\nwitness now {NEW.text()}\nquorum now\n")
    words = ["ledger", "monitor", "--url", str(log.publish(tmp_path / "published", note=note)), "--rounds", "1"]
    words += ["--witness-policy", str(policy), "--state", str(tmp_path / "state.json")]
    assert main([*words, "--max-age", "0"]) == 0
    assert main(words) == 1
    assert "cosignature_age" in capsys.readouterr().out
