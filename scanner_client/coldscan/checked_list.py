"""Take a trust list from the server only if the device's own root document confirms it, and never an older one."""

import json
from collections.abc import Mapping

from coldscan.refusals import UnsafeAnswer
from coldtrace.errors import Refusal
from coldtrace.seal.root_document import RootDocument
from coldtrace.seal.trust_list import TrustList, open_trust_list


def check_list(
    envelope: str | Mapping[str, object], *, root: RootDocument, lowest_seq: int, known: str | None
) -> TrustList:
    """Return the list of an envelope; raise UnsafeAnswer.

    Refused are too few root signatures, another installation, a lower `seq` than was seen here, and the same
    `seq` with other content: two lists under one number would be two truths.
    """
    try:
        trust = open_trust_list(envelope, root=root, lowest_seq=lowest_seq)
        text = list_text(envelope)
    except Refusal as refusal:
        raise UnsafeAnswer(what=refusal.code) from refusal
    if trust.seq == lowest_seq and known is not None and list_text(known) != text:
        raise UnsafeAnswer(what="trust_list_seq_twice")
    return trust


def list_text(envelope: str | Mapping[str, object]) -> str:
    """Return the signed text inside an envelope that was opened before."""
    value = json.loads(envelope) if isinstance(envelope, str) else envelope
    return str(value["list"])
