"""The tables that the clone radar reads, in memory: the same rules over a whole world in seconds.

Looks are counted, blurred and swept as `custody/lookups.py` and `watch/radar.py` do by SQL; `--scale small` lets a
small world happen to a server.  Roads between two scans (`impossible_travel`) and settled cases are left out here.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from coldtrace.cli.bench.radar_world import CITIES, DAY, DAYS, LookEvent, SaidEvent, StrayEvent, World
from coldtrace.custody.lookups import FEW, STRAYS_MAX
from coldtrace.watch.radar_rules import Away, Cell, Presence, RadarLimits, Seen, burst_of, goes_back_and_forth, judge

STEP = 360
HOUR = 60
_Place = tuple[int, str]


class Model:
    """A world that happens to tables in memory.  `suspected` are boxes, `over_run` lots, `why` the signals of boxes."""

    def __init__(self, world: World, limits: RadarLimits, noise: dict[_Place, int]) -> None:
        self.world, self.limits, self.noise = world, limits, noise
        self.suspected: set[int] = set()
        self.over_run: set[int] = set()
        self.why: dict[int, str] = {}
        self.fine: dict[int, dict[tuple[int, str], int]] = defaultdict(lambda: defaultdict(int))
        """By hour: looks by box and city."""
        self.coarse: dict[int, Counter[_Place]] = defaultdict(Counter)
        """By box: looks by hour and place."""
        self.fine_of: dict[int, set[_Place]] = defaultdict(set)
        self.lookups: Counter[int] = Counter()
        self.visits: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
        self.stories: dict[int, list[Presence]] = defaultdict(list)
        self.sold: dict[int, int] = {}
        self.opened: set[int] = set()
        self.home: dict[int, tuple[str, int | None]] = {}
        """By box: where the record has it, or had it when it was sold, and since which hour."""
        self.at = {number: box.store for number, box in enumerate(world.boxes)}
        self.of_lot: dict[int, list[int]] = defaultdict(list)
        self.bursts: set[int] = set()
        self.heard: Counter[tuple[int, int]] = Counter()
        self.known: set[tuple[int, int, int, str]] = set()
        self.strays: dict[int, dict[int, list[tuple[str, bool, int]]]] = defaultdict(lambda: defaultdict(list))
        for number, box in enumerate(world.boxes):
            self.of_lot[box.lot].append(number)

    def happen(self) -> None:
        """Let all of it happen."""
        looks, strays, said = list(self.world.looks), list(self.world.strays), list(self.world.said)
        for events in (looks, strays, said):
            events.reverse()
        for end in range(STEP, DAYS * DAY + 1, STEP):
            moved: set[int] = set()
            while said and said[-1].minute < end:
                self.say(said.pop(), moved)
            while looks and looks[-1].minute < end:
                self.look(looks.pop())
            while strays and strays[-1].minute < end:
                self.stray(strays.pop())
            self.blur(end - 1)
            self.sweep(end - 1, moved)

    def say(self, each: SaidEvent, moved: set[int]) -> None:
        for box in each.boxes:
            again = "sold_twice" in each.marks
            story = Presence(
                hour=each.minute // HOUR,
                city=self.world.cities[each.site][:4],
                unexplained=bool(each.marks),
                taken_in=each.type == "receive",
                sold_again=again,
            )
            self.stories[box].append(story)
            if each.marks:
                moved.add(box)
            if each.type == "sell":
                self.sold.setdefault(box, each.minute // HOUR)
            if each.type == "open":
                self.opened.add(box)
            if box not in self.sold and each.type == "receive":
                self.at[box] = each.site
                self.home[box] = self.world.cities[each.site], each.minute // HOUR

    def look(self, each: LookEvent) -> None:
        seen = self.visits[each.box, each.minute // DAY]
        if (each.network, each.agent) in seen:
            return
        of_network = sum(network == each.network for network, _ in seen)
        seen.add((each.network, each.agent))
        self.lookups[each.box] += 1
        if not of_network:
            self.fine[each.minute // HOUR][each.box, each.city] += 1
            self.fine_of[each.box].add((each.minute // HOUR, each.city))

    def stray(self, each: StrayEvent) -> None:
        day = each.minute // DAY
        key = (day, each.network, each.lot, each.serial)
        if self.heard[day, each.network] >= STRAYS_MAX or key in self.known:
            return
        first = not any(network == each.network for _, _, network in self.strays[each.lot][day])
        self.heard[day, each.network] += 1
        self.known.add(key)
        self.strays[each.lot][day].append((each.serial, each.signed, each.network if first else -1))

    def blur(self, minute: int) -> None:
        """Take from hours that are over the cities from which too few came (`lookups.coarsen`)."""
        for hour in [hour for hour in self.fine if hour * HOUR < minute - DAY]:
            cells = self.fine.pop(hour)
            total = Counter({city: self.noise.get((hour, city), 0) for city in CITIES})
            for (_, city), looks in cells.items():
                total[city] += looks
            small: Counter[str] = Counter()
            for city, looks in total.items():
                small[city[:2]] += looks if looks < FEW and city else 0
            for (box, city), looks in cells.items():
                province = f"{city[:2]}0000" if city and small[city[:2]] >= FEW else ""
                self.coarse[box][hour, city if total[city] >= FEW else province] += looks
                self.fine_of[box].discard((hour, city))

    def cells(self, box: int) -> list[Cell]:
        found = self.coarse[box] + Counter(
            {(hour, city): self.fine[hour][box, city] for hour, city in self.fine_of[box]}
        )
        return [Cell(hour=hour, place=place, looks=looks) for (hour, place), looks in sorted(found.items())]

    def sweep(self, minute: int, moved: set[int]) -> None:
        since = (minute - STEP) // HOUR - 1
        hours = [hour for hour in self.fine if hour > since]
        fresh = {(box, city) for hour in hours for box, city in self.fine[hour]}
        for box in sorted({box for box, _ in fresh} - self.suspected):
            if self.lookups[box] >= self.limits.fewest:
                oldest = minute // HOUR - 24 * self.limits.window_days
                cells = tuple(cell for cell in self.cells(box) if cell.hour >= oldest)
                home, home_hour = self.home.get(box, ("", None))
                seen = Seen(
                    cells=cells,
                    sold_hour=self.sold.get(box),
                    at_counter=box in self.opened,
                    home=home,
                    home_hour=home_hour,
                )
                finding = judge(seen, self.limits)
                if finding is not None:
                    self.suspect(box, ", ".join(finding.signals))
        for box in sorted(moved):
            if goes_back_and_forth(self.stories[box], self.limits):
                self.suspect(box, "back_and_forth")
        for lot in sorted({self.world.boxes[box].lot for box, city in fresh if self.is_elsewhere(box, city)}):
            self.burst(lot, minute)
        for lot, days in self.strays.items():
            if (lot not in self.over_run and minute // DAY in days) or minute // DAY - 1 in days:
                self.judge_strays(lot, minute // DAY)

    def suspect(self, box: int, why: str) -> None:
        self.suspected.add(box)
        self.why.setdefault(box, why)

    def is_elsewhere(self, box: int, city: str) -> bool:
        home = self.world.cities[self.at[box]]
        if not city or box in self.sold or box in self.opened or city[:4] == home[:4]:
            return False
        return city[2:] != "0000" or city[:2] != home[:2]

    def burst(self, lot: int, minute: int) -> None:
        begin, boxes = minute // DAY * 24, []
        for box in self.of_lot[lot]:
            away = tuple(
                cell
                for cell in self.cells(box)
                if cell.hour >= begin - 24 * self.limits.burst_days and self.is_elsewhere(box, cell.place)
            )
            if away:
                networks = tuple(str(network) for network, _ in self.visits[box, minute // DAY])
                boxes.append(Away(box=str(box), cells=away, networks=networks))
        found, is_burst = burst_of(boxes, today=begin, limits=self.limits)
        if lot in self.bursts or is_burst:
            self.bursts.add(lot)
            for name in found:
                self.suspect(int(name), "burst")

    def judge_strays(self, lot: int, today: int) -> None:
        days = {day: found for day, found in self.strays[lot].items() if day >= today - self.limits.stray_days}
        serials = {serial for found in days.values() for serial, _, _ in found}
        people = 1 + sum(max(0, sum(network >= 0 for _, _, network in found) - 1) for found in days.values())
        separate = people > 1 and len(days) >= self.limits.stray_separate_days
        enough = people >= self.limits.stray_visitors or separate
        if any(signed for found in days.values() for _, signed, _ in found) or (
            len(serials) >= self.limits.stray_serials and enough
        ):
            self.over_run.add(lot)


def looked_at(looks: Sequence[LookEvent]) -> set[int]:
    """Return the boxes that anybody looked at."""
    return {each.box for each in looks}
