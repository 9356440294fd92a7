"""The bytes of an entry bundle (C2SP tlog-tiles): each leaf behind its length, big-endian, two bytes.

>>> write_bundle([b"one", b"three"]).hex(" ", 1)
'00 03 6f 6e 65 00 05 74 68 72 65 65'
>>> read_bundle(bytes.fromhex("00036f6e65"), count=1)
[b'one']
"""

from collections.abc import Iterable

from coldtrace.errors import Refusal, Words

MAX_LEAF_BYTES = 65_535


class MalformedBundle(Refusal):
    """The bytes are not that many leaves."""

    code = "malformed_entry_bundle"
    title = Words("日志条目包有误", "Malformed entry bundle")
    detail = Words(
        "条目包的字节与应有的 {count} 条不符；请重新下载，若仍如此请报告日志运营者。",
        "The bytes of the entry bundle are not {count} entries; fetch it again, and report it if that persists.",
    )


class LeafTooLong(Refusal):
    """A leaf must fit the two-byte length of an entry bundle."""

    code = "leaf_too_long"
    title = Words("日志条目过长", "Leaf too long")
    detail = Words(
        "一条日志有 {length} 字节，上限是 {limit} 字节；请拆分后再提交。",
        "The leaf has {length} bytes and the limit is {limit}; split it and submit again.",
    )


def write_bundle(leaves: Iterable[bytes]) -> bytes:
    """Return the bundle of these leaves; raise LeafTooLong."""
    parts: list[bytes] = []
    for leaf in leaves:
        if len(leaf) > MAX_LEAF_BYTES:
            raise LeafTooLong(length=len(leaf), limit=MAX_LEAF_BYTES)
        parts += [len(leaf).to_bytes(2, "big"), leaf]
    return b"".join(parts)


def read_bundle(data: bytes, *, count: int) -> list[bytes]:
    """Return the `count` leaves of a bundle; raise MalformedBundle if there are more, fewer, or a rest."""
    leaves: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data) or len(leaves) == count:
            raise MalformedBundle(count=count)
        leaves.append(data[at + 2 : end])
        at = end
    if len(leaves) != count:
        raise MalformedBundle(count=count)
    return leaves
