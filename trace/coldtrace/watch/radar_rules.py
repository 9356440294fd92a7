"""The rules of the clone radar: when a code seems to be on more than one box (domain guide, section 4, rule 6).

One box is in one place, moves at the speed of a truck, and is eaten once.  Looks of the public are known by city and
hour alone, each network once a day; so no rule asks who looked, and none believes a single person: whoever comes back
day after day counts once in each place, unless others came on the same day.  A link is sent to a cousin, a phone is
told to be where its owner lives, goods are sold on in another city: one journey each.  What one box cannot do is to
go there and back again and again.

All limits stand in `RadarLimits`, each with its reason; the setting `COLDTRACE_RADAR` changes single ones
(docs/guides/clone-radar.md).  Pure: no clock, no database.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from coldtrace.errors import Words
from coldtrace.settings import SettingInvalid


class Signal(StrEnum):
    """What speaks for more than one box under a code, or for codes that nobody issued."""

    TWO_PLACES = "two_places"
    TOO_FAST = "too_fast"
    LOOKED_ELSEWHERE = "looked_elsewhere"
    LOOKED_AFTER_SALE = "looked_after_sale"
    CROWD = "crowd"
    BURST = "burst"
    BACK_AND_FORTH = "back_and_forth"
    STRAY_CODES = "stray_codes"
    SIGNED_STRAY = "signed_stray"
    GUESSABLE = "guessable"


SIGNAL_WORDS: dict[Signal, Words] = {
    Signal.TWO_PLACES: Words("多地交替出现查询", "Looked up in turn in several places"),
    Signal.TOO_FAST: Words("短时间内在相距很远的地方被查询", "Looked up far apart within too short a time"),
    Signal.LOOKED_ELSEWHERE: Words(
        "货物在库期间，多次在外省被查询", "Looked up in other provinces while the goods were in stock"
    ),
    Signal.LOOKED_AFTER_SALE: Words("售出多日后仍有多人查询", "Still looked up by several people long after the sale"),
    Signal.CROWD: Words("查询人数多于一件货应有的人数", "Looked up by more people than one box has"),
    Signal.BURST: Words(
        "同批多件在库货物在别处集中出现查询", "Several boxes of a lot in stock were looked up elsewhere together"
    ),
    Signal.BACK_AND_FORTH: Words(
        "各场所的扫码记录在两地之间往返，且无出库", "Scanned at sites in two places in turn, without an out-scan"
    ),
    Signal.STRAY_CODES: Words(
        "有多人查询该批从未签发的码", "Several people saw codes of this lot that were never issued"
    ),
    Signal.SIGNED_STRAY: Words(
        "出现签名有效但未登记的码", "A code with a valid signature that is not registered was seen"
    ),
    Signal.GUESSABLE: Words("这些序列号连续，可以猜出", "These serials follow one another and can be guessed"),
}


@dataclass(frozen=True, kw_only=True)
class RadarLimits:
    """From where on something is odd.

    `window_days`: how far back looks are compared; labels of frozen goods live for weeks.
    `returns`: how often a box would have had to come back to a province that it had left; one cousin or roaming phone
    makes one.  `returns_percent`: and at least so many of a hundred looks, since many looks bring many roaming phones.
    `slow_returns`: fewer are enough where looks came on `slow_days` days; friends look within two.
    `city_returns`, `city_percent`: the same of cities of one province, of which phones are told apart less well.
    `busy_provinces`: or so many provinces with two looks each; who takes a box along looks once in each.
    `far_provinces`: or so many with one, of `far_looks` in all, more than `far_span_days` apart; a page is sent around
    within two days.
    `fast_hours`, `fast_pairs`, `fast_percent`: so many times two provinces within so many hours.
    `counter_percent`, `counter_returns`: the same where the box lies open at a counter: whoever buys of it looks, and
    some of so many phones seem to be at home.
    `away_visitors`: so many people in other provinces than the record has the goods in, on `away_days` days, and half
    of all who looked there meanwhile at least.  `away_crowd` on one day are enough where two of them were in one
    province; a picture that a shop sends around is looked at everywhere.
    `resold_days`: goods that were sold are sold on in a week or so; `away_visitors` people in other provinces after so
    many days are too many, and `away_crowd` after `sold_days`.
    `sold_days`: how long a family may look at what it bought; `sold_visitors` people after that are too many.  Over
    `sold_span_days` or more three are, and two on `sold_separate_days` days: a freezer is mostly emptied once.  Looks
    in one province, `couple` on a day at most, are the two at home until they come on `couple_days` days.
    `crowd_visitors`: more people than stand before one box; `counter_visitors` where it lies open at a counter,
    `slow_crowd_visitors` on `slow_crowd_days` days where it does not.
    `burst_units`, `burst_visitors`: so many boxes of one lot, looked up in one province, in another city than the
    record has them, two of them today, by so many people, and half as many people as boxes at least.  Pictures that a
    store sends around are looked at everywhere, copies where they are sold.  `burst_days`: boxes looked up so long
    before belong to it.  `pallet_boxes`: so many in one hour from one city are a clerk with a phone, and are no burst.
    `back_hours`: a site that goes on with goods of which another one has a receipt, without taking them in again,
    contradicts it at once for so long, later the second time.
    `stray_serials`, `stray_visitors`: so many codes of a lot that were never issued, seen by so many people, or on
    `stray_separate_days` days, on one of them by two, in `stray_days` days.
    """

    window_days: int = 30
    returns: int = 3
    returns_percent: int = 10
    slow_returns: int = 2
    slow_days: int = 5
    city_returns: int = 5
    city_percent: int = 20
    busy_provinces: int = 3
    far_provinces: int = 4
    far_looks: int = 6
    far_span_days: int = 4
    fast_hours: int = 2
    fast_pairs: int = 3
    fast_percent: int = 15
    counter_percent: int = 30
    counter_returns: int = 5
    away_visitors: int = 2
    away_days: int = 2
    away_crowd: int = 4
    resold_days: int = 10
    sold_days: int = 5
    sold_visitors: int = 5
    sold_separate_days: int = 3
    sold_span_days: int = 3
    couple: int = 2
    couple_days: int = 4
    crowd_visitors: int = 15
    counter_visitors: int = 60
    slow_crowd_visitors: int = 5
    slow_crowd_days: int = 6
    burst_units: int = 4
    burst_visitors: int = 3
    burst_days: int = 7
    pallet_boxes: int = 12
    back_hours: int = 240
    stray_serials: int = 3
    stray_visitors: int = 5
    stray_separate_days: int = 5
    stray_days: int = 30

    @classmethod
    def of(cls, chosen: Mapping[str, int]) -> "RadarLimits":
        """Return the limits, single ones as chosen; raise SettingInvalid for what is none, or is below 1."""
        unknown = sorted(set(chosen) - set(cls.__dataclass_fields__))
        if unknown:
            raise SettingInvalid(name="COLDTRACE_RADAR", reason=f"no limit of the radar: {unknown[0]}")
        low = sorted(name for name, value in chosen.items() if value < 1)
        if low:
            raise SettingInvalid(name="COLDTRACE_RADAR", reason=f"at least 1: {low[0]}")
        return cls(**chosen)

    @property
    def at_counter(self) -> "RadarLimits":
        """The limits for a box that lies open at a counter."""
        return replace(
            self,
            returns=self.counter_returns,
            slow_returns=self.counter_returns - 1,
            returns_percent=self.counter_percent,
            fast_pairs=self.counter_returns,
            fast_percent=self.counter_percent,
        )

    @property
    def fewest(self) -> int:
        """How many looks a code needs before any of its own rules can speak."""
        own = (self.slow_returns + 2, self.fast_pairs, self.sold_separate_days, 2 * self.busy_provinces)
        return min(*own, self.crowd_visitors)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Looks at one code in one hour (counted from anywhere) from one place: a city, a province, "" for unknown."""

    hour: int
    place: str
    looks: int

    @property
    def province(self) -> str:
        """The first two digits of the place, "" for unknown."""
        return self.place[:2]

    @property
    def city(self) -> str:
        """The four digits of the city, "" where only the province is known."""
        return "" if self.place[2:] in ("", "0000") else self.place[:4]

    @property
    def day(self) -> int:
        """The day of the hour."""
        return self.hour // 24


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is known of the looks at one code: the cells of the window, when it was sold, whether it lies open.

    `home` is the place of the site that the record has it at, or that sold it, "" for unknown or on the road;
    `home_hour` since when.
    """

    cells: tuple[Cell, ...]
    sold_hour: int | None = None
    at_counter: bool = False
    home: str = ""
    home_hour: int | None = None

    @property
    def away(self) -> tuple[Cell, ...]:
        """The cells of other provinces than that of `home`."""
        return tuple(cell for cell in self.cells if self.home and cell.province not in ("", self.home[:2]))

    @property
    def in_stock(self) -> tuple[Cell, ...]:
        """The cells, as far as places are known, from while the goods lay at `home`."""
        if self.home_hour is None or not self.home:
            return ()
        left = self.sold_hour
        since = [cell for cell in self.cells if cell.province and cell.hour > self.home_hour]
        return tuple(cell for cell in since if left is None or cell.hour < left)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What speaks against one box, with the figures that it rests on."""

    signals: tuple[Signal, ...]
    looks: int
    visitors: int
    days: int
    provinces: int
    returns: int


