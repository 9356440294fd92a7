"""One signature for many receipts: a batch of a thousand scans costs one private-key operation."""

from collections.abc import Sequence

from coldtrace.events.canonical import JsonValue
from coldtrace.events.receipt import GROUP_PREFIX, Receipt, write_receipt
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.merkle import inclusion_path, tree_root
from coldtrace.seal.public_key import key_id
from coldtrace.seal.signer import Signer


def issue_group(receipts: Sequence[Receipt], signer: Signer) -> list[dict[str, JsonValue]]:
    """Return the wire objects of these receipts under one signature, in the order given."""
    if not receipts:
        return []
    texts = [write_receipt(receipt) for receipt in receipts]
    hashes = [leaf_hash(text.encode("utf-8")) for text in texts]
    root = tree_root(hashes)
    key, sig = b64(key_id(signer.spki)), b64(signer.sign(GROUP_PREFIX + root))
    return [
        {"text": text, "key": key, "sig": sig, "group": _place(hashes, index, root)} for index, text in enumerate(texts)
    ]


def _place(hashes: Sequence[bytes], index: int, root: bytes) -> dict[str, JsonValue]:
    path: list[JsonValue] = [b64(step) for step in inclusion_path(hashes, index, len(hashes))]
    return {"index": index, "size": len(hashes), "path": path, "root": b64(root)}
