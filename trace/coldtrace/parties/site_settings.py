"""What an administrator may change about a site: its GS1 company prefixes, and how many codes it may draw a day."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from coldtrace.codes.gln import parse_gln
from coldtrace.env import Env
from coldtrace.parties import store, trust
from coldtrace.parties.refusals import CompanyPrefixOverlaps, MalformedCompanyPrefix, SiteUnknown
from coldtrace.parties.tables import SiteRow

_PREFIX = re.compile(r"[0-9]{4,12}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class SetSite:
    """What is to change; None leaves it as it is.

    The first of `company_prefixes` is the one under which SSCCs are numbered.  `unlimited` takes a quota away.
    """

    gln: str
    company_prefixes: Sequence[str] | None = None
    codes_per_day: int | None = None
    unlimited: bool = False


@dataclass(frozen=True, kw_only=True)
class SiteSettings:
    """What is set for a site; a `codes_per_day` of None is no limit."""

    gln: str
    company_prefixes: tuple[str, ...]
    codes_per_day: int | None


def set_site(session: Session, env: Env, command: SetSite) -> SiteSettings:
    """Change what is set for a site, and announce a trust list when its prefixes changed.

    Raises SiteUnknown, MalformedCompanyPrefix, or CompanyPrefixOverlaps.  The caller owns the transaction.
    """
    # Two changes at once could each be right and together overlap.
    store.lock_publishing(session)
    row = session.get(SiteRow, parse_gln(command.gln), with_for_update=True)
    if row is None:
        raise SiteUnknown(gln=command.gln)
    if command.unlimited or command.codes_per_day is not None:
        row.codes_per_day = None if command.unlimited else command.codes_per_day
    prefixes = None if command.company_prefixes is None else list(dict.fromkeys(command.company_prefixes))
    is_new = prefixes is not None and prefixes != row.company_prefixes
    if prefixes is not None and is_new:
        _check_prefixes(session, prefixes, gln=row.gln)
        row.company_prefixes = prefixes
    session.add(row)
    session.flush()
    if is_new:
        trust.announce(session, env)
    return _settings(row)


def site_settings(session: Session) -> dict[str, SiteSettings]:
    """Return what is set for each site."""
    return {site.gln: _settings(row) for site in store.sites(session) if (row := session.get(SiteRow, site.gln))}


def _settings(row: SiteRow) -> SiteSettings:
    return SiteSettings(gln=row.gln, company_prefixes=tuple(row.company_prefixes), codes_per_day=row.codes_per_day)


def _check_prefixes(session: Session, prefixes: Sequence[str], *, gln: str) -> None:
    """Refuse what GS1 never gives out: a prefix that is the beginning of another one would number the same units."""
    for prefix in prefixes:
        if not _PREFIX.fullmatch(prefix):
            raise MalformedCompanyPrefix(prefix=prefix[:40])
    if not prefixes:
        raise MalformedCompanyPrefix(prefix="-")
    taken = {other: taken_gln for taken_gln, all_of in store.company_prefixes(session).items() for other in all_of
             if taken_gln != gln}  # fmt: skip
    taken |= dict.fromkeys(prefixes, gln)
    for prefix in prefixes:
        for other, owner in taken.items():
            if prefix != other and (prefix.startswith(other) or other.startswith(prefix)):
                raise CompanyPrefixOverlaps(prefix=prefix, other=other, gln=owner)
