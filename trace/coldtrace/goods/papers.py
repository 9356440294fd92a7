"""Papers of consignments: declare one, read them, hand out the bytes, say what a check found.  Nothing is edited."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.errors import Words
from coldtrace.goods.paper_bytes import media_type_of
from coldtrace.goods.paper_refusals import (
    OwnPaper,
    PaperDiffers,
    PaperFieldRefused,
    PaperReplaced,
    PaperTooLarge,
    PaperUnknown,
)
from coldtrace.goods.paper_rules import (
    ISSUER_MAX,
    NUMBER_MAX,
    REASON_MAX,
    Paper,
    PaperCheck,
    PaperKind,
    PaperState,
)
from coldtrace.goods.refusals import ConsignmentUnknown
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within

PIECE_BYTES = 256 * 1024
"""So much of a file is in memory at a time while it is handed out."""
FILE_NAME_MAX = 120


@dataclass(frozen=True, kw_only=True)
class DeclarePaper:
    """A paper as somebody declares it.  `replaces` names the older one whose place it takes."""

    consignment_id: UUID
    kind: PaperKind
    issuer: str
    number: str
    valid_from: date | None = None
    valid_until: date | None = None
    file_name: str = ""
    data: bytes
    replaces: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class WishedPapers:
    """Which papers of a scope; None is any."""

    consignment_id: UUID | None = None
    state: PaperState | None = None
    kind: PaperKind | None = None
    ends_before: date | None = None
    """Those whose validity ends before a day, ended ones among them."""
    current: bool = False
    """Only those whose place no other has taken."""


def declare_paper(
    session: Session, env: Env, scope: Scope, command: DeclarePaper, *, by: str, limit_bytes: int
) -> tuple[Paper, bool]:
    """Keep a paper of a consignment of the scope; return it, and whether it is new.

    The same bytes, kind and number again are the same paper.  Raises ConsignmentUnknown, PaperTooLarge,
    PaperFileUnknown, PaperFieldRefused, PaperDiffers and PaperReplaced.  The caller owns the transaction.
    """
    if len(command.data) > limit_bytes:
        raise PaperTooLarge(size=len(command.data), limit=limit_bytes)
    media_type = media_type_of(command.data)
    issuer, number = _line("issuer", command.issuer, ISSUER_MAX), _line("number", command.number, NUMBER_MAX)
    if command.valid_from and command.valid_until and command.valid_until < command.valid_from:
        raise PaperFieldRefused(field="valid_until", value=command.valid_until.isoformat())
    _lock_consignment(session, command.consignment_id, scope)
    digest = sha256(command.data).digest()
    same = _same(session, command, number=number, digest=digest)
    for each in same:
        facts = (each.issuer, each.valid_from, each.valid_until)
        if facts == (issuer, command.valid_from, command.valid_until):
            return find_paper(session, scope, each.paper_id), False
    if command.replaces is not None:
        _require_replaceable(session, command, command.replaces)
    elif same:
        raise PaperDiffers(id=str(same[-1].paper_id))
    session.execute(
        text(
            "INSERT INTO paper_file (sha256, media_type, size, data, kept_at)"
            " VALUES (:sha256, :type, :size, :data, :at) ON CONFLICT DO NOTHING"
        ),
        {"sha256": digest, "type": media_type, "size": len(command.data), "data": command.data, "at": env.clock()},
    )
    paper_id = env.new_id()
    session.execute(
        text(
            "INSERT INTO paper (paper_id, consignment_id, kind, issuer, number, valid_from, valid_until, sha256,"
            " file_name, replaces, declared_by, declared_at) VALUES (:id, :consignment, :kind, :issuer, :number, :from,"
            " :until, :sha256, :name, :replaces, :by, :at)"
        ),
        {
            "id": paper_id,
            "consignment": command.consignment_id,
            "kind": command.kind.value,
            "issuer": issuer,
            "number": number,
            "from": command.valid_from,
            "until": command.valid_until,
            "sha256": digest,
            "name": plain_file_name(command.file_name),
            "replaces": command.replaces,
            "by": by,
            "at": env.clock(),
        },
    )
    return find_paper(session, scope, paper_id), True


def check_paper(
    session: Session,
    env: Env,
    scope: Scope,
    paper_id: UUID,
    *,
    verdict: PaperState,
    reason: str,
    by: str,
    operator_id: UUID | None,
) -> Paper:
    """Say what a check of a paper found: checked against the paper, verified with its issuer, or rejected and why.

    What an authority found counts before what a firm found, also later.

    Raises PaperUnknown beyond the scope (of `Kind.PAPER_CHECK`), PaperFieldRefused, and OwnPaper for whoever declared
    it.  The same verdict for the same reason by the same person again changes nothing.
    """
    found = find_paper(session, scope, paper_id, kind=Kind.PAPER_CHECK)
    if verdict is PaperState.DECLARED:
        raise PaperFieldRefused(field="verdict", value=verdict.value)
    reason = " ".join(reason.split())
    if verdict is PaperState.REJECTED and not reason:
        raise PaperFieldRefused(field="reason", value="")
    if len(reason) > REASON_MAX or not reason.isprintable():
        raise PaperFieldRefused(field="reason", value=reason[:40])
    if found.declared_by == by:
        raise OwnPaper(id=str(paper_id))
    # One check of a consignment's papers after another: of each the last one counts.
    session.execute(
        text("SELECT 1 FROM consignment WHERE consignment_id = :id FOR NO KEY UPDATE"), {"id": found.consignment_id}
    )
    last = session.execute(
        text(
            "SELECT verdict, reason, checked_by FROM paper_check WHERE paper_id = :id"
            " ORDER BY checked_at DESC, check_id DESC LIMIT 1"
        ),
        {"id": paper_id},
    ).one_or_none()
    if last is None or tuple(last) != (verdict.value, reason, by):
        session.execute(
            text(
                "INSERT INTO paper_check (check_id, paper_id, verdict, reason, checked_by, operator_id, checked_at)"
                " VALUES (:id, :paper, :verdict, :reason, :by, :operator, :at)"
            ),
            {
                "id": env.new_id(),
                "paper": paper_id,
                "verdict": verdict.value,
                "reason": reason,
                "by": by,
                "operator": operator_id,
                "at": env.clock(),
            },
        )
    return find_paper(session, scope, paper_id, kind=Kind.PAPER_CHECK)


def find_paper(session: Session, scope: Scope, paper_id: UUID, *, kind: Kind = Kind.PAPER) -> Paper:
    """Return a paper of the scope; raise PaperUnknown if it has none such.  `kind` is what the scope was asked for."""
    within = Within(scope=scope)
    row = session.execute(
        text(f"SELECT {_COLUMNS}{_FROM}{_LAST_CHECK} WHERE p.paper_id = :id AND {_reached(within, kind)}"),
        within.values | {"id": paper_id},
    ).one_or_none()
    if row is None:
        raise PaperUnknown(id=str(paper_id))
    return _paper(row)


def list_papers(
    session: Session, scope: Scope, *, wished: WishedPapers, after: UUID | None = None, limit: int
) -> list[Paper]:
    """Return papers of the scope, newest first, `limit` of them behind `after`; their ids grow with time."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS}{_FROM}{_LAST_CHECK} WHERE {_reached(within, Kind.PAPER)}"
            " AND (CAST(:after AS uuid) IS NULL OR p.paper_id < :after)"
            " AND (CAST(:consignment AS uuid) IS NULL OR p.consignment_id = :consignment)"
            " AND (CAST(:kind AS text) IS NULL OR p.kind = :kind)"
            " AND (CAST(:state AS text) IS NULL OR COALESCE(k.verdict, 'declared') = :state)"
            " AND (CAST(:ends AS date) IS NULL OR p.valid_until < :ends)"
            " AND (NOT :current OR r.paper_id IS NULL) ORDER BY p.paper_id DESC LIMIT :limit"
        ),
        within.values
        | {
            "after": after,
            "consignment": wished.consignment_id,
            "kind": wished.kind,
            "state": wished.state,
            "ends": wished.ends_before,
            "current": wished.current,
            "limit": limit,
        },
    )
    return [_paper(row) for row in rows]


