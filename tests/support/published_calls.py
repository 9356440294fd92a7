"""One good call for every route of what is published: trust list, root, filters, the log and its proofs."""

from collections.abc import Callable

from coldtrace.goods.stop_store import listed_filters
from coldtrace.goods.stops import publish_filters
from coldtrace.rights.model import Kind, Verb
from support.call_scene import Request, Scene
from support.one_call import Call, at


def _log(path: str) -> Callable[[Scene], Request]:
    return lambda scene: Request(path=f"/logs/{scene.web.settings.log_name}/{path.format(entry=scene.entry_id)}")


def _filter(scene: Scene) -> Request:
    with scene.web.sessions.begin() as session:
        publish_filters(session, scene.web.env, all_kinds=True)
        newest = listed_filters(session)[0]
    return Request(path=f"/api/v1/filters/{newest.id.hex()}")


PUBLISHED = (
    Call(method="GET", route="/api/v1/trust-list", make=at("/api/v1/trust-list"), public=True),
    Call(method="GET", route="/api/v1/root", make=at("/api/v1/root"), public=True),
    Call(method="GET", route="/api/v1/filters", make=at("/api/v1/filters"), public=True),
    Call(method="GET", route="/api/v1/filters/{id}", make=_filter, public=True),
    Call(method="GET", route="/api/v1/root-changes", make=at("/api/v1/root-changes"), public=True),
    Call(method="GET", route="/logs/", make=at("/logs/"), public=True),
    Call(method="GET", route="/logs/{name}/", make=_log(""), public=True),
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
)
