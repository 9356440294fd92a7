"""Gateway statements: what a site's own system says in plain facts, made a signed statement by the site's gateway.

The caller names each statement by a number of its own (`ref`); the same words under the same number again are answered
with the first receipt, other words under it are refused.  The order that makes it safe: the gateway is locked, so that
its chain is one; the number is written in the transaction that keeps the statement; the door commits before a receipt
leaves.  A statement that cannot be made takes no place in the chain.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody.chain import chain_end
from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.refusals import FactMalformed, GatewayFieldReserved, GatewayTypeRefused, RefConflict
from coldtrace.custody.service import INCLUDE_WITHIN, Result, capture
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.events.canonical import JsonValue, encode
from coldtrace.events.header import header_hash, statement_id
from coldtrace.events.public_piece import Corrects, Place, Speaker
from coldtrace.events.receipt import issue_receipt
from coldtrace.events.refusals import MalformedStatement
from coldtrace.events.statement import Draft, draft_statement, sign_statement
from coldtrace.events.statement_type import CHAIN_ONLY, StatementType
from coldtrace.events.units_piece import Line
from coldtrace.ledger import service as ledger
from coldtrace.parties.gateways import OpenGateway
from coldtrace.parties.model import ChainEnd, Site
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256

OWN_FIELDS = frozenset({"at", "offset", "seq", "site", "ref", "clock_skew"})
"""Private fields that the gateway writes itself."""


SALT_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Plain:
    """One statement in plain facts.  `at` has an offset from UTC in whole minutes; `ref` is the caller's own number."""

    ref: str
    type: StatementType
    at: datetime
    lines: Sequence[Line]
    fields: Mapping[str, JsonValue]
    cold: str = "unknown"
    facts: bytes | None = None
    corrects: Corrects | None = None

    @property
    def offset(self) -> str:
        """The offset as a statement writes it: `+08:00`."""
        return self.at.strftime("%z")[:3] + ":" + self.at.strftime("%z")[3:5]

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of all that the caller said."""
        corrects = self.corrects
        return sha256(
            encode(
                {
                    "type": self.type.value,
                    "at": format_utc(self.at),
                    "offset": self.offset,
                    "lines": [[each.role, each.unit, each.parent, each.quantity, dict(each.attributes)]
                              for each in self.lines],
                    "fields": dict(self.fields),
                    "cold": self.cold,
                    "facts": None if self.facts is None else b64(self.facts),
                    "corrects": None if corrects is None else [b64(corrects.header), corrects.mode],
                }
            ).encode("utf-8")
        )  # fmt: skip

    def said(self, salt: bytes) -> bytes:
        """Return what is kept of the words: the same number with other words is found, and nobody guesses them."""
        return sha256(salt + self.digest)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What was said under a number before; without a salt words of it were erased, and nothing tells them any more."""

    entry_id: UUID
    salt: bytes | None
    said: bytes | None

    def is_of(self, one: Plain) -> bool:
        """Tell whether these are the words."""
        return self.salt is not None and self.said == one.said(self.salt)


