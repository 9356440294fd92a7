"""A witness: each answer of the protocol, and that it never goes back."""

import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.errors import Refusal
from coldtrace.seal.add_checkpoint import MalformedAddCheckpoint, monitor_path, read_add_checkpoint
from coldtrace.seal.checkpoint import Checkpoint, MalformedCheckpoint, open_checkpoint, sign_checkpoint
from coldtrace.seal.cosignature import open_cosignatures, witness_vkey
from coldtrace.seal.hashing import sha256
from coldtrace.seal.note import MalformedNote
from coldtrace.witness import store
from coldtrace.witness.refusals import (
    GrowthNotProved,
    NotALogKey,
    NothingCosigned,
    NotSignedByLog,
    OldAboveSize,
    RootConflict,
    SizeConflict,
    StartRefused,
    StoreUnavailable,
    UnknownLog,
)
from coldtrace.witness.service import Witness, follow
from coldtrace.witness.store import Store
from support.sample_log import ORIGIN, SampleLog
from support.spec_verifier import read_vkey, verify_note
from support.ticking import START, TickingClock
from support.tlog_vectors import signer

LOG = SampleLog()
FORK = SampleLog(fork_at=5)
NAME = "witness.example/unit"


@pytest.fixture
def kept(tmp_path: Path) -> Store:
    made = Store(tmp_path / "witness.db")
    follow(made, LOG.vkey, now=START)
    return made


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture
def witness(kept: Store, clock: TickingClock) -> Witness:
    return Witness(name=NAME, signer=signer("unit witness"), kept=kept, now=clock)


def evidence(kept: Store) -> list[str]:
    with kept.look() as connection:
        return [each.reason for each in store.evidence(connection)]


def size_of(kept: Store) -> int:
    with kept.look() as connection:
        head = store.head_of(connection, ORIGIN)
    return 0 if head is None else head.size


def test_it_follows_a_log_as_it_grows(witness: Witness, kept: Store) -> None:
    old = 0
    for size in (0, 1, 2, 2, 7, 7, 8, 40, 300):
        line = witness.add_checkpoint(LOG.request(old, size))
        note = LOG.note(size) + line
        opened = open_checkpoint(note, log=LOG.vkey, witnesses=[witness.vkey])
        assert [each.witness for each in opened.cosignatures] == [witness.vkey]
        assert size_of(kept) == size
        old = size
    assert evidence(kept) == []


def test_an_independent_verifier_takes_the_cosignature(witness: Witness) -> None:
    note = LOG.note(5) + witness.add_checkpoint(LOG.request(0, 5))
    log, ours = read_vkey(LOG.vkey.text()), read_vkey(witness.vkey.text())
    assert verify_note(note, [log, ours]) == {log: None, ours: int(START.timestamp())}


def test_monitors_see_what_was_cosigned(witness: Witness) -> None:
    origin_hash = monitor_path(ORIGIN).partition("/")[0]
    with pytest.raises(NothingCosigned):
        witness.newest(origin_hash)
    line = witness.add_checkpoint(LOG.request(0, 5))
    assert witness.newest(origin_hash) == LOG.note(5) + line
    with pytest.raises(NothingCosigned):
        witness.newest(sha256(b"other").hex())


def test_lines_of_strangers_are_ignored_and_not_kept(witness: Witness) -> None:
    stranger = SampleLog(key="stranger").note(3).split("\n\n")[1]
    line = witness.add_checkpoint(LOG.request(0, 3) + stranger.encode())
    assert witness.newest(monitor_path(ORIGIN).partition("/")[0]) == LOG.note(3) + line


def test_an_unknown_log(witness: Witness) -> None:
    with pytest.raises(UnknownLog):
        witness.add_checkpoint(SampleLog(origin="other.example/log").request(0, 3))


def test_another_key_under_the_log_s_name(witness: Witness, kept: Store) -> None:
    with pytest.raises(NotSignedByLog):
        witness.add_checkpoint(SampleLog(key="thief").request(0, 3))
    assert evidence(kept) == []


def test_a_changed_checkpoint(witness: Witness, kept: Store) -> None:
    with pytest.raises(NotSignedByLog):
        witness.add_checkpoint(LOG.request(0, 3).replace(b"\n3\n", b"\n4\n"))
    assert size_of(kept) == 0


def test_an_old_size_above_the_new(witness: Witness, kept: Store) -> None:
    with pytest.raises(OldAboveSize):
        witness.add_checkpoint(LOG.request(9, 3))
    assert evidence(kept) == ["witness_old_above_size"]


@pytest.mark.parametrize("old", [0, 3, 6])
def test_another_old_size_is_told_the_right_one(witness: Witness, kept: Store, old: int) -> None:
    witness.add_checkpoint(LOG.request(0, 5))
    with pytest.raises(SizeConflict) as refused:
        witness.add_checkpoint(LOG.request(old, 8))
    assert refused.value.facts["size"] == 5
    assert size_of(kept) == 5


