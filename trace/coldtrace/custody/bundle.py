"""The proof bundle of one box: what a stranger needs to check it without trusting us (docs/formats/bundle.md).

Only statements about this box, or about a pallet while the box was on it, and of each only the lines that concern
it.  A statement that the newest checkpoint does not cover yet is left out until it does.
"""

import json
from collections.abc import Sequence

from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody.history import HistoryLine, history
from coldtrace.env import Env
from coldtrace.events.disclosure import disclose_lines
from coldtrace.events.leaf import received_day
from coldtrace.events.public_piece import read_public
from coldtrace.events.units_piece import read_units
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Inclusion, StoredEntry
from coldtrace.parties import store as parties
from coldtrace.parties.model import Device
from coldtrace.seal.b64 import b64, unb64

MEDIA_TYPE = "application/vnd.coldtrace.proof+json"


def build_bundle(
    session: Session, env: Env, *, code: str, unit_pk: int, facts: str | None
) -> tuple[dict[str, object], int]:
    """Return the bundle of one unit, and how many of its statements still wait for a checkpoint."""
    story = [line for line in history(session, unit_pk) if line.status == "accepted"]
    ids = [line.entry_id for line in story]
    head = ledger.checkpoint(session)
    proofs = ledger.prove(session, ids, head)
    entries = ledger.known_entries(session, list(proofs))
    pieces = ledger.pieces(session, list(proofs))
    shown = [line for line in story if line.entry_id in proofs and len(pieces.get(line.entry_id, {})) == 3]
    bodies = {key: json.loads(entry.leaf) for key, entry in entries.items()}
    keys = {key: unb64(json.loads(body["body"])["key"]) for key, body in bodies.items()}
    devices = parties.devices_by_key(session, set(keys.values()))
    installation = parties.installation(session)
    trust_list = parties.newest_trust_list(session)
    assert installation is not None, "a server never runs before its installation"
    assert trust_list is not None, "installing publishes the first trust list"
    bundle: dict[str, object] = {
        "v": 1,
        "kind": "coldtrace-proof",
        "code": code,
        "net": b64(env.net),
        "root": installation.root,
        "trust_list": json.loads(trust_list.envelope),
        "facts": facts,
        "statements": [
            _statement(
                line,
                leaf=bodies[line.entry_id],
                entry=entries[line.entry_id],
                pieces=pieces[line.entry_id],
                device=devices[keys[line.entry_id]],
                proof=proofs[line.entry_id],
            )
            for line in shown
        ],
        "checkpoint": head.note,
    }
    return bundle, len(ids) - len(proofs)


def _statement(
    line: HistoryLine,
    *,
    leaf: dict[str, object],
    entry: StoredEntry,
    pieces: dict[str, bytes],
    device: Device,
    proof: Inclusion,
) -> dict[str, object]:
    public = pieces["public"].decode()
    return {
        "header": leaf["body"],
        "sig": leaf["sig"],
        "public": public,
        "certificate": {"text": device.certificate, "sig": device.certificate_sig},
        "leaf": {"received_at": format_utc(received_day(entry.received_at))},
        "lines": _lines(line, public, pieces["units"].decode()),
        "proof": {"index": proof.index, "path": [b64(step) for step in proof.path]},
    }


def _lines(line: HistoryLine, public: str, units: str) -> Sequence[object]:
    """Disclose the line that concerns the box.  One implied by unpacking a whole pallet is that pallet's line."""
    piece = read_units(units, read_public(public).type)
    index = line.line_no if line.line_no < len(piece.lines) else 0
    return disclose_lines(piece, [index])
