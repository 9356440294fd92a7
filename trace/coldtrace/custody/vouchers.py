"""Vouchers: the sender's out-scan as the receiver sees it, line by line, and what became of each line since.

A voucher is a `ship` or `return` statement; nothing is kept beside it but the number that a person gave it (private
field `voucher`).  A receiver need not cite it: what was received is found by the unit, also where cartons were taken
off their pallet one by one.  A receiver who does cite it (`voucher` with its id or number) gets told what came that is
not on it.  All of this is read from the lines as they stand, so late statements and corrections show at once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Row
from sqlmodel import Session

from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING, Mark
from coldtrace.custody.place_stock import NamedLot, lots_named
from coldtrace.db.plain_sql import text
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within

PAGE_MAX = 200
LINES_PAGE_MAX = 1000
EXTRA_MAX = 200
NUMBER_CHARACTERS_MAX = 200
OUT_TYPES = ("ship", "return")

Direction = Literal["in", "out"]


@dataclass(frozen=True, kw_only=True)
class Voucher:
    """The head of a voucher; `lines` counts what it names, `annulled` says that a correction called it an error."""

    entry_id: UUID
    number: str | None
    type: str
    gln: str
    to_gln: str | None
    to_name: str | None
    claimed_at: datetime
    recorded_at: datetime
    status: str
    annulled: bool
    lines: int


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Where, when and by which statement a line was received or refused; `refused_for` is why, in the receiver's words.

    There is none where it was taken, nor where a refusal gave none (`reason_missing`).
    """

    entry_id: UUID
    gln: str
    claimed_at: datetime
    marks: tuple[str, ...]
    refused_for: str | None = None


@dataclass(frozen=True, kw_only=True)
class VoucherLine:
    """One line and its fate, as far as the reader may see the statements that tell it.

    `state` is `expected`, `received`, `partly` (some of what is inside came by itself), `refused`, `elsewhere` (no more
    on the way to the site named: received at another, or what became of it is not for the reader), `sent_again`,
    `blocked` (the line moved nothing), `annulled`, or what the unit has become since (`lost`, `destroyed`, ...).
    `inside` counts the units in it when it was sent, `inside_received` those of them that were received by themselves.
    `received` is none where another firm's receipt is not for the reader.  Of a lot `received_quantity` is this
    voucher's share of what the receiver took from the sender, the earlier vouchers first; `over` is what no voucher was
    for.
    """

    line_no: int
    unit_id: str
    quantity: int
    gtin: str | None
    lot: str | None
    expiry: date | None
    marks: tuple[str, ...]
    state: str
    received: Receipt | None
    received_quantity: int
    inside: int
    inside_received: int
    over: int = 0


@dataclass(frozen=True, kw_only=True)
class Extra:
    """A unit that was received under a voucher and is not on it; `line_no` is its line in the receipt."""

    line_no: int
    unit_id: str
    quantity: int
    received: Receipt


@dataclass(frozen=True, kw_only=True)
class OpenedVoucher:
    """A voucher with all its lines in order, and a page of what was received under it beside them, of `extras`."""

    head: Voucher
    lines: tuple[VoucherLine, ...]
    extra: tuple[Extra, ...]
    extras: int

    @property
    def states(self) -> dict[str, int]:
        """How many lines are in each state."""
        return dict(Counter(line.state for line in self.lines))

    @property
    def discrepancies(self) -> dict[str, int]:
        """Count what the receiver's word and the sender's differ in.

        `missing` are lines that are still expected although others of the voucher arrived; before the first arrival
        nothing is missing yet.
        """
        states = Counter(line.state for line in self.lines)
        begun = any(states[each] for each in ("received", "partly", "refused", "elsewhere")) or self.extras > 0
        found = {
            "missing": states["expected"] if begun else 0,
            "partly": states["partly"],
            "refused": states["refused"],
            "elsewhere": states["elsewhere"],
            "over": sum(line.over > 0 for line in self.lines),
            "extra": self.extras,
        }
        return {name: count for name, count in found.items() if count}


