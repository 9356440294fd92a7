"""`coldtrace witness keys|logs|evidence`: what an operator types, and what is refused."""

from pathlib import Path

import pytest

from coldtrace.cli.main import main
from coldtrace.cli.witness import STORE_FILE
from coldtrace.seal.vkey import parse_vkey
from coldtrace.witness.key_folder import key_path, load_key
from coldtrace.witness.refusals import LogUnreachable, RootConflict, StoreBehind, StoreUnavailable
from coldtrace.witness.service import Witness
from coldtrace.witness.store import Store
from support.command_line import Ran
from support.sample_log import SampleLog

LOG = SampleLog()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "witness"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> Ran:
    capsys.readouterr()
    status = main(["witness", *(str(each) for each in words), "--json"])
    told = capsys.readouterr()
    return Ran(status=status, out=told.out, err=told.err)


def make(capsys: pytest.CaptureFixture[str], state: Path, *words: object) -> Ran:
    return run(capsys, "keys", "new", "--name", "witness.example/one", "--state", state, *words)


def test_the_key_is_made_once_encrypted_and_closed(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make(capsys, state)
    assert made.status == 0
    vkey = parse_vkey(made.json["vkey"])
    assert (vkey.name, vkey.kind) == ("witness.example/one", 4)
    assert run(capsys, "keys", "show", "--state", state).json == made.json
    assert b"ENCRYPTED PRIVATE KEY" in key_path(state).read_bytes()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (state, key_path(state), state / "key-passphrase")}
    assert modes == {"witness": 0o700, "witness.pem": 0o600, "key-passphrase": 0o600}
    assert load_key(state)[1].spki == vkey.spki
    again = make(capsys, state)
    assert (again.status, again.json["code"]) == (2, "witness_key_exists")


