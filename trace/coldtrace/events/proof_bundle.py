"""Write a consumer's proof bundle (docs/formats/bundle.md).  The reader is `verify/bundle_text.py`.

The wrapping is plain JSON; the texts inside are put in exactly as they were signed.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from coldtrace.clock import format_utc
from coldtrace.events.canonical import JsonValue
from coldtrace.events.leaf import received_day
from coldtrace.seal.b64 import b64


def shown_statement(
    *,
    header: str,
    sig: str,
    public: str,
    certificate: str,
    certificate_sig: str,
    received_at: datetime,
    lines: Sequence[Mapping[str, JsonValue]],
    index: int,
    path: Sequence[bytes],
) -> dict[str, object]:
    """Return one statement as a stranger gets it.

    `lines` come from `disclosure.disclose_lines`; `index` and `path` lead to the checkpoint of the bundle.
    """
    return {
        "header": header,
        "sig": sig,
        "public": public,
        "certificate": {"text": certificate, "sig": certificate_sig},
        "leaf": {"received_at": format_utc(received_day(received_at))},
        "lines": [dict(line) for line in lines],
        "proof": {"index": index, "path": [b64(step) for step in path]},
    }


def write_bundle(
    *,
    code: str,
    net: bytes,
    root: str,
    trust_list: Mapping[str, object],
    facts: str | None,
    statements: Sequence[Mapping[str, object]],
    checkpoint: str,
) -> str:
    """Return the text of a bundle.

    `statements` are of `shown_statement`, in the order of events: those about the goods of `code`, and those about
    a parent while the goods were inside.  `trust_list` is the signed envelope, `checkpoint` the note.
    """
    return json.dumps(
        {
            "v": 1,
            "kind": "coldtrace-proof",
            "code": code,
            "net": b64(net),
            "root": root,
            "trust_list": dict(trust_list),
            "facts": facts,
            "statements": [dict(statement) for statement in statements],
            "checkpoint": checkpoint,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