def judge(seen: Seen, limits: RadarLimits) -> Finding | None:
    """Return what the looks at a code say, None if nothing."""
    known = [cell for cell in seen.cells if cell.province]
    if seen.at_counter:
        limits = limits.at_counter
    back, looks = returns(known), sum(cell.looks for cell in seen.cells)
    signals = []
    days = {cell.day for cell in seen.cells}
    if _is_in_two_places(known, back, limits):
        signals.append(Signal.TWO_PLACES)
    fast = max(limits.fast_pairs, limits.fast_percent * sum(cell.looks for cell in known) / 100)
    if fast_pairs(known, hours=limits.fast_hours) >= fast:
        signals.append(Signal.TOO_FAST)
    if not seen.at_counter and _is_seen_elsewhere(seen, limits):
        signals.append(Signal.LOOKED_ELSEWHERE)
    if seen.sold_hour is not None and _is_late_crowd(seen, seen.sold_hour, limits):
        signals.append(Signal.LOOKED_AFTER_SALE)
    people = visitors(seen.cells)
    slow = people >= limits.slow_crowd_visitors and len(days) >= limits.slow_crowd_days
    if people >= limits.counter_visitors or (not seen.at_counter and (slow or people >= limits.crowd_visitors)):
        signals.append(Signal.CROWD)
    if not signals:
        return None
    return Finding(
        signals=tuple(signals),
        looks=looks,
        visitors=people,
        days=len(days),
        provinces=len({cell.province for cell in known}),
        returns=back,
    )


