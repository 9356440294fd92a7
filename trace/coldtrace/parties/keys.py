"""The installation's own keys: made once, one file each, one use each."""

import os
from collections.abc import Collection
from pathlib import Path

from coldtrace.env import Env, station_key
from coldtrace.parties.refusals import NotInstalled
from coldtrace.seal.keys import Ed25519Signer, Signer, UnreadableKeyFile, kid, load_signer, save_private_key
from coldtrace.seal.root_document import write_root

ROOT_FILE = "root.json"
DEVELOPMENT_FILE = "DEVELOPMENT"
USES = ("root", "enrolment", "receipt", "log")


def make_keys(folder: Path, *, development: bool) -> None:
    """Make the keys of a new installation in `folder` (0700); keys that exist are left alone.

    The genesis root document, whose hash names the installation, is written last, so that a folder with one
    is complete.  If it alone is lost, it is written again as it was: it follows from the root key.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    if (folder / ROOT_FILE).exists():
        return
    if development:
        (folder / DEVELOPMENT_FILE).write_text("These keys are for development; production refuses them.\n")
    for use in USES:
        path = folder / f"{use}.pem"
        if not _is_whole(path):
            save_private_key(Ed25519Signer.generate(), path)
    _write_root(folder)


def _is_whole(path: Path) -> bool:
    """Tell whether there is a key; one that a start left half written is put aside."""
    if not path.exists():
        return False
    try:
        load_signer(path)
    except UnreadableKeyFile:
        path.rename(path.with_suffix(".pem.unreadable"))
        return False
    return True


def _write_root(folder: Path) -> None:
    signer = load_signer(folder / "root.pem")
    root = write_root(roots={"r1": signer.spki}, threshold=1)
    part = folder / f"{ROOT_FILE}.part"
    with part.open("wb") as file:
        file.write(root.text.encode())
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


def make_station_key(env: Env, gln: str, *, known: Collection[str]) -> Signer:
    """Make and keep a code key for a first station, with a kid that is none of the `known` ones.

    A key file that an attempt before left behind, without the database knowing of it, is taken up again.
    """
    for path in sorted(env.keyring.folder.glob(f"station-{gln}-*.pem")):
        if path.stem.rpartition("-")[2] not in known:
            return env.keyring.signer(path.stem)
    signer = Ed25519Signer.generate()
    while kid(signer.spki) in known:
        signer = Ed25519Signer.generate()
    save_private_key(signer, env.keyring.folder / f"{station_key(gln, kid(signer.spki))}.pem")
    return signer


def name_station_keys(folder: Path) -> None:
    """Give key files of the time when a station had one key, `station-GLN.pem`, the name with the kid in it."""
    for path in folder.glob("station-*.pem"):
        if path.stem.count("-") == 1:
            name = station_key(path.stem.partition("-")[2], kid(load_signer(path).spki))
            path.rename(path.with_name(f"{name}.pem"))
