"""Decisions about parties: pure."""

from coldtrace.parties.model import SiteRole

_HANDLING = ("pack", "unpack", "ship", "receive")

_LOOKING = ("observe", "inspect", "sample")

OPERATIONS: dict[SiteRole, tuple[str, ...]] = {
    SiteRole.FIRST_STATION: ("commission", *_HANDLING),
    SiteRole.IMPORTER: _HANDLING,
    SiteRole.SUPERVISED_WAREHOUSE: _HANDLING,
    SiteRole.TRANSFER_STORE: _HANDLING,
    SiteRole.COLD_STORE: _HANDLING,
    SiteRole.CARRIER: ("ship", "receive"),
    SiteRole.DISTRIBUTOR: _HANDLING,
    SiteRole.MARKET: (*_HANDLING, "sell"),
    SiteRole.RETAILER: (*_HANDLING, "sell"),
    SiteRole.CATERER: (*_HANDLING, "sell"),
    SiteRole.REPACKER: _HANDLING,
    SiteRole.LABORATORY: _LOOKING,
    SiteRole.CUSTOMS: _LOOKING,
    SiteRole.REGULATOR: _LOOKING,
}
"""What a device of each role may state by default (domain guide, section 4, column "Who")."""


ALWAYS = frozenset({"mark", "close"})
"""What every device may state: these are about its own chain and no goods."""
