"""What a use case may lean on besides its session: clock, chance, identity of the installation, signers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from coldtrace.clock import new_id as fresh_id
from coldtrace.clock import now, random_bytes
from coldtrace.errors import Refusal, Words
from coldtrace.seal.keys import Signer, load_signer
from coldtrace.seal.witness_policy import WitnessPolicy


class KeyMissing(Refusal):
    """A private key that this use case needs is not in the key folder."""

    code = "key_missing"
    title = Words("缺少签名密钥", "A signing key is missing")
    detail = Words(
        "密钥文件 {name} 不在密钥目录中。请恢复备份，或由管理员重新建立密钥。",
        "The key file {name} is not in the key folder. Restore it from backup or have an administrator make keys.",
    )


class Keyring:
    """The private keys of this installation, one encrypted 0600 file each, loaded when first used.

    Without a passphrase the files are in clear, as tests have them.
    """

    def __init__(self, folder: Path, passphrase: bytes | None = None) -> None:
        self.folder, self.passphrase = folder, passphrase
        self._signers: dict[str, Signer] = {}

    def signer(self, name: str) -> Signer:
        """Return the signer kept in `<folder>/<name>.pem`; raise KeyMissing when there is none."""
        if name not in self._signers:
            path = self.folder / f"{name}.pem"
            if not path.exists():
                raise KeyMissing(name=path.name)
            self._signers[name] = load_signer(path, self.passphrase)
        return self._signers[name]


FIRST_LOG = 1
"""The number of the log that an installation opens by itself; those of `coldtrace ledger open` follow."""


@dataclass(frozen=True, kw_only=True)
class Log:
    """One log of the installation: its number in the tables, and the origin that it signs under for ever."""

    id: int
    origin: str

    @property
    def name(self) -> str:
        """The last part of the origin: the log's name in addresses and folders."""
        return self.origin.rpartition("/")[2]

    @property
    def key_name(self) -> str:
        """The name of its key in the keyring."""
        return "log" if self.id == FIRST_LOG else f"log-{self.name}"


@dataclass(frozen=True, kw_only=True)
class Env:
    """One installation at work.

    `net` names the installation (SHA-256 of its genesis root document), `log` is the log that takes its statements
    now, `public_host` is what codes carry.  `policy` says whose cosignatures are wanted on every checkpoint; None where
    nobody has said, which is not the same as a policy without witnesses: the trust list then stays as it is.
    """

    net: bytes
    log: Log
    public_host: str
    keyring: Keyring
    policy: WitnessPolicy | None = None
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = fresh_id
    random: Callable[[int], bytes] = random_bytes

    @property
    def origin(self) -> str:
        """The origin of the current log."""
        return self.log.origin

    @property
    def asked(self) -> WitnessPolicy:
        """The witnesses that this process asks: none where nobody has said."""
        return self.policy or WitnessPolicy()


def station_key(gln: str, kid: str) -> str:
    """Return the keyring name of one of a first station's code keys."""
    return f"station-{gln}-{kid}"