def reaches(session: Session, scope: Scope, paper_id: UUID, kind: Kind) -> bool:
    """Tell whether a scope, asked for a kind of right, reaches a paper."""
    within = Within(scope=scope)
    found = session.execute(
        text(
            "SELECT 1 FROM paper p JOIN consignment c USING (consignment_id)"
            f" WHERE p.paper_id = :id AND {_reached(within, kind)}"
        ),
        within.values | {"id": paper_id},
    )
    return found.first() is not None


def checks_of(session: Session, paper_id: UUID) -> list[PaperCheck]:
    """Return every check of a paper that the caller has found, the newest first."""
    rows = session.execute(
        text(
            "SELECT k.verdict, k.reason, k.checked_by, o.name_zh, o.name_en, k.checked_at FROM paper_check k"
            " LEFT JOIN operator o USING (operator_id) WHERE k.paper_id = :id ORDER BY k.check_id DESC LIMIT 100"
        ),
        {"id": paper_id},
    )
    return [_check(row) for row in rows]


def pieces_of(session: Session, paper: Paper) -> Iterator[bytes]:
    """Give the bytes of a paper, a piece at a time."""
    for start in range(1, paper.size + 1, PIECE_BYTES):
        yield bytes(
            session.execute(
                text("SELECT substr(data, :start, :length) FROM paper_file WHERE sha256 = :sha256"),
                {"start": start, "length": PIECE_BYTES, "sha256": paper.sha256},
            ).scalar_one()
        )


