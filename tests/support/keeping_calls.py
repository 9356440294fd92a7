"""Good calls about the installation itself, for its administrator: of the API and of pages."""

from coldtrace.rights.model import Kind, Verb
from support.one_call import Call, at


def _read(path: str) -> Call:
    return Call(method="GET", route=path, right=(Kind.METRICS, Verb.READ), make=at(path), token_only=True)


NAMES = ("keys", "health", "backup", "retention")
KEEPING = tuple(_read(f"/api/v1/{name}") for name in NAMES)
KEEPING_PAGES = tuple(_read(f"/desk/{name}") for name in NAMES)
