"""A log in memory that grows, forks and signs, and its publisher's side of the witness protocol."""

from collections.abc import Sequence

from coldtrace.seal.add_checkpoint import AddCheckpoint
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.merkle import consistency_path, tree_root
from coldtrace.seal.vkey import Vkey, vkey_of
from support.tlog_vectors import signer

ORIGIN = "trace.example.cn/logs/sample"


class SampleLog:
    """Leaves are `<seed> N`; from leaf `fork_at` on they differ from those of the log without a fork."""

    def __init__(self, *, origin: str = ORIGIN, key: str = "sample log", fork_at: int | None = None) -> None:
        self.signer, self.origin = signer(key), origin
        self._fork_at = fork_at

    @property
    def vkey(self) -> Vkey:
        """The log's public key."""
        return vkey_of(name=self.origin, spki=self.signer.spki)

    def hashes(self, size: int) -> list[bytes]:
        """Return the hashes of the first leaves."""
        forked = size if self._fork_at is None else self._fork_at
        return [leaf_hash(b"%s %d" % (b"leaf" if at < forked else b"fork", at)) for at in range(size)]

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` leaves."""
        return tree_root(self.hashes(size))

    def note(self, size: int) -> str:
        """Return the signed checkpoint of the first `size` leaves."""
        return sign_checkpoint(Checkpoint(self.origin, size, self.root(size)), self.signer)

    def proof(self, old: int, new: int) -> Sequence[bytes]:
        """Return the consistency proof between two sizes."""
        return consistency_path(self.hashes(new), old, new)

    def request(self, old: int, size: int, *, proof: Sequence[bytes] | None = None) -> bytes:
        """Return the body that asks a witness to cosign `size`, from `old` on."""
        made = self.proof(old, size) if proof is None and old <= size else proof or ()
        return AddCheckpoint(old=old, proof=tuple(made), note=self.note(size)).text().encode()
