"""Days with real coldscans at a real service: clocks that drift and jump, batteries that die, a link that loses and
repeats, devices that are copied, broken or away for days.  Everything follows from the seed.

The service's clock stands still unless the simulation moves it, so nothing depends on how fast this machine is.
"""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from coldscan.device import Device as Enrolled
from coldscan.device import load_device
from coldscan.operation import Operation
from coldscan.refusals import KeyRetired, ServerUnreachable
from coldscan.steady import Steady
from coldscan.store import open_store
from coldscan.sync import SyncReport, sync_once
from coldscan.wire import Reply, Wire
from coldtrace.custody.case_kinds import kinds_of
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from support.house import GLNS
from support.scanner_device import Device
from support.web_house import STATEMENTS, WebHouse

ROAD = list(GLNS)
SHARES = {SiteRole.FIRST_STATION: 3, SiteRole.COLD_STORE: 2, SiteRole.RETAILER: 3}
"""Of ten devices; one at any other site."""
UNBORN, SOLD = -1, len(ROAD)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Hand:
    """One state folder, the clock in its case, and who carries it."""

    name: str
    role: SiteRole
    device: Device
    offset: timedelta
    drift_ppm: int
    boot: int = 0
    booted_at: datetime = LONG_AGO
    away_until: datetime = LONG_AGO
    is_broken: bool = False
    keys: list[str] = field(default_factory=list)


@dataclass
class Carton:
    """A carton: between which places of the road it truly is, and its printed code."""

    uri: str
    at: int = UNBORN
    on_the_way: bool = False


class LossyWire(Wire):
    """A link that loses requests and answers, and brings some twice."""

    chance: random.Random
    arrived: set[str]
    is_bad = True

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        # The proof that the log only grew is asked for when it grew since, and the sequencer goes by real time: luck
        # drawn for it would make two runs of one seed two stories.
        luck = self.chance.random() if self.is_bad and "/proof/" not in path else 1.0
        if luck < 0.06:
            raise ServerUnreachable(url=self.url, reason="lost on the way there")
        reply = super()._send(method, path, body, dict(headers))
        if path == STATEMENTS and reply.status == 202:
            self.arrived |= {_id_of(each) for each in json.loads(body)}
        if method == "POST" and luck < 0.18:
            raise ServerUnreachable(url=self.url, reason="lost on the way back")
        if method == "POST" and luck < 0.30:
            reply = super()._send(method, path, body, dict(headers))
        return reply


