"""One good call for every route of the service; `tests/web/test_api_doors.py` sees to it that none is missing."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import count
from uuid import UUID

from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import rolls
from coldtrace.goods import store as goods_store
from coldtrace.goods.rolls import NewRoll
from coldtrace.goods.stop_store import listed_filters
from coldtrace.goods.stops import publish_filters
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from coldtrace.rights.model import EVERYTHING, Kind, Verb
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import Ed25519Signer, key_id
from support.consignments import IMPORTER_USCC, Consignment
from support.house import GLNS, unit_line
from support.web_house import WebHouse

SAMPLE = (files("coldtrace.interop") / "samples" / "packing-list-a.xlsx").read_bytes()
SAMPLE_IMPORTER = "91120116MA05TE5T1N"
BOUNDARY = "a-boundary-of-our-own"
PLACE_UNIT = "(01)19521234543210(21)7QK4M2ZX9RTB"

_numbers = count(200)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it goes over the wire."""

    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Scene:
    """A world in which every route has something to answer."""

    web: WebHouse
    consignment: Consignment
    entry_id: UUID
    roll_id: UUID
    importer: str = IMPORTER_USCC
    undoable: UUID | None = None
    exists: bool = True
    """False for a scene whose ids were never given out (`support/rights_world.py`)."""

    @classmethod
    def make(cls, web: WebHouse, *, importer: str = IMPORTER_USCC) -> "Scene":
        """Open a consignment, walk it to the shop and log it."""
        consignment = web.consignment(importer=importer, declaration=fresh_declaration())
        web.walk(consignment.pallets[0])
        web.settle()
        said = json.loads(web.device(SiteRole.FIRST_STATION).sent[0].header)
        (web.settings.data_dir).mkdir(exist_ok=True)
        (web.settings.data_dir / "sample-labels.pdf").write_bytes(b"%PDF-1.7\n")
        with web.sessions.begin() as session:
            roll_id = rolls.new_roll(session, web.env, NewRoll(station_gln=web.station, scope=EVERYTHING, count=3))
        return cls(web=web, consignment=consignment, entry_id=UUID(said["id"]), roll_id=roll_id, importer=importer)

    def to_undo(self) -> UUID:
        """Return a consignment that can be undone: a new one when the last one was."""
        if not self.exists:
            return self.consignment.consignment_id
        with self.web.sessions() as session:
            last = self.undoable
            if last is not None and goods_store.consignment_state(session, last, EVERYTHING) == "open":
                return last
        made = self.web.consignment(importer=self.importer, declaration=fresh_declaration(), cartons=1)
        self.undoable = made.consignment_id
        return made.consignment_id


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

    @property
    def name(self) -> str:
        """Method and route."""
        return f"{self.method} {self.route}"


