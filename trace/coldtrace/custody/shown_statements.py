"""The statements of boxes' stories as they may be shown to strangers, read and made once for as long as they are as
they were.

A statement says the same as long as its bytes are the same.  So what was read of it, and what came of the checks on it,
is kept by digests that the database makes of the very bytes that lie there now: a byte that was changed is another
statement, which is read and checked anew.  Cartons of one pallet share nearly all of theirs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID

from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody.history import HistoryLine
from coldtrace.env import Env
from coldtrace.events.disclosure import disclose_lines
from coldtrace.events.leaf import received_day
from coldtrace.events.public_piece import PublicPiece, read_public
from coldtrace.events.salted_tree import SaltedTree
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import UnitsPiece, read_units
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import Inclusion, Place, SignedHead
from coldtrace.parties import store as parties
from coldtrace.recent import Recent
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.hashing import sha256
from coldtrace.verify.bundle_statement import Ground, StatementReport, check_statement
from coldtrace.verify.bundle_text import ShownStatement, read_statement

SAID_MAX = 8_192
"""Statements of which header and public piece are kept, of some 3 kB each."""
LINES_MAX = 30_000
"""Lines of units pieces that are kept with their trees, of some 700 bytes each."""
SHOWN_MAX = 16_384
"""Statements kept as one box's page shows them, of some 3 kB each."""


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What of a statement is the same for every box: header, signature, key, public piece."""

    header: str
    sig: str
    key: bytes
    public_text: str
    public: PublicPiece


@dataclass(frozen=True)
class _Units:
    """A units piece, with its tree once one of its lines is to be shown."""

    piece: UnitsPiece

    @cached_property
    def tree(self) -> SaltedTree:
        return self.piece.tree()


class Shown:
    """One statement as a box's proof shows it, and what came of the last checks on it."""

    def __init__(self, statement: ShownStatement) -> None:
        self.statement = statement
        self._last: tuple[int, Ground, StatementReport] | None = None

    def check(self, number: int, ground: Ground) -> StatementReport:
        """Return the report on it at place `number`; the checks are made again where they could say anything else."""
        last = self._last
        if last is not None and last[0] == number and last[1].is_as(ground):
            return last[2]
        report = check_statement(self.statement, number, ground)
        self._last = (number, ground, report)
        return report


_ShownKey = tuple[bytes, bytes, bytes, datetime, tuple[int, ...], tuple[str, str], int, tuple[bytes, ...]]

_said: Recent[tuple[bytes, bytes], _Said] = Recent(SAID_MAX)
_units: Recent[tuple[bytes, StatementType], _Units] = Recent(LINES_MAX, weigh=lambda units: len(units.piece.lines) + 16)
_shown: Recent[_ShownKey, Shown] = Recent(SHOWN_MAX)