def say(
    session: Session, env: Env, site: Site, gateway: OpenGateway | Refusal, plain: Sequence[Plain | Refusal]
) -> list[Result]:
    """Make, sign and store statements; answer for each in order.  The caller holds the gateway and commits.

    What could not even be read comes as its Refusal and is answered with it.  Status and marks are those of `capture`.
    Why a site's gateway may not speak comes as a Refusal too: what it said before is a repeat all the same, anything
    else is refused so.  Raised is it where nothing was said before.
    """
    known = _known(session, site.gln, [each.ref for each in plain if isinstance(each, Plain)])
    if isinstance(gateway, Refusal) and not known:
        raise gateway
    fresh: dict[str, Plain] = {}
    refused: dict[int, Refusal] = {}
    for number, each in enumerate(plain):
        try:
            if isinstance(each, Refusal):
                raise each
            before = known.get(each.ref)
            if before is None and isinstance(gateway, Refusal):
                raise gateway
            same = before.is_of(each) if before else fresh.setdefault(each.ref, each).digest == each.digest
            if not same:
                raise RefConflict(ref=each.ref)
        except Refusal as refusal:
            refused[number] = refusal
    stated = [] if isinstance(gateway, Refusal) else _state(session, env, gateway, list(fresh.values()))
    made = dict(zip(fresh, stated, strict=True))
    _remember(session, env, site.gln, [(one, made[ref]) for ref, one in fresh.items() if made[ref].refusal is None])
    answered: set[str] = set()
    results: list[Result] = []
    for number, each in enumerate(plain):
        if number in refused or isinstance(each, Refusal):
            results.append(Result(id=None, status="refused", refusal=refused[number]))
        elif each.ref in known:
            results.append(_repeat(session, env, known[each.ref].entry_id))
        elif each.ref in answered and made[each.ref].refusal is None:
            results.append(replace(made[each.ref], status="repeat", marks=()))
        else:
            results.append(made[each.ref])
            answered.add(each.ref)
    return results


def _state(session: Session, env: Env, gateway: OpenGateway, fresh: Sequence[Plain]) -> list[Result]:
    """Make statements one after another in the gateway's chain and store them.

    One that is refused when it is made takes no place in the chain.  Should one be refused afterwards, all are taken
    back and made again one by one: the chain has no hole.
    """
    savepoint = session.begin_nested()
    results: list[Result | None] = []
    wires: list[dict[str, str]] = []
    end = chain_end(session, gateway.device.key_id)
    for one in fresh:
        try:
            draft = _draft(env, gateway, one, end=end)
        except MalformedStatement as odd:
            where = FactMalformed(where=f"{odd.facts['piece']}: {odd.facts['where']}")
            results.append(Result(id=None, status="refused", refusal=where))
            continue
        except Refusal as refusal:
            results.append(Result(id=None, status="refused", refusal=refusal))
            continue
        end = ChainEnd(seq=1 if end is None else end.seq + 1, header_hash=draft.header_hash)
        wires.append(sign_statement(draft, gateway.signer).to_json())
        results.append(None)
    captured = iter(capture(session, env, wires))
    told = [next(captured) if result is None else result for result in results]
    if not any(before is None and after.refusal is not None for before, after in zip(results, told, strict=True)):
        savepoint.commit()
        return told
    savepoint.rollback()
    if len(fresh) == 1:
        return told
    return [result for one in fresh for result in _state(session, env, gateway, [one])]


def _draft(env: Env, gateway: OpenGateway, one: Plain, *, end: ChainEnd | None) -> Draft:
    if one.type in CHAIN_ONLY:
        raise GatewayTypeRefused(type=one.type.value)
    for name in one.fields:
        if name in OWN_FIELDS:
            raise GatewayFieldReserved(field=name)
    site = gateway.site
    return draft_statement(
        id=statement_id(one.at),
        net=env.net,
        key=gateway.device.key_id,
        prev=None if end is None else end.header_hash,
        seen=None,
        type=one.type,
        date=one.at.date().isoformat(),
        place=Place(role=site.role.value, district=site.district),
        by=Speaker.GATEWAY,
        cold=one.cold,
        facts=one.facts,
        corrects=one.corrects,
        fields=[
            ("at", format_utc(one.at)),
            ("offset", one.offset),
            ("seq", 1 if end is None else end.seq + 1),
            ("site", site.gln),
            ("ref", one.ref),
            *one.fields.items(),
        ],
        lines=one.lines,
        random=env.random,
    )