def _is_in_two_places(known: Sequence[Cell], back: int, limits: RadarLimits) -> bool:
    span = max((cell.day for cell in known), default=0) - min((cell.day for cell in known), default=0)
    days = len({cell.day for cell in known})
    enough = limits.slow_returns if days >= limits.slow_days else limits.returns
    if back >= max(enough, limits.returns_percent * sum(cell.looks for cell in known) / 100):
        return True
    by_province: Counter[str] = Counter()
    for cell in known:
        by_province[cell.province] += cell.looks
    if sum(looks > 1 for looks in by_province.values()) >= limits.busy_provinces:
        return True
    many = len(by_province) >= limits.far_provinces and by_province.total() >= limits.far_looks
    if many and span > limits.far_span_days:
        return True
    cities = [cell for cell in known if cell.city]
    share = limits.city_percent * sum(cell.looks for cell in cities) / 100
    return returns(cities, by_city=True) >= max(limits.city_returns, share)


def _is_seen_elsewhere(seen: Seen, limits: RadarLimits) -> bool:
    stock = seen.in_stock
    away = [cell for cell in stock if cell.province != seen.home[:2]]
    if 2 * sum(cell.looks for cell in away) < sum(cell.looks for cell in stock):
        return False
    people, days = visitors(away), len({cell.day for cell in away})
    if people >= limits.away_visitors and days >= limits.away_days:
        return True
    provinces = {cell.province for cell in away}
    most = max((visitors([cell for cell in away if cell.province == each]) for each in provinces), default=0)
    return people >= limits.away_crowd and most > 1