def insert_numbers(session: Session, numbers: Sequence[tuple[UUID, str]]) -> None:
    """Keep the voucher numbers of statements that have one."""
    if numbers:
        session.execute(
            text(
                "INSERT INTO statement_voucher (entry_id, number)"
                " SELECT * FROM unnest(CAST(:entries AS uuid[]), CAST(:numbers AS text[]))"
            ),
            {"entries": [entry for entry, _ in numbers], "numbers": [number for _, number in numbers]},
        )


def forget_number(session: Session, entry_id: UUID) -> None:
    """Drop the number of a statement whose private field was erased."""
    session.execute(text("DELETE FROM statement_voucher WHERE entry_id = :id"), {"id": entry_id})


def number_of(value: object) -> str | None:
    """Return the voucher number of a private field as it is kept: one line, 200 characters at most."""
    if not isinstance(value, str):
        return None
    return "".join(sign for sign in value if sign.isprintable()).strip()[:NUMBER_CHARACTERS_MAX] or None


def list_vouchers(
    session: Session, gln: str, *, direction: Direction, number: str | None, after: UUID | None, limit: int
) -> list[Voucher]:
    """Return the vouchers that were sent to a site (`in`) or by it (`out`), newest first, from `after` on."""
    values = {"gln": gln, "number": number, "after": after, "types": list(OUT_TYPES), "most": min(limit, PAGE_MAX)}
    relation = {"in": "to", "out": "at"}[direction]
    rows = session.execute(text(_LISTED), values | {"relation": relation})
    return [_head(row) for row in rows]


_HEAD = (
    "s.entry_id, n.number, s.type, s.gln, s.to_gln, s.to_name, s.claimed_at, s.recorded_at, s.status,"
    f" {ANNULLED.format(statement='s')} AS annulled,"
    " (SELECT count(*) FROM statement_line l WHERE l.entry_id = s.entry_id AND l.role <> 'implied') AS lines"
    " FROM statement s LEFT JOIN statement_voucher n USING (entry_id)"
)
_LISTED = (
    f"SELECT {_HEAD} WHERE s.entry_id IN (SELECT p.entry_id FROM statement_party p JOIN statement t USING (entry_id)"
    "  WHERE p.gln = :gln AND p.relation = :relation AND t.type = ANY(CAST(:types AS text[]))"
    "  AND (CAST(:number AS text) IS NULL OR EXISTS"
    "   (SELECT 1 FROM statement_voucher v WHERE v.entry_id = p.entry_id AND v.number = :number))"
    "  AND (CAST(:after AS uuid) IS NULL OR (p.recorded_at, p.entry_id) <"
    "   (SELECT a.recorded_at, a.entry_id FROM statement a WHERE a.entry_id = :after))"
    "  ORDER BY p.recorded_at DESC, p.entry_id DESC LIMIT :most)"
    " ORDER BY s.recorded_at DESC, s.entry_id DESC"
)


def _head(row: Row) -> Voucher:  # type: ignore[type-arg]
    return Voucher(
        entry_id=row.entry_id,
        number=row.number,
        type=row.type,
        gln=row.gln,
        to_gln=row.to_gln,
        to_name=row.to_name,
        claimed_at=row.claimed_at,
        recorded_at=row.recorded_at,
        status=row.status,
        annulled=row.annulled,
        lines=row.lines,
    )