def test_a_shorter_log_is_never_signed_again(witness: Witness, kept: Store) -> None:
    witness.add_checkpoint(LOG.request(0, 8))
    for old in (0, 5):
        with pytest.raises(SizeConflict):
            witness.add_checkpoint(LOG.request(old, 5))
    with pytest.raises(OldAboveSize):
        witness.add_checkpoint(LOG.request(8, 5))
    assert size_of(kept) == 8


@pytest.mark.parametrize("old", [0, 7, 8])
def test_two_roots_of_one_size_are_a_fork_and_kept(witness: Witness, kept: Store, old: int) -> None:
    witness.add_checkpoint(LOG.request(0, 8))
    with pytest.raises(RootConflict) as refused:
        witness.add_checkpoint(FORK.request(old, 8, proof=()))
    assert refused.value.facts["size"] == 8
    with kept.look() as connection:
        (found,) = store.evidence(connection)
    both = [found.request.partition("\n\n")[2], found.head_note or ""]
    roots = {open_checkpoint(note, log=LOG.vkey).checkpoint.root for note in both}
    assert roots == {LOG.root(8), FORK.root(8)}


@pytest.mark.parametrize(
    "proof",
    [(), FORK.proof(8, 12), LOG.proof(8, 12)[1:], [*LOG.proof(8, 12), bytes(32)]],
    ids=["none", "fork", "short", "long"],
)
def test_growth_must_be_proved(witness: Witness, kept: Store, proof: list[bytes]) -> None:
    witness.add_checkpoint(LOG.request(0, 8))
    for log in (FORK, LOG) if proof != LOG.proof(8, 12) else (FORK,):
        with pytest.raises(GrowthNotProved):
            witness.add_checkpoint(log.request(8, 12, proof=proof or ()))
    assert size_of(kept) == 8
    assert set(evidence(kept)) == {"witness_growth_not_proved"}


def test_a_proof_between_equal_sizes_must_be_empty(witness: Witness) -> None:
    witness.add_checkpoint(LOG.request(0, 8))
    with pytest.raises(GrowthNotProved):
        witness.add_checkpoint(LOG.request(8, 8, proof=[bytes(32)]))


def test_the_same_evidence_is_kept_once_and_the_rest_has_an_end(
    witness: Witness, kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "EVIDENCE_MAX", 4)
    witness.add_checkpoint(LOG.request(0, 20))
    unproved = [bytes(32)]
    for size in (*range(21, 30), *range(21, 30)):
        with pytest.raises(GrowthNotProved):
            witness.add_checkpoint(LOG.request(20, size, proof=unproved))
    with pytest.raises(RootConflict):
        witness.add_checkpoint(FORK.request(0, 20))
    for size in range(30, 35):
        with pytest.raises(GrowthNotProved):
            witness.add_checkpoint(LOG.request(20, size, proof=unproved))
    assert evidence(kept) == ["witness_root_conflict", *["witness_growth_not_proved"] * 4]


def test_a_publisher_that_did_not_know_our_size_is_no_evidence(witness: Witness, kept: Store) -> None:
    """It happens with every publisher that starts again, and would push out what speaks against a log."""
    witness.add_checkpoint(LOG.request(0, 20))
    for size in (3, 20, 25):
        with pytest.raises(SizeConflict):
            witness.add_checkpoint(LOG.request(0, size))
    assert evidence(kept) == []


def test_time_never_goes_back(witness: Witness, clock: TickingClock) -> None:
    def signed_at(size: int, old: int) -> int:
        note = LOG.note(size) + witness.add_checkpoint(LOG.request(old, size))
        return open_cosignatures(note, [witness.vkey])[1][0].at_s

    first = signed_at(3, 0)
    clock.forward(-timedelta(days=400))
    assert signed_at(4, 3) == first
    clock.forward(timedelta(days=401))
    assert signed_at(5, 4) > first


def test_time_never_goes_back_for_another_log_either(witness: Witness, kept: Store, clock: TickingClock) -> None:
    other = SampleLog(origin="other.example/log")
    follow(kept, other.vkey, now=START)
    first = open_cosignatures(LOG.note(3) + witness.add_checkpoint(LOG.request(0, 3)), [witness.vkey])[1][0].at_s
    clock.forward(-timedelta(days=1))
    line = witness.add_checkpoint(other.request(0, 2))
    assert open_cosignatures(other.note(2) + line, [witness.vkey])[1][0].at_s == first


def test_many_at_once_make_one_line_of_growth(witness: Witness, kept: Store) -> None:
    """Of all requests that start from one size, one is cosigned: no two heads beside each other."""
    witness.add_checkpoint(LOG.request(0, 4))
    requests = [log.request(4, size) for size in range(5, 13) for log in (LOG, SampleLog(fork_at=4))]
    signed, refused = [], []

    def ask(body: bytes) -> None:
        try:
            signed.append(witness.add_checkpoint(body))
        except (SizeConflict, RootConflict):
            refused.append(body)

    threads = [threading.Thread(target=ask, args=(body,)) for body in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(signed), len(refused)) == (1, len(requests) - 1)
    assert 5 <= size_of(kept) <= 12


