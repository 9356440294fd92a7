"""Use cases of a witness: follow a log, cosign its growth, show what was cosigned.

The order that makes it safe: the log's signature is checked, then in one transaction the last head is read, growth is
checked, the cosignature is made and the new head kept; only after the commit is anything answered.  Whoever dies in
between has signed nothing that anybody has seen, or has kept what it signed.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime

from coldtrace import clock
from coldtrace.errors import Refusal
from coldtrace.seal.add_checkpoint import AddCheckpoint, read_add_checkpoint
from coldtrace.seal.cosignature import cosign, open_cosignatures, witness_vkey
from coldtrace.seal.note import UntrustedNote, add_signatures
from coldtrace.seal.signer import Signer
from coldtrace.seal.vkey import LOG_KIND, Vkey
from coldtrace.witness import store
from coldtrace.witness.model import Evidence, Head, Signed
from coldtrace.witness.refusals import (
    LogUnreachable,
    NotALogKey,
    NothingCosigned,
    NotSignedByLog,
    SizeConflict,
    StartRefused,
    StoreBehind,
    UnknownLog,
)
from coldtrace.witness.rules import check_growth, open_signed
from coldtrace.witness.store import Store

log = logging.getLogger("coldtrace.witness")


class Witness:
    """A witness at work: a name, a key, a store and a clock.

    `fetch` gets the note at the address of a log, or raises OSError; a log that has an address is compared with it
    before the first signature.
    """

    def __init__(
        self,
        *,
        name: str,
        signer: Signer,
        kept: Store,
        now: Callable[[], datetime] = clock.now,
        fetch: Callable[[str], str] | None = None,
    ) -> None:
        self.vkey = witness_vkey(name=name, spki=signer.spki)
        self._fetch, self._compared = fetch, set[str]()
        self._name, self._signer, self._store, self._now = name, signer, kept, now

    def add_checkpoint(self, body: bytes) -> str:
        """Return our signature line for the checkpoint of a request body.

        Raises MalformedAddCheckpoint, MalformedNote, MalformedCheckpoint, UnknownLog, NotSignedByLog, the refusals of
        `check_growth`, StoreUnavailable, StoreBehind or LogUnreachable.  What the log has signed and we refuse is kept
        as evidence.
        """
        request = read_add_checkpoint(body)
        with self._store.look() as connection:
            origin = request.note.partition("\n")[0]
            logs = store.keys_of(connection, origin)
        if not logs:
            raise UnknownLog(origin=origin)
        signed = open_signed(request.note, logs)
        self._compare(origin, logs)
        refused: Refusal | None = None
        with self._store.change() as connection:
            head = store.head_of(connection, origin)
            _require_not_behind(origin, head, self._store.mark_of(origin), where="witness.marks")
            try:
                check_growth(request, signed, head)
            except Refusal as refusal:
                refused = refusal
                if not isinstance(refusal, SizeConflict):  # says nothing of the log, and would crowd out what does
                    self._keep_evidence(connection, request, signed, head, refusal)
            else:
                line, head = self._cosign(connection, signed)
        if refused is None and head is not None:
            self._store.raise_mark(head)
            return line
        # Raised behind the commit, or the evidence would be rolled back with it.
        assert refused is not None
        log.warning("%s: not cosigned: %s", origin, refused)
        raise refused

    def newest(self, origin_hash: str) -> str:
        """Return the newest cosigned checkpoint of the log whose origin has this SHA-256; raise NothingCosigned."""
        with self._store.look() as connection:
            head = store.head_by_hash(connection, origin_hash)
        if head is None:
            raise NothingCosigned()
        return head.note

    def _compare(self, origin: str, logs: Sequence[Vkey]) -> None:
        """Compare the store with the log's public checkpoint, once in a run."""
        with self._store.look() as connection:
            url = store.url_of(connection, origin)
        if url is None or self._fetch is None or origin in self._compared:
            return
        try:
            note = self._fetch(url)
            public = open_signed(note, logs).checkpoint
        except (OSError, ValueError, Refusal) as error:
            reason = error.code if isinstance(error, Refusal) else type(error).__name__
            raise LogUnreachable(url=url, reason=reason) from error
        with contextlib.suppress(UntrustedNote):  # not cosigned by us: it says nothing of our store
            open_cosignatures(note, [self.vkey])
            with self._store.look() as connection:
                head = store.head_of(connection, origin)
            _require_not_behind(origin, head, (public.size, public.root), where=url)
        self._compared.add(origin)

    def _cosign(self, connection: sqlite3.Connection, signed: Signed) -> tuple[str, Head]:
        # A clock that was put back must not make us contradict ourselves: time stands still until it has caught up.
        at_s = max(int(self._now().timestamp()), store.latest_time_s(connection))
        ours = cosign(signed.text, name=self._name, signer=self._signer, at_s=at_s)
        head = Head(
            origin=signed.checkpoint.origin,
            size=signed.checkpoint.size,
            root=signed.checkpoint.root,
            note=f"{signed.text}\n{signed.line.to_line()}{ours.to_line()}",
            signed_at_s=at_s,
        )
        store.keep_head(connection, head)
        return ours.to_line(), head

    def _keep_evidence(
        self,
        connection: sqlite3.Connection,
        request: AddCheckpoint,
        signed: Signed,
        head: Head | None,
        refusal: Refusal,
    ) -> None:
        store.keep_evidence(
            connection,
            Evidence(
                origin=signed.checkpoint.origin,
                reason=refusal.code,
                seen_at_s=int(self._now().timestamp()),
                request=AddCheckpoint(
                    old=request.old, proof=request.proof, note=f"{signed.text}\n{signed.line.to_line()}"
                ).text(),
                head_note=None if head is None else head.note,
            ),
            text=signed.text,
        )


