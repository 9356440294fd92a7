"""Which papers a shipment needs: policies in versions, and what a consignment lacked at a moment.

A version is never changed.  The last one of a name that has begun is in force, until it ends; several names stand
beside each other, and where two ask for the same paper the stricter one counts.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlmodel import Session

from coldtrace.db.plain_sql import text
from coldtrace.env import Env
from coldtrace.errors import Words
from coldtrace.goods.paper_refusals import PolicyRefused
from coldtrace.goods.paper_rules import (
    CHILLED_MAX_MDEGC,
    CLOCKS_DIFFER,
    FROZEN_MAX_MDEGC,
    RANKS,
    TITLE_MAX,
    Channel,
    LackingPaper,
    Need,
    NeedLevel,
    PaperKind,
    PaperPolicy,
    PaperState,
    PolicyScope,
    Temperature,
)
from coldtrace.goods.papers import WHICH_COUNTS
from coldtrace.working_days import LOCAL

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_CHAPTER = re.compile(r"[0-9]{2}", re.ASCII)
SCOPE_MAX = 60


@dataclass(frozen=True, kw_only=True)
class NewPolicy:
    """A version of a policy as the administrator writes it; days are local ones, `until` the first one without it."""

    name: str
    title: Words
    scope: PolicyScope
    needs: Sequence[Need]
    begins: date
    until: date | None = None


def add_policy(session: Session, env: Env, new: NewPolicy, *, by: str) -> PaperPolicy:
    """Add the next version of a policy; raise PolicyRefused.  What was in force before its first day stays so."""
    now = env.clock()
    begins = datetime.combine(new.begins, time(), LOCAL)
    until = None if new.until is None else datetime.combine(new.until, time(), LOCAL)
    if begins < datetime.combine(now.astimezone(LOCAL).date(), time(), LOCAL):
        raise PolicyRefused(field="begins", value=new.begins.isoformat())
    # Of today's version the hours before it was written are not judged by it.
    begins = max(begins, now)
    _require_sound(new)
    if until is not None and until <= begins:
        raise PolicyRefused(field="until", value=new.until.isoformat() if new.until else "")
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('paper_policy'))"), {})
    last = session.execute(
        text("SELECT COALESCE(max(version), 0) AS version FROM paper_policy WHERE name = :name"), {"name": new.name}
    ).scalar_one()
    policy = PaperPolicy(
        policy_id=env.new_id(),
        name=new.name,
        version=last + 1,
        title=Words(new.title.zh.strip(), new.title.en.strip()),
        scope=new.scope,
        needs=tuple(new.needs),
        in_force_from=begins,
        in_force_until=until,
        made_by=by,
        made_at=now,
    )
    session.execute(
        text(
            "INSERT INTO paper_policy (policy_id, name, version, title_zh, title_en, channels, origins, hs_chapters,"
            " temperatures, needs, in_force_from, in_force_until, made_by, made_at) VALUES (:id, :name, :version, :zh,"
            " :en, CAST(:channels AS text[]), CAST(:origins AS text[]), CAST(:hs_chapters AS text[]),"
            " CAST(:temperatures AS text[]), CAST(:needs AS jsonb), :from, :until, :by, :at)"
        ),
        {
            "id": policy.policy_id,
            "name": policy.name,
            "version": policy.version,
            "zh": policy.title.zh,
            "en": policy.title.en,
            **{name: sorted(getattr(policy.scope, name)) for name in _SETS},
            "needs": json.dumps(
                [{"kind": each.kind, "level": each.level, "least": each.least} for each in policy.needs]
            ),
            "from": policy.in_force_from,
            "until": policy.in_force_until,
            "by": by,
            "at": now,
        },
    )
    return policy


_SETS = ("channels", "origins", "hs_chapters", "temperatures")


def _require_sound(new: NewPolicy) -> None:
    scope = new.scope
    wrong: dict[str, str] = {}
    if _NAME.fullmatch(new.name) is None:
        wrong["name"] = new.name
    for lang, title in (("title_zh", new.title.zh), ("title_en", new.title.en)):
        if not title.strip() or len(title) > TITLE_MAX or not title.isprintable():
            wrong[lang] = title
    if any(_COUNTRY.fullmatch(each) is None for each in scope.origins) or len(scope.origins) > SCOPE_MAX:
        wrong["origins"] = " ".join(sorted(scope.origins))
    if any(_CHAPTER.fullmatch(each) is None for each in scope.hs_chapters) or len(scope.hs_chapters) > SCOPE_MAX:
        wrong["hs_chapters"] = " ".join(sorted(scope.hs_chapters))
    kinds = [each.kind for each in new.needs]
    if not kinds or len(kinds) != len(set(kinds)) or any(each.least not in RANKS for each in new.needs):
        wrong["needs"] = " ".join(kinds)
    for field, value in wrong.items():
        raise PolicyRefused(field=field, value="".join(sign for sign in value if sign.isprintable())[:40])


def list_policies(session: Session, *, after: UUID | None = None, limit: int) -> list[PaperPolicy]:
    """Return every version of every policy, newest first, `limit` of them behind `after`."""
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM paper_policy p WHERE (CAST(:after AS uuid) IS NULL OR p.policy_id < :after)"
            " ORDER BY p.policy_id DESC LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [_policy(row) for row in rows]


def policies_in_force(session: Session, at: datetime) -> list[PaperPolicy]:
    """Return the versions that are in force at a moment, by name."""
    rows = session.execute(text(f"SELECT {_COLUMNS} FROM ({_in_force('CAST(:at AS timestamptz)')}) p"), {"at": at})
    return sorted((_policy(row) for row in rows), key=lambda each: each.name)


_COLUMNS = (
    "p.policy_id, p.name, p.version, p.title_zh, p.title_en, p.channels, p.origins, p.hs_chapters, p.temperatures,"
    " p.needs, p.in_force_from, p.in_force_until, p.made_by, p.made_at"
)


def _in_force(at: str) -> str:
    """Return the query for the versions in force at a moment: of each name the one that began last, if not over.

    A version that was planned for a day comes into force on it, whatever was written down for the days before.
    """
    return (
        "SELECT v.* FROM (SELECT DISTINCT ON (name) * FROM paper_policy"
        f" WHERE in_force_from <= {at} ORDER BY name, in_force_from DESC, version DESC) v"
        f" WHERE v.in_force_until IS NULL OR v.in_force_until > {at}"
    )


def _policy(row: Row[Any]) -> PaperPolicy:
    return PaperPolicy(
        policy_id=row.policy_id,
        name=row.name,
        version=row.version,
        title=Words(row.title_zh, row.title_en),
        scope=PolicyScope(
            channels=frozenset(Channel(each) for each in row.channels),
            origins=frozenset(row.origins),
            hs_chapters=frozenset(row.hs_chapters),
            temperatures=frozenset(Temperature(each) for each in row.temperatures),
        ),
        needs=tuple(
            Need(
                kind=PaperKind(each["kind"]), level=NeedLevel(each["level"]), least=PaperState(each["least"])
            )
            for each in row.needs
        ),
        in_force_from=row.in_force_from,
        in_force_until=row.in_force_until,
        made_by=row.made_by,
        made_at=row.made_at,
    )  # fmt: skip


_TEMPERATURE = (
    f"CASE WHEN CAST(c.papers ->> 'storage_max_mdegc' AS int) <= {FROZEN_MAX_MDEGC} THEN 'frozen'"
    f" WHEN CAST(c.papers ->> 'storage_max_mdegc' AS int) <= {CHILLED_MAX_MDEGC} THEN 'chilled'"
    " WHEN c.papers ->> 'storage_max_mdegc' IS NOT NULL THEN 'ambient' END"
)
_RANKED = "ARRAY['declared', 'checked', 'verified']"
_VERIFIED = f"array_position({_RANKED}, COALESCE(k.verdict, 'declared'))"
_LEAST = f"array_position({_RANKED}, w.need ->> 'least')"


def lacking_query(asked: str) -> str:
    """Return the query for what consignments lack: `asked` is a query for (n, consignment_id, at, day).

    A paper counts that was declared by then and not replaced, valid on the day, and verified as far as was asked by
    the last check until then; one that was rejected does not.
    """
    then = f"a.at + CAST('{int(CLOCKS_DIFFER.total_seconds())} seconds' AS interval)"
    return (
        "SELECT a.n, a.consignment_id, w.need ->> 'kind' AS kind, w.need ->> 'level' AS level,"
        f" w.need ->> 'least' AS least, p.title_zh, p.title_en FROM ({asked}) a"
        " JOIN consignment c ON c.consignment_id = a.consignment_id AND c.state = 'open'"
        f" CROSS JOIN LATERAL ({_in_force('a.at')}) p CROSS JOIN LATERAL jsonb_array_elements(p.needs) AS w(need)"
        " WHERE (p.channels = '{}' OR c.channel = ANY(p.channels))"
        # Whatever a packing list does not say excludes no policy: nobody gets past one by leaving a field empty.
        " AND (p.origins = '{}' OR COALESCE(c.papers ->> 'origin' = ANY(p.origins), TRUE))"
        " AND (p.hs_chapters = '{}' OR COALESCE(left(c.papers ->> 'hs_code', 2) = ANY(p.hs_chapters), TRUE))"
        f" AND (p.temperatures = '{{}}' OR COALESCE({_TEMPERATURE} = ANY(p.temperatures), TRUE))"
        " AND NOT EXISTS (SELECT 1 FROM paper d LEFT JOIN LATERAL (SELECT k.verdict FROM paper_check k"
        f" WHERE k.paper_id = d.paper_id AND k.checked_at <= {then} ORDER BY {WHICH_COUNTS.format(check='k')}"
        " LIMIT 1) k ON TRUE WHERE d.consignment_id = a.consignment_id AND d.kind = w.need ->> 'kind'"
        f" AND d.declared_at <= {then} AND (d.valid_from IS NULL OR d.valid_from <= a.day)"
        " AND (d.valid_until IS NULL OR d.valid_until >= a.day)"
        f" AND NOT EXISTS (SELECT 1 FROM paper r WHERE r.replaces = d.paper_id AND r.declared_at <= {then})"
        f" AND {_VERIFIED} >= {_LEAST})"
    )


def read_lacking(rows: Sequence[Row[Any]]) -> Mapping[int, tuple[LackingPaper, ...]]:
    """Return what is lacking by `n`: of each consignment and kind the strictest need, blocking ones first."""
    found: dict[int, dict[tuple[UUID, str], LackingPaper]] = {}
    for row in rows:
        each = LackingPaper(
            consignment_id=row.consignment_id,
            kind=PaperKind(row.kind),
            level=NeedLevel(row.level),
            least=PaperState(row.least),
            policy=Words(row.title_zh, row.title_en),
        )
        of = found.setdefault(row.n, {})
        before = of.get((each.consignment_id, each.kind))
        if before is None or _strictness(each) > _strictness(before):
            of[each.consignment_id, each.kind] = each
    return {n: tuple(sorted(of.values(), key=_order)) for n, of in found.items()}


def _strictness(each: LackingPaper) -> tuple[bool, int]:
    return (each.level is NeedLevel.BLOCK, RANKS.index(each.least))


def _order(each: LackingPaper) -> tuple[bool, str, str]:
    return (each.level is not NeedLevel.BLOCK, str(each.consignment_id), each.kind.value)


def lacking_papers(session: Session, consignment_id: UUID, *, at: datetime) -> tuple[LackingPaper, ...]:
    """Return which papers a consignment lacks for an out-scan at a moment, the blocking ones first."""
    asked = (
        "SELECT 1 AS n, CAST(:id AS uuid) AS consignment_id, CAST(:at AS timestamptz) AS at, CAST(:day AS date) AS day"
    )
    rows = session.execute(
        text(lacking_query(asked)), {"id": consignment_id, "at": at, "day": at.astimezone(LOCAL).date()}
    )
    return read_lacking(rows.all()).get(1, ())
