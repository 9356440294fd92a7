"""The one table of rights: role, kind of thing, verb, and how far the right reaches.

A firm sees its own events and one step up and one step down; regulators see their area; nobody else sees a full chain
(domain guide, section 4).  The platform's administrator keeps people, devices and keys, and sees no goods at all.
`scopes.py` says the same in SQL; a property test holds the two together.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from coldtrace.rights.model import (
    FINER_KINDS,
    NOTHING,
    Extent,
    Kind,
    Member,
    Party,
    Reader,
    Relation,
    Role,
    Scope,
    Thing,
    Verb,
)

FIRMS = frozenset(
    {
        Role.FIRST_STATION,
        Role.IMPORTER,
        Role.COLD_STORE,
        Role.CARRIER,
        Role.DISTRIBUTOR,
        Role.MARKET,
        Role.RETAILER,
        Role.REPACKER,
        Role.LABORATORY,
    }
)
"""Roles that goods pass through; the others watch."""

NEEDS_AREA = frozenset({Role.REGULATOR, Role.CUSTOMS})
"""Roles of an area: what they see is not their own."""

_CODERS = {Role.FIRST_STATION: Extent.OWN}
_OWNERS = {Role.FIRST_STATION: Extent.OWN, Role.IMPORTER: Extent.OWN}
_EVERY_FIRM = dict.fromkeys(FIRMS, Extent.OWN)
_TRADERS = _EVERY_FIRM | {Role.MARKET: Extent.STALLS, Role.REGULATOR: Extent.AREA}
_EVERYBODY = dict.fromkeys(Role, Extent.ALL)
_KEEPERS = _EVERY_FIRM | {
    Role.REGULATOR: Extent.OWN,
    Role.CUSTOMS: Extent.OWN,
    Role.ADMINISTRATOR: Extent.ALL,
}

RULES: Mapping[tuple[Kind, Verb], Mapping[Role, Extent]] = MappingProxyType(
    {
        (Kind.STATEMENT, Verb.READ): _TRADERS,
        # A statement is stored for whoever signed it; this is trying one out.
        (Kind.STATEMENT, Verb.WRITE): _EVERYBODY,
        (Kind.PIECES, Verb.READ): _TRADERS,
        (Kind.UNIT, Verb.READ): _TRADERS,
        (Kind.CASE, Verb.READ): _TRADERS,
        # Whoever a case concerns works on it; a regulator in its area, over everybody.
        (Kind.CASE, Verb.WRITE): _TRADERS,
        # Consumers complain to the office of a place, not to whoever sold to them.
        (Kind.COMPLAINT, Verb.READ): {Role.REGULATOR: Extent.AREA},
        (Kind.COMPLAINT, Verb.WRITE): {Role.REGULATOR: Extent.AREA},
        (Kind.CONSIGNMENT, Verb.READ): _OWNERS | {Role.REGULATOR: Extent.AREA, Role.CUSTOMS: Extent.AREA},
        (Kind.CONSIGNMENT, Verb.WRITE): _OWNERS,
        (Kind.PAPER, Verb.READ): _OWNERS | {Role.REGULATOR: Extent.AREA, Role.CUSTOMS: Extent.AREA},
        (Kind.PAPER, Verb.WRITE): _OWNERS,
        # Whoever compares a paper with its original: the authorities, and the office of the first station that has the
        # goods before it.  Nobody checks what they declared themselves (`goods/papers.py`).
        (Kind.PAPER_CHECK, Verb.WRITE): _CODERS | {Role.REGULATOR: Extent.AREA, Role.CUSTOMS: Extent.AREA},
        # Everybody has to know what a shipment needs; the platform's administrator writes it down.
        (Kind.POLICY, Verb.READ): _EVERYBODY,
        (Kind.POLICY, Verb.WRITE): {Role.ADMINISTRATOR: Extent.ALL},
        (Kind.RUN, Verb.READ): _OWNERS | {Role.REGULATOR: Extent.AREA},
        (Kind.RUN, Verb.WRITE): _CODERS,
        (Kind.ROLL, Verb.READ): _CODERS | {Role.REGULATOR: Extent.AREA},
        (Kind.ROLL, Verb.WRITE): _CODERS,
        # What a code is stands on the consumer's page too; state and place follow the right to see the unit.
        (Kind.CODE, Verb.READ): _EVERYBODY,
        (Kind.CODE, Verb.WRITE): _CODERS,
        (Kind.WORK, Verb.READ): _EVERY_FIRM | {Role.REGULATOR: Extent.OWN, Role.CUSTOMS: Extent.OWN},
        # Speaking for a site through the gateway that its manager opened: for its own system, by a token.  What it may
        # say goes by the site's role, as with a device.
        (Kind.GATEWAY, Verb.WRITE): dict.fromkeys({*FIRMS, Role.REGULATOR, Role.CUSTOMS}, Extent.KIND),
        (Kind.DEVICE, Verb.READ): _KEEPERS | {Role.REGULATOR: Extent.AREA},
        # A device may do what its site's role may, so whoever invites one gives that role.
        (Kind.DEVICE, Verb.WRITE): dict.fromkeys(_KEEPERS, Extent.KIND) | {Role.ADMINISTRATOR: Extent.ALL},
        # The directory of registered places: a shipper must be able to name any receiver.
        (Kind.SITE, Verb.READ): _EVERYBODY,
        (Kind.SITE, Verb.WRITE): {Role.ADMINISTRATOR: Extent.ALL},
        (Kind.ORGANISATION, Verb.READ): _KEEPERS | {Role.REGULATOR: Extent.AREA},
        (Kind.ORGANISATION, Verb.WRITE): {Role.ADMINISTRATOR: Extent.ALL},
        (Kind.PERSON, Verb.READ): _KEEPERS,
        (Kind.PERSON, Verb.WRITE): _KEEPERS,
        # Closing and reopening it, and taking a lost second step away.
        (Kind.ACCOUNT, Verb.WRITE): {Role.ADMINISTRATOR: Extent.ALL},
        (Kind.TOKEN, Verb.READ): _KEEPERS,
        (Kind.TOKEN, Verb.WRITE): _KEEPERS,
        (Kind.JOURNAL, Verb.READ): _KEEPERS,
        # Bundles of leaves tell how much is traded and when, by counting.
        (Kind.LOG_ENTRIES, Verb.READ): {Role.REGULATOR: Extent.ALL, Role.ADMINISTRATOR: Extent.ALL},
        (Kind.METRICS, Verb.READ): {Role.ADMINISTRATOR: Extent.ALL},
    }
)
"""A role that is not named has not the right."""

MANAGERS_ONLY = frozenset(
    {
        (Kind.DEVICE, Verb.WRITE),
        (Kind.PERSON, Verb.READ),
        (Kind.PERSON, Verb.WRITE),
        (Kind.TOKEN, Verb.READ),
        (Kind.TOKEN, Verb.WRITE),
        (Kind.JOURNAL, Verb.READ),
    }
)
"""Rights that a member has only if it manages its organisation.  One's own tokens and data need no right."""