@dataclass
class ScannerDays:
    """The simulation.  `lost` are statements that no server will ever see, since their device broke."""

    web: WebHouse
    folder: Path
    seed: int
    devices: int
    chance: random.Random = field(init=False)
    hands: list[Hand] = field(default_factory=list)
    cartons: list[Carton] = field(default_factory=list)
    places: dict[SiteRole, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    arrived: set[str] = field(default_factory=set)
    happened: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.web.clock.step = timedelta(0)
        self.places = {role: self.web.place_code(gln) for role, gln in GLNS.items()}
        roles = [role for role in ROAD for _ in range(SHARES.get(role, 1))]
        for number in range(self.devices):
            self._new_hand(f"hand {number:02}", roles[number % len(roles)])

    def bring_goods(self, *, cartons: int, number: int) -> None:
        """Let a consignment come."""
        goods = self.web.consignment(cartons=cartons, declaration=f"02022026100000{number:04}")
        self.cartons += [Carton(uri=code.uri) for pallet in goods.pallets for code in pallet.cartons]

    def day(self, *, acts: int) -> None:
        """Let one day pass in which so many things happen."""
        pause = timedelta(days=1) / acts
        for _ in range(acts):
            self.web.clock.forward(pause * self.chance.uniform(0.5, 1.5))
            hand = self.chance.choice([each for each in self.hands if not each.is_broken])
            luck = self.chance.random()
            if luck < 0.72:
                self._scan(hand)
            elif luck < 0.92:
                self._sync(hand)
            elif luck < 0.97:
                self._die(hand)
            else:
                hand.away_until = self._now + timedelta(hours=self.chance.choice([3, 12, 30, 80]))
                self.happened["away"] += 1

    def copy_one(self) -> None:
        """Copy the state folder of a device to a second one; both go on."""
        hand = self._anybody(SiteRole.FIRST_STATION)
        name = f"{hand.name} copy {len(self.hands)}"
        root = self.folder / name
        shutil.copytree(hand.device.root, root)
        copied = Hand(
            name=name, role=hand.role, device=Device(root), offset=hand.offset, drift_ppm=hand.drift_ppm, boot=100
        )
        self._put_clocks_in(copied)
        copied.keys = list(hand.keys)
        self.hands.append(copied)
        for each in (hand, copied) * 4:
            self._scan(each)
        self.happened["copied"] += 1

    def break_one(self) -> None:
        """Break a device for good; of what it had not sent, somebody uploads some lines from its exported queue."""
        hand = self._anybody(SiteRole.FIRST_STATION)
        lines: list[str] = []
        while len(lines) < 4:
            self._scan(hand)
            exported = hand.device.run("export", "--wire").out.splitlines()
            lines = [line for line in exported if _id_of(json.loads(line)) not in self.arrived]
        hand.is_broken = True
        # The first line is never among them and the last one always is, so there is a hole to be found.
        _, *lines, last = lines
        saved = [*(line for line in lines if self.chance.random() < 0.5), last]
        self.arrived |= {_id_of(json.loads(line)) for line in saved}
        headers = {"Content-Type": "application/x-ndjson"} | self.web.bearer
        answer = self.web.client.post(STATEMENTS, content="\n".join(saved).encode(), headers=headers)
        assert answer.status_code == 202, answer.text
        self.happened["broken"] += 1

    def finish(self) -> None:
        """Bring every device home to a good link until nothing waits."""
        for hand in self.hands:
            for _ in range(5):
                if not hand.is_broken:
                    self._sync(hand, good=True)
            rows = hand.device.rows("SELECT id, state, code, reason FROM statements WHERE state <> 'sent'")
            assert hand.is_broken or rows == [], f"seed {self.seed}: {hand.name}"
        # What a broken device never sent may have come by a copy of it, or although the answer was lost.
        self.lost = self.made().keys() - self.arrived
        broken = {
            id for hand in self.hands if hand.is_broken for (id,) in hand.device.rows("SELECT id FROM statements")
        }
        assert self.lost <= broken, f"seed {self.seed}: {self.lost - broken}"

    def made(self) -> dict[str, tuple[str, int]]:
        """Return key and number of every statement that any device ever made."""
        return {
            str(id): (str(key), int(str(seq)))
            for hand in self.hands
            for id, key, seq in hand.device.rows("SELECT id, key, seq FROM statements")
        }

    def ends(self) -> dict[str, frozenset[str]]:
        """Return the kinds of live cases of every statement that the service has: none for what is accepted.

        Fails unless marks and cases agree, statement by statement.
        """
        with self.web.sessions() as session:
            rows = session.execute(
                text(
                    "SELECT s.entry_id, s.marks || COALESCE((SELECT array_agg(m) FROM statement_line l,"
                    " unnest(l.marks) m WHERE l.entry_id = s.entry_id), '{}') AS marks,"
                    " EXISTS (SELECT 1 FROM correction k WHERE k.corrected = s.entry_id AND k.in_force) AS annulled,"
                    " (SELECT array_agg(c.kind ORDER BY c.kind) FROM case_file c WHERE c.live"
                    "  AND c.about = 'statement:' || s.entry_id) AS kinds FROM statement s"
                )
            ).all()
        found: dict[str, frozenset[str]] = {}
        for row in rows:
            kinds = frozenset(row.kinds or ())
            wanted: frozenset[str] = frozenset() if row.annulled else frozenset(map(str, kinds_of(row.marks)))
            assert kinds == wanted, f"seed {self.seed}: {row.entry_id} has marks {row.marks} and cases {set(kinds)}"
            found[str(row.entry_id)] = kinds
        return found

    def chains(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Give each key with what the service says of its chain."""
        for key in sorted({key for hand in self.hands for key in hand.keys}):
            yield key, self.web.client.get(f"/api/v1/devices/{key}/chain", headers=self.web.bearer).json()

    def story(self) -> list[tuple[str, int, str, list[str]]]:
        """Return who said what and how it ended, without anything that chance gives anew in each run."""
        names: dict[str, str] = {}
        for hand in self.hands:
            for number, key in enumerate(hand.keys):
                names.setdefault(key, f"{hand.name} key {number}")
        ends = self.ends()
        told = {
            str(id): (names[str(key)], int(str(seq)), str(type), sorted(ends.get(str(id), ["lost"])))
            for hand in self.hands
            for id, key, seq, type in hand.device.rows("SELECT id, key, seq, type FROM statements")
        }
        return sorted(told.values())

    @property
    def _now(self) -> datetime:
        return self.web.clock.next

    def _anybody(self, role: SiteRole) -> Hand:
        """Choose somebody with work to do whose key still counts."""
        usable = [each for each in self.hands if each.role is role and not each.is_broken and not _is_retired(each)]
        return self.chance.choice(usable)

    def _new_hand(self, name: str, role: SiteRole) -> None:
        away = self.chance.choice([0, 0, 0, 45, -45, 400, -90_000])
        hand = Hand(
            name=name,
            role=role,
            device=Device(self.folder / name),
            offset=timedelta(seconds=away),
            drift_ppm=self.chance.randint(-200, 200),
        )
        self._put_clocks_in(hand)
        self.hands.append(hand)
        self._enrol(hand)
        self._sync(hand, good=True)

    def _put_clocks_in(self, hand: Hand) -> None:
        hand.booted_at = began = self._now

        def wall() -> datetime:
            return self._now + hand.offset + (self._now - began) * hand.drift_ppm / 1_000_000

        def steady() -> Steady:
            run = (self._now - hand.booted_at) * (1_000_000 + hand.drift_ppm) / 1_000_000
            return Steady(f"{hand.name} {hand.boot}", run // timedelta(milliseconds=1))

        hand.device.clock, hand.device.steady = wall, steady

    def _enrol(self, hand: Hand, *more: str) -> None:
        with self.web.sessions.begin() as session:
            invite = parties.invite_device(
                session, self.web.env, gln=GLNS[hand.role], url=str(self.web.client.base_url)
            ).text
        ran = hand.device.run("enrol", invite, "--offset", "+08:00", *more)
        assert ran.status == 0, ran.err
        hand.keys += [str(key) for (key,) in hand.device.rows("SELECT value FROM cache WHERE name = 'key'")]

    def _scan(self, hand: Hand) -> None:
        work = self._work(hand)
        if work is None:
            return
        operation, carton = work
        texts = [carton.uri] * self.chance.choice([1, 1, 1, 2])
        if operation is Operation.SHIP:
            place = ROAD[min(ROAD.index(hand.role) + 1, len(ROAD) - 1)]
            texts.insert(0, self.places[place])
        if self.chance.random() < 0.04:
            texts.append("CT:UNDO")
        try:
            hand.device.scan(*texts, operation=operation)
        except KeyRetired:
            # The device has learnt that a copy of it speaks with its key.
            self.happened["retired"] += 1
            if hand.away_until <= self._now:
                self._enrol(hand, "--again")

    def _work(self, hand: Hand) -> tuple[Operation, Carton] | None:
        """Choose what is done next: mostly what is right at this place, now and then anything.

        None if there is nothing to do.
        """
        place = ROAD.index(hand.role)
        if self.chance.random() < 0.1:
            ours = [Operation.RECEIVE, Operation.SHIP, Operation.COUNT, Operation.COMMISSION][: 4 if place == 0 else 2]
            return self.chance.choice(ours), self.chance.choice(self.cartons)
        here = [each for each in self.cartons if each.at == place and not each.on_the_way]
        coming = [each for each in self.cartons if each.at == place - 1 and each.on_the_way]
        unborn = [each for each in self.cartons if each.at == UNBORN]
        if place == 0 and unborn and self.chance.random() < 0.6:
            carton = self.chance.choice(unborn)
            carton.at = 0
            return Operation.COMMISSION, carton
        if coming and self.chance.random() < 0.6:
            carton = self.chance.choice(coming)
            carton.at, carton.on_the_way = place, False
            return Operation.RECEIVE, carton
        if here and place < len(ROAD) - 1:
            carton = self.chance.choice(here)
            carton.on_the_way = True
            return Operation.SHIP, carton
        if here:
            carton = self.chance.choice(here)
            carton.at = SOLD
            return Operation.SELL, carton
        return None

    def _sync(self, hand: Hand, *, good: bool = False) -> None:
        if hand.away_until > self._now and not good:
            return
        report = self._synced(hand, good=good)
        self.happened["sync"] += 1
        self.happened["repeats"] += report.flushed.repeats
        self.happened["broken off"] += not report.reached

    def _synced(self, hand: Hand, *, good: bool) -> SyncReport:
        with closing(open_store(hand.device.state)) as connection:
            device = load_device(connection, hand.device.state, None)
            with self._wire(device, hand.device.clock, good=good) as wire:
                batch = self.chance.choice([2, 5, 50])
                return sync_once(
                    connection,
                    device,
                    wire,
                    clock=hand.device.clock,
                    steady=hand.device.steady,
                    batch=batch,
                )

    def _wire(self, device: Enrolled, clock: Callable[[], datetime], *, good: bool) -> LossyWire:
        wire = LossyWire(device.url, signer=device.signer, net=device.net, lang="en", clock=clock)
        wire.chance, wire.arrived, wire.is_bad = self.chance, self.arrived, not good
        return wire

    def _die(self, hand: Hand) -> None:
        """The battery dies: the machine starts anew, and now and then its clock with it."""
        hand.boot += 1
        hand.booted_at = self._now
        self.happened["battery"] += 1
        if self.chance.random() < 0.3:
            hand.offset = self.chance.choice(
                [LONG_AGO - self._now, timedelta(hours=-8), timedelta(days=3), timedelta(0)]
            )
            self.happened["clock"] += 1


def _id_of(wire: dict[str, str]) -> str:
    return str(json.loads(wire["header"])["id"])


def _is_retired(hand: Hand) -> bool:
    return hand.device.rows("SELECT 1 FROM cache WHERE name = 'retired_by'") != []