def plain_file_name(name: str) -> str:
    """Return a file's name for people to read: no folders, no signs that do something.  It never names a file of ours.

    >>> plain_file_name("../../etc/pass\\r\\nwd.pdf")
    'passwd.pdf'
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:FILE_NAME_MAX]


def _line(field: str, value: str, most: int) -> str:
    """Return a value as one line; raise PaperFieldRefused for none, one too long, or signs that nobody prints."""
    plain = " ".join(value.split())
    if not plain or len(plain) > most or not plain.isprintable():
        raise PaperFieldRefused(field=field, value="".join(sign for sign in plain if sign.isprintable())[:40])
    return plain


def _lock_consignment(session: Session, consignment_id: UUID, scope: Scope) -> None:
    within = Within(scope=scope)
    found = session.execute(
        text(
            "SELECT 1 FROM consignment c WHERE c.consignment_id = :id"
            f" AND {within.thing(Kind.PAPER, at='c.station_gln', importer='c.importer_id')} FOR NO KEY UPDATE"
        ),
        within.values | {"id": consignment_id},
    )
    if found.first() is None:
        raise ConsignmentUnknown(id=str(consignment_id))


def _same(session: Session, command: DeclarePaper, *, number: str, digest: bytes) -> list[Row[Any]]:
    rows = session.execute(
        text(
            "SELECT p.paper_id, p.issuer, p.valid_from, p.valid_until FROM paper p"
            " WHERE p.consignment_id = :consignment AND p.kind = :kind AND p.number = :number"
            " AND p.sha256 = :sha256 ORDER BY p.paper_id"
        ),
        {"consignment": command.consignment_id, "kind": command.kind.value, "number": number, "sha256": digest},
    )
    return list(rows)


def _require_replaceable(session: Session, command: DeclarePaper, paper_id: UUID) -> None:
    found = session.execute(
        text(
            "SELECT 1 FROM paper p WHERE p.paper_id = :id AND p.consignment_id = :consignment AND p.kind = :kind"
            " AND NOT EXISTS (SELECT 1 FROM paper r WHERE r.replaces = p.paper_id)"
        ),
        {"id": paper_id, "consignment": command.consignment_id, "kind": command.kind.value},
    )
    if found.first() is None:
        raise PaperReplaced(id=str(paper_id))


_COLUMNS = (
    "p.paper_id, p.consignment_id, c.declaration_no, c.importer_id, c.station_gln, p.kind, p.issuer, p.number,"
    " p.valid_from, p.valid_until, p.sha256, f.media_type, f.size, p.file_name, p.replaces, r.paper_id AS replaced_by,"
    " p.declared_by, p.declared_at, k.verdict, k.reason, k.checked_by, k.name_zh, k.name_en, k.checked_at"
)
_FROM = (
    " FROM paper p JOIN consignment c USING (consignment_id) JOIN paper_file f USING (sha256)"
    " LEFT JOIN paper r ON r.replaces = p.paper_id"
)
WHICH_COUNTS = (
    "CAST(EXISTS (SELECT 1 FROM site a WHERE a.operator_id = {check}.operator_id"
    " AND a.role IN ('regulator', 'customs')) AS int) DESC, {check}.checked_at DESC, {check}.check_id DESC"
)
"""The order of a paper's checks, the one that counts first: no firm outranks an authority, the last of each counts."""
_LAST_CHECK = (
    " LEFT JOIN LATERAL (SELECT pc.verdict, pc.reason, pc.checked_by, pc.checked_at, o.name_zh, o.name_en"
    " FROM paper_check pc LEFT JOIN operator o USING (operator_id) WHERE pc.paper_id = p.paper_id"
    f" ORDER BY {WHICH_COUNTS.format(check='pc')} LIMIT 1) k ON TRUE"
)


def _reached(within: Within, kind: Kind) -> str:
    return within.thing(kind, at="c.station_gln", importer="c.importer_id")


def _paper(row: Row[Any]) -> Paper:
    values = dict(row._mapping)
    for name in ("verdict", "reason", "checked_by", "name_zh", "name_en", "checked_at"):
        values.pop(name)
    return Paper(
        **values
        | {
            "kind": PaperKind(row.kind),
            "sha256": bytes(row.sha256),
            "check": None if row.verdict is None else _check(row),
        }
    )


def _check(row: Row[Any]) -> PaperCheck:
    return PaperCheck(
        verdict=PaperState(row.verdict),
        reason=row.reason,
        checked_by=row.checked_by,
        organisation=None if row.name_zh is None else Words(row.name_zh, row.name_en),
        checked_at=row.checked_at,
    )
