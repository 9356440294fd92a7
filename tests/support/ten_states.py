"""The states of the consumer's page, brought about in a running demo world by those who bring them about in life.

Nothing is put into a database or a page here: a broker sends a workbook, handhelds scan, an operator recalls a lot.
The pictures of the guide and the browser's tests look at the same ten.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from coldtrace.cli.demo.terminal import Terminal
from coldtrace.cli.installation import open_installation
from coldtrace.clock import now
from coldtrace.goods import store as goods
from coldtrace.goods.place_labels import PlaceLabels, place_labels
from coldtrace.goods.store import IssuedCode
from coldtrace.settings import Settings
from support.packing_sheets import BLOCK_ZH, workbook

SHOP: Final = "9521234000051"
COUNTER: Final = "C1"
RECALL_REASON: Final = "抽检检出单核细胞增生李斯特氏菌 / Listeria monocytogenes found in a sample"

STATUSES: Final = {
    "fresh": "normal",
    "sold": "sold",
    "recalled": "recalled",
    "expired": "expired",
    "no-temperature": "normal",
    "cloned": "clone_suspect",
    "tampered": "refused",
    "unknown": "not_registered",
    "counter": "place",
    "pallet": "normal",
}
"""What each page's body says of itself."""


@dataclass(frozen=True)
class DemoWorld:
    """A running service with its demo world."""

    base: str
    data_dir: Path

    @property
    def links(self) -> dict[str, str]:
        """Paths of sample codes by kind."""
        return dict(json.loads((self.data_dir / "demo.json").read_text(encoding="utf-8"))["links"])

    @property
    def token(self) -> str:
        """The development token."""
        return (self.data_dir / "development-token").read_text(encoding="utf-8").strip()

    def terminal(self, key: str) -> Terminal:
        """Return the handheld of one of the demo's places."""
        devices = self.data_dir / "demo" / "devices" / str(urlsplit(self.base).port)
        return Terminal(name=f"H-{key}", state=devices / key)

    def command(self, *words: str) -> None:
        """Run a command of the operator."""
        subprocess.run(
            [sys.executable, "-m", "coldtrace", *words],
            env={**os.environ, "COLDTRACE_DATA_DIR": str(self.data_dir)},
            check=True,
            capture_output=True,
            timeout=300,
        )


def bring_about(world: DemoWorld) -> dict[str, str]:
    """Bring the states about and return path and query of each page.

    The lot that is recalled is neither that of the shop's boxes nor that of the pallet whose page is shown.
    """
    cartons = _cartons(world)
    shelf = next(number for number, each in enumerate(cartons) if path_of(each.uri) == world.links["box"])
    sold = next(each for each in cartons if path_of(each.uri) == world.links["sold"])
    others = {_gtin_and_lot(cartons[shelf]), _gtin_and_lot(cartons[-1])}
    recalled = next(each for each in cartons if _gtin_and_lot(each) not in others)
    world.command("lots", "recall", *_gtin_and_lot(recalled), "--reason", RECALL_REASON)
    return {
        "fresh": world.links["box"],
        "sold": world.links["sold"],
        "recalled": path_of(recalled.uri),
        "expired": path_of(_expired(world).uri),
        "no-temperature": world.links["box"],
        "cloned": path_of(_sold_twice(world, cartons, sold).uri),
        "tampered": world.links["tampered"],
        "unknown": world.links["unknown"],
        "counter": path_of(_counter(world, cartons[shelf + 1 : shelf + 3])),
        "pallet": world.links["pallet"],
    }


def path_of(uri: str) -> str:
    """Return path and query of a code, to open it on this server."""
    parts = urlsplit(uri)
    return f"{parts.path}?{parts.query}"


def _cartons(world: DemoWorld) -> list[IssuedCode]:
    """Return the cartons of the demo's consignment in the order of its labels."""
    answer = httpx.get(f"{world.base}/api/v1/runs", headers=_bearer(world), timeout=60)
    run = answer.raise_for_status().json()["runs"][0]["run"]
    return [each for each in _codes(world, run) if each.kind == "unit"]


def _codes(world: DemoWorld, run: str) -> list[IssuedCode]:
    with open_installation(Settings(data_dir=world.data_dir)) as installation, installation.sessions() as session:
        return list(goods.codes_of_run(session, UUID(run)))


def _gtin_and_lot(code: IssuedCode) -> tuple[str, str]:
    parts = urlsplit(code.uri).path.split("/")
    return parts[2], parts[4]


def _sold_twice(world: DemoWorld, cartons: list[IssuedCode], sold: IssuedCode) -> IssuedCode:
    """Let the market sell the second box that the shop sold before."""
    again = cartons[cartons.index(sold) + 1]
    market = world.terminal("market")
    market.sync()
    market.scan(["CT:SELL", again.uri])
    market.sync()
    return again


def _counter(world: DemoWorld, boxes: list[IssuedCode]) -> str:
    """Let the shop open boxes at a counter; return the code of the counter's sign."""
    with open_installation(Settings(data_dir=world.data_dir)) as installation, installation.sessions() as session:
        (sign,) = place_labels(session, installation.env, PlaceLabels(gln=SHOP, doors=[COUNTER]))
    shop = world.terminal("shop")
    shop.sync()
    shop.scan([sign.uri, "CT:OPEN", *(box.uri for box in boxes)])
    shop.sync()
    return sign.uri


def _expired(world: DemoWorld) -> IssuedCode:
    """Import and bind one carton whose last day was ten days ago."""
    today = now().date()
    made = (today - timedelta(days=10)).replace(day=1)
    made = made.replace(year=made.year - 2)
    entered = made + timedelta(days=80)
    block = [*(row for row in BLOCK_ZH if row[0] not in ("报关单号", "进境日期"))]
    block += [("报关单号", f"0202{entered.year}1000000999"), ("进境日期", entered.isoformat())]
    heads = ("托盘号", "品名", "条码", "批号", "生产日期", "保质期", "箱数", "净重")
    row = (1, "冻去骨牛腱 FROZEN BONELESS BEEF SHANK", "19521234543210", "BR24K03", made.isoformat(), "24个月", 1, 20)
    book = workbook({"装箱单": [*block, (), heads, row]})
    answer = httpx.post(
        f"{world.base}/api/v1/imports", files={"file": ("list.xlsx", book)}, headers=_bearer(world), timeout=300
    )
    assert answer.status_code == 201, answer.text
    carton, pallet = _codes(world, answer.json()["run"])
    port = world.terminal("port")
    port.sync()
    port.scan(["CT:COMMISSION", "CT:NEXT", carton.uri, pallet.uri])
    port.sync()
    return carton


def _bearer(world: DemoWorld) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.token}"}
