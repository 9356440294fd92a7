"""A second, small telling of the custody rules: dictionaries, one pass in the order of events, no database.

Written from the business table (domain guide, section 4) and docs/guides/custody.md, not from the code under test, so
that two independent tellings have to agree.  It knows where things are and what lies on them; what is marked it does
not know, only what is blocked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from coldtrace.events.statement_type import StatementType as T

REGULATOR = "regulator"
NOWHERE = ("unknown", "blank")


@dataclass(frozen=True, kw_only=True)
class Act:
    """One statement: who, where, what, of which things.  `pairs` are (thing, its parent or None).

    `grams` and `days` are what it says of its things, `quantity` of how many packages of the lot it speaks; `made` is
    what came out of a transform or of a change of labels, `pairs` is then what went in.  `corrects` is the place in the
    order of saying of what it says to be an error, `holds` tells whether a sample keeps the goods.
    """

    at: datetime
    gln: str
    firm: str
    type: T
    pairs: Sequence[tuple[str, str | None]]
    to: str | None = None
    level: str = "firm"
    quantity: int = 1
    made: Sequence[str] = ()
    grams: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, date] = field(default_factory=dict)
    corrects: int | None = None
    holds: bool = False

    @property
    def names(self) -> set[str]:
        """Everything that it names."""
        return {*self.made, *(name for pair in self.pairs for name in pair if name)}


@dataclass
class Thing:
    """One carton or pallet.  `lies` are its own (kind, firm), `left_g` and `day` what somebody said."""

    state: str = "unknown"
    gln: str | None = None
    to: str | None = None
    parent: str | None = None
    lies: set[tuple[str, str]] = field(default_factory=set)
    left_g: int | None = None
    day: date | None = None


@dataclass(frozen=True)
class Input:
    """What went in, as it was before: also all that lay on it, and whether it stood where it was used."""

    thing: Thing
    lies: set[tuple[str, str]]
    stood_here: bool
    day: date | None
    weighs_g: int | None


@dataclass(frozen=True)
class Coded:
    """What was issued: codes of one import, drawn by a station."""

    names: Sequence[str] = ()
    station: str = ""
    until: date | None = None
    weighs_g: int | None = None


def first_day(*days: date | None) -> date | None:
    """Return the earliest of these days, None if there is none."""
    return min((day for day in days if day is not None), default=None)


class CustodyModel:
    """What a world of things looks like after everything that was said of it."""

    def __init__(self, names: Iterable[str], lot: str, *, coded: Coded | None = None) -> None:
        self.coded = coded or Coded()
        self.things = {name: Thing() for name in names}
        for name in self.coded.names:
            self.things[name] = Thing(state="blank")
        self.lot = lot
        self.books: dict[tuple[str, str, str, str], int] = {}
        self.lot_lies: set[tuple[str, str]] = set()
        self.lot_day: date | None = None
        self.blocked: list[tuple[Act, str]] = []

    def tell(self, acts: Sequence[Act], *, barred: Collection[int] = ()) -> "CustodyModel":
        """Let everything happen in the order of events; `barred` are the places of corrections that nobody may say."""
        errors = self._errors(acts, barred)
        for number, act in sorted(enumerate(acts), key=lambda pair: pair[1].at):
            if number in barred:
                self.blocked += [(act, name) for name in (*(name for name, _ in act.pairs), *act.made)]
                continue
            if number in errors:
                continue
            if act.made:
                self._make(act)
                continue
            for name, parent in self._lines(act):
                if name == self.lot:
                    self._tell_lot(act)
                else:
                    self._tell(act, name, parent)
        return self

    @staticmethod
    def _errors(acts: Sequence[Act], barred: Collection[int]) -> set[int]:
        """Return the places of what is annulled: a correction names what was there before it, and may be one itself."""
        found: set[int] = set()
        for number in reversed(range(len(acts))):
            named = acts[number].corrects
            if named is not None and number not in barred and number not in found:
                found.add(named)
        return found

    def _make(self, act: Act) -> None:
        """Let what went in become what came out."""
        into_lot = self.lot in act.made
        inputs, stopped = [], False
        for name, _ in act.pairs:
            thing, around, lies = self.things[name], self.root(name), self.in_force(name)
            mine = name in self.coded.names
            day = first_day(thing.day, self.coded.until if mine else None)
            weighs = thing.left_g if thing.left_g is not None or not mine else self.coded.weighs_g
            before = replace(thing, lies=set(thing.lies))
            inputs.append(Input(before, lies, self._stands(act, around), day, weighs))
            within = {each for inner in self.inside(name) for each in self.things[inner].lies}
            full = act.type is T.RELABEL and bool(self.inside(name))
            dead = thing.state == "void" or "destroyed" in (thing.state, around.state)
            if dead or full or self._keeps_from_making(act, lies, within, into_lot):
                self.blocked.append((act, name))
                stopped = True
                continue
            # Of a relabelling nothing is left under the old label, whatever weight it names.
            is_new_label = act.type is T.RELABEL
            used, there = (None, thing.left_g) if is_new_label else (act.grams.get(name), weighs)
            left = None if there is None else 0 if used is None else max(there - used, 0)
            self._put(thing, name, "opened" if left and act.type is T.TRANSFORM else "transformed", act.gln)
            thing.left_g = left
        for name in act.made:
            if stopped or (name != self.lot and "destroyed" in (self.things[name].state, self.root(name).state)):
                self.blocked.append((act, name))
            elif name == self.lot:
                self._add(("here", act.gln, "", act.firm), act.quantity)
                self.lot_day = first_day(self.lot_day, *(each.day for each in inputs))
            elif self.things[name].state in NOWHERE:
                self.things[name] = self._output(act, name, inputs)

    @staticmethod
    def _output(act: Act, name: str, inputs: Sequence[Input]) -> Thing:
        day = first_day(act.days.get(name), *(each.day for each in inputs))
        fresh = Thing(state="active", gln=act.gln, day=day)
        if act.type is T.TRANSFORM:
            fresh.left_g = act.grams.get(name)
            return fresh
        if len(inputs) > 1:
            fresh.lies = {each for one in inputs for each in one.lies}
            return fresh
        (old,) = inputs
        fresh.left_g, fresh.lies = old.weighs_g, set(old.lies)
        if old.stood_here:
            fresh.lies, fresh.parent = set(old.thing.lies), old.thing.parent
            fresh.state = "opened" if old.thing.state == "opened" else "active"
        return fresh

    @staticmethod
    def _stands(act: Act, around: Thing) -> bool:
        return around.state in ("active", "opened") and around.gln == act.gln

    @staticmethod
    def _keeps_from_making(act: Act, lies: set[tuple[str, str]], within: set[tuple[str, str]], into_lot: bool) -> bool:
        kinds = {kind for kind, _ in lies}
        inner = {kind for kind, _ in within} if act.type is T.TRANSFORM else set()
        stops = {"hold:firm", "hold:regulator", "recall"}
        if into_lot:
            return bool((kinds | inner) & {*stops, "clone_suspect"})
        return act.type is T.TRANSFORM and bool((kinds | inner) & stops)

    def _tell_lot(self, act: Act) -> None:
        """Let something happen to packages of the lot; what the books lack is booked below zero."""
        if self._stops(act, {kind for kind, _ in self.lot_lies}):
            self.blocked.append((act, self.lot))
            return
        match act.type:
            case T.FIND:
                self._find(act)
            case T.SHIP | T.RETURN:
                for owner, part in self._taken(act):
                    self._add(("transit", act.gln, act.to or "", owner), part)
            case T.SELL | T.USE | T.DESTROY:
                self._taken(act)
            case T.LOSE:
                for owner, part in self._taken(act):
                    self._add(("lost", act.gln, "", owner), part)
            case T.RECEIVE | T.ADOPT:
                self._receive(act)
            case T.HOLD | T.RECALL if act.level != REGULATOR:
                self.blocked.append((act, self.lot))
            case T.HOLD:
                self.lot_lies.add(("hold:regulator", act.firm))
            case T.RELEASE:
                self.lot_lies.clear()

    def _taken(self, act: Act) -> list[tuple[str, int]]:
        """Take packages from here, one's own first; return whose they were."""
        owners = {owner for kind, gln, _, owner in self.books if (kind, gln) == ("here", act.gln)}
        rest, found = act.quantity, []
        for owner in [act.firm, *sorted(owners - {act.firm})]:
            part = min(rest, max(self.books.get(("here", act.gln, "", owner), 0), 0))
            rest -= part
            found.append((owner, part))
        found.append((act.firm, rest))
        for owner, part in found:
            self._add(("here", act.gln, "", owner), -part)
        return found

    def _find(self, act: Act) -> None:
        """Find again what was lost here, one's own first; more than that is one's own too."""
        owners = {owner for kind, gln, _, owner in self.books if (kind, gln) == ("lost", act.gln)}
        rest = act.quantity
        for owner in [act.firm, *sorted(owners - {act.firm})]:
            part = min(rest, self.books.get(("lost", act.gln, "", owner), 0))
            rest -= part
            self._add(("lost", act.gln, "", owner), -part)
            self._add(("here", act.gln, "", owner), part)
        self._add(("here", act.gln, "", act.firm), rest)

    def _receive(self, act: Act) -> None:
        coming = sorted(
            place for place, n in self.books.items() if place[0] == "transit" and place[2] == act.gln and n > 0
        )
        rest = act.quantity
        for place in coming:
            part = min(rest, self.books[place])
            rest -= part
            self._add(place, -part)
            self._add(("here", act.gln, "", place[3]), part)
        self._add(("here", act.gln, "", coming[0][3] if coming else act.firm), rest)

    def _add(self, place: tuple[str, str, str, str], quantity: int) -> None:
        self.books[place] = self.books.get(place, 0) + quantity
        if not self.books[place]:
            del self.books[place]

    def place(self, name: str) -> tuple[str, str | None, str | None, str | None]:
        """Return state, site and receiver of a thing by what it is in, and that parent."""
        around = self.root(name)
        return around.state, around.gln, around.to, self.things[name].parent

    def root(self, name: str) -> Thing:
        """Return the outermost thing around a thing, itself if it is in none."""
        return self.things[self._chain(name)[-1]]

    def in_force(self, name: str) -> set[tuple[str, str]]:
        """Return what lies on a thing and on all that it is in."""
        return {each for one in self._chain(name) for each in self.things[one].lies}

    def inside(self, name: str) -> list[str]:
        """Return everything in a thing, however deep."""
        found = [each for each, thing in self.things.items() if thing.parent == name]
        return found + [deeper for each in found for deeper in self.inside(each)]

    def _chain(self, name: str) -> list[str]:
        found = [name]
        while (parent := self.things[found[-1]].parent) is not None:
            found.append(parent)
        return found

    def _lines(self, act: Act) -> list[tuple[str, str | None]]:
        """Return what the statement is about; unpacking a pallet as a whole is about everything on it."""
        if act.type is T.UNPACK and all(parent is None for _, parent in act.pairs):
            pallets = [name for name, _ in act.pairs]
            on_it = [(name, self.things[name].parent) for name in sorted(self.things)]
            return [*act.pairs, *((name, parent) for name, parent in on_it if parent in pallets)]
        return list(act.pairs)

    def _tell(self, act: Act, name: str, parent: str | None) -> None:
        if self._is_blocked(act, name, parent):
            self.blocked.append((act, name))
            return
        thing, around = self.things[name], self.root(name)
        if act.type is T.SAMPLE and act.holds and (act.level == REGULATOR or self._keeps(act, around, name)):
            lies = {(f"hold:{act.level}", act.firm)}
            self._look(thing, name, act, around)
            thing.lies |= lies
            return
        match act.type:
            case T.COMMISSION:
                if thing.state in NOWHERE:
                    self._put(thing, name, "active", act.gln)
            case T.ADOPT:
                self._put(thing, name, "active", act.gln)
                thing.left_g = act.grams.get(name, thing.left_g)
                thing.day = first_day(act.days.get(name), thing.day)
            case T.PACK if parent is None:
                if thing.state in NOWHERE:
                    self._put(thing, name, "active", act.gln)
                elif not (around.state in ("active", "opened") and around.gln == act.gln):
                    self._handle(thing, name, act)
            case T.PACK:
                lies, stays = set(thing.lies), thing.parent == parent
                self._handle(thing, name, act)
                thing.parent = parent
                if stays:  # it has left nothing, so it takes nothing along
                    thing.lies = lies
            case T.UNPACK if parent is not None:
                self._handle(thing, name, act)
            case T.SHIP | T.RETURN:
                self._put(thing, name, "in_transit", act.gln, act.to)
            case T.RECEIVE:
                self._put(thing, name, "active", act.gln)
            case T.SELL if around.state != "sold":
                self._put(thing, name, "sold", act.gln)
            case T.SELL:
                thing.lies.add(("clone_suspect", ""))
            case T.USE if around.state != "used":
                self._put(thing, name, "used", act.gln)
            case T.OPEN:
                self._put(thing, name, "opened", act.gln)
            case T.OBSERVE | T.STORE | T.COUNT | T.FIND | T.SAMPLE:
                self._look(thing, name, act, around)
            case T.VOID:
                self._put(thing, name, "void", act.gln)
            case T.HOLD:
                thing.lies.add((f"hold:{act.level}", act.firm))
            case T.RECALL:
                thing.lies.add(("recall", act.firm))
            case T.RELEASE:
                self._lift(thing, act, "hold")
            case T.LIFT:
                self._lift(thing, act, "recall")
            case T.LOSE if around.state != "lost":
                self._put(thing, name, "lost", act.gln)
            case T.DESTROY:
                self._put(thing, name, "destroyed", act.gln)

    def _look(self, thing: Thing, name: str, act: Act, around: Thing) -> None:
        """See a thing: what was lost is found by a firm, nothing else moves."""
        if around.state == "lost" and act.level != REGULATOR:
            self._put(thing, name, "active", act.gln)

    def _is_blocked(self, act: Act, name: str, parent: str | None) -> bool:
        around = self.root(name)
        if self.things[name].state in ("destroyed", "void") or around.state == "destroyed":
            return True
        if act.type is T.VOID:
            lies = {kind for kind, _ in self.in_force(name)}
            stands = self.things[name].state == "blank" or self._stands(act, around)
            mine = name in self.coded.names and act.gln == self.coded.station
            return bool(lies & {"hold:regulator", "recall"}) or not (mine and stands)
        if act.type is T.PACK and parent is not None and self.root(parent).state == "destroyed":
            return True
        lies = {kind for kind, _ in self.in_force(name)}
        within = {kind for each in self.inside(name) for kind, _ in self.things[each].lies}
        if self._stops(act, lies | within):
            return True
        if act.type in (T.HOLD, T.RECALL, T.LOSE, T.DESTROY) and act.level != REGULATOR:
            already = act.type is T.LOSE and around.state == "lost"
            keeps = self._keeps(act, around, name if act.type in (T.HOLD, T.RECALL) else None)
            if not keeps and not already:
                return True
        if act.type in (T.RELEASE, T.LIFT):
            return self._may_not_lift(act, name, "hold" if act.type is T.RELEASE else "recall")
        return False

    @staticmethod
    def _stops(act: Act, lies: set[str]) -> bool:
        holds = {"hold:firm", "hold:regulator"}
        match act.type:
            case T.SHIP:
                return bool(lies & {*holds, "recall"})
            case T.SELL | T.USE | T.OPEN:
                return bool(lies & {*holds, "recall", "clone_suspect"})
            case T.RETURN:
                return "hold:regulator" in lies
            case T.DESTROY if act.level != REGULATOR:
                return "hold:regulator" in lies
            case _:
                return False

    def _keeps(self, act: Act, around: Thing, name: str | None) -> bool:
        """Tell whether somebody keeps the goods, or may stop what it coded."""
        if name in self.coded.names and act.gln == self.coded.station:
            return True
        if around.state in ("active", "opened"):
            return around.gln == act.gln
        return around.state == "in_transit" and act.gln in (around.gln, around.to)

    def _may_not_lift(self, act: Act, name: str, kind: str) -> bool:
        """Tell whether somebody else laid all that lies there: who has nothing to lift is not blocked."""
        laid = {each for each in self.things[name].lies if each[0].startswith(kind)}
        return bool(laid) and not any(self._is_theirs(act, each) for each in laid)

    @staticmethod
    def _is_theirs(act: Act, laid: tuple[str, str]) -> bool:
        return act.level == REGULATOR or (laid[1] == act.firm and laid[0] != "hold:regulator")

    def _lift(self, thing: Thing, act: Act, kind: str) -> None:
        thing.lies -= {each for each in thing.lies if each[0].startswith(kind) and self._is_theirs(act, each)}

    def _put(self, thing: Thing, name: str, state: str, gln: str, to: str | None = None) -> None:
        """Put a thing somewhere by itself; what lay on its pallet comes along."""
        if thing.parent is not None:
            thing.lies |= self.in_force(name)
        thing.state, thing.gln, thing.to, thing.parent = state, gln, to, None

    def _handle(self, thing: Thing, name: str, act: Act) -> None:
        """Handle a thing at a site: there by itself, and opened if it was."""
        self._put(thing, name, "opened" if thing.state == "opened" else "active", act.gln)