def test_a_store_that_cannot_be_written_signs_nothing(witness: Witness, kept: Store, tmp_path: Path) -> None:
    witness.add_checkpoint(LOG.request(0, 3))
    with sqlite3.connect(tmp_path / "witness.db") as connection:
        connection.execute("CREATE TRIGGER full BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    connection.close()
    with pytest.raises(StoreUnavailable, match="disk full"):
        witness.add_checkpoint(LOG.request(3, 4))
    assert size_of(kept) == 3


@pytest.mark.parametrize("change", ["size = size - 1", "root = randomblob(32)", "signed_at_s = signed_at_s - 1"])
def test_the_store_itself_never_goes_back(witness: Witness, kept: Store, change: str) -> None:
    witness.add_checkpoint(LOG.request(0, 3))
    for statement in (f"UPDATE head SET {change}", "DELETE FROM head"):
        with pytest.raises(StoreUnavailable, match="never goes back"), kept.change() as connection:
            connection.execute(statement)
    assert size_of(kept) == 3


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", MalformedAddCheckpoint),
        (b"old 0\n", MalformedAddCheckpoint),
        (b"old 0\n\n", MalformedAddCheckpoint),
        (b"old 00\n\n" + LOG.note(1).encode(), MalformedAddCheckpoint),
        (b"old -1\n\n" + LOG.note(1).encode(), MalformedAddCheckpoint),
        (b"old  0\n\n" + LOG.note(1).encode(), MalformedAddCheckpoint),
        ("old ٣\n\n".encode() + LOG.note(1).encode(), MalformedAddCheckpoint),
        (b"new 0\n\n" + LOG.note(1).encode(), MalformedAddCheckpoint),
        (b"old 0\nAAAA\n\n" + LOG.note(1).encode(), MalformedAddCheckpoint),
        (b"old 0\n*\n\n" + LOG.note(1).encode(), MalformedAddCheckpoint),
        (b"old 0\n" + b"A" * 43 + b"=\n" * 64 + b"\n" + LOG.note(1).encode(), MalformedAddCheckpoint),
        (b"old 0\n\n\xff" + LOG.note(1).encode(), MalformedAddCheckpoint),
        (b"old 0\n\n" + LOG.note(1).encode()[:-1], MalformedNote),
        (b"old 0\n\n" + ORIGIN.encode() + b"\n1\n\n" + LOG.note(1).split("\n\n")[1].encode(), MalformedCheckpoint),
    ],
)
def test_what_cannot_be_read(witness: Witness, kept: Store, body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        witness.add_checkpoint(body)
    assert size_of(kept) == 0


@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_refused_and_never_more(body: bytes) -> None:
    try:
        request = read_add_checkpoint(body)
    except Refusal:
        return
    assert request.text().encode() == body


def test_a_witness_key_is_no_log(kept: Store) -> None:
    with pytest.raises(NotALogKey):
        follow(kept, witness_vkey(name="w", spki=signer("w").spki), now=START)


def test_following_twice_changes_nothing(kept: Store) -> None:
    follow(kept, LOG.vkey, now=START)
    with kept.look() as connection:
        assert store.logs(connection) == [LOG.vkey]


def test_a_lost_store_starts_again_from_its_own_checkpoint(witness: Witness, tmp_path: Path) -> None:
    note = LOG.note(8) + witness.add_checkpoint(LOG.request(0, 8))
    fresh = Store(tmp_path / "fresh.db")
    follow(fresh, LOG.vkey, now=START, start=note, own=witness.vkey)
    again = Witness(name=NAME, signer=signer("unit witness"), kept=fresh)
    with pytest.raises(RootConflict):
        again.add_checkpoint(FORK.request(8, 8))
    with pytest.raises(GrowthNotProved):
        again.add_checkpoint(FORK.request(8, 12))
    again.add_checkpoint(LOG.request(8, 12))
    with pytest.raises(StartRefused):
        follow(fresh, LOG.vkey, now=START, start=note, own=witness.vkey)


def test_a_start_that_we_never_cosigned_is_refused(witness: Witness, tmp_path: Path) -> None:
    for note in (LOG.note(8), SampleLog(key="thief").note(8)):
        with pytest.raises(NotSignedByLog):
            follow(Store(tmp_path / "fresh.db"), LOG.vkey, now=START, start=note, own=witness.vkey)


def test_the_largest_size_there_is(witness: Witness, kept: Store) -> None:
    huge = sign_checkpoint(Checkpoint(ORIGIN, 2**63 - 1, bytes(32)), LOG.signer)
    witness.add_checkpoint(b"old 0\n\n" + huge.encode())
    assert size_of(kept) == 2**63 - 1
    with pytest.raises(OldAboveSize):
        witness.add_checkpoint(b"old 9999999999999999999\n\n" + huge.encode())
