"""What settles a case at one press: ready statements, proposed from its kind and from where its goods are.

A proposal is one statement that a site's gateway would sign, about those of the case's goods of which the same thing is
true.  A site speaks of goods that are there by the record, come there or left from there, and of what its own statement
in the case named; a regulator, from its office, of all of them.  Nothing is proposed that the record would block, or
that takes more than a press (a witness, a document, a new label): that is for a handheld.  Nor is it proposed to call
false what merely came late or under a clock that was off (`NOT_FALSE`): somebody looks, and closes that with a word
(`model.LOOKED_AT`).  Pure (docs/guides/cases.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from coldtrace.codes.foreign_scheme import known_schemes
from coldtrace.custody.areas import covers
from coldtrace.custody.correction_rules import Corrected, Correcting, is_permitted
from coldtrace.custody.lots import is_lot
from coldtrace.custody.model import STOCK, TERMINAL, CaseKind, Level, Overlay, UnitState
from coldtrace.errors import Words
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import UnitKind, read_unit_id
from coldtrace.events.units_piece import Line
from coldtrace.watch.model import RESOLUTIONS


class Where(StrEnum):
    """Where goods are, seen from the site that would speak of them."""

    HERE = "here"
    COMING = "coming"
    SENT = "sent"
    ELSEWHERE = "elsewhere"
    LOST = "lost"
    HELD = "held"
    NEW = "new"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Goods:
    """One of a case's goods as the record has it; of what is packed, where its outermost parent is.

    `overlays` are its own.  Of a lot `here` is how many packages lie where, `coming` how many are on their way where,
    and `counted` how many the case's own statement counted, None where it is no count, where something was said of the
    lot there since, or where the books there are of several firms.  `missing` is what the case's voucher still lacks.
    """

    unit_id: str
    state: UnitState = UnitState.UNKNOWN
    gln: str | None = None
    to_gln: str | None = None
    overlays: frozenset[str] = frozenset()
    counted: int | None = None
    missing: int | None = None
    here: Mapping[str, int] = field(default_factory=dict)
    coming: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Doubted:
    """A statement that a case is about: its header's hash, and what decides who may say that it is false."""

    header: bytes
    corrected: Corrected
    district: str


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site whose gateway somebody may use: what it may state, whose and where it is, and whether that is open."""

    gln: str
    firm: str
    operations: frozenset[str]
    district: str
    level: Level = Level.FIRM
    is_open: bool = True


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One press: a statement, and what it says.  `ready` is false where the site has no gateway to sign it.

    `key` names it within its case and site.  `corrects` is the hash of the header of what it says to be false.
    """

    key: str
    type: T
    site: str
    says: Words
    lines: tuple[Line, ...] = ()
    corrects: bytes | None = None
    fields: tuple[tuple[str, str], ...] = ()
    ready: bool = True

    @property
    def name(self) -> str:
        """What it is called by who presses it."""
        return f"{self.key}@{self.site}"


@dataclass(frozen=True, kw_only=True)
class _Offer:
    """A type of statement about goods in one place, in words with `{count}`; `office`: for those who only look."""

    type: T
    of: Where
    says: Words
    office: bool = False
    reason: bool = False


_SEEN = _Offer(
    type=T.OBSERVE,
    of=Where.HERE,
    says=Words("已到现场看过：{count} 件货在本站", "Looked at on the spot: {count} of the goods are here"),
)
_INSPECTED = _Offer(
    type=T.INSPECT,
    of=Where.HERE,
    says=Words("已现场检查这 {count} 件货", "Inspected on the spot: {count} of the goods"),
    office=True,
)
_OBSERVED = _Offer(
    type=T.OBSERVE,
    of=Where.HERE,
    says=Words("已现场看过这 {count} 件货", "Seen on the spot: {count} of the goods"),
    office=True,
)
_ARRIVED = _Offer(
    type=T.RECEIVE,
    of=Where.COMING,
    says=Words(
        "{count} 件在途货物已到本站，现补收货", "{count} of the goods on the road have arrived here: take them in"
    ),
)
_HERE_AFTER_ALL = _Offer(
    type=T.RECEIVE,
    of=Where.ELSEWHERE,
    says=Words(
        "{count} 件货确在本站，记录有误：收货（将记为缺上一站出库）",
        "{count} of the goods are here whatever the record has: take them in (noted as received without an out-scan)",
    ),
)
_FOUND = _Offer(
    type=T.FIND,
    of=Where.LOST,
    says=Words("{count} 件报失货物在本站找到", "{count} of the goods that were reported lost are here: found"),
)
_LOST_FROM_HERE = _Offer(
    type=T.LOSE,
    of=Where.SENT,
    says=Words("{count} 件货在途中丢失，由本站报失", "{count} of the goods were lost on the road: report them lost"),
    reason=True,
)
_NEVER_CAME = _Offer(
    type=T.LOSE,
    of=Where.COMING,
    says=Words("{count} 件货始终未到，报失", "{count} of the goods never came: report them lost"),
    reason=True,
)
_NOT_HERE_ANY_MORE = _Offer(
    type=T.LOSE,
    of=Where.HERE,
    says=Words("{count} 件货已不在本站，报失", "{count} of the goods are here no more: report them lost"),
    reason=True,
)
_BACK = _Offer(
    type=T.RECEIVE,
    of=Where.SENT,
    says=Words(
        "{count} 件货已退回本站，收货（出库写的是另一收货方，将予标记）",
        "{count} of the goods are back here: take them in (the out-scan names another receiver, which is noted)",
    ),
)
_HOLD = _Offer(
    type=T.HOLD,
    of=Where.HERE,
    says=Words("先封存本站的 {count} 件货，待查清", "Put {count} of the goods here on hold until it is cleared up"),
    reason=True,
)
_RELEASE = _Offer(
    type=T.RELEASE,
    of=Where.HELD,
    says=Words("解除本单位对 {count} 件货的封存", "Release {count} of the goods from the hold of this firm"),
)
_ADOPT = _Offer(
    type=T.ADOPT,
    of=Where.NEW,
    says=Words("按此外来码接收 {count} 件货，不重新贴码", "Take in {count} by this foreign code, without a new label"),
)

