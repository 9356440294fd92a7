"""The story, step by step, each with its time."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit
from uuid import UUID

from sqlmodel import Session

from coldtrace.cli.demo.patience import DemoFailed, outcome
from coldtrace.cli.demo.people import make_people
from coldtrace.cli.demo.service import Service
from coldtrace.cli.demo.sites import SITES
from coldtrace.cli.demo.terminal import Terminal
from coldtrace.cli.demo.workbook import NAME, workbook
from coldtrace.cli.installation import Installation
from coldtrace.codes.sign import sign_code
from coldtrace.goods import store as goods
from coldtrace.goods.mint import ALGORITHMS
from coldtrace.goods.store import IssuedCode
from coldtrace.parties import service as parties
from coldtrace.parties import trust
from coldtrace.parties.provinces import province_of

PALLETS_TO_DEPOT, PALLETS_TO_MARKET = 12, 4
QUEUED = 200
"""What the market's device queues while it is offline: the pallets it takes in and the cartons it takes off them."""

SHIPPED_TO_SHOP, SOLD = 20, 3
LABELS = 1224
RUNS_MAX = 200
PROVEN_S = 300
"""Two seconds are usual; a slow machine that does other things besides may take a while."""


@dataclass
class Step:
    """One finished step."""

    name: str
    seconds: float


@dataclass
class Pallet:
    """One pallet label with its cartons."""

    label: IssuedCode
    cartons: list[IssuedCode]


