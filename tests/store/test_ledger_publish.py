"""Publishing: witnesses, tiles, bundles, and the checkpoint last; the same again changes nothing."""

import os
import stat
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.ledger import published_files, store
from coldtrace.ledger import service as ledger
from coldtrace.ledger.publish import Feed, ProofSource, Publisher, export, log_folder, publish
from coldtrace.ledger.refusals import FolderBusy, OutsideUnreadable, PublishedDiffers, QuorumMissing
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.cosignature import cosign, witness_vkey
from coldtrace.seal.entry_bundle import read_bundle
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.merkle import tree_root
from coldtrace.seal.note import split_note
from coldtrace.seal.tile_path import entries_path, tile_of
from coldtrace.seal.witness_policy import KnownWitness, k_of_n
from support.open_logs import opened, sign, vkey_of_log


@pytest.fixture
def env(tmp_path: Path, sessions: sessionmaker[Session]) -> Env:
    return opened(tmp_path, sessions)


@pytest.fixture
def folder(tmp_path: Path, env: Env) -> Path:
    return log_folder(tmp_path / "my data", env.log)


def files(folder: Path) -> dict[str, bytes]:
    """Return all that is published, by its name below the folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".publishing"
    }


def check_files(engine: Engine, folder: Path) -> int:
    """Check a published folder as a stranger does: from its files and the vkey alone; return the size."""
    with engine.connect() as connection:
        vkey = vkey_of_log(connection)
    head = open_checkpoint((folder / "checkpoint").read_bytes(), log=vkey).checkpoint
    full, partial = tile_of(0, size=head.size)
    hashes: list[bytes] = []
    for number in range(full + (partial > 0)):
        path = entries_path(number * 256, size=head.size)
        leaves = read_bundle((folder / path.text()).read_bytes(), count=path.width)
        tile = (folder / replace(path, level=0).text()).read_bytes()
        assert b"".join(map(leaf_hash, leaves)) == tile
        hashes += map(leaf_hash, leaves)
    assert tree_root(hashes) == head.root
    above = b"".join(tree_root(hashes[at * 256 : at * 256 + 256]) for at in range(full))
    if full:
        suffix = f".p/{full}" if full < 256 else ""
        assert (folder / f"tile/1/000{suffix}").read_bytes() == above
    return head.size


def test_what_was_signed_is_published(engine: Engine, env: Env, folder: Path) -> None:
    sizes = []
    for start, count in ((0, 5), (5, 251), (256, 1), (257, 300)):
        sign(engine, env, count, start=start)
        head = publish(engine, env, env.log, folder)
        assert head is not None
        sizes.append(check_files(engine, folder))
        with Session(engine) as session:
            assert ledger.checkpoint(session, env.log) == head
    assert sizes == [5, 256, 257, 557]
    # Partial tiles of every published size stay: somebody may hold that checkpoint.
    assert {"tile/0/000.p/5", "tile/0/000", "tile/0/001.p/1", "tile/0/002.p/45", "tile/1/000.p/2"} <= set(files(folder))


def test_only_what_is_published_is_proved(engine: Engine, env: Env, folder: Path) -> None:
    sign(engine, env, 5)
    publish(engine, env, env.log, folder)
    sign(engine, env, 3, start=5)
    with Session(engine) as session:
        assert ledger.checkpoint(session, env.log).size == 5
        assert ledger.signed_head(session, env.log).size == 8
        entry_ids = [row[0] for row in session.execute(text("SELECT entry_id FROM ledger_leaf ORDER BY leaf_index"))]
        assert ledger.find_proof(session, env.log, entry_ids[4]) is not None
        assert ledger.find_proof(session, env.log, entry_ids[5]) is None


def test_publishing_again_writes_nothing_but_the_checkpoint(engine: Engine, env: Env, folder: Path) -> None:
    sign(engine, env, 300)
    publish(engine, env, env.log, folder)
    before = {path: path.stat().st_ino for path in folder.rglob("*") if path.is_file()}
    publish(engine, env, env.log, folder)
    after = {path: path.stat().st_ino for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in before if before[path] != after[path]} == {"checkpoint"}
    assert export(engine, env, env.log, folder, head=_published(engine, env), repair=True) == 0


def _published(engine: Engine, env: Env) -> store.SignedHead:
    with Session(engine) as session:
        return ledger.checkpoint(session, env.log)


def test_a_crash_at_any_file_leaves_a_log_that_checks(
    engine: Engine, env: Env, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint comes last: whatever is missing when the power goes, what the old checkpoint covers is there."""
    sign(engine, env, 10)
    publish(engine, env, env.log, folder)
    sign(engine, env, 300, start=10)
    plain = os.rename
    for good in (0, 1, 1, 1, 1, 1, 0):  # five tiles and bundles, then the checkpoint
        left = iter(range(good))

        def rename(source: str, target: str, left: object = left) -> None:
            if next(left, None) is None:  # type: ignore[call-overload]
                raise OSError("the power is gone")
            plain(source, target)

        monkeypatch.setattr(published_files.os, "rename", rename)
        with pytest.raises(OSError, match="power"):
            publish(engine, env, env.log, folder)
        assert check_files(engine, folder) == 10
        monkeypatch.setattr(published_files.os, "rename", plain)
    assert list((folder / ".parts").iterdir()) == []
    publish(engine, env, env.log, folder)
    assert check_files(engine, folder) == 310


