"""What a call is in the lists of calls: a route, who may call it, and a good request to it."""

from collections.abc import Callable
from dataclasses import dataclass

from coldtrace.rights.model import Kind, Verb
from support.call_scene import Request, Scene


@dataclass(frozen=True, kw_only=True)
class Call:
    """One route: who may call it, a good request to it, and its status.

    `right` is what it needs; only public routes and those that answer whoever signed what they are sent need none.
    """

    method: str
    route: str
    make: Callable[[Scene], Request]
    right: tuple[Kind, Verb] | None = None
    about: str = ""
    """What it names, in the words of `support/rights_world.py`; nothing for lists and what belongs to nobody."""
    hidden: tuple[int, str] = (0, "")
    """How it is refused when what it names is out of scope: as what does not exist."""
    lists: str = ""
    """The member of each row that names it, `runs.run`."""
    status: int = 200
    public: bool = False
    token_only: bool = False
    device_only: bool = False
    ends_roles: bool = False
    """It ends the role of a retailer in the scene's firm: for whoever could have given it."""

    @property
    def name(self) -> str:
        """Method and route."""
        return f"{self.method} {self.route}"


def at(path: str) -> Callable[[Scene], Request]:
    return lambda scene: Request(path=path)
