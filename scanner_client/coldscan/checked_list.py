"""Take a trust list from the server only if the device's own root document confirms it, and never an older one.

The roots may have changed since the device learnt of them: then the server shows the signed changes, and the device
takes each only with the signatures of the roots that it knew before.
"""

import json
from collections.abc import Mapping
from typing import Final

from coldscan.refusals import BadAnswer, UnsafeAnswer
from coldscan.wire import Wire
from coldtrace.errors import Refusal
from coldtrace.seal.root_document import RootDocument, walk_root_change
from coldtrace.seal.trust_list import TrustList, open_trust_list

ROOT_CHANGES_PATH: Final = "/api/v1/root-changes"


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


def fetch_root(wire: Wire, root: RootDocument) -> RootDocument:
    """Return the root document in force, from the one that the device knows and the changes that the server shows.

    Raises UnsafeAnswer for a change that the known roots do not stand behind, and what the wire raises.  A server of
    the time before root changes has none to show.
    """
    reply = wire.get(ROOT_CHANGES_PATH).require(200, 404)
    if reply.status == 404:
        return root
    for change in reply.members("root-changes").items("changes"):
        if not isinstance(change, dict):
            raise BadAnswer(what="root-changes.changes")
        try:
            root = walk_root_change(change, current=root)
        except Refusal as refusal:
            raise UnsafeAnswer(what=refusal.code) from refusal
    return root


def list_text(envelope: str | Mapping[str, object]) -> str:
    """Return the signed text inside an envelope that was opened before."""
    value = json.loads(envelope) if isinstance(envelope, str) else envelope
    return str(value["list"])