def open_voucher(
    session: Session,
    scope: Scope,
    entry_id: UUID,
    *,
    extra_after: tuple[UUID, int] | None = None,
    extra_max: int = EXTRA_MAX,
) -> OpenedVoucher | None:
    """Return a voucher with the fate of its lines; None for what is no voucher of this scope.

    What came beside it is told from the line (statement, number) behind `extra_after` on.

    It is for whoever sent it and whom it names, as the exact texts are (`Kind.PIECES`).  What others said of its lines
    since is in no more scopes by that: of their receipts only those at a site of the scope, or from one, are told.
    """
    within = Within(scope=scope, few_rows=True)
    row = session.execute(
        text(
            f"SELECT {_HEAD} WHERE s.entry_id = :id AND s.type = ANY(CAST(:types AS text[]))"
            f" AND {within.statement(Kind.PIECES, 's')}"
        ),
        {"id": entry_id, "types": list(OUT_TYPES), **within.values},
    ).first()
    if row is None:
        return None
    head = _head(row)
    values = {"id": entry_id, "blocking": sorted(BLOCKING), "out": list(OUT_TYPES), **within.values}
    # Of a receive a line is for whoever made it and whom it was taken from, as in `Within.line`.
    seen = f"COALESCE({within.site('s.gln')} OR {within.site('x.from_gln')}, FALSE)"
    said = f"COALESCE({within.said_of(Kind.UNIT, 's', 'x')}, FALSE)"
    rows = session.execute(text(_LINES.format(seen=seen, said=said)), values).all()
    lots = lots_named(session, [each.unit_id for each in rows])
    lines = tuple(_line(each, head, lots.get(each.unit_id)) for each in rows)
    cited = [str(entry_id), *([head.number] if head.number is not None else [])]
    behind, line = extra_after or (None, None)
    extra = session.execute(
        text(_EXTRA.format(seen=seen)),
        values | {"cited": cited, "to": head.to_gln, "after": behind, "line": line, "most": min(extra_max, EXTRA_MAX)},
    ).all()
    return OpenedVoucher(
        head=head,
        lines=lines,
        extra=tuple(
            Extra(line_no=each.line_no, unit_id=each.unit_id, quantity=each.quantity, received=_receipt(each))
            for each in extra
            if each.unit_id is not None
        ),
        extras=extra[0].total,
    )