def as_json(path: str, value: object) -> Request:
    """Return a request with a JSON body."""
    return Request(path=path, body=json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def as_form(path: str, data: bytes, *, filename: str = "list.xlsx") -> Request:
    """Return a request with a file in a form."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    return Request(path=path, body=body, headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})


def fresh_declaration() -> str:
    """Return a declaration number that was not used before."""
    return f"020220261{next(_numbers):09}"


def enrol_request(web: WebHouse, *, name: str = "H-9", signer: Ed25519Signer | None = None) -> Request:
    """Return a good enrolment with a fresh invitation."""
    with web.sessions.begin() as session:
        made = parties.invite_device(session, web.env, gln=web.sites[SiteRole.MARKET].gln, url="http://127.0.0.1:8000")
    token = read_invite(made.text).token
    text, sig = make_request(net=web.env.net, token=token, signer=signer or Ed25519Signer.generate())
    return as_json("/api/v1/devices/enrol", {"request": text, "request_sig": sig, "token": token, "name": name})


def _statement(path: str) -> Callable[[Scene], Request]:
    def make(scene: Scene) -> Request:
        market = scene.web.device(SiteRole.MARKET)
        return as_json(path, market.say(T.RECEIVE, [unit_line(PLACE_UNIT)]).to_json())

    return make


def _undo(scene: Scene) -> Request:
    return Request(path=f"/api/v1/imports/{scene.to_undo()}/undo")


def _chain(scene: Scene) -> Request:
    key = key_id(scene.web.device(SiteRole.MARKET).signer.spki)
    return Request(path=f"/api/v1/devices/{b64(key)}/chain")


def _log(path: str) -> Callable[[Scene], Request]:
    return lambda scene: Request(path=f"/logs/{scene.web.settings.log_name}/{path.format(entry=scene.entry_id)}")


def _filter(scene: Scene) -> Request:
    with scene.web.sessions.begin() as session:
        publish_filters(session, scene.web.env, all_kinds=True)
        newest = listed_filters(session)[0]
    return Request(path=f"/api/v1/filters/{newest.id.hex()}")


def _roll(path: str) -> Callable[[Scene], Request]:
    return lambda scene: Request(path=f"/api/v1/rolls/{scene.roll_id}{path}")


def _void(scene: Scene) -> Request:
    return as_json("/api/v1/codes/void", {"roll": str(scene.roll_id), "numbers": "3", "reason": "wet"})


def _at(path: str) -> Callable[[Scene], Request]:
    return lambda scene: Request(path=path)


def _place(scene: Scene) -> Request:
    return Request(path=scene.web.path(scene.web.place_code(GLNS[SiteRole.RETAILER])))


def _no_gs1(scene: Scene) -> Request:
    return Request(path=scene.web.path(scene.web.signed([("U", "7QK4M2ZX9RTB5")])))


CALLS = (
    Call(method="POST", route="/api/v1/statements", make=_statement("/api/v1/statements"), status=202),
    Call(
        method="GET",
        route="/api/v1/statements/{entry_id}/pieces",
        right=(Kind.PIECES, Verb.READ),
        about="pieces",
        hidden=(404, "not_logged"),
        make=lambda scene: Request(path=f"/api/v1/statements/{scene.entry_id}/pieces"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/statements/check",
        right=(Kind.STATEMENT, Verb.WRITE),
        make=_statement("/api/v1/statements/check"),
    ),
    Call(
        method="POST",
        route="/api/v1/devices/enrol",
        make=lambda scene: enrol_request(scene.web),
        status=201,
        public=True,
    ),
    Call(
        method="POST",
        route="/api/v1/devices/invites",
        right=(Kind.DEVICE, Verb.WRITE),
        about="market",
        hidden=(404, "site_unknown"),
        make=lambda scene: as_json("/api/v1/devices/invites", {"site": scene.web.sites[SiteRole.MARKET].gln}),
        status=201,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/devices/work",
        right=(Kind.WORK, Verb.READ),
        make=_at("/api/v1/devices/work"),
        device_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/devices/{key}/chain",
        right=(Kind.DEVICE, Verb.READ),
        about="market",
        hidden=(403, "unknown_device"),
        make=_chain,
    ),
    Call(method="GET", route="/api/v1/trust-list", make=_at("/api/v1/trust-list"), public=True),
    Call(method="GET", route="/api/v1/root", make=_at("/api/v1/root"), public=True),
    Call(method="GET", route="/api/v1/filters", make=_at("/api/v1/filters"), public=True),
    Call(method="GET", route="/api/v1/filters/{id}", make=_filter, public=True),
    Call(method="GET", route="/api/v1/root-changes", make=_at("/api/v1/root-changes"), public=True),
    Call(method="GET", route="/logs/{name}/checkpoint", make=_log("checkpoint"), public=True),
    Call(method="GET", route="/logs/{name}/tile/{path:path}", make=_log("tile/0/000.p/1"), public=True),
    Call(
        method="GET",
        route="/logs/{name}/tile/entries/{path:path}",
        right=(Kind.LOG_ENTRIES, Verb.READ),
        make=_log("tile/entries/000.p/1"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/logs/{name}/proof/inclusion",
        make=lambda scene: _log(f"proof/inclusion?index=0&size={scene.web.tree_size()}")(scene),
        public=True,
    ),
    Call(
        method="GET",
        route="/logs/{name}/proof/consistency",
        make=lambda scene: _log(f"proof/consistency?old=0&new={scene.web.tree_size()}")(scene),
        public=True,
    ),
    Call(
        method="GET",
        route="/logs/{name}/statements/{entry_id}/proof",
        make=_log("statements/{entry}/proof"),
        public=True,
    ),
    Call(
        method="GET",
        route="/api/v1/units/{unit:path}",
        right=(Kind.UNIT, Verb.READ),
        about="unit",
        hidden=(404, "unit_unknown"),
        make=lambda scene: Request(path=f"/api/v1/units/{scene.consignment.carton.unit_id}"),
    ),
    Call(
        method="GET",
        route="/api/v1/statements",
        right=(Kind.STATEMENT, Verb.READ),
        make=_at("/api/v1/statements"),
    ),
    Call(method="GET", route="/api/v1/cases", right=(Kind.CASE, Verb.READ), make=_at("/api/v1/cases")),
    Call(
        method="POST",
        route="/api/v1/imports",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="workbook",
        hidden=(403, "not_your_import"),
        make=lambda scene: as_form(f"/api/v1/imports?dry_run=true&station={scene.web.station}", SAMPLE),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/imports/template",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        make=_at("/api/v1/imports/template"),
    ),
    Call(
        method="POST",
        route="/api/v1/imports/{consignment_id}/undo",
        right=(Kind.CONSIGNMENT, Verb.WRITE),
        about="consignment",
        hidden=(404, "consignment_unknown"),
        make=_undo,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/runs",
        right=(Kind.RUN, Verb.READ),
        lists="runs.run",
        make=_at("/api/v1/runs?limit=200"),
    ),
    Call(
        method="GET",
        route="/api/v1/runs/{run_id}",
        right=(Kind.RUN, Verb.READ),
        about="run",
        hidden=(404, "run_unknown"),
        make=lambda scene: Request(path=f"/api/v1/runs/{scene.consignment.run_id}"),
    ),
    Call(
        method="GET",
        route="/api/v1/runs/{run_id}/labels",
        right=(Kind.RUN, Verb.WRITE),
        about="run",
        hidden=(404, "run_unknown"),
        make=lambda scene: Request(path=f"/api/v1/runs/{scene.consignment.run_id}/labels?layout=60x40"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/runs/{run_id}/jobs",
        right=(Kind.RUN, Verb.READ),
        about="run",
        hidden=(404, "run_unknown"),
        make=lambda scene: Request(path=f"/api/v1/runs/{scene.consignment.run_id}/jobs"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/printers",
        right=(Kind.RUN, Verb.WRITE),
        make=_at("/api/v1/printers"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/runs/{run_id}/print",
        right=(Kind.RUN, Verb.WRITE),
        make=lambda scene: as_json(f"/api/v1/runs/{scene.consignment.run_id}/print", {"printer": "not-configured"}),
        status=404,
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/labels/reprint",
        right=(Kind.CODE, Verb.WRITE),
        about="station",
        hidden=(404, "code_not_issued"),
        make=lambda scene: as_json(
            "/api/v1/labels/reprint", {"texts": [scene.consignment.carton.uri], "reason": "torn", "layout": "60x40"}
        ),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/labels/reprints",
        right=(Kind.RUN, Verb.READ),
        make=_at("/api/v1/labels/reprints"),
        token_only=True,
    ),
    Call(
        method="POST",
        route="/api/v1/rolls",
        right=(Kind.ROLL, Verb.WRITE),
        about="station",
        hidden=(422, "station_unknown"),
        make=lambda scene: as_json("/api/v1/rolls", {"count": 2, "site": scene.web.station}),
        status=201,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/rolls",
        right=(Kind.ROLL, Verb.READ),
        lists="rolls.roll",
        make=_at("/api/v1/rolls?limit=200"),
    ),
    Call(
        method="POST",
        route="/api/v1/rolls/bind",
        right=(Kind.ROLL, Verb.WRITE),
        about="station",
        hidden=(404, "lot_unknown"),
        make=lambda scene: as_json(
            "/api/v1/rolls/bind",
            {
                "codes": [scene.consignment.carton.uri],
                "lot": scene.consignment.carton.lot,
                "consignment": str(scene.consignment.consignment_id),
            },
        ),
    ),
    Call(
        method="GET",
        route="/api/v1/rolls/{roll_id:uuid}",
        right=(Kind.ROLL, Verb.READ),
        about="station",
        hidden=(404, "roll_unknown"),
        make=_roll(""),
    ),
    Call(
        method="GET",
        route="/api/v1/rolls/{roll_id:uuid}/certificate",
        right=(Kind.ROLL, Verb.READ),
        about="station",
        hidden=(404, "roll_unknown"),
        make=_roll("/certificate"),
    ),
    Call(
        method="GET",
        route="/api/v1/rolls/{roll_id:uuid}/numbers",
        right=(Kind.ROLL, Verb.READ),
        about="station",
        hidden=(404, "roll_unknown"),
        make=_roll("/numbers?list=skipped"),
    ),
    Call(
        method="POST",
        route="/api/v1/codes/resolve",
        right=(Kind.CODE, Verb.READ),
        make=lambda scene: as_json("/api/v1/codes/resolve", {"text": scene.consignment.carton.uri}),
    ),
    Call(
        method="POST",
        route="/api/v1/codes/void",
        right=(Kind.CODE, Verb.WRITE),
        about="station",
        hidden=(404, "roll_unknown"),
        make=_void,
        token_only=True,
    ),
    Call(
        method="GET",
        route="/api/v1/journal",
        right=(Kind.JOURNAL, Verb.READ),
        make=_at("/api/v1/journal"),
        token_only=True,
    ),
    Call(method="GET", route="/healthz", make=_at("/healthz"), public=True),
    Call(method="GET", route="/readyz", make=_at("/readyz"), public=True),
    Call(method="GET", route="/metrics", right=(Kind.METRICS, Verb.READ), make=_at("/metrics")),
    Call(
        method="GET",
        route="/01/{rest:path}",
        make=lambda scene: Request(path=scene.web.path(scene.consignment.carton.uri)),
        public=True,
    ),
    Call(
        method="GET",
        route="/00/{rest:path}",
        make=lambda scene: Request(path=scene.web.path(scene.consignment.pallets[0].label.uri)),
        public=True,
    ),
    Call(method="GET", route="/414/{rest:path}", make=_place, public=True),
    Call(method="GET", route="/U/{rest:path}", make=_no_gs1, status=404, public=True),
    Call(method="GET", route="/", make=_at("/"), public=True),
    Call(method="GET", route="/find", make=_at("/find?code=7QK4-M2ZX-9RTB-5"), status=404, public=True),
    Call(method="GET", route="/privacy", make=_at("/privacy"), public=True),
    Call(method="GET", route="/sample-labels.pdf", make=_at("/sample-labels.pdf"), public=True),
    Call(method="GET", route="/api/docs", make=_at("/api/docs"), public=True),
    # Made by the framework, not by a router of ours.
    Call(method="GET", route="/api/openapi.json", make=_at("/api/openapi.json"), public=True),
    Call(method="GET", route="/static", make=_at("/static/coldtrace.css"), public=True),
)

PAGES = (
    Call(
        method="GET",
        route="/desk/runs",
        right=(Kind.RUN, Verb.READ),
        lists="data-run",
        make=_at("/desk/runs"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/runs/{run_id}",
        right=(Kind.RUN, Verb.READ),
        about="run",
        hidden=(404, "run_unknown"),
        make=lambda scene: Request(path=f"/desk/runs/{scene.consignment.run_id}"),
        token_only=True,
    ),
    Call(
        method="GET",
        route="/desk/runs/{run_id}/labels",
        right=(Kind.RUN, Verb.WRITE),
        about="run",
        hidden=(404, "run_unknown"),
        make=lambda scene: Request(path=f"/desk/runs/{scene.consignment.run_id}/labels?layout=60x40&format=csv"),
        token_only=True,
    ),
)
"""Pages behind a sign-in."""
