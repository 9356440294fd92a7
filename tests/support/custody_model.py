"""A second, small telling of the custody rules: dictionaries, one pass in the order of events, no database.

Written from the business table (domain guide, section 4) and docs/guides/custody.md, not from the code under test, so
that two independent tellings have to agree.  It knows where things are and what lies on them; what is marked it does
not know, only what is blocked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from coldtrace.events.statement_type import StatementType as T

REGULATOR = "regulator"
NOWHERE = ("unknown", "blank")


@dataclass(frozen=True, kw_only=True)
class Act:
    """One statement: who, where, what, of which things.  `pairs` are (thing, its parent or None)."""

    at: datetime
    gln: str
    firm: str
    type: T
    pairs: Sequence[tuple[str, str | None]]
    to: str | None = None
    level: str = "firm"


@dataclass
class Thing:
    """One carton or pallet.  `lies` are its own (kind, firm)."""

    state: str = "unknown"
    gln: str | None = None
    to: str | None = None
    parent: str | None = None
    lies: set[tuple[str, str]] = field(default_factory=set)


class CustodyModel:
    """What a world of things looks like after everything that was said of it."""

    def __init__(self, names: Iterable[str]) -> None:
        self.things = {name: Thing() for name in names}
        self.blocked: list[tuple[Act, str]] = []

    def tell(self, acts: Iterable[Act]) -> "CustodyModel":
        """Let everything happen in the order of events."""
        for act in sorted(acts, key=lambda act: act.at):
            for name, parent in self._lines(act):
                self._tell(act, name, parent)
        return self

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
        match act.type:
            case T.COMMISSION:
                if thing.state in NOWHERE:
                    self._put(thing, name, "active", act.gln)
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
            case T.SELL if around.gln != act.gln:
                thing.lies.add(("clone_suspect", ""))
            case T.USE if around.state != "used":
                self._put(thing, name, "used", act.gln)
            case T.OPEN:
                self._put(thing, name, "opened", act.gln)
            case T.OBSERVE | T.STORE | T.COUNT | T.FIND if around.state == "lost" and act.level != REGULATOR:
                self._put(thing, name, "active", act.gln)
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

    def _is_blocked(self, act: Act, name: str, parent: str | None) -> bool:
        around = self.root(name)
        if self.things[name].state == "destroyed" or around.state == "destroyed":
            return True
        if act.type is T.PACK and parent is not None and self.root(parent).state == "destroyed":
            return True
        lies = {kind for kind, _ in self.in_force(name)}
        within = {kind for each in self.inside(name) for kind, _ in self.things[each].lies}
        if self._stops(act, lies | within):
            return True
        if act.type in (T.HOLD, T.RECALL, T.LOSE, T.DESTROY) and act.level != REGULATOR:
            already = act.type is T.LOSE and around.state == "lost"
            if not self._keeps(act, around) and not already:
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

    @staticmethod
    def _keeps(act: Act, around: Thing) -> bool:
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
