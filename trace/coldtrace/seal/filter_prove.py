"""Make the proof that one item is in a filter (docs/formats/filters.md, section 6); `filter_proof.py` checks it."""

from coldtrace.seal.b64 import b64
from coldtrace.seal.filter_build import piece_hashes
from coldtrace.seal.filter_header import PIECE_BYTES, places, read_header
from coldtrace.seal.merkle import inclusion_path
from coldtrace.seal.public_key import SIGNATURE_BYTES


def prove_item(file: bytes, item: str) -> dict[str, object]:
    """Return the proof of an item from the bytes of a good filter file; of one that is not in, it shows just that."""
    length = int.from_bytes(file[4:8], "big")
    header = read_header(file[8 : 8 + length].decode("utf-8"))
    body = file[8 + length + SIGNATURE_BYTES :]
    *slots, _ = places(item, salt=header.salt, block=header.block, bits=header.bits)
    hashes = piece_hashes(body)
    return {
        "header": header.text,
        "pieces": [
            {
                "index": index,
                "bytes": b64(body[index * PIECE_BYTES : (index + 1) * PIECE_BYTES]),
                "path": [b64(step) for step in inclusion_path(hashes, index, len(hashes))],
            }
            for index in sorted({slot * header.bits // 8 // PIECE_BYTES for slot in slots})
        ],
    }
