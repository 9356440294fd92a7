"""Decisions about parties: pure."""

from coldtrace.parties.model import SiteRole

_HANDLING = ("pack", "unpack", "ship", "receive")

OPERATIONS: dict[SiteRole, tuple[str, ...]] = {
    SiteRole.FIRST_STATION: ("commission", *_HANDLING),
    SiteRole.COLD_STORE: _HANDLING,
    SiteRole.DISTRIBUTOR: _HANDLING,
    SiteRole.MARKET: (*_HANDLING, "sell"),
    SiteRole.RETAILER: (*_HANDLING, "sell"),
}
"""What a device of each role may state by default (domain guide, section 4, column "Who")."""
