"""Answering scans, and keeping those that a person should look at: what nothing reads, and what does not verify.

The same text by the same caller is one row a day (UTC) with a count, so that a scanner pointed at a wrong label all
morning is one case and not a thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.codes.foreign_scheme import Scheme
from coldtrace.codes.readings import all_readings
from coldtrace.custody.resolve import Resolution, resolve
from coldtrace.env import Env
from coldtrace.errors import Lang
from coldtrace.events.unit_id import MalformedUnitId, foreign_unit
from coldtrace.rights.model import Scope

TEXT_MAX = 500


@dataclass(frozen=True, kw_only=True)
class AskedScan:
    """A text that somebody scanned or keyed in.

    `gln` is where, if the caller is a device of a site; otherwise `operator_id` is the caller's organisation, None if
    it has none or several.  `scope` is what it may see of units.
    """

    text: str
    by: str
    scope: Scope
    gln: str | None = None
    operator_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class AnsweredScan:
    """What the text is here, and the case it became, if it did."""

    resolution: Resolution
    case: UUID | None

    def to_json(self, lang: Lang) -> dict[str, object]:
        """Return the answer as the API and the command line show it."""
        found = self.resolution
        return {
            "resolver": "unknown" if found.resolver is None else found.resolver.value,
            "kind": found.kind,
            "name": found.name,
            "unit_id": found.unit_id,
            "gtin": found.gtin,
            "lot": found.lot,
            "command": found.command,
            "registered": found.registered,
            "verdict": found.verdict,
            "state": found.state,
            "site": found.site,
            "also": [each.value for each in found.also],
            "code": found.trouble,
            "detail": None if found.refusal is None else found.refusal.say(lang),
            "case": None if self.case is None else str(self.case),
        }


def answer_scan(
    session: Session, env: Env, command: AskedScan, *, schemes: Sequence[Scheme] | None = None
) -> AnsweredScan:
    """Resolve a text, and keep it as a case if somebody should look at it.  Raises what `resolve` raises."""
    resolution = resolve(session, env, command.scope, command.text, schemes=schemes)
    if resolution.trouble is None:
        return AnsweredScan(resolution=resolution, case=None)
    case = _keep(session, command, reason=resolution.trouble, id=env.new_id(), now=env.clock())
    return AnsweredScan(resolution=resolution, case=case)


def kept_text(scanned: str) -> str:
    """Return a text as it is kept: its first 500 characters, signs that nobody can print spelled out.

    >>> kept_text("冷冻\\x00牛肉\\ud800")
    '冷冻\\\\x00牛肉\\\\ud800'
    """
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in scanned[:TEXT_MAX])
    return shown[:TEXT_MAX]


def units_of_text(scanned: str) -> set[str]:
    """Return the units that a text may be read as, a foreign code among them; none where nothing reads it.

    >>> units_of_text("(01)09506000134352(21)7QK4M2ZX9RTB")
    {'(01)09506000134352(21)7QK4M2ZX9RTB'}
    >>> units_of_text("hello")
    set()
    """
    found: set[str] = set()
    for reading in all_readings(scanned).found if scanned else ():
        if reading.scan is not None:
            found |= {reading.scan.unit_id} if reading.scan.unit_id is not None else set()
            continue
        try:
            found.add(foreign_unit(scheme=reading.scheme or "", value=reading.value or ""))
        except MalformedUnitId:
            continue
    return found


def _keep(session: Session, command: AskedScan, *, reason: str, id: UUID, now: datetime) -> UUID:
    found: UUID = session.execute(
        text(
            "INSERT INTO unknown_scan AS u"
            " (scan_id, scanned, reason, gln, operator_id, district, scanned_by, day, recorded_at, last_at)"
            " SELECT :id, :scanned, :reason, v.gln, COALESCE(s.operator_id, CAST(:operator AS uuid)), s.district, :by,"
            " :day, :now, :now FROM (SELECT CAST(:gln AS text) AS gln) v LEFT JOIN site s USING (gln)"
            " ON CONFLICT (scanned_by, day, scanned) DO UPDATE SET times = u.times + 1, last_at = EXCLUDED.last_at"
            " RETURNING scan_id"
        ),
        {
            "id": id,
            "scanned": kept_text(command.text),
            "reason": reason,
            "gln": command.gln,
            "operator": command.operator_id,
            "by": command.by[:200],
            "day": now.date(),
            "now": now,
        },
    ).scalar_one()
    session.execute(text(_OPEN), {"id": found, "unread": sorted(UNREAD)})
    session.execute(text(_CONCERNS), {"id": found})
    return found


UNREAD = ("unknown_code", "malformed_uri", "malformed_elements", "unknown_command", "malformed_unit_id")
"""Reasons of scans that nothing reads; every other one is a verdict."""

_OPEN = (
    "INSERT INTO case_file (case_id, kind, about, gln, operator_id, opened_at, state)"
    " SELECT u.scan_id, CASE WHEN u.reason = ANY(CAST(:unread AS text[])) THEN 'unknown_code' ELSE 'refused_code' END,"
    " 'scan:' || u.scan_id, u.gln, u.operator_id, u.recorded_at, 'open' FROM unknown_scan u WHERE u.scan_id = :id"
    " ON CONFLICT DO NOTHING"
)
_CONCERNS = (
    "INSERT INTO case_party (case_id, operator_id, gln, district, opened_at, live)"
    " SELECT c.case_id, u.operator_id, u.gln, u.district, c.opened_at, c.live"
    " FROM unknown_scan u JOIN case_file c ON c.case_id = u.scan_id WHERE u.scan_id = :id ON CONFLICT DO NOTHING"
)
