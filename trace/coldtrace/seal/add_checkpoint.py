"""The one request of the witness protocol (C2SP tlog-witness), as its two ends write and read it.

    POST <witness>/add-checkpoint
    old <size of the last checkpoint that the witness has cosigned, decimal>
    <padded base64 of 32 bytes>       a consistency proof from there, at most 63 lines
    (blank line)
    the checkpoint note, byte for byte

Answers: 200 and signature lines, or 404 unknown origin, 403 bad signature, 400 unreadable or old above the size, 409
and the witness's own size as `text/x.tlog.size`, 422 a proof that does not hold.

>>> request = AddCheckpoint(old=2, proof=(bytes(32),), note="example.com/log\\n3\\n...")
>>> print(request.text())
old 2
AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
<BLANKLINE>
example.com/log
3
...
>>> monitor_path("example.com/log")
'4d3203c8f35cdf600e475f55fede6081a703d3d322f208865fca2ec4f0e030f8/checkpoint'
"""

import re
from dataclasses import dataclass

from coldtrace.errors import Refusal, Words
from coldtrace.seal.b64 import MalformedBase64, std_b64, un_std_b64
from coldtrace.seal.hashing import HASH_BYTES, sha256

PROOF_MAX = 63
SIZE_TYPE = "text/x.tlog.size"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class MalformedAddCheckpoint(Refusal):
    """The body is no add-checkpoint request."""

    code = "malformed_add_checkpoint"
    title = Words("见证请求格式有误", "Malformed add-checkpoint request")
    detail = Words(
        "请求不是 C2SP tlog-witness 的 add-checkpoint 格式（{where}）；请核对日志发布程序的版本。",
        "The request is not an add-checkpoint of C2SP tlog-witness ({where}); check the log's publisher.",
    )


@dataclass(frozen=True, kw_only=True)
class AddCheckpoint:
    """A request as read; nothing of it is verified."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """Return the body."""
        lines = [f"old {self.old}", *map(std_b64, self.proof), ""]
        return "\n".join(lines) + "\n" + self.note


def read_add_checkpoint(body: bytes) -> AddCheckpoint:
    """Return the request of a body; raise MalformedAddCheckpoint."""
    try:
        head, blank, note = body.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise MalformedAddCheckpoint(where="utf-8") from None
    first, *lines = head.split("\n")
    if not blank or not note:
        raise MalformedAddCheckpoint(where="blank line")
    if not first.startswith("old ") or not _SIZE.fullmatch(first[4:]):
        raise MalformedAddCheckpoint(where="old")
    if len(lines) > PROOF_MAX:
        raise MalformedAddCheckpoint(where="proof")
    return AddCheckpoint(old=int(first[4:]), proof=tuple(map(_hash, lines)), note=note)


def read_size(body: bytes) -> int | None:
    """Return the size in a 409 answer, None if there is none."""
    text = body.decode("ascii", errors="replace")
    return int(text[:-1]) if text.endswith("\n") and _SIZE.fullmatch(text[:-1]) else None


def monitor_path(origin: str) -> str:
    """Return where, under a witness's prefix, the newest checkpoint of a log that it has cosigned lies."""
    return f"{sha256(origin.encode('utf-8')).hex()}/checkpoint"


def _hash(line: str) -> bytes:
    try:
        data = un_std_b64(line)
    except MalformedBase64:
        raise MalformedAddCheckpoint(where="proof") from None
    if len(data) != HASH_BYTES:
        raise MalformedAddCheckpoint(where="proof")
    return data
