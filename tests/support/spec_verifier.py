"""A second opinion: C2SP notes, cosignatures, tiles and RFC 6962 proofs, written from the specifications alone.

It imports nothing of coldtrace.  Trees and proofs are the recursive definitions of RFC 6962, section 2.1, word for
word; Ed25519 is the slow arithmetic of `edwards`.  Where it and coldtrace disagree, one of the two is wrong.
"""

import hashlib
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from support import edwards

Leaf = bytes


def mth(entries: Sequence[bytes]) -> bytes:
    """Return the Merkle Tree Hash MTH(D[n]); `entries` are leaf hashes."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return entries[0]
    split = _k(len(entries))
    return _node(mth(entries[:split]), mth(entries[split:]))


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """Return PATH(m, D[n])."""
    if len(entries) == 1:
        return []
    split = _k(len(entries))
    if m < split:
        return [*path(m, entries[:split]), mth(entries[split:])]
    return [*path(m - split, entries[split:]), mth(entries[:split])]


def proof(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """Return PROOF(m, D[n])."""
    return [] if m in (0, len(entries)) else _subproof(m, entries, True)


def _subproof(m: int, entries: Sequence[bytes], whole: bool) -> list[bytes]:
    if m == len(entries):
        return [] if whole else [mth(entries)]
    split = _k(len(entries))
    if m <= split:
        return [*_subproof(m, entries[:split], whole), mth(entries[split:])]
    return [*_subproof(m - split, entries[split:], False), mth(entries[:split])]


def root_of_path(leaf: bytes, index: int, size: int, hashes: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to, by the recursion of PATH read backwards."""
    if size == 1:
        assert not hashes, "too many hashes"
        return leaf
    *below, last = hashes
    split = _k(size)
    if index < split:
        return _node(root_of_path(leaf, index, split, below), last)
    return _node(last, root_of_path(leaf, index - split, size - split, below))


def roots_of_proof(old: int, new: int, old_root: bytes, hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the old and the new root that a consistency proof leads to, by SUBPROOF read backwards."""
    return _roots(old, new, old_root, list(hashes), True)


def _roots(m: int, n: int, old_root: bytes, hashes: list[bytes], whole: bool) -> tuple[bytes, bytes]:
    if m == n:
        here = old_root if whole else hashes.pop()
        assert not hashes, "too many hashes"
        return here, here
    *below, last = hashes
    split = _k(n)
    if m <= split:
        old, new = _roots(m, split, old_root, below, whole)
        return old, _node(new, last)
    old, new = _roots(m - split, n - split, old_root, below, False)
    return _node(last, old), _node(last, new)


def _k(n: int) -> int:
    split = 1
    while split * 2 < n:
        split *= 2
    return split


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True)
class Key:
    """A vkey: name, id, kind, key bytes."""

    name: str
    id: bytes
    kind: int
    raw: bytes


def read_vkey(text: str) -> Key:
    """Return a vkey whose id is the hash of its name and key."""
    name, id_hex, encoded = text.split("+", 2)
    data = b64decode(encoded, validate=True)
    id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    assert id.hex() == id_hex
    return Key(name, id, data[0], data[1:])


def verify_note(note: str, keys: Sequence[Key]) -> dict[Key, int | None]:
    """Return the keys whose valid signature the note has, with the time of a cosignature; fail on a bad one."""
    text, _, block = note.rpartition("\n\n")
    text += "\n"
    found: dict[Key, int | None] = {}
    for line in block.removesuffix("\n").split("\n"):
        dash, name, encoded = line.split(" ")
        assert dash == "—"
        data = b64decode(encoded, validate=True)
        for key in keys:
            if (key.name, key.id) == (name, data[:4]):
                found[key] = _verify_line(key, data[4:], text)
    return found


def _verify_line(key: Key, data: bytes, text: str) -> int | None:
    if key.kind == 1:
        assert edwards.verifies_with_cofactor(key.raw, data, text.encode())
        return None
    assert key.kind == 4
    at = int.from_bytes(data[:8], "big")
    assert edwards.verifies_with_cofactor(key.raw, data[8:], f"cosignature/v1\ntime {at}\n{text}".encode())
    return at


def read_checkpoint(note: str) -> tuple[str, int, bytes]:
    """Return origin, size and root of a checkpoint note."""
    origin, size, root = note.split("\n\n")[0].split("\n")[:3]
    assert str(int(size)) == size
    return origin, int(size), b64decode(root, validate=True)


def tile_paths(size: int) -> list[tuple[str, int, int]]:
    """Return path, level and first index of each hash tile that a log of this size owes."""
    found = []
    level = 0
    while size >> (8 * level):
        full, partial = divmod(size >> (8 * level), 256)
        found += [(f"tile/{level}/{_number(n)}", level, n * 256) for n in range(full)]
        if partial:
            found.append((f"tile/{level}/{_number(full)}.p/{partial}", level, full * 256))
        level += 1
    return found


def bundle_paths(size: int) -> list[str]:
    """Return the path of each entry bundle that a log of this size owes."""
    full, partial = divmod(size, 256)
    found = [f"tile/entries/{_number(n)}" for n in range(full)]
    return [*found, f"tile/entries/{_number(full)}.p/{partial}"] if partial else found


def _number(n: int) -> str:
    groups = [f"{n % 1000:03d}"]
    while n := n // 1000:
        groups.insert(0, f"x{n % 1000:03d}")
    return "/".join(groups)


def read_bundle(data: bytes) -> list[bytes]:
    """Return the leaves of an entry bundle."""
    leaves = []
    while data:
        length = int.from_bytes(data[:2], "big")
        leaves.append(data[2 : 2 + length])
        assert len(leaves[-1]) == length
        data = data[2 + length :]
    return leaves


def read_log(fetch: Callable[[str], bytes], vkey: str) -> tuple[int, bytes, list[bytes]]:
    """Read a whole log by its tiles and return size, root and leaves; fail on anything that does not fit."""
    note = fetch("checkpoint").decode()
    key = read_vkey(vkey)
    assert key in verify_note(note, [key])
    origin, size, root = read_checkpoint(note)
    assert origin == key.name
    leaves = [leaf for each in bundle_paths(size) for leaf in read_bundle(fetch(each))]
    hashes = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    assert len(hashes) == size
    for name, level, first in tile_paths(size):
        data = fetch(name)
        got = [data[at : at + 32] for at in range(0, len(data), 32)]
        span = 256**level
        expected = [mth(hashes[n * span : (n + 1) * span]) for n in range(first, min(first + 256, size // span))]
        assert got == expected, name
    assert mth(hashes) == root
    return size, root, leaves