COUNTED: Mapping[Kind, frozenset[Relation]] = MappingProxyType(
    {
        # One step up: what was shipped to me.  One step down: what was received from me.
        Kind.STATEMENT: frozenset({Relation.AT, Relation.TO, Relation.FROM, Relation.IMPORTER}),
        Kind.UNIT: frozenset({Relation.AT, Relation.TO, Relation.FROM, Relation.IMPORTER}),
        Kind.CASE: frozenset({Relation.AT, Relation.TO, Relation.FROM, Relation.IMPORTER}),
        # The texts themselves may hold lines of others' goods: not for whom a receiver took something from.
        Kind.PIECES: frozenset({Relation.AT, Relation.TO}),
        Kind.CONSIGNMENT: frozenset({Relation.AT, Relation.IMPORTER}),
        Kind.PAPER: frozenset({Relation.AT, Relation.IMPORTER}),
        Kind.RUN: frozenset({Relation.AT, Relation.IMPORTER}),
    }
)
"""Which parties of a thing count; of every other kind only where it is."""


def scope_of(reader: Reader, kind: Kind, verb: Verb) -> Scope:
    """Return what a reader's right reaches; NOTHING when it has not the right."""
    if reader.narrowed is not None and f"{kind}:{verb}" not in reader.narrowed:
        return NOTHING
    found = [_member_scope(member, kind, verb) for member in reader.members]
    return _union(scope for scope in found if scope is not None)


