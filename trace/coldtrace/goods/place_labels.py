"""Signed codes of doors and places, as they hang at a gate: /414/GLN[/254/DOOR].

A place need not be a first station.  Its codes are signed with its own station key when it has one, else with the
key of the first station (by GLN) that may print now: verifiers take a place code from any code key whose scope
speaks of 414, whichever place it names.  What a place code does is set the place of the next scans; it moves no goods.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from coldtrace.codes.link_text import is_cset82
from coldtrace.codes.refusals import printable
from coldtrace.codes.sign import sign_code
from coldtrace.env import Env
from coldtrace.goods.mint import ALGORITHMS
from coldtrace.goods.refusals import DoorNameUnusable
from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.parties import store as parties
from coldtrace.parties import trust
from coldtrace.parties.model import CodeKey, Site
from coldtrace.parties.refusals import NoCodeKey, SiteUnknown

DOOR_MAX = 20


@dataclass(frozen=True, kw_only=True)
class PlaceLabels:
    """The signs of one place: one for each door, or the one of the place itself when no door is named."""

    gln: str
    doors: Sequence[str] = ()


def place_labels(session: Session, env: Env, command: PlaceLabels) -> list[LabelContent]:
    """Sign the codes of a place's doors.

    Raises SiteUnknown, NoCodeKey when no station may sign now, and DoorNameUnusable for a name that no code can carry.
    """
    doors = [door.strip().upper() for door in command.doors]
    for door in doors:
        if len(door) > DOOR_MAX or not is_cset82(door):
            raise DoorNameUnusable(door=printable(door) if door.isascii() else door[:40])
    site = parties.site(session, command.gln)
    if site is None:
        raise SiteUnknown(gln=command.gln)
    key = _key(session, env, site)
    return [_sign(env, key, site, door) for door in doors or ("",)]


def _sign(env: Env, key: CodeKey, site: Site, door: str) -> LabelContent:
    elements = [("414", site.gln), *([("254", door)] if door else [])]
    uri = sign_code(
        host=env.public_host, elements=elements, algorithm=ALGORITHMS[key.alg], kid=key.kid, sign=key.signer.sign
    )
    return LabelContent(
        kind=LabelKind.PLACE,
        uri=uri,
        gs1_text="".join(f"({ai}){value}" for ai, value in elements),
        # The door alone is the word of its sign: it is looked for from the truck, the place is known.
        product_zh=door or site.name_zh,
        product_en=f"{site.name_zh} · {site.name_en}" if door else site.name_en,
        note_zh="先扫此码，再扫货物" if door else "扫此码：对方场所",
        note_en="Scan this first, then the goods" if door else "Scan this: the other party",
    )


def _key(session: Session, env: Env, site: Site) -> CodeKey:
    """The place's own key, else that of the first station that may sign this place now."""
    others = {row.gln for row in parties.signing_keys(session) if row.use == "code" and row.gln} - {site.gln}
    for gln in (site.gln, *sorted(others)):
        try:
            key = trust.code_key(session, env, gln, env.clock())
        except NoCodeKey:
            continue
        if key.covers("414", site.gln):
            return key
    raise NoCodeKey(gln=site.gln)