def _is_late_crowd(seen: Seen, sold_hour: int, limits: RadarLimits) -> bool:
    if not seen.at_counter:
        for after, enough in ((limits.sold_days, limits.away_crowd), (limits.resold_days, limits.away_visitors)):
            if visitors(cell for cell in seen.away if cell.hour > sold_hour + 24 * after) >= enough:
                return True
    late = [cell for cell in seen.cells if cell.hour > sold_hour + 24 * limits.sold_days]
    people, days = visitors(late), sorted({cell.day for cell in late})
    looks: Counter[int] = Counter()
    for cell in late:
        looks[cell.day] += cell.looks
    if max(looks.values(), default=0) <= limits.couple and len({cell.province for cell in late if cell.province}) <= 1:
        return people > 1 and len(days) >= limits.couple_days
    if people >= limits.sold_visitors:
        return True
    if not days or days[-1] - days[0] < limits.sold_span_days:
        return False
    return people >= 3 or (people == 2 and len(days) >= limits.sold_separate_days)


@dataclass(frozen=True, kw_only=True)
class Away:
    """Looks at a box in stock from another city than the record has it, and the networks that looked today."""

    box: str
    cells: tuple[Cell, ...]
    networks: tuple[str, ...]


def burst_of(boxes: Sequence[Away], *, today: int, limits: RadarLimits) -> tuple[list[str], bool]:
    """Return the boxes of a lot that were looked up elsewhere, and whether that is a burst; `today` begins at an hour.

    >>> there = [Away(box=f"{n}", cells=(Cell(hour=9, place="440300", looks=1),), networks=(f"{n}",)) for n in range(5)]
    >>> burst_of(there, today=0, limits=RadarLimits())
    (['0', '1', '2', '3', '4'], True)
    """
    together = Counter((cell.hour, cell.place[:4]) for each in boxes for cell in each.cells)
    found, fresh = dict[str, set[str]](), dict[str, set[str]]()
    people: dict[str, set[str]] = {}
    for each in boxes:
        for cell in each.cells:
            if together[cell.hour, cell.place[:4]] >= limits.pallet_boxes:
                continue
            found.setdefault(cell.province, set()).add(each.box)
            if cell.hour >= today:
                fresh.setdefault(cell.province, set()).add(each.box)
                people.setdefault(cell.province, set()).update(each.networks)
    is_burst = any(
        len(found[place]) >= limits.burst_units
        and len(units) >= BURST_TODAY
        and len(people[place]) >= max(limits.burst_visitors, len(units) / 2)
        for place, units in fresh.items()
    )
    return sorted(set[str]().union(*found.values())), is_burst


BURST_TODAY: Final = 2
"""A burst is told of on a day on which it goes on."""


def visitors(cells: Iterable[Cell]) -> int:
    """Return how many people looked at least, if one person came back on every day to every place.

    On one day each look is another visitor's.  Of two days one and the same person may be counted on both.

    >>> visitors([Cell(hour=1, place="120100", looks=3), Cell(hour=25, place="120100", looks=3)])
    5
    >>> visitors([Cell(hour=24 * day, place="120100", looks=1) for day in range(20)])
    1
    """
    by_day: Counter[tuple[str, int]] = Counter()
    for cell in sorted(cells, key=lambda each: each.province, reverse=True):
        # Whoever came from nobody knows where counts where others came from that day.
        there = next((place for place, day in by_day if day == cell.day), "") if not cell.province else cell.province
        by_day[there, cell.day] += cell.looks
    places = {place for place, _ in by_day if place}
    return max(len(places), min(len(by_day), 1)) + sum(looks - 1 for looks in by_day.values())


