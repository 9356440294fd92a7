"""Who may give which role to whom, and take it: nobody gives, or takes, more than they have."""

from collections.abc import Collection

from coldtrace.rights.model import Member, Reader, Role
from coldtrace.rights.rules import NEEDS_AREA


def may_grant(reader: Reader, wanted: Member, rights: Collection[str] | None = None) -> bool:
    """Tell whether a reader may make somebody else this member, narrowed to some rights ("unit:read") or with all.

    The administrator may make anybody anything that makes sense.  A manager may give its own role in its own
    organisation, for no more sites and no larger area than its own.  A narrowed token gives no right that it was not
    made for; so it makes narrowed tokens and no people.
    """
    if reader.narrowed is not None and (rights is None or not set(rights) <= reader.narrowed):
        return False
    if wanted.operator_id is None or (wanted.area is not None) != (wanted.role in NEEDS_AREA):
        return False
    # What these roles reach is an area or everything, never some sites: a limit that limits nothing is refused.
    if wanted.sites is not None and wanted.role in NEEDS_AREA | {Role.ADMINISTRATOR}:
        return False
    return any(_covers(held, wanted) for held in reader.members)


def may_end(reader: Reader, held: Member) -> bool:
    """Tell whether a reader may take this role from somebody: what it could give, or what should never have been."""
    return reader.narrowed is None and any(_covers(each, held) for each in reader.members)


def _covers(held: Member, wanted: Member) -> bool:
    if held.role is Role.ADMINISTRATOR:
        return True
    return (
        held.manages
        and held.role is wanted.role
        and held.operator_id in (None, wanted.operator_id)
        and (held.sites is None or (wanted.sites is not None and wanted.sites <= held.sites))
        and (wanted.area is None or (held.area is not None and wanted.area.startswith(held.area)))
    )
