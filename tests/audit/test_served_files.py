"""What a log serves, against its database and alone: tiles, their widths, a fresh checkpoint, witnesses."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from coldtrace.audit import service
from coldtrace.audit.finding_words import FindingCode as F
from coldtrace.audit.refusals import KeyNeeded, SourceUnreachable
from coldtrace.audit.service import Order, Result, audit
from coldtrace.ledger.feeder import Feeder, publication
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.cosignature import cosign, witness_vkey
from coldtrace.seal.note import add_signatures, signature_of, split_note
from coldtrace.seal.witness_policy import KnownWitness, k_of_n
from support.audited_log import AuditedLog, static_server
from support.spec_verifier import read_log
from support.ticking import START
from support.tlog_vectors import signer
from support.witness_process import WitnessProcess

WITNESS = witness_vkey(name="witness.example/one", spki=signer("witness one").spki)
POLICY = k_of_n(1, [KnownWitness(vkey=WITNESS)])


@pytest.fixture
def files(log: AuditedLog, tmp_path: Path) -> Path:
    """The published files of the log, written by the specification alone."""
    return log.publish(tmp_path / "published")


@pytest.fixture
def address(files: Path) -> Iterator[str]:
    with static_server(files) as made:
        yield made


def look(log: AuditedLog, place: str, *, database: bool = True, **more: object) -> Result:
    order = Order(place=place, vkey=log.vkey, database_url=log.url if database else None, patience_s=0)
    return audit(replace(order, **more), now=lambda: START)  # type: ignore[arg-type]


@pytest.mark.parametrize("database", [True, False], ids=["with the database", "alone"])
def test_what_is_served_is_the_log(log: AuditedLog, address: str, files: Path, database: bool) -> None:
    for place in (address, str(files)):
        result = look(log, place, database=database)
        assert result.report.findings == []
        assert result.size == max(log.sizes())
        assert result.report.checked >= {1, 2, 7}


def test_the_independent_verifier_agrees(log: AuditedLog, files: Path, original: AuditedLog) -> None:
    size, root, leaves = read_log(lambda path: (files / path).read_bytes(), log.vkey.text())
    result = look(log, str(files), database=False)
    assert (size, root) == (result.size, result.root)
    assert leaves == original.leaves()


def damage_tile(files: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    path = files / name
    path.write_bytes(change(path.read_bytes()))


def flipped(data: bytes) -> bytes:
    return data[:40] + bytes([data[40] ^ 1]) + data[41:]


@pytest.mark.parametrize("database", [True, False], ids=["with the database", "alone"])
@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("tile/0/000", flipped, F.SERVED_DIFFERS),
        ("tile/0/001.p/{}", flipped, F.SERVED_DIFFERS),
        ("tile/1/000.p/1", lambda data: bytes(32), F.SERVED_DIFFERS),
        ("tile/entries/000", flipped, F.SERVED_DIFFERS),
        ("tile/entries/001.p/{}", flipped, F.SERVED_DIFFERS),
        ("tile/0/001.p/{}", lambda data: data[:-32], F.SERVED_WIDTH),
        ("tile/0/001.p/{}", lambda data: data + bytes(32), F.SERVED_WIDTH),
        ("tile/0/001.p/{}", lambda data: data[:-1], F.SERVED_WIDTH),
        ("tile/0/000", lambda data: data[:8160], F.SERVED_WIDTH),
        ("tile/entries/001.p/{}", lambda data: data + b"\x00\x01x", F.SERVED_WIDTH),
        ("tile/entries/000", lambda data: data[:-1], F.SERVED_WIDTH),
    ],
)
def test_a_tile_that_differs(
    log: AuditedLog, address: str, files: Path, name: str, change: Callable[[bytes], bytes], expected: F, database: bool
) -> None:
    damage_tile(files, name.format(max(log.sizes()) % 256), change)
    assert expected in look(log, address, database=database).report.counts


@pytest.mark.parametrize("database", [True, False], ids=["with the database", "alone"])
@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/001.p/{}", "tile/1/000.p/1", "tile/entries/000"])
def test_a_tile_that_is_missing(log: AuditedLog, address: str, files: Path, name: str, database: bool) -> None:
    (files / name.format(max(log.sizes()) % 256)).unlink()
    assert F.SERVED_MISSING in look(log, address, database=database).report.counts


def test_bundles_that_are_closed_are_noted(log: AuditedLog, files: Path) -> None:
    with static_server(files, closed=["tile/entries"]) as address:
        for database in (True, False):
            report = look(log, address, database=database).report
            assert report.ok
            assert any("--token" in note for note in report.notes)


def test_a_stale_checkpoint(log: AuditedLog, address: str, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = log.sizes()[-3]
    log.publish(files, size=older)
    created = log.run("SELECT created_at FROM ledger_checkpoint ORDER BY tree_size")[-2][0]
    order = Order(place=address, vkey=log.vkey, database_url=log.url)
    assert audit(order, now=lambda: created + timedelta(seconds=30)).report.ok, "a moment is allowed"
    assert set(audit(order, now=lambda: created + timedelta(seconds=130)).report.counts) == {F.SERVED_STALE}


def test_a_stale_checkpoint_to_somebody_without_the_database(log: AuditedLog, files: Path, tmp_path: Path) -> None:
    state = tmp_path / "monitor.json"
    assert look(log, str(files), database=False, saved_file=state).report.ok
    log.publish(files, size=log.sizes()[-3])
    for since in (True, False):
        found = look(log, str(files), database=False, saved_file=state, since_saved=since).report
        assert set(found.counts) == {F.LOG_SHRANK}


def test_two_checkpoints_of_one_size(log: AuditedLog, address: str, files: Path, tmp_path: Path) -> None:
    """The log shows us another root than it keeps: both notes are signed, and the finding carries the proof."""
    state, size = tmp_path / "monitor.json", max(log.sizes())
    assert look(log, address, database=False, saved_file=state).report.ok
    other = sign_checkpoint(Checkpoint(log.env.origin, size, bytes(range(32))), log.env.keyring.signer("log"))
    (files / "checkpoint").write_text(other)
    report = look(log, address).report
    assert set(report.counts) == {F.SPLIT_VIEW}
    assert report.findings[0].evidence == (other,)
    assert F.SERVED_DIFFERS in look(log, address, database=False).report.counts
    assert not look(log, address, database=False, saved_file=state, since_saved=True).report.ok


def test_a_whole_other_log_is_found_by_memory_and_witness(log: AuditedLog, files: Path, tmp_path: Path) -> None:
    """A consistent rewrite, published: clean to a stranger, found by an older monitor and by a witness."""
    state, size = tmp_path / "monitor.json", max(log.sizes())
    witness = WitnessProcess.make(tmp_path / "witness", name="witness.example/one", follows=log.vkey)
    witness.start()
    policy = replace(k_of_n(1, [witness.known]), quorum=0)
    with httpx.Client() as client:
        Feeder(client=client, timeout_s=20).feed(log.note(size), log.proof, [witness.known])
    assert look(log, str(files), database=False, saved_file=state, policy=policy).report.ok
    log.swap(log.place("cte1", nth=10), log.place("cte1", nth=11))
    log.forge()
    log.publish(files)
    assert look(log, str(files), database=False).report.ok
    assert look(log, str(files)).report.ok
    remembering = look(log, str(files), database=False, saved_file=state).report
    assert set(remembering.counts) == {F.HISTORY_REWRITTEN}
    asking = look(log, str(files), database=False, policy=policy).report
    witness.kill()
    assert set(asking.counts) == {F.WITNESS_DIFFERS}


@pytest.mark.parametrize(
    "note", [b"", b"noise", b"\xff", b"a\n1\n\n"], ids=["empty", "noise", "no text", "no signature"]
)
def test_a_checkpoint_that_is_none(log: AuditedLog, files: Path, note: bytes) -> None:
    (files / "checkpoint").write_bytes(note)
    for database in (True, False):
        assert F.SERVED_CHECKPOINT in look(log, str(files), database=database).report.counts
    (files / "checkpoint").unlink()
    assert F.SERVED_CHECKPOINT in look(log, str(files)).report.counts


def cosigned(log: AuditedLog, name: str, key: str) -> str:
    note = log.note(max(log.sizes()))
    line = cosign(split_note(note)[0], name=name, signer=signer(key), at_s=int(START.timestamp()))
    return add_signatures(note, [line])


def test_a_policy_is_met_by_the_right_witness(log: AuditedLog, files: Path) -> None:
    (files / "checkpoint").write_text(cosigned(log, WITNESS.name, "witness one"))
    assert look(log, str(files), policy=POLICY).report.ok


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        ("other.example", "other", {F.QUORUM_MISSED}),
        (WITNESS.name, "other", {F.QUORUM_MISSED, F.COSIGNATURE_STRANGER}),
    ],
)
def test_a_cosignature_of_an_unknown_key(log: AuditedLog, files: Path, name: str, key: str, expected: set[F]) -> None:
    (files / "checkpoint").write_text(cosigned(log, name, key))
    assert set(look(log, str(files), policy=POLICY).report.counts) == expected


def test_a_witness_that_signs_like_a_log(log: AuditedLog, files: Path) -> None:
    note = log.note(max(log.sizes()))
    line = signature_of(split_note(note)[0], name=WITNESS.name, signer=signer("witness one"))
    (files / "checkpoint").write_text(add_signatures(note, [line]))
    found = look(log, str(files), policy=POLICY).report
    assert set(found.counts) == {F.QUORUM_MISSED, F.COSIGNATURE_KIND}


def test_a_cosignature_of_another_text(log: AuditedLog, files: Path) -> None:
    older = log.note(log.sizes()[2])
    line = cosign(split_note(older)[0], name=WITNESS.name, signer=signer("witness one"), at_s=1)
    (files / "checkpoint").write_text(add_signatures(log.note(max(log.sizes())), [line]))
    found = look(log, str(files), policy=POLICY).report
    assert set(found.counts) == {F.QUORUM_MISSED, F.COSIGNATURE_BAD}


def test_a_monitor_goes_on_from_the_middle_of_a_tile(log: AuditedLog, files: Path, tmp_path: Path) -> None:
    state = tmp_path / "monitor.json"
    sizes = [size for size in log.sizes() if size]
    for size in sizes:
        log.publish(files, size=size)
        result = look(log, str(files), database=False, saved_file=state, since_saved=True)
        assert (result.report.findings, result.size) == ([], size)
    damage_tile(files, f"tile/0/001.p/{sizes[-1] % 256}", flipped)
    assert not look(log, str(files), database=False, saved_file=tmp_path / "other.json").report.ok


def test_a_log_may_show_a_moment_later_what_its_witness_has_seen(
    log: AuditedLog, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witness = WitnessProcess.make(tmp_path / "witness", name="witness.example/one", follows=log.vkey)
    witness.start()
    size = max(log.sizes())
    policy = k_of_n(0, [witness.known])
    with httpx.Client() as client:
        fed = Feeder(client=client, timeout_s=20).feed(log.note(size), log.proof, [witness.known])
    made = publication(log.note(size), fed, policy, strict=True)
    log.publish(files, size=log.sizes()[-3])
    assert set(look(log, str(files), database=False, policy=policy).report.counts) == {F.WITNESS_AHEAD}
    monkeypatch.setattr(service.time, "sleep", lambda seconds: log.publish(files, note=made.note))
    assert look(log, str(files), database=False, policy=policy, patience_s=20).report.ok
    witness.kill()


def test_an_address_where_nobody_answers(log: AuditedLog) -> None:
    with pytest.raises(SourceUnreachable):
        look(log, "http://127.0.0.1:9", database=False)


def test_a_stranger_must_say_whose_log_it_is(files: Path) -> None:
    with pytest.raises(KeyNeeded):
        audit(Order(place=str(files)), now=lambda: START)