def returns(cells: Sequence[Cell], *, by_city: bool = False) -> int:
    """Return how often a box must have come back to a province (or city) that it had left, at least.

    Looks of one hour have no order: the kindest one is taken.

    >>> here, there = "120100", "440300"
    >>> returns([Cell(hour=hour, place=place, looks=1) for hour, place in enumerate([here, here, there, there])])
    0
    >>> returns([Cell(hour=hour, place=place, looks=1) for hour, place in enumerate([here, there, here, there])])
    2
    """
    hours: dict[int, set[str]] = {}
    for cell in cells:
        hours.setdefault(cell.hour, set()).add(cell.city if by_city else cell.province)
    journeys, at = 0, set[str]()
    for hour in sorted(hours):
        here = hours[hour]
        stayed = here & at
        journeys += len(here) - 1 if stayed or not at else len(here)
        at = here if len(here) == 1 or len(stayed) != 1 else here - stayed
    return max(0, journeys - (len(set[str]().union(*hours.values())) - 1))


def fast_pairs(cells: Sequence[Cell], *, hours: int) -> int:
    """Return how often looks from two provinces followed one another within so many hours, each look counted once.

    >>> fast_pairs([Cell(hour=1, place="120100", looks=2), Cell(hour=2, place="440300", looks=1)], hours=2)
    1
    """
    ordered = sorted(cells, key=lambda each: each.hour)
    left, found = [cell.looks for cell in ordered], 0
    for at, cell in enumerate(ordered):
        for further in range(at + 1, len(ordered)):
            other = ordered[further]
            if other.hour - cell.hour >= hours or not left[at]:
                break
            if other.province != cell.province:
                both = min(left[at], left[further])
                found, left[at], left[further] = found + both, left[at] - both, left[further] - both
    return found


@dataclass(frozen=True, kw_only=True)
class Presence:
    """A site's word that goods were there: the hour, the city (four digits), and whether no out-scan explains it.

    `taken_in`: it took them in; otherwise it had them.  `sold_again`: it sold what was sold before.
    """

    hour: int
    city: str
    unexplained: bool
    taken_in: bool = False
    sold_again: bool = False


def goes_back_and_forth(story: Sequence[Presence], limits: RadarLimits) -> bool:
    """Tell whether goods came back, unexplained, to a city that they had left, or were sold in two.

    A firm that never scans out lets goods jump, forwards; goods that nobody wanted come back without a scan too, and
    are taken in again: neither is odd.  A site that goes on with goods of which another one has a receipt, as if they
    had never left, is.
    """
    last_at: dict[str, int] = {}
    before, back = "", 0
    for each in story:
        if each.sold_again and set(last_at) - {each.city}:
            return True
        if each.city != before and each.unexplained and not each.taken_in and each.city in last_at:
            back += 1
            if back > 1 or each.hour - last_at[each.city] <= limits.back_hours:
                return True
        before = each.city
        last_at[each.city] = each.hour
    return False


SEQUENCE_MIN: Final = 3
"""So many numbers in a row are no chance."""


def is_guessable(serials: Iterable[str]) -> bool:
    """Tell whether serials follow one another, so that whoever has one can write the next.

    A run of ours has 60 random bits; a foreign platform or an importer may count.

    >>> is_guessable(["A001", "A002", "A003"]), is_guessable(["7QK4M2ZX9RTB", "M2ZX9RTB7QK4", "QK4M2ZX9RTB7"])
    (True, False)
    """
    numbers: dict[str, set[int]] = {}
    for serial in serials:
        head = serial.rstrip("0123456789")
        if len(serial) > len(head):
            numbers.setdefault(head, set()).add(int(serial[len(head) :][-18:]))
    for found in numbers.values():
        inside = sorted(found)
        if len(inside) >= SEQUENCE_MIN and inside[-1] - inside[0] <= 10 * len(inside):
            return True
    return False