def permits(reader: Reader, kind: Kind, verb: Verb) -> bool:
    """Tell whether a reader has the right at all, whatever it reaches."""
    return not scope_of(reader, kind, verb).is_empty


def sees_by_area(reader: Reader, kind: Kind, verb: Verb) -> bool:
    """Tell whether a right shows what is others', by an area: then it takes a purpose.

    Who has it everywhere is a development start.
    """
    if (kind, verb) not in RULES:
        return False
    scope = scope_of(reader, kind, verb)
    return bool(scope.areas) and not scope.everything


def reaches(scope: Scope, kind: Kind, thing: Thing) -> bool:
    """Tell whether a thing of this kind is in the scope."""
    counted = COUNTED.get(kind, frozenset({Relation.AT}))
    return scope.everything or any(
        covers(scope, party) for relation, party in thing.parties.items() if relation in counted
    )


def covers(scope: Scope, party: Party) -> bool:
    """Tell whether a party is in the scope.

    A membership of named sites reaches these sites and nothing that has only the organisation's name on it.
    """
    return (
        scope.everything
        or (party.operator_id is not None and party.operator_id in scope.operators)
        or (party.gln is not None and party.gln in scope.sites)
        or (party.operator_id, party.kind) in scope.kinds_of
        or (party.gln, party.kind) in scope.kinds_at
        or (party.market_gln is not None and party.market_gln in scope.markets)
        or (party.market_operator_id is not None and party.market_operator_id in scope.markets_of)
        or (party.district is not None and any(party.district.startswith(area) for area in scope.areas))
    )


def kinds_of_role(role: Role) -> frozenset[str]:
    """Return the kinds of sites that a role is for."""
    return frozenset({role.value, *(kind for kind, each in FINER_KINDS.items() if each is role)})


def _member_scope(member: Member, kind: Kind, verb: Verb) -> Scope | None:
    extent = RULES[(kind, verb)].get(member.role)
    if extent is None:
        return None
    if (kind, verb) in MANAGERS_ONLY and not member.manages and member.role is not Role.ADMINISTRATOR:
        return None
    if extent is Extent.ALL or (extent is not Extent.AREA and member.operator_id is None):
        return Scope(everything=True)
    if extent is Extent.AREA:
        return None if member.area is None else Scope(areas=frozenset({member.area}))
    assert member.operator_id is not None, "the other case was answered above"
    if extent is Extent.KIND:
        kinds = kinds_of_role(member.role)
        if member.sites is not None:
            return Scope(kinds_at=frozenset((site, kind) for site in member.sites for kind in kinds))
        return Scope(kinds_of=frozenset((member.operator_id, kind) for kind in kinds))
    if member.sites is not None:
        stalls = member.sites if extent is Extent.STALLS else frozenset[str]()
        return Scope(sites=member.sites, markets=stalls)
    markets = {member.operator_id} if extent is Extent.STALLS else set()
    return Scope(operators=frozenset({member.operator_id}), markets_of=frozenset(markets))


def _union(scopes: Iterable[Scope]) -> Scope:
    every = list(scopes)
    return Scope(
        everything=any(each.everything for each in every),
        operators=frozenset().union(*(each.operators for each in every)),
        sites=frozenset().union(*(each.sites for each in every)),
        markets_of=frozenset().union(*(each.markets_of for each in every)),
        markets=frozenset().union(*(each.markets for each in every)),
        areas=frozenset().union(*(each.areas for each in every)),
        kinds_of=frozenset().union(*(each.kinds_of for each in every)),
        kinds_at=frozenset().union(*(each.kinds_at for each in every)),
    )