# A receive belongs to the last out-scan of its unit before it.  What was an error counts for nothing.
_STANDS = f"NOT {ANNULLED.format(statement='s')}"
_LATER = f"(s.event_at, s.recorded_at, s.seq) > (v.event_at, v.recorded_at, v.seq) AND {_STANDS}"
_INSIDE = (
    "WITH RECURSIVE inside (unit_pk, depth) AS ("
    " SELECT c.child_pk, 1 FROM containment c WHERE c.parent_pk = l.unit_pk AND c.from_at <= v.event_at"
    " AND c.to_at > v.event_at UNION SELECT c.child_pk, i.depth + 1 FROM inside i JOIN containment c"
    " ON c.parent_pk = i.unit_pk WHERE i.depth < 8 AND c.from_at <= v.event_at AND c.to_at > v.event_at)"
)
# Of a lot: what the sender sent the receiver before and after this voucher, and what the receiver took from it.
_OF_LOT = (
    "SELECT CAST(COALESCE(sum(x.quantity) FILTER (WHERE s.type <> 'receive' AND (s.event_at, s.recorded_at, s.seq)"
    " < (v.event_at, v.recorded_at, v.seq)), 0) AS bigint) AS before,"
    " CAST(COALESCE(sum(x.quantity) FILTER (WHERE s.type <> 'receive' AND (s.event_at, s.recorded_at, s.seq)"
    " > (v.event_at, v.recorded_at, v.seq)), 0) AS bigint) AS later,"
    " CAST(COALESCE(sum(x.quantity) FILTER (WHERE s.type = 'receive'), 0) AS bigint) AS taken"
    " FROM statement_line x JOIN statement s USING (entry_id) WHERE x.unit_pk = l.unit_pk"
    f" AND NOT x.marks && CAST(:blocking AS text[]) AND {_STANDS} AND"
    " (s.type = ANY(CAST(:out AS text[])) AND s.gln = v.gln AND s.to_gln IS NOT DISTINCT FROM v.to_gln"
    "  OR s.type = 'receive' AND x.from_gln = v.gln AND (v.to_gln IS NULL OR s.gln = v.to_gln))"
)
_LINES = (
    "SELECT l.line_no, u.unit_id, l.quantity, l.marks, o.gtin, o.lot, o.expiry_date AS expiry,"
    " COALESCE(root.state, u.state) AS state, l.marks && CAST(:blocking AS text[]) AS blocked,"
    " q.before, q.later, q.taken, r.entry_id, r.gln, r.claimed_at, r.received_marks, r.refused, r.seen AS receipt_seen,"
    " again.seen AS again_seen, latest.seen AS latest_seen, i.inside, i.arrived"
    " FROM statement v JOIN statement_line l ON l.entry_id = v.entry_id AND l.role <> 'implied'"
    " JOIN unit u ON u.unit_pk = l.unit_pk LEFT JOIN unit root ON root.unit_pk = u.root_pk"
    " LEFT JOIN lot o ON o.lot_id = u.lot_id"
    " LEFT JOIN LATERAL (SELECT x.event_at AS at, {said} AS seen FROM statement_line x"
    "  JOIN statement s USING (entry_id)"
    "  WHERE x.unit_pk = l.unit_pk AND x.event_at >= v.event_at AND s.type = ANY(CAST(:out AS text[]))"
    f"  AND NOT x.marks && CAST(:blocking AS text[]) AND {_LATER} ORDER BY x.event_at, s.recorded_at LIMIT 1) again"
    " ON TRUE"
    " LEFT JOIN LATERAL (SELECT s.entry_id, s.gln, s.claimed_at, x.marks AS received_marks,"
    " x.details -> 'refused' AS refused, {seen} AS seen"
    "  FROM statement_line x JOIN statement s USING (entry_id) WHERE x.unit_pk = l.unit_pk"
    "  AND x.event_at >= v.event_at AND s.type = 'receive' AND NOT x.marks && CAST(:blocking AS text[])"
    f"  AND {_LATER} AND (again.at IS NULL OR x.event_at <= again.at)"
    f"  ORDER BY '{Mark.REFUSED_BY_RECEIVER}' = ANY(x.marks), NOT {{seen}}, x.event_at, s.recorded_at LIMIT 1) r"
    " ON TRUE"
    # Who said last what became of the unit, or of what it is in.
    " LEFT JOIN LATERAL (SELECT {said} AS seen FROM statement_line x JOIN statement s USING (entry_id)"
    "  WHERE x.unit_pk IN (l.unit_pk, root.unit_pk) AND x.event_at >= v.event_at"
    f"  AND NOT x.marks && CAST(:blocking AS text[]) AND {_LATER}"
    "  ORDER BY s.event_at DESC, s.recorded_at DESC, s.seq DESC LIMIT 1) latest ON TRUE"
    f" CROSS JOIN LATERAL ({_INSIDE} SELECT count(*) AS inside, count(*) FILTER (WHERE EXISTS (SELECT 1"
    "  FROM statement_line x JOIN statement s USING (entry_id) WHERE x.unit_pk = n.unit_pk"
    "  AND x.event_at >= v.event_at AND s.type = 'receive' AND NOT x.marks && CAST(:blocking AS text[])"
    f"  AND NOT '{Mark.REFUSED_BY_RECEIVER}' = ANY(x.marks) AND {_LATER} AND {{seen}})) AS arrived FROM inside n) i"
    f" LEFT JOIN LATERAL ({_OF_LOT}) q ON u.unit_id LIKE '(01)______________(10)%'"
    " WHERE v.entry_id = :id ORDER BY l.line_no"
)
_EXTRA = (
    "WITH e AS MATERIALIZED (SELECT u.unit_id, x.quantity, s.entry_id, s.gln, s.claimed_at, s.recorded_at,"
    " x.line_no, x.marks AS received_marks, x.details -> 'refused' AS refused"
    " FROM statement v JOIN statement_voucher c ON c.number = ANY(CAST(:cited AS text[]))"
    " JOIN statement s ON s.entry_id = c.entry_id AND s.type = 'receive' AND s.gln = :to"
    f" AND {_STANDS}"
    " JOIN statement_line x ON x.entry_id = s.entry_id AND x.role <> 'implied' JOIN unit u ON u.unit_pk = x.unit_pk"
    " WHERE v.entry_id = :id AND {seen} AND NOT EXISTS (SELECT 1 FROM statement_line l WHERE l.entry_id = v.entry_id"
    f"  AND (l.unit_pk = x.unit_pk OR x.unit_pk IN ({_INSIDE} SELECT unit_pk FROM inside)))"
    ") SELECT t.total, p.* FROM (SELECT count(*) AS total FROM e) t LEFT JOIN LATERAL (SELECT * FROM e"
    "  WHERE CAST(:after AS uuid) IS NULL OR (recorded_at, entry_id, line_no) >"
    "   (SELECT a.recorded_at, a.entry_id, CAST(:line AS int) FROM statement a WHERE a.entry_id = :after)"
    "  ORDER BY recorded_at, entry_id, line_no LIMIT :most) p ON TRUE ORDER BY p.recorded_at, p.entry_id, p.line_no"
)


