"""A made-up month and a half of goods, buyers and copiers, for `coldtrace bench radar`.  Pure, from one seed.

Written from the trade (domain guide, sections 1, 4, 5), not from the rules: who looks at codes and why, how labels are
copied, how far phones are from where they seem to be.  Twenty times as many boxes are looked up as the guide expects,
so that few false alarms are no matter of nobody looking.  Of every copied code so much is asked that it surfaced:
three looks, or two sites that scan it; of one harvested among hundreds a single look.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

DAYS: Final = 45
DAY: Final = 24 * 60
CITIES: Final = {
    "120100": 12, "110100": 10, "130100": 4, "130200": 3, "310100": 10, "330100": 5, "330200": 3, "320100": 4,
    "320500": 4, "440100": 7, "440300": 7, "441900": 3, "370100": 4, "370200": 4, "410100": 4, "420100": 4,
    "510100": 5, "210100": 3, "210200": 3, "350100": 2, "350200": 2, "610100": 3, "430100": 3, "500100": 4,
}  # fmt: skip
"""Cities and how much of the trade each has, in no particular unit."""
LOT_BOXES: Final = 120
SHOP_BOXES: Final = 30
SHOPS: Final = 600
STORE_CITIES: Final = ("120100", "120100", "310100", "440100")
KINDS: Final = ("two_places", "two_sites", "after_sale", "many_copies", "harvested")


@dataclass(frozen=True, slots=True)
class LookEvent:
    """A look at a code, by whom (`visitor` within a network), from where it seems to come."""

    minute: int
    box: int
    network: int
    agent: int
    city: str


@dataclass(frozen=True, slots=True)
class StrayEvent:
    """A look at a code of a lot that was never issued."""

    minute: int
    lot: int
    serial: str
    signed: bool
    network: int


@dataclass(frozen=True, slots=True)
class SaidEvent:
    """A statement of a site about boxes; `marks` as custody gives them to these lines."""

    minute: int
    type: str
    site: int
    boxes: tuple[int, ...]
    marks: tuple[str, ...] = ()


@dataclass(slots=True)
class Box:
    """One box: its lot, the store it begins in, the shop it goes to and when, when it is sold, how it was copied."""

    lot: int
    store: int
    shop: int
    received: int
    sold: int | None
    clone: str | None = None


@dataclass(slots=True)
class World:
    """All of it.  Sites are numbered: stores first, then shops; `cities` is where each is."""

    cities: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    lots: int = 0
    looks: list[LookEvent] = field(default_factory=list)
    strays: list[StrayEvent] = field(default_factory=list)
    said: list[SaidEvent] = field(default_factory=list)
    made_up: set[int] = field(default_factory=set)
    """Lots of which labels were made up."""
    loud: int = 0
    """Looks at all other goods of the installation on one day."""


def make_world(seed: int, *, clean: int, clones: int, loud: int) -> World:
    """Return a world of at least so many clean boxes, and so many copied ones of each kind."""
    return _Maker(seed, clean=clean, clones=clones, loud=loud).make()


class _Maker:
    def __init__(self, seed: int, *, clean: int, clones: int, loud: int) -> None:
        self.random = random.Random(seed)
        self.clean, self.clones = clean, clones
        self.world = World(loud=loud)
        self.networks = 0
        self.tourist: set[int] = set()

    def make(self) -> World:
        world = self.world
        world.cities = [*STORE_CITIES, *self.random.choices(list(CITIES), list(CITIES.values()), k=SHOPS)]
        self.tourist = {len(STORE_CITIES) + n for n in range(SHOPS) if self.random.random() < 0.03}
        self.carriers = [self.network() for _ in range(4000)]
        self.trade()
        self.copy()
        self.public()
        self.make_up()
        world.looks = [each for each in world.looks if each.minute < DAYS * DAY]
        for events in (world.looks, world.strays, world.said):
            events.sort(key=lambda each: each.minute)
        return world

    # The trade

    def trade(self) -> None:
        """Lots lie in a store, go to shops in thirties, and are sold in a week; a few out-scans are forgotten."""
        need = self.clean + self.clones * 4
        while len(self.world.boxes) < need:
            self.lot(leaves=self.minute_of(self.random.uniform(1, 24)))
        for _ in range(24):
            # What lies in store all the time: nobody should have it at home.
            self.lot(leaves=None)

    def lot(self, *, leaves: int | None) -> None:
        store, first = self.random.randrange(len(STORE_CITIES)), len(self.world.boxes)
        for part in range(LOT_BOXES // SHOP_BOXES):
            shop = len(STORE_CITIES) + self.random.randrange(SHOPS)
            received = DAYS * DAY * 2 if leaves is None else leaves + self.random.randrange(6 * 60, 60 * 60)
            numbers = range(first + part * SHOP_BOXES, first + (part + 1) * SHOP_BOXES)
            for _ in numbers:
                sold = received + int(self.random.expovariate(1 / 3.5) * DAY) + 120
                self.world.boxes.append(
                    Box(lot=self.world.lots, store=store, shop=shop, received=received, sold=self.daytime(sold))
                )
            if leaves is not None:
                self.world.said.append(SaidEvent(max(0, leaves - DAY), "receive", store, tuple(numbers)))
                marks = ("gap",) if self.random.random() < 0.02 else ()
                self.world.said.append(SaidEvent(received, "receive", shop, tuple(numbers), marks))
                if self.random.random() < 0.005:
                    self.sent_back(tuple(numbers))
        self.world.lots += 1

    def sent_back(self, numbers: tuple[int, ...]) -> None:
        """The shop had no room: back to the store and out again to another shop, and nobody scans anything out."""
        box, roll = self.world.boxes[numbers[0]], self.random
        back = self.daytime(box.received + int(roll.uniform(0.5, 6) * DAY))
        again = self.daytime(back + int(roll.uniform(0.5, 4) * DAY))
        shop = len(STORE_CITIES) + roll.randrange(SHOPS)
        self.world.said.append(SaidEvent(back, "receive", box.store, numbers, ("gap",)))
        self.world.said.append(SaidEvent(again, "receive", shop, numbers, ("gap",)))
        for number in numbers:
            self.world.boxes[number].shop = shop
            self.world.boxes[number].sold = self.daytime(again + int(roll.expovariate(1 / 3.5) * DAY) + 120)

    def branches(self, number: int) -> None:
        """A shop lends a box to its branch in another city, which scans it in and gives it back unscanned."""
        box, roll = self.world.boxes[number], self.random
        assert box.sold is not None
        lent = self.daytime(box.received + roll.randrange(60, 2 * DAY))
        box.sold = max(box.sold, self.daytime(lent + roll.randrange(DAY, 4 * DAY)))
        branch = len(STORE_CITIES) + roll.randrange(SHOPS)
        self.world.said.append(SaidEvent(lent, "receive", branch, (number,), ("gap",)))
        self.world.said.append(SaidEvent(box.sold, "sell", box.shop, (number,), ("not_here",)))

    # Copiers

    def copy(self) -> None:
        going = [number for number, box in enumerate(self.world.boxes) if box.received < 30 * DAY]
        self.random.shuffle(going)
        for kind, plant in (
            ("two_places", self.two_places),
            ("two_sites", self.two_sites),
            ("after_sale", self.after_sale),
            ("many_copies", self.many_copies),
        ):
            for _ in range(self.clones):
                # What is copied after its sale is sold early enough that somebody could see it.
                late = kind == "after_sale"
                number = going.pop(next(n for n, each in enumerate(going) if not late or self.sold_before(each, 25)))
                self.world.boxes[number].clone = kind
                plant(number)
        self.harvest()

    def sold_before(self, number: int, day: int) -> bool:
        sold = self.world.boxes[number].sold
        return sold is not None and sold < day * DAY

    def two_places(self, number: int) -> None:
        """One genuine label, copied onto boxes that are sold in several cities while it is."""
        box, roll = self.world.boxes[number], self.random
        cities = self.some_cities(roll.randint(2, 5), near=roll.random() < 0.1)
        self.sell_copies(number, cities, box.received, roll.uniform(5, 25), boxes=(300, 0.6), rate=(0.03, 0.08))

    def after_sale(self, number: int) -> None:
        """The label of a box that was sold and eaten, found in the bin or in a picture, on boxes weeks later."""
        box, roll = self.world.boxes[number], self.random
        assert box.sold is not None
        home = self.world.cities[box.shop]
        cities = [home] if roll.random() < 0.4 else self.some_cities(roll.randint(1, 3), near=roll.random() < 0.2)
        start = box.sold + int(roll.uniform(2, 15) * DAY)
        self.sell_copies(number, cities, start, roll.uniform(7, 25), boxes=(200, 0.6), rate=(0.03, 0.08))

    def many_copies(self, number: int) -> None:
        """One label from a printing shop, by the thousand, in one city or two."""
        box, roll = self.world.boxes[number], self.random
        cities = self.some_cities(roll.choice((1, 1, 2)), near=roll.random() < 0.5)
        self.sell_copies(number, cities, box.received, roll.uniform(8, 28), boxes=(1500, 0.4), rate=(0.02, 0.06))

    def sell_copies(
        self, number: int, cities: list[str], start: int, days: float, *, boxes: tuple[int, float],
        rate: tuple[float, float],
    ) -> None:  # fmt: skip
        """Buyers of copies look; three at least, within the time that is watched."""
        roll = self.random
        found: list[LookEvent] = []
        weights = [roll.uniform(0.3, 1) for _ in cities]
        start = min(start, (DAYS - 10) * DAY)
        while len(found) < 3:
            found, copies = [], int(boxes[0] * roll.lognormvariate(0, boxes[1]))
            share = roll.uniform(*rate)
            for _ in range(copies):
                if roll.random() >= share:
                    continue
                (city,) = roll.choices(cities, weights)
                found += self.household(number, city, start + int(roll.uniform(0, days) * DAY))
            found = [each for each in found if each.minute < DAYS * DAY]
        self.world.looks += found

    def two_sites(self, number: int) -> None:
        """A copy that registered sites scan too: taken in without an out-scan, kept, sold, while the real one is."""
        box, roll = self.world.boxes[number], self.random
        here, away = self.world.cities[box.shop], box.shop
        while away == box.shop or self.world.cities[away] == here:
            away = len(STORE_CITIES) + roll.randrange(SHOPS)
        came = self.daytime(box.received + int(roll.lognormvariate(0, 1.3) * DAY))
        scans = [(came, "receive", away, "gap")]
        for site, first in ((box.shop, box.received), (away, came)):
            for _ in range(roll.randint(1, 3)):
                scans.append((self.daytime(first + int(roll.expovariate(0.4) * DAY)), "observe", site, ""))
            if site == away and roll.random() < 0.6:
                scans.append((self.daytime(came + int(roll.expovariate(0.3) * DAY) + 60), "sell", site, ""))
        box.sold = max(box.sold or 0, came + roll.randrange(DAY, 6 * DAY))
        scans.append((box.sold, "sell", box.shop, ""))
        # What custody says of each: the record has the box where it was last taken in, and sold once.
        at, sold = box.shop, False
        for minute, type, site, _ in sorted(scans):
            if sold:
                mark = "sold_twice" if type == "sell" else "after_sale"
            else:
                mark = "" if site == at else "gap" if type == "receive" else "not_here"
            self.world.said.append(SaidEvent(minute, type, site, (number,), (mark,) if mark else ()))
            at, sold = (site, sold) if type == "receive" and not sold else (at, sold or type == "sell")

    def harvest(self) -> None:
        """Labels photographed in a store, hundreds of one lot or a few, copied once or twice for a fair far away."""
        roll, planted, lot = self.random, 0, self.world.lots - 24
        while planted < self.clones and lot < self.world.lots - 4:
            boxes = [n for n, box in enumerate(self.world.boxes) if lot <= box.lot < lot + roll.choice((1, 2, 3))]
            lot += 4
            store = STORE_CITIES[self.world.boxes[boxes[0]].store]
            cities = [city for city in self.some_cities(3, near=False) if city != store][: roll.choice((1, 1, 2))]
            start, days = self.minute_of(roll.uniform(3, 38)), roll.uniform(0.6, 3)
            for number in boxes:
                for _ in range(roll.randint(1, 3)):
                    # People at a fair look more: they do not know the seller.
                    if roll.random() < 0.15:
                        minute = start + int(roll.uniform(0, days) * DAY)
                        self.world.looks += self.household(number, roll.choice(cities), minute)
                        planted += self.world.boxes[number].clone is None
                        self.world.boxes[number].clone = "harvested"

    def make_up(self) -> None:
        """Labels with a real product and lot, and numbers that somebody made up; and the noise of clean lots."""
        lots = list(range(self.world.lots))
        self.random.shuffle(lots)
        self.world.made_up = set(lots[: self.clones])
        for lot in sorted(self.world.made_up):
            self.made_up(lot)
        for lot in lots[self.clones :]:
            if self.random.random() < 0.10:
                self.curious(lot)

    def made_up(self, lot: int) -> None:
        roll = self.random
        found: list[StrayEvent] = []
        signed, counts = roll.random() < 0.1, roll.random() < 0.5
        start, days = self.minute_of(roll.uniform(0, 25)), roll.uniform(4, 18)
        while len(found) < 3:
            copies, share = int(400 * roll.lognormvariate(0, 0.6)), roll.uniform(0.03, 0.08)
            for copy in range(copies):
                if roll.random() < share:
                    serial = f"BX{copy:06d}" if counts else self.serial()
                    minute = self.daytime(start + int(roll.uniform(0, days) * DAY))
                    found.append(StrayEvent(minute, lot, serial, signed, self.visitor()[0]))
        self.world.strays += found

    def curious(self, lot: int) -> None:
        """A torn label typed wrongly, a pupil who counts numbers up, a tester with an old sheet."""
        roll, minute = self.random, self.daytime(self.minute_of(self.random.uniform(0, DAYS - 3)))
        if roll.random() < 0.3:
            network, first = self.visitor()[0], roll.randrange(1000)
            for step in range(roll.randint(5, 60)):
                self.world.strays.append(StrayEvent(minute + step, lot, f"{first + step:012d}", False, network))
            return
        for _ in range(roll.randint(1, 3)):
            later = self.daytime(minute + int(roll.uniform(0, 3) * DAY))
            self.world.strays.append(StrayEvent(later, lot, self.serial(), False, self.visitor()[0]))

    # The public

    def public(self) -> None:
        """Who looks at genuine boxes, and why: one box in five is looked up by somebody."""
        ways: list[tuple[float, Callable[[int], None]]] = [
            (0.48, self.buyer), (0.21, self.family), (0.06, self.shelf), (0.05, self.shared), (0.05, self.traveller),
            (0.05, self.resold), (0.03, self.counter), (0.04, self.again_and_again), (0.03, self.late_family),
            (0.003, self.freezer),
        ]  # fmt: skip
        sold = [n for n, box in enumerate(self.world.boxes) if box.received < DAYS * DAY]
        for number in sold:
            if self.random.random() < 0.2:
                self.random.choices([way for _, way in ways], [share for share, _ in ways])[0](number)
            if self.world.boxes[number].clone is None and self.random.random() < 0.0002:
                self.branches(number)
            else:
                self.sell(number)
        for _ in range(12):
            self.seller_with_a_pallet()
        for _ in range(6):
            self.buyers_ask_the_store()
        for _ in range(3):
            self.journalists()

    def sell(self, number: int) -> None:
        box = self.world.boxes[number]
        if box.clone != "two_sites" and box.sold is not None:
            self.world.said.append(SaidEvent(box.sold, "sell", box.shop, (number,)))

    def buyer(self, number: int) -> None:
        box = self.world.boxes[number]
        self.look(number, self.home_of(box), self.after_sold(box, 3))

    def family(self, number: int) -> None:
        """Three scan it: in the shop, at home, at table."""
        box, city = self.world.boxes[number], self.home_of(self.world.boxes[number])
        home = self.network()
        for _ in range(3):
            self.look(number, city, self.after_sold(box, 2), network=home if self.random.random() < 0.6 else None)

    def late_family(self, number: int) -> None:
        """It lay in the freezer for weeks."""
        box, city = self.world.boxes[number], self.home_of(self.world.boxes[number])
        later = self.after_sold(box, 1) + int(self.random.uniform(7, 25) * DAY)
        for _ in range(self.random.randint(1, 4)):
            self.look(number, city, self.daytime(later + self.random.randrange(2 * DAY)))

    def freezer(self, number: int) -> None:
        """A box of twenty kilograms, eaten over weeks; the two at home scan it whenever it is opened."""
        box, city = self.world.boxes[number], self.home_of(self.world.boxes[number])
        at, two = self.after_sold(box, 2), [self.visitor() for _ in range(2)]
        for _ in range(self.random.randint(2, 4)):
            for network, agent in two:
                minute = self.daytime(at + self.random.randrange(120))
                self.world.looks.append(LookEvent(minute, number, network, agent, city))
            at += int(self.random.uniform(3, 14) * DAY)

    def shared(self, number: int) -> None:
        """The buyer sends the page to relatives and friends elsewhere."""
        box, roll = self.world.boxes[number], self.random
        at = self.after_sold(box, 3)
        self.look(number, self.home_of(box), at)
        for _ in range(roll.randint(1, 4)):
            self.look(number, self.some_cities(1)[0], self.daytime(at + roll.randrange(10, 2 * DAY)))

    def traveller(self, number: int) -> None:
        """Bought here, taken on a train, eaten there; sometimes the trader's van, a box that is shown in each town."""
        box, roll = self.world.boxes[number], self.random
        at = self.after_sold(box, 0.2)
        self.look(number, self.home_of(box), at)
        for city in self.some_cities(roll.choice((1, 1, 1, 2, 4))):
            at = self.daytime(at + int(roll.uniform(0.1, 2) * DAY))
            self.look(number, city, at)

    def resold(self, number: int) -> None:
        """A small trader buys it, shows it online, sends it to another city; the family there asks, he looks too."""
        box, roll = self.world.boxes[number], self.random
        at, far = self.after_sold(box, 1), self.some_cities(1)[0]
        self.look(number, self.home_of(box), at)
        arrives = at + int(roll.uniform(1, 6) * DAY)
        for _ in range(roll.randint(1, 3)):
            self.look(number, far, self.daytime(arrives + roll.randrange(2 * DAY)))
        if roll.random() < 0.4:
            self.look(number, self.home_of(box), self.daytime(arrives + roll.randrange(DAY)))

    def shelf(self, number: int) -> None:
        """It lies on top: shoppers look at it for days before one takes it."""
        box, city = self.world.boxes[number], self.home_of(self.world.boxes[number])
        assert box.sold is not None
        for _ in range(self.random.randint(2, 8)):
            self.look(number, city, self.random.randint(box.received, max(box.received + 60, box.sold)), shop=box.shop)

    def counter(self, number: int) -> None:
        """Opened at a market stall: whoever buys a pound of it scans the box."""
        box, city = self.world.boxes[number], self.home_of(self.world.boxes[number])
        self.world.said.append(SaidEvent(box.received + 30, "open", box.shop, (number,)))
        last = box.received + self.random.randint(1, 5) * DAY
        box.sold = max(box.sold or 0, last + 60)
        for _ in range(self.random.randint(5, 40)):
            self.look(number, city, self.random.randint(box.received, last), shop=box.shop)

    def again_and_again(self, number: int) -> None:
        """One person who does not trust it, for days, many times a day."""
        box, city, roll = self.world.boxes[number], self.home_of(self.world.boxes[number]), self.random
        network, agent = self.visitor()
        at = self.after_sold(box, 1)
        for day in range(roll.randint(2, 8)):
            for _ in range(roll.randint(1, 30)):
                minute = self.daytime(at + day * DAY + roll.randrange(8 * 60))
                self.world.looks.append(LookEvent(minute, number, network, agent, city))

    def seller_with_a_pallet(self) -> None:
        """A shop's clerk, or the store's, scans a whole pallet with a phone, which may seem to be at home."""
        lot, roll = self.random.randrange(self.world.lots - 24), self.random
        boxes = [n for n, box in enumerate(self.world.boxes) if box.lot == lot and box.clone is None][:60]
        box = self.world.boxes[boxes[0]]
        site = box.shop if roll.random() < 0.5 else box.store
        at = self.daytime(box.received + (30 if site == box.shop else -300))
        city = self.apparent(self.world.cities[site])
        for network, agent in [self.visitor() for _ in range(roll.choice((1, 1, 2)))]:
            for step, number in enumerate(boxes):
                self.world.looks.append(LookEvent(at + step // 3, number, network, agent, city))

    def buyers_ask_the_store(self) -> None:
        """The store sends pictures of a few labels to its buyers' group; they look from everywhere."""
        number, roll = self.random.randrange(len(self.world.boxes)), self.random
        box = self.world.boxes[number]
        at = max(60, min(box.received, 40 * DAY) - roll.randrange(60, DAY))
        for near in [n for n in range(number, min(number + 3, len(self.world.boxes))) if not self.is_copied(n)]:
            for city in self.some_cities(roll.randint(2, 6)):
                self.look(near, city, self.daytime(at + roll.randrange(DAY)))

    def journalists(self) -> None:
        """A team scans boxes at a market; one label is in the paper, and the country looks."""
        shop, roll = len(STORE_CITIES) + self.random.randrange(SHOPS), self.random
        boxes = [n for n, box in enumerate(self.world.boxes) if box.shop == shop and box.clone is None][:20]
        if not boxes or self.world.boxes[boxes[0]].received >= 38 * DAY:
            return
        at, city = self.daytime(self.world.boxes[boxes[0]].received + 300), self.world.cities[shop]
        for network, agent in [self.visitor() for _ in range(roll.randint(2, 5))]:
            for step, number in enumerate(boxes):
                self.world.looks.append(LookEvent(at + step * 2, number, network, agent, city))
        for _ in range(roll.randint(50, 400)):
            later = self.daytime(at + DAY + int(roll.expovariate(1.2) * DAY))
            self.look(boxes[0], self.some_cities(1)[0], later)

    # People and phones

    def is_copied(self, number: int) -> bool:
        return self.world.boxes[number].clone is not None

    def home_of(self, box: Box) -> str:
        return self.world.cities[box.shop]

    def household(self, number: int, city: str, minute: int) -> Iterator[LookEvent]:
        """Whoever bought a copy: mostly one, sometimes the family at home."""
        minute, home = self.daytime(minute), self.network()
        for _ in range(self.random.choice((1, 1, 1, 1, 2, 3))):
            network, agent = self.visitor(home if self.random.random() < 0.6 else None)
            later = self.daytime(minute + self.random.randrange(180))
            yield LookEvent(later, number, network, agent, self.apparent(city))

    def look(self, number: int, city: str, minute: int, *, network: int | None = None, shop: int | None = None) -> None:
        found, agent = self.visitor(network)
        seems = self.apparent(city, away=0.4 if shop in self.tourist else 0.02)
        self.world.looks.append(LookEvent(self.daytime(minute), number, found, agent, seems))

    def apparent(self, city: str, *, away: float = 0.02) -> str:
        """Where a phone seems to be: its network may say nothing, the capital of the province, or its owner's home."""
        chance = self.random.random()
        if chance < 0.04:
            return ""
        if chance < 0.07:
            return f"{city[:2]}0100"
        return self.some_cities(1)[0] if chance < 0.07 + away else city

    def visitor(self, network: int | None = None) -> tuple[int, int]:
        """A network of their own, or a carrier's address that others share; one of thirty makes of phone."""
        if network is None:
            network = self.random.choice(self.carriers) if self.random.random() < 0.35 else self.network()
        return network, self.random.randrange(30)

    def network(self) -> int:
        self.networks += 1
        return self.networks

    def some_cities(self, count: int, *, near: bool = False) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            (city,) = self.random.choices(list(CITIES), list(CITIES.values()))
            if near and found and city[:2] != found[0][:2]:
                same = [each for each in CITIES if each[:2] == found[0][:2]]
                city = self.random.choice(same)
                if len(same) <= len(found):
                    return found
            if city not in found:
                found.append(city)
        return found

    def serial(self) -> str:
        return "".join(self.random.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=12))

    def after_sold(self, box: Box, days: float) -> int:
        assert box.sold is not None
        return self.daytime(box.sold + int(self.random.uniform(0, days) * DAY))

    def minute_of(self, day: float) -> int:
        return int(day * DAY)

    def daytime(self, minute: int) -> int:
        """Between eight and ten in the evening: what falls into the night is moved into the day."""
        day, of_day = divmod(minute, DAY)
        return minute if 480 <= of_day < 1320 else day * DAY + 480 + of_day % 840
