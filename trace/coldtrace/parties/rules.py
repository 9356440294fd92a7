"""Decisions about parties: pure."""

from coldtrace.parties.model import SiteRole

_MOVING = ("pack", "unpack", "ship", "receive", "return")
_KEEPING = ("store", "observe", "count", "lose", "find", "destroy")
_LOOKING = ("observe", "inspect", "sample")
_HANDLING = (*_MOVING, "adopt", *_KEEPING, "hold", "release", "temperature", "correct")
"""A firm that has goods moves and keeps them, holds its own, and corrects what it said."""

OPERATIONS: dict[SiteRole, tuple[str, ...]] = {
    SiteRole.FIRST_STATION: ("commission", *_HANDLING, "relabel", "void", "sample", "recall", "lift"),
    SiteRole.IMPORTER: (*_HANDLING, "sample", "recall", "lift"),
    SiteRole.SUPERVISED_WAREHOUSE: (*_HANDLING, "sample"),
    SiteRole.TRANSFER_STORE: (*_HANDLING, "sample"),
    SiteRole.COLD_STORE: _HANDLING,
    SiteRole.CARRIER: ("ship", "receive", "return", "observe", "lose", "find", "temperature", "correct"),
    SiteRole.DISTRIBUTOR: _HANDLING,
    SiteRole.MARKET: (*_HANDLING, "sell", "open", "sample"),
    SiteRole.RETAILER: (*_HANDLING, "sell", "open"),
    SiteRole.CATERER: (*_HANDLING, "sell", "open", "use"),
    SiteRole.REPACKER: (*_HANDLING, "transform", "relabel"),
    SiteRole.LABORATORY: (*_LOOKING, "correct"),
    SiteRole.CUSTOMS: (*_LOOKING, "correct"),
    SiteRole.REGULATOR: (*_LOOKING, "count", "hold", "release", "recall", "lift", "correct"),
}
"""What a device of each role may state by default (domain guide, section 4, column "Who")."""


ALWAYS = frozenset({"mark", "close"})
"""What every device may state: these are about its own chain and no goods."""
