"""Random days on the road, and the whole custody record as values that can be compared."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from support.house import GLNS, Handheld, pack_lines, unit_line

STEP = timedelta(seconds=20)
GLN_LIST = sorted(GLNS.values())


@dataclass(frozen=True, kw_only=True)
class Goods:
    """Unit ids that a story is about."""

    cartons: Sequence[str]
    pallets: Sequence[str]
    containers: Sequence[str]

    @property
    def everything(self) -> list[str]:
        """All of them."""
        return [*self.cartons, *self.pallets, *self.containers]


def sensible_story(devices: Sequence[Handheld], goods: Goods, *, start: datetime) -> list[Statement]:
    """Return one load's way: bound, packed, loaded, shipped, received, unloaded, unpacked, repacked, sold."""
    port, store, market = devices[0], devices[1], devices[3]
    first, second = goods.pallets[:2]
    half = len(goods.cartons) // 2
    said: list[Statement] = []

    def say(device: Handheld, type: T, lines: Sequence[Line], to: str | None = None) -> None:
        said.append(device.say(type, lines, at=start + STEP * len(said), to=to))

    for carton in goods.cartons:
        say(port, T.COMMISSION, [unit_line(carton, code=b64(bytes(32)))])
    say(port, T.PACK, pack_lines(first, goods.cartons[:half]))
    say(port, T.PACK, pack_lines(second, goods.cartons[half:]))
    say(port, T.PACK, pack_lines(goods.containers[0], [first, second]))
    say(port, T.SHIP, [unit_line(goods.containers[0])], to=GLN_LIST[1])
    say(store, T.RECEIVE, [unit_line(goods.containers[0])])
    say(store, T.UNPACK, [Line(role="parent", unit=goods.containers[0], parent=None, quantity=1)])
    say(store, T.SHIP, [unit_line(first), unit_line(second)], to=GLN_LIST[3])
    say(market, T.RECEIVE, [unit_line(first)])
    say(market, T.RECEIVE, [unit_line(second)])
    say(market, T.UNPACK, pack_lines(first, goods.cartons[:1])[1:])
    say(market, T.UNPACK, [Line(role="parent", unit=first, parent=None, quantity=1)])
    say(market, T.PACK, pack_lines(second, goods.cartons[:half]))
    say(market, T.SELL, [unit_line(goods.cartons[0])])
    say(market, T.SELL, [unit_line(goods.cartons[-1])])
    return said


def random_story(
    rng: random.Random, devices: Sequence[Handheld], goods: Goods, *, start: datetime, length: int
) -> list[Statement]:
    """Return statements of any device about any of the goods, some sensible and some not, in the order of events."""
    said = []
    for number in range(length):
        device = rng.choice(devices)
        at = start + STEP * number
        type = rng.choice([T.COMMISSION, T.PACK, T.PACK, T.PACK, T.UNPACK, T.UNPACK, T.SHIP, T.SHIP, T.RECEIVE,
                           T.RECEIVE, T.SELL, *_OTHERS])  # fmt: skip
        if type is T.COMMISSION:
            lines = [unit_line(rng.choice(goods.everything), code=b64(bytes(32)))]
        elif type in (T.PACK, T.UNPACK):
            lines = _packing(rng, goods, whole=type is T.UNPACK and rng.random() < 0.5)
        elif type in (T.TRANSFORM, T.RELABEL):
            old, new = rng.sample(goods.everything, 2)
            lines = [replace(unit_line(old), role="input"), replace(unit_line(new), role="output")]
        else:
            lines = [unit_line(unit) for unit in rng.sample(goods.everything, rng.choice([1, 1, 2]))]
        to = rng.choice([*GLN_LIST, None]) if type in (T.SHIP, T.RETURN) else None
        # What lies on goods inside of others is judged once, on arrival: two shops that sell one box, and breaches, are
        # in the written stories.
        device = devices[-1] if type is T.SELL else device
        said.append(device.say(type, lines, at=at, to=to))
    return said


_OTHERS = (
    T.ADOPT, T.OPEN, T.USE, T.RETURN, T.LOSE, T.FIND, T.STORE, T.OBSERVE, T.DESTROY, T.RELEASE, T.LIFT,
    T.TRANSFORM, T.RELABEL,
)  # fmt: skip


def _packing(rng: random.Random, goods: Goods, *, whole: bool) -> list[Line]:
    parent = rng.choice([*goods.pallets, *goods.pallets, *goods.containers])
    if whole:
        return [Line(role="parent", unit=parent, parent=None, quantity=1)]
    inside = list(goods.cartons) if parent in goods.pallets else list(goods.pallets)
    lines = pack_lines(parent, rng.sample(inside, rng.randint(1, len(inside))))
    return lines if rng.random() < 0.8 else lines[1:]