class ShownStatements:
    """The statements of some boxes' stories, as far as they can be proved under one published checkpoint.

    Made while a session is hot (`db/hot_session.py`) or not; `prove` reads tiles, and wants one that is not.
    """

    def __init__(self, session: Session, env: Env, stories: Iterable[Sequence[HistoryLine]], head: SignedHead) -> None:
        self._log, self._head = env.log, head
        ids = {line.entry_id for story in stories for line in story}
        self._places = ledger.ask_places(session, env.log, ids, head)()
        self._of: dict[UUID, _Said] = {}
        self._read(session)
        keys = {said.key for said in self._of.values()}
        self._certificates = parties.ask_certificates(session, keys)()
        self._proofs: Mapping[UUID, Inclusion] = {}

    def _read(self, session: Session) -> None:
        """Find out what the statements say, of which both pieces are still there."""
        missing = {}
        for entry_id, place in self._places.items():
            if place.public is None or place.units is None:
                continue
            said = _said.get((place.leaf, place.public))
            if said is None:
                missing[entry_id] = place
            else:
                self._of[entry_id] = said
        if missing:
            for entry_id, texts in ledger.ask_texts(session, self._log, missing)().items():
                self._keep(entry_id, missing[entry_id], *texts)

    def _keep(self, entry_id: UUID, place: Place, leaf: bytes, public: bytes | None, units: bytes | None) -> None:
        if public is None or units is None:
            return  # erased just now
        # Of what was read here, should it have changed since its digests were made.
        place = replace(place, leaf=sha256(leaf), public=sha256(public), units=sha256(units))
        self._places[entry_id] = place
        assert place.public is not None, "it is here"
        assert place.units is not None, "it is here"
        logged = json.loads(leaf)
        said = _Said(
            header=logged["body"],
            sig=logged["sig"],
            key=unb64(json.loads(logged["body"])["key"]),
            public_text=public.decode(),
            public=read_public(public.decode()),
        )
        self._of[entry_id] = _said.put((place.leaf, place.public), said)
        piece = read_units(units.decode(), said.public.type)
        _units.put((place.units, said.public.type), _Units(piece))

    def prove(self, session: Session) -> None:
        """Find the places in the tree; raises StoredDiffers."""
        placed = {entry_id: (place.index, place.leaf_hash) for entry_id, place in self._places.items()}
        self._proofs = ledger.prove_placed(session, self._log, placed, self._head)
        self._session = session

    def is_placed(self, entry_id: UUID) -> bool:
        """Tell whether the checkpoint covers a statement."""
        return entry_id in self._places

    def public(self, entry_id: UUID) -> PublicPiece | None:
        """Return the public piece of a statement that can be shown."""
        said = self._of.get(entry_id)
        return None if said is None else said.public

    def told(self, story: Iterable[HistoryLine]) -> list[HistoryLine]:
        """Return the lines of a story with what their public pieces say of the temperature.

        That goods were within limits is said once the checkpoint covers the statement, that they were too warm at once.
        """
        said = ((line, self.public(line.entry_id)) for line in story)
        return [line if public is None else replace(line, cold=public.cold) for line, public in said]

    def item(self, line: HistoryLine) -> dict[str, object]:
        """Return a statement as it stands in a bundle (docs/formats/bundle.md), with the box's own lines alone."""
        key = line.entry_id
        said, place, proof = self._of[key], self._places[key], self._proofs[key]
        text, sig = self._certificates[said.key]
        units = self._units_of(key, said, place)
        return {
            "header": said.header,
            "sig": said.sig,
            "public": said.public_text,
            "certificate": {"text": text, "sig": sig},
            "leaf": {"received_at": format_utc(received_day(place.received_at))},
            "lines": disclose_lines(units.piece, line.shown, tree=units.tree),
            "proof": {"index": proof.index, "path": [b64(step) for step in proof.path]},
        }

    def shown(self, line: HistoryLine) -> Shown:
        """Return the same as a stranger reads it."""
        entry_id = line.entry_id
        said, place, proof = self._of[entry_id], self._places[entry_id], self._proofs[entry_id]
        assert place.public is not None, "it is there of what can be shown"
        assert place.units is not None, "it is there of what can be shown"
        day = received_day(place.received_at)
        certificate = self._certificates[said.key]
        key = (place.leaf, place.public, place.units, day, line.shown, certificate, proof.index, proof.path)
        found = _shown.get(key)
        if found is None:
            text = json.dumps(self.item(line), ensure_ascii=False)
            found = _shown.put(key, Shown(read_statement(text)))
        return found

    def _units_of(self, entry_id: UUID, said: _Said, place: Place) -> _Units:
        assert place.units is not None, "it is there of what can be shown"
        key = (place.units, said.public.type)
        found = _units.get(key)
        if found is None:
            _, _, text = ledger.ask_texts(self._session, self._log, [entry_id])()[entry_id]
            assert text is not None, "it was there a moment ago"
            assert sha256(text) == place.units, "a units piece stays as it was"
            found = _units.put(key, _Units(read_units(text.decode(), said.public.type)))
        return found
