"""Good calls about the installation itself, for its administrator: of the API and of pages."""

from coldtrace.custody import quarantine
from coldtrace.custody.quarantine import Refused
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.hashing import sha256
from support.call_scene import Request, Scene
from support.one_call import Call, at


def _read(path: str) -> Call:
    return Call(method="GET", route=path, right=(Kind.METRICS, Verb.READ), make=at(path), token_only=True)


def _bytes(path: str) -> Call:
    return Call(
        method="GET",
        route=f"{path}/quarantine/{{id}}/bytes",
        right=(Kind.METRICS, Verb.READ),
        make=lambda scene: Request(
            path=f"{path}/quarantine/{_refused(scene)}/bytes", headers={"Coldtrace-Purpose": "tests"}
        ),
        token_only=True,
    )


def _refused(scene: Scene) -> str:
    """Refuse something that nobody stands behind; return its hash."""
    with scene.web.sessions.begin() as session:
        wire = b"neither JSON nor signed"
        quarantine.keep(session, [Refused(wire=wire, reason="malformed_json", proven=False)], at=scene.web.env.clock())
        return sha256(wire).hex()


NAMES = ("keys", "health", "backup", "retention", "quarantine")
KEEPING = (*(_read(f"/api/v1/{name}") for name in NAMES), _bytes("/api/v1"))
KEEPING_PAGES = (*(_read(f"/desk/{name}") for name in NAMES), _bytes("/desk"))
