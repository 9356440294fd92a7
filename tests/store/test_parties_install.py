"""Installing: keys made once, key folder and database tied together, production apart from development."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.cli.installation import prepare_keys
from coldtrace.env import Env, KeyMissing, Keyring
from coldtrace.ledger import service as ledger
from coldtrace.parties import service as parties
from coldtrace.parties import store
from coldtrace.parties.keys import DEVELOPMENT_FILE, USES, is_development, make_keys, read_root
from coldtrace.parties.refusals import DatabaseOfAnotherInstallation, DevelopmentOnly, NotInstalled
from coldtrace.seal.keys import load_signer
from coldtrace.seal.root_document import net_of, parse_root
from coldtrace.settings import Settings
from support.house import make_env
from support.ticking import TickingClock


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


@pytest.mark.parametrize("left", [0, 1, 2, 3])
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
        "installation": 1, "trust_list": 1, "signing_key": 3, "ledger_log": 1, "ledger_checkpoint": 1, "ledger_entry": 1
    }  # fmt: skip
    install(session, env)
    assert counts == {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}
    row = store.installation(session)
    assert row is not None
    assert (row.net, row.net) == (env.net, net_of(row.root))


def test_another_key_folder_is_refused(session: Session, tmp_path: Path) -> None:
    install(session, fresh(tmp_path / "keys"))
    head = ledger.checkpoint(session)
    other = fresh(tmp_path / "other")
    with pytest.raises(DatabaseOfAnotherInstallation, match="other"):
        install(session, other)
    assert ledger.checkpoint(session) == head
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
    make_keys(tmp_path / "data" / "keys", development=False)
    prepare_keys(production)
    assert not is_development(tmp_path / "data" / "keys")


def test_a_missing_signing_key_is_named(session: Session, tmp_path: Path) -> None:
    env = fresh(tmp_path / "keys")
    (tmp_path / "keys" / "log.pem").unlink()
    with pytest.raises(KeyMissing, match=r"log\.pem"):
        install(session, env)
