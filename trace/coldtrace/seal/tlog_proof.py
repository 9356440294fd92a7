"""Offline proof that a leaf is in a log (C2SP tlog-proof): one text file with index, path and checkpoint.

c2sp.org/tlog-proof@v1
extra <padded base64>          may be missing; nobody has signed it
index <decimal>
<padded base64 of 32 bytes>    one line a hash, from the leaf's sibling upwards
(blank line)
the checkpoint note, byte for byte
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from coldtrace.errors import Refusal, Words
from coldtrace.seal.b64 import MalformedBase64, std_b64, un_std_b64
from coldtrace.seal.checkpoint import OpenedCheckpoint, open_checkpoint
from coldtrace.seal.cosignature import has_quorum
from coldtrace.seal.hashing import HASH_BYTES
from coldtrace.seal.inclusion import MAX_SIZE, verify_inclusion
from coldtrace.seal.vkey import Vkey

HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_MAX_PATH = 63


class MalformedProof(Refusal):
    """The text is no tlog-proof."""

    code = "malformed_proof"
    title = Words("证明文件格式有误", "Malformed proof")
    detail = Words(
        "文件不是 c2sp.org/tlog-proof@v1 证明；请重新下载，不要改动其中的换行。",
        "The file is not a c2sp.org/tlog-proof@v1 proof; fetch it again and leave its line ends alone.",
    )


class ProofRefused(Refusal):
    """The path does not lead from this leaf to the root of the checkpoint."""

    code = "proof_refused"
    title = Words("证明不成立", "Proof refused")
    detail = Words(
        "该记录不在大小为 {size} 的日志中的第 {index} 号位置；请勿采信此证明。",
        "The record is not leaf {index} of the log of size {size}; do not believe this proof.",
    )


class QuorumMissed(Refusal):
    """Fewer witnesses than the policy asks for have cosigned the checkpoint."""

    code = "quorum_missed"
    title = Words("见证人不足", "Too few witnesses")
    detail = Words(
        "检查点只有 {cosigned} 个见证签名，需要 {quorum} 个；请稍后用较新的证明再试。",
        "The checkpoint has {cosigned} of the {quorum} cosignatures it needs; try later with a newer proof.",
    )


@dataclass(frozen=True, kw_only=True)
class TlogProof:
    """A proof as read; nothing of it is verified."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def text(self) -> str:
        """Return the proof file."""
        extra = [] if self.extra is None else [f"extra {std_b64(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(std_b64, self.path), ""]
        return "\n".join(lines) + "\n" + self.checkpoint


def parse_tlog_proof(text: str) -> TlogProof:
    """Return the proof of a file's text; raise MalformedProof.  Nothing is verified."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or not note or lines.pop(0) != HEADER:
        raise MalformedProof()
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = _data(lines.pop(0).removeprefix("extra "))
    match = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if match is None or int(match[1]) >= MAX_SIZE or len(lines) > _MAX_PATH:
        raise MalformedProof()
    path = tuple(_data(line) for line in lines)
    if any(len(each) != HASH_BYTES for each in path):
        raise MalformedProof()
    return TlogProof(index=int(match[1]), path=path, checkpoint=note, extra=extra)


def verify_tlog_proof(
    proof: TlogProof | str,
    *,
    leaf_hash: bytes,
    log: Vkey | str,
    witnesses: Iterable[Vkey | str] = (),
    quorum: int = 0,
) -> OpenedCheckpoint:
    """Return the checkpoint under which the leaf is proved to be in the log.

    Raises MalformedProof, the refusals of `open_checkpoint`, ProofRefused, and QuorumMissed if fewer than `quorum`
    of the `witnesses` have cosigned.
    """
    proof = parse_tlog_proof(proof) if isinstance(proof, str) else proof
    opened = open_checkpoint(proof.checkpoint, log=log, witnesses=witnesses)
    head = opened.checkpoint
    if not verify_inclusion(leaf_hash=leaf_hash, index=proof.index, size=head.size, path=proof.path, root=head.root):
        raise ProofRefused(index=proof.index, size=head.size)
    if not has_quorum(opened.cosignatures, quorum=quorum):
        raise QuorumMissed(cosigned=len(opened.cosignatures), quorum=quorum)
    return opened


def _data(encoded: str) -> bytes:
    try:
        return un_std_b64(encoded)
    except MalformedBase64:
        raise MalformedProof() from None
