"""Installing: keys made once, key folder and database tied together, production apart from development."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.cli.installation import PASSPHRASE_FILE, prepare_keys
from coldtrace.env import Env, KeyMissing, Keyring
from coldtrace.ledger import service as ledger
from coldtrace.parties import service as parties
from coldtrace.parties import signing_keys, store
from coldtrace.parties.keys import (
    DEVELOPMENT_FILE,
    USES,
    encrypt_keys,
    is_development,
    key_files,
    make_keys,
    read_root,
)
from coldtrace.parties.refusals import (
    DatabaseOfAnotherInstallation,
    DevelopmentOnly,
    NotInstalled,
    PassphraseMissing,
    PublicTestKey,
)
from coldtrace.seal.keys import KeyFileUnencrypted, UnreadableKeyFile, key_id, kid, load_signer, replace_private_key
from coldtrace.seal.passphrase import PassphraseUnusable
from coldtrace.seal.root_document import net_of, parse_root, write_root
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.settings import Settings
from support.house import make_env
from support.log_entries import LOG
from support.ticking import TickingClock
from support.tlog_vectors import signer

OLD, NEW = b"an old passphrase", b"a new passphrase"


def fresh(folder: Path) -> Env:
    return replace(make_env(folder), clock=TickingClock())


def install(session: Session, env: Env) -> None:
    parties.install(session, env, root_text=read_root(env.keyring.folder), development=True)


def test_keys_are_private_and_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "keys"
    make_keys(folder, development=False)
    assert folder.stat().st_mode & 0o777 == 0o700
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {*(f"{use}.pem" for use in USES), "root.json"}
    assert all((folder / f"{use}.pem").stat().st_mode & 0o777 == 0o600 for use in USES)
    make_keys(folder, development=False)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    root = parse_root(read_root(folder))
    assert [each.spki for each in root.roots] == [load_signer(folder / "root.pem").spki]
    assert len({load_signer(folder / f"{use}.pem").spki for use in USES}) == len(USES)


def test_a_lost_root_document_comes_back_as_it_was(tmp_path: Path) -> None:
    """The keys of an installation are never made anew behind its back."""
    make_keys(tmp_path, development=False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "root.json").unlink()
    make_keys(tmp_path, development=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("left", [0, 1, 2, 3, 4])
def test_a_start_that_was_cut_short_goes_on(tmp_path: Path, left: int) -> None:
    make_keys(tmp_path, development=False)
    (tmp_path / "root.json").unlink()
    kept = {use: (tmp_path / f"{use}.pem").read_bytes() for use in USES[:left]}
    torn = tmp_path / f"{USES[left]}.pem"
    torn.write_bytes(torn.read_bytes()[:20])
    for use in USES[left + 1 :]:
        (tmp_path / f"{use}.pem").unlink()
    make_keys(tmp_path, development=False)
    assert {use: (tmp_path / f"{use}.pem").read_bytes() for use in USES[:left]} == kept
    assert all(load_signer(tmp_path / f"{use}.pem") for use in USES)
    assert torn.with_suffix(".pem.unreadable").exists()


def test_no_keys_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled):
        read_root(tmp_path)
    with pytest.raises(KeyMissing):
        Keyring(tmp_path).signer("root")


def test_installing_twice_changes_nothing(session: Session, tmp_path: Path) -> None:
    env = fresh(tmp_path / "keys")
    install(session, env)
    tables = ("installation", "trust_list", "signing_key", "ledger_log", "ledger_checkpoint", "ledger_entry")
    counts = {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}
    assert counts == {
        "installation": 1, "trust_list": 1, "signing_key": 4, "ledger_log": 1, "ledger_checkpoint": 1, "ledger_entry": 1
    }  # fmt: skip
    install(session, env)
    assert counts == {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}
    row = store.installation(session)
    assert row is not None
    assert (row.net, row.net) == (env.net, net_of(row.root))


def test_another_key_folder_is_refused(session: Session, tmp_path: Path) -> None:
    install(session, fresh(tmp_path / "keys"))
    head = ledger.checkpoint(session, LOG)
    other = fresh(tmp_path / "other")
    with pytest.raises(DatabaseOfAnotherInstallation, match="other"):
        install(session, other)
    assert ledger.checkpoint(session, LOG) == head
    assert session.execute(text("SELECT count(*) FROM trust_list")).scalar_one() == 1


def test_two_first_starts_at_once_make_one_installation(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    env = fresh(tmp_path / "keys")
    barrier = threading.Barrier(4)
    failed: list[Exception] = []

    def start() -> None:
        barrier.wait()
        try:
            with sessions.begin() as session:
                install(session, env)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            failed.append(error)

    starts = [threading.Thread(target=start) for _ in range(4)]
    for each in starts:
        each.start()
    for each in starts:
        each.join()
    assert failed == []
    with sessions() as session:
        assert session.execute(text("SELECT count(*) FROM trust_list")).scalar_one() == 1


def test_production_refuses_keys_made_for_development(tmp_path: Path) -> None:
    development = Settings(data_dir=tmp_path / "data")
    prepare_keys(development)
    assert is_development(tmp_path / "data" / "keys")
    assert (tmp_path / "data" / "keys" / DEVELOPMENT_FILE).exists()
    prepare_keys(development)
    with pytest.raises(DevelopmentOnly):
        prepare_keys(Settings(data_dir=tmp_path / "data", env="production"))


def test_production_never_makes_keys_by_itself(tmp_path: Path) -> None:
    production = Settings(data_dir=tmp_path / "data", env="production")
    with pytest.raises(NotInstalled):
        prepare_keys(production)
    folder = tmp_path / "data" / "keys"
    make_keys(folder, development=False)
    with pytest.raises(PassphraseMissing):
        prepare_keys(production)
    passphrase = tmp_path / "passphrase"
    passphrase.write_bytes(b"sixteen signs and more\n")
    production = Settings(data_dir=tmp_path / "data", env="production", key_passphrase_file=passphrase)
    with pytest.raises(PassphraseUnusable, match="chmod 600"):
        prepare_keys(production)
    passphrase.chmod(0o600)
    with pytest.raises(KeyFileUnencrypted, match="coldtrace keys passphrase"):
        prepare_keys(production)
    assert encrypt_keys(folder, old=None, new=b"sixteen signs and more") == len(USES)
    assert prepare_keys(production) == b"sixteen signs and more"
    assert not is_development(folder)


def test_development_keeps_a_passphrase_beside_its_keys(tmp_path: Path) -> None:
    settings, folder = Settings(data_dir=tmp_path), tmp_path / "keys"
    passphrase = prepare_keys(settings)
    kept = tmp_path / PASSPHRASE_FILE
    assert (kept.stat().st_mode & 0o777, kept.read_bytes()) == (0o600, passphrase + b"\n")
    assert prepare_keys(settings) == passphrase
    assert all(path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") for path in key_files(folder))
    assert Keyring(folder, passphrase).signer("root").spki == parse_root(read_root(folder)).roots[0].spki


def test_development_keys_of_the_time_before_are_encrypted_at_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    make_keys(folder, development=True)
    before = {path.name: load_signer(path).spki for path in key_files(folder)}
    passphrase = prepare_keys(Settings(data_dir=tmp_path))
    assert {path.name: load_signer(path, passphrase).spki for path in key_files(folder)} == before


def test_a_change_of_passphrase_that_was_cut_short_is_finished_by_repeating_it(tmp_path: Path) -> None:
    make_keys(tmp_path, development=False, passphrase=OLD)
    before = {path.name: load_signer(path, OLD).spki for path in key_files(tmp_path)}
    replace_private_key(load_signer(tmp_path / "log.pem", OLD), tmp_path / "log.pem", NEW)
    for _ in range(2):
        assert encrypt_keys(tmp_path, old=OLD, new=NEW) == len(before)
        assert {path.name: load_signer(path, NEW).spki for path in key_files(tmp_path)} == before
    with pytest.raises(UnreadableKeyFile):
        encrypt_keys(tmp_path, old=OLD, new=b"yet another passphrase")
    assert {path.name: load_signer(path, NEW).spki for path in key_files(tmp_path)} == before
    assert not list(tmp_path.glob("*.part"))


def test_an_installation_of_the_time_before_gets_a_status_key(session: Session, tmp_path: Path) -> None:
    env = fresh(tmp_path / "keys")
    install(session, env)
    session.execute(text("DELETE FROM signing_key WHERE use = 'status'"))
    (tmp_path / "keys" / "status.pem").unlink()
    for _ in range(2):
        install(session, env)
        assert [row.use for row in store.signing_keys(session)] == ["enrolment", "log", "receipt", "status"]
    newest = store.newest_trust_list(session)
    assert newest is not None
    status = env.keyring.signer("status")
    assert newest.seq == 2
    assert open_trust_list(newest.envelope, root=None).key_of(key_id(status.spki), "status")


def test_keys_that_everybody_has_are_for_development_only(session: Session, tmp_path: Path) -> None:
    root = write_root(roots={"r1": signer("development root").spki}, threshold=1)
    make_keys(tmp_path, development=False, root_text=root.text)
    made = Env(net=root.net, log=LOG, public_host="trace.example.cn", keyring=Keyring(tmp_path))
    with pytest.raises(PublicTestKey, match="keys/"):
        parties.install(session, made, root_text=root.text, development=False)


def test_a_public_code_key_stops_the_next_start(session: Session, tmp_path: Path) -> None:
    env = fresh(tmp_path / "keys")
    install(session, env)
    signing_keys.keep_key(session, use="code", signer=signer("enrolment"), now=env.clock())
    install(session, env)
    with pytest.raises(PublicTestKey, match=kid(signer("enrolment").spki)):
        parties.install(session, env, root_text=read_root(env.keyring.folder), development=False)


def test_a_missing_signing_key_is_named(session: Session, tmp_path: Path) -> None:
    env = fresh(tmp_path / "keys")
    (tmp_path / "keys" / "log.pem").unlink()
    with pytest.raises(KeyMissing, match=r"log\.pem"):
        install(session, env)