OFFERS: Mapping[CaseKind, tuple[_Offer, ...]] = {
    CaseKind.BLOCKED: (_SEEN, _RELEASE, _OBSERVED),
    CaseKind.CONFLICT: (_SEEN, _ARRIVED, _HERE_AFTER_ALL, _FOUND, _NOT_HERE_ANY_MORE, _INSPECTED),
    CaseKind.GAP: (_SEEN, _ARRIVED, _NEVER_CAME, _LOST_FROM_HERE, _OBSERVED),
    CaseKind.LATE: (),
    CaseKind.CLOCK_SKEW: (),
    CaseKind.DUPLICATE_ID: (),
    CaseKind.IMPOSSIBLE_TRAVEL: (_SEEN, _HOLD, _INSPECTED),
    CaseKind.UNKNOWN_CODE: (_ADOPT, _SEEN, _HOLD, _INSPECTED),
    CaseKind.REFUSED_CODE: (_HOLD, _SEEN, _INSPECTED),
    CaseKind.QUANTITY_MISMATCH: (_SEEN, _ARRIVED, _NEVER_CAME, _LOST_FROM_HERE, _OBSERVED),
    CaseKind.CORRECTION: (),
    CaseKind.REFUSED_HANDOVER: (_ARRIVED, _BACK, _LOST_FROM_HERE),
    CaseKind.DOUBLE_BOUND: (_SEEN, _INSPECTED),
    CaseKind.CLONE_SUSPECT: (_SEEN, _HOLD, _INSPECTED),
    CaseKind.OVER_RUN: (),
}
"""What is offered of single goods, by kind; the usual one first.  Lots and corrections are below."""

NOT_FALSE = frozenset({CaseKind.LATE, CaseKind.CLOCK_SKEW})
"""Kinds of which the statement is true as a rule, and only its time is odd."""

_FALSE = Words("该记录属误报：更正为“未发生”", "That statement was a mistake: say that it did not happen")
_FALSE_OTHER = Words(
    "与之相矛盾的那条记录属误报：更正为“未发生”",
    "The statement that it contradicts was a mistake: say that it did not happen",
)
_COUNTED = Words("已盘点：该批 {count} 件，与账面一致", "Counted: {count} of the lot are here, as in the books")
_MISSING = Words("盘亏：该批少 {count} 件，报失", "{count} of the lot are missing: report them lost")
_SURPLUS = Words("盘盈：该批多 {count} 件，记为找回", "{count} of the lot are more than in the books: found")
_LOT_CAME = Words(
    "该批在途 {count} 件已到本站，现补收货", "{count} of the lot on the road have arrived here: take them in"
)
_LOT_INSPECTED = Words("已就该批商品及其码开展检查", "Looked into the goods of this lot and their codes")
REASON = Words("由异常处理页确认", "stated at the desk to settle a case")


def propose(
    kind: CaseKind,
    *,
    site: Site,
    goods: Sequence[Goods] = (),
    own: Doubted | None = None,
    other: Doubted | None = None,
    at: datetime,
) -> tuple[Proposal, ...]:
    """Return what `site` can state at one press to settle a case of this kind, the usual first.

    `own` is the statement that the case is about and `other` a second one that it contradicts, each unless it was
    corrected already; `at` is now.
    """
    about_lots = _looked_at_lots(kind, site, goods) if site.level is not Level.FIRM else _about_lots(site, goods)
    false = () if kind in NOT_FALSE else _corrections(site, own, other, at)
    found = [*_about_units(kind, site, goods, own), *about_lots, *false]
    fit = {each.value for each in RESOLUTIONS[kind]} & site.operations
    return tuple(each for each in found if each.type.value in fit)