def record_of(session: Session) -> dict[str, list[tuple[object, ...]]]:
    """Return everything that custody made of the statements, in no particular order of arrival."""
    questions = {
        "units": "SELECT u.unit_id, u.state, u.gln, u.to_gln, p.unit_id, r.unit_id, u.last_at::text, u.overlays::text,"
        " u.counter, u.expires_on::text FROM unit u"
        " LEFT JOIN unit p ON p.unit_pk = u.parent_pk LEFT JOIN unit r ON r.unit_pk = u.root_pk",
        "stays": "SELECT c.unit_id, p.unit_id, s.from_at::text, s.to_at::text, s.packed_by, s.unpacked_by"
        " FROM containment s JOIN unit c ON c.unit_pk = s.child_pk JOIN unit p ON p.unit_pk = s.parent_pk",
        "lines": "SELECT l.entry_id, u.unit_id, l.role, p.unit_id, l.event_at, l.marks::text, l.from_gln"
        " FROM statement_line l JOIN unit u USING (unit_pk) LEFT JOIN unit p ON p.unit_pk = l.parent_pk",
        "lots": "SELECT u.unit_id, s.kind, s.gln, s.to_gln, s.owner, s.quantity FROM lot_stock s JOIN unit u"
        " USING (unit_pk)",
        "parties": "SELECT entry_id, relation, operator_id, gln, district FROM statement_party",
        "cases": "SELECT kind, entry_id, gln, operator_id FROM case_file WHERE live",
        "statements": "SELECT entry_id, type, status, event_at FROM statement",
    }
    return {
        name: sorted((tuple(row) for row in session.execute(text(question.replace("::", "\\:\\:")))), key=repr)
        for name, question in questions.items()
    }


def written_story(
    text: str,
    devices: Sequence[Handheld],
    names: dict[str, str],
    *,
    start: datetime,
    together: Collection[int] = (),
    correcting: Mapping[int, int] = MappingProxyType({}),
) -> list[Statement]:
    """Return the statements of lines such as `port pack P: A B`, `port ship P > market`, `market unpack P: *`.

    `names` are the unit ids by short name; a `*` unpacks the whole pallet, `::` leaves the parent's own line out.
    `store transform A B = C` makes one unit of others, `store receive! P` found it too warm, `12xL` are twelve of a
    lot.  Statements are twenty seconds apart, those with a number in `together` at the moment of the one before; each
    with a number in `correcting` says what is true instead of another one.
    """
    sites = {"port": 0, "store": 1, "trader": 2, "market": 3, "shop": 4, "office": 5}
    said: list[Statement] = []
    for line in filter(None, (each.strip() for each in text.splitlines())):
        who, verb, rest = line.split(" ", 2)
        rest, _, to = rest.partition(" > ")
        parent, colon, children = rest.partition(":")
        type = T(verb.rstrip("!"))
        if "=" in rest:
            lines = [
                replace(_named(name, names), role=role)
                for role, side in zip(("input", "output"), rest.split("="), strict=True)
                for name in side.split()
            ]
        elif not colon:
            lines = [_named(name, names) for name in rest.split()]
        elif children.strip() == "*":
            lines = [Line(role="parent", unit=names[parent], parent=None, quantity=1)]
        else:
            lines = pack_lines(names[parent], [names[name] for name in children.lstrip(":").split()])
            lines = lines[1:] if children.startswith(":") else lines
        if type is T.COMMISSION:
            lines = [replace(each, attributes={"code": b64(bytes(32))}) for each in lines]
        if type is T.SAMPLE:
            lines = [replace(each, attributes={"hold": True}) for each in lines]
        gln = GLN_LIST[sites[to]] if to else None
        cold = "breach" if verb.endswith("!") else "unknown"
        number = len(said)
        at = start + STEP * (number - sum(each <= number for each in together))
        corrects = None
        if number in correcting:
            header = sha256(said[correcting[number]].header.encode())
            corrects = Corrects(header=header, mode=CorrectionMode.INCORRECT_DATA)
        said.append(devices[sites[who]].say(type, lines, at=at, to=gln, cold=cold, corrects=corrects))
    return said


def _named(text: str, names: dict[str, str]) -> Line:
    many, _, name = text.rpartition("x")
    return replace(unit_line(names[name]), quantity=int(many or 1))