def _known(session: Session, gln: str, refs: Sequence[str]) -> dict[str, _Known]:
    rows = session.execute(
        text(
            "SELECT ref, entry_id, salt, said FROM gateway_statement"
            " WHERE gln = :gln AND ref = ANY(CAST(:refs AS text[]))"
        ),
        {"gln": gln, "refs": list(refs)},
    )
    return {
        row.ref: _Known(
            entry_id=row.entry_id,
            salt=None if row.salt is None else bytes(row.salt),
            said=None if row.said is None else bytes(row.said),
        )
        for row in rows
    }


@dataclass(frozen=True, kw_only=True)
class SaidLately:
    """One statement of a gateway: what its people look back at.  `header` is what a correction names."""

    entry_id: UUID
    header: bytes
    type: str
    at: datetime
    recorded_at: datetime
    status: str
    units: tuple[str, ...]
    annulled: bool


def said_lately(session: Session, key: bytes, *, limit: int, entry_id: UUID | None = None) -> list[SaidLately]:
    """Return the last statements of a gateway's key, the newest first, each with a few of its units.

    `entry_id` asks for a single one.
    """
    rows = session.execute(
        text(
            "SELECT s.entry_id, s.header_hash AS header, s.type, s.claimed_at AS at, s.recorded_at, s.status,"
            f" {ANNULLED.format(statement='s')} AS annulled,"
            " ARRAY(SELECT u.unit_id FROM statement_line l JOIN unit u USING (unit_pk) WHERE l.entry_id = s.entry_id"
            "  AND l.role <> 'implied' ORDER BY l.line_no LIMIT 5) AS units"
            " FROM statement s WHERE s.key_id = :key AND (CAST(:entry AS uuid) IS NULL OR s.entry_id = :entry)"
            " ORDER BY s.seq DESC, s.entry_id LIMIT :most"
        ),
        {"key": key, "entry": entry_id, "most": limit},
    )
    return [
        SaidLately(**(dict(row._mapping) | {"header": bytes(row.header), "units": tuple(row.units)})) for row in rows
    ]


def forget_words(session: Session, entry_id: UUID) -> None:
    """Drop what is kept of a statement's words, because some of them were erased: their number stays taken."""
    session.execute(
        text("UPDATE gateway_statement SET salt = NULL, said = NULL WHERE entry_id = :id"), {"id": entry_id}
    )


def _remember(session: Session, env: Env, gln: str, kept: Sequence[tuple[Plain, Result]]) -> None:
    if kept:
        salts = [env.random(SALT_BYTES) for _ in kept]
        session.execute(
            text(
                "INSERT INTO gateway_statement (gln, ref, salt, said, entry_id) SELECT :gln, v.* FROM unnest("
                "CAST(:refs AS text[]), CAST(:salts AS bytea[]), CAST(:said AS bytea[]), CAST(:entries AS uuid[])) AS v"
            ),
            {
                "gln": gln,
                "refs": [one.ref for one, _ in kept],
                "salts": salts,
                "said": [one.said(salt) for (one, _), salt in zip(kept, salts, strict=True)],
                "entries": [UUID(str(result.id)) for _, result in kept],
            },
        )


def _repeat(session: Session, env: Env, entry_id: UUID) -> Result:
    """Return the first receipt again: it follows from what is stored."""
    stored = ledger.known_entries(session, [entry_id])[entry_id]
    receipt = issue_receipt(
        net=env.net,
        origin=stored.log.origin,
        id=entry_id,
        header_hash=header_hash(json.loads(stored.leaf)["body"]),
        leaf_hash=stored.leaf_hash,
        received_at=stored.received_at,
        include_by=stored.received_at + INCLUDE_WITHIN,
        signer=env.keyring.signer("receipt"),
    )
    return Result(id=str(entry_id), status="repeat", receipt=receipt)


def has_whole_minutes(at: datetime) -> bool:
    """Tell whether a moment has an offset that a statement can write: whole minutes, within 15 hours."""
    offset = at.utcoffset()
    return offset is not None and not offset.total_seconds() % 60 and abs(offset) < timedelta(hours=15)
