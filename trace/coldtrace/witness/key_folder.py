"""The key of a witness: made once, encrypted, read by its owner only.

    <state>/keys/witness.pem    PKCS#8, encrypted with the passphrase, 0600
    <state>/witness.vkey        the public half, to be handed out
    <state>/key-passphrase      a generated passphrase, 0600, unless another file is named

The generated passphrase lies beside the key folder, not in it: a copy of the folder alone gives nothing away.  Against
somebody who reads the whole disk it does not protect; for that name a file that systemd or a key service provides.
"""

import os
from pathlib import Path

from coldtrace.seal.cosignature import witness_vkey
from coldtrace.seal.keys import Ed25519Signer, load_signer, save_private_key
from coldtrace.seal.passphrase import make_passphrase, read_passphrase
from coldtrace.seal.vkey import Vkey, is_key_name, parse_vkey
from coldtrace.witness.refusals import BadWitnessName, NoWitnessKey, WitnessKeyExists

PASSPHRASE_FILE = "key-passphrase"


def make_key(state: Path, *, name: str, passphrase_file: Path | None = None) -> Vkey:
    """Make the one key of a witness and return its public half.

    Raises BadWitnessName, WitnessKeyExists, PassphraseUnusable.
    """
    if not is_key_name(name):
        raise BadWitnessName(name=name)
    if key_path(state).exists() or vkey_path(state).exists():
        raise WitnessKeyExists(folder=str(state))
    for folder in (state, key_path(state).parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = state / PASSPHRASE_FILE
    passphrase = make_passphrase(own) if passphrase_file is None else read_passphrase(passphrase_file)
    signer = Ed25519Signer.generate()
    save_private_key(signer, key_path(state), passphrase)
    vkey = witness_vkey(name=name, spki=signer.spki)
    _write_new(vkey_path(state), f"{vkey.text()}\n", mode=0o644)
    return vkey


def load_key(state: Path, *, passphrase_file: Path | None = None) -> tuple[str, Ed25519Signer]:
    """Return name and signer; raise NoWitnessKey, PassphraseUnusable, and what `load_signer` refuses."""
    vkey = show_key(state)
    signer = load_signer(key_path(state), read_passphrase(passphrase_file or state / PASSPHRASE_FILE))
    if not isinstance(signer, Ed25519Signer) or signer.spki != vkey.spki:
        raise NoWitnessKey(folder=str(state))
    return vkey.name, signer


def show_key(state: Path) -> Vkey:
    """Return the public half; raise NoWitnessKey."""
    if not key_path(state).exists() or not vkey_path(state).exists():
        raise NoWitnessKey(folder=str(state))
    return parse_vkey(vkey_path(state).read_text(encoding="utf-8").strip())


def key_path(state: Path) -> Path:
    """Return where the private key lies."""
    return state / "keys" / "witness.pem"


def vkey_path(state: Path) -> Path:
    """Return where the public half lies."""
    return state / "witness.vkey"


def _write_new(path: Path, text: str, *, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