def where(goods: Goods, site: Site, *, named: bool) -> Where:
    """Return where goods are for a site; `named`: its own statement in the case speaks of them."""
    if goods.state in TERMINAL:
        return Where.OTHER
    if site.level is not Level.FIRM:
        return Where.HERE if goods.state in STOCK or goods.state is UnitState.IN_TRANSIT else Where.OTHER
    if goods.state in STOCK:
        return Where.HERE if goods.gln == site.gln else Where.ELSEWHERE if named else Where.OTHER
    if goods.state is UnitState.IN_TRANSIT:
        if goods.gln == site.gln:
            return Where.SENT
        if goods.to_gln == site.gln or (goods.to_gln is None and named):
            return Where.COMING
        return Where.ELSEWHERE if named else Where.OTHER
    if goods.state is UnitState.LOST:
        return Where.LOST if named or goods.gln == site.gln else Where.OTHER
    return Where.NEW if goods.state is UnitState.UNKNOWN and named and _is_adoptable(goods.unit_id) else Where.OTHER


def _is_adoptable(unit_id: str) -> bool:
    """Tell whether a unit is goods of another platform whose scheme is known here."""
    unit = read_unit_id(unit_id)
    return unit.kind is UnitKind.FOREIGN and unit.scheme in {each.scheme for each in known_schemes()}


def _about_units(kind: CaseKind, site: Site, goods: Sequence[Goods], own: Doubted | None) -> Iterable[Proposal]:
    named = own is None or own.corrected.gln == site.gln
    units = [(each, where(each, site, named=named)) for each in goods if not is_lot(each.unit_id)]
    for offer in OFFERS[kind]:
        if offer.office != (site.level is not Level.FIRM):
            continue
        these = [each.unit_id for each, place in units if _is_of(offer, each, place, site)]
        if these:
            yield Proposal(
                key=f"{offer.type.value}-{offer.of.value}",
                type=offer.type,
                site=site.gln,
                says=_with_count(offer.says, len(these)),
                lines=tuple(Line("unit", unit, None, 1, {}) for unit in these),
                fields=(("reason", f"{REASON.zh} / {REASON.en}"),) if offer.reason else (),
                ready=site.is_open,
            )


def _is_of(offer: _Offer, goods: Goods, place: Where, site: Site) -> bool:
    if offer.of is Where.HELD:
        return place is Where.HERE and f"{Overlay.HOLD_FIRM.value}@{site.firm}" in goods.overlays
    return place is offer.of


def _about_lots(site: Site, goods: Sequence[Goods]) -> Iterable[Proposal]:
    """Of goods by lot: what comes, what is there, and what is less or more than the books have."""
    lots = [each for each in goods if is_lot(each.unit_id)]
    for number, each in enumerate(lots, 1):
        booked, coming = each.here.get(site.gln), each.coming.get(site.gln, 0)
        if each.missing is not None:
            # Of several lots the voucher says together how much it lacks, and nobody knows of which.
            coming = min(coming, each.missing) if len(lots) == 1 else 0
        if coming > 0:
            yield _of_lot(site, T.RECEIVE, f"receive-lot-{number}", each, coming, _LOT_CAME)
        if booked is None:
            continue
        more = -booked if booked < 0 else 0 if each.counted is None else each.counted - booked
        if more > 0:
            yield _of_lot(site, T.FIND, f"find-lot-{number}", each, more, _SURPLUS)
        elif more < 0:
            yield _of_lot(site, T.LOSE, f"lose-lot-{number}", each, -more, _MISSING)
        if booked >= 0:
            yield _of_lot(site, T.COUNT, f"count-lot-{number}", each, booked, _COUNTED)


def _looked_at_lots(kind: CaseKind, site: Site, goods: Sequence[Goods]) -> Iterable[Proposal]:
    """That an office looked into a whole lot, where a case is about one."""
    if kind is not CaseKind.OVER_RUN:
        return
    for number, each in enumerate((each for each in goods if is_lot(each.unit_id)), 1):
        yield _of_lot(site, T.INSPECT, f"inspect-lot-{number}", each, 1, _LOT_INSPECTED)


def _of_lot(site: Site, type: T, key: str, goods: Goods, quantity: int, says: Words) -> Proposal:
    return Proposal(
        key=key,
        type=type,
        site=site.gln,
        says=_with_count(says, quantity),
        lines=(Line("unit", goods.unit_id, None, quantity, {}),),
        fields=(("reason", f"{REASON.zh} / {REASON.en}"),) if type is T.LOSE else (),
        ready=site.is_open,
    )


def _corrections(site: Site, own: Doubted | None, other: Doubted | None, at: datetime) -> Iterable[Proposal]:
    """That a statement of the case is false: by the site that said it, or by a regulator in its area.

    It says why, always.
    """
    for key, says, doubted in (("correct-own", _FALSE, own), ("correct-other", _FALSE_OTHER, other)):
        if doubted is None:
            continue
        over = site.level is Level.REGULATOR and covers(site.district, doubted.district)
        by = Correcting(gln=site.gln, recorded_at=at, may=True, by_regulator=over, reasoned=True)
        if is_permitted(by, doubted.corrected):
            yield Proposal(
                key=key,
                type=T.CORRECT,
                site=site.gln,
                says=says,
                corrects=doubted.header,
                fields=(("reason", f"{REASON.zh} / {REASON.en}"),),
                ready=site.is_open,
            )


def _with_count(words: Words, count: int) -> Words:
    return Words(words.zh.format(count=count), words.en.format(count=count))