def _line(row: Row, head: Voucher, lot: NamedLot | None) -> VoucherLine:  # type: ignore[type-arg]
    received = _receipt(row) if row.receipt_seen else None
    by_lot = row.taken is not None
    if by_lot:
        taken, over = share(sent=row.quantity, before=row.before, later=row.later, taken=row.taken)
        state = lot_fate(received=received, sent=row.quantity, taken=taken)
    else:
        over = 0
        state = fate(
            received=received,
            to_gln=head.to_gln,
            inside=row.inside,
            arrived=row.arrived,
            sent_again=bool(row.again_seen and row.receipt_seen is not False),
            state=_since(row),
        )
        taken = row.quantity if state in ("received", "elsewhere") else 0
    return VoucherLine(
        line_no=row.line_no,
        unit_id=row.unit_id,
        quantity=row.quantity,
        gtin=row.gtin if lot is None else lot.gtin,
        lot=row.lot if lot is None else lot.lot,
        expiry=row.expiry if lot is None else lot.expiry,
        marks=tuple(row.marks),
        state="annulled" if head.annulled else "blocked" if row.blocked else state,
        received=received,
        received_quantity=taken,
        over=over,
        inside=row.inside,
        inside_received=row.arrived,
    )


def _receipt(row: Row) -> Receipt:  # type: ignore[type-arg]
    return Receipt(
        entry_id=row.entry_id,
        gln=row.gln,
        claimed_at=row.claimed_at,
        marks=tuple(row.received_marks),
        refused_for=row.refused if isinstance(row.refused, str) else None,
    )


def _since(row: Row) -> str:  # type: ignore[type-arg]
    """Return what a unit is now, or `elsewhere` where statements that are not for the reader made it so.

    That it will not come is no secret from whoever waits for it: the list of what is expected has it no more.
    """
    elsewhere = row.receipt_seen is False and Mark.REFUSED_BY_RECEIVER not in row.received_marks
    if elsewhere or row.again_seen is False:
        return "elsewhere"
    return "elsewhere" if row.state != "in_transit" and row.latest_seen is False else str(row.state)


def fate(
    *, received: Receipt | None, to_gln: str | None, inside: int, arrived: int, sent_again: bool, state: str
) -> str:
    """Return what became of a line that moved its unit; `state` is where the unit or its outermost parent is now."""
    if received is not None and Mark.REFUSED_BY_RECEIVER not in received.marks:
        return "received" if to_gln in (None, received.gln) else "elsewhere"
    if arrived:
        return "received" if arrived == inside else "partly"
    if received is not None:
        return "refused"
    if sent_again:
        return "sent_again"
    return "expected" if state == "in_transit" else state


def share(*, sent: int, before: int, later: int, taken: int) -> tuple[int, int]:
    """Return how many packages of a lot count for a voucher, and how many came that no voucher was for.

    Packages of one lot are alike, so what was `taken` fills the vouchers in their order: `before` was sent to the same
    receiver earlier, `later` afterwards.  What is over is told at the last voucher.
    """
    mine = min(max(taken - before, 0), sent)
    return mine, max(taken - before - sent, 0) if later == 0 else 0


def lot_fate(*, received: Receipt | None, sent: int, taken: int) -> str:
    """Return what became of a line of a lot, of which so many packages count as received."""
    if taken:
        return "received" if taken >= sent else "partly"
    return "refused" if received is not None and Mark.REFUSED_BY_RECEIVER in received.marks else "expected"