def _require_not_behind(origin: str, head: Head | None, signed: tuple[int, bytes] | None, *, where: str) -> None:
    """Raise StoreBehind if the head does not reach what this witness is known to have signed."""
    size = 0 if head is None else head.size
    if signed is None or size > signed[0] or (head is not None and (size, head.root) == signed):
        return
    raise StoreBehind(origin=origin, size=size, signed=signed[0], where=where)


def follow(
    kept: Store,
    vkey: Vkey,
    *,
    now: datetime,
    start: str | None = None,
    own: Vkey | None = None,
    url: str | None = None,
) -> None:
    """Follow a log from now on; the same key again changes nothing but the `url` of its public checkpoint.

    `start` is for a witness that lost its store: the newest checkpoint that it knows to have cosigned itself (`own`
    is its vkey).  Raises NotALogKey, the refusals of `open_signed`, StartRefused once the log was cosigned, and
    StoreBehind when it is known that a larger tree was.
    """
    if vkey.kind != LOG_KIND:
        raise NotALogKey(name=vkey.name)
    head = None if start is None or own is None else _start_head(start, vkey, own)
    with kept.change() as connection:
        if head is not None:
            known = store.head_of(connection, vkey.name)
            if known is not None:
                raise StartRefused(origin=vkey.name, size=known.size)
            _require_not_behind(vkey.name, head, kept.mark_of(vkey.name), where="witness.marks")
            store.keep_head(connection, head)
        store.add_log(connection, vkey, at_s=int(now.timestamp()), url=url)


def _start_head(note: str, vkey: Vkey, own: Vkey) -> Head:
    signed = open_signed(note, [vkey])
    try:
        _, cosignatures = open_cosignatures(note, [own])
    except UntrustedNote:
        raise NotSignedByLog(origin=own.name) from None
    return Head(
        origin=signed.checkpoint.origin,
        size=signed.checkpoint.size,
        root=signed.checkpoint.root,
        note=add_signatures(note, ()),
        signed_at_s=cosignatures[0].at_s,
    )