def test_everything_is_on_the_disk_before_the_checkpoint_that_covers_it(
    engine: Engine, env: Env, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is flushed before its rename, and each folder that got a name before `checkpoint` gets its own."""
    done: list[tuple[str, Path]] = []
    named: dict[int, Path] = {}
    fsync, rename = os.fsync, os.rename

    def recorded_fsync(descriptor: int) -> None:
        fsync(descriptor)
        done.append(("flush", Path(os.readlink(f"/proc/self/fd/{descriptor}"))))

    def recorded_rename(source: str, target: Path) -> None:
        rename(source, target)
        named[len(done)] = Path(source)
        done.append(("name", Path(target)))

    monkeypatch.setattr(published_files.os, "fsync", recorded_fsync)
    monkeypatch.setattr(published_files.os, "rename", recorded_rename)
    for start, size in ((0, 300), (300, 700)):
        done.clear()
        named.clear()
        sign(engine, env, size, start=start)
        publish(engine, env, env.log, folder)
        last = done.index(("name", folder / "checkpoint"))
        for at, part in named.items():
            assert ("flush", part) in done[:at], f"{done[at]} could be empty after the power was gone"
        for at in named:
            target = done[at][1]
            flushed = done[at:last] if at < last else done[at:]
            above = target.parent
            while True:
                assert ("flush", above) in flushed, f"{target} could be missing after the power was gone"
                if above == folder or start:  # later only the folder itself is new to the disk
                    break
                above = above.parent
        assert done[last + 1 :] == [("flush", folder)]


def test_what_a_killed_process_left_is_made_durable_and_tidied_up(
    engine: Engine, env: Env, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(engine, env, 300)
    publish(engine, env, env.log, folder)
    (folder / "checkpoint").unlink()  # it was killed behind the renames of its tiles, before their folders were flushed
    parts = folder / ".parts"
    (parts / "left").write_bytes(b"half")
    flushed: list[Path] = []
    fsync = os.fsync

    def recorded(descriptor: int) -> None:
        fsync(descriptor)
        flushed.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))

    before: list[Path] = []
    rename = os.rename

    def named(source: str, target: Path) -> None:
        assert target == folder / "checkpoint", "all else is there already"
        before.extend(flushed)
        rename(source, target)

    monkeypatch.setattr(published_files.os, "fsync", recorded)
    monkeypatch.setattr(published_files.os, "rename", named)
    publish(engine, env, env.log, folder)
    assert {path.parent for path in (folder / "tile").rglob("*") if path.is_file()} <= set(before)
    assert list(parts.iterdir()) == []
    assert check_files(engine, folder) == 300


def test_other_bytes_at_a_path_are_never_overwritten(engine: Engine, env: Env, folder: Path) -> None:
    sign(engine, env, 300)
    publish(engine, env, env.log, folder)
    head = _published(engine, env)
    victim = folder / "tile/0/000"
    forged = bytes(8192)
    victim.write_bytes(forged)
    with pytest.raises(PublishedDiffers, match="tile/0/000"):
        export(engine, env, env.log, folder, head=head, repair=True)
    assert victim.read_bytes() == forged
    victim.unlink()
    (folder / "tile/entries/001.p/44").unlink()
    assert export(engine, env, env.log, folder, head=head) == 0  # what the checkpoint covers is not looked at again
    assert export(engine, env, env.log, folder, head=head, repair=True) == 2
    assert check_files(engine, folder) == 300


def test_a_larger_or_foreign_checkpoint_in_the_folder_stops_publishing(engine: Engine, env: Env, folder: Path) -> None:
    sign(engine, env, 5)
    publish(engine, env, env.log, folder)
    old = (folder / "checkpoint").read_bytes()
    sign(engine, env, 5, start=5)
    (folder / "checkpoint").write_bytes(b"nonsense")
    with pytest.raises(OutsideUnreadable, match="logs/test/checkpoint"):
        publish(engine, env, env.log, folder)
    (folder / "checkpoint").write_bytes(old)
    publish(engine, env, env.log, folder)
    with engine.connect() as connection:
        behind = store.checkpoint_of_size(connection, env.log.id, 5)
    assert behind is not None
    with pytest.raises(PublishedDiffers, match="checkpoint"):
        export(engine, env, env.log, folder, head=behind)


def test_entries_are_for_this_user_alone_unless_public(engine: Engine, env: Env, folder: Path) -> None:
    sign(engine, env, 5)
    publish(engine, env, env.log, folder)
    entries = folder / "tile/entries"
    assert stat.S_IMODE(entries.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "checkpoint").stat().st_mode) == 0o644
    publish(engine, env, env.log, folder, public_entries=True)
    assert stat.S_IMODE(entries.stat().st_mode) == 0o755


def test_one_publishes_at_a_time(engine: Engine, env: Env, folder: Path) -> None:
    sign(engine, env, 5)
    with published_files.publishing(folder) as mine:
        assert mine
        assert publish(engine, env, env.log, folder) is None
        with pytest.raises(FolderBusy):
            export(engine, env, env.log, folder, head=_published(engine, env))
    assert publish(engine, env, env.log, folder) is not None


# Witnesses


def witnesses(*names: str) -> tuple[dict[str, Ed25519Signer], tuple[KnownWitness, ...]]:
    signers = {name: Ed25519Signer.generate() for name in names}
    known = (KnownWitness(vkey=witness_vkey(name=n, spki=s.spki), url=f"https://{n}") for n, s in signers.items())
    return signers, tuple(known)


def feed_of(signers: dict[str, Ed25519Signer], asked: list[int]) -> Feed:
    """Return witnesses that check consistency with what they saw last, as real ones do."""
    seen: dict[str, tuple[int, bytes]] = {}

    def feed(
        note: str, origin: str, proof_source: ProofSource, witnesses: Sequence[KnownWitness], timeout_s: float
    ) -> list[str]:
        from coldtrace.seal.checkpoint import parse_checkpoint

        body, _ = split_note(note)
        head = parse_checkpoint(body)
        asked.append(head.size)
        lines = []
        for name, signer in signers.items():
            old, root = seen.get(name, (0, tree_root([])))
            path = proof_source(old, head.size)
            assert verify_consistency(old_size=old, new_size=head.size, old_root=root, new_root=head.root, path=path)
            seen[name] = (head.size, head.root)
            lines.append(cosign(body, name=name, signer=signer, at_s=1_795_406_400 + len(asked)).to_line())
        return lines

    return feed


def test_witnesses_are_asked_before_anything_is_published(engine: Engine, env: Env, folder: Path) -> None:
    signers, known = witnesses("one.example", "two.example")
    env = replace(env, policy=k_of_n(2, known))
    asked: list[int] = []
    sign(engine, env, 5)
    head = publish(engine, env, env.log, folder, feed=feed_of(signers, asked), strict=True)
    assert asked == [5]
    assert head is not None
    with engine.connect() as connection:
        opened = open_checkpoint(head.note, log=vkey_of_log(connection), witnesses=[each.vkey for each in known])
        kept = connection.execute(text("SELECT witness, tree_size, line FROM ledger_cosignature ORDER BY 1")).all()
        (status,) = store.log_status(connection)
    assert {each.witness.name for each in opened.cosignatures} == set(signers)
    assert [(row.witness, row.tree_size) for row in kept] == [("one.example", 5), ("two.example", 5)]
    assert all(row.line in head.note for row in kept)
    assert status.cosignatures == 2
    assert (folder / "checkpoint").read_text() == head.note


def test_without_a_quorum_strict_holds_back_and_the_other_marks(engine: Engine, env: Env, folder: Path) -> None:
    signers, known = witnesses("one.example", "two.example")
    env = replace(env, policy=k_of_n(2, known))
    feed = feed_of({"one.example": signers["one.example"]}, [])
    sign(engine, env, 5)
    with pytest.raises(QuorumMissing, match="1 of 2"):
        publish(engine, env, env.log, folder, feed=feed, strict=True)
    assert files(folder) == {}
    with Session(engine) as session:
        assert ledger.checkpoint(session, env.log).size == 0
    assert publish(engine, env, env.log, folder, feed=feed) is not None
    with engine.connect() as connection:
        (status,) = store.log_status(connection)
    assert (status.published_size, status.cosignatures) == (5, 1)


def test_another_host_that_hears_nobody_keeps_the_cosignatures(engine: Engine, env: Env, tmp_path: Path) -> None:
    signers, known = witnesses("one.example", "two.example")
    env = replace(env, policy=k_of_n(2, known))
    sign(engine, env, 5)
    folders = [log_folder(tmp_path / name, env.log) for name in ("a", "b")]
    one, two = ({name: signers[name]} for name in ("one.example", "two.example"))
    for folder, reachable, names in (
        (folders[0], one, ["one.example"]),
        (folders[1], two, ["one.example", "two.example"]),
        (folders[0], {}, ["one.example", "two.example"]),
    ):
        head = publish(engine, env, env.log, folder, feed=feed_of(reachable, []))
        assert head is not None
        assert sorted(each.name for each in split_note(head.note)[1][1:]) == names
        with engine.connect() as connection:
            assert store.log_status(connection)[0].cosignatures == len(names)
            published = store.published(connection, env.log.id)
        assert published is not None
        assert (published.note, (folder / "checkpoint").read_text()) == (head.note, head.note)


def test_a_published_note_is_never_replaced_by_one_with_fewer_cosignatures(engine: Engine, env: Env) -> None:
    """Two hosts that finish in the wrong order: the poorer note of one size comes last."""
    sign(engine, env, 5)
    with engine.begin() as connection:
        head = store.newest_checkpoint(connection, env.log.id)
        assert head is not None
        for note, cosignatures in (("rich", 2), ("poor", 1), ("as rich", 2)):
            store.set_published(
                connection, env.log.id, replace(head, note=note), cosignatures=cosignatures, at=env.clock()
            )
            found = store.published(connection, env.log.id)
            assert found is not None
            assert found.note == ("rich" if note == "poor" else note)
    sign(engine, env, 1, start=5)
    with engine.begin() as connection:
        head = store.newest_checkpoint(connection, env.log.id)
        assert head is not None
        store.set_published(connection, env.log.id, head, cosignatures=0, at=env.clock())
        assert store.published(connection, env.log.id) == head


def test_a_witness_that_comes_back_is_asked_again_at_the_same_size(
    engine: Engine, env: Env, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldtrace.ledger.publish.ASK_AGAIN_S", 0.0)
    signers, known = witnesses("one.example")
    env = replace(env, policy=k_of_n(1, known))
    reachable: dict[str, Ed25519Signer] = {}
    asked: list[int] = []
    publisher = Publisher(engine, env, data_dir=tmp_path, every_s=0.02, feed=feed_of(reachable, asked))
    sign(engine, env, 5)
    for _ in range(3):
        publisher._round()
    assert asked == [5, 5, 5]
    reachable |= signers
    for _ in range(3):
        publisher._round()
    assert asked == [5, 5, 5, 5], "with its quorum it is left alone until the log grows"
    with engine.connect() as connection:
        assert store.log_status(connection)[0].cosignatures == 1


def test_strict_without_a_quorum_publishes_nothing(engine: Engine, env: Env, folder: Path) -> None:
    sign(engine, env, 5)
    with pytest.raises(QuorumMissing):
        publish(engine, env, env.log, folder, strict=True)
    assert files(folder) == {}


def test_a_log_that_was_only_opened_holds_nothing_back(engine: Engine, env: Env, tmp_path: Path) -> None:
    """Strict mode: a second log that its witnesses do not follow yet is no alarm, and they are not asked each round."""
    _, known = witnesses("one.example")
    asked: list[int] = []
    env = replace(env, policy=k_of_n(1, known))
    publisher = Publisher(engine, env, data_dir=tmp_path, every_s=0.02, strict=True, feed=feed_of({}, asked))
    for _ in range(3):
        publisher._round()
    assert publisher.troubles == {}
    assert len(publisher._done) == 1
    assert publisher._done[env.log.id][1] > time.monotonic() + 60
    sign(engine, env, 1)
    publisher._round()
    assert [each.code for each in publisher.troubles.values()] == ["witness_quorum_missing"]


def test_a_line_of_nobody_or_a_wrong_one_is_dropped(
    engine: Engine, env: Env, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    signers, known = witnesses("one.example")
    env = replace(env, policy=k_of_n(1, known))
    stranger = Ed25519Signer.generate()

    def feed(note: str, origin: str, *_: object) -> list[str]:
        body, _ = split_note(note)
        other = body.replace("5\n", "6\n")
        return [
            cosign(body, name="stranger.example", signer=stranger, at_s=1).to_line(),
            cosign(other, name="one.example", signer=signers["one.example"], at_s=1).to_line(),
            "no line at all",
            cosign(body, name="one.example", signer=signers["one.example"], at_s=1).to_line(),
        ]

    sign(engine, env, 5)
    head = publish(engine, env, env.log, folder, feed=feed, strict=True)
    assert head is not None
    assert [each.name for each in split_note(head.note)[1]] == [env.origin, "one.example"]
    assert "dropped" in caplog.text


# The thread


def test_the_publisher_publishes_what_is_signed(engine: Engine, env: Env, tmp_path: Path) -> None:
    publisher = Publisher(engine, env, data_dir=tmp_path, every_s=0.02)
    publisher.start()
    pause = threading.Event()
    for start in (0, 5):
        sign(engine, env, 5, start=start)
        publisher.wake()
        for _ in range(500):
            if _published(engine, env).size == start + 5:
                break
            pause.wait(0.01)
        else:
            pytest.fail("not published within five seconds")
    publisher.stop()
    assert check_files(engine, log_folder(tmp_path, env.log)) == 10


def test_the_publisher_tells_its_trouble_and_goes_on(
    engine: Engine, env: Env, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, known = witnesses("one.example")
    publisher = Publisher(engine, replace(env, policy=k_of_n(1, known)), data_dir=tmp_path, every_s=0.02, strict=True)
    sign(engine, env, 5)
    publisher._round()
    publisher._round()
    assert [each.code for each in publisher.troubles.values()] == ["witness_quorum_missing"]
    assert caplog.text.count("held back") == 1
    publisher._strict = False
    publisher._round()
    assert publisher.troubles == {}
    assert _published(engine, env).size == 5
