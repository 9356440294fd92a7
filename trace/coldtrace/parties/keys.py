"""The installation's own keys: made once, one file each, one use each, encrypted with one passphrase."""

import os
from collections.abc import Collection
from pathlib import Path

from coldtrace.env import Env, station_key
from coldtrace.parties.refusals import NotInstalled
from coldtrace.seal.keys import (
    CLEAR_PEM,
    Ed25519Signer,
    FileSigner,
    KeyFileUnencrypted,
    Signer,
    UnreadableKeyFile,
    generate_signer,
    kid,
    load_signer,
    replace_private_key,
    save_private_key,
)
from coldtrace.seal.root_document import write_root

ROOT_FILE = "root.json"
DEVELOPMENT_FILE = "DEVELOPMENT"
OWN_USES = ("enrolment", "receipt", "log", "status")
"""What the service itself signs, each with a key of its own; first stations' code keys come by registration."""

USES = ("root", *OWN_USES)


def make_keys(
    folder: Path, *, development: bool, passphrase: bytes | None = None, root_text: str | None = None
) -> None:
    """Make the keys of a new installation in `folder` (0700); keys that exist are left alone.

    With the `root_text` of roots that are held elsewhere no root key is made here.  The genesis root document, whose
    hash names the installation, is written last, so that a folder with one is complete.  If it alone is lost, it is
    written again as it was: it follows from the root key.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    if (folder / ROOT_FILE).exists():
        return
    if development:
        (folder / DEVELOPMENT_FILE).write_text("These keys are for development; production refuses them.\n")
    for use in USES if root_text is None else OWN_USES:
        path = folder / f"{use}.pem"
        if not _is_whole(path, passphrase):
            save_private_key(Ed25519Signer.generate(), path, passphrase)
    if root_text is None:
        root_text = write_root(roots={"r1": load_signer(folder / "root.pem", passphrase).spki}, threshold=1).text
    _write_root(folder, root_text)


def _is_whole(path: Path, passphrase: bytes | None) -> bool:
    """Tell whether there is a key; one that a start left half written is put aside."""
    if not path.exists():
        return False
    try:
        load_signer(path, passphrase)
    except UnreadableKeyFile:
        path.rename(path.with_suffix(".pem.unreadable"))
        return False
    return True


def _write_root(folder: Path, root_text: str) -> None:
    part = folder / f"{ROOT_FILE}.part"
    with part.open("wb") as file:
        file.write(root_text.encode())
        file.flush()
        os.fsync(file.fileno())
    part.rename(folder / ROOT_FILE)


def read_root(folder: Path) -> str:
    """Return the exact text of the genesis root document; raise NotInstalled when there is none."""
    path = folder / ROOT_FILE
    if not path.exists():
        raise NotInstalled()
    return path.read_text(encoding="utf-8")


def is_development(folder: Path) -> bool:
    """Tell whether the keys in `folder` were made for development."""
    return (folder / DEVELOPMENT_FILE).exists()


def key_files(folder: Path) -> list[Path]:
    """Return the files of private keys in a folder."""
    return sorted(folder.glob("*.pem"))


def any_unencrypted(folder: Path) -> bool:
    """Tell whether any key lies there in clear."""
    return any(_is_clear(path) for path in key_files(folder))


def require_encrypted(folder: Path) -> None:
    """Raise KeyFileUnencrypted for the first key that lies there in clear."""
    for path in key_files(folder):
        if _is_clear(path):
            raise KeyFileUnencrypted(path=str(path))


def _is_clear(path: Path) -> bool:
    return path.read_bytes().startswith(CLEAR_PEM)


def encrypt_keys(folder: Path, *, old: bytes | None, new: bytes) -> int:
    """Put every key file of a folder under the passphrase `new`; return how many there are.

    Each file may be in clear, under `old`, or already under `new`, so a change that was cut short is finished by
    repeating it.  Nothing is written before all of them could be read.  Raises what reading them raises.
    """
    signers = [(path, _load_any(path, old=old, new=new)) for path in key_files(folder)]
    for path, signer in signers:
        replace_private_key(signer, path, new)
    return len(signers)


def _load_any(path: Path, *, old: bytes | None, new: bytes) -> FileSigner:
    for passphrase in (new, old, None):
        try:
            return load_signer(path, passphrase)
        except (UnreadableKeyFile, KeyFileUnencrypted):
            continue
    raise UnreadableKeyFile(path=str(path))


def use_key(env: Env, use: str) -> Signer:
    """Return the signer of one of the installation's uses, making its key if the installation is older than the use."""
    path = env.keyring.folder / f"{use}.pem"
    if not path.exists():
        save_private_key(Ed25519Signer.generate(), path, env.keyring.passphrase)
    return env.keyring.signer(use)


def make_station_key(env: Env, gln: str, *, known: Collection[str], alg: str = "Ed25519") -> Signer:
    """Make and keep a code key for a first station, with a kid that is none of the `known` ones.

    A key file that an attempt before left behind, without the database knowing of it, is taken up again.
    Raises UnsupportedAlgorithm.
    """
    for path in sorted(env.keyring.folder.glob(f"station-{gln}-*.pem")):
        if path.stem.rpartition("-")[2] not in known and env.keyring.signer(path.stem).alg == alg:
            return env.keyring.signer(path.stem)
    signer = generate_signer(alg)
    while kid(signer.spki) in known:
        signer = generate_signer(alg)
    path = env.keyring.folder / f"{station_key(gln, kid(signer.spki))}.pem"
    save_private_key(signer, path, env.keyring.passphrase)
    return signer


def name_station_keys(folder: Path, passphrase: bytes | None) -> None:
    """Give key files of the time when a station had one key, `station-GLN.pem`, the name with the kid in it."""
    for path in folder.glob("station-*.pem"):
        if path.stem.count("-") == 1:
            name = station_key(path.stem.partition("-")[2], kid(load_signer(path, passphrase).spki))
            path.rename(path.with_name(f"{name}.pem"))


def make_log_key(env: Env, name: str) -> Signer:
    """Make and keep the key of another log; one that is there from an opening that failed is taken."""
    keyring = env.keyring
    path = keyring.folder / f"log-{name}.pem"
    if not _is_whole(path, keyring.passphrase):
        save_private_key(Ed25519Signer.generate(), path, keyring.passphrase)
    return load_signer(path, keyring.passphrase)