@dataclass
class Story:
    """The demo on its way; `say` prints a line, `stopping` ends it early."""

    installation: Installation
    service: Service
    say: Callable[[str], None]
    stopping: Event = field(default_factory=Event)
    steps: list[Step] = field(default_factory=list)
    terminals: dict[str, Terminal] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    pallets: list[Pallet] = field(default_factory=list)
    run: str = ""
    sold: list[IssuedCode] = field(default_factory=list)
    shelf: list[IssuedCode] = field(default_factory=list)
    scans: int = 0

    @property
    def folder(self) -> Path:
        """Where the demo keeps its devices and papers."""
        return self.installation.settings.data_dir / "demo"

    @contextmanager
    def step(self, zh: str, en: str) -> Iterator[None]:
        """Run one step and print its time."""
        if self.stopping.is_set():
            raise DemoFailed("stopped")
        start = time.monotonic()
        yield
        took = time.monotonic() - start
        self.steps.append(Step(en, round(took, 2)))
        self.say(f"{took:6.1f} s  {zh} / {en}")

    def tell(self) -> None:
        """Run the whole story; raise DemoFailed when something is not as it should be."""
        with self.step("登记五个场所，注册五台手持机", "five sites registered, five handhelds enrolled"):
            self._register()
        with self.step(
            "导入报关行装箱单：1,200 箱，24 托，3 批", "broker's workbook imported: 1,200 cartons, 24 pallets"
        ):
            self._import()
        labels = _Labels(self)
        with self.step("首站赋码 1,200 箱并组托 24 板", "1,200 cartons commissioned on 24 pallets"):
            self._commission()
        with self.step("标签 1,224 张，逐张解码核对", "1,224 labels printed, every one read back"):
            labels.finish()
        with self.step(
            "口岸冷库出库 24 托，静海冷库入库", "24 pallets shipped by the port, received by the cold store"
        ):
            self._hand_over("port", "store", [pallet.label for pallet in self.pallets])
        with self.step("配送中心入库 12 托", "12 pallets received by the distribution centre"):
            self._hand_over("store", "depot", [pallet.label for pallet in self.pallets[:PALLETS_TO_DEPOT]])
        with self.step("批发市场离线一天，排队 200 条", "the market is offline for a day: 200 scans queued"):
            self._offline_day()
        with self.step("批发市场恢复联网，200 条全部收到回执", "the market is back: 200 scans sent and receipted"):
            self._back_online()
        with self.step("门店入库 20 箱，售出 3 箱", "20 cartons received by the shop, three sold"):
            self._sell()

    def _register(self) -> None:
        installation = self.installation
        invites: dict[str, str] = {}
        firms: dict[str, UUID] = {}
        with installation.sessions.begin() as session:
            for place in SITES:
                city = province_of(place.uscc)
                operator = parties.register_operator(
                    session,
                    installation.env,
                    uscc=place.uscc,
                    name_zh=place.firm_zh,
                    name_en=place.firm_en,
                    city_zh=city.zh,
                    city_en=city.en,
                )
                firms[place.key] = operator.operator_id
                parties.register_site(
                    session,
                    installation.env,
                    parties.RegisterSite(
                        gln=place.gln,
                        operator=operator,
                        name_zh=place.name_zh,
                        name_en=place.name_en,
                        role=place.role,
                        district=place.district,
                    ),
                )
                # A device keeps the address at which it was enrolled, so another port means other devices.
                devices = self.folder / "devices" / str(urlsplit(self.service.url).port)
                terminal = Terminal(
                    name=f"H-{place.key}", state=devices / place.key, say=self.say, stopping=self.stopping
                )
                self.terminals[place.key] = terminal
                self.places[place.key] = self._place_code(session, place.gln)
                if not terminal.is_enrolled:
                    made = parties.invite_device(session, installation.env, gln=place.gln, url=self.service.url)
                    invites[place.key] = made.text
            make_people(session, installation.env, firms=firms)
        for key, invite in invites.items():
            self.terminals[key].enrol(invite)

    def _place_code(self, session: Session, gln: str) -> str:
        """Return the signed code that hangs at a site's door."""
        env = self.installation.env
        key = trust.code_key(session, env, SITES[0].gln, env.clock())
        return sign_code(
            host=env.public_host,
            elements=[("414", gln)],
            algorithm=ALGORITHMS[key.alg],
            kid=key.kid,
            sign=key.signer.sign,
        )

    def _import(self) -> None:
        for number in range(RUNS_MAX):
            answer = self.service.import_workbook(workbook(number), NAME)
            if answer.get("code") != "declaration_imported":
                break
        else:
            raise DemoFailed("the demo ran too often here; wipe it with: make reset")
        if (answer["cartons"], answer["pallets"], answer["lots"]) != (1200, 24, 3):
            raise DemoFailed(f"import: {answer['cartons']} cartons, {answer['pallets']} pallets")
        self.run = str(answer["run"])
        cartons: list[IssuedCode] = []
        with self.installation.sessions() as session:
            for code in goods.codes_of_run(session, answer["run"]):
                if code.kind == "pallet":
                    self.pallets.append(Pallet(code, cartons))
                    cartons = []
                else:
                    cartons.append(code)

    def _scan(self, key: str, lines: list[str]) -> None:
        self.terminals[key].scan(lines)
        self.scans += len(lines)

    def _commission(self) -> None:
        port = self.terminals["port"]
        port.sync()
        # A story that was broken off may have left cartons on the pile.
        lines = ["CT:COMMISSION", "CT:NEXT"]
        for pallet in self.pallets:
            lines += [carton.uri for carton in pallet.cartons]
            lines.append(pallet.label.uri)
        self._scan("port", lines)
        self._sync("port")

    def _sync(self, key: str) -> None:
        self.terminals[key].sync()
        unsent = self.terminals[key].status().get("unsent")
        if unsent != 0:
            raise DemoFailed(f"{key}: {unsent} statements still unsent after sync")

    def _hand_over(self, giver: str, taker: str, units: list[IssuedCode]) -> None:
        self._scan(giver, ["CT:OUT", self.places[taker], *(unit.uri for unit in units)])
        self._sync(giver)
        self._scan(taker, ["CT:IN", *(unit.uri for unit in units)])
        self._sync(taker)

    def _offline_day(self) -> None:
        pallets = self.pallets[:PALLETS_TO_MARKET]
        self._scan("depot", ["CT:OUT", self.places["market"], *(pallet.label.uri for pallet in pallets)])
        self._sync("depot")
        lines = ["CT:IN", *(pallet.label.uri for pallet in pallets), "CT:UNPACK"]
        left = QUEUED - len(pallets)
        for pallet in pallets:
            take = pallet.cartons[:left]
            left -= len(take)
            lines += [pallet.label.uri, *(carton.uri for carton in take)]
        self._scan("market", lines)
        unsent = self.terminals["market"].status().get("unsent")
        if unsent != QUEUED:
            raise DemoFailed(f"market: {unsent} queued instead of {QUEUED}")

    def _back_online(self) -> None:
        self._sync("market")

    def _sell(self) -> None:
        cartons = self.pallets[0].cartons[:SHIPPED_TO_SHOP]
        self._hand_over("market", "shop", cartons)
        self.sold, self.shelf = cartons[:SOLD], cartons[SOLD:]
        self._scan("shop", ["CT:SELL", *(carton.uri for carton in self.sold)])
        self._sync("shop")

    def local(self, uri: str) -> str:
        """Return path and query of a code, to open it on this server."""
        parts = urlsplit(uri)
        return f"{parts.path}?{parts.query}"

    def wait_until_proven(self, uri: str, statements: int) -> str:
        """Return the bundle of a code once the log covers that many of its statements."""
        deadline = time.monotonic() + PROVEN_S
        while True:
            bundle = self.service.bundle(self.local(uri))
            if len(json.loads(bundle)["statements"]) >= statements:
                return bundle
            if time.monotonic() > deadline:
                raise DemoFailed(f"the log did not cover the statements within {PROVEN_S} s")
            time.sleep(0.2)

    def verify_offline(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `coldtrace` in a process of its own, without a network to ask."""
        command = [sys.executable, "-m", "coldtrace", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, err = outcome(process, f"coldtrace {arguments[0]}", say=self.say, stopping=self.stopping)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


class _Labels:
    """Prints the labels in a process of its own while the scanning goes on."""

    def __init__(self, story: Story) -> None:
        self._story, self._out = story, story.folder / "labels-100x100.pdf"
        self._out.parent.mkdir(parents=True, exist_ok=True)
        where = ["--layout", "100x100", "--format", "pdf", "--out", str(self._out), "--json"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "coldtrace", "labels", "make", "--run", story.run, *where],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self) -> int:
        """Wait for the file; return how many labels were made, or raise what went wrong."""
        story = self._story
        out, err = outcome(self._process, "coldtrace labels make", say=story.say, stopping=story.stopping)
        if self._process.returncode != 0:
            raise DemoFailed(f"labels: {err.strip()}")
        report = json.loads(out)
        if report["labels"] != LABELS or report["decoded"] < LABELS:
            raise DemoFailed(f"labels: {report['decoded']} of {report['labels']} read back")
        return int(report["labels"])