def test_a_passphrase_of_one_s_own(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a passphrase that is long enough\n")
    passphrase.chmod(0o600)
    assert make(capsys, state, "--passphrase-file", passphrase).status == 0
    assert not (state / "key-passphrase").exists()
    assert load_key(state, passphrase_file=passphrase)[0] == "witness.example/one"
    assert run(capsys, "serve", "--state", state).json["code"] == "passphrase_unusable"


def test_files_that_others_may_read_are_refused(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(capsys, state)
    key_path(state).chmod(0o644)
    assert run(capsys, "serve", "--state", state).status == 2
    key_path(state).chmod(0o600)
    (state / "key-passphrase").chmod(0o644)
    assert run(capsys, "serve", "--state", state).status == 2


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_names_that_no_line_can_carry(state: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    refused = run(capsys, "keys", "new", "--name", name, "--state", state)
    assert (refused.status, refused.json["code"]) == (2, "witness_bad_name")
    assert not state.exists()


def test_a_folder_without_a_key(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["keys", "show"], ["logs", "list"], ["logs", "add", LOG.vkey.text()], ["evidence"], ["serve"]):
        refused = run(capsys, *words, "--state", state)
        assert (refused.status, refused.json["code"]) == (2, "witness_no_key"), words
    assert not state.exists()


def test_logs(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(capsys, state)
    assert run(capsys, "logs", "add", LOG.vkey.text(), "--state", state).json["origin"] == LOG.origin
    (row,) = run(capsys, "logs", "list", "--state", state).json["logs"]
    assert (row["origin"], row["size"]) == (LOG.origin, None)
    name, signer = load_key(state)
    witness = Witness(name=name, signer=signer, kept=Store(state / STORE_FILE))
    line = witness.add_checkpoint(LOG.request(0, 8))
    (row,) = run(capsys, "logs", "list", "--state", state).json["logs"]
    assert row["size"] == 8
    assert run(capsys, "evidence", "--state", state).status == 0
    with pytest.raises(RootConflict):
        witness.add_checkpoint(SampleLog(fork_at=5).request(8, 8))
    shown = run(capsys, "evidence", "--state", state)
    assert (shown.status, [each["reason"] for each in shown.json["evidence"]]) == (1, ["witness_root_conflict"])
    assert LOG.origin in shown.json["evidence"][0]["request"]
    (state / STORE_FILE).unlink()
    for words in (["logs", "add", LOG.vkey.text()], ["logs", "list"], ["evidence"], ["serve"]):
        lost = run(capsys, *words, "--state", state)
        assert (lost.status, lost.json["code"]) == (2, "witness_store_lost"), words
    assert not (state / STORE_FILE).exists()
    note = tmp_path / "newest"
    note.write_text(LOG.note(8) + line)
    started = run(capsys, "logs", "add", LOG.vkey.text(), "--start", note, "--state", state)
    assert started.status == 0
    (row,) = run(capsys, "logs", "list", "--state", state).json["logs"]
    assert row["size"] == 8


def test_people_see_headings_what_is_new_and_that_there_is_nothing(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(capsys, state)
    assert [run(capsys, "logs", "add", LOG.vkey.text(), "--state", state).json["new"] for _ in range(2)] == [
        True,
        False,
    ]

    def shown(*words: str) -> list[str]:
        assert main(["witness", *words, "--state", str(state)]) == 0
        return capsys.readouterr().out.splitlines()

    heading, row = shown("logs", "list")
    assert heading.split("\t") == ["origin", "vkey", "size", "signed_at"]
    assert row.split("\t") == [LOG.origin, LOG.vkey.text(), "-", "-"]
    assert shown("evidence") == ["无 / none"]


def test_a_store_begun_anew_signs_nothing_below_what_was_signed(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that is said to be fresh and is not: the second file remembers."""
    make(capsys, state)
    run(capsys, "logs", "add", LOG.vkey.text(), "--state", state)
    name, signer = load_key(state)
    first = Witness(name=name, signer=signer, kept=Store(state / STORE_FILE))
    older = LOG.note(5) + first.add_checkpoint(LOG.request(0, 5))
    saved = (state / STORE_FILE).read_bytes()
    newest = LOG.note(8) + first.add_checkpoint(LOG.request(5, 8))
    (state / STORE_FILE).unlink()
    with pytest.raises(StoreUnavailable):
        first.add_checkpoint(LOG.request(8, 9))  # one that runs does not begin anew either
    assert run(capsys, "logs", "add", LOG.vkey.text(), "--fresh", "--state", state).status == 0
    fork = SampleLog(fork_at=2)
    for kept in (None, saved):
        if kept is not None:
            (state / STORE_FILE).write_bytes(kept)
        again = Witness(name=name, signer=signer, kept=Store(state / STORE_FILE))
        for request in (fork.request(0, 9), fork.request(5, 9), LOG.request(5, 8), LOG.request(0, 8)):
            with pytest.raises(StoreBehind):
                again.add_checkpoint(request)
    (state / STORE_FILE).unlink()
    note = tmp_path / "note"
    note.write_text(older)
    refused = run(capsys, "logs", "add", LOG.vkey.text(), "--start", note, "--state", state)
    assert (refused.status, refused.json["code"]) == (2, "witness_store_behind")
    note.write_text(newest)
    assert run(capsys, "logs", "add", LOG.vkey.text(), "--start", note, "--state", state).status == 0
    again = Witness(name=name, signer=signer, kept=Store(state / STORE_FILE))
    assert again.add_checkpoint(LOG.request(8, 9))


def test_the_public_checkpoint_is_compared_before_the_first_signature(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both files were lost or restored together: what the log shows still carries our own signature."""
    make(capsys, state)
    url = "https://trace.example.cn/logs/sample/checkpoint"
    added = run(capsys, "logs", "add", LOG.vkey.text(), "--url", url, "--state", state)
    assert added.status == 0
    name, signer = load_key(state)
    shown: list[str | OSError] = []
    asked: list[str] = []

    def fetch(address: str) -> str:
        asked.append(address)
        found = shown[-1]
        if isinstance(found, OSError):
            raise found
        return found

    def restarted() -> Witness:
        return Witness(name=name, signer=signer, kept=Store(state / STORE_FILE), fetch=fetch)

    witness = restarted()
    for wrong in (TimeoutError(), "nonsense", SampleLog(key="thief").note(8)):
        shown.append(wrong)
        with pytest.raises(LogUnreachable):
            witness.add_checkpoint(LOG.request(0, 5))
    shown.append(LOG.note(8))  # another's, not ours
    older = (state / STORE_FILE).read_bytes()
    newest = LOG.note(5) + witness.add_checkpoint(LOG.request(0, 5))
    witness.add_checkpoint(LOG.request(5, 6))
    assert asked == [url] * 4, "once in a run"
    (state / STORE_FILE).write_bytes(older)
    (state / "witness.marks").unlink()
    shown.append(newest)
    with pytest.raises(StoreBehind, match="checkpoint"):
        restarted().add_checkpoint(SampleLog(fork_at=2).request(0, 9))
    assert run(capsys, "logs", "add", LOG.vkey.text(), "--url", "file:///x", "--state", state).json["code"] == (
        "witness_url_invalid"
    )


def test_keys_that_are_no_log_s(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make(capsys, state)
    assert run(capsys, "logs", "add", made.json["vkey"], "--state", state).json["code"] == "witness_not_a_log_key"
    assert run(capsys, "logs", "add", "nonsense", "--state", state).json["code"] == "malformed_vkey"


@pytest.mark.parametrize("listen", ["7380", "localhost:", "localhost:x", "localhost:99999", "256.0.0.1:0"])
def test_addresses_that_nobody_can_listen_on(state: Path, listen: str, capsys: pytest.CaptureFixture[str]) -> None:
    make(capsys, state)
    assert run(capsys, "serve", "--state", state, "--listen", listen).json["code"] == "listen_invalid"


def test_for_people_too(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(capsys, state)
    capsys.readouterr()
    for words in (["keys", "show"], ["logs", "list"], ["evidence"]):
        assert main(["witness", *words, "--state", str(state)]) == 0
    assert "witness.example/one+" in capsys.readouterr().out
